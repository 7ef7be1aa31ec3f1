"""Which accounts may leave: cases from the past, and what can be said of the customers of today.

A case is one customer account at one weekly moment; it came true if within the window the account was lost, a
renewal was lost, or a renewal that fell due was not won (`lost` says when; the caller builds it).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from learning.likelihood.table import Floats, Ints, Table, Times
from learning.likelihood.telling import Change, counted
from learning.snapshots import Log, States, Track, thinned

SIGNALS: dict[str, tuple[str, str]] = {
    "product_used": ("day in the product", "days in the product"),
    "ticket_opened": ("ticket", "tickets"),
    "page_viewed": ("page visit", "page visits"),
    "email_clicked": ("click in an e-mail", "clicks in e-mails"),
    "email_replied": ("reply", "replies"),
    "webinar_attended": ("webinar", "webinars"),
    "meeting_held": ("meeting", "meetings"),
    "call_held": ("call", "calls"),
}
"""What is counted over all people of an account, and its words."""

CHANGES = tuple(
    Change(text, adds={f"{kind}:30d": by}, sets={f"{kind}:recency": 1.0})
    for kind, by, text in (
        ("meeting_held", 1.0, "A meeting held"),
        ("call_held", 1.0, "A call held"),
        ("email_replied", 1.0, "A reply to us"),
        ("webinar_attended", 1.0, "A webinar attended"),
        ("product_used", 5.0, "Five more days in the product"),
    )
)

NUMBERS = (
    *(f"{kind}:{part}" for kind in SIGNALS for part in ("30d", "recency")),
    "use_trend",
    "people:90d",
    "customer_days",
    "contract_days",
    "employees",
)
WORDS = ("industry", "country")
CUSTOMER, LOST = 1, 0
"""States of an account."""


@dataclass(frozen=True)
class Companies:
    """All n accounts. employees: shape (n,), NaN where not known. words: shape (n, 2), "" where not known."""

    ids: NDArray[np.str_]
    employees: Floats
    words: NDArray[np.str_]


@dataclass(frozen=True)
class Customers:
    """What happened at accounts, ready to be asked at any moment."""

    companies: Companies
    states: States
    tracks: Mapping[str, Track]
    people: tuple[Ints, Ints]
    """Sorted account numbers and, beside them, contact numbers: who belongs where."""
    seen: Track
    contracts: Track
    lost: Track

    @classmethod
    def of(
        cls,
        companies: Companies,
        acts: Log,
        by_people: Log,
        account_of: Ints,
        states: States,
        contracts: Log,
        lost: Log,
    ) -> Customers:
        """Sort what happened.

        Args:
            acts: by account, whoever of its people did it.
            by_people: the same by contact.
            account_of: shape (contacts,), number of the account, or -1.
            states: when accounts became customers (1) or stopped (0).
            contracts: "contract": a purchase or a renewal was won, by account.
            lost: "lost": what churn is, by account.
        """
        order = np.argsort(account_of, kind="stable")
        return cls(
            companies=companies,
            states=states,
            tracks={kind: acts.of(kind) for kind in SIGNALS},
            people=(account_of[order], order),
            seen=by_people.of(*SIGNALS),
            contracts=contracts.of("contract"),
            lost=lost.of("lost"),
        )

    def at(self, moment: np.datetime64) -> Ints:
        """Return the numbers of the accounts that were customers at the moment."""
        everyone = np.arange(len(self.companies.ids))
        state, _ = self.states.at(everyone, np.full(len(everyone), moment))
        return np.flatnonzero(state == CUSTOMER)

    def cases(self, moments: Times, window_days: int, settles_days: int) -> tuple[Table, Floats]:
        """Return every customer at every moment, and whether it left within the window.

        Args:
            settles_days: after so many days the outcome is known (the window, and the grace for late renewals).
        """
        who, at = thinned([(self.at(moment), moment) for moment in moments])
        return self.table(who, at, settles_days), (self.lost.between(who, at, window_days) > 0).astype(float)

    def table(self, who: Ints, at: Times, settles_days: int) -> Table:
        """Return what was known of these accounts at these moments: shape (n,) each."""
        columns = []
        for kind in SIGNALS:
            track = self.tracks[kind]
            columns += [track.count(who, at, 30), track.recency(who, at)]
        used = self.tracks["product_used"]
        lately, before = used.count(who, at, 30), used.count(who, at, 90)
        _, customer_days = self.states.at(who, at)
        columns += [
            np.log((lately + 1) / ((before - lately) / 2 + 1)),
            self._people_seen(who, at),
            customer_days,
            self.contracts.days_since(who, at),
            np.log10(self.companies.employees[who]),
        ]
        return Table(
            number_names=NUMBERS,
            word_names=WORDS,
            numbers=np.column_stack(columns),
            words=self.companies.words[who],
            at=at,
            known_at=at + np.timedelta64(settles_days * 86_400, "s"),
            entities=self.companies.ids[who],
        )

    def _people_seen(self, who: Ints, at: Times) -> Floats:
        """How many people of the account did anything in 90 days."""
        accounts, contacts = self.people
        first = np.searchsorted(accounts, who, side="left")
        many = np.searchsorted(accounts, who, side="right") - first
        row = np.repeat(np.arange(len(who)), many)
        place = np.arange(many.sum()) - np.repeat(np.cumsum(many) - many, many) + np.repeat(first, many)
        active = self.seen.count(contacts[place], at[row], 90) > 0
        return np.bincount(row, weights=active, minlength=len(who)).astype(float)


def phrase(signal: str, values: Mapping[str, float | str]) -> str:
    """Say one signal of a customer in words."""
    if signal in SIGNALS:
        return counted(signal, values, SIGNALS[signal])
    value = values[next(iter(values))]
    if isinstance(value, str):
        return f"{signal.capitalize()}: {value}" if value else f"{signal.capitalize()} not known"
    if signal == "use_trend":
        by = np.exp(value) - 1
        return f"Use of the product {'up' if by >= 0 else 'down'} {abs(by):.0%} on the two months before"
    if signal == "people":
        return (
            f"{value:.0f} of its people active in 90 days"
            if value
            else "None of its people active in 90 days"
        )
    if signal in {"customer_days", "contract_days"}:
        what = "A customer" if signal == "customer_days" else "Last contract signed"
        if np.isnan(value):
            return f"{what}: since when is not known"
        return f"{what} for {value:.0f} days" if signal == "customer_days" else f"{what} {value:.0f} days ago"
    return "Company size not known" if np.isnan(value) else f"About {10**value:,.0f} employees"
