"""One process that carries a run, to be killed: `python -m app.drills.worker WORKSPACE CAMPAIGN NOW`.

It does what `attune run` does, with a clock that stands still, so that a drill does not depend on the
hour it is made at. It prints `ready` when the run is decided.
"""

from __future__ import annotations

import asyncio
import sys
from datetime import datetime
from pathlib import Path


def main() -> None:
    """Begin or go on with the run and carry it as far as this process lives."""
    from app.campaign_file import read_campaign
    from app.runs import begin, carry_on
    from app.settings import Settings
    from app.wiring import open_house

    folder, campaign, now = Path(sys.argv[1]), Path(sys.argv[2]), datetime.fromisoformat(sys.argv[3])
    settings = Settings(_env_file=None, workspace=folder, model=None)
    house = open_house(settings, clock=lambda: now)
    run, _ = begin(house, read_campaign(campaign), is_dry_run=False)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    asyncio.run(carry_on(house, run))
    house.close()


if __name__ == "__main__":
    main()
