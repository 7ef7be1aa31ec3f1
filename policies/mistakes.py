"""What is wrong with a file a person wrote, mistake by mistake: line, field, and what would be right.

Whoever writes a file knows its fields and nothing of our validator, so its words never reach them.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import yaml
from pydantic import ValidationError

from domain.base import Noun

Place = tuple[int | str, ...]
KnownAt = Callable[[Place], Iterable[str]]
"""Which fields there are where an unknown one was written; the place ends with the unknown name."""


class Mistake(Noun):
    """One thing wrong. `line` counts from 1 and is 0 where no line can be named; `place` is how we call the field."""

    line: int = 0
    place: Place = ()
    says: str

    @property
    def field(self) -> str:
        """The field as its writer counts: `caps[1].days`, or `` where the whole file is meant."""
        words = "".join(f"[{step + 1}]" if isinstance(step, int) else f".{step}" for step in self.place)
        return words.lstrip(".")

    @property
    def in_words(self) -> str:
        """Such as `line 3, caps[1].days: must be more than 0 (it is 0)`."""
        where = ", ".join(part for part in (f"line {self.line}" if self.line else "", self.field) if part)
        return f"{where}: {self.says}" if where else self.says


def mistakes_of(
    error: ValidationError, tree: yaml.Node | None, known_at: KnownAt = lambda _: ()
) -> tuple[Mistake, ...]:
    """Tell every mistake a validation found, in the order of the file.

    Args:
        error: what the validation raised.
        tree: the file as `yaml.compose` reads it, for the lines; None where there is no file.
        known_at: the fields there are at a place, for the nearest of an unknown one.

    """
    told = [
        Mistake(
            line=line_of(tree, found["loc"]) if tree else 0, place=found["loc"], says=says(found, known_at)
        )
        for found in error.errors()
    ]
    return tuple(sorted(dict.fromkeys(told), key=lambda mistake: mistake.line))


def line_of(tree: yaml.Node | None, place: Sequence[int | str]) -> int:
    """The line (from 1) of the deepest node on the way to the place that is wrong."""
    node, line = tree, 1
    for step in place:
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


def not_yaml(error: yaml.YAMLError) -> Mistake:
    """Where a file stops being YAML, and why."""
    mark = getattr(error, "problem_mark", None)
    why = " ".join(str(getattr(error, "problem", None) or error).split())
    return Mistake(line=mark.line + 1 if mark else 0, says=f"is not YAML ({why})")


def says(found: Mapping[str, Any], known_at: KnownAt = lambda _: ()) -> str:
    """One of pydantic's errors in the words of whoever wrote the file."""
    kind, context = str(found["type"]), found.get("ctx", {})
    if kind == "extra_forbidden":
        return f"there is no such field; {_known(str(found['loc'][-1]), sorted(known_at(found['loc'])))}"
    if kind in {"enum", "literal_error"}:
        return _one_of(found, str(context.get("expected", "")))
    ours = _PATTERNS.get(str(context.get("pattern"))) if kind == "string_pattern_mismatch" else None
    ours = (
        ours
        or _KINDS.get(kind)
        or next((words for start, words in _BEGINNINGS if kind.startswith(start)), "")
    )
    told = ours.format(**context) if ours else _plain(str(found["msg"]))
    given = found.get("input")
    is_shown = kind != "missing" and isinstance(given, str | int | float) and given != ""
    return f"{told} (it is {given!r:.60})" if is_shown else told


def _plain(message: str) -> str:
    message = message.removeprefix("Value error, ").rstrip(".")
    return message[:1].lower() + message[1:]


_KINDS = {
    "missing": "is missing",
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be at most {le}",
    "string_too_short": "needs at least {min_length} characters",
    "string_too_long": "has more than {max_length} characters",
    "too_short": "needs at least {min_length} in the list",
    "int_from_float": "must be a whole number",
    "finite_number": "must be a number",
    "string_type": "must be words; put numbers and yes or no in quotes",
    "frozen_set_type": "must be a list, such as [one, two]",
}

_BEGINNINGS = (
    ("int_", "must be a whole number"),
    ("float_", "must be a number"),
    ("decimal_", "must be a number"),
    ("bool_", "must be true or false"),
    ("datetime_", "must be a time such as 2026-12-24T09:00:00Z"),
    ("timezone_", "must be a time with its zone, such as 2026-12-24T09:00:00Z"),
    ("date_", "must be a date such as 2026-12-24"),
    ("url_", "must be a web address such as https://www.example.com/page"),
    ("tuple_", "must be a list, such as [one, two]"),
    ("list_", "must be a list, such as [one, two]"),
    ("set_", "must be a list, such as [one, two]"),
    ("model_", "must hold fields, such as {{name: value}}"),
    ("dict_", "must hold fields, such as {{name: value}}"),
)

_PATTERNS = {
    r"^(T-\d{2,3})?$": "must be T and two or three digits, such as T-07",
    r"^[A-Z]{2}$": "must be a country's two capital letters, such as DE",
    r"^[A-Z]{3}$": "must be a currency's three capital letters, such as USD",
    r"^[a-z0-9][a-z0-9-]{0,62}$": "must be lower-case letters, digits and dashes, at most 63, such as trial-to-meeting",
}


def _known(word: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    if near:
        return f"did you mean {near[0]!r}?"
    return f"known here: {', '.join(known)}" if known else "leave it out"


def _one_of(found: Mapping[str, Any], expected: str) -> str:
    choices = [part.strip(" '") for part in expected.replace(" or ", ", ").split(",") if part.strip(" '")]
    given = str(found.get("input"))
    near = difflib.get_close_matches(given.lower(), choices, n=1, cutoff=0.5)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    return f"must be one of {', '.join(choices)} (it is {given!r:.60}){hint}"
