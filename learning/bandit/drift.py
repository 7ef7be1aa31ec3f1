"""Notices that the market shifted: outcomes come more, or less, often than the learner says they should.

A cumulative sum of log-likelihood ratios (Page 1954; Lorden 1971, "Procedures for Reacting to a Change in
Distribution") weighs "the odds changed by a factor e" against "they are as predicted". Where predictions are right, an
alarm comes at most once in exp(THRESHOLD) outcomes on average, whatever the outcomes' rate.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

SHIFT = 1.0
"""Change of the log odds that is looked for, in either direction."""

THRESHOLD = 12.0
"""exp(12) is about 160,000 outcomes between false alarms."""

GATHERING = 0.25
"""Evidence beyond this part of the threshold may be the beginning of a shift."""

LEAST_RATE, MOST_RATE = 0.001, 0.98
"""Predicted rates are kept within these: a model that is all but sure may not sound the alarm at a few surprises,
while rates of one in a hundred must be told from one in fifty."""

BINS = np.arange(-6.0, 5.0)
"""Edges between bins of predicted log odds, in which predictions are held against what came of them."""

TRUST = 20.0
"""A prediction counts as much as so many outcomes of its bin."""

FADING = 0.02
"""Outcomes of a bin count less by this share for each unit of information (rate times one minus rate) seen since:
the half-life is about 140 outcomes at a rate of one half and 1,200 at one of three in a hundred, several times what a
change takes to be noticed in."""


@dataclass(frozen=True)
class Alarm:
    """A change was noticed.

    action: index of the action whose outcomes changed, or None for all. since: how many outcomes ago it began.
    evidence: log-likelihood ratio. direction: "fewer" or "more".
    """

    action: int | None
    since: int
    evidence: float
    direction: str


@dataclass
class Watch:
    """Cumulative sums over all actions that do not stand apart (column 0) and for each action (1 to K), fewer and more.

    A learner that errs by as much today as it did yesterday is no sign of change. So predictions are first corrected by
    what came of like ones (Zadrozny & Elkan 2001, "Obtaining calibrated probability estimates", binning).

    sums: shape (2, K+1). since: shape (2, K+1), outcomes counted since the sum was last 0.
    told: shape (2, bins), faded counts of outcomes by predicted log odds, and of those where somebody acted.
    told_apart: the same of actions that stand apart, which say nothing about the others. apart: indices of these.
    predicted: shape (2, bins), of batches: as `told`, but of what was predicted before it was corrected and had the
        benefit of its doubt.
    """

    sums: NDArray[np.float64]
    since: NDArray[np.int64]
    threshold: float = field(default=THRESHOLD)
    told: NDArray[np.float64] = field(default_factory=lambda: np.zeros((2, len(BINS) + 1)))
    told_apart: NDArray[np.float64] = field(default_factory=lambda: np.zeros((2, len(BINS) + 1)))
    apart: tuple[int, ...] = ()
    predicted: NDArray[np.float64] = field(default_factory=lambda: np.zeros((2, len(BINS) + 1)))

    @classmethod
    def over(cls, actions: int, apart: tuple[int, ...] = ()) -> Watch:
        """Begin watching K actions, of which some stand apart."""
        return cls(np.zeros((2, actions + 1)), np.zeros((2, actions + 1), dtype=np.int64), apart=apart)

    def corrected(self, rates: NDArray[np.float64], actions: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return what came of predictions like these so far, before a batch's own outcomes are looked at, shape (n,).

        Args:
            rates: shape (n,), predicted. actions: shape (n,), of the actions taken; one that stands apart keeps its.
        """
        p = np.clip(rates, LEAST_RATE, MOST_RATE)
        counts, wins = self.predicted[:, np.searchsorted(BINS, np.log(p / (1 - p)))]
        found = np.clip((wins + TRUST * p) / (counts + TRUST), LEAST_RATE, MOST_RATE)
        return np.asarray(np.where(np.isin(actions, self.apart), rates, found))

    def note(self, rates: NDArray[np.float64], acted: NDArray[np.bool_], actions: NDArray[np.int64]) -> None:
        """Count what came of a batch's predictions, shape (n,) each, for the batches after it.

        Not while evidence of a shift of all gathers: what came of it would become what is expected.
        """
        if self.sums[:, 0].max() > self.threshold * GATHERING:
            return
        some = ~np.isin(actions, self.apart)
        for rate, came in zip(rates[some].tolist(), acted[some].tolist(), strict=True):
            _corrected(self.predicted, min(max(rate, LEAST_RATE), MOST_RATE), came)

    def see(self, rate: float, acted: bool, action: int) -> Alarm | None:
        """Take one outcome in; return an alarm if it completes one, and begin anew."""
        is_apart = action in self.apart
        columns = (action + 1,) if is_apart else (0, action + 1)
        told = self.told_apart if is_apart else self.told
        p = _corrected(told, min(max(rate, LEAST_RATE), MOST_RATE), acted)
        odds = p / (1 - p)
        for side, factor in ((0, np.exp(-SHIFT)), (1, np.exp(SHIFT))):
            changed = odds * factor / (1 + odds * factor)
            ratio = np.log(changed / p) if acted else np.log((1 - changed) / (1 - p))
            if is_apart and side == 0 and p <= LEAST_RATE:
                ratio = 0.0  # it may bring nothing for ever, and less than the least rate is no shift
            for column in columns:
                total = max(0.0, float(self.sums[side, column]) + float(ratio))
                self.sums[side, column] = total
                self.since[side, column] = self.since[side, column] + 1 if total > 0 else 0
        for column in columns:
            side = int(self.sums[:, column].argmax())
            if self.sums[side, column] > self.threshold:
                alarm = Alarm(
                    action=None if column == 0 else action,
                    since=int(self.since[side, column]),
                    evidence=float(self.sums[side, column]),
                    direction=("fewer", "more")[side],
                )
                self._reset(column)
                return alarm
        return None

    def _reset(self, column: int) -> None:
        if column == 0:
            # What predictions were like before says nothing about those to come.
            self.told[:] = 0
            self.predicted[:] = 0
            columns = np.setdiff1d(np.arange(self.sums.shape[1]), np.array(self.apart, dtype=np.int64) + 1)
        else:
            columns = np.array([column])
        self.sums[:, columns] = 0
        self.since[:, columns] = 0

    def extend(self, actions: int) -> None:
        """Watch `actions` more actions."""
        self.sums = np.hstack([self.sums, np.zeros((2, actions))])
        self.since = np.hstack([self.since, np.zeros((2, actions), dtype=np.int64)])


def _corrected(told: NDArray[np.float64], p: float, acted: bool) -> float:
    """Return the rate that like predictions had so far, and count this one in; told: as in `Watch`."""
    place = int(np.searchsorted(BINS, np.log(p / (1 - p))))
    counts, wins = told[:, place]
    corrected = float((wins + TRUST * p) / (counts + TRUST))
    corrected = min(max(corrected, LEAST_RATE), MOST_RATE)
    told *= 1 - FADING * corrected * (1 - corrected)
    told[0, place] += 1
    told[1, place] += acted
    return corrected
