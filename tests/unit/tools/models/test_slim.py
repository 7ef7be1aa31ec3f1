"""A schema made short still says what a call has to look like."""

from __future__ import annotations

import json
from typing import Literal

from pydantic import Field

from tools.models.schema import strict_schema
from tools.models.slim import slim_schema, without_lengths
from tools.toolset import Arguments


class Part(Arguments):
    """A part, in words of ours."""

    kind: Literal["one", "two"] = Field(description="Which.")


class Asked(Arguments):
    """What is asked."""

    name: str = Field(min_length=1, max_length=20, description="Whose.")
    days: int | None = Field(None, ge=1, description="So many.")
    page: int = Field(1, ge=1)
    parts: tuple[Part, ...] = Field((), max_length=5)
    free: dict[str, str] = Field(default_factory=dict)


class Strict(Arguments):
    """What is asked."""

    name: str = Field(max_length=20, description="Whose.")
    days: int | None = Field(None, ge=1, description="So many.")


def test_what_may_be_left_out_is_not_required_and_takes_no_null() -> None:
    short = slim_schema(Asked)
    assert short["required"] == ["name"]
    assert short["properties"]["name"] == {"type": "string", "description": "Whose."}
    assert short["properties"]["days"] == {"type": "integer", "minimum": 1, "description": "So many."}
    assert short["properties"]["page"] == {"type": "integer", "minimum": 1, "default": 1}
    assert short["properties"]["free"]["additionalProperties"] == {"type": "string"}
    assert "description" not in short
    assert short["$defs"]["Part"]["properties"]["kind"]["enum"] == ["one", "two"]
    assert len(json.dumps(short)) < len(json.dumps(Asked.model_json_schema()))


def test_a_strict_schema_stays_strict() -> None:
    whole = strict_schema(Strict)
    short = without_lengths(whole)
    assert short["required"] == ["name", "days"]
    assert short["additionalProperties"] is False
    assert short["properties"]["name"]["description"] == "Whose."
    assert "at most 20 characters" in json.dumps(whole)
    assert short["properties"]["days"]["anyOf"][1] == {"type": "null"}
