"""Which MQLs to pass to sales now: cases from the past, and what can be said of those of today.

A case is one MQL at one weekly moment; it came true if within the window the contact became an SQL or more, or an
opportunity was opened in which it takes part.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from learning.likelihood.table import Bools, Floats, Ints, Table, Times
from learning.likelihood.telling import Change, counted
from learning.snapshots import Log, States, Track, thinned

SIGNALS: dict[str, tuple[str, str]] = {
    "page_viewed": ("page visit", "page visits"),
    "form_submitted": ("form", "forms"),
    "content_downloaded": ("download", "downloads"),
    "webinar_attended": ("webinar", "webinars"),
    "email_clicked": ("click in an e-mail", "clicks in e-mails"),
    "email_replied": ("reply", "replies"),
    "meeting_booked": ("meeting booked", "meetings booked"),
    "meeting_held": ("meeting", "meetings"),
    "call_held": ("call", "calls"),
    "trial_started": ("trial", "trials"),
    "product_used": ("day in the product", "days in the product"),
    "email_sent": ("message from us", "messages from us"),
}
"""What is counted, and its words. Opens are not among them: machines open."""

CHANGES = tuple(
    Change(text, adds={f"{kind}:30d": 1.0}, sets={f"{kind}:recency": 1.0})
    for kind, text in {
        "meeting_booked": "A meeting booked",
        "call_held": "A call held",
        "email_replied": "A reply to us",
        "webinar_attended": "A webinar attended",
        "content_downloaded": "A guide downloaded",
        "form_submitted": "A form sent",
        "trial_started": "A trial started",
    }.items()
)
"""What marketing or sales can bring about; size and industry are no levers."""

NUMBERS = (
    *(f"{kind}:{part}" for kind in SIGNALS for part in ("30d", "recency")),
    "colleagues:30d",
    "mql_days",
    "employees",
)
WORDS = ("seniority", "department", "industry", "country")
MQL, SQL = 2, 3
"""Places in `LifecycleStage`, which is ordered."""


@dataclass(frozen=True)
class People:
    """All n contacts: fields as they stand (a CRM keeps no history of them).

    account: shape (n,), int, number of the account, or -1. employees: shape (n,), NaN where not known.
    words: shape (n, 4), in the order of `WORDS`, "" where not known. groups: shape (n,), str, who is dependent.
    """

    account: Ints
    employees: Floats
    words: NDArray[np.str_]
    groups: NDArray[np.str_]


@dataclass(frozen=True)
class Leads:
    """What happened to contacts, ready to be asked at any moment."""

    people: People
    stages: States
    tracks: Mapping[str, Track]
    of_accounts: Track
    own: Track
    won: Track

    @classmethod
    def of(cls, people: People, acts: Log, stages: States, advanced: Log) -> Leads:
        """Sort what happened.

        Args:
            acts: what contacts did or had done to them, by contact.
            stages: lifecycle stages by contact, as places in `LifecycleStage`.
            advanced: "advanced": when a contact became an SQL or more, or its opportunity was opened.
        """
        doing = np.isin(acts.kind, [kind for kind in SIGNALS if kind != "email_sent"])
        account = people.account[acts.who]
        by_account = Log(account, acts.kind, acts.at)
        keep = doing & (account >= 0)
        return cls(
            people=people,
            stages=stages,
            tracks={kind: acts.of(kind) for kind in SIGNALS},
            of_accounts=_all(Log(by_account.who[keep], by_account.kind[keep], by_account.at[keep])),
            own=_all(Log(acts.who[doing], acts.kind[doing], acts.at[doing])),
            won=advanced.of("advanced"),
        )

    def mqls(self, moment: np.datetime64) -> Ints:
        """Return the numbers of the contacts who were MQLs at the moment."""
        everyone = np.arange(len(self.people.account))
        stage, _ = self.stages.at(everyone, np.full(len(everyone), moment))
        return np.flatnonzero(stage == MQL)

    def cases(self, moments: Times, window_days: int) -> tuple[Table, Floats]:
        """Return every MQL at every moment, and whether it came true within the window.

        Only moments whose window has closed by the last event known should be given.
        """
        who, at = thinned([(self.mqls(moment), moment) for moment in moments])
        table = self.table(who, at, window_days)
        return table, (self.won.between(who, at, window_days) > 0).astype(float)

    def table(self, who: Ints, at: Times, window_days: int) -> Table:
        """Return what was known of these contacts at these moments: shape (n,) each."""
        columns = []
        for kind in SIGNALS:
            track = self.tracks[kind]
            columns += [track.count(who, at, 30), track.recency(who, at)]
        account = self.people.account[who]
        colleagues = self.of_accounts.count(np.maximum(account, 0), at, 30) - self.own.count(who, at, 30)
        _, days = self.stages.at(who, at)
        columns += [np.where(account >= 0, colleagues, np.nan), days, np.log10(self.people.employees[who])]
        return Table(
            number_names=NUMBERS,
            word_names=WORDS,
            numbers=np.column_stack(columns),
            words=self.people.words[who],
            at=at,
            known_at=at + np.timedelta64(window_days * 86_400, "s"),
            entities=self.people.groups[who],
        )


def _all(log: Log) -> Track:
    return log.of(*(str(kind) for kind in np.unique(log.kind)))


def phrase(signal: str, values: Mapping[str, float | str]) -> str:
    """Say one signal of a lead in words."""
    if signal in SIGNALS:
        return counted(signal, values, SIGNALS[signal])
    value = values[next(iter(values))]
    if isinstance(value, str):
        return f"{signal.capitalize()}: {value}" if value else f"{signal.capitalize()} not known"
    if signal == "colleagues":
        colleagues = values["colleagues:30d"]
        if np.isnan(value):
            return "No company on record"
        return (
            f"{colleagues:.0f} acts of colleagues in 30 days" if value else "No colleague was seen in 30 days"
        )
    if signal == "mql_days":
        return (
            "Time as MQL not known"
            if np.isnan(value)
            else f"An MQL for {value:.0f} day{'' if round(value) == 1 else 's'}"
        )
    return "Company size not known" if np.isnan(value) else f"About {10**value:,.0f} employees"


SIZES = (50.0, 250.0, 1_000.0)
_SHRINK = 5.0


def deal_worths(
    employees: Floats, amounts_cents: Floats, is_won: Bools, is_closed: Bools, asked: Floats
) -> Floats:
    """Return shape (n,), cents: what an opportunity at a company of this size brings in the mean.

    Mean amount of deals by size band, shrunk to the overall mean by five deals' weight, times the share of closed
    deals that were won (one more win and one more loss than seen). NaN where there are no deals at all.

    Args:
        employees: shape (m,), of the deals' companies, NaN where not known.
        amounts_cents: shape (m,), above 0.
        is_won, is_closed: shape (m,).
        asked: shape (n,), employees, NaN where not known.
    """
    if not len(amounts_cents):
        return np.full(len(asked), np.nan)
    share = (is_won.sum() + 1) / (is_closed.sum() + 2)
    mean = float(amounts_cents.mean())
    bands = len(SIZES) + 2
    band = _band(employees)
    sums = np.bincount(band, weights=amounts_cents, minlength=bands)
    by_band = (sums + _SHRINK * mean) / (np.bincount(band, minlength=bands) + _SHRINK)
    return np.asarray(by_band[_band(asked)] * share)


def _band(employees: Floats) -> Ints:
    return np.where(np.isnan(employees), len(SIZES) + 1, np.digitize(np.nan_to_num(employees), SIZES))
