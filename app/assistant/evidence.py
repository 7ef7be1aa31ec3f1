"""A message with its grounds, as tools show it: what the checks found, why a person is asked, what it rests on.

People see the words in tables; a model reads rules, codes and our own approved claims only, as reasons and facts may
repeat what strangers wrote (A-01).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from app.assistant.words import columns, known, record, table
from domain.assistant import AnswerTable, AnswerText, RecordKind
from domain.message import Draft, Evidence, EvidenceKind, Message, Stakes, Verdict
from policies.explain import every_rule

if TYPE_CHECKING:
    from app.wiring import House

MOST_FACTS = 12

KINDS = {
    EvidenceKind.EVENT: "something they did",
    EvidenceKind.FIELD: "from the CRM",
    EvidenceKind.CLAIM: "approved claim",
    EvidenceKind.OFFER: "offer",
    EvidenceKind.MEMORY: "remembered",
}

STAKES_CODES = {
    "low_confidence": "it is not known yet whether this is worth sending",
    "executive": "the contact is an executive",
    "first_contact": "it would be our first message to this company",
    "renewal": "a renewal is near, or what the campaign is about",
    "large_deal": "a large deal is open",
    "churn_risk": "the customer may leave",
    "sales_ready": "the contact should rather go to sales now",
    "hand_off": "the contact would be passed to sales",
    "price": "it states a price or a discount",
    "outside_orders": "words from outside try to give orders",
    "finding": "the checks found something",
    "edited": "a reviewer changed the draft",
    "understudy": "the understudy stood in for a model that failed",
    "cold_start": "it is among the first messages of the campaign",
    "assist": "everything is reviewed in assist",
    "spot_check": "some of what may go alone is still looked at",
}
"""Reasons by their code, in words of our own alone."""


def message_text(message: Message, title: str) -> AnswerText:
    """The message as it would arrive."""
    return AnswerText(title=title, text=f"Subject: {message.subject}\n\n{message.text}")


def reasons_text(stakes: Stakes) -> tuple[AnswerText, ...]:
    """Why a person is asked, in full, beside a change that is told; nothing where nobody is."""
    said = "\n".join(f"- {one.text}" for one in stakes.reasons)
    return (AnswerText(title="Why a person is asked", text=said),) if said else ()


def stakes_words(stakes: Stakes) -> str:
    """Why a person is asked, in words of our own alone."""
    reasons = dict.fromkeys(STAKES_CODES.get(one.code, one.code) for one in stakes.reasons)
    return "; ".join(reasons) or "there is no reason to ask"


def finding_facts(house: House, verdict: Verdict) -> list[dict[str, Any]]:
    """Findings for a model: the rule, by its own title, and what it does to the message."""
    titles = {text.id: text.title for text in every_rule(house.rules)}
    return [
        known(rule=one.rule_id, title=titles.get(one.rule_id), does=one.severity.value)
        for one in verdict.findings
    ]


def stakes_facts(stakes: Stakes) -> dict[str, Any]:
    """Stakes for a model: how high, and why by our own words."""
    reasons = list(dict.fromkeys(STAKES_CODES.get(one.code, one.code) for one in stakes.reasons))
    return {"stakes": stakes.level.value, "a_person_is_asked_because": reasons}


def used_facts(evidence: Sequence[Evidence], draft: Draft) -> list[dict[str, Any]]:
    """What the draft rests on, for a model: the words of claims and offers, of all else where it comes from."""
    used = {one for sentence in draft.sentences for one in sentence.evidence}
    ours = {EvidenceKind.CLAIM, EvidenceKind.OFFER}
    return [
        known(kind=KINDS[one.kind], source=one.ref, says=one.text if one.kind in ours else None)
        for one in evidence
        if one.id in used
    ][:MOST_FACTS]


def findings_table(house: House, verdict: Verdict) -> AnswerTable:
    """Findings for people."""
    rows = [
        (record(RecordKind.RULE, one.rule_id), one.severity.value, one.reason, one.mend)
        for one in verdict.findings
    ]
    return table("What the checks found", columns(("Rule", "record"), "Does", "Why", "What mends it"), rows)


def stakes_table(stakes: Stakes) -> AnswerTable:
    """Why a person is asked, for people."""
    return table("Why a person is asked", columns("Reason"), [(one.text,) for one in stakes.reasons])


def sources_table(
    evidence: Sequence[Evidence], draft: Draft, of_claims: Mapping[str, str] | None = None
) -> AnswerTable:
    """Each sentence with what it rests on, for people; a source may be a stranger's words."""
    by_id = {one.id: one for one in evidence}
    rows = []
    for sentence in draft.sentences:
        facts = [by_id[one] for one in sentence.evidence if one in by_id]
        told = "; ".join(f"{KINDS[one.kind]}: {one.text}{_source(one, of_claims or {})}" for one in facts)
        rows.append((sentence.text, told or "states no fact"))
    return table("What every sentence rests on", columns("Sentence", "Source"), rows)


def _source(fact: Evidence, of_claims: Mapping[str, str]) -> str:
    said = of_claims.get(fact.ref)
    return f" ({said})" if said else ""
