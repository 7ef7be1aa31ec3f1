"""What would have changed a decision: the smallest change of one number after which another action leads.

One feature, or one fit of one group of actions (such as an asset's in all its slots), is moved alone, within what the
audience shows, and every value is reckoned anew by the learner itself; so what is said here holds when it is applied
(Wachter, Mittelstadt & Russell 2018, "Counterfactual Explanations", with one variable at a time). Sizes are told in
standard deviations of the audience, so that numbers of different kinds can be compared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from learning.bandit.bandit import Bandit

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

STEPS = 16
HALVINGS = 12
FEW = 3
"""A column with at most so many different values is moved only to one of them."""

GRAIN = 100
"""Continuous numbers are told in hundredths, rounded away from where they were, so that what is told is true."""


@dataclass(frozen=True)
class Span:
    """What an audience shows of one column: lowest, highest, mean, deviation, and its values where they are few."""

    low: float
    high: float
    typical: float
    deviation: float
    few: tuple[float, ...] | None

    def reachable(self, start: float) -> Iterator[Floats]:
        """Yield values below `start`, then above it, each nearest first."""
        if self.few is not None:
            yield np.array([value for value in reversed(self.few) if value < start])
            yield np.array([value for value in self.few if value > start])
            return
        for end in (self.low, self.high):
            if (end < start) == (end == self.low) and end != start:
                yield np.linspace(start, end, STEPS + 1)[1:]


def spans_of(columns: Floats) -> tuple[Span, ...]:
    """Return what each of c columns spans, from shape (n, c)."""
    found = []
    for column in columns.T:
        distinct = np.unique(column)
        few = tuple(distinct.tolist()) if len(distinct) <= FEW else None
        found.append(
            Span(
                float(distinct[0]),
                float(distinct[-1]),
                float(column.mean()),
                float(column.std()),
                few,
            )
        )
    return tuple(found)


@dataclass(frozen=True)
class Situation:
    """One decision. x: shape (d,). fits: shape (K, m). allowed: shape (K,), bool.

    groups: shape (m, K): which actions' fits move together, column by column; -1 for those that have none.
    families: shape (d,): features of one number exclude each other (one stage at a time); -1 for those that do not.
    """

    x: Floats
    fits: Floats
    allowed: NDArray[np.bool_]
    groups: Ints
    families: Ints

    def x_with(self, column: int, values: Floats) -> Floats:
        """Return shape (len(values), d): the features with one of them set; what it excludes is 0 then."""
        x = np.repeat(self.x[None], len(values), axis=0)
        if self.families[column] >= 0:
            x[:, self.families == self.families[column]] = 0
        x[:, column] = values
        return x


@dataclass(frozen=True)
class Change:
    """A change of one number and what follows.

    column: of the features, or of the fits where `group` is given. before, after: its value.
    size: in standard deviations of the audience. winner: the action that leads then.
    value, runner_up: cents, of the winner and of the one that led before, after the change.
    """

    column: int
    group: int | None
    before: float
    after: float
    size: float
    winner: int
    value: float
    runner_up: float


class Values:
    """A learner's values without their doubt, reckoned from coefficients that are worked out once."""

    def __init__(self, bandit: Bandit, unit: float | None = None) -> None:
        """Prepare a learner, one in units with the cents a unit of the contact that is asked about.

        A change is judged with the unit as it was: a unit is the same for all actions, and what is left of it when
        two are compared is their cost.
        """
        cents = bandit.cents_of(None if unit is None else np.array([unit]), 1)
        self._bandit = bandit
        self._scale = bandit.settings.prior_worth * (1.0 if cents is None else float(cents[0]))
        self._coefficients = tuple(belief.coefficients() for belief in bandit.beliefs)

    def __call__(self, x: Floats, fits: Floats) -> Floats:
        """Return shape (n, K), cents. x: shape (n or 1, d). fits: shape (n or 1, K, m)."""
        bandit = self._bandit
        inputs = bandit.basis.inputs(x)
        rate, worth, *loss = (
            inputs @ theta.T + np.einsum("nkm,km->nk", fits, theta[:, bandit.basis.dyad_columns])
            for theta in self._coefficients
        )
        return np.asarray((rate * worth + sum(loss)) * self._scale - bandit.costs)


def applied(situation: Situation, change: Change) -> Situation:
    """Return the situation with the change made."""
    x, fits = situation.x, situation.fits.copy()
    if change.group is None:
        x = situation.x_with(change.column, np.array([change.after]))[0]
    else:
        fits[situation.groups[change.column] == change.group, change.column] = change.after
    return replace(situation, x=x, fits=fits)


