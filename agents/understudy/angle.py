"""What a message is about for one person: topic, the act to open with, who they are, how long it may be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from agents.context import DraftingContext
from agents.understudy.acts import Act, acts_in, strongest_topics
from agents.understudy.hints import Wishes, wishes_in
from agents.understudy.moment import NAMEABLE
from agents.understudy.role import role_phrase
from agents.understudy.topics import Topic, covers, topic_named
from agents.understudy.wording import company_name, industry_name
from domain.message import Evidence, SignalBrief
from domain.people import Seniority

OPENS_FOR = timedelta(days=730)
"""An act older than this is no longer a reason to write, and nobody remembers it."""


@dataclass(frozen=True)
class Shape:
    """How much a person of this standing is given to read."""

    claims: int
    earlier_act: bool
    closing: bool


_SHAPES: dict[Seniority, Shape] = {
    Seniority.EXECUTIVE: Shape(claims=1, earlier_act=False, closing=False),
    Seniority.DIRECTOR: Shape(claims=1, earlier_act=False, closing=True),
    Seniority.MANAGER: Shape(claims=2, earlier_act=False, closing=True),
    Seniority.SPECIALIST: Shape(claims=2, earlier_act=True, closing=True),
    Seniority.UNKNOWN: Shape(claims=2, earlier_act=False, closing=True),
}


@dataclass(frozen=True)
class Person:
    """Who they are, as far as the evidence says it and it reads well; each with the fact that backs it."""

    role: str | None
    company: str | None
    industry: str | None
    facts: dict[str, Evidence]


@dataclass(frozen=True)
class Angle:
    """The choices made before a word is written.

    focus: what the message is about; is_theirs: their own signals led to it, not only the asset.
    """

    acts: tuple[Act, ...]
    topics: tuple[Topic, ...]
    focus: Topic | None
    is_theirs: bool
    opening: Act | None
    earlier: Act | None
    person: Person
    wishes: Wishes
    shape: Shape


def angle_of(ctx: DraftingContext, brief: SignalBrief) -> Angle:
    """Choose the angle; the brief may come from a model, so its topic is one candidate among the measured."""
    acts = acts_in(ctx)
    wishes = wishes_in(ctx.hints)
    measured = strongest_topics(acts)
    briefed = topic_named(brief.topic)
    topics = tuple(dict.fromkeys(t for t in (wishes.topic, briefed, *measured) if t))
    focus = next((topic for topic in topics if covers(ctx.asset, topic)), None)
    is_theirs = focus is not None
    if focus is None:
        focus = next((topic for topic in map(topic_named, ctx.asset.topics) if topic), None)
    opening, earlier = _told_acts(ctx, acts, focus)
    shape = _SHAPES[ctx.dossier.contact.seniority]
    if wishes.shorter:
        shape = Shape(claims=1, earlier_act=False, closing=False)
    return Angle(acts, topics, focus, is_theirs, opening, earlier, _person(ctx), wishes, shape)


def _told_acts(
    ctx: DraftingContext, acts: Sequence[Act], focus: Topic | None
) -> tuple[Act | None, Act | None]:
    """The act to open with, and an earlier one on something else."""

    def worth(act: Act) -> float:
        return act.score * (1.3 if focus and act.topic == focus else 1.0)

    sayable = sorted(
        (a for a in acts if a.is_sayable and (a.at is None or ctx.now - a.at <= OPENS_FOR)),
        key=lambda act: (-worth(act), act.fact.id),
    )
    if not sayable:
        return None, None
    first = sayable[0]
    earlier = next(
        (
            act
            for act in sayable[1:]
            if first.at
            and act.at
            and act.at <= first.at
            and ctx.now - act.at <= NAMEABLE
            and act.kind is not first.kind
            and not act.is_sign_up
        ),
        None,
    )
    return first, earlier


def _person(ctx: DraftingContext) -> Person:
    contact, account = ctx.dossier.contact, ctx.dossier.account
    backing = {"role": "contact:job_title", "company": "account:name", "industry": "account:industry"}
    by_ref = {fact.ref: fact for fact in ctx.evidence if not fact.is_private}
    facts = {name: by_ref[ref] for name, ref in backing.items() if ref in by_ref}
    return Person(
        role=role_phrase(contact.job_title) if "role" in facts else None,
        company=company_name(account.name) if account and "company" in facts else None,
        industry=industry_name(account.industry) if account and "industry" in facts else None,
        facts=facts,
    )
