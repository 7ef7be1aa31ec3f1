"""The funnel of a workspace: conversions, time to first engagement, pipeline velocity."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from app.signs import seconds
from domain.base import Noun, UtcDatetime
from domain.events import EventKind
from domain.people import DealKind, LifecycleStage
from learning.funnel import Conversion, Interval, Velocity, conversion, survival, velocity
from learning.rewards import Decided
from learning.signs import FIRST_STAGE, LOST, SIGNALS, Signs
from memory.crm.outcomes import DealStory, OutcomeReader

if TYPE_CHECKING:
    from app.wiring import House

WITHIN_DAYS = 90
"""Conversions are told within so many days of entering a stage."""

MEANINGFUL = frozenset(SIGNALS) - {EventKind.EMAIL_CLICKED, EventKind.PAGE_VIEWED, EventKind.PRODUCT_USED}
"""Signals that are an engagement; so are a reply, a meeting and every stage. A click or a visit is not."""

_STAGES = tuple(LifecycleStage)
_DAY_SECONDS = 86_400


class Engagement(Noun):
    """Days from the first message to the first meaningful engagement, of contacts written to."""

    written_to: int
    engaged: int
    median_days: float | None
    low_days: float | None
    high_days: float | None


class ConversionLine(Noun):
    """From one lifecycle stage to the next or beyond, within `within_days`."""

    stage: LifecycleStage
    next_stage: LifecycleStage
    entered: int
    converted: int
    within_days: int
    share: float | None
    low: float | None
    high: float | None


class PipelineLine(Noun):
    """Pipeline velocity in one currency; of deals that are no renewals."""

    currency: str
    open_deals: int
    closed_deals: int
    won_deals: int
    win_rate: float | None
    win_rate_low: float | None
    win_rate_high: float | None
    value_cents: int | None
    cycle_days: float | None
    cents_per_day: int | None
    cents_per_day_low: int | None
    cents_per_day_high: int | None


class Funnel(Noun):
    """The workspace's funnel."""

    conversions: tuple[ConversionLine, ...]
    pipeline: tuple[PipelineLine, ...]
    computed_at: UtcDatetime


def funnel_of(house: House, now: datetime | None = None, since: datetime | None = None) -> Funnel:
    """Return the funnel of everyone, of stages entered and deals closed from `since` on (all if None)."""
    moment = now or house.clock()
    reader = OutcomeReader(house.engine)
    return Funnel(
        conversions=_conversions(reader, moment, since),
        pipeline=_pipeline(reader.deals(moment), since),
        computed_at=moment,
    )


def engagement_of(
    signs: Signs, decided: Decided, now: datetime, of: NDArray[np.bool_] | None = None
) -> Engagement:
    """Return how soon contacts engaged after the first message to them; who never did is still waited for.

    Args:
        signs: what happened to the contacts.
        decided: what was decided about them.
        now: UTC; who has not engaged by then is waited for.
        of: shape (c,), the contacts that count. Everyone if None.

    """
    contacts = int(max(signs.contact.max(initial=-1), decided.contact.max(initial=-1))) + 1
    none = np.iinfo(np.int64).max
    first = np.full(contacts, none)
    sent = decided.sent if of is None else decided.sent & of[decided.contact]
    np.minimum.at(first, decided.contact[sent], decided.at[sent].astype(np.int64))
    codes = [code for code, kind in enumerate(SIGNALS) if kind in MEANINGFUL]
    counts = np.isin(signs.code, codes) | ((signs.code >= FIRST_STAGE) & (signs.code < LOST))
    counts &= signs.at.astype(np.int64) > first[signs.contact]
    engaged = np.full(contacts, none)
    np.minimum.at(engaged, signs.contact[counts], signs.at[counts].astype(np.int64))
    written = first < none
    happened = engaged[written] < none
    until = np.where(happened, engaged[written], int(seconds([now])[0].astype(np.int64)))
    days = np.maximum(until - first[written], 0) / _DAY_SECONDS
    median = survival(days, happened).median()
    return Engagement(
        written_to=int(written.sum()),
        engaged=int(happened.sum()),
        median_days=median.value,
        low_days=median.low,
        high_days=median.high,
    )


