"""Try the faults and print one table: `python -m app.drills.faults [--sample] [F-01 F-11 …]`; `make faults`: all."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from app.drills.faults.all_faults import FAULTS
from app.drills.faults.seen import Fault, Seen

COLUMNS = (
    "fault",
    "what",
    "trials",
    "duplicates",
    "silently lost",
    "after opt-out",
    "high-stakes unapproved",
    "unknown, listed",
    "integrity",
    "s",
)


def tried(fault: Fault, trials: int, seed: int) -> tuple[Seen, float]:
    """Try one fault in a folder of its own and return what was seen and how many seconds it took."""
    began = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix=f"attune-{fault.id}-") as folder:
        try:
            seen = fault.attempt(trials, Path(folder), seed)
        except Exception as failure:
            seen = Seen(problems=[f"the drill itself failed: {failure!r}"])
    return seen, time.perf_counter() - began


def main() -> int:
    """Try what is asked for; 1 where an invariant did not hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("only", nargs="*", metavar="FAULT", help="such as F-01; without any, all")
    parser.add_argument(
        "--sample", action="store_true", help="few trials of each: seconds instead of an hour"
    )
    parser.add_argument("--trials", type=int, help="so many trials of each")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    unknown = set(given.only) - {fault.id for fault in FAULTS}
    if unknown:
        parser.error(f"no fault {', '.join(sorted(unknown))}; there are {', '.join(f.id for f in FAULTS)}")
    console = Console(width=170)
    table = Table(title="A sample of the faults" if given.sample else "The faults in full")
    for column in COLUMNS:
        table.add_column(column, justify="left" if column in COLUMNS[:2] else "right")
    is_clean = True
    told: list[str] = []
    for fault in FAULTS:
        if given.only and fault.id not in given.only:
            continue
        trials = given.trials or (fault.sample if given.sample else fault.full)
        console.print(f"{fault.id} {fault.title}: {trials} …", style="dim")
        seen, seconds = tried(fault, trials, given.seed)
        is_clean = is_clean and seen.is_clean
        counts = (seen.trials, seen.duplicates, seen.lost, seen.after_opt_out, seen.unapproved, seen.unknown)
        table.add_row(fault.id, fault.title, *map(str, counts), seen.integrity, f"{seconds:.0f}")
        told += [f"{fault.id}: {words}" for words in seen.notes + seen.problems[:10]]
    console.print(table)
    for words in told:
        console.print(words, markup=False, soft_wrap=True)
    return 0 if is_clean else 1


if __name__ == "__main__":
    sys.exit(main())
