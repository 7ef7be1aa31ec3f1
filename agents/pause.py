"""What the pause says to whoever answers, and what an answer means: LangChain's human-in-the-loop form, the older Agent
Inbox list, and our own `Review`.

Pure: an answer becomes a `Review` bound to the message the pause showed. Whether it counts is settled after.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, cast

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from agents.state import OutreachState
from domain.message import Message, Severity, Stakes, StakesLevel
from domain.review import MOST_CHARS, Proposal, Review, ReviewAct

SEND = "send_message"
"""What the pause calls the one act it asks about."""

EDITABLE = ("subject", "body")
"""What an answer may change; recipient, sender, link and time are set by code (A-02)."""

NO_REASON = "No reason was given."

Form = Literal["hitl", "agent_inbox"]


def _no_objection(proposal: Proposal, review: Review) -> str | None:
    """The door a review came through has looked at it already."""
    return None


def _nothing_more(proposal: Proposal, review: Review) -> None:
    """The door a review came through does what follows."""


@dataclass(frozen=True)
class Answering:
    """Who answers the pauses, and by which rules.

    member: whose name answers are signed with, where the host knows only one person; None where each answer is a
        `Review` that says whose it is, made by a door that knows.
    objects: says why a review may not be carried out, or None; asked right before it would be recorded.
    recorded: told of every review right after.
    """

    member: str | None = None
    form: Form = "hitl"
    objects: Callable[[Proposal, Review], str | None] = _no_objection
    recorded: Callable[[Proposal, Review], None] = _nothing_more


AS_REVIEWS = Answering()
"""Answers are reviews, looked at by the door they came through."""


class _Action(BaseModel):
    """An action as answers name it; the two forms differ in what they call its name."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    args: dict[str, Any] = Field(default_factory=dict)


class Decision(BaseModel):
    """One decision of LangChain's form. `message_sha256` is ours: the hash of what was looked at."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    type: Literal["approve", "edit", "reject", "respond"]
    edited_action: _Action | None = None
    message: str = Field("", max_length=MOST_CHARS)
    message_sha256: str | None = None


class Decisions(BaseModel):
    """LangChain's `HITLResponse`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    decisions: tuple[Decision, ...]


