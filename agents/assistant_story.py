"""A kept conversation told again: each question with what followed, as it was shown the first time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from langchain_core.messages import AnyMessage, HumanMessage, ToolMessage

from agents.assistant_thinking import happening_of
from agents.assistant_words import calls_of, found_of, ours, program_of, results
from domain.assistant import Asking, ChangeAsked, Exchange, Happening, Looking, ToolCall


def exchanges_of(
    messages: Sequence[AnyMessage], waiting: Sequence[ChangeAsked], began_at: datetime
) -> tuple[Exchange, ...]:
    """Every question and what followed; `waiting` changes stand last.

    Args:
        messages: as they are kept.
        waiting: what waits for a yes now.
        began_at: stands in for the time of a question whose own time is not known.
    """
    there = results(messages)
    exchanges: list[Exchange] = []
    happenings: list[Happening] = []
    for message in messages:
        if isinstance(message, HumanMessage):
            at = ours(message).get("at")
            happenings = []
            asked_at = datetime.fromisoformat(at) if at else began_at
            program = program_of(message)
            exchanges.append(Exchange(asked=str(message.text), program=program, at=asked_at))
        for call in calls_of(message):
            happenings.append(Looking(call=call))
        happenings += _brought([(call, there[call.id]) for call in calls_of(message) if call.id in there])
        told = happening_of(message)
        if told is not None:
            happenings.append(told)
        if exchanges:
            exchanges[-1] = exchanges[-1].model_copy(update={"happenings": tuple(happenings)})
    if waiting and exchanges:
        asking = (*exchanges[-1].happenings, Asking(changes=tuple(waiting)))
        exchanges[-1] = exchanges[-1].model_copy(update={"happenings": asking})
    return tuple(exchanges)


def _brought(answered: Sequence[tuple[ToolCall, ToolMessage]]) -> list[Happening]:
    """What was looked up, then what was asked, then what came of that."""
    looked = [found_of(call, result) for call, result in answered if "change" not in ours(result)]
    settled = [(call, result) for call, result in answered if "change" in ours(result)]
    if not settled:
        return [*looked]
    asked = tuple(ChangeAsked.model_validate(ours(result)["change"]) for _, result in settled)
    return [*looked, Asking(changes=asked), *(found_of(call, result) for call, result in settled)]
