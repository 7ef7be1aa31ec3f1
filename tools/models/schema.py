"""Turns an answer class into the JSON schema a strict decoder accepts on every endpoint.

Strict decoders want each object closed and each property required, and differ in the limits they know
(lengths, ranges, patterns). So limits are told in the description, and pydantic enforces them afterwards.
"""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from pydantic import BaseModel

JsonSchema = dict[str, Any]

_LIMITS = {
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minItems": "at least {} items",
    "maxItems": "at most {} items",
    "minimum": "{} or more",
    "maximum": "{} or less",
    "exclusiveMinimum": "more than {}",
    "exclusiveMaximum": "less than {}",
    "multipleOf": "a multiple of {}",
    "pattern": "matches {}",
    "format": "in the format {}",
}
_DROPPED = {"title", "default", "discriminator", "uniqueItems", "examples", *_LIMITS}


@cache
def strict_schema(answer: type[BaseModel]) -> JsonSchema:
    """Return the strict schema of an answer class; built once, never to be changed by a caller.

    Raises:
        TypeError: if the class holds what no strict decoder can express: free-form mappings, tuples of
            fixed length, fields of any type.
    """
    schema = answer.model_json_schema()
    if schema.get("type") != "object":
        raise TypeError(f"{answer.__name__} is not an object at its top, so no model can be held to it.")
    return _closed(schema, answer.__name__)


def _closed(part: JsonSchema, where: str) -> JsonSchema:
    kept = {key: value for key, value in part.items() if key not in _DROPPED}
    if "const" in kept:
        kept["enum"] = [kept.pop("const")]
    if "oneOf" in kept:
        kept["anyOf"] = kept.pop("oneOf")
    if description := _described(part):
        kept["description"] = description
    if "$ref" in kept and len(kept) > 1:
        kept["anyOf"] = [{"$ref": kept.pop("$ref")}]
    if "anyOf" in kept:
        kept["anyOf"] = [_closed(branch, where) for branch in kept["anyOf"]]
    elif kept.get("type") == "object":
        kept |= _closed_object(part, where)
    elif kept.get("type") == "array":
        if "items" not in kept or "prefixItems" in kept:
            raise TypeError(f"{where} is a list whose items are not all of one kind; use tuple[Item, ...].")
        kept["items"] = _closed(kept["items"], f"{where}[]")
    elif not kept.keys() & {"type", "enum", "$ref"}:
        raise TypeError(f"{where} may hold anything; give it a type.")
    if "$defs" in kept:
        kept["$defs"] = {name: _closed(inner, name) for name, inner in kept["$defs"].items()}
    return kept


def _closed_object(part: JsonSchema, where: str) -> JsonSchema:
    if part.get("additionalProperties") not in (None, False) or "patternProperties" in part:
        raise TypeError(f"{where} is a free-form mapping; name its fields.")
    properties = {
        name: _closed(inner, f"{where}.{name}") for name, inner in part.get("properties", {}).items()
    }
    return {"properties": properties, "required": list(properties), "additionalProperties": False}


def _described(part: JsonSchema) -> str:
    limits = [words.format(part[key]) for key, words in _LIMITS.items() if key in part]
    said = str(part.get("description", ""))
    return f"{said} ({', '.join(limits)})".strip() if limits else said


@cache
def response_format(answer: type[BaseModel]) -> JsonSchema:
    """The `response_format` that holds an endpoint to the answer class."""
    named = {"name": answer.__name__, "strict": True, "schema": strict_schema(answer)}
    return {"type": "json_schema", "json_schema": named}


@cache
def schema_in_words(answer: type[BaseModel]) -> str:
    """What an endpoint without structured output is told instead."""
    schema = json.dumps(strict_schema(answer), ensure_ascii=False)
    return f"Answer with one JSON object and nothing else. It must fit this JSON schema:\n{schema}"


@cache
def function_schema(arguments: type[BaseModel], name: str, description: str, is_strict: bool) -> JsonSchema:
    """One entry of a request's `tools`."""
    function: JsonSchema = {
        "name": name,
        "description": description,
        "parameters": strict_schema(arguments),
    }
    if is_strict:
        function["strict"] = True
    return {"type": "function", "function": function}
