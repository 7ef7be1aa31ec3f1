"""What a teaching changed, in words and for programs: what `attune learn run` and `backfill` print."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from app.cli.screen import line, print_json
from domain.campaign import Campaign

if TYPE_CHECKING:
    from app.wiring import House


def taught(house: House, campaign: Campaign) -> dict[str, Any]:
    """Teach and say what changed."""
    from app.learner_status import status_of
    from app.teaching import teach

    with house.locks.only_worker():
        before = status_of(house, campaign, house.clock())
        bandit = teach(house, campaign, house.clock())
        now = status_of(house, campaign, house.clock())
    known = {alarm["words"] for alarm in before.alarms}
    past = now.versions[0].record.get("past", {})
    return {
        "campaign": campaign.id,
        "version": bandit.version,
        "version_before": before.versions[0].version if before.versions else None,
        "is_new": not before.versions or before.versions[0].version != bandit.version,
        "decides": now.deciding == bandit.version,
        "outcomes": bandit.outcomes,
        "outcomes_before": before.versions[0].outcomes if before.versions else 0,
        "past_emails": past.get("emails", 0),
        "past_answered": past.get("answered", 0),
        "knowledge": now.knowledge,
        "new_alarms": [alarm["words"] for alarm in now.alarms if alarm["words"] not in known],
    }


def print_nothing(
    campaign: Campaign, kept: int | None, start: datetime | None, *, is_drop: bool, as_json: bool
) -> None:
    """Say that a backfill finds nothing, or a drop nothing to drop, and what stays as it was."""
    if as_json:
        print_json({"campaign": campaign.id, "past_emails": kept or 0, "is_new": False})
        return
    if is_drop:
        line(
            f"{campaign.id} learns from no e-mail of other tools, so there is none to drop. Nothing was changed."
        )
        return
    span = f" since {start:%Y-%m-%d}" if start else ""
    stays = (
        f"the {kept:,} past e-mails of the backfill before still count"
        if kept
        else "it learns from no past e-mails, as before"
    )
    line(f"No past e-mail{span} counts for {campaign.id}. Nothing was changed: {stays}.")
    line(
        "  An e-mail counts where the import names its content (`asset_id`) and early signals had their time."
    )


def _learned_from(outcomes: int, past: int) -> str:
    """What a version was taught; a past e-mail is less than an outcome of its own."""
    if not past:
        return f"{outcomes:,} outcomes"
    from app.backfill import PAST_WEIGHT

    return (
        f"{outcomes - past:,} outcomes of its own and {past:,} past e-mails that count {PAST_WEIGHT:g} each"
    )


def print_taught(row: dict[str, Any]) -> None:
    """Say what a teaching changed, of a row of `taught`."""
    if not row["is_new"]:
        line(f"{row['campaign']}: nothing new to learn; {row['version']} stays.")
    else:
        before = row["version_before"]
        line(
            f"{row['campaign']}: {row['version']}, learned from "
            f"{_learned_from(row['outcomes'], row['past_emails'])}"
            + (f" (before: {before}, {row['outcomes_before']:,})." if before else ".")
        )
    line(f"  {row['knowledge']}.", style="dim")
    if not row["decides"]:
        line("  A pinned version decides all the same; `attune learn unpin` lets the newest.", style="yellow")
    for words in row["new_alarms"]:
        line(f"  {words[0].upper()}{words[1:]}", style="yellow")
