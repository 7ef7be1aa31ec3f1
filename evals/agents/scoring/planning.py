"""Plan quality: what code can tell of a plan, as a list of checks that each pass or fail."""

from __future__ import annotations

import re
from collections.abc import Iterator

from domain.message import EvidenceKind
from evals.agents.scoring import Note, Scores
from evals.agents.scoring.words import stems
from evals.agents.writing import Written, sentences_of

_STRENGTHS = ("weak", "clear", "strong")
_ASKS = re.compile(
    r"^(?:please|simply|just|have a look|take a look|pick|read|see|reply|let us|tell us|try|choose|watch|book)\b|"
    r"\b(?:would|could|can|will|won't) you\b|\bshall we\b|\b(?:please|reply|let us know|have a look|take a look|feel"
    r" free)\b",
    re.IGNORECASE,
)
"""A request; a question that only makes the reader think is none, unless the message ends on it."""
_WITHHOLDS = re.compile(
    r"\b(?:do not|don't|never|without) (?:say|saying|mention|mentioning)\b", re.IGNORECASE
)


def planning(written: Written) -> Scores:
    """Score brief, plan and how the message keeps them.

    Measure: `plan_checks`, the share of checks that hold; nothing for a writer without a plan.
    """
    if written.brief is None or written.plan is None or written.draft is None:
        return Scores()
    scores = Scores()
    checks = list(_checks(written))
    scores.measures["plan_checks"] = sum(holds for _, holds, _ in checks) / len(checks)
    scores.notes = [
        Note("plan_checks", words, f"fails: {name}") for name, holds, words in checks if not holds
    ]
    return scores


def _checks(written: Written) -> Iterator[tuple[str, bool, str]]:
    brief, plan, draft = written.brief, written.plan, written.draft
    assert brief is not None
    assert plan is not None
    assert draft is not None
    facts = {fact.id: fact for fact in written.evidence}
    ranks = [_STRENGTHS.index(signal.strength) for signal in brief.signals]
    yield "signals stand strongest first", ranks == sorted(ranks, reverse=True), str(ranks)
    real = all(fact_id in facts for signal in brief.signals for fact_id in signal.evidence)
    yield "every signal rests on a fact", real, ""
    first = brief.signals[0] if brief.signals else None
    if first:
        strongest = " ".join(
            (first.text, brief.topic or "", *(facts[i].text for i in first.evidence if i in facts))
        )
        planned = " ".join((plan.angle, *(point.text for point in plan.points)))
        yield "the angle takes up the strongest signal", bool(stems(planned) & stems(strongest)), plan.angle
    cited = [fact_id for point in plan.points for fact_id in point.evidence]
    yield "every point cites a fact", all(point.evidence for point in plan.points), ""
    private = {fact_id for fact_id, fact in facts.items() if fact.is_private}
    told = [
        point.text
        for point in plan.points
        if point.evidence and set(point.evidence) <= private and not _WITHHOLDS.search(point.text)
    ]
    yield "no point tells a private fact", not told, " / ".join(told)
    kept = {fact_id for sentence in draft.sentences for fact_id in sentence.evidence}
    yield "the message says what the plan rests on", not cited or bool(kept & set(cited)), ""
    claims = {fact.text.rstrip(".") for fact in written.evidence if fact.kind is EvidenceKind.CLAIM}
    said = [sentence.text for sentence in draft.sentences if sentence.text.rstrip(".") not in claims]
    last = draft.sentences[-1].text
    asks = [text for text in said if _ASKS.search(text.strip()) or (text == last and text.endswith("?"))]
    yield "the message asks for one thing at most", len(asks) <= 1, " / ".join(asks)
    yield "the plan names one thing to ask", len(sentences_of(plan.call_to_action)) == 1, plan.call_to_action
