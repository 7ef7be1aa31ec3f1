"""Reads campaign files, and says which line of thought is wrong when one does not fit."""

from __future__ import annotations

from pathlib import Path

import yaml
from pydantic import ValidationError

from domain.campaign import Campaign, Schedule
from domain.errors import InvalidFile
from policies.audience import validate_fields
from policies.timetable import Timetable


def read_campaign(path: Path) -> Campaign:
    """Read one campaign file.

    Raises:
        InvalidFile: naming the file, the field and what would be right.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise InvalidFile(path, "there is no such campaign file.", "See `attune campaign list`.") from None
    except IsADirectoryError:
        raise InvalidFile(path, "is a folder, not a campaign file.", "See `attune campaign list`.") from None
    except (UnicodeDecodeError, PermissionError) as error:
        raise InvalidFile(path, f"cannot be read as a campaign file: {error}.") from None
    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise InvalidFile(path, f"is not YAML: {' '.join(str(error).split())}.") from None
    if not isinstance(content, dict):
        raise InvalidFile(path, "holds no campaign: expected `id:`, `name:`, `goal:` and more at the top.")
    try:
        campaign = Campaign.model_validate(content)
        validate_fields(campaign.audience)
        if campaign.schedule is not None:
            timetable_of(campaign.schedule, "UTC")
    except ValidationError as error:
        raise InvalidFile(
            path, _first_problem(error), "`attune campaign explain` describes every field."
        ) from None
    except ValueError as error:
        part = "schedule" if "schedule" in str(error) else "audience"
        raise InvalidFile(path, f"{part}: {error}.") from None
    return campaign


def timetable_of(schedule: Schedule, team_zone: str) -> Timetable:
    """Return when a campaign comes round, in its own zone or the team's.

    Raises:
        ValueError: if its cron expression or its zone is none.
    """
    try:
        return Timetable.read(schedule.cron, schedule.time_zone or team_zone)
    except ValueError as error:
        raise ValueError(f"the schedule does not fit, {error}") from None


def _first_problem(error: ValidationError) -> str:
    problems = error.errors()
    # A condition that fits neither kind yields one problem per kind; the deepest one says the most.
    problem = max(problems, key=lambda p: len(p["loc"]))
    place = ".".join(str(part) for part in problem["loc"] if not str(part).endswith("Condition"))
    more = f" ({len(problems) - 1} more)" if len(problems) > 1 else ""
    message = problem["msg"].removeprefix("Value error, ")
    return f"{place or 'the file'}: {message}{more}."
