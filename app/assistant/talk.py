"""The assistant as every door calls it: say something, answer what it asks, look at what was said.

An answer is worked out by a task of its own in the caller's event loop. A door only listens: one that goes away in the
midst of an answer changes nothing of it, and finds the whole of it in `exchanges` afterwards.

Over 400 lines on purpose: whoever changes what a conversation holds while it works has to see all of it.
"""

from __future__ import annotations

import asyncio
import functools
import logging
import threading
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from contextlib import (
    AbstractAsyncContextManager,
    AbstractContextManager,
    ExitStack,
    contextmanager,
    suppress,
)
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from langchain_core.runnables import RunnableConfig
from langgraph.types import Command
from pydantic import TypeAdapter

from agents.assistant import AssistantGraph, build_assistant, waiting_in
from agents.assistant_asking import resume_value
from agents.assistant_state import AssistantBench
from agents.assistant_story import exchanges_of
from agents.assistant_words import MOST_QUESTION_CHARACTERS, proposed, question, refs_in, usage_of
from app.assistant import drafting
from app.logs import about
from domain.assistant import (
    CHAT_THREAD,
    Asker,
    Broken,
    ChangeAsked,
    ChangeDecision,
    Conversation,
    Effect,
    Exchange,
    Happening,
    RecordKind,
    ToolAnswer,
    ToolCall,
    ToolCard,
)
from domain.assistant_ports import AssistantTools, Conversations
from domain.campaign import Caps
from domain.errors import (
    AssistantBusy,
    AttuneError,
    EffectChanged,
    NotFound,
    NothingAsked,
    ProposalsWaiting,
    WrongUsage,
)
from domain.tracing import NO_TRACING, Tracing
from tools.models.budget import RunBudget

if TYPE_CHECKING:
    pass

LONGEST_TITLE = 60

PROPOSED = "A program proposed a change."
"""Stands where a question would. What it proposed, and the names in that, a model reads only inside a data block."""

MOST_A_MEMBER = 4
"""So many answers of one member at a time: each holds a thread, and a model's patience."""

MOST_PROPOSALS = 20
"""So many changes of programs wait for one member's yes at a time."""

FAULT = "Something went wrong that should not: it stands in the log. What was done until then is shown above."

ANOTHER_WAITS = "What waits is another change than the one you answered. Nothing was done; look again."

NOT_PUT = "It could not be put before the member. Nothing was done, and nothing waits. Try again."

HAPPENING: TypeAdapter[Happening] = TypeAdapter(Happening)

log = logging.getLogger("attune.assistant")

Begin = Callable[[AssistantGraph, RunnableConfig], Coroutine[Any, Any, Any]]
"""Given the graph and the thread's config, returns what the graph is to be given."""


def thread_of(conversation_id: str) -> str:
    """The checkpoint thread of a conversation."""
    return f"{CHAT_THREAD}{conversation_id}"


@dataclass(frozen=True)
class Parts:
    """What the assistant is made of. `hold` keeps everybody else out of one conversation while it works in it."""

    bench: Callable[[Asker], AssistantBench]
    conversations: Conversations
    saver: Callable[[], AbstractAsyncContextManager[Any]]
    hold: Callable[[str], AbstractContextManager[None]]
    budget: RunBudget
    caps: Caps = field(default_factory=Caps)
    tracing: Tracing = NO_TRACING


@dataclass(frozen=True)
class _Planned:
    """The tools, with one change that was planned already. Implements `AssistantTools`."""

    tools: AssistantTools
    call_id: str
    effect: Effect

    def cards(self, asker: Asker) -> tuple[ToolCard, ...]:
        return self.tools.cards(asker)

    async def look(self, asker: Asker, call: ToolCall) -> ToolAnswer:
        return await self.tools.look(asker, call)

    async def plan(self, asker: Asker, call: ToolCall) -> Effect:
        return self.effect if call.id == self.call_id else await self.tools.plan(asker, call)

    async def carry_out(self, asker: Asker, call: ToolCall, seal: str) -> ToolAnswer:
        return await self.tools.carry_out(asker, call, seal)


