"""The signal analyst's part without a model: what the evidence says about this contact now."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from agents import wording
from agents.context import Grounds
from agents.understudy.acts import Act, acts_in, strongest_topics
from agents.understudy.role import role_phrase
from agents.understudy.topics import Topic
from domain.events import EventKind
from domain.message import Evidence, Signal, SignalBrief
from domain.people import BuyingRoleKind, DealKind, LifecycleStage

MOST_SIGNALS = 8
STRONG_FROM = 3.0
CLEAR_FROM = 1.0
RENEWAL_NEAR = timedelta(days=120)
QUIET_AFTER = timedelta(days=90)
TRIAL_QUIET_AFTER = timedelta(days=21)
TROUBLE_LASTS = timedelta(days=45)
_TROUBLE_WORDS = ("complain", "unhappy", "frustrat", "angry", "disappoint", "escalat", "upset", "cancel")
_TRIAL_TOLD_FOR = timedelta(days=120)


def analyse(ctx: Grounds) -> SignalBrief:
    """Rank what happened by recency and weight; name topic, likely intent and what to mind."""
    acts = acts_in(ctx)
    topics = strongest_topics(acts)
    signals = [_signal(act) for act in acts[:MOST_SIGNALS]]
    signals += _who_they_are(ctx)[: max(0, MOST_SIGNALS - len(signals))]
    topic = topics[0] if topics else None
    return SignalBrief(
        signals=tuple(signals),
        topic=topic.slug if topic else None,
        intent=_intent(ctx, acts, topic),
        caution="; ".join(_cautions(ctx, acts)),
    )


def _signal(act: Act) -> Signal:
    strength: Literal["weak", "clear", "strong"] = (
        "strong" if act.score >= STRONG_FROM else "clear" if act.score >= CLEAR_FROM else "weak"
    )
    return Signal(text=_told(act), evidence=(act.fact.id,), strength=strength)


def _told(act: Act) -> str:
    """The evidence's own sentence, or, where it holds outside words, only kind, topic and date."""
    if not act.fact.is_tainted:
        return act.fact.text
    about = f" about {act.topic.noun}" if act.topic else ""
    on = f" on {wording.day(act.at)}" if act.at else ""
    return f"{act.kind.value.replace('_', ' ').capitalize()}{about}{on}."


def _who_they_are(ctx: Grounds) -> list[Signal]:
    facts = {fact.ref: fact for fact in ctx.evidence}
    told: list[tuple[Evidence | None, str | None]] = [
        (facts.get("contact:job_title"), role_phrase(ctx.dossier.contact.job_title)),
        (facts.get("contact:lifecycle_stage"), ctx.dossier.contact.lifecycle_stage.value),
    ]
    return [
        Signal(text=f"{name}: {words}.", evidence=(fact.id,), strength="weak")
        for name, (fact, words) in zip(("Role", "Stage"), told, strict=True)
        if fact and words
    ]


def _intent(ctx: Grounds, acts: tuple[Act, ...], topic: Topic | None) -> str:
    looking = (topic.intent or f"looking into {topic.noun}") if topic else ""
    newest = max((act.at for act in acts if act.at), default=None)
    trial = next((act for act in acts if act.kind is EventKind.TRIAL_STARTED and act.at), None)
    is_customer = ctx.dossier.contact.lifecycle_stage is LifecycleStage.CUSTOMER
    if is_customer or _renewal_is_near(ctx):
        standing = "existing customer, renewal near" if _renewal_is_near(ctx) else "existing customer"
        return f"{standing}, {looking}" if looking else standing
    if newest is None:
        return "no clear intent yet"
    if trial and trial.at and ctx.now - trial.at <= _TRIAL_TOLD_FOR:
        went_quiet = ctx.now - newest >= TRIAL_QUIET_AFTER
        return "gone quiet after a trial" if went_quiet else "trying the product"
    if ctx.now - newest >= QUIET_AFTER:
        return f"gone quiet; was {looking}" if looking else "gone quiet"
    return looking or "in touch, on no particular subject"


def _renewal_is_near(ctx: Grounds) -> bool:
    today = ctx.now.date()
    return any(
        deal.kind is DealKind.RENEWAL
        and not deal.is_closed
        and deal.closes_on is not None
        and today <= deal.closes_on <= today + RENEWAL_NEAR
        for deal in ctx.dossier.deals
    )


def _cautions(ctx: Grounds, acts: tuple[Act, ...]) -> list[str]:
    """What to mind, in a few words each; `had_trouble` reads the first two."""
    cautions = []
    if any(a.kind is EventKind.TICKET_OPENED and a.at and ctx.now - a.at <= TROUBLE_LASTS for a in acts):
        cautions.append("recent open ticket")
    for kind, words in ((EventKind.CALL_HELD, "a call"), (EventKind.NOTE_ADDED, "a note")):
        said = [
            a.fact.text.lower() for a in acts if a.kind is kind and a.at and ctx.now - a.at <= TROUBLE_LASTS
        ]
        if any(word in text for text in said for word in _TROUBLE_WORDS):
            cautions.append(f"recent trouble recorded in {words}")
    if any(deal.kind is DealKind.NEW and not deal.is_closed for deal in ctx.dossier.deals):
        cautions.append("sales is working on an open deal")
    if any(
        r.kind is BuyingRoleKind.BLOCKER for r in ctx.dossier.roles if r.contact_id == ctx.dossier.contact.id
    ):
        cautions.append("named as a blocker in a deal")
    return cautions


def had_trouble(caution: str) -> bool:
    """Tell whether a brief's caution speaks of something that went wrong lately."""
    return any(word in caution.lower() for word in ("ticket", "trouble", *_TROUBLE_WORDS))
