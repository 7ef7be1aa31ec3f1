"""What a conversation's page shows: one part a call, past pauses gone, changed arguments as they were meant."""

from __future__ import annotations

import pytest

from app.web.chat_parts import arguments_of, arguments_said, lines_of, parts_of, path_of
from domain.assistant import (
    AnswerText,
    Asking,
    Exchange,
    Found,
    Happening,
    Looking,
    RecordKind,
    RecordRef,
    ToolAnswer,
    ToolCall,
)
from tests.fakes.assistant import FIND, NOON, PAUSE, Pause, change, found


def exchange(*happenings: Happening) -> Exchange:
    return Exchange(asked="?", at=NOON, happenings=happenings)


def test_a_call_is_one_part_from_looking_to_found() -> None:
    looking = parts_of(exchange(Looking(call=FIND)), is_live=True)
    both = parts_of(exchange(Looking(call=FIND), Found(call=FIND, answer=found())), is_live=True)
    assert [part.id for part in looking] == [part.id for part in both] == ["step-call-1"]
    assert looking[0].is_under_way
    assert not both[0].is_under_way


def test_a_call_nothing_came_of_was_broken_off() -> None:
    (part,) = parts_of(exchange(Looking(call=FIND)), is_live=False)
    assert "broken off" in part.problem


def test_only_a_pause_that_still_waits_asks() -> None:
    asked = change()
    paused = exchange(Looking(call=PAUSE), Asking(changes=(asked,)))
    waits = parts_of(paused, is_live=False, waiting=(asked,))
    assert [(part.kind, part.problem) for part in waits] == [("step", ""), ("asking", "")]
    done = exchange(*paused.happenings, Found(call=PAUSE, answer=ToolAnswer(words="Paused.")))
    assert [part.kind for part in parts_of(done, is_live=False)] == ["step"]


def test_records_lead_to_their_pages_and_odd_ids_stay_one_step_of_a_path() -> None:
    assert path_of(RecordRef(kind=RecordKind.CONTACT, id="c/../1")) == "/contacts/c%2F..%2F1"
    assert path_of(RecordRef(kind=RecordKind.DECISION, id="d-1")) == "/decisions/d-1"
    assert path_of(RecordRef(kind=RecordKind.EVENT, id="e-1")) is None


def test_a_difference_tells_its_lines_apart() -> None:
    text = AnswerText(title="x", text="@@ -1 +1 @@\n-a\n+b\n c\n", kind="diff")
    assert [kind for kind, _ in lines_of(text)] == ["place", "gone", "come", ""]


def test_arguments_are_changed_as_they_were_meant() -> None:
    call = ToolCall(id="1", name="x", arguments={"campaign": "spring", "most": 5, "countries": ["DE"]})
    fields = arguments_of(call, None)
    assert [(one.name, one.value) for one in fields] == [
        ("campaign", "spring"),
        ("most", "5"),
        ("countries", '["DE"]'),
    ]
    said = {"campaign": "12", "most": "7", "countries": '["DE", "AT"]'}
    assert arguments_said(call, fields, said) == {"campaign": "12", "most": 7, "countries": ["DE", "AT"]}
    assert arguments_said(call, fields, {one.name: one.value for one in fields}) == call.arguments
    with pytest.raises(ValueError, match="Countries cannot be read"):
        arguments_said(call, fields, {"countries": "[DE"})


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("yes", True),
        ("No", False),
        ("2.5", 2.5),
        ("A quiet week", "A quiet week"),
        ("2026-11-26", "2026-11-26"),
        ("NaN", "NaN"),
        ("", None),
        ('{"a": [1, null]}', {"a": [1, None]}),
    ],
)
def test_a_changed_argument_is_json_or_plain_words(words: str, meant: object) -> None:
    call = ToolCall(id="1", name="x", arguments={"most": 5})
    assert arguments_said(call, arguments_of(call, None), {"most": words}) == {"most": meant}


@pytest.mark.parametrize(
    "words",
    [
        "[" * 9_000,
        "[" * 100 + "]" * 100,
        "[&a [x, x], *a]",
        '{"a": NaN}',
        "[1e999]",
        '"\\ud800"',
        "x" * 10_001,
        "a: &a [1]\nb: *a",
    ],
)
def test_an_argument_that_is_no_json_of_a_fair_size_is_refused_in_words(words: str) -> None:
    call = ToolCall(id="1", name="x", arguments={"most": 5})
    with pytest.raises(ValueError, match=r"^Most (cannot be read|is 10,001 characters)"):
        arguments_said(call, arguments_of(call, None), {"most": words})
    told = ToolCall(id="1", name="x", arguments={"reason": "quiet"})
    with pytest.raises(ValueError, match="at most 10,000"):
        arguments_said(told, arguments_of(told, None), {"reason": "x" * 10_001})


def test_what_a_change_also_takes_can_be_given() -> None:
    call = ToolCall(id="1", name="campaign_pause", arguments={"campaign": "spring"})
    fields = arguments_of(call, Pause)
    assert [one.name for one in fields] == ["campaign", "reason"]
    assert arguments_said(call, fields, {"reason": "quiet"}) == {"campaign": "spring", "reason": "quiet"}
