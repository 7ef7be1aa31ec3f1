"""What observed signals are worth in cents: the reward players learn from, long before revenue is known.

A surrogate: each signal is paid what it adds, on average over the market and against no signal, to the
revenue expected later (Athey, Chetty, Imbens & Kang 2019, "The surrogate index"). The table follows from
the market's mean parameters, as a well-fitted value model would; it knows no contact's hidden traits.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evals.market.catalogue import MQL, STAGES, Catalogue
from evals.market.parameters import PARAMETERS, MarketParameters
from evals.market.population import Known
from evals.market.response import depth, odds
from evals.market.view import EMPLOYEES_SHIFT, FEATURE_NAMES
from evals.market.world import Sent

Floats = NDArray[np.float64]

HORIZON_DAYS = 90
"""How far ahead an MQL's chances are counted."""
USUAL_MESSAGES_A_DAY = 1.2 / 7
"""At which rate a contact is usually written to."""
INCREMENTAL_SHARE = 0.25
"""Share of a stage move within the window after a click or reply that is paid to the message: most of
those who move would have moved anyway. Assumption, of the order holdouts show."""

LEAST_ANSWER_CENTS = 1.0
_STAGE_COLUMNS = [FEATURE_NAMES.index(f"stage:{stage}") for stage in STAGES]
_EMPLOYEES_COLUMN = FEATURE_NAMES.index("account:log_employees")


@dataclass(frozen=True)
class WorthTable:
    """Cents at 200 employees, by stage (lead, MQL, SQL, open deal, customer).

    stage_value: expected revenue of a contact at the stage. warmth: of one unit of warmth.
    click, reply, booking: of one signal on content of depth 1. lost: of a contact who leaves us. attention:
    what one message takes from the messages after it, because people tire.
    """

    stage_value: Floats
    warmth: Floats
    click: Floats
    reply: Floats
    booking: Floats
    lost: Floats
    attention: Floats

    @classmethod
    def of(cls, params: MarketParameters = PARAMETERS) -> WorthTable:
        """Work the table out from the market's mean parameters.

        A unit of warmth lives half_life / ln 2 days and raises a stage's hazard by its base each day.
        """
        opened, won = odds(params)
        deal = won * params.amount_cents * np.exp(params.amount_sd**2 / 2)
        sql = opened * deal
        mql = (1 - np.exp(-params.sql_hazard * HORIZON_DAYS)) * sql
        lead = (1 - np.exp(-params.mql_hazard * HORIZON_DAYS)) * mql / 2
        life = params.warmth_half_life_days / np.log(2)
        late = params.late_warmth
        warmth = np.array(
            [
                params.mql_hazard * life * (mql - lead),
                params.sql_hazard * life * (sql - mql),
                opened * (1 - opened) * late * 0.6 * deal,
                (1 - won) * late * 0.6 * deal,
                0.0,
            ]
        )
        click, reply = params.warmth_click * warmth, params.warmth_reply * warmth
        booking = params.warmth_meeting * warmth
        typical = 0.025 * (click + params.reply_share * reply)
        # A message tires by `click_pressure` for half_life / ln 2 days, in which others go out.
        days = params.pressure_half_life_days / np.log(2)
        attention = -params.click_pressure * days * USUAL_MESSAGES_A_DAY * typical
        values = np.array([lead, mql, sql, deal, 0.0])
        return cls(values, warmth, click, reply, booking, 12 * typical, attention)


def deal_size(employees: Floats, params: MarketParameters) -> Floats:
    """How many times the deal at 200 employees."""
    return np.asarray((employees / 200) ** params.amount_size_power)


@dataclass(frozen=True)
class Payer:
    """Pays signals out for one market. size: shape (n,), how much larger than usual a contact's deal is."""

    table: WorthTable
    catalogue: Catalogue
    params: MarketParameters
    size: Floats

    @classmethod
    def of(cls, known: Known, catalogue: Catalogue, params: MarketParameters = PARAMETERS) -> Payer:
        """Read deal sizes off the accounts' head counts, as any CRM can."""
        size = deal_size(known.employees, params)
        return cls(WorthTable.of(params), catalogue, params, size[known.account])

    def signals(self, sent: Sent) -> tuple[Floats, Floats]:
        """Return (reward, advance), shape (m,), cents: what m messages brought by their signals.

        The advance is the part paid for expected stage moves; a later stage move is paid only beyond it.
        """
        t, s = self.table, sent.stage
        deep = depth(self.catalogue, s)[np.arange(len(s)), sent.asset]
        advance = deep * (t.click[s] * sent.clicked + t.reply[s] * sent.replied) + t.booking[s] * sent.booked
        advance = advance * self.size[sent.who]
        cost = self.params.message_cost_cents + t.attention[s] * self.size[sent.who]
        gone = sent.unsubscribed
        cost += gone * (self.params.unsubscribe_cost_cents + t.lost[s] * self.size[sent.who])
        cost += sent.complained * self.params.complaint_cost_cents
        return advance - cost, advance

    def answers(self, features: Floats) -> Floats:
        """Return shape (n,), cents above 0: a click on content of depth 1 by each contact, from shape (n, d).

        Reads a contact's stage and head count off the columns players see.
        """
        stage = features[:, _STAGE_COLUMNS] @ self.table.click
        employees = np.exp(features[:, _EMPLOYEES_COLUMN] + EMPLOYEES_SHIFT)
        return np.maximum(stage * deal_size(employees, self.params), LEAST_ANSWER_CENTS)

    def moves(self, who: NDArray[np.int64], before: NDArray[np.int64], advance: Floats) -> Floats:
        """Shape (m,), cents: what stage moves of early-stage contacts add to what was advanced."""
        value = self.table.stage_value
        step = value[np.minimum(before + 1, MQL + 1)] - value[before]
        return np.asarray(np.maximum(INCREMENTAL_SHARE * step * self.size[who] - advance, 0.0))
