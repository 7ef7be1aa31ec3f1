"""What a tool takes, as a model reads it: the schema without what costs words and tells nothing.

Titles repeat names, and an absent argument says what `null` says. Limits of length are told back where they are broken:
pydantic holds every call against the whole class, whatever a model was shown.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from pydantic import BaseModel

_DROPPED = frozenset(
    {"title", "minLength", "maxLength", "maxItems", "additionalProperties", "exclusiveMinimum"}
)
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
        if key in _DROPPED or (key == "default" and value in _EMPTY):
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
