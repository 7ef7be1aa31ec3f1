"""Reads campaign files, and says which line of thought is wrong when one does not fit."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from domain.campaign import Audience, Campaign, EventCondition, FieldCondition, Schedule
from domain.errors import InvalidFile
from domain.events import EventKind
from domain.people import LifecycleStage
from policies.audience import unknown_field
from policies.mistakes import Mistake, Place, line_of, mistakes_of, not_yaml
from policies.timetable import Timetable

MOST_BYTES = 200_000
"""A campaign file is a page or two; anything so long is something else."""

MOST_DAYS = 36_500
"""A century: what is longer is a slip, and no calendar reaches back so far."""


def read_campaign(path: Path) -> Campaign:
    """Read one campaign file.

    Raises:
        InvalidFile: naming the file, and every mistake with its line, its field and what would be right.
    """
    campaign, mistakes = judge_campaign(text_of(path))
    if campaign is None:
        said = " ".join(f"{mistake.in_words}." for mistake in mistakes)
        raise InvalidFile(path, said, "`attune campaign explain` describes every field.")
    return campaign


def text_of(path: Path) -> str:
    """The words of a campaign file. Raises `InvalidFile` where there is none or it cannot be read."""
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise InvalidFile(path, "there is no such campaign file.", "See `attune campaign list`.") from None
    except IsADirectoryError:
        raise InvalidFile(path, "is a folder, not a campaign file.", "See `attune campaign list`.") from None
    except (UnicodeDecodeError, PermissionError) as error:
        raise InvalidFile(path, f"cannot be read as a campaign file: {error}.") from None


def judge_campaign(
    text: str, asset_ids: Sequence[str] | None = None
) -> tuple[Campaign | None, tuple[Mistake, ...]]:
    """Return the campaign a text means, or None and every mistake in it.

    Args:
        text: a campaign file's words.
        asset_ids: the content library, to find content that is not in it; None does not ask.
    """
    if len(text) > MOST_BYTES:
        return None, (Mistake(says=f"is longer than {MOST_BYTES:,} characters"),)
    try:
        tree = yaml.compose(text, Loader=yaml.SafeLoader)
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        return None, (not_yaml(error),)
    except RecursionError:
        return None, (Mistake(says="holds lists within lists, deeper than any campaign"),)
    if not isinstance(content, dict):
        return None, (
            Mistake(says="holds no campaign: expected `id:`, `name:`, `goal:` and more at the top"),
        )
    try:
        campaign = Campaign.model_validate(content)
    except ValidationError as error:
        # A condition's problems are told by its own words below, not once for every kind it does not fit.
        told = [m for m in mistakes_of(error, tree, _known_at) if not _is_of_a_condition(m.place)]
        return None, _in_order([*told, *_condition_mistakes(content, tree)])
    found = [
        *_days_mistakes(campaign, tree),
        *_audience_mistakes(campaign.audience, tree),
        *_schedule_mistakes(campaign, tree),
    ]
    if asset_ids is not None:
        found += [
            Mistake(line=line_of(tree, ("assets",)), place=("assets",), says=problem)
            for problem in _missing(campaign, asset_ids)
        ]
    return (None, _in_order(found)) if found else (campaign, ())


def _in_order(mistakes: Sequence[Mistake]) -> tuple[Mistake, ...]:
    return tuple(sorted(dict.fromkeys(mistakes), key=lambda mistake: mistake.line))


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
    return tuple(f"assets: {problem}." for problem in _missing(campaign, asset_ids))


def _missing(campaign: Campaign, asset_ids: Sequence[str]) -> Iterator[str]:
    rows = campaign.usual.rows if campaign.usual else ()
    for one in dict.fromkeys((*campaign.assets, *(asset_id for row in rows for asset_id in row.send))):
        if one not in asset_ids:
            yield f"{one!r} is not in the content library.{_nearest(one, asset_ids)}".rstrip(".")


def _known_at(place: Place) -> Sequence[str]:
    """The fields there are where an unknown one was written, in the file's own words."""
    kind: Any = Campaign
    for step in place[:-1]:
        if isinstance(step, int):
            continue
        fields = getattr(kind, "model_fields", {})
        kind = _noun_in(fields[step].annotation) if step in fields else None
    return tuple(info.alias or name for name, info in getattr(kind, "model_fields", {}).items())


