"""The content strategist's part without a model: one angle, the points that carry it, one thing to ask."""

from __future__ import annotations

from agents.context import DraftingContext
from agents.understudy.angle import Angle, angle_of
from agents.understudy.phrases import Voice
from agents.understudy.relevance import ranked_claims
from agents.understudy.wording import sentence_case
from domain.message import Evidence, EvidenceKind, MessagePlan, PlanPoint, SignalBrief
from domain.people import Seniority

_TONES: dict[Seniority, str] = {
    Seniority.EXECUTIVE: "three short sentences, the point first",
    Seniority.DIRECTOR: "brief, one figure or fact",
    Seniority.MANAGER: "plain and practical",
    Seniority.SPECIALIST: "plain, with some detail",
    Seniority.UNKNOWN: "plain and practical",
}


def plan(ctx: DraftingContext, brief: SignalBrief) -> MessagePlan:
    """Pick what to open with, what to lean towards without saying so, and which claims to make."""
    angle = angle_of(ctx, brief)
    claims = pick_claims(ctx, angle)
    points = [*_about_them(angle), *(PlanPoint(text=c.text, evidence=(c.id,)) for c in claims)]
    points += [
        PlanPoint(text=fact.text, evidence=(fact.id,))
        for fact in ctx.evidence
        if fact.kind is EvidenceKind.OFFER
    ]
    tone = "; ".join(part for part in (_TONES[ctx.dossier.contact.seniority], angle.wishes.note) if part)
    return MessagePlan(
        angle=_in_words(ctx, angle),
        points=tuple(points),
        call_to_action=ctx.asset.call_to_action,
        tone=tone,
    )


def voice_of(ctx: DraftingContext, salt: str = "") -> Voice:
    """The contact's own draw of phrases for this asset."""
    return Voice(f"{ctx.dossier.contact.id}|{ctx.asset.id}|{salt}")


def pick_claims(ctx: DraftingContext, angle: Angle) -> tuple[Evidence, ...]:
    """The claims to make, most telling first, as many as this person should read."""
    ranked = ranked_claims(ctx, angle.focus, angle.topics, angle.acts, voice_of(ctx))
    if angle.wishes.no_numbers:
        ranked = tuple(fact for fact in ranked if not any(char.isdigit() for char in fact.text))
    return ranked[: angle.shape.claims]


def _about_them(angle: Angle) -> list[PlanPoint]:
    points = []
    if angle.opening:
        act = angle.opening
        about = f" about {act.topic.noun}" if act.topic else ""
        points.append(
            PlanPoint(
                text=f"Open with what they did: {act.kind.value.replace('_', ' ')}{about}.",
                evidence=(act.fact.id,),
            )
        )
    elif angle.person.role:
        points.append(
            PlanPoint(
                text=f"Open with their role, {angle.person.role}.", evidence=(angle.person.facts["role"].id,)
            )
        )
    hidden = [act for act in angle.acts if act.fact.is_private and act.topic and act.topic == angle.focus]
    if hidden and angle.focus:
        points.append(
            PlanPoint(text=f"Lean towards {angle.focus.noun}; do not say why.", evidence=(hidden[0].fact.id,))
        )
    return points


def _in_words(ctx: DraftingContext, angle: Angle) -> str:
    kind = ctx.asset.kind.value.replace("_", " ")
    subject = sentence_case(angle.focus.noun) if angle.focus else sentence_case(kind)
    whom = angle.person.role or "this contact"
    came_from = "their own signals" if angle.is_theirs else "the asset itself"
    return f"{subject} for {whom}, by way of the {kind}; the topic comes from {came_from}."
