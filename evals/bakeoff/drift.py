"""`python -m evals.bakeoff.drift`: half-way every label becomes the next one, and it is seen who is back how soon.

Rows are drawn with replacement. After `--before` steps the labels are rolled by one arm (the arm that was right
before is wrong now, for every row) and `--after` more steps are played.

Before: mean reward of the last 1,000 steps before the flip. Recovery: the first step after the flip at which the mean
of the 200 newest rewards, all after the flip, is at least 90 % of that; so 200 at the least, and `--after` where it
never comes. A player whose level was low is back at it soon; so recovery is also told for one level for all, 90 % of
what Attune without its watch had before (to 100 steps).

The cost of watching: the same game without the flip, with the watch and without it.
"""

from __future__ import annotations

import argparse
import copy
import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evals.bakeoff.players import Attune, MabWiser, Player, River, VowpalWabbit
from evals.bakeoff.sets import data_folder, read_set

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SETS = ("vehicle", "segment", "waveform5000", "car")
LEVEL = 0.9
TRAIL = 200
BEFORE = 1_000
BLOCK = 100
WATCHED, UNWATCHED = "attune", "attune, no watch"


class Restarting:
    """Begins anew whenever ADWIN says that the rewards changed (Bifet & Gavalda 2007)."""

    def __init__(self, begin: Callable[[], Player]) -> None:
        from river import drift

        library: Any = drift
        self.begin, self.watch = begin, library.ADWIN()
        self.player = begin()

    def choose(self, x: Floats) -> int:
        return self.player.choose(x)

    def learn(self, x: Floats, arm: int, reward: float) -> None:
        self.player.learn(x, arm, reward)
        self.watch.update(reward)
        if self.watch.drift_detected:
            self.player = self.begin()


PLAYERS: dict[str, Callable[[int, int, int], Player]] = {
    WATCHED: Attune,
    UNWATCHED: lambda k, d, seed: Attune(k, d, seed, watched=False),
    "vw regcb": lambda k, d, seed: VowpalWabbit("--regcbopt --mellowness 0.01 -l 0.5", k, seed),
    "vw regcb --coin": lambda k, d, seed: VowpalWabbit("--regcbopt --mellowness 0.01 --coin", k, seed),
    "vw regcb power_t 0": lambda k, d, seed: VowpalWabbit(
        "--regcbopt --mellowness 0.01 --power_t 0 -l 0.5", k, seed
    ),
    "mabwiser LinTS": lambda k, d, seed: MabWiser("LinTS", 0.25, k, d, seed),
    "river LinUCB": lambda k, d, seed: River.over(25.0, k, seed),
    "river LinUCB, ADWIN reset": lambda k, d, seed: Restarting(lambda: River.over(25.0, k, seed)),
}


@dataclass(frozen=True)
class DriftGame:
    """What is kept of one game.

    before: mean reward of the last steps before the flip. recovery: steps, or None where it never came.
    after: mean reward after the flip. alarms: how many changes were noticed, before and after the flip (Attune).
    blocks: mean rewards of blocks of 100 steps, over the whole game.
    """

    set_name: str
    seed: int
    player: str
    flipped: bool
    before: float
    recovery: int | None
    after: float
    alarms: tuple[int, int]
    blocks: list[float]
    cpu_seconds: float


def recovery(rewards: Floats, before: float) -> int | None:
    """Return after how many steps the trailing mean of `rewards`, shape (n,), is back at 90 % of `before`."""
    if len(rewards) < TRAIL:
        return None
    total = np.concatenate([[0.0], rewards.cumsum()])
    trailing = (total[TRAIL:] - total[:-TRAIL]) / TRAIL
    # Sums of whole rewards are exact; the tolerance is for the product with 0.9.
    back = np.flatnonzero(trailing >= LEVEL * before - 1e-9)
    return int(back[0]) + TRAIL if len(back) else None


def common_recovery(blocks: Sequence[float], flip_at: int, level: float) -> int | None:
    """Return after how many steps two blocks of 100 steps after the flip are back at 90 % of `level`.

    Args:
        blocks: mean rewards of all blocks. flip_at: how many of them are before the flip.
        level: the level before the flip that all players are held to.
    """
    after = np.asarray(blocks[flip_at:])
    back = np.flatnonzero((after[1:] + after[:-1]) / 2 >= LEVEL * level - 1e-9)
    return (int(back[0]) + 2) * BLOCK if len(back) else None


