"""`attune campaign`: list campaign files, check one, explain their fields."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from app.cli.doors import doors
from app.cli.screen import AsJson, heading, line, listing, money, print_json, print_narrowing
from app.who import names_of, standing_words
from domain.errors import AttuneError
from domain.schedule import CampaignStanding, CampaignState

app = typer.Typer(
    no_args_is_help=True, help="Campaign files: an outcome wanted, for whom, within which bounds."
)


@app.command("list")
def list_campaigns(as_json: AsJson = False) -> None:
    """List the campaign files of the workspace: how each stands, and when it comes round next."""
    from app.schedules import campaign_files, next_run

    house = doors.house()
    standings, names = house.controls.standings(), names_of(house.staff.members())
    rows: list[dict[str, Any]] = []
    for path, campaign in campaign_files(house):
        if isinstance(campaign, AttuneError):
            rows.append({"file": path.name, "name": str(campaign)})
            continue
        standing = standings.get(campaign.id, CampaignStanding(campaign_id=campaign.id))
        rows.append(
            {
                "file": path.stem,
                "name": campaign.name,
                "goal": campaign.goal.outcome.value,
                "worth": money(campaign.goal.worth_cents, campaign.goal.currency),
                "autonomy": campaign.autonomy.value,
                "schedule": campaign.schedule.cron if campaign.schedule else None,
                "next_run": next_run(house, campaign) if standing.state is CampaignState.ACTIVE else None,
                "state": standing.state.value,
                "why": "" if standing.state is CampaignState.ACTIVE else standing_words(standing, names),
            }
        )
    listing(
        rows,
        {
            "file": "Campaign",
            "name": "Name",
            "goal": "Goal",
            "worth": "Worth>",
            "autonomy": "Autonomy",
            "next_run": "Next run",
            "state": "State",
            "why": "Why",
        },
        as_json=as_json,
        empty="No campaign files yet. `attune campaign explain` shows how to write one.",
    )


Campaign = Annotated[str, typer.Argument(help="The campaign's id or its file's name.")]
Reason = Annotated[
    str, typer.Option("--reason", help="Why; it stands in every listing. The audit keeps its hash.")
]


@app.command("pause")
def pause(campaign: Campaign, reason: Reason = "", as_json: AsJson = False) -> None:
    """Let nothing of a campaign leave until `resume`; works from the next message on, in every worker."""
    from app.steering import pause as let_wait

    house, campaign_id = doors.house(), _campaign_id(campaign)
    _tell(campaign_id, let_wait(house, campaign_id, doors.person(), reason), as_json)


@app.command("resume")
def resume(campaign: Campaign, reason: Reason = "", as_json: AsJson = False) -> None:
    """Let a paused or stopped campaign, or one the circuit breaker paused, go on."""
    from app.steering import resume as let_go_on

    house, campaign_id = doors.house(), _campaign_id(campaign)
    _tell(campaign_id, let_go_on(house, campaign_id, doors.person(), reason), as_json)


@app.command("stop")
def stop(campaign: Campaign, reason: Reason = "", as_json: AsJson = False) -> None:
    """End a campaign: its run is given up, what is unsent is withdrawn, its schedule rests."""
    from app import loop
    from app.steering import stop as end

    house, campaign_id = doors.house(), _campaign_id(campaign)
    withdrawn = loop.run(end(house, campaign_id, doors.person(), reason))
    _tell(campaign_id, True, as_json, f" {withdrawn} unsent messages were withdrawn.")


@app.command("scheduled")
def scheduled(
    campaign: Annotated[str | None, typer.Option(help="Only this one.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many.")] = 20,
    as_json: AsJson = False,
) -> None:
    """List the times campaigns came round, and what became of each."""
    house = doors.house()
    listing(
        [
            {**found.model_dump(mode="python"), "state": found.state.value}
            for found in house.controls.scheduled(_campaign_id(campaign) if campaign else None, limit)
        ],
        {
            "campaign_id": "Campaign",
            "scheduled_at": "Scheduled",
            "state": "State",
            "run_id": "Run",
            "claimed_by": "By",
            "detail": "Detail",
        },
        as_json=as_json,
        empty="No campaign has come round yet. Give one a `schedule`, and keep `attune scheduler` running.",
    )


def _campaign_id(named: str) -> str:
    """The id of a campaign that has a file here, or has run before. Raises `NotFound`."""
    from app.schedules import campaign_files

    house = doors.house()
    for path, campaign in campaign_files(house):
        if not isinstance(campaign, AttuneError) and named in {campaign.id, path.stem, path.name}:
            return campaign.id
    return house.crm.campaign(named).id


def _tell(campaign_id: str, changed: bool, as_json: bool, more: str = "") -> None:
    standing = doors.house().controls.standing(campaign_id)
    if as_json:
        print_json({**standing.model_dump(mode="json"), "changed": changed})
        return
    words = (
        standing_words(standing, names_of(doors.house().staff.members()))
        if standing.by
        else standing.state.value
    )
    line(f"{campaign_id}: {words}{'' if changed else ' already'}.{more}")


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
    if read.schedule:
        line(
            f"  Schedule  {read.schedule.cron}, {read.schedule.time_zone or 'the team’s zone'}; {read.schedule.missed}"
        )
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
