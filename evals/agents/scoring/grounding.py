"""Grounding: each sentence that states a fact is held against the evidence it cites, or that could back it.

Three literal tests a sentence. The rules that guard real drafts (`policies.claims`): numbers, dates, acts of the
reader, capabilities, other customers, private facts, copied outside words. Names: a capitalised name that stands in
no fact is somebody nobody recorded. Words: a statement most of whose content words stand in no fact it rests on
says more than that fact. What a statement is, is read by form; claims in other words are a judge's part.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from domain.message import DraftSentence, Evidence, Finding
from evals.agents.cases import NOW
from evals.agents.scoring import Note, Scores
from evals.agents.scoring.words import stem_of, stems, words
from evals.agents.writing import Written
from evals.market.sample import sample_sender
from policies.claims import ground
from policies.quantities import asked_quantities
from policies.rulebook import RuleBook

FEWEST_WORDS = 4
LEAST_SHARED = 0.34
"""Share of a statement's content words that must stand in its facts; calibrated on the hand-made messages of
`tests/unit/evals/test_agent_scorers.py`."""

_OF_LETTERS = stems(
    "thank thanks conversation talk reading read document link click below above material question answer idea note"
    " message reply touch wrote written ask asked met meeting joined attended downloaded download picked started"
    " starting guide calculator webinar demo checklist report comparison study content january february march april"
    " may june july august september october november december monday tuesday wednesday thursday friday early late"
    " mid middle end towards around since beginning year month week day hour minute today tomorrow morning next step"
    " first last further quick quicker short easy easier easily interest interesting worth useful part picture side"
    " role colleague team people person someone somebody everyone plan plans planning work works working start point"
    " mind open free feel think thought reason good better best time moment place way ways matter matters enough"
)
"""Words any letter is made of: they state nothing that a fact would have to back. Acts and dates have rules of
their own."""

_NAME = re.compile(r"(?<![.!?:“\"(]\s)(?<!^)\b[A-Z][\w’'&-]+(?:\s+(?:&\s+)?[A-Z][\w’'-]+)*")
_INVITES = re.compile(
    r"^(?:would|could|can|do|does|is|are|shall|should|may|might|what|which|where|when|how|who|why|will)\b.*\?$"
    r"|^(?:if|should|in case)\b"
    r"|^(?:please |simply |just |feel free|have a look|take |pick |read |see |reply|let us|let me|tell us|try |work out"
    r"|choose |watch |book |bring |put |start |use |look |open |download |find |get |check |ask |send |share |give )",
    re.IGNORECASE,
)
_PLAIN_CAPITALS = frozenset(
    re.findall(
        r"\S+",
        "I We You Our Your The A An It If In On At For From With And But Or So As This That These Those There Here"
        " Monday Tuesday Wednesday Thursday Friday Saturday Sunday January February March April May June July August"
        " September October November December English IT CSV PDF API Christmas Easter Q1 Q2 Q3 Q4",
    )
)
_GROUNDING_RULES = ("C-07", "H-03", "H-05")


def grounding(written: Written, rules: RuleBook) -> Scores:
    """Score one message.

    Measures: `grounded` (share of statements that stand), `unsupported` (how many do not), `private_shown`
    (1 where a private fact shows).
    """
    scores = Scores()
    assert written.draft is not None
    found = ground(written.draft, written.evidence, written.asset, NOW.date(), rules)
    common = _common(written)
    statements, unsupported = 0, 0
    for sentence in written.draft.sentences:
        faults = list(_faults(sentence, written, found, common))
        if not faults and not is_statement(sentence.text):
            continue
        statements += 1
        unsupported += bool(faults)
        scores.notes += faults
    subject = [finding for finding in found if finding.span == written.draft.subject]
    scores.notes += [Note("grounded", written.draft.subject, finding.reason) for finding in subject]
    unsupported += bool(subject)
    statements += 1
    scores.measures = {
        "grounded": (statements - unsupported) / statements,
        "unsupported": float(unsupported),
        "private_shown": float(any(finding.rule_id == "H-03" for finding in found)),
    }
    return scores


def is_statement(text: str) -> bool:
    """Tell whether a sentence states something: no question, no invitation, no condition, or one with a number."""
    return not _INVITES.search(text.strip()) or bool(asked_quantities(text))


def unknown_names(text: str, known: str) -> list[str]:
    """Names in a sentence, its first word apart, of which no word stands in `known`."""
    there = {word.lower() for word in words(known)} | {stem_of(word) for word in words(known)}
    found = []
    for match in _NAME.finditer(text):
        parts = [part for part in words(match.group()) if part not in _PLAIN_CAPITALS]
        strange = [part for part in parts if part.lower() not in there and stem_of(part) not in there]
        if strange and len(strange) == len(parts):
            found.append(match.group())
    return found


def shared_share(text: str, backing: Iterable[str]) -> float:
    """The share of a sentence's content words that stand in what backs it; 1 for one with too few to tell."""
    said = stems(text) - _OF_LETTERS
    if len(said) < FEWEST_WORDS:
        return 1.0
    there = frozenset[str]().union(*(stems(one) for one in backing))
    return len(said & there) / len(said)


def _faults(
    sentence: DraftSentence, written: Written, found: Sequence[Finding], common: Sequence[str]
) -> Iterable[Note]:
    for finding in found:
        if finding.rule_id in _GROUNDING_RULES and finding.span and _holds(sentence.text, finding.span):
            yield Note("grounded", sentence.text, finding.reason)
            return
    every = " ".join((*(fact.text for fact in written.sayable), *common))
    names = unknown_names(sentence.text, every)
    if names:
        yield Note("grounded", sentence.text, f"{', '.join(names)}: in no fact that may be said")
        return
    if not is_statement(sentence.text):
        return
    cited = [fact.text for fact in _cited(sentence, written.evidence)]
    # Who cites nothing may rest each statement on any one fact: all of them together would back any word.
    backings = [cited] if written.cites else [[text] for text in cited] or [[]]
    content = _content(written)
    share = max(shared_share(sentence.text, (*backing, *content)) for backing in backings)
    if share < LEAST_SHARED:
        yield Note("grounded", sentence.text, f"{share:.0%} of its words stand in what it rests on")


def _holds(text: str, span: str) -> bool:
    return span in text or " ".join(words(span)).lower() in " ".join(words(text)).lower()


def _cited(sentence: DraftSentence, evidence: Sequence[Evidence]) -> list[Evidence]:
    by_id = {fact.id: fact for fact in evidence}
    return [by_id[fact_id] for fact_id in sentence.evidence if fact_id in by_id]


def _content(written: Written) -> tuple[str, ...]:
    """What every statement may take for granted: the content it is about, and our own name. Our product's summary
    is background for writers, and backs nothing.
    """
    asset = written.asset
    told = f"{asset.title} {asset.summary} {asset.call_to_action} {asset.kind.value.replace('_', ' ')}"
    return (told, " ".join(asset.topics), sample_sender().organisation)


def _common(written: Written) -> tuple[str, ...]:
    """Where a name may come from: who writes, to whom, and about which content."""
    sender, dossier = sample_sender(), written.case.dossier
    return (
        *_content(written),
        sender.product_summary,
        f"{dossier.contact.first_name or ''} {dossier.account.name if dossier.account else ''}",
    )
