"""What prompts are told: the campaign's part, the same for every contact, and the list of facts.

Names, addresses and the prose of a profile stay out: no agent needs them to write a good message.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from agents.answers import copies_outside_words
from agents.context import DraftingContext
from agents.wording import clean, day, sentence
from domain.campaign import Outcome
from domain.message import Draft, Evidence, EvidenceKind, Finding, MessagePlan, SignalBrief

_QUOTE = re.compile("“[^”]*”")

_WANTED: dict[Outcome, str] = {
    Outcome.REPLY: "a reply",
    Outcome.MEETING: "a booked meeting",
    Outcome.MQL: "enough interest for marketing to call the contact qualified",
    Outcome.SQL: "enough interest for sales to take the contact on",
    Outcome.OPPORTUNITY: "an open sales opportunity",
    Outcome.WON: "a purchase",
    Outcome.RENEWED: "a renewal",
}


def campaign_part(ctx: DraftingContext) -> dict[str, str]:
    """The names every prompt fills in from campaign, sender and asset."""
    campaign, asset = ctx.campaign, ctx.asset
    return {
        "today": day(ctx.now),
        "organisation": ctx.sender.organisation,
        "product": ctx.sender.product_summary.strip() or "(not described)",
        "campaign": campaign.name,
        "goal": f"{_WANTED[campaign.goal.outcome]}, within {campaign.goal.window_days} days",
        "campaign_brief": campaign.brief.strip() or "(none)",
        "asset_title": asset.title,
        "asset_kind": asset.kind.value.replace("_", " "),
        "asset_summary": asset.summary,
        "asset_topics": ", ".join(asset.topics) or "(none)",
        "asset_call_to_action": asset.call_to_action,
        "language": asset.language,
    }


def all_facts(evidence: Iterable[Evidence]) -> str:
    """One line a fact: id, what may be done with it, the sentence. Holds outside words."""
    return "\n".join(f"{fact.id} [{_marks(fact)}] {fact.text}" for fact in evidence)


def facts_without_outside_words(evidence: Iterable[Evidence]) -> str:
    """The same list for an agent with tools: of a tainted fact, only our own words around the quotes."""
    return "\n".join(
        f"{fact.id} [{_marks(fact)}] {_withheld(fact) if fact.is_tainted else fact.text}" for fact in evidence
    )


def in_own_words(brief: SignalBrief, evidence: Iterable[Evidence]) -> SignalBrief:
    """Return the brief without what repeats outside text word for word."""
    facts = tuple(evidence)

    def copies(text: str) -> bool:
        return copies_outside_words(text, facts)

    return SignalBrief(
        signals=tuple(signal for signal in brief.signals if not copies(signal.text)),
        topic=brief.topic,
        intent="" if copies(brief.intent) else brief.intent,
        caution="" if copies(brief.caution) else brief.caution,
    )


def brief_lines(brief: SignalBrief) -> str:
    """The analyst's brief, strongest signal first."""
    lines = [f"- {signal.strength}: {signal.text} ({', '.join(signal.evidence)})" for signal in brief.signals]
    return "\n".join(
        [
            *(lines or ["- no signals"]),
            f"Topic: {brief.topic or '(none)'}",
            f"Intent: {brief.intent or '(not clear)'}",
            f"Caution: {brief.caution or '(none)'}",
        ]
    )


def plan_lines(plan: MessagePlan) -> str:
    """The strategist's plan, point by point."""
    points = [f"- {point.text} ({', '.join(point.evidence) or 'no evidence'})" for point in plan.points]
    return "\n".join(
        [f"Angle: {plan.angle}", "Points:", *points, f"Ask: {plan.call_to_action}", f"Tone: {plan.tone}"]
    )


def hint_lines(hints: Iterable[str]) -> str:
    """What reviewers asked for, oldest first; empty where nobody asked."""
    return "\n".join(f"- {clean(hint)}" for hint in hints)


def draft_lines(draft: Draft) -> str:
    """A draft with the evidence each sentence cites."""
    paragraphs = [
        "\n".join(f"{s.text} [{', '.join(s.evidence) or 'no evidence'}]" for s in paragraph.sentences)
        for paragraph in draft.paragraphs
    ]
    return "\n\n".join([f"Subject: {draft.subject}", *paragraphs])


def finding_lines(findings: Iterable[Finding]) -> str:
    """Findings as a list a writer can work through."""
    lines = []
    for finding in findings:
        words = f" Words: “{finding.span}”." if finding.span else ""
        mend = f" To mend: {finding.mend}" if finding.mend else ""
        lines.append(
            f"- {finding.rule_id} ({finding.severity.value}): {sentence(finding.reason)}{words}{mend}"
        )
    return "\n".join(lines) or "(none)"


def _marks(fact: Evidence) -> str:
    if fact.kind is EvidenceKind.CLAIM:
        return "approved claim"
    if fact.kind is EvidenceKind.OFFER:
        return "offer"
    if fact.ref.startswith("asset:"):
        return "our content"
    use = "private" if fact.is_private else "may be said"
    return f"{use}, outside words" if fact.is_tainted else use


def _withheld(fact: Evidence) -> str:
    # Facts quote every outside word; a tainted sentence without a quote is not ours to trust at all.
    told, count = _QUOTE.subn("(words withheld)", fact.text)
    return sentence(told) if count else f"({fact.kind.value}; words withheld)"
