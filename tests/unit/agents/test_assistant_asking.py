"""A pause reads the same in both published forms, and what is no answer leaves a change waiting."""

from __future__ import annotations

from typing import Any

import pytest

from agents.assistant_asking import LATER, NOT_THIS, UNBOUND, decisions_in, pause_value, resume_value
from domain.assistant import AnswerText, ChangeAsked, ChangeDecision, Effect
from tests.fakes.talk import call


def change(number: int) -> ChangeAsked:
    effect = Effect(
        title=f"Label c-{number}",
        lines=("It is labelled warm.",),
        texts=(AnswerText(title="Before", text="new"),),
        seal=f"seal-{number}",
    )
    return ChangeAsked(call=call("label_set", f"l{number}", contact_id=f"c-{number}"), effect=effect)


ONE, TWO = change(1), change(2)
YES, NO = {"type": "yes"}, {"type": "no", "words": ""}
UNBOUND_YES, OTHERS_YES = LATER | {"why": UNBOUND}, LATER | {"why": NOT_THIS}


def test_the_pause_tells_what_would_happen_in_the_human_in_the_loop_form() -> None:
    assert pause_value((ONE, TWO), "hitl") == {
        "action_requests": [
            {
                "name": "label_set",
                "args": {"contact_id": f"c-{n}"},
                "description": f"Label c-{n}\n- It is labelled warm.\n\nBefore\nnew",
                "seal": f"seal-{n}",
            }
            for n in (1, 2)
        ],
        "review_configs": [{"action_name": "label_set", "allowed_decisions": ["approve", "edit", "reject"]}],
        "effects": [ONE.effect.model_dump(mode="json"), TWO.effect.model_dump(mode="json")],
        "objection": "",
    }


def test_the_pause_tells_the_same_in_the_agent_inbox_form() -> None:
    told = pause_value((ONE,), "inbox")
    assert told[0]["action_request"] == {
        "action": "label_set",
        "args": {"contact_id": "c-1", "seal": "seal-1"},
    }
    assert told[0]["config"] == {
        "allow_accept": True,
        "allow_edit": True,
        "allow_respond": True,
        "allow_ignore": True,
    }
    assert "It is labelled warm." in told[0]["description"]


@pytest.mark.parametrize(
    ("given", "read"),
    [
        (
            {"decisions": [{"type": "approve"}, {"type": "reject", "message": "no"}]},
            [YES, NO | {"words": "no"}],
        ),
        ([{"type": "accept", "args": None}, {"type": "ignore", "args": None}], [YES, NO]),
        ([{"type": "response", "args": "not her"}], [NO | {"words": "not her"}, LATER]),
        ({"type": "accept"}, [UNBOUND_YES, LATER]),
        ({"type": "accept", "seal": "seal-1"}, [YES, LATER]),
        ({"decisions": [{"type": "approve", "seal": "seal-2"}]}, [OTHERS_YES, LATER]),
        ({"decisions": [{"type": "approve", "seal": ["seal-1"]}, {"type": "later"}]}, [OTHERS_YES, LATER]),
        ({"decisions": []}, [LATER, LATER]),
        ({"decisions": [{"type": "approve"}] * 3}, [LATER, LATER]),
        ({"decisions": "approve"}, [LATER, LATER]),
        ({"decisions": ["approve", {"type": "later"}]}, [LATER, LATER]),
        (True, [LATER, LATER]),
        (None, [LATER, LATER]),
        ("yes", [LATER, LATER]),
    ],
)
def test_answers_are_read_by_position_and_anything_else_leaves_waiting(given: Any, read: list[Any]) -> None:
    assert decisions_in(given, (ONE, TWO), is_first=True) == read


def test_by_position_alone_a_yes_counts_only_for_the_first_and_only_thing_asked() -> None:
    bare = {"decisions": [{"type": "approve"}]}
    assert decisions_in(bare, (ONE,), is_first=True) == [YES]
    assert decisions_in(bare, (TWO,), is_first=False) == [UNBOUND_YES]
    unchanged = {"type": "edit", "edited_action": {"name": "label_set", "args": {"contact_id": "c-2"}}}
    assert decisions_in({"decisions": [unchanged]}, (TWO,), is_first=False) == [UNBOUND_YES]
    bound = {"decisions": [{"type": "approve", "seal": "seal-2"}]}
    assert decisions_in(bound, (TWO,), is_first=False) == [YES]


@pytest.mark.parametrize("answer", ["accept", "edit"])
def test_what_agent_inbox_hands_back_names_the_seal(answer: str) -> None:
    (told,) = pause_value((TWO,), "inbox")
    assert decisions_in([{"type": answer, "args": told["action_request"]}], (TWO,), is_first=False) == [YES]
    assert decisions_in([{"type": "accept", "args": told["action_request"]}], (ONE,), is_first=False) == [
        OTHERS_YES
    ]


def test_why_a_yes_was_not_taken_stands_in_the_next_pause() -> None:
    told = pause_value((TWO,), "hitl", UNBOUND)
    assert told["objection"] == UNBOUND
    assert told["action_requests"][0]["description"].startswith(UNBOUND)
    assert pause_value((TWO,), "inbox", UNBOUND)[0]["description"].startswith(UNBOUND)


@pytest.mark.parametrize(
    ("edit", "read"),
    [
        ({"edited_action": {"name": "label_set", "args": {"contact_id": "c-9"}}}, {"contact_id": "c-9"}),
        ({"args": {"action": "label_set", "args": {"contact_id": "c-9"}}}, {"contact_id": "c-9"}),
        ({"edited_action": {"name": "message_send", "args": {"contact_id": "c-9"}}}, None),
        ({"edited_action": {"name": "label_set", "args": "c-9"}}, None),
        ({"edited_action": None}, None),
    ],
)
def test_an_edit_changes_arguments_and_never_the_act(
    edit: dict[str, Any], read: dict[str, Any] | None
) -> None:
    decision = decisions_in({"decisions": [{"type": "edit", **edit}]}, (ONE,), is_first=True)[0]
    assert decision == ({"type": "edit", "arguments": read} if read else LATER)


def test_an_edit_that_changes_nothing_is_a_yes() -> None:
    edited = {"name": "label_set", "args": {"contact_id": "c-1"}}
    assert decisions_in(
        {"decisions": [{"type": "edit", "edited_action": edited}]}, (ONE,), is_first=True
    ) == [YES]


def test_our_own_doors_answers_are_read_back() -> None:
    decisions = [
        ChangeDecision(call_id="l2", is_yes=True, arguments={"contact_id": "c-3"}),
        ChangeDecision(call_id="l1", is_yes=False, words="no"),
        ChangeDecision(call_id="l4", is_yes=True, seal="seal-4"),
    ]
    waiting = (ONE, TWO, change(3), change(4))
    given = resume_value(waiting, decisions)
    assert decisions_in(given, waiting, is_first=False) == [
        NO | {"words": "no"},
        {"type": "edit", "arguments": {"contact_id": "c-3"}},
        LATER,
        YES,
    ]


def test_a_no_with_the_same_arguments_is_a_no_and_with_others_an_edit() -> None:
    same = ChangeDecision(call_id="l1", is_yes=False, arguments=ONE.call.arguments)
    assert decisions_in(resume_value((ONE,), [same]), (ONE,), is_first=False) == [NO]
    other = ChangeDecision(call_id="l1", is_yes=False, arguments={"contact_id": "c-3"})
    assert decisions_in(resume_value((ONE,), [other]), (ONE,), is_first=False)[0]["type"] == "edit"
