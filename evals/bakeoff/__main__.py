"""`python -m evals.bakeoff`: every player on every set, side by side, and a table.

One process for everything; all players of a (set, seed) see the same rows in the same order. Games are written to
`--out` as they end; those already there are not played again.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Collection, Sequence
from pathlib import Path

from evals.bakeoff.experts import EXPERTS
from evals.bakeoff.game import Game, Ledger, best_arm, examine, play
from evals.bakeoff.players import ENTRIES, Entry, may_play
from evals.bakeoff.ranking import BEST_ARM, EXPERT, RANDOM, Ranking
from evals.bakeoff.sets import NAMES, ClassSet, data_folder, read_set

SETS = (*NAMES, "digits")
QUICK_SETS = ("vehicle", "car")
QUICK_PLAYERS = ("attune", "squarecb -l 2", "lints")
FAMILIES = {entry.name: entry.family for entry in ENTRIES} | {BEST_ARM: BEST_ARM}
US = "Attune"
TUNED = "VowpalWabbit"


def tournament(
    ledger: Ledger,
    sets: Sequence[str],
    seeds: Sequence[int],
    entries: Sequence[Entry],
    rows_at_most: int,
    seconds_at_most: float,
) -> None:
    """Play every game that is not in the ledger yet."""
    for seed in seeds:
        for name in sets:
            over = read_set(name, data_folder() / "bakeoff", seed).first(rows_at_most)
            for player, reward in ((RANDOM, 1 / over.arms), (BEST_ARM, best_arm(over))):
                if not ledger.knows(name, seed, player):
                    ledger.add(Game(name, seed, player, len(over.y), reward, 0.0))
            _experts(ledger, over, seed)
            for entry in entries:
                known = ledger.knows(name, seed, entry.name) or ledger.was_stopped(name, entry.name)
                if may_play(entry, over.x.shape[1]) and not known:
                    _let_play(ledger, entry, over, seed, seconds_at_most)


def _experts(ledger: Ledger, over: ClassSet, seed: int) -> None:
    for expert in EXPERTS:
        player = EXPERT + expert.name
        if not ledger.knows(over.name, seed, player):
            reward, seconds, rows = examine(expert.begin(over.arms, seed), over)
            ledger.add(_said(Game(over.name, seed, player, rows, reward, seconds)))


def _let_play(ledger: Ledger, entry: Entry, over: ClassSet, seed: int, seconds_at_most: float) -> None:
    try:
        player = entry.begin(over.arms, over.x.shape[1], seed)
    except ImportError as error:
        print(f"{entry.name} does not play: {error}. Install the `evals` dependency group.", file=sys.stderr)
        return
    reward, seconds, rows = play(player, over, seconds_at_most)
    stopped = rows if rows < len(over.y) else None
    ledger.add(_said(Game(over.name, seed, entry.name, rows, reward, seconds, stopped)))


def _said(game: Game) -> Game:
    ended = f"  stopped at row {game.stopped_at}: too slow" if game.stopped_at else ""
    print(
        f"seed {game.seed}  {game.set_name:<14}{game.player:<58}{game.reward:.3f}"
        f"{game.cpu_seconds:8.1f} s{ended}",
        file=sys.stderr,
        flush=True,
    )
    return game


def print_tables(ranking: Ranking, too_slow: Collection[tuple[str, str]] = ()) -> None:
    """Print shares by set and family, what was tuned to what, and the summary, as Markdown."""
    families = ranking.families
    print("| set | reference | " + " | ".join(families) + " |")
    print("|---|---|" + "---|" * len(families))
    for name in ranking.sets:
        cells = []
        best = max(
            (ranking.rows[f, name].shares.mean() for f in families if (f, name) in ranking.rows),
            default=0.0,
        )
        for family in families:
            row = ranking.rows.get((family, name))
            absent = "too slow" if (name, family) in too_slow else "–"
            share = absent if row is None else f"{row.shares.mean():.3f}"
            cells.append(f"**{share}**" if row is not None and row.shares.mean() == best else share)
        reference = f"{ranking.reference[name]:.3f} {ranking.reference_name[name]}"
        print(f"| {name} | {reference} | " + " | ".join(cells) + " |")
    print()
    print(f"| player | mean share of the way | sets | first on | {US} / player |")
    print("|---|---|---|---|---|")
    for family in families:
        ratio = "" if family == US or US not in families else str(ranking.ratio(US, family))
        rivals = [f for f in families if f == family or not f.endswith(", one setting")]
        first = ranking.first_on(family, rivals)
        print(
            f"| {family} | {ranking.mean_share(family)} | {len(ranking.shares(family))} "
            f"| {len(first)} | {ratio} |"
        )
    print()
    for family in families:
        chosen = [
            (name, ranking.rows[family, name].player)
            for name in ranking.sets
            if (family, name) in ranking.rows
        ]
        players = {player for _, player in chosen}
        if family.endswith(", one setting"):
            print(f"\n{family}: `{players.pop()}`")
        elif len(players) > 1:
            print(f"\n{family}: " + "; ".join(f"{name} `{player}`" for name, player in chosen))


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the arguments, play, print."""
    parser = argparse.ArgumentParser(prog="python -m evals.bakeoff", description=__doc__)
    parser.add_argument("--seeds", type=int, default=3, help="how many shuffles")
    parser.add_argument("--first-seed", type=int, default=0, help="tune on 100 and up, report 0 and up")
    parser.add_argument("--sets", default=",".join(SETS))
    parser.add_argument("--players", default="", help="comma-separated parts of names; all by default")
    parser.add_argument("--rows", type=int, default=2_000, help="at most so many rows a set")
    parser.add_argument("--seconds", type=float, default=40.0, help="CPU time a game may take")
    parser.add_argument("--out", type=Path, default=Path("evals/results/bakeoff.jsonl"))
    parser.add_argument("--again", action="store_true", help="play the named players again")
    parser.add_argument("--quick", action="store_true", help="two sets, one seed, few players")
    parser.add_argument("--tables-only", action="store_true", help="play nothing; print what --out holds")
    parser.add_argument("--plot", type=Path, help="write an SVG")
    wanted = parser.parse_args(arguments)
    sets = QUICK_SETS if wanted.quick else tuple(wanted.sets.split(","))
    seeds = range(wanted.first_seed, wanted.first_seed + (1 if wanted.quick else wanted.seeds))
    if unknown := set(sets) - set(SETS):
        print(f"no such set: {', '.join(sorted(unknown))}; there are {', '.join(SETS)}", file=sys.stderr)
        return 2
    parts = QUICK_PLAYERS if wanted.quick else tuple(wanted.players.lower().split(","))
    entries = [entry for entry in ENTRIES if any(part in entry.name.lower() for part in parts)]
    ledger = Ledger(wanted.out)
    if wanted.again:
        ledger.forget(sets, seeds, {entry.name for entry in entries})
    if not wanted.tables_only:
        try:
            tournament(ledger, sets, seeds, entries, wanted.rows, wanted.seconds)
        except FileNotFoundError as error:
            print(f"the evaluation data is not there: {error}. Set ATTUNE_SHARED_DATA.", file=sys.stderr)
            return 1
    games = ledger.of(sets, seeds)
    ranking = Ranking(games, FAMILIES)
    ranking.add_one_setting(TUNED, games, FAMILIES)
    print_tables(ranking, {(game.set_name, FAMILIES[game.player]) for game in ledger.stopped()})
    if wanted.plot:
        from evals.bakeoff.plots import draw_shares

        draw_shares(ranking, wanted.plot)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
