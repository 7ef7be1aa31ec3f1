"""Is a lift that is looked at all the time right as often as it says? `python -m evals.lift`.

Simulated experiments grow contact by contact and are looked at every `EVERY` contacts. In the same run: the
interval of `learning/lift.py` with and without its gate, a t-interval read at every look, the same read once at
the end, and a bound that needs no approximation. Seeds fixed; nothing is tuned on what is printed here.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from learning.funnel import wilson
from learning.lift import LEAST_ARM, SKEW_RULE, Telling, compare, lift
from learning.sequences import bernstein, radius

FIRST, EVERY, CONTACTS = 100, 100, 10_000
ALPHA = 0.05
SEED = 20_261

Draw = Callable[[np.random.Generator, NDArray[np.bool_]], NDArray[np.float64]]


@dataclass(frozen=True)
class Scenario:
    """One kind of experiment: how outcomes are drawn given the arms, and what the true lift is."""

    name: str
    treated_share: float
    effect: float
    draw: Draw
    is_bounded: bool = True


def yes_or_no(control: float, treated: float) -> Draw:
    """Outcomes that happen or not."""
    return lambda rng, arm: (rng.random(len(arm)) < np.where(arm, treated, control)).astype(float)


def amounts(control: float, treated: float, spread: float) -> Draw:
    """Revenue: seldom, and log-normal with median 1 where it comes."""

    def draw(rng: np.random.Generator, arm: NDArray[np.bool_]) -> NDArray[np.float64]:
        has_bought = rng.random(len(arm)) < np.where(arm, treated, control)
        return np.where(has_bought, rng.lognormal(0, spread, len(arm)), 0.0)

    return draw


def mean_amount(spread: float) -> float:
    """Mean of a log-normal with median 1."""
    return float(np.exp(spread**2 / 2))


SCENARIOS = (
    Scenario("no effect, 5 %, holdout 20 %", 0.8, 0.0, yes_or_no(0.05, 0.05)),
    Scenario("no effect, 2 %, holdout 10 %", 0.9, 0.0, yes_or_no(0.02, 0.02)),
    Scenario("no effect, 30 %, holdout 50 %", 0.5, 0.0, yes_or_no(0.3, 0.3)),
    Scenario("5 % to 7 %, holdout 20 %", 0.8, 0.02, yes_or_no(0.05, 0.07)),
    Scenario("no effect, revenue 5 %, spread 1.2", 0.8, 0.0, amounts(0.05, 0.05, 1.2), is_bounded=False),
    Scenario(
        "revenue 5 % to 8 %, spread 1.2",
        0.8,
        0.03 * mean_amount(1.2),
        amounts(0.05, 0.08, 1.2),
        is_bounded=False,
    ),
)


def looks(
    y: NDArray[np.float64], arm: NDArray[np.bool_], at: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    """Return estimate, standard deviation of the difference's pull, and whether the gate is open, shape (looks,).

    The same numbers as `learning.lift.compare` on each prefix (a test holds it), by running sums.
    """
    sums = {
        name: np.stack([np.cumsum(np.where(rows, y**k, 0.0))[at - 1] for k in range(4)])
        for name, rows in (("treated", arm), ("control", ~arm))
    }
    means, variances = {}, {}
    with np.errstate(divide="ignore", invalid="ignore"):
        for name, (count, total, squares, _) in sums.items():
            means[name] = total / count
            variances[name] = squares / count - means[name] ** 2
        share = sums["treated"][0] / at
        spread = np.sqrt(
            (variances["treated"] / share + variances["control"] / (1 - share)) * at / np.maximum(at - 1, 1)
        )
        pooled = (sums["treated"] + sums["control"]) / at
        variance = pooled[2] - pooled[1] ** 2
        third = pooled[3] - 3 * pooled[1] * pooled[2] + 2 * pooled[1] ** 3
        skewness = third / variance**1.5
        smaller = np.minimum(sums["treated"][0], sums["control"][0])
        is_open = smaller >= np.maximum(LEAST_ARM, SKEW_RULE * skewness**2)
    return means["treated"] - means["control"], spread, np.nan_to_num(is_open).astype(bool)


def misses(scenario: Scenario, runs: int) -> dict[str, int]:
    """Count experiments in which each interval ever left out the true lift; `told`: gated, clear of zero."""
    at = np.arange(FIRST, CONTACTS + 1, EVERY)
    count = dict.fromkeys(
        ("sequence, gated", "sequence", "t, each look", "t, once at end", "bounded", "told"), 0
    )
    for run in range(runs):
        rng = np.random.default_rng([SEED, run])
        arm = rng.random(CONTACTS) < scenario.treated_share
        y = scenario.draw(rng, arm)
        estimate, spread, is_open = looks(y, arm, at)
        off = np.abs(estimate - scenario.effect)
        with np.errstate(invalid="ignore"):
            sequence = off > radius(at.astype(float), ALPHA) * spread
            fixed = off > 1.96 * spread / np.sqrt(at)
            clear = np.abs(estimate) > radius(at.astype(float), ALPHA) * spread
        count["sequence, gated"] += bool((sequence & is_open).any())
        count["sequence"] += bool(sequence.any())
        count["t, each look"] += bool(fixed.any())
        count["t, once at end"] += bool(fixed[-1])
        count["told"] += bool((clear & is_open).any())
        if scenario.is_bounded:
            count["bounded"] += _bounded_misses(y, arm, at, scenario.effect)
    return count


def _bounded_misses(
    y: NDArray[np.float64], arm: NDArray[np.bool_], at: NDArray[np.int64], effect: float
) -> bool:
    """Each arm's mean at half the alpha; their difference is then covered at the whole."""
    treated = bernstein(y[arm], ALPHA / 2)
    control = bernstein(y[~arm], ALPHA / 2)
    rows = arm.cumsum()[at - 1] - 1, (~arm).cumsum()[at - 1] - 1
    both = (rows[0] >= 0) & (rows[1] >= 0)
    low = treated[0][rows[0]] - control[1][rows[1]]
    high = treated[1][rows[0]] - control[0][rows[1]]
    return bool((((low > effect) | (high < effect)) & both).any())