class InboxAnswer(BaseModel):
    """The Agent Inbox's `HumanResponse`."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    type: Literal["accept", "edit", "response", "ignore"]
    args: _Action | str | None = None


Answer = Review | Decisions | InboxAnswer | list[InboxAnswer]
# LangGraph checks answers by any type pydantic knows; its annotation says classes only.
ANSWER = cast("type[Any]", Answer)
_ANSWER: TypeAdapter[Answer] = TypeAdapter(ANSWER)


class Unanswerable(Exception):
    """An answer fits the form and means nothing that can be done; the text says why, for whoever is asked again."""


def question(state: OutreachState, form: Form = "hitl") -> dict[str, Any] | list[dict[str, Any]]:
    """What the pause says: the message, why a person is asked, and what may be answered."""
    message = state.message
    if message is None or state.draft is None:
        raise ValueError(f"{state.contact_id} waits for a person without a message")
    args = {
        "to": message.to_address,
        "subject": state.draft.subject,
        "body": state.draft.body,
        "proposal_id": state.proposal_id,
        "message_sha256": message.sha256,
    }
    words = _description(message, state)
    if form == "agent_inbox":
        allowed = {f"allow_{act}": True for act in ("accept", "edit", "respond", "ignore")}
        return [{"action_request": {"action": SEND, "args": args}, "config": allowed, "description": words}]
    stakes = state.stakes or Stakes()
    decisions = ["approve", "edit", "reject", "respond"]
    return {
        "action_requests": [{"name": SEND, "args": args, "description": words}],
        "review_configs": [{"action_name": SEND, "allowed_decisions": decisions}],
        "proposal_id": state.proposal_id,
        "contact_id": state.contact_id,
        "message_sha256": message.sha256,
        "stakes": stakes.level.value,
        "objection": state.objection,
    }


def _description(message: Message, state: OutreachState) -> str:
    asks = [reason.text for reason in state.stakes.reasons] if state.stakes else []
    found = [
        f"{finding.rule_id} ({'blocks' if finding.severity is Severity.BLOCK else 'to look at'}): {finding.reason}"
        for finding in (state.verdict.findings if state.verdict else ())
    ]
    parts = (
        f"The last answer was not carried out: {state.objection}" if state.objection else "",
        f"To {message.to_address}\nSubject: {message.subject}\n\n{message.text.rstrip()}",
        "A person is asked because: " + "; ".join(asks) if asks else "",
        "Findings:\n" + "\n".join(found) if found else "",
    )
    return "\n\n".join(part for part in parts if part)


def review_of(answer: object, state: OutreachState, member: str | None, now: datetime) -> Review:
    """The review an answer is, bound to the message the pause showed.

    Args:
        answer: plain values, as the pause was answered.
        state: the state paused at.
        member: who answers; see `Answering`.
        now: UTC time of the answer.

    Raises:
        Unanswerable: it says nothing that can be carried out.
    """
    read = _ANSWER.validate_python(answer)
    if isinstance(read, Review):
        return _whose(read, state, member)
    if member is None:
        raise Unanswerable("Nobody is known to answer here; answer with a review that says whose it is.")
    told = _told(read)
    if state.proposal_id is None or state.message is None or state.draft is None:
        raise ValueError(f"{state.contact_id} was answered without having asked")
    is_high = state.stakes is not None and state.stakes.level is StakesLevel.HIGH
    if told["act"] is ReviewAct.APPROVE and is_high and not told["sha256"]:
        raise Unanswerable(
            "The stakes are high: an approval has to name the message it is for. Add its message_sha256 to the answer."
        )
    changed = _changes(told["args"], state) if told["act"] is ReviewAct.EDIT else {}
    return Review(
        proposal_id=state.proposal_id,
        act=told["act"],
        reviewer=member,
        message_sha256=told["sha256"] or state.message.sha256,
        reason=told["words"],
        at=now,
        **changed,
    )


def _whose(review: Review, state: OutreachState, member: str | None) -> Review:
    if review.proposal_id != state.proposal_id:
        raise Unanswerable(f"That review is for {review.proposal_id}, and this is {state.proposal_id}.")
    if member is not None and review.reviewer != member:
        raise Unanswerable(f"Answers here are {member!r}'s; nobody else signs them.")
    return review


_ACTS = {
    "approve": ReviewAct.APPROVE,
    "accept": ReviewAct.APPROVE,
    "edit": ReviewAct.EDIT,
    "reject": ReviewAct.REJECT,
    "ignore": ReviewAct.REJECT,
    "respond": ReviewAct.ANSWER,
    "response": ReviewAct.ANSWER,
}


def _told(read: Decisions | InboxAnswer | list[InboxAnswer]) -> dict[str, Any]:
    """The act, the words, the arguments and the hash of an answer in either form."""
    inbox = (read,) if isinstance(read, InboxAnswer) else read
    given = inbox.decisions if isinstance(inbox, Decisions) else tuple(inbox)
    if len(given) != 1:
        raise Unanswerable(f"One message is asked about, and {len(given)} answers came.")
    one = given[0]
    if isinstance(one, Decision):
        words, sha256 = one.message, one.message_sha256
        args = one.edited_action.args if one.edited_action else {}
    else:
        words = one.args if isinstance(one.args, str) else ""
        args = one.args.args if isinstance(one.args, _Action) else {}
        sha256 = args.get("message_sha256")
    act, words = _ACTS[one.type], words.strip()
    if act is ReviewAct.REJECT:
        words = words or NO_REASON
    if act is ReviewAct.ANSWER and not words:
        raise Unanswerable("An answer needs words: what should the next draft do otherwise?")
    if len(words) > MOST_CHARS:
        raise Unanswerable(f"That is longer than {MOST_CHARS:,} characters.")
    return {"act": act, "words": words, "args": args, "sha256": sha256 if isinstance(sha256, str) else None}


def _changes(args: Mapping[str, Any], state: OutreachState) -> dict[str, str]:
    """The subject and body an edit sets. Anything else it would set is refused, not ignored."""
    assert state.message is not None
    fixed = {"to": state.message.to_address, "proposal_id": state.proposal_id}
    fixed["message_sha256"] = state.message.sha256
    others = sorted(name for name in args if name not in EDITABLE and args[name] != fixed.get(name))
    if others:
        raise Unanswerable(f"Only subject and body can be edited, not {', '.join(others)}.")
    words = {name: args[name] for name in EDITABLE if name in args}
    if not words:
        raise Unanswerable("An edit needs a subject or a body.")
    if not all(isinstance(text, str) and len(text) <= MOST_CHARS for text in words.values()):
        raise Unanswerable(f"Subject and body are texts of at most {MOST_CHARS:,} characters.")
    return words
