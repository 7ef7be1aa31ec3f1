"""Reads campaign files, and says which line of thought is wrong when one does not fit."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from domain.campaign import Audience, Campaign, EventCondition, FieldCondition, Schedule
from domain.errors import InvalidFile
from domain.events import EventKind
from domain.people import LifecycleStage
from policies.audience import field_problems
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
        said = " ".join(str(error).replace(' in "<unicode string>",', " at").split())
        raise InvalidFile(path, f"is not YAML: {said}.") from None
    if not isinstance(content, dict):
        raise InvalidFile(path, "holds no campaign: expected `id:`, `name:`, `goal:` and more at the top.")
    try:
        campaign = Campaign.model_validate(content)
    except ValidationError as error:
        # A condition's problems are told by its own words below, not once for every kind it does not fit.
        problems = [_told(problem) for problem in error.errors() if not _is_of_a_condition(problem)]
        problems += _condition_problems(content)
        raise InvalidFile(
            path, " ".join(dict.fromkeys(problems)), "`attune campaign explain` describes every field."
        ) from None
    problems = [*field_problems(campaign.audience), *_stage_problems(campaign.audience)]
    if problems:
        raise InvalidFile(path, " ".join(f"audience: {problem}" for problem in problems))
    if campaign.schedule is not None:
        try:
            timetable_of(campaign.schedule, "UTC")
        except ValueError as error:
            raise InvalidFile(path, f"schedule: {error}.") from None
    return campaign


def read_runnable(path: Path, asset_ids: Sequence[str]) -> Campaign:
    """Read one campaign file whose content is all in the library.

    Raises:
        InvalidFile: as `read_campaign` does, and where it names content that is not there.
    """
    campaign = read_campaign(path)
    problems = library_problems(campaign, asset_ids)
    if problems:
        raise InvalidFile(path, " ".join(problems), "See `attune content list`.")
    return campaign


def library_problems(campaign: Campaign, asset_ids: Sequence[str]) -> tuple[str, ...]:
    """What the campaign names that the content library lacks, each with the nearest that is there."""
    rows = campaign.usual.rows if campaign.usual else ()
    named = dict.fromkeys((*campaign.assets, *(asset_id for row in rows for asset_id in row.send)))
    return tuple(
        f"assets: {one!r} is not in the content library.{_nearest(one, asset_ids)}"
        for one in named
        if one not in asset_ids
    )


def _told(problem: ErrorDetails) -> str:
    place = ".".join(str(part) for part in problem["loc"])
    said = problem["msg"].removeprefix("Value error, ").rstrip(".")
    if problem["type"] == "extra_forbidden":
        name, known = str(problem["loc"][-1]), tuple(Campaign.model_fields)
        said = "there is no such field"
        if len(problem["loc"]) == 1:
            return f"{place}: {said}.{_nearest(name, known)}"
    return f"{place or 'the file'}: {said}."


def _is_of_a_condition(problem: ErrorDetails) -> bool:
    place = problem["loc"]
    return len(place) > _CONDITION_DEPTH and place[0] == "audience" and place[1] in ("all", "none")


_CONDITION_DEPTH = 3


def _condition_problems(content: dict[str, Any]) -> list[str]:
    """Every condition that cannot be read, told as a condition on an event or on a field, whichever it is meant as."""
    audience = content.get("audience")
    if not isinstance(audience, dict):
        return []
    found = []
    for part in ("all", "none"):
        conditions = audience.get(part)
        for number, condition in enumerate(conditions if isinstance(conditions, list) else (), start=1):
            place = f"audience, condition {number} of `{part}`"
            found += [f"{place}: {said}" for said in _wrong_with(condition)]
    return found


def _wrong_with(condition: Any) -> list[str]:
    if not isinstance(condition, dict) or ("event" in condition) == ("field" in condition):
        return ["name either `field:` or `event:`, as in {event: page_viewed, at_least: 1}."]
    kind: type[FieldCondition | EventCondition] = EventCondition if "event" in condition else FieldCondition
    try:
        kind.model_validate(condition)
    except ValidationError as error:
        return [_told_of_condition(problem, condition) for problem in error.errors()]
    return []


def _told_of_condition(problem: ErrorDetails, condition: dict[str, Any]) -> str:
    place = str(problem["loc"][0]) if problem["loc"] else ""
    said = problem["msg"].removeprefix("Value error, ").rstrip(".")
    if place == "event":
        known = tuple(kind.value for kind in EventKind)
        return f"there is no event {condition['event']!r}.{_nearest(str(condition['event']), known)}"
    if problem["type"] == "extra_forbidden":
        return f"a condition on {'an event' if 'event' in condition else 'a field'} has no {place!r}."
    return f"{place}: {said}." if place else f"{said}."


def _stage_problems(audience: Audience) -> list[str]:
    known = tuple(stage.value for stage in LifecycleStage)
    return [
        f"there is no lifecycle_stage {value!r}.{_nearest(str(value), known)}"
        for condition in (*audience.all, *audience.none)
        if isinstance(condition, FieldCondition) and condition.field == "lifecycle_stage"
        for value in (*(condition.is_in or ()), *(condition.is_not_in or ()))
        if value not in known
    ]


def _nearest(word: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    if near:
        return f" Did you mean {near[0]!r}?"
    return f" There are: {', '.join(known[:_MOST_LISTED])}{', …' if len(known) > _MOST_LISTED else ''}."


_MOST_LISTED = 12


def timetable_of(schedule: Schedule, team_zone: str) -> Timetable:
    """Return when a campaign comes round, in its own zone or the team's.

    Raises:
        ValueError: if its cron expression or its zone is none.
    """
    try:
        return Timetable.read(schedule.cron, schedule.time_zone or team_zone)
    except ValueError as error:
        raise ValueError(f"the schedule does not fit, {error}") from None