def _noun_in(annotation: Any) -> Any:
    """The model inside `X | None` or `tuple[X, ...]`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in getattr(annotation, "__args__", ()) if (found := _noun_in(part))), None)


def _is_of_a_condition(place: Place) -> bool:
    return len(place) > _CONDITION_DEPTH and place[0] == "audience" and place[1] in ("all", "none")


_CONDITION_DEPTH = 3


def _condition_mistakes(content: dict[str, Any], tree: yaml.Node | None) -> Iterator[Mistake]:
    """Every condition that cannot be read, told as a condition on an event or on a field, whichever it is meant as."""
    audience = content.get("audience")
    if not isinstance(audience, dict):
        return
    for part in ("all", "none"):
        conditions = audience.get(part)
        for number, condition in enumerate(conditions if isinstance(conditions, list) else ()):
            for place, said in _wrong_with(condition):
                whole = ("audience", part, number, *place)
                yield Mistake(line=line_of(tree, whole), place=whole, says=said)


def _wrong_with(condition: Any) -> Iterator[tuple[Place, str]]:
    if not isinstance(condition, dict) or ("event" in condition) == ("field" in condition):
        yield (), "name either `field:` or `event:`, as in {event: page_viewed, at_least: 1}"
        return
    is_event = "event" in condition
    kind: type[FieldCondition | EventCondition] = EventCondition if is_event else FieldCondition
    known = [info.alias or name for name, info in kind.model_fields.items()]
    try:
        kind.model_validate(condition)
    except ValidationError as error:
        for mistake in mistakes_of(error, None, lambda _: known):
            if mistake.place == ("event",):
                kinds = tuple(one.value for one in EventKind)
                name = str(condition["event"])
                yield ("event",), f"there is no event {name!r}.{_nearest(name, kinds)}".rstrip(".")
            else:
                # Which of a union's two kinds a value was tried as is the validator's business.
                yield mistake.place[:1], mistake.says


def _audience_mistakes(audience: Audience, tree: yaml.Node | None) -> Iterator[Mistake]:
    known = tuple(stage.value for stage in LifecycleStage)
    for part in ("all", "none"):
        for number, condition in enumerate(getattr(audience, part)):
            place = ("audience", part, number)
            if not isinstance(condition, FieldCondition):
                if (condition.within_days or 0) > MOST_DAYS:
                    where = (*place, "within_days")
                    said = f"must be at most {MOST_DAYS:,} days; leave it out to mean ever"
                    yield Mistake(line=line_of(tree, where), place=where, says=said)
                continue
            if said := unknown_field(condition.field):
                yield Mistake(
                    line=line_of(tree, (*place, "field")), place=(*place, "field"), says=said.rstrip(".")
                )
            if condition.field != "lifecycle_stage":
                continue
            for name, values in (("in", condition.is_in), ("not_in", condition.is_not_in)):
                for value in values or ():
                    if value not in known:
                        said = f"there is no lifecycle_stage {value!r}.{_nearest(str(value), known)}"
                        where = (*place, name)
                        yield Mistake(line=line_of(tree, where), place=where, says=said.rstrip("."))


def _days_mistakes(campaign: Campaign, tree: yaml.Node | None) -> Iterator[Mistake]:
    goal = campaign.goal
    for name in ("window_days", "signal_days"):
        if getattr(goal, name) > MOST_DAYS:
            place = ("goal", name)
            yield Mistake(
                line=line_of(tree, place), place=place, says=f"must be at most {MOST_DAYS:,} days, such as 30"
            )
    for stage, days in goal.stage_windows_days.items():
        if days > MOST_DAYS:
            where = ("goal", "stage_windows_days", stage.value)
            yield Mistake(line=line_of(tree, where), place=where, says=f"must be at most {MOST_DAYS:,} days")


def _schedule_mistakes(campaign: Campaign, tree: yaml.Node | None) -> Iterator[Mistake]:
    if campaign.schedule is not None:
        try:
            timetable_of(campaign.schedule, "UTC")
        except ValueError as error:
            yield Mistake(line=line_of(tree, ("schedule",)), place=("schedule",), says=str(error))


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
