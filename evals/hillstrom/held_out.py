"""Worth of the choice on the half that was not learned from, over repeats; and the womens e-mail's known effect."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from evals.hillstrom.choosers import PEERS, Said, everyone
from evals.hillstrom.experiment import ARMS, NONE, PROPENSITY, WOMENS, Experiment, Outcome
from evals.hillstrom.worth import (
    Interval,
    Worth,
    effect,
    expected_rewards,
    fitted_arms,
    interval,
    worth_of,
)

BAR = "best single arm"
OURS = "Attune, best arm"


@dataclass(frozen=True)
class Trial:
    """One repeat, one outcome, one chooser.

    shares: how often each arm is chosen on the held-out half. womens_buyers, others: expected reward of the womens
    e-mail minus that of none, averaged over those held-out customers; None where a chooser expects nothing.
    """

    seed: int
    outcome: Outcome
    who: str
    worth: Worth
    shares: tuple[float, ...]
    womens_buyers: float | None
    others: float | None


@dataclass(frozen=True)
class Truth:
    """What the experiment itself says on the held-out half: womens minus none, for womens buyers and others."""

    seed: int
    womens_buyers: float
    others: float


def split(experiment: Experiment, seed: int) -> tuple[Experiment, Experiment]:
    """Return a random half and the rest."""
    order = np.random.default_rng(seed).permutation(len(experiment))
    middle = len(order) // 2
    return experiment.rows(order[:middle]), experiment.rows(order[middle:])


def trials(experiment: Experiment, outcome: Outcome, seed: int) -> Iterator[Trial]:
    """Yield what every chooser is worth in one repeat."""
    half, other = split(experiment, seed)
    lines = fitted_arms(half.features, half.arms, half.outcomes[outcome], len(ARMS))
    expected = expected_rewards(other.features, lines)
    for who, said in everyone(half, outcome, other.features, seed).items():
        yield _trial(other, outcome, seed, who, said, expected)


def _trial(
    other: Experiment, outcome: Outcome, seed: int, who: str, said: Said, expected: np.ndarray
) -> Trial:
    lifts = None if said.expected is None else said.expected[:, WOMENS] - said.expected[:, NONE]
    buyers = other.bought_womens
    return Trial(
        seed,
        outcome,
        who,
        worth_of(said.chosen, other.arms, other.outcomes[outcome], PROPENSITY, expected),
        tuple(said.chosen.mean(axis=0).tolist()),
        None if lifts is None else float(lifts[buyers].mean()),
        None if lifts is None else float(lifts[~buyers].mean()),
    )


def truth(experiment: Experiment, seed: int) -> Truth:
    """The womens e-mail's effect on visits, on the held-out half of this seed."""
    other = split(experiment, seed)[1]
    found = [
        effect(other.outcomes["visit"][group], other.arms[group], WOMENS, NONE)[0]
        for group in (other.bought_womens, ~other.bought_womens)
    ]
    return Truth(seed, *found)


def names() -> list[str]:
    """Everyone who takes part, ours first."""
    return [OURS, "Attune, as drawn", *PEERS]


def worths(found: Sequence[Trial], outcome: Outcome, who: str, estimator: str) -> np.ndarray:
    """Shape (J,): one number a repeat, in order of seeds."""
    mine = sorted((t for t in found if t.outcome == outcome and t.who == who), key=lambda t: t.seed)
    return np.array([getattr(trial.worth, estimator) for trial in mine])


def against(
    found: Sequence[Trial], outcome: Outcome, who: str, other: str = BAR, estimator: str = "snips"
) -> Interval:
    """How much more `who` is worth than `other`, paired by repeat."""
    return interval(
        worths(found, outcome, who, estimator) - worths(found, outcome, other, estimator), test_share=1.0
    )
