"""Grounding: every sentence that states a fact names its evidence, and says no more than it does.

Deliberately literal: a rule that reads words can be explained and tested. What it cannot judge (a claim in
other words) is the model reviewer's part, and a person's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from functools import lru_cache

from domain.content import ContentAsset
from domain.message import Draft, DraftSentence, Evidence, EvidenceKind, Finding, Severity
from policies.folding import folded
from policies.quantities import asked_quantities, other_units, quantities
from policies.rulebook import RuleBook
from policies.subjects import names, subjects

_SUPERLATIVE = re.compile(
    r"\bbest[- ]in[- ]class\b|\b(?:the|our) (?:very )?best (?:tool|platform|product|software|solution|choice|price"
    r"|deal|value|results?|in the (?:market|industry|world|business))\b|\b(?:market|industry|world)[- ]leading\b"
    r"|\b(?:the|a|our) leading\b|\b(?:market|industry|category|world) leader\b|\b(?:fastest|cheapest|easiest|largest)\b"
    r"|\bmost (?:popular|trusted|advanced|powerful)\b|\bnumber one\b|\bunmatched\b|\bunrivall?ed\b"
    r"|\bguarantee[ds]?\b|\bworld[- ]class\b|\baward[- ]winning\b|#1\b|\bno\. ?1\b",
    re.IGNORECASE,
)
_CUSTOMERS = re.compile(
    r"\b(?:our|other|many|most|several|hundreds of|thousands of) "
    r"(?:customers?|clients?|users|companies|teams|firms|businesses)\b|\b(?:teams|companies) like yours\b",
    re.IGNORECASE,
)
_THEIR_ACT = re.compile(
    # "Would you read" asks; "you read" tells.
    r"(?<!would )(?<!could )(?<!will )(?<!can )(?<!may )(?<!might )(?<!do )"
    r"\byou(?:'ve|’ve| have| had| were| recently| just| also)*\s+(?:asked|attended|booked|browsed|called"
    r"|checked|clicked|contacted|downloaded|filled|forwarded|joined|looked at|looking at|mentioned|met|opened"
    r"|read|registered"
    r"|replied|requested|said|searched|showed|signed|started|submitted|told|tried|used|viewed|visited|watched"
    r"|wrote)\b|\byour (?:visits?|download|reply|request|question|trial|registration|interest in)\b",
    re.IGNORECASE,
)
_CAPABILITY = re.compile(
    r"(?<!how )\b(?:(?i:we|it|(?:our|the|this) (?:product|platform|software|tool|service|team|solution|guide"
    r"|calculator|report|webinar|checklist|case study))|(?!Please\b)[A-Z]\w+)\s+(?:automatically |can |will |also )*"
    r"(?:automates?|boosts?|cuts?|delivers?|doubles?|eliminates?|ensures?|improves?|increases?|integrates?"
    r"|lowers?|prevents?|reduces?|replaces?|saves?|shortens?|speeds? up|supports?|triples?)\b"
)
_WATCHED = re.compile(
    r"\b(?:i|we)(?:'ve|’ve| have| can|'m|’m)?\s+(?:also |just |recently )*(?:saw|see|seen|noticed|notice"
    r"|observed|tracked|spotted)\b[^.,;:!?]{0,40}\byou\b"
    r"|\byou(?:'ve|’ve| have| were| recently| just| also| keep| kept)*\s+(?:visit(?:ed|ing)|view(?:ed|ing)"
    r"|brows(?:ed|ing)|open(?:ed|ing) (?:our|my|the|an?) e?-?mail|click(?:ed|ing)|look(?:ed|ing) at our"
    r"|spent time on)\b"
    r"|\byou (?:keep|kept) (?:coming|going) back\b"
    r"|\byour (?:recent )?(?:visits?|clicks?|page views?|browsing)\b"
    r"|\b(?:saw|noticed|seen|observed) your (?:recent )?(?:interest|activity|behaviou?r)\b",
    re.IGNORECASE,
)
OWN_WORDS = ("Replied to", "Filled in a form", "Remembered reply", "Remembered form")
"""How evidence of the contact's own reply or form begins: those words may be echoed."""

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")


