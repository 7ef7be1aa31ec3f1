"""Tunes the players who have numbers, on seeds that no reported game uses.

    python -m evals.market.tuning [--seeds 6] [--contacts 2000] [--who rules|oracle|single]

Rules: coordinate search over a grid, two rounds, for revenue expected from deals opened. Prints each round's
best; whoever accepts it writes it into `RuleSet`, `Oracle` and `BestSingle`.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from evals.market.loop import Game, Scenario
from evals.market.players.oracle import Oracle
from evals.market.players.player import BestSingle, Briefing, Maker
from evals.market.players.rules import PLANS, Rules, RuleSet
from evals.market.sample import sample_assets

FIRST_TUNING_SEED = 9_000

GRID: Mapping[str, Sequence[Any]] = {
    "days": [(2, 2, 2), (4, 4, 2), (4, 4, 4), (7, 4, 2), (7, 7, 4), (7, 7, 7), (14, 7, 4), (14, 4, 2)],
    "lead_factor": [1.0, 1.5, 2.0, 3.0],
    "plan": sorted(PLANS),
    "persona_weight": [0.0, 0.5, 1.0, 2.0],
    "topic_weight": [1.0, 3.0, 6.0],
    "fresh_days": [7.0, 21.0, 60.0],
    "rest_days": [14.0, 28.0, 50.0],
    "sunset": [3, 6, 12, 99],
    "hot": [4.0, 6.0, 10.0],
    "warm": [1.0, 2.0, 3.0],
}


def main() -> None:
    """Tune and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=6)
    parser.add_argument("--contacts", type=int, default=2_000)
    parser.add_argument("--who", choices=["rules", "oracle", "single"], default="rules")
    asked = parser.parse_args()
    seeds = range(FIRST_TUNING_SEED, FIRST_TUNING_SEED + asked.seeds)
    scenario = Scenario(contacts=asked.contacts)
    if asked.who == "rules":
        print(tuned_rules(seeds, scenario))
        return
    makers: dict[str, Maker] = (
        {str(limit): _oracle(limit) for limit in (0.4, 0.55, 0.7, 0.85, 1.0, 1.3)}
        if asked.who == "oracle"
        else {asset.id: _single(asset.id) for asset in sample_assets()}
    )
    for name, make in makers.items():
        print(f"{name:<20} {expected_revenue(make, seeds, scenario) / 100:>12,.0f}", flush=True)


def expected_revenue(make: Maker, seeds: Sequence[int], scenario: Scenario) -> float:
    """Mean over seeds, cents."""
    return float(np.mean([Game(seed, scenario, make).play().expected_revenue_cents for seed in seeds]))


def tuned_rules(seeds: Sequence[int], scenario: Scenario, rounds: int = 2) -> RuleSet:
    """Search one number at a time, keep the best, go round again."""
    best = RuleSet()
    found = expected_revenue(_rules(best), seeds, scenario)
    for turn in range(rounds):
        for name, values in GRID.items():
            for value in values:
                if value == getattr(best, name):
                    continue
                tried = replace(best, **{name: value})
                revenue = expected_revenue(_rules(tried), seeds, scenario)
                if revenue > found:
                    best, found = tried, revenue
            print(f"round {turn + 1}, {name}: {found / 100:,.0f} with {best}", flush=True)
    return best


def _rules(rules: RuleSet) -> Maker:
    return _maker(lambda briefing: Rules(briefing, rules))


def _oracle(limit: float) -> Maker:
    return _maker(lambda briefing: Oracle(briefing, limit))


def _single(asset_id: str) -> Maker:
    return _maker(lambda briefing: BestSingle(briefing, asset_id))


def _maker(make: Callable[[Briefing], Any]) -> Maker:
    return make


if __name__ == "__main__":
    main()
