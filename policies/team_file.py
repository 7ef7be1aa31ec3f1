"""Reads a team's `policies.yaml`: every mistake named with its line, its field and what would be right."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from domain.errors import InvalidFile
from policies.team import TeamRules

_HINT = "See docs/rules.md; `attune policy list` shows what is read."
_MOST_BYTES = 1_000_000


def load_team_rules(path: Path) -> TeamRules:
    """Read a team's rules; a file that is not there is a team without rules.

    Raises:
        InvalidFile: naming the line, the field, and what is wrong with it.

    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return TeamRules()
    except (OSError, UnicodeDecodeError) as problem:
        raise InvalidFile(path, f"cannot be read: {problem}.") from None
    if len(text) > _MOST_BYTES:
        raise InvalidFile(path, f"is longer than {_MOST_BYTES:,} characters.")
    try:
        tree = yaml.compose(text, Loader=yaml.SafeLoader)
        raw = yaml.safe_load(text)
    except yaml.YAMLError as problem:
        mark = getattr(problem, "problem_mark", None)
        where = f"line {mark.line + 1}: " if mark else ""
        raise InvalidFile(
            path, f"{where}is not YAML ({getattr(problem, 'problem', problem)}).", _HINT
        ) from None
    if raw is None:
        return TeamRules()
    if not isinstance(raw, dict):
        raise InvalidFile(path, "line 1: must hold sections such as `banned_phrases:`.", _HINT)
    try:
        return numbered(TeamRules.model_validate({key: part or () for key, part in raw.items()}))
    except ValidationError as problem:
        first = problem.errors()[0]
        line = _line_of(tree, first["loc"])
        raise InvalidFile(path, f"line {line}, {_field(first['loc'])}: {_says(first)}.", _HINT) from None
    except ValueError as problem:
        raise InvalidFile(path, f"{problem}.", _HINT) from None


def numbered(team: TeamRules) -> TeamRules:
    """Give every rule without an id of its own the next free one, in the order of the file.

    Raises:
        ValueError: where two rules have one id.

    """
    given = [rule.id for part in _sections(team).values() for rule in part if rule.id]
    twice = sorted({rule_id for rule_id in given if given.count(rule_id) > 1})
    if twice:
        raise ValueError(f"the id {twice[0]} is given twice")
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


def _line_of(tree: yaml.Node | None, loc: Sequence[int | str]) -> int:
    """The line (from 1) of the deepest node on the way to the place that is wrong."""
    node, line = tree, 1
    for step in loc:
        found: yaml.Node | None = None
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if key.value == step:
                    line, found = key.start_mark.line + 1, value
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            found = node.value[step]
            line = found.start_mark.line + 1
        if found is None:
            break
        node = found
    return line


def _field(loc: Sequence[int | str]) -> str:
    words = "".join(f"[{step + 1}]" if isinstance(step, int) else f".{step}" for step in loc)
    return words.lstrip(".") or "file"


def _says(error: Mapping[str, Any]) -> str:
    if error["type"] == "extra_forbidden":
        loc = error["loc"]
        known = sorted(_known_at(loc))
        near = difflib.get_close_matches(str(loc[-1]), known, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]!r}?" if near else f"known here: {', '.join(known)}"
        return f"there is no such field; {hint}".rstrip("?") + ("?" if near else "")
    message = str(error["msg"]).removeprefix("Value error, ")
    given = error.get("input")
    shown = f" (it is {given!r:.60})" if isinstance(given, str | int | float) else ""
    return re.sub(r"\.$", "", message[:1].lower() + message[1:]) + shown


def _known_at(loc: Sequence[int | str]) -> set[str]:
    if len(loc) == 1:
        return set(TeamRules.model_fields)
    kinds = TeamRules.model_fields[str(loc[0])].annotation
    kind = getattr(kinds, "__args__", (None,))[0]
    fields = getattr(kind, "model_fields", {})
    return {info.alias or name for name, info in fields.items()}
