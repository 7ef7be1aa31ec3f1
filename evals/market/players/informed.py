"""The informed player: knows how the visible columns go with the hidden truth, and sees nothing else.

Boosted trees are fitted to the true worth of messages in other markets, on the very columns all players see and on how
good each asset truly is, which everybody finds out who sends it often. It then sends what the trees say is worth most.
What it lacks to the oracle, the columns do not tell. It is a ceiling from below: better trees may tell a little more.
The typed player is told each buyer's hidden type besides, and nothing more: what it adds is what knowing people better
could bring at most.

Source: Friedman (2001), Ann. Statist. 29(5); scikit-learn's HistGradientBoostingRegressor.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingRegressor

from domain.learner import Choice
from evals.market.loop import Game, Scenario
from evals.market.players.oracle import Oracle
from evals.market.players.player import Briefing, Maker, Random, certain
from evals.market.players.rules import Rules
from evals.market.population import TYPES
from evals.market.truth import Truth

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]
Ints = NDArray[np.int64]

TRAINING_SEEDS = (9_301, 9_302, 9_303)
"""Markets no result is reported on."""

CONTACTS_A_DAY = 60
"""So many contacts of each decision day, with all that they may get, are learned from."""


class Trees(Protocol):
    """What was fitted."""

    def predict(self, X: Singles) -> Floats:
        """Return shape (pairs,), the worth of a message in units."""
        ...


@dataclass
class _Seen:
    """What was seen in training games: inputs, true worth and cents a unit of messages."""

    messages: list[Singles] = field(default_factory=list)
    worths: list[Floats] = field(default_factory=list)
    units: list[Floats] = field(default_factory=list)


class _Witness:
    """Lets another player decide, and writes down what some contacts looked like and what was true of them."""

    name = "witness"

    def __init__(self, briefing: Briefing, make: Maker, seen: _Seen, knows_types: bool) -> None:
        self._player, self._seen, self._briefing = make(briefing), seen, briefing
        self._knows_types = knows_types
        self._truth: tuple[Floats, Floats, Floats] | None = None

    def see(self, truth: Truth, who: Ints) -> None:
        """Look, and let the player look who may."""
        known = types_of(truth, who, self._knows_types)
        self._truth = truth.values(who), told_of(truth, self._briefing), known
        if isinstance(self._player, Oracle):
            self._player.see(truth, who)

    def choose(self, features: Floats, allowed: NDArray[np.bool_], dyads: Floats, seed: int) -> Choice:
        """Write down, then let the player choose."""
        assert self._truth is not None
        values, told, known = self._truth
        rng = np.random.default_rng([seed, 8])
        picked = rng.choice(len(features), min(CONTACTS_A_DAY, len(features)), replace=False)
        units = self._briefing.answer_cents(features[picked])
        rows, actions = np.nonzero(allowed[picked][:, :-1])
        columns = np.hstack([features, known])[picked]
        self._seen.messages.append(inputs_of(columns, dyads[picked], told, rows, actions))
        self._seen.worths.append(values[picked][rows, actions])
        self._seen.units.append(units[rows])
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


def told_of(truth: Truth, briefing: Briefing) -> Floats:
    """Shape (K, q + 1): what content is like, and how good it truly is."""
    catalogue, quality = truth.world.catalogue, truth.world.hidden.quality
    own = np.append(quality[catalogue.asset_of(np.arange(catalogue.silence))], 0.0)
    return np.hstack([briefing.action_features, own[:, None]])


def types_of(truth: Truth, who: Ints, knows_types: bool) -> Floats:
    """Shape (len(who), types): which hidden type each contact is of, or no columns where that is not told."""
    if not knows_types:
        return np.zeros((len(who), 0))
    return np.asarray(np.eye(len(TYPES))[truth.world.hidden.kind[who]])


@lru_cache
def fitted_trees(
    contacts: int = 3_000,
    days: int = 90,
    seeds: tuple[int, ...] = TRAINING_SEEDS,
    knows_types: bool = False,
) -> Trees:
    """Fit to games of chance, rules and oracle, so that all kinds of days are known.

    Worth is fitted in units and weighted with them: what counts is cents.
    """
    seen = _Seen()
    for seed in seeds:
        for make in _teachers(seen, knows_types):
            Game(seed, Scenario(contacts=contacts, days=days), make).play()
    units = np.concatenate(seen.units)
    trees = HistGradientBoostingRegressor(
        max_iter=200, learning_rate=0.1, max_leaf_nodes=31, min_samples_leaf=200, random_state=0
    )
    trees.fit(np.vstack(seen.messages), np.concatenate(seen.worths) / units, sample_weight=units)
    fitted: Trees = trees
    return fitted


def _teachers(seen: _Seen, knows_types: bool) -> Iterator[Maker]:
    makers: tuple[Maker, ...] = (Random, Rules, Oracle)
    for make in makers:

        def witness(briefing: Briefing, make: Maker = make) -> _Witness:
            return _Witness(briefing, make, seen, knows_types)

        yield witness


class Informed:
    """Takes the content the trees say is worth most, or stays silent where they say that nothing is worth it."""

    name = "informed"
    knows_types = False

    def __init__(self, briefing: Briefing, trees: Trees | None = None) -> None:
        self._briefing, self._k = briefing, len(briefing.action_names)
        self._trees = trees or fitted_trees(knows_types=self.knows_types)
        self._told: tuple[Floats, Floats] | None = None

    def see(self, truth: Truth, who: Ints) -> None:
        """Look at how good each asset is, at types where they are told, and at nothing else."""
        self._told = told_of(truth, self._briefing), types_of(truth, who, self.knows_types)

    def choose(self, features: Floats, allowed: NDArray[np.bool_], dyads: Floats, seed: int) -> Choice:
        """Ask the trees about everything that is allowed."""
        assert self._told is not None
        told, known = self._told
        values = np.where(allowed, 0.0, -np.inf)
        rows, actions = np.nonzero(allowed[:, :-1])
        columns = np.hstack([features, known])
        values[rows, actions] = self._trees.predict(inputs_of(columns, dyads, told, rows, actions))
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


class Typed(Informed):
    """Informed, and told each buyer's hidden type besides."""

    name = "typed"
    knows_types = True
