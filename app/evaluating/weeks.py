"""Twelve weeks of whole markets, each lived once by every way to decide: what the product itself earns.

    python -m app.evaluating.weeks [--markets 6] [--first-seed 101] [--weeks 12] [--by learned,usual,random]
        [--json FILE]

Unlike the closed loop (`evals/closed_loop.py`), in which the learner alone plays, this is everything: import, journal,
features, eligibility, caps, rewards, value model, teaching between runs. A market is the demo's, of another seed. It is
lived once with the learner deciding (and its share drawn at random), once by usual practice, once drawn at random.
Measured is the true worth of what was sent, of which nothing in the product knows.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.campaign_file import read_campaign
from app.demo import CAMPAIGN, furnish
from app.settings import Settings
from app.twelve_weeks import WEEKS, MovedClock, first_day, live
from app.wiring import open_house
from domain.errors import AttuneError
from evals.market.watched import WatchedMarket

Floats = NDArray[np.float64]

TODAY = datetime(2026, 11, 26, 12, tzinfo=UTC)
RESAMPLES = 4_000
SHARES: dict[str, dict[str, float]] = {
    "learned": {"usual_share": 0.0},
    "usual": {"usual_share": 1.0, "explore_share": 0.0},
    "random": {"usual_share": 0.0, "explore_share": 1.0},
}
"""How the campaign file's shares are changed, so that one way decides for everybody who is not held out."""


@dataclass(frozen=True)
class Lived:
    """One market lived by one way to decide. cents, messages, meetings, leavers: shape (weeks,); decisions: a count."""

    seed: int
    by: str
    decisions: int
    cents: Floats
    messages: Floats
    meetings: Floats
    leavers: Floats

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            key: value.tolist() if isinstance(value, np.ndarray) else value
            for key, value in vars(self).items()
        }


def lived(seed: int, by: str, folder: Path, weeks: int = WEEKS) -> Lived:
    """Live one market in a workspace that is made in `folder`."""
    start = first_day(TODAY, weeks)
    clock = MovedClock(start)
    settings, _ = furnish(
        Settings(), folder, with_model=False, tell=lambda _: None, clock=clock, again=True, seed=seed
    )
    house = open_house(settings, clock)
    try:
        campaign = read_campaign(house.workspace.campaigns / f"{CAMPAIGN}.yaml")
        campaign = campaign.model_copy(update=SHARES[by])
        market = WatchedMarket(seed, start, campaign.goal, weeks)
        runs = live(house, clock, campaign, market, TODAY, lambda _: None, weeks)
        decisions = sum(sum(house.runs.counts(run.id).values()) for run in runs)
    finally:
        house.close()
    worth = market.worth
    return Lived(seed, by, decisions, worth.cents, worth.messages, worth.meetings, worth.leavers)


def interval(statistic: Any, *samples: Floats) -> tuple[float, float, float]:
    """Return a statistic of means over markets with its 95 % interval; markets are resampled, all ways together."""
    rows = np.random.default_rng(11).integers(len(samples[0]), size=(RESAMPLES, len(samples[0])))
    drawn = statistic(*(sample[rows].mean(axis=1) for sample in samples))
    low, high = np.percentile(drawn, [2.5, 97.5])
    return float(statistic(*(sample.mean() for sample in samples))), float(low), float(high)


def table(found: Sequence[Lived]) -> str:
    """One line a way to decide: what a market was sent, and what that was truly worth."""
    by: dict[str, list[Lived]] = {}
    for one in found:
        by.setdefault(one.by, []).append(one)
    markets = len(next(iter(by.values())))
    lines = [
        f"{markets} markets, means of a market (95 % over markets)",
        f"{'who decides':<12}{'true worth':>24}{'second half':>24}{'messages':>10}{'meetings':>10}{'leavers':>9}",
    ]

    def total(name: str, what: str = "cents", half: bool = False) -> Floats:
        rows = np.array([getattr(one, what) for one in by[name]])
        return np.asarray(rows[:, rows.shape[1] // 2 :].sum(axis=1) if half else rows.sum(axis=1))

    for name in by:
        told = [interval(lambda mean: mean / 100, total(name, half=half)) for half in (False, True)]
        lines.append(
            f"{name:<12}"
            + "".join(f"{f'{value:,.0f} $ [{low:,.0f}, {high:,.0f}]':>24}" for value, low, high in told)
            + f"{total(name, 'messages').mean():>10,.0f}{total(name, 'meetings').mean():>10.1f}"
            + f"{total(name, 'leavers').mean():>9.1f}"
        )
    for name in by:
        if name == "learned" or "learned" not in by:
            continue
        more = [
            interval(
                lambda own, theirs: (own - theirs) / 100, total("learned", half=half), total(name, half=half)
            )
            for half in (False, True)
        ]
        words = ", ".join(f"{value:+,.0f} $ [{low:+,.0f}, {high:+,.0f}]" for value, low, high in more)
        lines.append(f"learned above {name}: {words} in the second half")
    return "\n".join(lines)


def main() -> None:
    """Live and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--markets", type=int, default=6)
    parser.add_argument("--first-seed", type=int, default=101)
    parser.add_argument("--weeks", type=int, default=WEEKS)
    parser.add_argument("--by", default=",".join(SHARES), help=f"of {', '.join(SHARES)}")
    parser.add_argument("--json", type=Path, default=None, help="write every market here")
    asked = parser.parse_args()
    ways = [name.strip() for name in asked.by.split(",")]
    if strange := [name for name in ways if name not in SHARES]:
        sys.exit(f"Nobody decides as {strange[0]!r}. Known: {', '.join(SHARES)}.")
    if asked.markets < 1 or not 1 <= asked.weeks <= WEEKS:
        sys.exit(f"--markets takes 1 and more, --weeks 1 to {WEEKS}.")
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(asked.first_seed, asked.first_seed + asked.markets):
            begun = time.perf_counter()
            try:
                found += [lived(seed, by, Path(folder) / f"{by}-{seed}", asked.weeks) for by in ways]
            except AttuneError as trouble:
                sys.exit(f"{trouble}")
            print(f"market {seed} lived in {time.perf_counter() - begun:.0f} s", file=sys.stderr, flush=True)
    print(table(found))
    if asked.json:
        asked.json.write_text(json.dumps([one.as_json() for one in found], indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
