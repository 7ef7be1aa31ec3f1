"""The two forms of a pause, what answers to them mean, and what is asked again."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from agents.pause import NO_REASON, Answering, Unanswerable, question, review_of
from agents.state import OutreachState
from domain.campaign import Autonomy
from domain.message import (
    Author,
    Draft,
    DraftParagraph,
    DraftSentence,
    Message,
    Stakes,
    StakesReason,
)
from domain.review import Review, ReviewAct

NOW = datetime(2026, 3, 3, 15, tzinfo=UTC)
MESSAGE = Message(
    contact_id="c-1",
    to_address="ola@northbank.example",
    from_address="hello@tidewater.example",
    from_name="Tidewater",
    subject="A short guide",
    text="Hello Ola,\n\nWe wrote a guide.\n\nTidewater, 1 Pier St",
    html="<p>We wrote a guide.</p>",
    message_id="<m@tidewater.example>",
)
DRAFT = Draft(
    subject="A short guide",
    paragraphs=(DraftParagraph(sentences=(DraftSentence(text="We wrote a guide."),)),),
    author=Author.UNDERSTUDY,
)
LOCKED = StakesReason(code="executive", text="This is an executive", is_locked=True)
UNLOCKED = StakesReason(code="first", text="Never written to before")


def state(*reasons: StakesReason, **more: Any) -> OutreachState:
    return OutreachState(
        run_id="r-1",
        campaign_id="k-1",
        contact_id="c-1",
        decision_id="d-1",
        autonomy=Autonomy.ASSIST,
        draft=DRAFT,
        message=MESSAGE,
        stakes=Stakes(reasons=reasons or (UNLOCKED,)),
        proposal_id="p-1",
        **more,
    )


def answered(answer: object, seen: OutreachState | None = None, member: str | None = "m-rita") -> Review:
    return review_of(answer, seen or state(), member, NOW)


def decided(**decision: object) -> dict[str, object]:
    return {"decisions": [decision]}


def edit(**args: object) -> dict[str, object]:
    return decided(type="edit", edited_action={"name": "send_message", "args": args})


def test_the_pause_is_a_request_in_langchains_form() -> None:
    asked = question(state(objection="Look again."))
    assert isinstance(asked, dict)
    (request,), (config,) = asked["action_requests"], asked["review_configs"]
    assert set(request) == {"name", "args", "description"}
    assert config == {
        "action_name": request["name"],
        "allowed_decisions": ["approve", "edit", "reject", "respond"],
    }
    assert request["args"] == {
        "to": "ola@northbank.example",
        "subject": "A short guide",
        "body": "We wrote a guide.",
        "proposal_id": "p-1",
        "message_sha256": MESSAGE.sha256,
    }
    assert request["description"] == (
        "The last answer was not carried out: Look again.\n\n"
        "To ola@northbank.example\nSubject: A short guide\n\n"
        "Hello Ola,\n\nWe wrote a guide.\n\nTidewater, 1 Pier St\n\n"
        "A person is asked because: Never written to before"
    )
    assert asked["message_sha256"] == MESSAGE.sha256
    assert asked["stakes"] == "ordinary"


def test_langchains_own_types_take_both_what_is_asked_and_what_is_answered() -> None:
    form = pytest.importorskip(
        "langchain.agents.middleware.human_in_the_loop", reason="langchain is not installed"
    )
    from pydantic import TypeAdapter

    asked = question(state())
    assert TypeAdapter(form.HITLRequest).validate_python(asked)["action_requests"]
    for answer in (decided(type="approve"), edit(subject="Hi"), decided(type="respond", message="Shorter")):
        assert TypeAdapter(form.HITLResponse).validate_python(answer)
        assert answered(answer).proposal_id == "p-1"


def test_the_older_form_is_a_list_of_one_interrupt() -> None:
    inbox = question(state(), "agent_inbox")
    assert isinstance(inbox, list)
    (asked,) = inbox
    assert set(asked) == {"action_request", "config", "description"}
    assert set(asked["config"]) == {"allow_accept", "allow_edit", "allow_respond", "allow_ignore"}
    assert asked["action_request"]["args"]["message_sha256"] == MESSAGE.sha256


@pytest.mark.parametrize(
    ("answer", "act", "reason"),
    [
        (decided(type="approve"), ReviewAct.APPROVE, ""),
        (decided(type="reject", message=" Too soon. "), ReviewAct.REJECT, "Too soon."),
        (decided(type="reject"), ReviewAct.REJECT, NO_REASON),
        (decided(type="respond", message="Shorter."), ReviewAct.ANSWER, "Shorter."),
        ([{"type": "accept", "args": None}], ReviewAct.APPROVE, ""),
        ([{"type": "ignore", "args": None}], ReviewAct.REJECT, NO_REASON),
        ([{"type": "response", "args": "Shorter."}], ReviewAct.ANSWER, "Shorter."),
        ({"type": "response", "args": "Shorter."}, ReviewAct.ANSWER, "Shorter."),
    ],
)
def test_answers_of_both_forms_become_reviews_of_the_message_shown(
    answer: object, act: ReviewAct, reason: str
) -> None:
    review = answered(answer)
    assert (review.act, review.reason) == (act, reason)
    assert (review.reviewer, review.message_sha256, review.at) == ("m-rita", MESSAGE.sha256, NOW)


def test_an_edit_may_set_subject_and_body_only() -> None:
    kept = {"to": "ola@northbank.example", "message_sha256": MESSAGE.sha256}
    assert answered(edit(subject="New", **kept)).subject == "New"
    inbox = [{"type": "edit", "args": {"action": "send_message", "args": {"body": "New words."}}}]
    assert answered(inbox).body == "New words."
    for args in (
        {"to": "mallory@evil.example"},
        {"bcc": "m@evil.example", "body": "x"},
        {"proposal_id": "p-2"},
    ):
        with pytest.raises(Unanswerable, match="Only subject and body"):
            answered(edit(**args))


@pytest.mark.parametrize(
    "answer",
    [
        edit(),
        edit(subject=7),
        edit(body="x" * 20_001),
        decided(type="respond"),
        {"decisions": []},
        {"decisions": [{"type": "approve"}, {"type": "approve"}]},
        [],
    ],
)
def test_what_means_nothing_is_asked_again(answer: object) -> None:
    with pytest.raises(Unanswerable):
        answered(answer)


def test_at_high_stakes_an_approval_names_its_message() -> None:
    high = state(LOCKED)
    with pytest.raises(Unanswerable, match="message_sha256"):
        answered(decided(type="approve"), high)
    with pytest.raises(Unanswerable, match="message_sha256"):
        answered([{"type": "accept", "args": None}], high)
    named = decided(type="approve", message_sha256=MESSAGE.sha256)
    assert answered(named, high).act is ReviewAct.APPROVE
    seen = [
        {"type": "accept", "args": {"action": "send_message", "args": {"message_sha256": MESSAGE.sha256}}}
    ]
    assert answered(seen, high).message_sha256 == MESSAGE.sha256


def test_an_approval_of_another_message_keeps_the_hash_it_named() -> None:
    assert answered(decided(type="approve", message_sha256="a" * 64)).message_sha256 == "a" * 64


def test_nobody_signs_for_somebody_else_and_nobody_unknown_signs() -> None:
    own = Review(
        proposal_id="p-1",
        act=ReviewAct.APPROVE,
        reviewer="m-rita",
        message_sha256=MESSAGE.sha256,
        at=NOW,
    )
    told = own.model_dump(mode="json")
    assert answered(told, member=None) == answered(told) == own
    with pytest.raises(Unanswerable, match="nobody else"):
        answered(told, member="m-mara")
    with pytest.raises(Unanswerable, match="p-2"):
        answered(told | {"proposal_id": "p-2"})
    with pytest.raises(Unanswerable, match="Nobody is known"):
        answered(decided(type="approve"), member=None)


def test_by_default_answers_are_reviews_their_door_has_looked_at() -> None:
    default = Answering()
    assert default.member is None
    assert default.form == "hitl"
