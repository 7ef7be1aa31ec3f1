"""What one does in a conversation: ask, say yes or no, stop, call it something, forget it. Each is a POST."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData

from app import loop
from app.web.asking import asker_of
from app.web.chat_parts import arguments_of, arguments_said
from app.web.chat_room import ChatRoom
from app.web.guard import Caller, needs
from app.web.posted import said
from app.web.shell import see_other
from app.web.talks import Talk, TalkBusy
from domain.assistant import ChangeAsked, ChangeDecision, Conversation, Exchange
from domain.errors import AssistantBusy, WrongUsage
from domain.staff import Act

MOST_CHARS = 4_000
PATIENCE_SECONDS = 60
"""So long a browser without a script waits for the whole answer; then it gets what there is."""

Talker = Annotated[Caller, needs(Act.CHAT)]


def add_acts(routes: APIRouter, room: ChatRoom) -> None:
    """Add the routes."""
    shell = room.shell

    @routes.post("/chat")
    async def begin(request: Request, caller: Talker) -> Response:
        form = await shell.form(request, caller)
        return await run_in_threadpool(begun, request, caller, form)

    def begun(request: Request, caller: Caller, form: FormData) -> Response:
        words = said(form, "words").replace("\r\n", "\n")
        if wrong := _wrong(words):
            return room.start_page(request, caller, wrong, words)
        try:
            room.assistant.require_room(asker_of(caller))
        except AssistantBusy as problem:
            return room.start_page(request, caller, str(problem), words)
        conversation = room.assistant.begin(asker_of(caller))
        return _asked(room, caller, conversation, words, form)

    @routes.post("/chat/{conversation_id}/say")
    async def say(request: Request, caller: Talker, conversation_id: str) -> Response:
        form = await shell.form(request, caller)
        return await run_in_threadpool(asked, request, caller, conversation_id, form)

    def asked(request: Request, caller: Caller, conversation_id: str, form: FormData) -> Response:
        conversation = room.conversation(caller, conversation_id)
        words = said(form, "words").replace("\r\n", "\n")
        try:
            if wrong := _wrong(words):
                raise WrongUsage(wrong)
            return _asked(room, caller, conversation, words, form)
        except (WrongUsage, TalkBusy, AssistantBusy) as problem:
            status = 422 if isinstance(problem, WrongUsage) else 409
            return _told(room, request, caller, conversation_id, form, str(problem), words, status)

    @routes.post("/chat/{conversation_id}/decide")
    async def decide(request: Request, caller: Talker, conversation_id: str) -> Response:
        form = await shell.form(request, caller)
        return await run_in_threadpool(decided, request, caller, conversation_id, form)

    def decided(request: Request, caller: Caller, conversation_id: str, form: FormData) -> Response:
        room.conversation(caller, conversation_id)
        waiting = room.waiting(caller, conversation_id)
        try:
            decisions = _decisions(room, caller, waiting, form)
            return _decided(room, caller, conversation_id, decisions, form)
        except (WrongUsage, TalkBusy, AssistantBusy) as problem:
            return _told(room, request, caller, conversation_id, form, str(problem), "", 409)

    @routes.post("/chat/{conversation_id}/stop")
    async def stop(request: Request, caller: Talker, conversation_id: str) -> Response:
        await shell.form(request, caller)
        await run_in_threadpool(stopped, caller, conversation_id)
        return see_other(f"/chat/{conversation_id}")

    def stopped(caller: Caller, conversation_id: str) -> None:
        room.conversation(caller, conversation_id)
        talk = room.talks.working(conversation_id)
        if talk is not None:
            talk.stop()
            talk.wait(5)

    @routes.post("/chat/{conversation_id}/name")
    async def name(request: Request, caller: Talker, conversation_id: str) -> Response:
        form = await shell.form(request, caller)
        title = said(form, "title")
        if not title:
            return await run_in_threadpool(
                room.page, request, caller, conversation_id, "Write what it is to be called.", "", 422
            )
        await run_in_threadpool(room.assistant.rename, asker_of(caller), conversation_id, title)
        return shell.said_at(f"/chat/{conversation_id}", caller, "Renamed.")

    @routes.post("/chat/{conversation_id}/forget")
    async def forget(request: Request, caller: Talker, conversation_id: str) -> Response:
        await shell.form(request, caller)
        await run_in_threadpool(forgotten, caller, conversation_id)
        return shell.said_at("/chat", caller, "Forgotten, with everything that was said in it.")

    def forgotten(caller: Caller, conversation_id: str) -> None:
        room.conversation(caller, conversation_id)
        room.talks.forget(conversation_id)
        loop.run(room.assistant.forget(asker_of(caller), conversation_id))


def _wrong(words: str) -> str:
    if not words:
        return "Write what you want to know or have done."
    if len(words) > MOST_CHARS:
        return f"That is {len(words):,} characters; ask in at most {MOST_CHARS:,}."
    return ""


def _asked(
    room: ChatRoom, caller: Caller, conversation: Conversation, words: str, form: FormData
) -> Response:
    asker = asker_of(caller)
    place = len(room.exchanges(caller, conversation.id))
    talk = Talk(
        asker.member_id,
        Exchange(asked=words, at=room.shell.now()),
        place,
        lambda: room.assistant.say(asker, conversation.id, words),
    )
    return _begun(room, caller, conversation.id, talk, form)


def _decided(
    room: ChatRoom,
    caller: Caller,
    conversation_id: str,
    decisions: tuple[ChangeDecision, ...],
    form: FormData,
) -> Response:
    asker = asker_of(caller)
    kept = room.exchanges(caller, conversation_id)
    talk = Talk(
        asker.member_id,
        kept[-1],
        len(kept) - 1,
        lambda: room.assistant.decide(asker, conversation_id, decisions),
    )
    return _begun(room, caller, conversation_id, talk, form)


def _begun(room: ChatRoom, caller: Caller, conversation_id: str, talk: Talk, form: FormData) -> Response:
    """Begin an answer; a script follows it, a browser without one waits for the page."""
    room.assistant.require_room(asker_of(caller))
    room.talks.begin(conversation_id, talk)
    how = said(form, "live")
    if how == "piece":
        shown = room.live_round(caller, conversation_id, talk)
        return HTMLResponse(room.round(caller, conversation_id, shown), status_code=202)
    if how != "page":
        talk.wait(PATIENCE_SECONDS)
    return see_other(f"/chat/{conversation_id}#round-{talk.place}")


def _told(
    room: ChatRoom,
    request: Request,
    caller: Caller,
    conversation_id: str,
    form: FormData,
    problem: str,
    words: str,
    status: int,
) -> Response:
    if said(form, "live") == "piece":
        return JSONResponse({"detail": problem}, status_code=status)
    return room.page(request, caller, conversation_id, problem, words, status)


def _decisions(
    room: ChatRoom, caller: Caller, waiting: tuple[ChangeAsked, ...], form: FormData
) -> tuple[ChangeDecision, ...]:
    """What the form says to each change that waits. Raises `WrongUsage` where it was made for other ones."""
    cards = {card.name: card.arguments for card in room.house.toolset.cards(asker_of(caller))}
    given = {said(form, f"call.{n}"): n for n in range(len(waiting) + 1) if said(form, f"call.{n}")}
    decisions = []
    for change in waiting:
        n = given.pop(change.call.id, None)
        if n is None or said(form, f"seal.{n}") != change.effect.seal:
            raise WrongUsage(
                "What waits here has changed since you looked at it. Nothing was done; look again."
            )
        answer, words = said(form, f"say.{n}"), said(form, f"words.{n}")
        if answer in {"yes", "no"}:
            is_yes = answer == "yes"
            words = "" if is_yes else words
            decisions.append(
                ChangeDecision(call_id=change.call.id, is_yes=is_yes, seal=change.effect.seal, words=words)
            )
        elif answer == "change":
            fields = arguments_of(change.call, cards.get(change.call.name))
            told = {
                one.name: said(form, f"arg.{n}.{one.name}") for one in fields if f"arg.{n}.{one.name}" in form
            }
            try:
                arguments = arguments_said(change.call, fields, told)
            except ValueError as problem:
                raise WrongUsage(f"{problem} Nothing was done.") from None
            if arguments == change.call.arguments:
                raise WrongUsage("Nothing was changed in it. Say yes or no, or change something.")
            seal = change.effect.seal
            decisions.append(
                ChangeDecision(call_id=change.call.id, is_yes=False, seal=seal, arguments=arguments)
            )
    if given:
        raise WrongUsage("What you answered does not wait any more. Look at what was done.")
    if not decisions:
        raise WrongUsage(
            "Nothing waits for your answer here." if not waiting else "Say yes or no. Nothing was done."
        )
    return tuple(decisions)
