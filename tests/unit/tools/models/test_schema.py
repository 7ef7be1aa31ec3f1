"""A strict decoder takes only closed objects whose properties are all required; limits become words."""

from __future__ import annotations

import json
from typing import Any, Literal

import pytest
from pydantic import Field

from domain.base import Noun
from domain.message import MessagePlan, Severity, SignalBrief
from tools.models.schema import function_schema, response_format, schema_in_words, strict_schema


class Leaf(Noun):
    """A leaf."""

    kind: Literal["leaf"] = "leaf"
    width: int = Field(3, ge=1, le=9, description="In millimetres")


class Tree(Noun):
    """A tree of everything answers are made of."""

    name: str = Field(max_length=20, pattern="^[a-z]+$")
    leaves: tuple[Leaf, ...] = Field((), max_length=5)
    best: Leaf | None = None
    first: Leaf = Field(Leaf(), description="The first one")
    mood: Severity = Severity.WARN


def objects_in(part: Any) -> list[dict[str, Any]]:
    if isinstance(part, list):
        return [found for each in part for found in objects_in(each)]
    if not isinstance(part, dict):
        return []
    inner = [found for each in part.values() for found in objects_in(each)]
    return [part, *inner] if part.get("type") == "object" else inner


@pytest.mark.parametrize("answer", [Tree, SignalBrief, MessagePlan])
def test_every_object_is_closed_and_requires_all_it_has(answer: type[Noun]) -> None:
    for part in objects_in(strict_schema(answer)):
        assert part["additionalProperties"] is False
        assert part["required"] == list(part["properties"])


def test_the_schema_is_exactly_this() -> None:
    schema = strict_schema(Tree)
    assert schema["properties"] == {
        "name": {"type": "string", "description": "(at most 20 characters, matches ^[a-z]+$)"},
        "leaves": {"type": "array", "items": {"$ref": "#/$defs/Leaf"}, "description": "(at most 5 items)"},
        "best": {"anyOf": [{"$ref": "#/$defs/Leaf"}, {"type": "null"}]},
        "first": {"anyOf": [{"$ref": "#/$defs/Leaf"}], "description": "The first one"},
        "mood": {"$ref": "#/$defs/Severity"},
    }
    assert schema["$defs"]["Leaf"]["properties"] == {
        "kind": {"type": "string", "enum": ["leaf"]},
        "width": {"type": "integer", "description": "In millimetres (1 or more, 9 or less)"},
    }


@pytest.mark.parametrize("word", ["default", "title", "maxLength", "pattern", "minimum", "maxItems", "const"])
def test_no_keyword_a_strict_decoder_may_refuse_is_left(word: str) -> None:
    assert f'"{word}":' not in json.dumps(strict_schema(Tree))


class FreeForm(Noun):
    """Free."""

    notes: dict[str, str]


class Pair(Noun):
    """Two."""

    both: tuple[int, str]


class Anything(Noun):
    """Any."""

    thing: Any


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [
        (FreeForm, "FreeForm.notes is a free-form mapping"),
        (Pair, "Pair.both is a list whose items"),
        (Anything, "Anything.thing may hold anything"),
    ],
)
def test_what_no_decoder_can_be_held_to_is_refused(answer: type[Noun], complaint: str) -> None:
    with pytest.raises(TypeError, match=complaint):
        strict_schema(answer)


def test_a_schema_is_built_once_a_class() -> None:
    assert strict_schema(Tree) is strict_schema(Tree)
    assert response_format(Tree)["json_schema"]["schema"] is strict_schema(Tree)


def test_an_endpoint_without_schemas_is_told_in_words() -> None:
    words = schema_in_words(Leaf)
    assert words.startswith("Answer with one JSON object")
    assert json.dumps(strict_schema(Leaf)) in words


def test_only_a_strict_endpoint_is_asked_for_strict_tools() -> None:
    assert function_schema(Leaf, "leaf", "A leaf.", True)["function"]["strict"] is True
    assert "strict" not in function_schema(Leaf, "leaf", "A leaf.", False)["function"]
