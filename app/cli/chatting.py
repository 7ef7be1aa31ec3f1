"""`attune chat` and `attune ask`: the assistant in a terminal."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app import loop
from app.cli.doors import doors
from app.cli.screen import AsJson, err, out, print_json
from domain.assistant import Answered, Asker, Asking, Broken, ChangeAsked, Found, Happening
from domain.errors import WrongUsage

if TYPE_CHECKING:
    from app.cli.chat_session import ChatSession
    from app.wiring import House

As = Annotated[
    str | None,
    typer.Option(
        "--as", help="Ask as this member of the team, by e-mail address; else as who you are on this machine."
    ),
]

WELCOME = (
    "I am Attune's assistant, an AI. I look things up and prepare changes; nothing is changed before your yes. "
    "/help says more."
)


def chat(
    who: As = None,
    conversation: Annotated[str | None, typer.Option("--open", help="Go on with this conversation.")] = None,
) -> None:
    """Talk with the assistant: ask in plain words, see its grounds, say yes or no to each change."""
    from app.who import asks_as

    session = _session(who)
    session.screen.note(WELCOME)
    session.screen.note(asks_as(session.asker))
    if conversation:
        session.open(conversation)
    session.talk()


def ask(
    question: Annotated[str, typer.Argument(help="The question, in quotes.")],
    who: As = None,
    as_json: AsJson = False,
) -> None:
    """Ask the assistant one thing. It looks things up; a change it would make waits for your yes in `attune chat`."""
    if not question.strip():
        raise WrongUsage("Nothing was asked. Write a question in quotes.")
    if as_json:
        _print_as_json(*_heard(doors.house(), _asker(who), question))
        return
    session = _session(who)
    session.can_say_yes = False
    session.is_one_question = True
    session.question(question)
    if not was_answered(session.happened):
        raise typer.Exit(1)


def was_answered(happenings: Sequence[Happening]) -> bool:
    """Tell whether a question was answered, or a change waits; not so where no call brought anything."""
    if any(isinstance(one, Asking) for one in happenings):
        return True
    found = [one for one in happenings if isinstance(one, Found)]
    is_told = any(isinstance(one, Answered) for one in happenings)
    return is_told and (not found or any(one.answer is not None for one in found))


def _session(who: str | None) -> ChatSession:
    from app.cli.chat_screen import ChatScreen
    from app.cli.chat_session import ChatSession

    asker = _asker(who)
    screen = ChatScreen(out, asker.zone)
    is_terminal = sys.stdin.isatty() and sys.stdout.isatty()
    if is_terminal:
        with contextlib.suppress(ImportError):
            import readline  # noqa: F401 - importing it gives `input` its line history
    return ChatSession(
        doors.house(), asker, screen, input if is_terminal else _next_line, can_say_yes=is_terminal
    )


def _next_line(_: str) -> str:
    """A question of a pipe, told before its answer so that what is printed reads as a talk."""
    line = sys.stdin.readline()
    if not line:
        raise EOFError
    if line.strip():
        out.print(f"> {line.strip()}", markup=False, soft_wrap=True)
    return line


def _asker(who: str | None) -> Asker:
    from app.who import asker_at_terminal

    house = doors.house()
    return asker_at_terminal(
        house.staff.members(only_active=True), who, doors.person(), house.settings.time_zone
    )


def _heard(house: House, asker: Asker, question: str) -> tuple[str, list[Happening]]:
    async def listened() -> list[Happening]:
        return [one async for one in house.assistant.say(asker, begun.id, question)]

    begun = house.assistant.begin(asker)
    return begun.id, loop.run(listened())


def _print_as_json(conversation_id: str, happenings: Sequence[Happening]) -> None:
    found = [one for one in happenings if isinstance(one, Found)]
    answers = [one.answer for one in found if one.answer is not None]
    told = next((one for one in reversed(happenings) if isinstance(one, Answered | Broken)), None)
    waiting = next((one.changes for one in reversed(happenings) if isinstance(one, Asking)), ())
    print_json(
        {
            "conversation_id": conversation_id,
            "words": told.words if told else "",
            "records": list(told.records) if isinstance(told, Answered) else [],
            "tables": [table for answer in answers for table in answer.tables],
            "texts": [text for answer in answers for text in answer.texts],
            "calls": [{**one.call.model_dump(mode="json"), "problem": one.problem} for one in found],
            "waiting": [_waiting(change) for change in waiting],
            "answered_by": told.author.value if isinstance(told, Answered) else None,
            "stand_in_for": told.stand_in_for if isinstance(told, Answered) else "",
            "usage": told.usage if isinstance(told, Answered) else None,
            "next": _next(conversation_id) if waiting else None,
        }
    )
    if not was_answered(happenings):
        err.print(f"attune: {told.words if told else 'There was no answer.'}", style="red", markup=False)
        raise typer.Exit(1)


def _waiting(change: ChangeAsked) -> dict[str, Any]:
    told = change.effect.model_dump(mode="json", exclude={"seal"})
    return {"call_id": change.call.id, "tool": change.call.name, "arguments": change.call.arguments, **told}


def _next(conversation_id: str) -> str:
    from app.cli.chat_session import to_go_on

    return to_go_on(conversation_id)
