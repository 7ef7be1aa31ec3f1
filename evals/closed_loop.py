"""Closed-loop games in the simulated market: who earns how much, and how soon.

    python -m evals.closed_loop [--seeds 20] [--contacts 3000] [--days 90] [--players rules,oracle,…]
        [--cold-asset-day 30] [--delay 14] [--drift flip --drift-day 45] [--seasonal] [--backfill]
        [--json FILE] [--plot FILE.svg]

Every player plays the same markets with the same chances. docs/market.md says what the market is and what
it cannot show.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from domain.errors import AttuneError
from evals.market.comparison import MONEY, Comparison
from evals.market.curve import draw_curve
from evals.market.loop import Game, Scenario
from evals.market.players.informed import Informed, Typed
from evals.market.players.learner import Learner
from evals.market.players.linear import PerArmLinear, SharedLinear
from evals.market.players.oracle import Oracle
from evals.market.players.player import BestSingle, Maker, Random, Silence
from evals.market.players.rules import Rules
from evals.market.tally import Outcome

Floats = NDArray[np.float64]

PLAYERS: Mapping[str, Maker] = {
    maker.name: maker
    for maker in (
        Silence,
        Random,
        BestSingle,
        Rules,
        PerArmLinear,
        SharedLinear,
        Learner,
        Informed,
        Typed,
        Oracle,
    )
}
DEFAULT = "silence,random,best-single,rules,per-arm-linear,shared-linear,oracle"


def play(seeds: Sequence[int], scenario: Scenario, players: Sequence[str], tell: bool = True) -> Comparison:
    """Let each player play each seed.

    Raises:
        AttuneError: for a player nobody knows, or one that cannot play yet.
    """
    unknown = [name for name in players if name not in PLAYERS]
    if unknown:
        raise AttuneError(f"Nobody is called {', '.join(unknown)}. Players are {', '.join(PLAYERS)}.")
    games: dict[str, list[Outcome]] = {name: [] for name in players}
    for seed in seeds:
        begun = time.perf_counter()
        for name in players:
            games[name].append(Game(seed, scenario, PLAYERS[name]).play())
        if tell:
            print(f"seed {seed} played in {time.perf_counter() - begun:.1f} s", file=sys.stderr, flush=True)
    return Comparison(games)


def table(comparison: Comparison) -> str:
    """One line a player."""
    head = (
        f"{'player':<15}{'revenue k$':>11}{'expected k$':>12}{'MQL>SQL':>9}{'engaged d':>10}{'messages':>9}"
    )
    head += f"{'clicks':>8}{'replies':>8}{'unsub':>7}"
    lines = [head]
    for name in comparison.games:
        mean = {
            measure: comparison.mean(name, measure).value
            for measure in (*MONEY, "mql_to_sql", "engagement_days", "messages", "clicks", "replies")
        }
        sent = max(mean["messages"], 1)
        lines.append(
            f"{name:<15}{mean['revenue_cents'] / 1e5:>11,.0f}{mean['expected_revenue_cents'] / 1e5:>12,.0f}"
            f"{mean['mql_to_sql']:>9.1%}{mean['engagement_days']:>10.1f}{mean['messages']:>9,.0f}"
            f"{mean['clicks'] / sent:>8.1%}{mean['replies'] / sent:>8.2%}"
            f"{comparison.mean(name, 'unsubscribes').value:>7,.0f}"
        )
    if {"rules", "oracle"} <= set(comparison.games):
        lines += ["", "share of the way from rules to oracle, and MQL>SQL over rules (95 % over seeds)"]
        for name in comparison.games:
            ratio = comparison.ratio(name, "mql_to_sql")
            told = _ways(comparison, name, "oracle")
            lines.append(f"{name:<15}{told}   x{ratio.value:.2f} [{ratio.low:.2f}, {ratio.high:.2f}]")
        lines.append(f"{'':<15}{'revenue':<23}{'expected revenue':<23}{'true worth of messages':<23}")
    if {"rules", "informed"} <= set(comparison.games):
        lines += ["", "share of the way from rules to informed: of what the columns tell (95 % over seeds)"]
        for name in comparison.games:
            lines.append(f"{name:<15}{_ways(comparison, name, 'informed')}")
    return "\n".join(lines)


def by_week(comparison: Comparison) -> str:
    """Return one line a player: what each week's messages were truly worth, as a share of the way to the oracle."""
    lines = ["week by week: share of the way from rules to oracle in the true worth of messages"]
    for name in comparison.games:
        shares = comparison.weekly_way(name) or []
        lines.append(f"{name:<15}{''.join(f'{share:>6.2f}' for share in shares)}")
    return "\n".join(lines)


