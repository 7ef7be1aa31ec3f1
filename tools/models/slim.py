"""What a tool takes, as a model reads it: the schema without what costs words and tells nothing.

Titles repeat names, and an absent argument says what `null` says. Limits of length are told back where they are broken:
pydantic holds every call against the whole class, whatever a model was shown.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from pydantic import BaseModel

_DROPPED = frozenset({"title", "minLength", "maxLength", "maxItems", "exclusiveMinimum"})
_EMPTY: tuple[Any, ...] = (None, "", [])


@cache
def slim_schema(arguments: type[BaseModel]) -> dict[str, Any]:
    """Return the schema of a tool's arguments, made short; built once, never to be changed by a caller."""
    schema = _slim(arguments.model_json_schema())
    schema.pop("description", None)
    for inner in schema.get("$defs", {}).values():
        inner.pop("description", None)
    return schema


def _slim(part: dict[str, Any]) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    for key, value in part.items():
        if (
            key in _DROPPED
            or (key == "additionalProperties" and value is False)
            or (key == "default" and value in _EMPTY)
        ):
            continue
        if key in {"properties", "$defs"}:
            kept[key] = {name: _slim(inner) for name, inner in value.items()}
        elif key == "items":
            kept[key] = _slim(value)
        elif key in {"anyOf", "oneOf"}:
            kept[key] = [_slim(one) for one in value if one != {"type": "null"}]
        else:
            kept[key] = value
    if len(kept.get("anyOf", ())) == 1:
        (only,) = kept.pop("anyOf")
        kept = only | kept
    return kept


_LENGTH = r"at (?:most|least) \d+ (?:characters|items)"
_LENGTHS = re.compile(rf" ?\({_LENGTH}(?:, {_LENGTH})*\)$")


def without_lengths(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a strict schema without what classes say of themselves and how long texts and lists may be."""
    short: dict[str, Any] = _shorter(schema)
    for one in (short, *short.get("$defs", {}).values()):
        if one.get("type") == "object":
            one.pop("description", None)
    return short


def _shorter(part: Any) -> Any:
    if isinstance(part, list):
        return [_shorter(one) for one in part]
    if not isinstance(part, dict):
        return part
    kept = {key: _shorter(value) for key, value in part.items()}
    if isinstance(said := kept.get("description"), str):
        kept["description"] = _LENGTHS.sub("", said)
        if not kept["description"]:
            del kept["description"]
    return kept
