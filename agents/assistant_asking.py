"""The pause before a change, in the two forms front ends of the LangGraph world know, and how their answers are read.

LangChain's human-in-the-loop form (`HITLRequest`, decisions by position) and the older one of Agent Inbox. A yes
names the seal of the effect it is for; one that names none counts only where it can mean nothing else. Whatever cannot
be read as an answer leaves the change waiting: nothing is ever done in doubt.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from agents.assistant_state import Interrupts
from domain.assistant import ChangeAsked, ChangeDecision

Decision = dict[str, Any]
"""`{"type": "yes" | "no" | "edit" | "later", "words": …, "arguments": …}`; plain, as it is checkpointed."""

SEAL = "seal"

LATER: Decision = {"type": "later"}

UNBOUND = (
    "A yes was not taken: it did not say to what. Answer with the `seal` that stands here, beside `type`."
)
NOT_THIS = "A yes was not taken: it is for another change than waits here. Look again."


def pause_value(changes: Sequence[ChangeAsked], form: Interrupts, objection: str = "") -> Any:
    """What the pause tells whoever may answer it; `objection` says why an answer before was not carried out."""
    ahead = f"{objection}\n\n" if objection else ""
    if form == "inbox":
        may = {"allow_accept": True, "allow_edit": True, "allow_respond": True, "allow_ignore": True}
        return [
            {
                # Agent Inbox hands these back with a yes, and so the seal.
                "action_request": {
                    "action": change.call.name,
                    "args": {**change.call.arguments, SEAL: change.effect.seal},
                },
                "config": may,
                "description": ahead + described(change),
            }
            for change in changes
        ]
    names = dict.fromkeys(change.call.name for change in changes)
    return {
        "action_requests": [
            {
                "name": change.call.name,
                "args": change.call.arguments,
                "description": ahead + described(change),
                SEAL: change.effect.seal,
            }
            for change in changes
        ],
        "review_configs": [
            {"action_name": name, "allowed_decisions": ["approve", "edit", "reject"]} for name in names
        ],
        "effects": [change.effect.model_dump(mode="json") for change in changes],
        "objection": objection,
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
    if not decision.is_yes:
        return {"type": "reject", "message": decision.words}
    return {"type": "approve", "message": decision.words, SEAL: decision.seal}


def decisions_in(given: Any, changes: Sequence[ChangeAsked], *, is_first: bool) -> list[Decision]:
    """Read an answer of either form, by position: one decision a change. More answers than changes mean none.

    A yes is taken where it names the seal of the change at its place. Front ends that know no seals answer by position
    alone, and such an answer may be for a pause that is over by now: it counts where nothing but these changes was
    ever asked (`is_first`) and all of them are answered. A yes that is not taken says why (`why`) and leaves waiting.

    Args:
        given: the answer, as it came.
        changes: what waits.
        is_first: nothing was asked, edited or settled in this conversation before.
    """
    answers = given.get("decisions") if isinstance(given, dict) and "decisions" in given else given
    if isinstance(answers, dict):
        answers = [answers]
    if not isinstance(answers, list) or len(answers) > len(changes):
        return [LATER for _ in changes]
    may_be_bare = is_first and len(answers) == len(changes)
    read = [_decision(answer, change, may_be_bare) for answer, change in zip(answers, changes, strict=False)]
    return read + [LATER for _ in changes[len(read) :]]


def _decision(answer: Any, change: ChangeAsked, may_be_bare: bool) -> Decision:
    if not isinstance(answer, dict):
        return LATER
    match answer.get("type"):
        case "approve" | "accept":
            return _yes(_seal_in(answer), change, may_be_bare)
        case "reject" | "ignore":
            return {"type": "no", "words": _text(answer.get("message"))}
        case "response":
            return {"type": "no", "words": _text(answer.get("args"))}
        case "edit":
            return _edit(answer, change, may_be_bare)
    return LATER


def _yes(seal: str, change: ChangeAsked, may_be_bare: bool) -> Decision:
    if seal == change.effect.seal or (not seal and may_be_bare):
        return {"type": "yes"}
    return {**LATER, "why": NOT_THIS if seal else UNBOUND}


def _seal_in(answer: dict[str, Any]) -> str:
    """The seal an answer names: beside its type, or among the arguments it hands back."""
    beside = answer.get(SEAL)
    if beside is not None:
        # What is no text names no seal, and must not pass for an answer that leaves it out.
        return beside if isinstance(beside, str) and beside else "?"
    handed_back = answer.get("edited_action") or answer.get("args")
    arguments = handed_back.get("args") if isinstance(handed_back, dict) else None
    return _text(arguments.get(SEAL)) if isinstance(arguments, dict) else ""


def _edit(answer: dict[str, Any], change: ChangeAsked, may_be_bare: bool) -> Decision:
    edited = answer.get("edited_action") or answer.get("args")
    if not isinstance(edited, dict):
        return LATER
    name, arguments = edited.get("name", edited.get("action")), edited.get("args")
    if name != change.call.name or not isinstance(arguments, dict):
        # Another act under the cover of an edit is no answer to this one.
        return LATER
    wanted = {key: value for key, value in arguments.items() if key != SEAL}
    if wanted != change.call.arguments:
        return {"type": "edit", "arguments": wanted}
    # Handed back unchanged, it is what a front end without an approve button sends.
    return _yes(_seal_in(answer), change, may_be_bare)


def _text(words: Any) -> str:
    return words if isinstance(words, str) else ""
