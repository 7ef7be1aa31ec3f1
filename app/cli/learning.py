"""`attune learn`: what was learned, from what; try, pin, take along and bring in learners."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.cli.days import Since, read_since
from app.cli.doors import doors
from app.cli.screen import AsJson, err, heading, line, listing, next_steps, print_json
from app.cli.taught import print_nothing, print_taught, taught
from domain.campaign import Campaign, LearnerSettings
from domain.errors import InvalidFile, NotFound, WrongUsage

if TYPE_CHECKING:
    from app.learner_status import LearnerStatus
    from app.wiring import House
    from learning.replay.promotion import Promotion

app = typer.Typer(no_args_is_help=True, help="What was learned from outcomes, and which learner decides.")

CampaignId = Annotated[str, typer.Argument(metavar="CAMPAIGN", help="A campaign's id, as in its file.")]
OneOrAll = Annotated[
    str | None,
    typer.Argument(
        metavar="CAMPAIGN", help="A campaign's id, as in its file; all that were run if left out."
    ),
]
Version = Annotated[
    str,
    typer.Argument(
        metavar="VERSION", help="As `attune learn status` calls it; its beginning or its outcomes are enough."
    ),
]
Margin = Annotated[
    float, typer.Option(min=0, help="How much worse a decision may be, in cents, and still be promoted.")
]


@app.command("status")
def status(campaign: OneOrAll = None, as_json: AsJson = False) -> None:
    """Show what is known, how sure it is, what changed in the market, and every kept version."""
    from app.learner_status import status_of

    house = doors.house()
    found = [status_of(house, one, house.clock()) for one in _campaigns(house, campaign)]
    if as_json:
        print_json([_record(one) for one in found])
        return
    for one in found:
        _print_status(one)
    if not found:
        line("No campaign has been run yet. `attune run CAMPAIGN` starts one.")


@app.command("run")
def run(campaign: OneOrAll = None, as_json: AsJson = False) -> None:
    """Learn from every outcome known by now; each real run does so by itself before it decides."""
    house = doors.house()
    rows = [taught(house, one) for one in _campaigns(house, campaign)]
    if as_json:
        print_json(rows)
        return
    for row in rows:
        print_taught(row)
    if not rows:
        line("No campaign has been run yet. `attune run CAMPAIGN` starts one.")


@app.command("backfill")
def backfill(
    campaign: CampaignId,
    since: Annotated[
        Since | None,
        typer.Option(
            parser=read_since,
            metavar="<day, time or days>",
            help="Only e-mails from then on: a UTC day or time such as 2026-01-31, or days such as 90d.",
        ),
    ] = None,
    drop: Annotated[bool, typer.Option("--drop", help="Learn from none of them any more.")] = False,
    as_json: AsJson = False,
) -> None:
    """Learn from e-mails that other tools sent, as far as the imported history names their content."""
    from app.backfill import PAST_WEIGHT, counting, drop_span, found_since, note_span

    house = doors.house()
    known = _campaign(house, campaign)
    if drop and since is not None:
        raise WrongUsage("--drop and --since do not go together. Nothing was changed.")
    now = house.clock()
    start = since.on(now) if since else None
    kept = counting(house, known, now)
    if kept is None if drop else not found_since(house, known, start, now):
        print_nothing(known, kept, start, is_drop=drop, as_json=as_json)
        return
    if drop:
        drop_span(house, known, now)
    else:
        note_span(house, known, start, now)
    row = taught(house, known)
    if as_json:
        print_json(row)
        return
    if drop:
        line("No e-mail of other tools counts any more.")
        print_taught(row)
        return
    line(
        f"{row['past_emails']:,} past e-mails about this campaign's content, {row['past_answered']:,} with something "
        f"that came of them. Each counts for {PAST_WEIGHT:g} of a decision of our own: who got what was not drawn."
    )
    print_taught(row)
    line(
        f"  `attune learn backfill {campaign} --drop` takes this back.",
        style="dim",
    )


@app.command("try")
def try_settings(
    campaign: CampaignId,
    boldness: Annotated[
        float | None, typer.Option(min=0.001, max=3, help="Standard deviations of doubt that count.")
    ] = None,
    floor: Annotated[
        float | None, typer.Option(min=0.01, max=1, help="Share of the draws that is spread evenly.")
    ] = None,
    half_life_days: Annotated[
        float | None, typer.Option(min=0.1, help="Days after which an outcome counts half.")
    ] = None,
    margin_cents: Margin = 0.0,
    as_json: AsJson = False,
) -> None:
    """Ask the log whether other settings would do no worse; change nothing, say what to write."""
    from app.trying import settings_tried

    house = doors.house()
    known = _campaign(house, campaign)
    given = {"boldness": boldness, "floor": floor, "half_life_days": half_life_days}
    changed = {name: value for name, value in given.items() if value is not None}
    settings = LearnerSettings.model_validate({**known.learner.model_dump(), **changed})
    if settings == known.learner:
        raise typer.BadParameter(
            f"these are {known.id}'s settings already; give another --boldness, --floor or --half-life-days"
        )
    with err.status("Learning from the log again with these settings, part by part …"):
        found = settings_tried(house, known, settings, margin_cents)
    if as_json:
        print_json({"settings": settings, "instead_of": known.learner, **_verdict(found)})
        return
    _print_verdict(found, "These settings", known.goal.currency, ("No worse.", "Not advised."))
    if found.is_promoted:
        line(f"Write this into the file of {known.id}; the next run goes by it:")
        line("learner:")
        for name, value in settings.model_dump().items():
            line(f"  {name}: {value:g}")


@app.command("export")
def export(
    campaign: CampaignId,
    path: Annotated[Path, typer.Argument(metavar="FILE.npz", help="The file to write.")],
    version: Annotated[str | None, typer.Option(help="Which; the one that decides now if left out.")] = None,
    as_json: AsJson = False,
) -> None:
    """Write a learner as one small file."""
    from app.learner_files import export_learner

    house = doors.house()
    if path.is_dir():
        raise InvalidFile(
            path, "is a folder.", "Name a file to write, such as learner.npz. Nothing was written."
        )
    try:
        kept = export_learner(house, _campaign(house, campaign), path, version)
    except OSError as why:
        raise InvalidFile(
            path, f"cannot be written: {why.strerror or why}.", "Nothing was written."
        ) from None
    if as_json:
        print_json({"file": str(path), "version": kept.version, "bytes": path.stat().st_size})
        return
    line(f"{kept.version} is in {path} ({path.stat().st_size:,} bytes).")


@app.command("import")
def import_(
    campaign: CampaignId,
    path: Annotated[Path, typer.Argument(metavar="FILE.npz", help="A file of `attune learn export`.")],
    unproven: Annotated[
        bool, typer.Option("--unproven", help="Let it decide without asking the log; the audit says so.")
    ] = False,
    margin_cents: Margin = 0.0,
    as_json: AsJson = False,
) -> None:
    """Let a learner from elsewhere decide, pinned, where the log shows that it is not worse."""
    from app.learner_files import import_learner

    house = doors.house()
    known = _campaign(house, campaign)
    with house.locks.only_worker(), err.status("Asking the log whether it is no worse …"):
        version, found = import_learner(house, known, path, is_unproven=unproven, margin_cents=margin_cents)
    is_in = found is None or found.is_promoted
    if as_json:
        print_json({"version": version, "is_pinned": is_in, **(_verdict(found) if found else {})})
    else:
        if found is not None:
            _print_verdict(found, version, known.goal.currency)
        if is_in:
            line(f"{version} is pinned: it decides for {known.id} from now on.")
            next_steps({f"attune learn unpin {known.id}": "let what is learned here decide again"})
        else:
            line("Nothing was changed. `--unproven` lets it decide anyway.")
    if not is_in:
        raise typer.Exit(1)


@app.command("rollback")
def rollback(campaign: CampaignId, version: Version) -> None:
    """Go back to a kept version and pin it: it decides until `attune learn unpin`."""
    from app.learner_files import roll_back

    house = doors.house()
    known = _campaign(house, campaign)
    decides = roll_back(house, known, version)
    line(f"{decides} decides for {known.id} from now on. Newer outcomes are learned beside it.")
    next_steps({f"attune learn unpin {known.id}": "let the newest decide again"})


@app.command("unpin")
def unpin(campaign: CampaignId) -> None:
    """Let the newest version decide again."""
    from app.learner_files import unpin as let_go

    house = doors.house()
    known = _campaign(house, campaign)
    was = let_go(house, known)
    line(f"{was} no longer decides for {known.id}; the newest does." if was else "No version was pinned.")


def _campaigns(house: House, named: str | None) -> tuple[Campaign, ...]:
    return (_campaign(house, named),) if named else house.crm.campaigns(limit=1_000)


def _campaign(house: House, named: str) -> Campaign:
    """The campaign as it last ran; one that never ran, as its file says."""
    from app.campaign_file import read_campaign
    from app.cli.running import find_campaign

    try:
        return house.crm.campaign(named)
    except NotFound:
        path = find_campaign(house, Path(named))
        if not path.is_file():
            raise
        read = read_campaign(path)
    try:
        return house.crm.campaign(read.id)
    except NotFound:
        return read


def _record(found: LearnerStatus) -> dict[str, Any]:
    return {
        "campaign": found.campaign_id,
        "knowledge": found.knowledge,
        "deciding": found.deciding,
        "alarms": list(found.alarms),
        "market_shifts": list(found.shifts),
        "notes": list(found.notes),
        "versions": [
            {
                "version": one.version,
                "outcomes": one.outcomes,
                "made_at": one.made_at,
                "is_pinned": one.is_pinned,
                "size_bytes": one.size_bytes,
                "features_version": one.record.get("features_version"),
                "settings": one.record.get("settings"),
                "widths": one.record.get("widths"),
                "past": one.record.get("past"),
                "imported_from": one.record.get("imported_from"),
            }
            for one in found.versions
        ],
    }


def _print_status(found: LearnerStatus) -> None:
    heading(f"{found.campaign_id}: {found.knowledge}")
    for told in (*found.shifts, *found.notes):
        line(f"  {told}", style="yellow")
    for words in found.alarm_lines:
        line(f"  {words[0].upper()}{words[1:]}")
    listing(
        [
            {
                "version": f"  {one.version}",
                "outcomes": one.outcomes,
                "made_at": one.made_at,
                "is_pinned": "pinned" if one.is_pinned else "",
                "decides": "decides" if one.version == found.deciding else "",
                "size_bytes": one.size_bytes,
            }
            for one in found.versions
        ],
        {
            "version": "  Version",
            "outcomes": "Outcomes>",
            "made_at": "Made",
            "is_pinned": "Pinned",
            "decides": "Decides",
            "size_bytes": "Bytes>",
        },
        as_json=False,
        empty=f"  Nothing is kept yet: `attune learn run {found.campaign_id}`, or the next real run, learns.",
    )


def _verdict(found: Promotion) -> dict[str, Any]:
    bounds = found.interval
    return {
        "is_promoted": found.is_promoted,
        "reason": found.reason,
        "gain_cents": found.gain,
        "low_cents": bounds.low if bounds else None,
        "high_cents": bounds.high if bounds else None,
        "level": bounds.level if bounds else None,
        "more_decisions": found.thin.more_decisions if found.thin else None,
    }


def _print_verdict(
    found: Promotion, what: str, currency: str, words: tuple[str, str] = ("Promoted.", "Not promoted.")
) -> None:
    if found.interval is not None and found.gain is not None:
        low, high = found.interval.low, found.interval.high
        line(
            f"{what}: {found.gain * 10:,.2f} {currency} per 1,000 decisions against what decides now, "
            f"{found.interval.level:.0%} interval {low * 10:,.2f} to {high * 10:,.2f}."
        )
    may = words[0] if found.is_promoted else words[1]
    line(f"{may} {found.reason}", style="green" if found.is_promoted else "yellow")
