"""How much it bears: contacts in, one run over all of them, the outbox into a sink; `python -m app.drills.load`.

Each stage is a process of its own, so that its memory is its own. Writing is the understudy's; nothing leaves.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from rich.console import Console
from rich.table import Table

from app import loop
from app.drills.forks import fork, load, wait
from app.drills.sink import arrived, sinking
from domain.campaign import Caps
from evals.crowd import NOON, campaign

MIDNIGHT = NOON - timedelta(hours=12)
"""In New York, where the crowd lives: every message waits for the morning."""

MOST_MEGABYTES = 1_000
LEAST_A_SECOND = 100


def main() -> int:
    """Try the stages and print one table; 1 where a bound was not kept."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--contacts", type=int, default=100_000)
    parser.add_argument(
        "--messages", type=int, default=20_000, help="drafts of the run, and so messages to send"
    )
    given = parser.parse_args()
    load()
    table = Table(title=f"{given.contacts:,} contacts, {given.messages:,} messages")
    for column in ("stage", "things", "s", "a second", "peak memory, MB"):
        table.add_column(column, justify="left" if column == "stage" else "right")
    is_kept = True
    with tempfile.TemporaryDirectory(prefix="attune-load-") as folder:
        base, sink = Path(folder) / "ws", Path(folder) / "sink"
        stages: list[tuple[str, int, Callable[[], object]]] = [
            ("import contacts and their events", given.contacts, lambda: _settle(base, given.contacts)),
            ("decide for all", given.contacts, lambda: _decide(base, sink, given.messages)),
            ("draft, review, queue", given.messages, lambda: _carry(base, sink)),
            ("outbox into a sink", given.messages, lambda: _deliver(base, sink)),
        ]
        for name, things, act in stages:
            code, seconds, megabytes = _measured(act, Path(folder))
            if code:
                print(f"{name} failed: {(Path(folder) / 'errors').read_text()[-800:]}")
                return 1
            table.add_row(
                name, f"{things:,}", f"{seconds:.1f}", f"{things / seconds:,.0f}", f"{megabytes:.0f}"
            )
            is_kept = is_kept and megabytes < MOST_MEGABYTES
            if name.startswith("outbox"):
                is_kept = is_kept and things / seconds >= LEAST_A_SECOND and len(arrived(sink)) == things
        reached = len(arrived(sink))
    Console(width=110).print(table)
    bounds = f"under {MOST_MEGABYTES} MB, outbox at least {LEAST_A_SECOND} a second"
    print(f"{reached:,} arrived; bounds ({bounds}) {'kept' if is_kept else 'NOT kept'}")
    return 0 if is_kept else 1


def _measured(act: Callable[[], object], folder: Path) -> tuple[int, float, float]:
    told = folder / "told"

    def measured() -> None:
        began = time.perf_counter()
        act()
        seconds = time.perf_counter() - began
        told.write_text(f"{seconds} {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}")

    code = wait(fork(measured, folder / "errors"), 24 * 3600)
    if code:
        return code, 0, 0
    seconds, megabytes = told.read_text().split()
    return 0, float(seconds), float(megabytes)


def _settle(base: Path, contacts: int) -> None:
    from app.drills.settling import settle

    settle(base, contacts).close()


def _decide(base: Path, sink: Path, messages: int) -> None:
    from app.runs import begin

    house = sinking(base, sink, MIDNIGHT)
    begin(house, campaign().model_copy(update={"caps": Caps(messages=messages)}), is_dry_run=False)
    house.close()


def _carry(base: Path, sink: Path) -> None:
    from app.runs import carry_on

    house = sinking(base, sink, MIDNIGHT)
    (run,) = house.runs.open_runs()
    loop.run(carry_on(house, run))
    house.close()


def _deliver(base: Path, sink: Path) -> None:
    from app.deliver import deliver_due

    house = sinking(base, sink, NOON)
    loop.run(deliver_due(house))
    house.close()


if __name__ == "__main__":
    sys.exit(main())
