"""Reads a team's `policies.yaml`: every mistake named with its line, its field and what would be right."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from domain.errors import InvalidFile
from policies.mistakes import Mistake, Place, line_of, mistakes_of, not_yaml
from policies.team import TeamRules

_HINT = "See docs/rules.md; `attune policy list` shows what is read."
_MOST_BYTES = 1_000_000


def load_team_rules(path: Path) -> TeamRules:
    """Read a team's rules; a file that is not there is a team without rules.

    Raises:
        InvalidFile: naming every mistake with its line, its field and what would be right.

    """
    team, mistakes = read_team_rules(path)
    if team is None:
        raise InvalidFile(path, f"{'; '.join(mistake.in_words for mistake in mistakes)}.", _HINT)
    return team


def read_team_rules(path: Path) -> tuple[TeamRules | None, tuple[Mistake, ...]]:
    """Return a team's rules, or None and every mistake of the file. Nothing of a file with a mistake holds."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return TeamRules(), ()
    except (OSError, UnicodeDecodeError) as problem:
        return None, (Mistake(says=f"cannot be read: {problem}"),)
    if len(text) > _MOST_BYTES:
        return None, (Mistake(says=f"is longer than {_MOST_BYTES:,} characters"),)
    try:
        tree = yaml.compose(text, Loader=yaml.SafeLoader)
        raw = yaml.safe_load(text)
    except yaml.YAMLError as problem:
        return None, (not_yaml(problem),)
    if raw is None:
        return TeamRules(), ()
    if not isinstance(raw, dict):
        return None, (Mistake(line=1, says="must hold sections such as `banned_phrases:`"),)
    return _judged({key: part or () for key, part in raw.items()}, tree)


def _judged(raw: dict[Any, Any], tree: yaml.Node | None) -> tuple[TeamRules | None, tuple[Mistake, ...]]:
    try:
        return numbered(TeamRules.model_validate(raw)), ()
    except ValidationError as error:
        return None, mistakes_of(error, tree, _known_at)
    except _GivenTwiceError as error:
        place = next(place for place, given in _ids(raw) if given == error.rule_id)
        return None, (Mistake(line=line_of(tree, place), says=str(error)),)
    except ValueError as error:
        return None, (Mistake(says=str(error)),)


class _GivenTwiceError(ValueError):
    def __init__(self, rule_id: str) -> None:
        super().__init__(f"the id {rule_id} is given twice")
        self.rule_id = rule_id


def _ids(raw: dict[Any, Any]) -> list[tuple[Place, str]]:
    """Every id that was given, with its place, the last first: of two that are alike the later is the mistake."""
    found = [
        ((section, number, "id"), str(rule["id"]))
        for section, part in raw.items()
        if isinstance(part, list)
        for number, rule in enumerate(part)
        if isinstance(rule, dict) and rule.get("id")
    ]
    return list(reversed(found))


def numbered(team: TeamRules) -> TeamRules:
    """Give every rule without an id of its own the next free one, in the order of the file.

    Raises:
        ValueError: where two rules have one id.

    """
    given = [rule.id for part in _sections(team).values() for rule in part if rule.id]
    twice = sorted({rule_id for rule_id in given if given.count(rule_id) > 1})
    if twice:
        raise _GivenTwiceError(twice[0])
    free = _free_ids(set(given))
    return team.model_copy(
        update={
            name: tuple(rule if rule.id else rule.model_copy(update={"id": next(free)}) for rule in part)
            for name, part in _sections(team).items()
        }
    )


def _sections(team: TeamRules) -> dict[str, tuple[Any, ...]]:
    return {name: getattr(team, name) for name in TeamRules.model_fields}


def _free_ids(taken: set[str]) -> Iterator[str]:
    for number in range(1, 1000):
        rule_id = f"T-{number:02}"
        if rule_id not in taken:
            yield rule_id
    raise ValueError("a team has at most 999 rules")


def _known_at(loc: Place) -> set[str]:
    if len(loc) == 1:
        return set(TeamRules.model_fields)
    kinds = TeamRules.model_fields[str(loc[0])].annotation
    kind = getattr(kinds, "__args__", (None,))[0]
    fields = getattr(kind, "model_fields", {})
    return {info.alias or name for name, info in fields.items()}