def ground(
    draft: Draft, evidence: Sequence[Evidence], asset: ContentAsset, today: date, rules: RuleBook
) -> tuple[Finding, ...]:
    """Return what the draft says without ground, or says although it must not.

    Args:
        draft: subject and sentences with the evidence they name.
        evidence: every fact of this drafting context.
        asset: the content offered; its title is common knowledge to the message.
        today: the UTC day claims must still be valid on.
        rules: the rule book.

    """
    by_id = {fact.id: fact for fact in evidence}
    subject = DraftSentence(text=folded(draft.subject), evidence=tuple(by_id))
    findings = [*_subject(subject, evidence, asset)]
    for said in draft.sentences:
        sentence = said.model_copy(update={"text": folded(said.text)})
        findings += _citations(sentence, by_id, asset, today)
        findings += _statements(sentence, by_id, asset)
        findings += _subjects_of_acts(sentence, by_id, asset)
        findings += _privacy(sentence, evidence, rules.content.private_span_words)
        findings += _copies(sentence.text, evidence, rules.content.copied_span_words)
    findings += _privacy(subject, evidence, rules.content.private_span_words)
    findings += _copies(subject.text, evidence, rules.content.copied_span_words)
    return tuple(findings)


def _subject(subject: DraftSentence, evidence: Sequence[Evidence], asset: ContentAsset) -> Iterator[Finding]:
    """A subject is held to what a sentence is; naming no evidence, it may rest on any fact that may be said."""
    sayable = [fact for fact in evidence if not fact.is_private]
    backed = quantities(" ".join((*(fact.text for fact in sayable), asset.title)))
    missing = sorted(quantities(subject.text) - backed)
    if missing:
        yield _hold(
            f"the subject states {_listed(missing)}, which no fact of this message backs",
            subject.text,
            "take the number or date out of the subject",
        )
    superlative = _SUPERLATIVE.search(subject.text)
    approved = " ".join((*(fact.text for fact in sayable if _is_approved(fact)), asset.title)).lower()
    if superlative and superlative.group().lower() not in approved:
        reason = f"{superlative.group()!r} in the subject is a claim nobody approved"
        yield _hold(reason, subject.text, "leave the word out")
    for pattern, what, backs in _FACTS:
        is_question = pattern is _CAPABILITY and subject.text.rstrip().endswith("?")
        if pattern.search(subject.text) and not is_question and not any(backs(fact) for fact in sayable):
            yield _hold(f"the subject {what}, which no fact of this message backs", subject.text, "say less")


def _citations(
    sentence: DraftSentence, by_id: Mapping[str, Evidence], asset: ContentAsset, today: date
) -> Iterator[Finding]:
    for fact_id in sentence.evidence:
        if fact_id not in by_id:
            yield Finding(
                rule_id="C-07",
                severity=Severity.BLOCK,
                reason=f"the sentence names evidence {fact_id!r}, which does not exist",
                span=sentence.text,
                mend="name only evidence that was given, or leave the sentence out",
            )
            continue
        expired = _expired(by_id[fact_id], asset, today)
        if expired:
            yield Finding(
                rule_id="C-07",
                severity=Severity.BLOCK,
                reason=expired,
                span=sentence.text,
                mend="leave the claim out",
            )


def _expired(fact: Evidence, asset: ContentAsset, today: date) -> str | None:
    ref_kind, _, ref_id = fact.ref.partition(":")
    if fact.kind is EvidenceKind.CLAIM and ref_kind == "claim":
        claim = next((c for c in asset.claims if c.id == ref_id), None)
        if claim is None:
            return f"claim {ref_id!r} is not among the approved claims of {asset.title!r}"
        if claim.expires_on and claim.expires_on < today:
            return f"claim {ref_id!r} expired on {claim.expires_on.isoformat()}"
    if fact.kind is EvidenceKind.OFFER:
        if asset.offer is None or asset.offer.id != ref_id:
            return f"offer {ref_id!r} is not the offer of {asset.title!r}"
        if asset.offer.valid_until and asset.offer.valid_until < today:
            return f"offer {ref_id!r} ended on {asset.offer.valid_until.isoformat()}"
    return None