def steps(player: Player, x: Floats, y: Ints) -> Floats:
    """Play rows x, shape (n, d), with right arms y, shape (n,); return rewards, shape (n,)."""
    rewards = np.zeros(len(y))
    for i in range(len(y)):
        row = x[i : i + 1]
        arm = player.choose(row)
        rewards[i] = float(arm == y[i])
        player.learn(row, arm, float(rewards[i]))
    return rewards


def alarms(player: Player) -> int:
    """How many changes a player of ours noticed."""
    return len(player.bandit.alarms) if isinstance(player, Attune) else 0


def play_all(name: str, seed: int, before: int, after: int, wanted: Sequence[str]) -> Iterator[DriftGame]:
    """Play one set and shuffle: everyone with the flip, Attune without it as well."""
    over = read_set(name, data_folder() / "bakeoff", seed)
    rows = np.random.default_rng([seed, 7]).integers(len(over.y), size=before + after)
    x, y = over.x[rows], over.y[rows]
    rolled = (y + 1) % over.arms
    quiet: DriftGame | None = None
    for player_name in wanted:
        began = time.process_time()
        player = PLAYERS[player_name](over.arms, x.shape[1], seed)
        first = steps(player, x[:before], y[:before])
        early = alarms(player)
        still = copy.deepcopy(player) if isinstance(player, Attune) else None
        second = steps(player, x[before:], rolled[before:])
        yield _game((name, seed, player_name, True), first, second, (early, alarms(player) - early), began)
        if still is None:
            continue
        if player_name == UNWATCHED and quiet is not None:
            # Nothing was noticed, so without the watch every draw is the same: the game need not be played.
            yield replace(quiet, player=UNWATCHED, cpu_seconds=0.0)
            continue
        began = time.process_time()
        second = steps(still, x[before:], y[before:])
        game = _game((name, seed, player_name, False), first, second, (early, alarms(still) - early), began)
        if player_name == WATCHED and game.alarms == (0, 0):
            quiet = game
        yield game


