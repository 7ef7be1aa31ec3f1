"""Makes signs and decisions by days since a fixed noon, so that tests read as stories."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from domain.campaign import Outcome
from domain.events import EventKind
from learning.rewards import Decided
from learning.signs import LEFT, LOST, SIGNALS, Signs, stage_code

NOON = np.datetime64("2026-03-10T12:00:00", "s")


def day(days: float | Sequence[float] | np.ndarray) -> np.ndarray:
    return NOON + (np.atleast_1d(np.asarray(days, dtype=float)) * 86_400).astype("timedelta64[s]")


def code_of(what: str) -> int:
    if what in {"lost", "left"}:
        return LOST if what == "lost" else LEFT
    if what in {outcome.value for outcome in Outcome}:
        return stage_code(Outcome(what))
    return SIGNALS.index(EventKind(what))


def signs(*told: tuple[int, float, str]) -> Signs:
    """(contact, day, what) each; nothing shared."""
    contact = np.array([c for c, _, _ in told], dtype=np.int64)
    code = np.array([code_of(what) for _, _, what in told], dtype=np.int64)
    return Signs.personal(contact, day([d for _, d, _ in told]) if told else day([])[:0], code)


def deal(told: Sequence[tuple[int, float, str, float, float]]) -> Signs:
    """(contact, day, what, share, amount) each; a cycle ends where the deal does."""
    code = np.array([code_of(what) for _, _, what, _, _ in told], dtype=np.int64)
    return Signs(
        contact=np.array([c for c, *_ in told], dtype=np.int64),
        at=day([d for _, d, *_ in told]),
        code=code,
        scale=np.array([share for *_, share, _ in told], dtype=float),
        amount_cents=np.array([amount for *_, amount in told], dtype=float),
        closes=np.isin(code, [code_of("won"), code_of("renewed"), LOST, LEFT]),
    )


def joined(*some: Signs) -> Signs:
    return Signs(**{name: np.concatenate([vars(s)[name] for s in some]) for name in vars(some[0])})


def decided(*told: tuple[int, float, bool]) -> Decided:
    """(contact, day, was a message sent) each."""
    return Decided(
        contact=np.array([c for c, _, _ in told], dtype=np.int64),
        at=day([d for _, d, _ in told]),
        sent=np.array([sent for *_, sent in told]),
        cost_cents=np.zeros(len(told)),
    )