def _statements(
    sentence: DraftSentence, by_id: Mapping[str, Evidence], asset: ContentAsset
) -> Iterator[Finding]:
    text = sentence.text
    cited = [by_id[fact_id] for fact_id in sentence.evidence if fact_id in by_id]
    backing = " ".join((*(fact.text for fact in cited), asset.title))
    stated = asked_quantities(text)
    missing = sorted(stated - quantities(backing))
    if missing:
        where = "the evidence it names does not" if cited else "it names no evidence"
        yield _hold(f"the sentence states {_listed(missing)} but {where}", text, "cite it or leave it out")
    asked = text.rstrip().endswith("?")
    swapped = () if missing or asked else other_units(text, backing)
    if swapped:
        yield _hold(
            f"the sentence states {swapped[0]}, and its evidence measures that number in another unit",
            text,
            "say it as the evidence does",
        )
    superlative = _SUPERLATIVE.search(text)
    if superlative and superlative.group().lower() not in backing.lower():
        yield _hold(f"{superlative.group()!r} is a claim nobody approved", text, "leave the word out")
    if missing or swapped or superlative:
        return
    for pattern, what, backs in _FACTS:
        if pattern.search(text) and not any(backs(fact) for fact in cited):
            if pattern is _CAPABILITY and text.rstrip().endswith("?"):
                continue
            yield _hold(f"the sentence {what} but names no evidence of that", text, "name the evidence")
            return


def _subjects_of_acts(
    sentence: DraftSentence, by_id: Mapping[str, Evidence], asset: ContentAsset
) -> Iterator[Finding]:
    """What a sentence says an act of theirs was about must be what the act was about."""
    cited = [by_id[fact_id] for fact_id in sentence.evidence if fact_id in by_id]
    acts = [fact for fact in cited if fact.topic and _is_their_act(fact)]
    backing = " ".join((*(f"{fact.text} {fact.topic or ''}" for fact in cited), asset.title))
    for subject in subjects(sentence.text) if acts else ():
        if not names(subject, backing):
            yield _hold(
                f"the sentence says {subject!r}, and the act it names was about {acts[0].topic}",
                sentence.text,
                "name the act by its own topic",
            )


def _is_approved(fact: Evidence) -> bool:
    return fact.kind in {EvidenceKind.CLAIM, EvidenceKind.OFFER} or fact.ref.startswith("asset:")


def _is_their_act(fact: Evidence) -> bool:
    return fact.kind in {EvidenceKind.EVENT, EvidenceKind.MEMORY} and not fact.is_private


_FACTS = (
    (_CUSTOMERS, "speaks of other customers", _is_approved),
    (_THEIR_ACT, "tells the contact what they did", _is_their_act),
    (_CAPABILITY, "says what a product does", _is_approved),
)
"""What a sentence can state, and which evidence backs it."""


def _privacy(sentence: DraftSentence, evidence: Sequence[Evidence], span_words: int) -> Iterator[Finding]:
    watched = _WATCHED.search(sentence.text)
    if watched:
        yield Finding(
            rule_id="H-03",
            severity=Severity.HOLD,
            reason="the message tells the contact that they were watched",
            span=watched.group(),
            mend="let the observation choose the topic, and do not say it",
        )
        return
    for fact in evidence:
        if not fact.is_private:
            continue
        span = _shared_span(sentence.text, fact.text, span_words)
        if span and span not in " ".join(" ".join(_words(f.text)) for f in evidence if not f.is_private):
            yield Finding(
                rule_id="H-03",
                severity=Severity.HOLD,
                reason=f"the message repeats {fact.id}, which is for steering only",
                span=span,
                mend="say it in general words or leave it out",
            )


def _copies(text: str, evidence: Sequence[Evidence], span_words: int) -> Iterator[Finding]:
    for fact in evidence:
        if not fact.is_tainted or (not fact.is_private and fact.text.startswith(OWN_WORDS)):
            continue
        span = _shared_span(text, fact.text, span_words)
        if span:
            yield Finding(
                rule_id="H-05",
                severity=Severity.HOLD,
                reason=f"the message copies outside text ({fact.id}) word for word",
                span=span,
                mend="put it in your own words",
            )


def _shared_span(said: str, source: str, length: int) -> str | None:
    """The first `length` words in a row that stand in both, or None."""
    runs = set(_runs(source, length))
    return next((" ".join(run) for run in _runs(said, length) if run in runs), None)


# Every fact is held against every sentence, and every sentence against every fact.


@lru_cache(maxsize=512)
def _runs(text: str, length: int) -> tuple[tuple[str, ...], ...]:
    words = _words(text)
    return tuple(words[i : i + length] for i in range(len(words) - length + 1))


@lru_cache(maxsize=512)
def _words(text: str) -> tuple[str, ...]:
    return tuple(word.lower() for word in _WORD.findall(text))


def _listed(values: Sequence[str]) -> str:
    return ", ".join(value.replace("month:", "month ") for value in values)


def _hold(reason: str, span: str, mend: str) -> Finding:
    return Finding(rule_id="C-07", severity=Severity.HOLD, reason=reason, span=span, mend=mend)
