"""The pause before a change, in the two forms front ends of the LangGraph world know, and how their answers are read.

LangChain's human-in-the-loop form (`HITLRequest`, decisions by position) and the older one of Agent Inbox. Whatever
cannot be read as an answer leaves the change waiting: nothing is ever done in doubt.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from agents.assistant_state import Interrupts
from domain.assistant import ChangeAsked, ChangeDecision

Decision = dict[str, Any]
"""`{"type": "yes" | "no" | "edit" | "later", "words": …, "arguments": …}`; plain, as it is checkpointed."""

LATER: Decision = {"type": "later"}


def pause_value(changes: Sequence[ChangeAsked], form: Interrupts) -> Any:
    """What the pause tells whoever may answer it."""
    if form == "inbox":
        may = {"allow_accept": True, "allow_edit": True, "allow_respond": True, "allow_ignore": True}
        return [
            {
                "action_request": {"action": change.call.name, "args": change.call.arguments},
                "config": may,
                "description": described(change),
            }
            for change in changes
        ]
    names = dict.fromkeys(change.call.name for change in changes)
    return {
        "action_requests": [
            {"name": change.call.name, "args": change.call.arguments, "description": described(change)}
            for change in changes
        ],
        "review_configs": [
            {"action_name": name, "allowed_decisions": ["approve", "edit", "reject"]} for name in names
        ],
        "effects": [change.effect.model_dump(mode="json") for change in changes],
    }


def described(change: ChangeAsked) -> str:
    """What exactly would happen, as text."""
    effect = change.effect
    texts = [f"{text.title}\n{text.text}" for text in effect.texts]
    return "\n\n".join(["\n".join([effect.title, *(f"- {line}" for line in effect.lines)]), *texts])


def resume_value(changes: Sequence[ChangeAsked], decisions: Sequence[ChangeDecision]) -> dict[str, Any]:
    """Our own doors' answer in the form the pause reads; a change nobody decided on goes on waiting.

    Other arguments are an edit, whether they come with a yes or a no: they are asked again either way.
    """
    by_id = {one.call_id: one for one in decisions}
    return {"decisions": [_as_told(change, by_id.get(change.call.id)) for change in changes]}


def _as_told(change: ChangeAsked, decision: ChangeDecision | None) -> dict[str, Any]:
    if decision is None:
        return {"type": "later"}
    if decision.arguments is not None and decision.arguments != change.call.arguments:
        return {
            "type": "edit",
            "edited_action": {"name": change.call.name, "args": decision.arguments},
            "message": decision.words,
        }
    return {"type": "approve" if decision.is_yes else "reject", "message": decision.words}


def decisions_in(given: Any, changes: Sequence[ChangeAsked]) -> list[Decision]:
    """Read an answer of either form, by position: one decision a change. More answers than changes mean none."""
    answers = given.get("decisions") if isinstance(given, dict) and "decisions" in given else given
    if isinstance(answers, dict):
        answers = [answers]
    if not isinstance(answers, list) or len(answers) > len(changes):
        return [LATER for _ in changes]
    read = [_decision(answer, change) for answer, change in zip(answers, changes, strict=False)]
    return read + [LATER for _ in changes[len(read) :]]


def _decision(answer: Any, change: ChangeAsked) -> Decision:
    if not isinstance(answer, dict):
        return LATER
    match answer.get("type"):
        case "approve" | "accept":
            return {"type": "yes"}
        case "reject" | "ignore":
            return {"type": "no", "words": _text(answer.get("message"))}
        case "response":
            return {"type": "no", "words": _text(answer.get("args"))}
        case "edit":
            return _edit(answer.get("edited_action") or answer.get("args"), change)
    return LATER


def _edit(edited: Any, change: ChangeAsked) -> Decision:
    if not isinstance(edited, dict):
        return LATER
    name, arguments = edited.get("name", edited.get("action")), edited.get("args")
    if name != change.call.name or not isinstance(arguments, dict):
        # Another act under the cover of an edit is no answer to this one.
        return LATER
    # Handed back unchanged, it is what a front end without an approve button sends.
    return {"type": "yes"} if arguments == change.call.arguments else {"type": "edit", "arguments": arguments}


def _text(words: Any) -> str:
    return words if isinstance(words, str) else ""
