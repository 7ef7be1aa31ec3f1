"""Conversations as the web app shows them: who asks, what was said, what is on its way, what waits for a yes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import Request
from fastapi.responses import HTMLResponse

from app import loop
from app.answer_words import (
    by_program,
    call_words,
    cell_words,
    moment_of,
    program_words,
    rows_words,
    spans,
    used_columns,
)
from app.chat_openers import openers
from app.web.asking import asker_of
from app.web.chat_parts import Part, arguments_of, lines_of, parts_of, path_of
from app.web.guard import Caller
from app.web.shell import Shell
from app.web.talks import Talk, Talks
from app.who import who_answers
from domain.assistant import ChangeAsked, Conversation, Exchange, Program, RecordRef, ToolAnswer, ToolCall
from domain.base import Noun, UtcDatetime

if TYPE_CHECKING:
    from app.assistant.talk import Assistant

LISTED = 30
MOST_SHOWN = 25
"""Questions of one conversation on a page, the newest; what came before is a click away."""


class Round(Noun):
    """One question and everything that followed, as a page shows it. `place` is its number, from 0."""

    place: int
    asked: str
    at: UtcDatetime
    program: Program | None = None
    parts: tuple[Part, ...] = ()
    is_live: bool = False
    said: str = ""
    problem: str = ""


class ChatRoom:
    """What the chat's routes share. Reads block: routes call it in threads."""

    def __init__(self, shell: Shell) -> None:
        self.shell = shell
        self.house = shell.house
        self.talks = Talks()

    @property
    def assistant(self) -> Assistant:
        """The assistant, made when first asked for."""
        return self.house.assistant

    def conversation(self, caller: Caller, conversation_id: str) -> Conversation:
        """One of the caller's own. Raises `NotFound`."""
        return self.house.conversations.get(conversation_id, caller.member.member_id)

    def exchanges(self, caller: Caller, conversation_id: str) -> tuple[Exchange, ...]:
        """What was said in it. Raises `NotFound`."""
        return loop.run(self.assistant.exchanges(asker_of(caller), conversation_id))

    def waiting(self, caller: Caller, conversation_id: str) -> tuple[ChangeAsked, ...]:
        """The changes that wait for a yes; none while an answer is on its way."""
        if self.talks.working(conversation_id) is not None:
            return ()
        return loop.run(self.assistant.waiting(asker_of(caller), conversation_id))

    def looked(self, caller: Caller, call: ToolCall) -> ToolAnswer:
        """What a call that only looks brings. Raises `ToolRefused`."""
        return loop.run(self.house.toolset.look(asker_of(caller), call))

    # --- pages.

    def start_page(self, request: Request, caller: Caller, error: str = "", said: str = "") -> HTMLResponse:
        """Where a conversation begins."""
        return self.shell.page(
            request,
            caller,
            "chat.html",
            status=422 if error else 200,
            conversation=None,
            openers=openers(self.house, caller.member.role),
            error=error,
            said=said,
            **self.words(caller),
        )

    def page(
        self,
        request: Request,
        caller: Caller,
        conversation_id: str,
        error: str = "",
        said: str = "",
        status: int = 200,
    ) -> HTMLResponse:
        """One conversation."""
        conversation = self.conversation(caller, conversation_id)
        rounds, waiting = self.rounds(caller, conversation_id)
        if not conversation.title and rounds:
            # Its first question becomes its title as soon as the assistant begins to answer.
            conversation = conversation.model_copy(update={"title": rounds[0].asked[:60]})
        is_all = request.query_params.get("all") == "yes"
        return self.shell.page(
            request,
            caller,
            "chat_conversation.html",
            status=status,
            conversation=conversation,
            rounds=rounds if is_all else rounds[-MOST_SHOWN:],
            earlier=0 if is_all else max(0, len(rounds) - MOST_SHOWN),
            waiting=waiting,
            is_live=bool(rounds) and rounds[-1].is_live,
            error=error,
            said=said,
            **self.words(caller),
        )

    def rounds(
        self, caller: Caller, conversation_id: str
    ) -> tuple[tuple[Round, ...], tuple[ChangeAsked, ...]]:
        """Every question with what followed, what is on its way as well; and the changes that wait for a yes."""
        talk = self.talks.latest(conversation_id)
        kept = self.exchanges(caller, conversation_id)
        if talk is not None and not talk.is_over:
            before = [_round(place, one) for place, one in enumerate(kept[: talk.place])]
            return (*before, self.live_round(caller, conversation_id, talk)), ()
        waiting = self.waiting(caller, conversation_id)
        shown = [
            _round(place, one, waiting if place == len(kept) - 1 else ()) for place, one in enumerate(kept)
        ]
        if talk is not None and talk.problem and talk.place >= len(kept) - 1 and not waiting:
            # It failed: what had happened by then, and why there is no more.
            failed = _round(talk.place, talk.exchange).model_copy(update={"problem": talk.problem})
            shown = [*shown[: talk.place], failed]
        return tuple(shown), waiting

    def live_round(self, caller: Caller, conversation_id: str, talk: Talk) -> Round:
        """What happens now; once it paused, with the changes that wait for a yes."""
        is_over, exchange = talk.is_over, talk.exchange
        waiting = self.waiting(caller, conversation_id) if is_over else ()
        told = {
            "is_live": not is_over,
            "parts": parts_of(exchange, is_live=not is_over, waiting=waiting),
            "said": talk.said,
            "problem": talk.problem if is_over else "",
        }
        return _round(talk.place, exchange).model_copy(update=told)

    # --- parts of pages.

    def part(self, request: Request, caller: Caller, conversation_id: str, shown: Round, part: Part) -> str:
        """One part by itself, for a page that is open."""
        return self._piece(caller, "chat_part.html", conversation_id, round=shown, part=part)

    def problem(self, request: Request, caller: Caller, conversation_id: str, shown: Round) -> str:
        """Why there is no answer, for a page that is open."""
        return self._piece(caller, "chat_problem.html", conversation_id, round=shown)

    def round(self, caller: Caller, conversation_id: str, shown: Round) -> str:
        """A question and what followed by itself, for a page that is open."""
        return self._piece(caller, "chat_round.html", conversation_id, round=shown)

    def _piece(self, caller: Caller, template: str, conversation_id: str, **more: Any) -> str:
        conversation = self.conversation(caller, conversation_id)
        return self.shell.piece(caller, template, conversation=conversation, **more, **self.words(caller))

    def words(self, caller: Caller) -> dict[str, Any]:
        """What the chat's templates can say and ask."""
        cards = {card.name: card for card in self.house.toolset.cards(asker_of(caller))}

        def arguments(call: ToolCall) -> Any:
            card = cards.get(call.name)
            return arguments_of(call, card.arguments if card else None)

        def cell(value: Any, column: Any) -> str:
            return cell_words(value, column, caller.member.zone)

        return {
            "conversations": self.assistant.conversations(asker_of(caller))[:LISTED],
            "who": who_answers(self.house.settings),
            "has_model": self.house.settings.model_is_on,
            "path_of": path_of,
            "call_words": call_words,
            "rows_words": rows_words,
            "lines_of": lines_of,
            "spans_of": lambda line, records: spans(line, {one.mark: one for one in records}),
            "used_columns": used_columns,
            "arguments": arguments,
            "cell": cell,
            "moment_of": moment_of,
            "by_program": by_program,
            "program_words": program_words,
            "is_record": lambda value: isinstance(value, RecordRef),
        }


def _round(place: int, exchange: Exchange, waiting: tuple[ChangeAsked, ...] = ()) -> Round:
    parts = parts_of(exchange, is_live=False, waiting=waiting)
    whose = exchange.program
    return Round(place=place, asked=exchange.asked, program=whose, at=exchange.at, parts=parts)
