"""Makes a workspace with a plain crowd in it, for drills and benchmarks: `python -m app.drills.settling FOLDER N`."""

from __future__ import annotations

import argparse
from datetime import datetime
from pathlib import Path

import yaml

from app.remembering import catch_up
from app.settings import Settings
from app.wiring import House, make_workspace, open_house
from evals.crowd import NOON, SENDER, campaign, crowd, library


def settle(folder: Path, contacts: int, now: datetime = NOON, **settings: object) -> House:
    """Make a workspace with a crowd in it and return it, opened, with its clock standing at `now`."""
    chosen = Settings(_env_file=None, workspace=folder, model=None).model_copy(update=settings)
    make_workspace(chosen)
    house = open_house(chosen, clock=lambda: now)
    house.workspace.sender_file.write_text(yaml.safe_dump(SENDER.model_dump(mode="json")), encoding="utf-8")
    house.content.save_assets(library())
    house.intake.take(
        crowd(contacts, now), source_name="crowd", rejects_path=folder / "rejects" / "crowd.csv"
    )
    catch_up(house)
    plan = campaign().model_dump(mode="json", exclude_none=True)
    (house.workspace.campaigns / "crowd.yaml").write_text(yaml.safe_dump(plan), encoding="utf-8")
    return house


def main() -> None:
    """Settle a crowd where the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("contacts", type=int)
    given = parser.parse_args()
    settle(given.folder, given.contacts).close()


if __name__ == "__main__":
    main()