NEW_FOR_WEEKS = 4


def new_content(comparison: Comparison, day: int, base: str = PerArmLinear.name) -> str:
    """Return what messages with the new assets were truly worth in the weeks after `day`, in dollars a market."""
    weeks = slice(day // 7, day // 7 + NEW_FOR_WEEKS)

    def sums(name: str) -> tuple[Floats, Floats]:
        games = comparison.games[name]
        cents = np.array([sum(game.weekly_cold_value_cents[weeks]) for game in games])
        return cents / 100, np.array([sum(game.weekly_cold_messages[weeks]) for game in games], dtype=float)

    lines = [f"new content, weeks {weeks.start + 1} to {weeks.stop}: true worth a market and a message"]
    for name in comparison.games:
        dollars, messages = sums(name)
        a_message = dollars.sum() / max(messages.sum(), 1)
        lines.append(
            f"{name:<15}{dollars.mean():>10,.0f} ${messages.mean():>10,.0f} messages{a_message:>8.2f} $"
        )
        if base in comparison.games and name != base:
            above = comparison.estimate(lambda own, theirs: own - theirs, dollars, sums(base)[0])
            more = comparison.estimate(
                lambda own, count, theirs, others: own / count - theirs / others,
                dollars,
                messages,
                *sums(base),
            )
            lines.append(
                f"{'':<15}above {base}: {above.value:,.0f} $ [{above.low:,.0f}, {above.high:,.0f}] a market, "
                f"{more.value:.2f} $ [{more.low:.2f}, {more.high:.2f}] a message"
            )
    return "\n".join(lines)


def _ways(comparison: Comparison, name: str, end: str) -> str:
    ways = [comparison.way(name, measure, end=end) for measure in MONEY]
    return "  ".join(f"{w.value:>6.2f} [{w.low:>5.2f}, {w.high:>5.2f}]" for w in ways)


def main() -> None:
    """Play and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=20, help="how many markets")
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--contacts", type=int, default=3_000)
    parser.add_argument("--days", type=int, default=90)
    parser.add_argument("--slots", type=int, default=1, help="send slots an action can name, 1 to 3")
    parser.add_argument("--players", default=DEFAULT, help=f"of {', '.join(PLAYERS)}")
    parser.add_argument("--cold-asset-day", type=int, default=None, help="four assets appear on this day")
    parser.add_argument("--delay", type=int, default=0, help="days by which every outcome is heard later")
    parser.add_argument("--drift", choices=["none", "flip", "stale"], default="none")
    parser.add_argument("--drift-day", type=int, default=45)
    parser.add_argument("--seasonal", action="store_true", help="a holiday dip in days 45 to 58")
    parser.add_argument("--backfill", action="store_true", help="players learn from the newsletter before")
    parser.add_argument("--json", type=Path, default=None, help="write all results here")
    parser.add_argument("--plot", type=Path, default=None, help="write the learning curve here (SVG)")
    asked = parser.parse_args()
    scenario = Scenario(
        contacts=asked.contacts,
        days=asked.days,
        slots=asked.slots,
        delay_days=asked.delay,
        drift=asked.drift,
        drift_day=asked.drift_day,
        is_seasonal=asked.seasonal,
        cold_asset_day=asked.cold_asset_day,
        has_backfill=asked.backfill,
    )
    seeds = range(asked.first_seed, asked.first_seed + asked.seeds)
    try:
        comparison = play(seeds, scenario, [name.strip() for name in asked.players.split(",")])
    except (AttuneError, ValueError) as trouble:
        sys.exit(f"{trouble}")
    print(table(comparison))
    if comparison.weekly_way(next(iter(comparison.games))):
        print(f"\n{by_week(comparison)}")
    if asked.cold_asset_day is not None:
        print(f"\n{new_content(comparison, asked.cold_asset_day)}")
    if asked.json:
        told = {"seeds": list(seeds), "scenario": asdict(scenario), "players": comparison.as_json()}
        asked.json.write_text(json.dumps(told, indent=1), encoding="utf-8")
    if asked.plot:
        draw_curve(comparison, asked.plot)


if __name__ == "__main__":
    main()
