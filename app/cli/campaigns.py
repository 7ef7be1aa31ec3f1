"""`attune campaign`: list campaign files, check one, explain their fields."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from app.cli.doors import doors
from app.cli.screen import AsJson, heading, line, listing, money, print_json, print_narrowing
from domain.errors import AttuneError

app = typer.Typer(
    no_args_is_help=True, help="Campaign files: an outcome wanted, for whom, within which bounds."
)


@app.command("list")
def list_campaigns(as_json: AsJson = False) -> None:
    """List the campaign files of the workspace."""
    from app.campaign_file import read_campaign

    rows: list[dict[str, str | None]] = []
    for path in sorted(doors.house().workspace.campaigns.glob("*.y*ml")):
        try:
            campaign = read_campaign(path)
        except AttuneError as error:
            rows.append({"file": path.name, "name": str(error)})
            continue
        rows.append(
            {
                "file": path.stem,
                "name": campaign.name,
                "goal": campaign.goal.outcome.value,
                "worth": money(campaign.goal.worth_cents, campaign.goal.currency),
                "autonomy": campaign.autonomy.value,
                "schedule": campaign.schedule.cron if campaign.schedule else None,
            }
        )
    listing(
        rows,
        {"file": "Campaign", "name": "Name", "goal": "Goal", "worth": "Worth>", "autonomy": "Autonomy"},
        as_json=as_json,
        empty="No campaign files yet. `attune campaign explain` shows how to write one.",
    )


@app.command("check")
def check(
    campaign: Annotated[Path, typer.Argument(help="A campaign file, or the name of one in the workspace.")],
    as_json: AsJson = False,
) -> None:
    """Read a campaign file and say what it means; nothing is run."""
    from app.campaign_file import read_runnable
    from app.cli.running import find_campaign

    house = doors.house()
    read = read_runnable(find_campaign(house, campaign), [asset.id for asset in house.crm.assets()])
    from app.audience_size import lacks, narrowed

    steps, missing = narrowed(house, read, house.clock()), tuple(lacks(house))
    if as_json:
        told = [{"condition": step.says, "contacts": step.left} for step in steps]
        print_json({**read.model_dump(mode="json", by_alias=True), "leaves": told, "lacks": list(missing)})
        return
    goal = read.goal
    heading(f"{read.name}  ({read.id})")
    line(
        f"  Goal      {goal.outcome.value} within {goal.window_days} days, "
        f"worth {money(goal.worth_cents, goal.currency)}"
    )
    line(f"  Audience  {len(read.audience.all)} conditions hold, {len(read.audience.none)} must not")
    line(f"  Content   {', '.join(read.assets) or 'the whole active library'}")
    line(f"  Slots     {', '.join(slot.value for slot in read.slots)}")
    line(
        f"  Bounds    holdout {read.holdout_share:.0%}, silence {read.silence_share:.0%}, "
        f"a silence holds {read.silence_holds_hours:g} h, autonomy {read.autonomy.value}"
    )
    print_narrowing(steps, missing)


@app.command("explain")
def explain() -> None:
    """Print a commented campaign file to start from."""
    # As it stands: it is meant to become a file, and a wrapped line would break it.
    sys.stdout.write(EXAMPLE.read_text(encoding="utf-8"))


EXAMPLE = Path(__file__).parent / "campaign_example.yaml"
