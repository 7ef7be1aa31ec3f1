"""Signs: what happened to contacts after (and before) decisions, as flat arrays in one vocabulary.

A sign is an early signal (a human click, a visit, …), a stage reached (reply … renewed), or an end (a deal
lost, a customer lost). An open is no sign, and what a machine did never becomes one: the reader leaves both out.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from domain.campaign import Outcome
from domain.events import EventKind
from domain.people import LifecycleStage

SIGNALS: tuple[EventKind, ...] = (
    EventKind.EMAIL_CLICKED,
    EventKind.PAGE_VIEWED,
    EventKind.FORM_SUBMITTED,
    EventKind.CONTENT_DOWNLOADED,
    EventKind.WEBINAR_ATTENDED,
    EventKind.TRIAL_STARTED,
    EventKind.PRODUCT_USED,
)
"""Early signals, codes 0 … 6. They are worth what the value model says, never a fixed wish."""

LADDER: tuple[Outcome, ...] = (
    Outcome.REPLY,
    Outcome.MQL,
    Outcome.MEETING,
    Outcome.SQL,
    Outcome.OPPORTUNITY,
    Outcome.WON,
    Outcome.RENEWED,
)
"""Stages in the order of how likely a purchase follows, codes 7 … 13."""

ACTS: tuple[Outcome, ...] = (Outcome.REPLY, Outcome.MEETING)
"""Stages that are acts: they pass, and can be done again. The others are standings, and last."""

FIRST_STAGE = len(SIGNALS)
LOST = FIRST_STAGE + len(LADDER)
"""Code of a deal lost: the contact is worth what one without a stage is."""
LEFT = LOST + 1
"""Code of a customer lost: nothing is expected any more."""

STAGE_OF_EVENT: dict[EventKind, Outcome] = {
    EventKind.EMAIL_REPLIED: Outcome.REPLY,
    EventKind.MEETING_BOOKED: Outcome.MEETING,
    EventKind.MEETING_HELD: Outcome.MEETING,
}
STAGE_OF_LIFECYCLE: dict[LifecycleStage, Outcome] = {
    LifecycleStage.MQL: Outcome.MQL,
    LifecycleStage.SQL: Outcome.SQL,
    LifecycleStage.OPPORTUNITY: Outcome.OPPORTUNITY,
    LifecycleStage.CUSTOMER: Outcome.WON,
}


def stage_code(stage: Outcome) -> int:
    """Return a stage's code."""
    return FIRST_STAGE + LADDER.index(stage)


ANSWERS: tuple[int, ...] = (SIGNALS.index(EventKind.EMAIL_CLICKED), stage_code(Outcome.REPLY))
"""Codes of what can only be done to a message that came."""


def name_of(code: int) -> str:
    """Return a sign's name: the event's kind, the stage, `deal_lost` or `customer_lost`."""
    if code < FIRST_STAGE:
        return SIGNALS[code].value
    if code < LOST:
        return LADDER[code - FIRST_STAGE].value
    return EventKind.DEAL_LOST.value if code == LOST else EventKind.CUSTOMER_LOST.value


@dataclass(frozen=True)
class Signs:
    """m signs, in any order.

    contact: shape (m,), int, number of the contact.
    at: shape (m,), datetime64[s], UTC.
    code: shape (m,), int, see `name_of`.
    scale: shape (m,), in (0, 1]: the contact's part in it; below 1 where an account's deal is shared.
    amount_cents: shape (m,), a won deal's amount in the goal's currency, NaN where none is known.
    closes: shape (m,), bool: a cycle ends here (a deal won, renewed or lost); what follows starts anew.
    """

    contact: NDArray[np.int64]
    at: NDArray[np.datetime64]
    code: NDArray[np.int64]
    scale: NDArray[np.float64]
    amount_cents: NDArray[np.float64]
    closes: NDArray[np.bool_]

    def __post_init__(self) -> None:
        lengths = {len(column) for column in vars(self).values()}
        if len(lengths) > 1:
            raise ValueError(f"the columns of signs differ in length: {sorted(lengths)}")

    def __len__(self) -> int:
        """How many signs."""
        return len(self.code)

    @classmethod
    def personal(
        cls, contact: NDArray[np.int64], at: NDArray[np.datetime64], code: NDArray[np.int64]
    ) -> Signs:
        """Signs of people alone: nothing shared, no deal; shapes (m,)."""
        m = len(code)
        return cls(contact, at, code, np.ones(m), np.full(m, np.nan), np.isin(code, (LOST, LEFT)))

    def in_usual_deals(self, size: NDArray[np.float64]) -> Signs:
        """Return the signs with amounts as they would be at a company of usual size; `size`: shape (contacts,)."""
        return replace(self, amount_cents=self.amount_cents / size[self.contact])

    def take(self, rows: NDArray[np.int64] | NDArray[np.bool_]) -> Signs:
        """Return some of the rows."""
        return Signs(**{name: column[rows] for name, column in vars(self).items()})
