"""One game: a player against one market, day by day, learning only from what comes back in time.

    for each day: settle outcomes whose window closed -> (on decision days) choose, send -> live the day
    after the last day: a tail without messages, in which deals under way close

Everybody plays the same market with the same chances (`evals/market/shocks.py`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, cast

import numpy as np
from numpy.typing import NDArray

from domain.learner import Choice
from evals.market.catalogue import MQL, SLOTS, SQL, Catalogue
from evals.market.parameters import PARAMETERS, MarketParameters
from evals.market.players.player import Briefing, Maker, Player, Seer, draw
from evals.market.population import draw_hidden, draw_known
from evals.market.sample import sample_assets
from evals.market.tally import Outcome, Tally
from evals.market.truth import Truth
from evals.market.view import DYAD_NAMES, FEATURE_NAMES, View
from evals.market.world import Day, Sent, World
from evals.market.worth import Payer

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

FIRST_DAY = np.datetime64("2026-01-05T09:00:00", "s")
"""A Monday."""
STALE_DROP = 1.5
NEWSLETTERS_A_WEEK = 0.8


@dataclass(frozen=True)
class Scenario:
    """What is played. Days count from the first decision.

    contacts: size of the market. days: days with decisions. history_days: before them, in which people
    act by themselves and the vendor's newsletter goes out, about once a week, whatever is declared to fit.
    has_backfill: whether players learn from the newsletter's outcomes before the first day.
    tail_days: days after the last decision in which deals close. slots: send slots, 1 to 3.
    window_days: how long after a decision its signals count. delay_days: how much later players hear.
    drift, drift_day: at that day interests and tastes flip, or the best assets go stale.
    is_seasonal: a holiday dip. cold_asset_day: the day `cold_assets` assets appear, or None.
    """

    contacts: int = 3_000
    days: int = 90
    history_days: int = 60
    has_backfill: bool = False
    tail_days: int = 120
    slots: int = 1
    window_days: int = 7
    delay_days: int = 0
    drift: Literal["none", "flip", "stale"] = "none"
    drift_day: int = 45
    is_seasonal: bool = False
    cold_asset_day: int | None = None
    cold_assets: int = 4
    params: MarketParameters = PARAMETERS


@dataclass
class _Decided:
    """Decisions of one day that wait for their outcome. Rows are those who could have got something."""

    day: int
    rows: Ints
    features: Floats
    actions: Ints
    propensities: Floats
    dyads: Floats
    rewards: Floats
    advance: Floats
    touched: NDArray[np.bool_]


@dataclass
class Game:
    """One market laid out for one player.

    Raises:
        ValueError: if the scenario asks for more slots or cold assets than there are.
    """

    seed: int
    scenario: Scenario
    make: Maker
    catalogue: Catalogue = field(init=False)
    world: World = field(init=False)
    view: View = field(init=False)
    player: Player = field(init=False)

    def __post_init__(self) -> None:
        s = self.scenario
        if not 1 <= s.slots <= len(SLOTS):
            raise ValueError(f"there are 1 to {len(SLOTS)} send slots, not {s.slots}")
        self.catalogue = Catalogue.of(sample_assets(), SLOTS[: s.slots])
        if s.cold_assets >= self.catalogue.n_assets:
            raise ValueError(
                f"{s.cold_assets} cold assets leave none of {self.catalogue.n_assets} to begin with"
            )
        known = draw_known(self.seed, s.contacts, s.params)
        hidden = draw_hidden(self.seed, known, self.catalogue.n_assets, s.params)
        start = -s.history_days
        self.world = World(
            self.seed, known, hidden, self.catalogue, s.params, start, s.is_seasonal, first_weekday=0
        )
        self.view = View(known, self.catalogue, s.params.week_cap, start)
        self._payer = Payer.of(known, self.catalogue, s.params)
        self.player = self.make(
            Briefing(
                self.catalogue.action_names,
                self.catalogue.action_features,
                self.catalogue.action_feature_names,
                FEATURE_NAMES,
                DYAD_NAMES,
                self._payer.answers,
            )
        )
        self._truth = Truth(self.world, s.days, s.days + s.tail_days)
        self._waiting: list[_Decided] = []
        # Spread over the library, so that several topics and forms are among the new ones.
        cold = np.zeros(self.catalogue.n_assets, dtype=bool)
        cold[np.random.default_rng([self.seed, 6]).permutation(self.catalogue.n_assets)[: s.cold_assets]] = (
            True
        )
        self._cold = cold

    def play(self) -> Outcome:
        """Play all days and return what came of it."""
        s, p = self.scenario, self.scenario.params
        self.live_history()
        if s.has_backfill:
            self._settle(s.delay_days + s.window_days + 1)
        tally = Tally(self.world, s.days, self._cold)
        for day in range(s.days + s.tail_days):
            if day == s.drift_day and s.drift != "none":
                self._drift()
            if day < s.days:
                self._settle(day)
                if (day + self.world.first_weekday) % 7 in p.decision_weekdays:
                    sent, worth = self._decide(day)
                    tally.saw_sent(sent, worth)
            lived = self.world.live()
            self.view.saw_day(lived)
            self._credit(lived)
            tally.saw_day(lived)
        return tally.outcome(self.player.name, self.seed)

    def live_history(self) -> None:
        """Let the days before the game pass, with the newsletter."""
        for day in range(-self.scenario.history_days, 0):
            self._newsletter(day)
            self.view.saw_day(self.world.live(is_quiet=True))

    def _drift(self) -> None:
        hidden = self.world.hidden
        if self.scenario.drift == "flip":
            self.world.drift(hidden.flipped(np.random.default_rng([self.seed, 7])))
        else:
            best = np.argsort(-hidden.quality)[: self.catalogue.n_assets // 4]
            self.world.drift(hidden.stale(best, STALE_DROP))

    def _newsletter(self, day: int) -> None:
        """Before the game: on decision days to a random part of those who may get something."""
        p = self.scenario.params
        if (day + self.world.first_weekday) % 7 not in p.decision_weekdays:
            return
        allowed = self.view.allowed(self._cold if self.scenario.cold_asset_day is not None else None)
        rows = np.flatnonzero(allowed[:, :-1].any(axis=1))
        share = NEWSLETTERS_A_WEEK / len(p.decision_weekdays)
        even = allowed[rows] * share / np.maximum(allowed[rows][:, :-1].sum(axis=1, keepdims=True), 1)
        even[:, -1] = 1 - share
        choice = draw(even, seed=self.seed * 1_000 + 500 + day)
        if self.scenario.has_backfill:
            self._send(day, rows, self.view.features()[rows], self.view.dyads()[rows], choice)
            return
        # Nobody learns from it, so nobody asks what it was decided on.
        self._send(day, rows, np.zeros((len(rows), 0)), np.zeros((*even.shape, 0)), choice)
        self._waiting.clear()

    def _decide(self, day: int) -> tuple[Sent, Floats]:
        s = self.scenario
        is_cold = self._cold if s.cold_asset_day is not None and day < s.cold_asset_day else None
        allowed = self.view.allowed(is_cold)
        rows = np.flatnonzero(allowed[:, :-1].any(axis=1))
        features, dyads = self.view.features()[rows], self.view.dyads()[rows]
        if hasattr(self.player, "see"):
            cast("Seer", self.player).see(self._truth, rows)
        choice = self.player.choose(features, allowed[rows], dyads, seed=self.seed * 1_000 + day)
        here, actions = np.arange(len(rows)), choice.actions
        if not allowed[rows][here, actions].all():
            raise ValueError(f"{self.player.name} chose an action that was not allowed on day {day}")
        speaks = actions < self.catalogue.silence
        worth = self._truth.values(rows[speaks])[np.arange(speaks.sum()), actions[speaks]]
        return self._send(day, rows, features, dyads, choice), worth

    def _send(self, day: int, rows: Ints, features: Floats, dyads: Floats, choice: Choice) -> Sent:
        """Send what was chosen and keep the decisions until their outcome is due."""
        actions, speaks = choice.actions, choice.actions < self.catalogue.silence
        sent = self.world.send(day, rows[speaks], actions[speaks])
        self.view.saw_sent(sent)
        rewards, advance = np.zeros(len(rows)), np.zeros(len(rows))
        rewards[speaks], advance[speaks] = self._payer.signals(sent)
        decided = _Decided(
            day=day,
            rows=rows,
            features=features,
            actions=actions,
            propensities=choice.propensities,
            dyads=dyads[np.arange(len(rows)), actions],
            rewards=rewards,
            advance=advance,
            touched=advance > 0,
        )
        self._waiting.append(decided)
        return sent

    def _credit(self, lived: Day) -> None:
        """Pay early stage moves to the latest message within the window that had an answer."""
        moved = (lived.stage > lived.stage_before) & (lived.stage_before <= MQL) & (lived.stage <= SQL)
        for decided in reversed(self._waiting):
            if decided.day < lived.day - self.scenario.window_days:
                break
            hit = moved[decided.rows] & decided.touched
            who = decided.rows[hit]
            decided.rewards[hit] += self._payer.moves(who, lived.stage_before[who], decided.advance[hit])
            moved[who] = False

    def _settle(self, day: int) -> None:
        """Tell the player outcomes whose window, and whose delay, is over."""
        s = self.scenario
        while self._waiting and self._waiting[0].day + s.window_days + s.delay_days < day:
            d = self._waiting.pop(0)
            at = np.full(len(d.rows), FIRST_DAY + np.timedelta64(d.day, "D"))
            self.player.learn(d.features, d.actions, d.rewards, d.propensities, at, d.dyads)