def _game(
    key: tuple[str, int, str, bool], first: Floats, second: Floats, noticed: tuple[int, int], began: float
) -> DriftGame:
    level = float(first[-BEFORE:].mean())
    rewards = np.concatenate([first, second])
    blocks = rewards[: len(rewards) // BLOCK * BLOCK].reshape(-1, BLOCK).mean(axis=1)
    return DriftGame(
        *key,
        before=level,
        recovery=recovery(second, level),
        after=float(second.mean()),
        alarms=noticed,
        blocks=[round(float(b), 4) for b in blocks],
        cpu_seconds=time.process_time() - began,
    )


def read_games(path: Path) -> list[DriftGame]:
    """Read what was played; the newest game of a set, seed, player and kind counts."""
    games: dict[tuple[str, int, str, bool], DriftGame] = {}
    if path.exists():
        for line in path.read_text(encoding="utf-8").splitlines():
            read = json.loads(line)
            game = DriftGame(**{**read, "alarms": tuple(read["alarms"])})
            games[game.set_name, game.seed, game.player, game.flipped] = game
    return list(games.values())


def mean_interval(numbers: Sequence[float]) -> str:
    """Return the mean and a 95 % bootstrap interval over games, as words."""
    values = np.asarray(numbers, dtype=float)
    rng = np.random.default_rng(0)
    draws = values[rng.integers(len(values), size=(4_000, len(values)))].mean(axis=1)
    low, high = np.quantile(draws, [0.025, 0.975])
    digits = 0 if values.mean() > 10 else 3
    return f"{values.mean():.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]"


def print_tables(games: Sequence[DriftGame], after: int) -> None:
    """Print recovery by player and the cost of watching, as Markdown."""
    flipped = [game for game in games if game.flipped]
    sets = list(dict.fromkeys(game.set_name for game in flipped))
    levels = {(game.set_name, game.seed): game.before for game in flipped if game.player == UNWATCHED}
    heads = ("steps until recovery", "never", "to one level for all", "before", "after the flip")
    print("| player | " + " | ".join((*sets, *heads)) + " |")
    print("|---|" + "---|" * (len(sets) + len(heads)))
    for player in dict.fromkeys(game.player for game in flipped):
        mine = [game for game in flipped if game.player == player]
        cells = [
            f"{np.mean([g.recovery or after for g in mine if g.set_name == name]):.0f}"
            if any(g.set_name == name for g in mine)
            else ""
            for name in sets
        ]
        never = sum(game.recovery is None for game in mine)
        common = [
            common_recovery(game.blocks, len(game.blocks) - after // BLOCK, levels[game.set_name, game.seed])
            or after
            for game in mine
            if (game.set_name, game.seed) in levels
        ]
        print(
            f"| {player} | {' | '.join(cells)} | {mean_interval([g.recovery or after for g in mine])} "
            f"| {never} of {len(mine)} | {mean_interval(common) if common else ''} "
            f"| {np.mean([g.before for g in mine]):.3f} | {mean_interval([g.after for g in mine])} |"
        )
    still = {(g.set_name, g.seed, g.player): g for g in games if not g.flipped}
    pairs = [(g, still.get((g.set_name, g.seed, UNWATCHED))) for g in still.values() if g.player == WATCHED]
    both = [(a, b) for a, b in pairs if b is not None]
    if both:
        costs = [100 * float(1 - np.mean(a.blocks) / np.mean(b.blocks)) for a, b in both]
        false = sum(sum(a.alarms) for a, _ in both)
        total = sum(len(a.blocks) * BLOCK for a, _ in both)
        print()
        print(
            f"Cost of watching without a flip: {mean_interval(costs)} % of the reward, {len(both)} games; "
            f"{false} false alarms in {total:,} steps."
        )


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the arguments, play, print."""
    parser = argparse.ArgumentParser(prog="python -m evals.bakeoff.drift", description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--sets", default=",".join(SETS))
    parser.add_argument("--players", default=",".join(PLAYERS), help="separated by commas without a blank")
    parser.add_argument("--before", type=int, default=4_000)
    parser.add_argument("--after", type=int, default=4_000)
    parser.add_argument("--out", type=Path, default=Path("evals/results/drift.jsonl"))
    parser.add_argument("--again", action="store_true", help="play what --out already holds again")
    parser.add_argument("--tables-only", action="store_true")
    parser.add_argument("--plot", type=Path, help="write an SVG")
    asked = parser.parse_args(arguments)
    seeds = range(asked.first_seed, asked.first_seed + asked.seeds)
    names = [name for name in PLAYERS if any(part and part in name for part in _parts(asked.players))]
    if not asked.tables_only:
        for seed in seeds:
            for name in asked.sets.split(","):
                played = {(g.set_name, g.seed, g.player) for g in read_games(asked.out)}
                left = [p for p in names if asked.again or (name, seed, p) not in played]
                for game in play_all(name, seed, asked.before, asked.after, left):
                    _write(asked.out, game)
    games = [g for g in read_games(asked.out) if g.seed in seeds and g.set_name in asked.sets.split(",")]
    print_tables(games, asked.after)
    if asked.plot:
        from evals.bakeoff.plots import draw_drift

        draw_drift(games, asked.before // BLOCK, asked.plot)
    return 0


def _parts(players: str) -> list[str]:
    """Split at commas that no blank follows: names of players may hold a comma and a blank."""
    return players.replace(", ", "\0").replace(",", "\n").replace("\0", ", ").split("\n")


def _write(path: Path, game: DriftGame) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as lines:
        lines.write(json.dumps(asdict(game)) + "\n")
    print(
        f"seed {game.seed}  {game.set_name:<14}{game.player:<28}{'flip' if game.flipped else 'still':<6}"
        f"before {game.before:.3f}  recovery {game.recovery}  after {game.after:.3f}  "
        f"alarms {game.alarms}  {game.cpu_seconds:.0f} s",
        file=sys.stderr,
        flush=True,
    )


if __name__ == "__main__":
    raise SystemExit(main())
