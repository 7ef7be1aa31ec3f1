"""From a request to checked arguments: text of path and query, JSON of the body, nothing beside what is described."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ValidationError
from starlette.datastructures import QueryParams

from app.web.api.operations import Operation
from domain.errors import AttuneError
from tools.models.completion import in_words

SEAL = "seal"
Shape = Literal["text", "list", "json"]


class BadArguments(AttuneError):
    """What was sent does not fit what the operation takes."""


class NotJson(AttuneError):
    """A body that is no JSON object."""


def shape_of(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> Shape:
    """How one argument stands in a query: as text, as text once for each item, or as JSON.

    Args:
        schema: the argument's JSON schema.
        definitions: what its references lead to, by name.
    """
    if ref := schema.get("$ref"):
        return shape_of(definitions[ref.rpartition("/")[2]], definitions)
    choices = [one for one in schema.get("anyOf", ()) if one.get("type") != "null"]
    if choices:
        shapes = {shape_of(one, definitions) for one in choices}
        return shapes.pop() if len(shapes) == 1 else "json"
    if schema.get("type") == "array":
        return "list" if shape_of(schema.get("items", {}), definitions) == "text" else "json"
    return "json" if schema.get("type") == "object" else "text"


def from_query(
    operation: Operation, path: Mapping[str, str], query: QueryParams, properties: Mapping[str, Shape]
) -> Any:
    """The arguments of a GET. Raises `BadArguments`."""
    raw: dict[str, Any] = dict(path)
    for name in query:
        values = query.getlist(name)
        if name in operation.in_path:
            raise BadArguments(f"{name} stands in the path already.")
        shape = properties.get(name, "text")
        if shape == "list":
            raw[name] = values
        elif len(values) > 1:
            raise BadArguments(f"{name} is given {len(values)} times; once is enough.")
        elif shape == "json":
            try:
                raw[name] = json.loads(values[0])
            except ValueError:
                raise BadArguments(f"{name} is no JSON.") from None
        else:
            raw[name] = values[0]
    return _checked(operation.takes, lambda: operation.takes.model_validate(raw))


def from_body(operation: Operation, path: Mapping[str, str], body: bytes) -> tuple[Any, str | None]:
    """The arguments of anything else, and the seal it carries. Raises `BadArguments`, `NotJson`."""
    try:
        told = json.loads(body) if body else {}
    except (ValueError, RecursionError):
        raise NotJson("The body is no JSON.") from None
    if not isinstance(told, dict):
        raise NotJson("The body is no JSON object.")
    seal = told.pop(SEAL, None) if operation.sealed else None
    if seal is not None and not isinstance(seal, str):
        raise BadArguments("seal: a text is wanted.")
    if doubled := set(told) & set(path):
        raise BadArguments(f"{', '.join(sorted(doubled))}: stands in the path already.")
    # As JSON, so that a number is a number and not text that reads as one.
    text = json.dumps({**told, **path})
    return _checked(operation.takes, lambda: operation.takes.model_validate_json(text, strict=True)), seal


def _checked(takes: type[BaseModel], check: Any) -> Any:
    try:
        return check()
    except ValidationError as error:
        raise BadArguments(f"That does not fit.\n{in_words(error)}") from None
