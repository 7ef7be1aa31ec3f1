"""`python -m evals.hillstrom`: held-out worth and online replay on Hillstrom's experiment.

`--quick` takes two repeats and few steps. `--save FILE` appends every measured number as JSON lines, so that parts
can be measured apart (`--part`, `--outcome`, `--first-seed`); `--show FILE ...` prints the tables of what was
saved, and `--plot FOLDER` draws them.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from rich.console import Console

from evals.hillstrom import held_out, online, tables
from evals.hillstrom.experiment import OUTCOMES, Experiment, read_experiment
from evals.hillstrom.records import Records

MOST_STEPS = 10_000
QUICK_REPEATS, QUICK_STEPS = 2, 600


def measure(given: argparse.Namespace, experiment: Experiment, records: Records) -> None:
    """Measure what was asked for, seed by seed."""
    repeats, most_steps = (QUICK_REPEATS, QUICK_STEPS) if given.quick else (given.repeats, given.steps)
    for seed in range(given.first_seed, given.first_seed + repeats):
        if given.part in ("all", "held-out"):
            records.add_truth(held_out.truth(experiment, seed))
            for outcome in given.outcome or OUTCOMES:
                for trial in held_out.trials(experiment, outcome, seed):
                    records.add_trial(trial)
        if given.part in ("all", "online"):
            for who, life in online.lives(experiment, seed, most_steps).items():
                records.add_life(seed, who, life)


def main() -> None:
    """Measure, or show what was measured."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--steps", type=int, default=MOST_STEPS, help="of one replay, at most")
    parser.add_argument("--first-seed", type=int, default=0, help="seeds from 1000 on are for tuning")
    parser.add_argument("--part", choices=("all", "held-out", "online"), default="all")
    parser.add_argument("--outcome", action="append", choices=OUTCOMES)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--save", type=Path)
    parser.add_argument("--show", type=Path, nargs="+")
    parser.add_argument("--plot", type=Path)
    given = parser.parse_args()
    console = Console(width=150)
    try:
        experiment = read_experiment()
    except FileNotFoundError as missing:
        raise SystemExit(
            f"{missing}. Name the folder of the evaluation data in ATTUNE_SHARED_DATA."
        ) from None
    records = Records(given.save)
    if given.show:
        records.read(given.show)
    else:
        measure(given, experiment, records)
    tables.show(records, experiment, console)
    if given.plot:
        from evals.hillstrom import plot

        plot.draw(records, experiment, given.plot)


if __name__ == "__main__":
    main()
