"""The informed player: knows how the visible columns go with the hidden truth, and sees nothing else.

Boosted trees are fitted to the true worth of messages (and to how tired people truly are) in other markets, on the very
columns all players see. It then plays as the oracle does, with what the trees say in place of the truth. Nobody who has
to find out from outcomes can know more about these columns; what it lacks to the oracle they do not tell. It is a
ceiling from below: better trees may tell a little more.

Source: Friedman (2001), Ann. Statist. 29(5); scikit-learn's HistGradientBoostingRegressor.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingRegressor

from domain.learner import Choice
from evals.market.loop import Game, Scenario
from evals.market.players.oracle import Oracle, tiredness
from evals.market.players.player import Briefing, Maker, Random, certain
from evals.market.players.rules import Rules
from evals.market.truth import Truth

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]
Ints = NDArray[np.int64]

TRAINING_SEEDS = (9_301, 9_302, 9_303)
"""Markets no result is reported on."""

CONTACTS_A_DAY = 60
"""So many contacts of each decision day, with all that they may get, are learned from."""

MOST_TIRED = 0.4
"""As the oracle's limit."""


@dataclass
class _Seen:
    """What was seen in training games: inputs and true worth of messages, inputs and tiredness of contacts."""

    messages: list[Singles] = field(default_factory=list)
    worths: list[Floats] = field(default_factory=list)
    units: list[Floats] = field(default_factory=list)
    contacts: list[Floats] = field(default_factory=list)
    tired: list[Floats] = field(default_factory=list)


class _Witness:
    """Lets another player decide, and writes down what some contacts looked like and what was true of them."""

    name = "witness"

    def __init__(self, briefing: Briefing, make: Maker, seen: _Seen) -> None:
        self._player, self._seen, self._briefing = make(briefing), seen, briefing
        self._truth: tuple[Floats, Floats] | None = None

    def see(self, truth: Truth, who: Ints) -> None:
        """Look, and let the player look who may."""
        self._truth = truth.values(who), tiredness(truth, who)
        if isinstance(self._player, Oracle):
            self._player.see(truth, who)

    def choose(self, features: Floats, allowed: NDArray[np.bool_], dyads: Floats, seed: int) -> Choice:
        """Write down, then let the player choose."""
        assert self._truth is not None
        values, tired = self._truth
        rng = np.random.default_rng([seed, 8])
        picked = rng.choice(len(features), min(CONTACTS_A_DAY, len(features)), replace=False)
        units = self._briefing.answer_cents(features[picked])
        rows, actions = np.nonzero(allowed[picked][:, :-1])
        self._seen.messages.append(
            inputs_of(features[picked], dyads[picked], self._briefing.action_features, rows, actions)
        )
        self._seen.worths.append(values[picked][rows, actions])
        self._seen.units.append(units[rows])
        self._seen.contacts.append(features[picked])
        self._seen.tired.append(tired[picked])
        return self._player.choose(features, allowed, dyads, seed)

    def learn(
        self,
        features: Floats,
        actions: Ints,
        rewards: Floats,
        propensities: Floats,
        at: NDArray[np.datetime64],
        dyads: Floats,
    ) -> None:
        """Take no notice."""


def inputs_of(features: Floats, dyads: Floats, told: Floats, rows: Ints, actions: Ints) -> Singles:
    """Shape (pairs, d + m + q): a contact's columns, how the content fits it, and what the content is like."""
    return np.hstack([features[rows], dyads[rows, actions], told[actions]], dtype=np.float32)


@dataclass(frozen=True)
class Eyes:
    """Two ensembles: of the worth of a message in units, and of how tired a contact is."""

    worth: HistGradientBoostingRegressor
    tired: HistGradientBoostingRegressor


@lru_cache
def fitted_eyes(contacts: int = 3_000, days: int = 90, seeds: tuple[int, ...] = TRAINING_SEEDS) -> Eyes:
    """Fit to games of chance, rules and oracle, so that all kinds of days are known.

    Worth is fitted in units and weighted with them: what counts is cents.
    """
    seen = _Seen()
    for seed in seeds:
        for make in _teachers(seen):
            Game(seed, Scenario(contacts=contacts, days=days), make).play()
    units = np.concatenate(seen.units)

    def trees() -> HistGradientBoostingRegressor:
        return HistGradientBoostingRegressor(
            max_iter=400, learning_rate=0.06, max_leaf_nodes=31, min_samples_leaf=200, random_state=0
        )

    worth = trees().fit(np.vstack(seen.messages), np.concatenate(seen.worths) / units, sample_weight=units)
    return Eyes(worth, trees().fit(np.vstack(seen.contacts), np.concatenate(seen.tired)))


def _teachers(seen: _Seen) -> Iterator[Maker]:
    makers: tuple[Maker, ...] = (Random, Rules, Oracle)
    for make in makers:

        def witness(briefing: Briefing, make: Maker = make) -> _Witness:
            return _Witness(briefing, make, seen)

        yield witness


class Informed:
    """Takes the content the trees say is worth most, or stays silent where they say the contact is tired."""

    name = "informed"

    def __init__(self, briefing: Briefing, eyes: Eyes | None = None) -> None:
        self._k = len(briefing.action_names)
        self._told = briefing.action_features
        self._eyes = eyes or fitted_eyes()

    def choose(self, features: Floats, allowed: NDArray[np.bool_], dyads: Floats, seed: int) -> Choice:
        """Ask the trees about everything that is allowed."""
        values = np.where(allowed, 0.0, -np.inf)
        is_awake = self._eyes.tired.predict(features) < MOST_TIRED
        rows, actions = np.nonzero(allowed[:, :-1] & is_awake[:, None])
        values[~is_awake, :-1] = -np.inf
        if len(rows):
            asked = inputs_of(features, dyads, self._told, rows, actions)
            values[rows, actions] = self._eyes.worth.predict(asked)
        return certain(values.argmax(axis=1), self._k)

    def learn(
        self,
        features: Floats,
        actions: Ints,
        rewards: Floats,
        propensities: Floats,
        at: NDArray[np.datetime64],
        dyads: Floats,
    ) -> None:
        """Take no notice: what can be known of the columns is known."""
