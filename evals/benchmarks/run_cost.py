"""What a run costs beyond the model: CPU a contact, and wall time against a model of fixed latency.

`python -m evals.benchmarks.run_cost --contacts 500 --latency-ms 300 --concurrency 32`. Each measurement is a
fresh process that carries a run over a fresh copy of the same workspace, as `attune run` would. The ideal is
calls x latency / concurrency: a house that took no time of its own at all.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table as Grid

from domain.base import Noun
from evals.benchmarks.loopback import LoopbackModelServer
from evals.crowd import NOON

LONGEST_RUN_SECONDS = 600


class Cost(Noun):
    """What one run took. `stood_in` counts contacts for whom the understudy replaced a failing model."""

    decide_seconds: float
    carry_seconds: float
    cpu_seconds: float
    contacts: int
    outcomes: dict[str, int]
    model_calls: int
    stood_in: int

    @property
    def cpu_ms_per_contact(self) -> float:
        """CPU time of the whole process, all threads, a contact."""
        return self.cpu_seconds / self.contacts * 1000

    def ratio(self, latency_ms: float, concurrency: int) -> float:
        """Wall time as a multiple of the ideal. Raises `ValueError` where no model was asked."""
        if not self.model_calls:
            raise ValueError("a run without model calls has no ideal to be compared with")
        return self.carry_seconds / (self.model_calls * latency_ms / 1000 / concurrency)


def settle(folder: Path, contacts: int) -> Path:
    """Make a workspace with a crowd in it."""
    _call("app.drills.settling", str(folder), str(contacts))
    return folder


def run_once(base: Path, model_url: str | None = None, concurrency: int = 32) -> Cost:
    """Carry one run over a copy of `base`; without a model the understudy plays every part."""
    with tempfile.TemporaryDirectory(prefix="attune-bench-") as folder:
        workspace = Path(folder) / "workspace"
        shutil.copytree(base, workspace)
        given = [str(workspace), str(workspace / "campaigns" / "crowd.yaml"), NOON.isoformat()]
        if model_url:
            given += ["--model-url", model_url, "--concurrency", str(concurrency)]
        return Cost.model_validate_json(_call("app.drills.worker", *given).splitlines()[-1])


def _call(module: str, *given: str) -> str:
    # A process of its own: its CPU time is the run's alone, and evals do not import the application.
    done = subprocess.run(  # noqa: S603 - our own module
        [sys.executable, "-m", module, *given],
        capture_output=True,
        text=True,
        check=False,
        timeout=LONGEST_RUN_SECONDS,
    )
    if done.returncode != 0:
        raise RuntimeError(f"{module} ended with {done.returncode}: {done.stderr[-800:]}")
    return done.stdout


def _grid(title: str, rows: Sequence[tuple[str, Sequence[float], str]]) -> Grid:
    grid = Grid(title=title)
    for column in ("", "min", "median", "max"):
        grid.add_column(column, justify="right" if column else "left")
    for name, values, form in rows:
        found = (min(values), median(values), max(values))
        grid.add_row(name, *(format(value, form) for value in found))
    return grid


def report(contacts: int, latency_ms: float, concurrency: int, repeats: int) -> None:
    """Measure and print."""
    console = Console()
    with tempfile.TemporaryDirectory(prefix="attune-bench-") as folder:
        base = settle(Path(folder) / "base", contacts)
        alone = [run_once(base) for _ in range(repeats)]
        console.print(
            _grid(
                f"{contacts} contacts, no model, {repeats} runs",
                (
                    ("decide for everyone, s", [cost.decide_seconds for cost in alone], ".2f"),
                    ("carry everyone, s", [cost.carry_seconds for cost in alone], ".1f"),
                    ("CPU a contact, ms", [cost.cpu_ms_per_contact for cost in alone], ".1f"),
                ),
            )
        )
        with LoopbackModelServer(latency_ms) as server:
            asked = [run_once(base, server.base_url, concurrency) for _ in range(repeats)]
    ideal = [cost.model_calls * latency_ms / 1000 / concurrency for cost in asked]
    console.print(
        _grid(
            f"{contacts} contacts, a model that takes {latency_ms:g} ms, {concurrency} calls at once, {repeats} runs",
            (
                ("model calls", [cost.model_calls for cost in asked], ".0f"),
                ("ideal, s", ideal, ".2f"),
                ("wall, s", [cost.carry_seconds for cost in asked], ".2f"),
                ("wall / ideal", [cost.ratio(latency_ms, concurrency) for cost in asked], ".3f"),
                ("CPU a contact, ms", [cost.cpu_ms_per_contact for cost in asked], ".1f"),
                ("contacts the understudy stood in for", [cost.stood_in for cost in asked], ".0f"),
            ),
        )
    )
    outcomes = [json.dumps(cost.outcomes, sort_keys=True) for cost in (*alone, *asked)]
    console.print("Outcomes: " + "; ".join(sorted(set(outcomes))))


def main() -> None:
    """Print the costs as tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--contacts", type=int, default=500)
    parser.add_argument("--latency-ms", type=float, default=300)
    parser.add_argument("--concurrency", type=int, default=32)
    parser.add_argument("--repeats", type=int, default=3)
    given = parser.parse_args()
    report(given.contacts, given.latency_ms, given.concurrency, given.repeats)


if __name__ == "__main__":
    main()
