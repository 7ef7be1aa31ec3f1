"""The living market, day by day for all contacts at once: messages out, own acts, stages, deals.

`send` says at once what a message will bring and when; `live` lets one day pass. A contact's path is a
function of the seed and of what was sent to it and its colleagues, never of the order of calls.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from evals.market.catalogue import CUSTOMER, LEAD, MQL, OPPORTUNITY, SQL, Catalogue
from evals.market.parameters import PARAMETERS, MarketParameters
from evals.market.population import Hidden, Known, one_of
from evals.market.response import Response, depth, expected_amount, odds, stage_hazard
from evals.market.shocks import Chance, Shocks, shocks

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_AHEAD = 32
"""Days within which everything a message brings has happened."""
_NEVER = -10_000


@dataclass(frozen=True)
class Sent:
    """What m messages bring. who, asset, slot: shape (m,). Outcomes: shape (m,), bool.

    reply_days, booking_days, meeting_days: shape (m,), int, days after sending; meaningful where the
    outcome is True. Clicks fall on the day of the message. stage: shape (m,), when it was sent.
    """

    day: int
    who: Ints
    asset: Ints
    slot: Ints
    stage: Ints
    clicked: Bools
    replied: Bools
    booked: Bools
    unsubscribed: Bools
    complained: Bools
    reply_days: Ints
    booking_days: Ints
    meeting_days: Ints


@dataclass(frozen=True)
class Day:
    """What happened on one day apart from clicks. Shapes (n,) or (accounts,).

    visit: topic index or -1. download: asset index or -1. form: bool. stage_before, stage: at start and end.
    opened, won, lost: deals of accounts, bool.
    """

    day: int
    visit: Ints
    download: Ints
    form: Bools
    stage_before: Ints
    stage: Ints
    opened: Bools
    won: Bools
    lost: Bools


@dataclass
class World:
    """The state of a market. `day` is the next day to live; `pressure` and `warmth` are of its morning."""

    seed: int
    known: Known
    hidden: Hidden
    catalogue: Catalogue
    params: MarketParameters = PARAMETERS
    day: int = 0
    is_seasonal: bool = False
    first_weekday: int = 0
    stage: Ints = field(init=False)
    warmth: Floats = field(init=False)
    pressure: Floats = field(init=False)
    out: Bools = field(init=False)
    has_deal: Bools = field(init=False)
    cool_until: Ints = field(init=False)
    amount_cents: Floats = field(init=False)

    def __post_init__(self) -> None:
        n, a = len(self.known), self.known.n_accounts
        self.stage = self.known.stage.copy()
        self.warmth, self.pressure = np.zeros(n), np.zeros(n)
        self.out = np.zeros(n, dtype=bool)
        self.has_deal = np.zeros(a, dtype=bool)
        self.cool_until = np.full(a, _NEVER)
        self._due = np.zeros((_AHEAD, n))
        self._had_on = np.full((n, self.catalogue.n_assets), _NEVER)
        self._colleagues = np.maximum(np.bincount(self.known.account, minlength=a)[self.known.account] - 1, 1)
        normal = np.random.default_rng([self.seed, 4]).normal(0, self.params.amount_sd, a)
        typical = self.params.amount_cents * (self.known.employees / 200) ** self.params.amount_size_power
        self.amount_cents = typical * np.exp(normal)
        self.expected_deal_cents = expected_amount(self.known.employees, self.params) * odds(self.params)[1]
        self.response = Response(self.known, self.hidden, self.catalogue, self.params)

    def drift(self, hidden: Hidden) -> None:
        """Let the hidden truth be another one from now on."""
        self.hidden = hidden
        self.response = Response(self.known, hidden, self.catalogue, self.params)

    def repetition(self, who: Ints, day: int) -> Floats:
        """Shape (m, A), in [0, 1]: how fresh each asset is in their memory; 1 if sent just now."""
        age = np.minimum(day - self._had_on[who], 400)
        return np.asarray(0.5 ** (age / self.params.repeat_half_life_days))

    # Messages -----------------------------------------------------------------------------------------------

    def send(self, day: int, who: Ints, actions: Ints) -> Sent:
        """Send messages on `day` (today, or some days ahead of what was lived) and say what they bring.

        Args:
            day: not before `self.day`; less than three weeks ahead.
            who: shape (m,), distinct contacts; one who is out gets and brings nothing.
            actions: shape (m,), speaking actions.
        """
        who, actions = who[~self.out[who]], actions[~self.out[who]]
        p, rows, chance = self.params, np.arange(len(who)), self._shocks(day)
        asset, slot, stage = (
            self.catalogue.asset_of(actions),
            self.catalogue.slot_of(actions),
            self.stage[who],
        )
        fade = 0.5 ** ((day - self.day) / p.pressure_half_life_days)
        pressure = self.pressure[who] * fade
        logits = self.response.logits(who, stage, pressure, self.repetition(who, day))[rows, asset]
        logits = logits + self.response.slot_logits(who)[rows, slot]
        p_click = self.response.click(logits)
        clicked = chance[Chance.CLICK][who] < p_click
        replied = chance[Chance.REPLY][who] < self.response.reply(who, p_click)
        booked = replied & (chance[Chance.BOOKING][who] < self.response.booking(stage))
        match = self.response.match[who, asset]
        leaves = chance[Chance.UNSUBSCRIBE][who] < self.response.unsubscribe(who, pressure, match)
        leaves &= ~replied
        sent = Sent(
            day=day,
            who=who,
            asset=asset,
            slot=slot,
            stage=stage,
            clicked=clicked,
            replied=replied,
            booked=booked,
            unsubscribed=leaves,
            complained=leaves & (chance[Chance.COMPLAINT][who] < p.complaint_share),
            reply_days=(chance[Chance.REPLY_DELAY][who] ** 2 * 5).astype(int),
            booking_days=(chance[Chance.BOOKING_DELAY][who] * 3).astype(int),
            meeting_days=7 + (chance[Chance.MEETING_DELAY][who] * 8).astype(int),
        )
        self._take_effect(sent, pressure)
        self.pressure[who] += (1 - p.relief * match) / fade
        self._had_on[who, asset] = day
        self.out[who[leaves]] = True
        return sent

    def _take_effect(self, sent: Sent, pressure: Floats) -> None:
        """Put what responses do to warmth on the days they happen."""
        p, who = self.params, sent.who
        moves = depth(self.catalogue, sent.stage)[np.arange(len(who)), sent.asset] * self.hidden.moved[who]
        ignored = ~sent.clicked & ~sent.replied
        at_once = p.warmth_click * moves * sent.clicked + p.warmth_annoyance * pressure * ignored
        self._add_due(np.full(len(who), sent.day), who, at_once)
        replied_on = sent.day + sent.reply_days
        self._add_due(replied_on, who, p.warmth_reply * moves * sent.replied)
        met_on = replied_on + sent.booking_days + sent.meeting_days
        self._add_due(met_on, who, p.warmth_meeting * self.hidden.moved[who] * sent.booked)

    def _add_due(self, days: Ints, who: Ints, amounts: Floats) -> None:
        np.add.at(self._due, (days % _AHEAD, who), amounts)

    # Days ---------------------------------------------------------------------------------------------------

    def season(self, day: int) -> float:
        """How active the market is on a day, relative to an average one."""
        weekday = self.params.weekday
        factor = weekday[(day + self.first_weekday) % 7] / (sum(weekday) / 7)
        first, last = self.params.holiday
        return factor * (self.params.holiday_activity if self.is_seasonal and first <= day < last else 1.0)

    def live(self, *, is_quiet: bool = False) -> Day:
        """Let `self.day` pass: own acts, then stages and deals; then it is the next morning.

        is_quiet: only own acts, no stage moves: the time before a game, in which behaviour is learned.
        """
        day, p, chance = self.day, self.params, self._shocks(self.day)
        before = self.stage.copy()
        self.warmth += self._due[day % _AHEAD]
        self._due[day % _AHEAD] = 0
        np.clip(self.warmth, p.warmth_floor, p.warmth_top, out=self.warmth)
        visit, download, form = self._own_acts(chance, self.season(day))
        none = np.zeros(self.known.n_accounts, dtype=bool)
        opened, won, lost = none, none, none
        if not is_quiet:
            self.warmth += p.form_warmth * form
            opened, won, lost = self._stages(chance, self.season(day))
        self.warmth *= 0.5 ** (1 / p.warmth_half_life_days)
        self.pressure *= 0.5 ** (1 / p.pressure_half_life_days)
        self.day += 1
        return Day(day, visit, download, form, before, self.stage.copy(), opened, won, lost)

    def _own_acts(self, chance: Shocks, season: float) -> tuple[Ints, Ints, Bools]:
        p, n = self.params, len(self.known)
        rate = self.hidden.visits * season * (1 + p.visit_warmth * np.maximum(self.warmth, 0))
        comes = np.flatnonzero(chance[Chance.VISIT] < 1 - np.exp(-rate))
        topics = self.hidden.interest.shape[1]
        at = chance[Chance.TOPIC][comes]
        topic = np.where(
            chance[Chance.TOPIC_NOISE][comes] < p.topic_noise,
            (at * topics).astype(int),
            one_of(at, self.hidden.interest[comes]),
        )
        visit, download, form = np.full(n, -1), np.full(n, -1), np.zeros(n, dtype=bool)
        visit[comes] = topic
        act = chance[Chance.ACT][comes]
        takes = act < p.download_share
        readers = comes[takes]
        likes = np.exp(self.hidden.taste[readers][:, self.catalogue.form])
        likes = likes * self.catalogue.topics[:, topic[takes]].T
        download[readers] = one_of(
            chance[Chance.CONTENT][readers], likes / np.maximum(likes.sum(axis=1, keepdims=True), 1e-12)
        )
        form[comes[(act >= p.download_share) & (act < p.download_share + p.form_share)]] = True
        return visit, download, form

    def colleagues(self) -> Floats:
        """Shape (n,): mean warmth of the others at each contact's account; 0 for one who is alone."""
        total = np.bincount(self.known.account, weights=self.warmth, minlength=self.known.n_accounts)
        return np.asarray((total[self.known.account] - self.warmth) / self._colleagues)

    def _stages(self, chance: Shocks, season: float) -> tuple[Bools, Bools, Bools]:
        p, account = self.params, self.known.account
        colleagues = self.colleagues()
        hazard = stage_hazard(self.stage, self.hidden.need, self.warmth, colleagues, p)
        moves = chance[Chance.STAGE] < 1 - np.exp(-hazard * season)
        closes = self._deals_close(chance, season)
        was_sql = self.stage == SQL
        is_blocked = (self.cool_until > self.day) | self.has_deal
        opens = moves & was_sql & ~is_blocked[account]
        opened = np.zeros(self.known.n_accounts, dtype=bool)
        opened[account[opens]] = True
        self.has_deal |= opened
        drops = chance[Chance.DISQUALIFIED] < 1 - np.exp(-p.disqualified_hazard * season)
        self.stage[was_sql & drops & ~self.has_deal[account]] = LEAD
        # Whoever sales talks to at an account with an open deal is part of that deal.
        self.stage[(self.stage == SQL) & self.has_deal[account]] = OPPORTUNITY
        is_early = self.stage <= MQL
        self.stage[moves & is_early & ~was_sql] += 1
        return opened, *closes

    def _deals_close(self, chance: Shocks, season: float) -> tuple[Bools, Bools]:
        p, account = self.params, self.known.account
        people = np.bincount(account, minlength=self.known.n_accounts)
        warm = np.bincount(account, weights=self.warmth, minlength=self.known.n_accounts) / people
        p_won = 1 - np.exp(-p.won_hazard * season * (1 + p.late_warmth * np.maximum(warm, 0)))
        p_lost = 1 - np.exp(-p.lost_hazard * season)
        won = self.has_deal & (chance.accounts[0] < p_won)
        lost = self.has_deal & ~won & (chance.accounts[1] < p_lost)
        self.has_deal &= ~won & ~lost
        self.stage[won[account]] = CUSTOMER
        self.stage[lost[account] & (self.stage == OPPORTUNITY)] = LEAD
        self.cool_until[lost] = self.day + p.cool_down_days
        return won, lost

    def _shocks(self, day: int) -> Shocks:
        return shocks(self.seed, day, len(self.known), self.known.n_accounts)
