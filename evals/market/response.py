"""How contacts respond to messages and how responses move purchases: pure functions of the hidden truth.

Shared by the closed-loop world, the living sample market and the oracle, so that all mean the same market.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from evals.market.catalogue import BREVITY, FORMATS, MQL, Catalogue
from evals.market.parameters import DEPTH, PARAMETERS, MarketParameters
from evals.market.population import BREVITY_WANTED, Hidden, Known

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_DEPTH = np.array([[*DEPTH[form], DEPTH[form][3]] for form in FORMATS])
"""Shape (formats, stages)."""


def match(interest: Floats, topics: Floats) -> Floats:
    """Shape (n, A), in [0, 1]: the share of each contact's interest that an asset's topics cover."""
    return np.clip(interest @ topics.T, 0, 1)


def depth(catalogue: Catalogue, stage: Ints) -> Floats:
    """Shape (n, A): how far one response to each asset moves a contact at its stage, relative."""
    return np.asarray(_DEPTH[catalogue.form][:, stage].T)


class Response:
    """The click logits before pressure, kept for all contacts and assets; recomputed where truth drifts."""

    def __init__(
        self, known: Known, hidden: Hidden, catalogue: Catalogue, params: MarketParameters = PARAMETERS
    ) -> None:
        self.hidden, self.catalogue, self.params = hidden, catalogue, params
        self.match = match(hidden.interest, catalogue.topics)
        brevity = BREVITY_WANTED[known.seniority][:, None] * BREVITY[catalogue.form][None, :]
        self._lasting = (
            params.click_base
            + params.click_topic * self.match
            + params.click_format * hidden.taste[:, catalogue.form]
            + params.click_seniority * brevity
            + hidden.own[:, None]
            + hidden.quality[None, :]
        )

    def logits(self, who: Ints, stage: Ints, pressure: Floats, repetition: Floats) -> Floats:
        """Shape (m, A): click logits of contacts `who` for every asset, apart from the send slot.

        logit = base + topic * match + format * taste + stage * (depth - 0.9) + seniority * brevity fit
                + own + quality + repeat * repetition + pressure * wearies * recent messages

        Args:
            who: shape (m,), contacts.
            stage: shape (m,).
            pressure: shape (m,), recent messages, decayed.
            repetition: shape (m, A), in [0, 1], how lately they had each asset.
        """
        p = self.params
        tired = p.click_pressure * self.hidden.wearies[who] * pressure
        fit = p.click_stage * (depth(self.catalogue, stage) - 0.9)
        return np.asarray(self._lasting[who] + fit + p.click_repeat * repetition + tired[:, None])

    def slot_logits(self, who: Ints) -> Floats:
        """Shape (m, S): what each send slot adds to the click logit."""
        return np.asarray(
            self.params.click_slot * self.hidden.slot_habit[who][:, : len(self.catalogue.slots)]
        )

    def click(self, logits: Floats) -> Floats:
        """Probability of a human click."""
        return np.asarray(1 / (1 + np.exp(-logits)))

    def reply(self, who: Ints, click: Floats) -> Floats:
        """Probability of a reply to a message whose click probability is `click` (any trailing shape)."""
        tendency = self.params.reply_share * self.hidden.replies[who]
        return np.minimum(click * tendency.reshape(-1, *[1] * (click.ndim - 1)), 0.5)

    def booking(self, stage: Ints) -> Floats:
        """Probability that a reply leads to a meeting."""
        return np.array([*self.params.booking_share, 0.0])[stage]

    def unsubscribe(self, who: Ints, pressure: Floats, match_: Floats) -> Floats:
        """Probability that one message makes them leave; `match_` has shape (m,) or (m, A).

        base * exp(pressure weight * wearies * recent messages + mismatch weight * (1 - match))
        """
        p = self.params
        tired = p.unsubscribe_pressure * self.hidden.wearies[who] * pressure
        if match_.ndim == 2:
            tired = tired[:, None]
        return np.minimum(p.unsubscribe_base * np.exp(tired + p.unsubscribe_mismatch * (1 - match_)), 0.5)


def stage_hazard(
    stage: Ints, need: Floats, warmth: Floats, colleagues: Floats, params: MarketParameters
) -> Floats:
    """Shape (n,): daily hazard of a lead's becoming an MQL, an MQL's an SQL, an SQL's opening a deal.

    base(stage) * need * (1 + warmth * late) * (1 + committee * colleagues' mean warmth); `late` is 1 before
    sales is in charge. Linear in warmth, so one response's whole effect is its impulse times the mean life.
    """
    base = np.array([params.mql_hazard, params.sql_hazard, params.opportunity_hazard, 0.0, 0.0])[stage]
    late = np.array([1.0, 1.0, params.late_warmth, 0.0, 0.0])[stage]
    fit = np.where(stage <= MQL, need, 1.0)
    return np.asarray(base * fit * (1 + late * warmth) * (1 + params.committee * np.maximum(colleagues, 0)))


def expected_amount(employees: Floats, params: MarketParameters) -> Floats:
    """Shape (accounts,): mean amount of a deal in cents, by head count."""
    typical = params.amount_cents * (employees / 200) ** params.amount_size_power
    return np.asarray(typical * np.exp(params.amount_sd**2 / 2))


def odds(params: MarketParameters) -> tuple[float, float]:
    """Return (share of SQL contacts who open a deal, share of deals won), without warmth."""
    opened = params.opportunity_hazard / (params.opportunity_hazard + params.disqualified_hazard)
    won = params.won_hazard / (params.won_hazard + params.lost_hazard)
    return opened, won