def covariate_rows(runs: int) -> list[tuple[float, float, float, int]]:
    """For each correlation: expected and found share of the squared width, and experiments ever wrong."""
    rows = []
    for rho in (0.0, 0.5, 0.8):
        wrong, shares = 0, []
        for run in range(runs):
            rng = np.random.default_rng([SEED, 1, run])
            n = 4_000
            arm = rng.random(n) < 0.8
            before = rng.normal(size=n)
            y = rho * before + np.sqrt(1 - rho**2) * rng.normal(size=n) + 0.05 * arm
            ever = False
            for t in range(200, n + 1, 200):
                found = compare(y[:t], arm[:t], covariates=before[:t, None])
                ever |= abs(found.estimate - 0.05) > found.half_width
            wrong += ever
            shares.append((found.half_width / compare(y, arm).half_width) ** 2)
        rows.append((rho, 1 - rho**2, float(np.mean(shares)), wrong))
    return rows


def gate_rows(runs: int) -> list[tuple[str, int, float]]:
    """How large the gate said an experiment must be, and how often one of that size then told the effect."""
    rows = []
    for control, treated in ((0.05, 0.06), (0.2, 0.24)):
        promised, told = [], 0
        for run in range(runs):
            rng = np.random.default_rng([SEED, 2, run])
            arm = rng.random(1_500) < 0.8
            y = yes_or_no(control, treated)(rng, arm)
            first = lift(y, arm, least_effect=treated - control)
            size = 1_500 + first.more_contacts
            promised.append(size)
            arm = rng.random(size) < 0.8
            told += lift(yes_or_no(control, treated)(rng, arm), arm).telling is Telling.BETTER
        rows.append((f"{control:.0%} to {treated:.0%}", int(np.median(promised)), told / runs))
    return rows


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--runs", type=int, default=2_000, help="experiments a scenario")
    runs = parser.parse_args().runs
    print(f"{runs:,} experiments each, {CONTACTS:,} contacts, looked at every {EVERY}; alpha {ALPHA:.0%}")
    print("Share of experiments in which an interval ever left out the truth [95 % interval]\n")
    names = ("sequence, gated", "sequence", "t, each look", "t, once at end", "bounded")
    print(f"{'':36}" + "".join(f"{name:>24}" for name in names) + f"{'told':>8}")
    for scenario in SCENARIOS:
        count = misses(scenario, runs)
        cells = [_cell(count[name], runs) for name in names]
        if not scenario.is_bounded:
            cells[-1] = "–"
        print(
            f"{scenario.name:36}" + "".join(f"{cell:>24}" for cell in cells) + f"{count['told'] / runs:>8.1%}"
        )
    few = max(runs // 10, 20)
    print(f"\nCovariates, {few} experiments of 4,000 contacts, 20 looks each")
    print(f"{'correlation':>12}{'width² expected':>18}{'width² found':>15}{'ever wrong':>22}")
    for rho, expected, found, wrong in covariate_rows(few):
        print(f"{rho:>12}{expected:>18.3f}{found:>15.3f}{_cell(wrong, few):>22}")
    print(f"\nThe gate's promise after 1,500 contacts, {few} experiments (80 % is what it aims at)")
    for name, size, share in gate_rows(few):
        print(f"{name:>14}: needs {size:,} contacts in the median; of that size {share:.0%} told the effect")


def _cell(hits: int, n: int) -> str:
    ends = wilson(hits, n)
    return f"{hits / n:.1%} [{ends.low or 0:.1%}, {ends.high or 0:.1%}]"


if __name__ == "__main__":
    main()