def leader_of(values_of: Values, situation: Situation) -> int:
    """Return the allowed action of highest expected worth."""
    values = values_of(situation.x[None], situation.fits[None])[0]
    return int(np.where(situation.allowed, values, -np.inf).argmax())


def smallest_changes(
    values_of: Values,
    situation: Situation,
    of_features: tuple[Span, ...],
    of_fits: tuple[Span, ...],
    *,
    wanted: int | None = None,
    most: int = 3,
) -> list[Change]:
    """Return the smallest single changes after which another action leads, smallest first, one a column.

    Args:
        values_of: of the learner that decided.
        situation: what it decided on.
        of_features: d spans. of_fits: m spans.
        wanted: the action that shall lead then, or None for any but the one that leads now.
        most: how many.
    """
    search = _Search(values_of, situation, wanted)
    found: dict[tuple[bool, int], Change] = {}
    for change in (*search.of_features(of_features), *search.of_fits(of_fits)):
        key = (change.group is None, change.column)
        if key not in found or change.size < found[key].size:
            found[key] = change
    return sorted(found.values(), key=lambda change: change.size)[:most]


class _Search:
    def __init__(self, values_of: Values, situation: Situation, wanted: int | None) -> None:
        self.values_of, self.situation, self.wanted = values_of, situation, wanted
        self.leader = leader_of(values_of, situation)

    def of_features(self, spans: tuple[Span, ...]) -> Iterator[Change]:
        for column, span in enumerate(spans):
            before = float(self.situation.x[column])
            if self.situation.families[column] >= 0 and before > 0:
                continue  # it can only be left for another of its family, which is told there

            def values(tried: Floats, column: int = column) -> Floats:
                return self.values_of(self.situation.x_with(column, tried), self.situation.fits[None])

            yield from self._along(column, None, before, span, values)

    def of_fits(self, spans: tuple[Span, ...]) -> Iterator[Change]:
        for column, span in enumerate(spans):
            groups = self.situation.groups[column]
            for group in np.unique(groups[self.situation.allowed & (groups >= 0)]).tolist():
                of_group = groups == group
                before = float(self.situation.fits[of_group, column][0])

                def values(
                    tried: Floats, column: int = column, of_group: NDArray[np.bool_] = of_group
                ) -> Floats:
                    fits = np.repeat(self.situation.fits[None], len(tried), axis=0)
                    fits[:, of_group, column] = tried[:, None]
                    return self.values_of(self.situation.x[None], fits)

                yield from self._along(column, group, before, span, values)

    def _along(
        self, column: int, group: int | None, before: float, span: Span, values: Callable[[Floats], Floats]
    ) -> Iterator[Change]:
        """The nearest turn below and above, where there is one."""
        if span.deviation <= 0:
            return
        for tried in span.reachable(before):
            turned = self._turned(values(tried)) if len(tried) else np.zeros(0, dtype=bool)
            if not turned.any():
                continue
            first = int(turned.argmax())
            after = float(tried[first])
            if span.few is None:
                near = before if first == 0 else float(tried[first - 1])
                after = self._nearest(near, after, values)
            row = values(np.array([after]))[0]
            winner = int(np.where(self.situation.allowed, row, -np.inf).argmax())
            yield Change(
                column=column,
                group=group,
                before=before,
                after=after,
                size=abs(after - before) / span.deviation,
                winner=winner,
                value=float(row[winner]),
                runner_up=float(row[self.leader]),
            )

    def _turned(self, values: Floats) -> NDArray[np.bool_]:
        winners = np.where(self.situation.allowed, values, -np.inf).argmax(axis=1)
        return np.asarray(winners != self.leader if self.wanted is None else winners == self.wanted)

    def _nearest(self, near: float, far: float, values: Callable[[Floats], Floats]) -> float:
        """The turn between a value that does not turn and one that does, told in hundredths where that holds."""
        begin, end = near, far
        for _ in range(HALVINGS):
            middle = (begin + end) / 2
            if self._turned(values(np.array([middle])))[0]:
                end = middle
            else:
                begin = middle
        rounded = (np.ceil(end * GRAIN) if far > near else np.floor(end * GRAIN)) / GRAIN
        beyond = rounded > far if far > near else rounded < far
        return float(rounded) if not beyond and self._turned(values(np.array([rounded])))[0] else end
