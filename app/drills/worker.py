"""One process that carries a run: `python -m app.drills.worker WORKSPACE CAMPAIGN NOW`, to be killed or timed.

It does what `attune run` does, with a clock that stands still, so that a drill does not depend on the
hour it is made at. It prints `ready` when the run is decided, and one line of JSON when it is done.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import Any


def main() -> None:
    """Begin or go on with the run and carry it as far as this process lives."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("workspace", type=Path)
    parser.add_argument("campaign", type=Path)
    parser.add_argument("now", type=datetime.fromisoformat)
    parser.add_argument("--model-url", help="a model endpoint; without it the understudy plays every part")
    parser.add_argument("--concurrency", type=int, default=32, help="model calls under way at once")
    given = parser.parse_args()
    timings = carry(given.workspace, given.campaign, given.now, given.model_url, given.concurrency)
    sys.stdout.write(json.dumps(timings) + "\n")


def carry(
    folder: Path, campaign: Path, now: datetime, model_url: str | None, concurrency: int
) -> dict[str, Any]:
    """Carry the run and tell what it took; CPU seconds are those of the whole process while it carried."""
    from app import loop
    from app.campaign_file import read_campaign
    from app.runs import begin, carry_on
    from app.settings import Settings
    from app.wiring import open_house

    settings = Settings(_env_file=None, workspace=folder, model=None).model_copy(
        update={
            "model": "loopback" if model_url else None,
            "openai_base_url": model_url,
            "model_concurrency": concurrency,
        }
    )
    house = open_house(settings, clock=lambda: now)
    try:
        began = time.perf_counter()
        run, _ = begin(house, read_campaign(campaign), is_dry_run=False)
        decided = time.perf_counter()
        # What is loaded and connected once a process is not part of what a contact costs.
        _ = house.bench, import_module("dbos")
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        started, cpu = time.perf_counter(), time.process_time()
        report = loop.run(carry_on(house, run))
        took, cpu = time.perf_counter() - started, time.process_time() - cpu
        return {
            "decide_seconds": decided - began,
            "carry_seconds": took,
            "cpu_seconds": cpu,
            "contacts": sum(report.counts.values()),
            "outcomes": {outcome.value: many for outcome, many in report.counts.items()},
            "model_calls": report.usage.calls,
            "stood_in": sum(
                record.stakes is not None and any(r.code == "understudy" for r in record.stakes.reasons)
                for record in house.archive.samples(run.id, limit=1_000_000)
            ),
        }
    finally:
        house.close()


if __name__ == "__main__":
    main()
