"""What a message is truly worth, from the hidden truth: the measure of every player, and the oracle's eyes.

First order in warmth: a response's impulse times its mean life times what a move to the next stage is worth
to this contact's account now. It leaves out that later messages find another pressure (the oracle has a
separate rule for that).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evals.market.catalogue import LEAD, MQL, OPPORTUNITY, SQL
from evals.market.response import depth, odds
from evals.market.world import World

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Truth:
    """Looks into a world whose game ends on day `last_day` and whose deals close until `horizon`."""

    world: World
    last_day: int
    horizon: int

    def warmth_worth(self) -> Floats:
        """Shape (n,), cents: what one unit of warmth adds to expected revenue, own and colleagues'."""
        w, p = self.world, self.world.params
        account, left = w.known.account, max(self.horizon - w.day, 1)
        opened, won = odds(p)
        deal = w.expected_deal_cents
        n_sql = np.bincount(account, weights=w.stage == SQL, minlength=w.known.n_accounts)
        others = n_sql[account] - (w.stage == SQL)
        is_open = ~w.has_deal & (w.cool_until <= w.day)
        sql = opened * deal[account] * is_open[account] * (1 - opened) ** others
        need = w.hidden.need
        stays = np.exp(-p.sql_hazard * need * left)
        mql = (1 - stays) * sql
        stays_lead = np.exp(-p.mql_hazard * need * left)
        life = p.warmth_half_life_days / np.log(2)
        n = len(need)
        # What one more unit of a contact's hazard multiplier is worth, by stage.
        each = np.select(
            [w.stage == LEAD, w.stage == MQL],
            [p.mql_hazard * need * stays_lead * mql * 0.75, p.sql_hazard * need * stays * sql],
            np.zeros(n),
        )
        own = life * each * (1 + p.committee * np.maximum(w.colleagues(), 0))
        own = np.where(w.stage == SQL, opened * (1 - opened) * p.late_warmth * 0.6 * sql / opened, own)
        people = np.bincount(account, minlength=w.known.n_accounts)[account]
        in_deal = (1 - won) * p.late_warmth * 0.6 * deal[account] / people * w.has_deal[account]
        shared = each * (1 + np.maximum(w.warmth, 0))
        total = np.bincount(account, weights=shared, minlength=w.known.n_accounts)[account]
        committee = life * p.committee * (total - shared) / np.maximum(people - 1, 1)
        return np.asarray(np.where(w.stage <= OPPORTUNITY, own + in_deal + committee, 0.0))

    def values(self, who: Ints) -> Floats:
        """Shape (m, K), cents: expected worth of each action today for contacts `who`, silence 0."""
        w, p = self.world, self.world.params
        response, stage, slots = w.response, w.stage[who], len(w.catalogue.slots)
        worth = (self.warmth_worth()[who] * w.hidden.moved[who])[:, None]
        logits = response.logits(who, stage, w.pressure[who], w.repetition(who, w.day))
        deep = np.repeat(depth(w.catalogue, stage), slots, axis=1)
        click = response.click(
            np.repeat(logits, slots, axis=1) + np.tile(response.slot_logits(who), (1, w.catalogue.n_assets))
        )
        reply = response.reply(who, click)
        meeting = response.booking(stage)[:, None] * p.warmth_meeting
        gain = worth * (click * p.warmth_click * deep + reply * (p.warmth_reply * deep + meeting))
        match = np.repeat(response.match[who], slots, axis=1)
        leaves = response.unsubscribe(who, w.pressure[who], match)
        annoyed = p.warmth_annoyance * w.pressure[who][:, None] * (1 - click) * worth
        messages = max(self.last_day - w.day, 0) / 5
        rest = 0.5 * messages * np.maximum(gain.max(axis=1, keepdims=True), 0)
        leaving = p.unsubscribe_cost_cents + p.complaint_share * p.complaint_cost_cents + rest
        speaking = gain + annoyed - leaves * leaving - p.message_cost_cents
        return np.hstack([speaking, np.zeros((len(who), 1))])