def _conversions(reader: OutcomeReader, now: datetime, since: datetime | None) -> tuple[ConversionLine, ...]:
    entered: dict[str, dict[int, datetime]] = defaultdict(dict)
    for act in reader.acts((EventKind.STAGE_CHANGED,), now):
        if act.stage is None or (act.before and _STAGES.index(act.before) >= _STAGES.index(act.stage)):
            continue
        # Whoever skips a stage passed it: an SQL was an MQL, if only for a moment.
        lowest = _STAGES.index(act.before) + 1 if act.before else _STAGES.index(act.stage)
        for stage in range(lowest, _STAGES.index(act.stage) + 1):
            known = entered[act.contact_id].get(stage, act.at)
            entered[act.contact_id][stage] = min(known, act.at)
    lines = []
    for stage in range(1, len(_STAGES) - 1):
        to_next, followed = [], []
        for stages in entered.values():
            if stage not in stages or (since is not None and stages[stage] < since):
                continue
            later = [at for other, at in stages.items() if other > stage and at >= stages[stage]]
            to_next.append((min(later) - stages[stage]).total_seconds() / _DAY_SECONDS if later else np.inf)
            followed.append((now - stages[stage]).total_seconds() / _DAY_SECONDS)
        found = conversion(np.array(to_next), np.array(followed), WITHIN_DAYS)
        lines.append(_conversion_line(_STAGES[stage], _STAGES[stage + 1], found))
    return tuple(lines)


def _conversion_line(stage: LifecycleStage, next_stage: LifecycleStage, found: Conversion) -> ConversionLine:
    return ConversionLine(
        stage=stage,
        next_stage=next_stage,
        entered=found.entered,
        converted=found.converted,
        within_days=WITHIN_DAYS,
        share=found.share.value,
        low=found.share.low,
        high=found.share.high,
    )


def _pipeline(stories: list[DealStory], since: datetime | None) -> tuple[PipelineLine, ...]:
    lines = []
    new = [story for story in stories if story.kind is not DealKind.RENEWAL]
    for currency in sorted({story.currency for story in new}):
        of_currency = [story for story in new if story.currency == currency]
        closed = [s for s in of_currency if s.closed_at and (since is None or s.closed_at >= since)]
        cycle = [
            (s.closed_at - s.opened_at).total_seconds() / _DAY_SECONDS
            if s.closed_at and s.opened_at and s.closed_at > s.opened_at
            else np.nan
            for s in closed
        ]
        found = velocity(
            open_deals=sum(story.is_open for story in of_currency),
            won=np.array([story.is_won for story in closed], dtype=bool),
            value_cents=np.array(
                [np.nan if s.amount_cents is None else s.amount_cents for s in closed], float
            ),
            cycle_days=np.array(cycle, dtype=float),
        )
        lines.append(_pipeline_line(currency, len(closed), sum(s.is_won for s in closed), found))
    return tuple(lines)


def _pipeline_line(currency: str, closed: int, won: int, found: Velocity) -> PipelineLine:
    per_day = found.cents_per_day
    return PipelineLine(
        currency=currency,
        open_deals=found.open_deals,
        closed_deals=closed,
        won_deals=won,
        win_rate=found.win_rate.value,
        win_rate_low=found.win_rate.low,
        win_rate_high=found.win_rate.high,
        value_cents=None if found.value_cents is None else round(found.value_cents),
        cycle_days=found.cycle_days,
        cents_per_day=_whole(per_day, "value"),
        cents_per_day_low=_whole(per_day, "low"),
        cents_per_day_high=_whole(per_day, "high"),
    )


def _whole(interval: Interval, end: str) -> int | None:
    value: float | None = getattr(interval, end)
    return None if value is None else round(value)
