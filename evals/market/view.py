"""What players may see: a contact's record and tallies of what was observed, never a hidden trait.

Built from `Known`, the catalogue and the acts of each day alone. Machine clicks and opens are left out.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from evals.market.catalogue import (
    BREVITY,
    CUSTOMER,
    DEPARTMENTS,
    FORMATS,
    INDUSTRIES,
    SENIORITIES,
    STAGES,
    TOPICS,
    Catalogue,
)
from evals.market.population import Known
from evals.market.world import Day, Sent
from learning.features.alike import Classes, Shown

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

ACTS = ("page", "download", "form", "click", "reply", "meeting", "sent")
_ACT_HALF_LIFE_DAYS = 14.0
_TASTE_HALF_LIFE_DAYS = 60.0
_RECENCY_DAYS = 14.0
_NEVER = -10_000
_AHEAD = 32
EMPLOYEES_SHIFT = 5.0
"""Taken off the logarithm of a head count."""
_ROUGH_RANK = {"executive": 1.0, "director": 0.5, "manager": 0.0, "specialist": -0.5, "unknown": 0.0}
_RANK = np.array([_ROUGH_RANK[name] for name in SENIORITIES])
USUAL_STAGE = np.array(
    [
        {"case_study": 1, "comparison": 1, "calculator": 1, "demo": 1, "offer": 2, "meeting": 2}.get(form, 0)
        for form in FORMATS
    ]
)
"""Shape (formats,): where marketers usually place a form: 0 top, 1 middle, 2 bottom of the funnel."""

FEATURE_NAMES: tuple[str, ...] = (
    *(f"count:{act}" for act in ACTS),
    *(f"recency:{act}" for act in ACTS),
    *(f"stage:{stage}" for stage in STAGES),
    "stage:days",
    *(f"seniority:{name}" for name in SENIORITIES),
    "account:log_employees",
    *(f"industry:{name}" for name in INDUSTRIES),
    *(f"department:{name}" for name in DEPARTMENTS),
    "pressure:days_7",
    "pressure:days_28",
    "pressure:unanswered",
    *(f"topic:{topic}" for topic in TOPICS),
    "topic:evidence",
    "account:colleagues_engaged",
    "account:contacts",
    "account:has_deal",
)
DYAD_NAMES: tuple[str, ...] = (
    "topic_affinity",
    "topic_last",
    "topic_sure",
    "stage_declared",
    "stage_usual",
    "brevity_fit",
    "industry_declared",
    "form_affinity",
    "form_unanswered",
    "had_before",
    "alike_interest",
    "alike_answers",
    "slot_affinity",
)
_CLASSES_FROM = -40
"""Before this day of the time before a game too little was seen to look for classes."""


@dataclass
class View:
    """Tallies of one market as its players see it. `day` is the day of the next decision.

    week_cap: messages a contact may get in any seven days.
    """

    known: Known
    catalogue: Catalogue
    week_cap: int = 2
    day: int = 0

    counts: Floats = field(init=False)
    last: Ints = field(init=False)

    def __post_init__(self) -> None:
        n, k = len(self.known), self.catalogue
        self.counts = np.zeros((len(ACTS), n))
        self.last = np.full((len(ACTS), n), _NEVER)
        self.stage = self.known.stage.copy()
        self.out = np.zeros(n, dtype=bool)
        self._stage_since = np.full(n, self.day)
        self._topics, self._last_topic = np.zeros((n, len(TOPICS))), np.full(n, -1)
        self._liked, self._unanswered = np.zeros((n, len(FORMATS))), np.zeros((n, len(FORMATS)))
        self._sent, self._answered = np.zeros((n, len(FORMATS))), np.zeros((n, len(FORMATS)))
        self._interests, self._visits = np.zeros((n, len(TOPICS))), np.zeros(n)
        self._answers = np.zeros(2)
        self.classes: Classes | None = None
        self._classes_week = _NEVER
        self._slots = np.zeros((n, len(k.slots)))
        self._had_on = np.full((n, k.n_assets), _NEVER)
        self._sent_on = np.zeros((28, n), dtype=bool)
        self._streak = np.zeros(n)
        self._coming = np.zeros((_AHEAD, 2, n), dtype=bool)
        self._replied_to = np.zeros((_AHEAD, n), dtype=np.int64)
        self._has_deal = np.zeros(self.known.n_accounts, dtype=bool)
        self._people = np.bincount(self.known.account, minlength=self.known.n_accounts)
        self._fixed = self._record()
        department = np.vstack([np.eye(len(DEPARTMENTS)), np.zeros(len(DEPARTMENTS))])
        self._words = np.hstack(
            [department[self.known.department], np.eye(len(SENIORITIES))[self.known.seniority]]
        )

    # Taking in -----------------------------------------------------------------------------------------------

    def saw_sent(self, sent: Sent) -> None:
        """Take in messages and the human clicks of the same day; replies and bookings count when they come."""
        who, hit = sent.who, sent.clicked
        self._count("sent", who)
        self._sent_on[sent.day % 28, who] = True
        self._had_on[who, sent.asset] = sent.day
        form = self.catalogue.form[sent.asset]
        self._streak[who] += 1
        np.add.at(self._unanswered, (who[~hit], form[~hit]), 1)
        np.add.at(self._sent, (who, form), 1)
        self.out[who[sent.unsubscribed]] = True
        for outcome, days, row in (
            (sent.replied, sent.reply_days, 0),
            (sent.booked, sent.reply_days + sent.booking_days, 1),
        ):
            self._coming[(sent.day + days[outcome]) % _AHEAD, row, who[outcome]] = True
        replied = sent.replied
        self._replied_to[(sent.day + sent.reply_days[replied]) % _AHEAD, who[replied]] = form[replied]
        clicked = who[hit]
        self._count("click", clicked)
        self._answer(clicked, form[hit])
        about = self.catalogue.topics[sent.asset[hit]]
        self._topics[clicked] += 2 * about / about.sum(axis=1, keepdims=True)
        self._interests[clicked] += about / about.sum(axis=1, keepdims=True)
        np.add.at(self._slots, (clicked, sent.slot[hit]), 1)

    def saw_day(self, day: Day) -> None:
        """Take in what people did by themselves, and let the day end."""
        seen = np.flatnonzero(day.visit >= 0)
        self._count("page", seen)
        self._topics[seen, day.visit[seen]] += 1
        self._last_topic[seen] = day.visit[seen]
        self._interests[seen, day.visit[seen]] += 1
        self._visits[seen] += 1
        took = np.flatnonzero(day.download >= 0)
        self._count("download", took)
        self._topics[took, day.visit[took]] += 1
        np.add.at(self._liked, (took, self.catalogue.form[day.download[took]]), 1)
        self._interests[took, day.visit[took]] += 1
        np.add.at(self._answered, (took, self.catalogue.form[day.download[took]]), 1)
        self._answers[1] += len(took)
        asked = np.flatnonzero(day.form)
        self._count("form", asked)
        self._topics[asked, day.visit[asked]] += 2
        replied, booked = self._coming[day.day % _AHEAD]
        answered = np.flatnonzero(replied)
        self._count("reply", answered)
        self._answer(answered, self._replied_to[day.day % _AHEAD, answered])
        self._count("meeting", np.flatnonzero(booked))
        self._coming[day.day % _AHEAD] = False
        moved = day.stage != day.stage_before
        self._stage_since[moved] = day.day
        self.stage = day.stage.copy()
        self._has_deal = (self._has_deal | day.opened) & ~day.won & ~day.lost
        self.counts *= 0.5 ** (1 / _ACT_HALF_LIFE_DAYS)
        fade = 0.5 ** (1 / _TASTE_HALF_LIFE_DAYS)
        self._topics *= fade
        self._liked *= fade
        self._unanswered *= fade
        self._slots *= fade
        self._interests *= fade
        self._visits *= fade
        self._sent *= fade
        self._answered *= fade
        self._answers *= fade
        self.day = day.day + 1
        self._sent_on[self.day % 28] = False

    def _answer(self, who: Ints, form: Ints) -> None:
        """Messages with these forms were clicked, or replied to: each counts when it comes."""
        self._streak[who] = 0
        np.add.at(self._liked, (who, form), 2)
        np.add.at(self._answered, (who, form), 1)
        self._answers[0] += len(who)

    def _count(self, act: str, who: Ints) -> None:
        row = ACTS.index(act)
        self.counts[row, who] += 1
        self.last[row, who] = self.day

    # Showing --------------------------------------------------------------------------------------------------

    def _record(self) -> Floats:
        """Shape (n, .): seniority to department, which never change here."""
        account = self.known.account
        department = np.vstack([np.eye(len(DEPARTMENTS)), np.zeros(len(DEPARTMENTS))])
        return np.hstack(
            [
                np.eye(len(SENIORITIES))[self.known.seniority],
                np.log(self.known.employees)[account][:, None] - EMPLOYEES_SHIFT,
                np.eye(len(INDUSTRIES))[self.known.industry[account]],
                department[self.known.department],
            ]
        )

    def topic_shares(self) -> Floats:
        """Shape (n, T): estimated interests; rows sum to one, even where nothing was seen."""
        evidence = self._topics + 0.25
        return np.asarray(evidence / evidence.sum(axis=1, keepdims=True))

    def alike(self) -> tuple[Floats, Floats]:
        """Shapes (n, T) and (n, forms): what people like them are interested in, and answer.

        Classes are looked for once a week, in what all players see; see `learning/features/alike.py`.
        """
        whole = max(self._answers.sum(), 1e-9)
        shown = Shown(
            topics=self._interests,
            answered=self._answered,
            sent=self._sent,
            acts=self._visits,
            words=self._words,
            groups=(len(DEPARTMENTS), len(SENIORITIES)),
            by_message=float(self._answers[0] / whole),
        )
        if self.day // 7 != self._classes_week and self.day >= _CLASSES_FROM:
            self.classes, self._classes_week = Classes.fitted(shown), self.day // 7
        if self.classes is None:
            return self.topic_shares(), np.full((len(self.known), len(FORMATS)), 0.5)
        return self.classes.of(shown)

    def recent(self, days: int) -> Floats:
        """Shape (n,): messages in the last `days` (at most 27) before today."""
        rows = [(self.day - back) % 28 for back in range(1, days + 1)]
        return np.asarray(self._sent_on[rows].sum(axis=0), dtype=float)

    def features(self) -> Floats:
        """Shape (n, len(FEATURE_NAMES))."""
        account, p = self.known.account, np.log1p
        engaged = self.counts[ACTS.index("click")] + self.counts[ACTS.index("form")]
        engaged = engaged + self.counts[ACTS.index("reply")]
        total = np.bincount(account, weights=engaged, minlength=self.known.n_accounts)[account]
        return np.hstack(
            [
                p(self.counts).T,
                0.5 ** (np.minimum(self.day - self.last, 400) / _RECENCY_DAYS).T,
                np.eye(len(STAGES))[self.stage],
                p(self.day - self._stage_since)[:, None] / 4,
                self._fixed,
                self.recent(7)[:, None],
                self.recent(27)[:, None] / 4,
                p(self._streak)[:, None],
                self.topic_shares(),
                p(self._topics.sum(axis=1))[:, None],
                p(total - engaged)[:, None],
                self._people[account][:, None] / 4,
                self._has_deal[account][:, None],
            ]
        )

    def allowed(self, hidden_assets: NDArray[np.bool_] | None = None) -> NDArray[np.bool_]:
        """Shape (n, K): caps, opt-outs and declared fit; silence is always allowed.

        hidden_assets: shape (A,), assets that do not exist yet.
        """
        k, account = self.catalogue, self.known.account
        fit = k.for_stage[:, self.stage].T & k.for_seniority[:, self.known.seniority].T
        fit = fit & k.for_industry[:, self.known.industry[account]].T
        may = ~self.out & (self.stage != CUSTOMER) & (self.recent(6) < self.week_cap)
        fit = fit & may[:, None]
        if hidden_assets is not None:
            fit = fit & ~hidden_assets
        return np.hstack([np.repeat(fit, len(k.slots), axis=1), np.ones((len(fit), 1), dtype=bool)])

    def dyads(self) -> Floats:
        """Shape (n, K, len(DYAD_NAMES)): how each action fits each contact; zeros for silence."""
        k, n, slots = self.catalogue, len(self.known), len(self.catalogue.slots)
        by_asset = np.empty((n, k.n_assets, len(DYAD_NAMES) - 1))
        affinity = self.topic_shares() @ k.topics.T
        seen = 0.5 ** (np.minimum(self.day - self.last[0], 400) / _RECENCY_DAYS)
        last = np.where(self._last_topic[:, None] >= 0, k.topics[:, self._last_topic].T, 0.0)
        declared = k.for_stage & ~k.for_stage[:, :4].all(axis=1, keepdims=True)
        special = ~k.for_industry.all(axis=1)
        usual = 1 - np.abs(USUAL_STAGE[k.form][None, :] - np.minimum(self.stage, 2)[:, None]) / 2
        liked = (self._liked + 0.15) / (self._liked.sum(axis=1, keepdims=True) + 0.15 * len(FORMATS))
        interest, readiness = self.alike()
        for column, dyad in enumerate(
            (
                affinity,
                last * seen[:, None],
                affinity * np.log1p(self._topics.sum(axis=1))[:, None],
                declared[:, self.stage].T,
                usual,
                _RANK[self.known.seniority][:, None] * BREVITY[k.form],
                special & k.for_industry[:, self.known.industry[self.known.account]].T,
                liked[:, k.form],
                np.log1p(self._unanswered[:, k.form]),
                0.5 ** (np.minimum(self.day - self._had_on, 400) / 45),
                interest @ k.topics.T,
                readiness[:, k.form],
            )
        ):
            by_asset[:, :, column] = dyad
        found = np.zeros((n, k.n_actions, len(DYAD_NAMES)))
        found[:, :-1, :-1] = np.repeat(by_asset, slots, axis=1)
        if slots > 1:
            habit = (self._slots + 0.5) / (self._slots.sum(axis=1, keepdims=True) + 0.5 * slots)
            found[:, :-1, -1] = np.tile(habit, (1, k.n_assets))
        return found