class Assistant:
    """One for every door; each member sees their own conversations only."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._under_way: set[asyncio.Task[None]] = set()
        self._answering: Counter[str] = Counter()
        self._lock = threading.Lock()

    def begin(self, asker: Asker, title: str = "") -> Conversation:
        """Begin a conversation; without a title, its first question becomes it."""
        return self._parts.conversations.begin(asker, title)

    async def say(self, asker: Asker, conversation_id: str, words: str) -> AsyncIterator[Happening]:
        """Say something and yield what happens, to the answer or to the changes that wait for a yes.

        What waited for one before is declined by this.

        Raises:
            NotFound: the asker has no such conversation.
            WrongUsage: nothing was said, or too much.
            ConversationBusy: an answer is under way in it.
            AssistantBusy: as many of the asker's answers are under way as one may have at a time.

        """
        asked = _checked(words)
        conversation = self._parts.conversations.get(conversation_id, asker.member_id)

        async def begin(graph: AssistantGraph, config: RunnableConfig) -> Any:
            return {"messages": [question(asked, self._parts.bench(asker).clock(), asker.program)]}

        title = None if conversation.title else _title(asked)
        async for happening in self._listened(asker, conversation_id, begin, title):
            yield happening

    async def decide(
        self, asker: Asker, conversation_id: str, decisions: Sequence[ChangeDecision]
    ) -> AsyncIterator[Happening]:
        """Answer changes that wait, all or some of them, and yield what happens then. The rest goes on waiting.

        Raises:
            NotFound: the asker has no such conversation.
            NothingAsked: one of the changes does not wait.
            EffectChanged: a yes was said to another change than waits by now.
            ConversationBusy: an answer is under way in it.
            AssistantBusy: as many of the asker's answers are under way as one may have at a time.

        """
        self._parts.conversations.get(conversation_id, asker.member_id)

        async def begin(graph: AssistantGraph, config: RunnableConfig) -> Any:
            waiting = await _waiting(graph, config)
            by_id = {one.call.id: one for one in waiting}
            if not decisions or {one.call_id for one in decisions} - by_id.keys():
                raise NothingAsked
            if not all(one.fits(by_id[one.call_id]) for one in decisions):
                raise EffectChanged(ANOTHER_WAITS)
            return Command(resume=resume_value(waiting, decisions))

        async for happening in self._listened(asker, conversation_id, begin, None):
            yield happening

    async def propose(self, asker: Asker, call: ToolCall) -> tuple[Conversation, Effect]:
        """Put one change before the member as a conversation that waits for their yes, for programs.

        It is planned once, and no model is asked. Where it does not wait in the end, nothing of it stays.

        Raises:
            ToolRefused, AttuneError: it cannot be planned, or not by this asker; no conversation was begun.
            ProposalsWaiting: as many as may wait do.

        """
        waiting = self._parts.conversations.waiting_by(asker.member_id, asker.door)
        if waiting >= MOST_PROPOSALS:
            raise ProposalsWaiting(waiting)
        self.require_room(asker)
        bench = self._parts.bench(asker)
        effect = await bench.tools.plan(asker, call)
        conversation = self.begin(
            asker, _title(f"{asker.token_name or 'A program'} proposes: {effect.title}")
        )
        bench = replace(bench, tools=_Planned(bench.tools, call.id, effect), model=None)

        async def begin(graph: AssistantGraph, config: RunnableConfig) -> Any:
            said = question(PROPOSED, bench.clock(), asker.program)
            return {"messages": [said, proposed(call)]}

        problem = AttuneError(NOT_PUT)
        try:
            async for happening in self._listened(asker, conversation.id, begin, None, bench):
                if isinstance(happening, Broken):
                    problem = AttuneError(happening.words)
            put = self._parts.conversations.get(conversation.id, asker.member_id)
            if put.is_waiting:
                return put, effect
        except AttuneError as refusal:
            problem = refusal
        with suppress(NotFound):
            await self.forget(asker, conversation.id)
        raise problem

    async def exchanges(self, asker: Asker, conversation_id: str) -> tuple[Exchange, ...]:
        """What was said and shown so far. Raises `NotFound`."""
        conversation = self._parts.conversations.get(conversation_id, asker.member_id)
        async with self._parts.saver() as saver:
            graph, config = build_assistant(saver), _config(conversation_id)
            values = (await graph.aget_state(config)).values
            waiting = await _waiting(graph, config)
        return exchanges_of(values.get("messages", ()), waiting, conversation.began_at)

    async def waiting(self, asker: Asker, conversation_id: str) -> tuple[ChangeAsked, ...]:
        """The changes that wait for a yes. Raises `NotFound`."""
        self._parts.conversations.get(conversation_id, asker.member_id)
        async with self._parts.saver() as saver:
            return await _waiting(build_assistant(saver), _config(conversation_id))

    def conversations(self, asker: Asker, limit: int = 50, offset: int = 0) -> tuple[Conversation, ...]:
        """The asker's own, the latest first."""
        return self._parts.conversations.of(asker.member_id, limit, offset)

    def rename(self, asker: Asker, conversation_id: str, title: str) -> Conversation:
        """Call one something else. Raises `NotFound`."""
        return self._parts.conversations.rename(conversation_id, asker.member_id, title)

    async def forget(self, asker: Asker, conversation_id: str) -> None:
        """Remove one for good. Raises `NotFound`, and `ConversationBusy` while an answer is under way in it."""
        self._parts.conversations.get(conversation_id, asker.member_id)
        with self._parts.hold(conversation_id):
            async with self._parts.saver() as saver:
                await saver.adelete_thread(thread_of(conversation_id))
            self._parts.conversations.forget(conversation_id, asker.member_id)

    async def finish(self) -> None:
        """Wait for what is under way in this loop, before it ends."""
        loop = asyncio.get_running_loop()
        mine = [task for task in self._under_way if task.get_loop() is loop]
        await asyncio.gather(*mine, return_exceptions=True)

    def require_room(self, asker: Asker) -> None:
        """Raise `AssistantBusy` where as many of the asker's answers are under way as one may have at a time."""
        under_way = self._answering[asker.member_id]
        if under_way >= MOST_A_MEMBER:
            raise AssistantBusy(under_way)

    @contextmanager
    def _room(self, asker: Asker) -> Iterator[None]:
        with self._lock:
            self.require_room(asker)
            self._answering[asker.member_id] += 1
        try:
            yield
        finally:
            with self._lock:
                self._answering[asker.member_id] -= 1

    async def _listened(
        self,
        asker: Asker,
        conversation_id: str,
        begin: Begin,
        title: str | None,
        bench: AssistantBench | None = None,
    ) -> AsyncIterator[Happening]:
        heard: asyncio.Queue[Happening | AttuneError | None] = asyncio.Queue()
        with ExitStack() as stack:
            stack.enter_context(self._room(asker))
            stack.enter_context(self._parts.hold(conversation_id))
            # From here on the task holds it, whether anybody listens or not.
            held = stack.pop_all()
        task = asyncio.create_task(self._worked(asker, conversation_id, begin, title, heard, held, bench))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        # A task that was cancelled before it began has entered nothing.
        task.add_done_callback(lambda _: held.close())
        while (happening := await heard.get()) is not None:
            if isinstance(happening, AttuneError):
                raise happening
            yield happening

    async def _worked(
        self,
        asker: Asker,
        conversation_id: str,
        begin: Begin,
        title: str | None,
        heard: asyncio.Queue[Happening | AttuneError | None],
        held: ExitStack,
        bench: AssistantBench | None,
    ) -> None:
        try:
            ids = {"conversation_id": conversation_id, "door": asker.door.value}
            with (
                held,
                about(conversation_id=conversation_id),
                drafting.question(thread_of(conversation_id)),
                self._parts.tracing.span("answer", ids),
            ):
                await self._work(conversation_id, begin, title, heard, bench or self._parts.bench(asker))
        except AttuneError as problem:
            heard.put_nowait(problem)
        except Exception:
            log.exception("conversation %s broke", conversation_id)
            heard.put_nowait(Broken(words=FAULT))
        finally:
            heard.put_nowait(None)

    async def _work(
        self,
        conversation_id: str,
        begin: Begin,
        title: str | None,
        heard: asyncio.Queue[Happening | AttuneError | None],
        bench: AssistantBench,
    ) -> None:
        config = _config(conversation_id)
        async with self._parts.saver() as saver:
            graph = build_assistant(saver)
            given = await begin(graph, config)
            note = functools.partial(self._parts.conversations.note, conversation_id)
            try:
                note(title=title, is_waiting=False)
                await self._open_budget(graph, config)
                shown: set[str] = set()
                async for dump in graph.astream(
                    given, config, context=bench, durability="sync", stream_mode="custom"
                ):
                    # Noted before it is shown: an erasure must find the conversation from then on.
                    contacts = {ref.id for ref in refs_in(dump) if ref.kind is RecordKind.CONTACT} - shown
                    if contacts:
                        note(contact_ids=sorted(contacts))
                        shown |= contacts
                    heard.put_nowait(HAPPENING.validate_python(dump))
                note(is_waiting=bool(await _waiting(graph, config)))
                # Every step keeps the whole conversation; where it stands now is all that is gone on from.
                await saver.aprune([thread_of(conversation_id)])
            except NotFound:
                # Removed meanwhile, as when somebody it had shown is erased: nothing of it may stay.
                await saver.adelete_thread(thread_of(conversation_id))
                raise

    async def _open_budget(self, graph: AssistantGraph, config: RunnableConfig) -> None:
        values = (await graph.aget_state(config)).values
        thread_id = str(config["configurable"]["thread_id"])
        self._parts.budget.open(thread_id, self._parts.caps, spent=usage_of(values.get("messages", ())))


async def _waiting(graph: AssistantGraph, config: RunnableConfig) -> tuple[ChangeAsked, ...]:
    snapshot = await graph.aget_state(config)
    return waiting_in(snapshot.values) if snapshot.interrupts else ()


def _config(conversation_id: str) -> RunnableConfig:
    # Nodes of one question: six rounds of think and look, each change its own step, and room to spare.
    return {"configurable": {"thread_id": thread_of(conversation_id)}, "recursion_limit": 100}


def _checked(words: str) -> str:
    asked = words.strip()
    if not asked:
        raise WrongUsage("Nothing was asked. Write a question.")
    if len(asked) > MOST_QUESTION_CHARACTERS:
        raise WrongUsage(
            f"That is {len(asked):,} characters; the assistant reads at most {MOST_QUESTION_CHARACTERS:,} at a time. "
            "Ask in fewer words, or in several questions."
        )
    return asked


def _title(words: str) -> str:
    first = " ".join(words.split())
    if len(first) <= LONGEST_TITLE:
        return first
    return first[:LONGEST_TITLE].rsplit(" ", 1)[0].rstrip(".,;:") + " …"
