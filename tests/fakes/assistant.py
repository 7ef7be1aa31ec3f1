"""An assistant that answers by script: doors are tried with it, word by word and change by change."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from domain.assistant import (
    AnswerColumn,
    Answered,
    AnswerTable,
    AnswerText,
    Asker,
    Asking,
    Broken,
    ChangeAsked,
    ChangeDecision,
    Conversation,
    Door,
    Effect,
    Exchange,
    Found,
    Happening,
    Looking,
    RecordKind,
    RecordRef,
    Said,
    ToolAnswer,
    ToolCall,
    ToolCard,
)
from domain.errors import NotFound
from domain.message import Author, StakesLevel
from domain.staff import Act, Role
from tools.toolset import Arguments

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
DANA = RecordRef(kind=RecordKind.CONTACT, id="c-1", label="Dana Fox")
ACME = RecordRef(kind=RecordKind.ACCOUNT, id="a-1", label="Acme & Sons")
SPRING = RecordRef(kind=RecordKind.CAMPAIGN, id="spring", label="Spring")


class Pause(Arguments):
    """What the scripted change takes."""

    campaign: str
    reason: str = ""


CARDS = (
    ToolCard(name="contact_find", words="Find contacts.", arguments=Pause, needs=Act.READ, changes=False),
    ToolCard(
        name="campaign_pause",
        words="Pause a campaign.",
        arguments=Pause,
        needs=Act.CAMPAIGN_WRITE,
        changes=True,
    ),
)
FIND = ToolCall(id="call-1", name="contact_find", arguments={"countries": ["DE", "AT"], "quiet_days": 14})
PAUSE = ToolCall(
    id="call-2", name="campaign_pause", arguments={"campaign": "spring", "reason": "too many answers"}
)


def found(rows: int = 3, name: str = "Dana Fox") -> ToolAnswer:
    """A table with a stranger's words in it."""
    table = AnswerTable(
        title="Contacts",
        columns=(
            AnswerColumn(name="Contact", kind="record"),
            AnswerColumn(name="Job title"),
            AnswerColumn(name="Score", kind="number"),
            AnswerColumn(name="Answered", kind="share"),
            AnswerColumn(name="Last own act", kind="moment"),
        ),
        rows=tuple((DANA, "<b>Head</b> of <script>", 1234 + row, 0.125, NOON) for row in range(rows)),
        total=34,
        more=True,
    )
    return ToolAnswer(words="34 contacts; these are 1 to 3.", tables=(table,), records=(DANA, ACME))


def change(seal: str = "s" * 64, arguments: Mapping[str, Any] | None = None) -> ChangeAsked:
    """A change that waits."""
    call = PAUSE if arguments is None else PAUSE.model_copy(update={"arguments": dict(arguments)})
    effect = Effect(
        title="Pause the campaign Spring",
        lines=(
            "Nothing more is sent by it until somebody resumes it.",
            "12 messages on their way stay held.",
        ),
        texts=(AnswerText(title="spring.yaml", text="@@ -1 +1 @@\n-state: on\n+state: paused", kind="diff"),),
        records=(SPRING,),
        seal=seal,
        stakes=StakesLevel.LOW,
    )
    return ChangeAsked(call=call, effect=effect)


ANSWER = Answered(
    words="**34 contacts** went quiet. The first is Dana Fox [contact:c-1].\n\n- she is at [account:a-1]\n"
    "- <img src=x onerror=alert(1)> stays text\n\n`attune run`",
    records=(DANA, ACME),
    author=Author.MODEL,
)
SCRIPT: dict[str, tuple[Happening, ...]] = {
    "who went quiet": (
        Looking(call=FIND),
        Found(call=FIND, answer=found()),
        Said(text="**34 contacts** went "),
        Said(text="quiet. The first is Dana Fox [contact:c-1].\n\n- she is at [account:a-1]\n"),
        ANSWER,
    ),
    "pause spring": (Looking(call=PAUSE), Asking(changes=(change(),))),
    "mumble": (Broken(words="I did not understand that. Nothing was changed."),),
}


class ScriptedAssistant:
    """Fakes `app.assistant.talk.Assistant`, its conversations and its tools. `gate` may hold back what happens."""

    def __init__(self, script: Mapping[str, Sequence[Happening]] | None = None) -> None:
        self.script = dict(SCRIPT if script is None else script)
        self.gate: Callable[[Happening], None] = lambda _: None
        self.kept: dict[str, tuple[Conversation, list[Exchange]]] = {}
        self.decided: list[ChangeDecision] = []
        self.looked: list[ToolCall] = []
        self._lock = threading.Lock()

    def put_by_program(self, member_id: str, name: str) -> Conversation:
        """A program's proposal, as it waits for its member."""
        told = {"member_id": member_id, "name": "Dana", "role": Role.ADMIN, "token_id": "k-1"}
        program = Asker(**told, token_name=name, door=Door.MCP)
        begun = self.begin(program, f"{name} proposes: Pause the campaign Spring")
        asking = self.script["pause spring"]
        exchange = Exchange(
            asked="A program proposed a change.", program=program.program, at=NOON, happenings=tuple(asking)
        )
        self.kept[begun.id][1].append(exchange)
        return begun

    def put_in(self, house: Any) -> ScriptedAssistant:
        """Let a house's doors find it."""
        house.__dict__.update(assistant=self, conversations=self, toolset=self)
        return self

    # --- the assistant.

    def require_room(self, asker: Asker) -> None:
        """There is always room."""

    def begin(self, asker: Asker, title: str = "") -> Conversation:
        begun = Conversation(
            id=f"t_{len(self.kept) + 1}",
            member_id=asker.member_id,
            title=title,
            door=asker.door,
            began_at=NOON,
            last_at=NOON,
        )
        self.kept[begun.id] = (begun, [])
        return begun

    async def say(self, asker: Asker, conversation_id: str, words: str) -> AsyncIterator[Happening]:
        conversation = self.get(conversation_id, asker.member_id)
        if not conversation.title:
            self._keep(conversation.model_copy(update={"title": words}))
        exchanges = self.kept[conversation_id][1]
        exchanges.append(Exchange(asked=words, program=asker.program, at=NOON))
        later = NOON + timedelta(minutes=len(exchanges))
        self._keep(self.kept[conversation_id][0].model_copy(update={"last_at": later}))
        for one in self.script[words]:
            self.gate(one)
            self._happened(conversation_id, one)
            yield one

    async def decide(
        self, asker: Asker, conversation_id: str, decisions: Sequence[ChangeDecision]
    ) -> AsyncIterator[Happening]:
        waiting = await self.waiting(asker, conversation_id)
        self.decided.extend(decisions)
        for one in self._settled(waiting, decisions):
            self._happened(conversation_id, one)
            yield one

    def _settled(
        self, waiting: Sequence[ChangeAsked], decisions: Sequence[ChangeDecision]
    ) -> list[Happening]:
        by_id = {one.call_id: one for one in decisions}
        happened: list[Happening] = []
        left = []
        for asked in waiting:
            said = by_id.get(asked.call.id)
            if said is None:
                left.append(asked)
            elif said.arguments is not None:
                left.append(change("n" * 64, said.arguments))
            elif said.is_yes:
                happened.append(Found(call=asked.call, answer=ToolAnswer(words="Spring is paused.")))
            else:
                happened.append(Found(call=asked.call, problem="Nothing was done: the person said no."))
        if left:
            return [*happened, Asking(changes=tuple(left))]
        return [*happened, Answered(words="That is settled.", author=Author.MODEL)]

    async def exchanges(self, asker: Asker, conversation_id: str) -> tuple[Exchange, ...]:
        self.get(conversation_id, asker.member_id)
        return tuple(self.kept[conversation_id][1])

    async def waiting(self, asker: Asker, conversation_id: str) -> tuple[ChangeAsked, ...]:
        self.get(conversation_id, asker.member_id)
        exchanges = self.kept[conversation_id][1]
        last = exchanges[-1].happenings[-1] if exchanges and exchanges[-1].happenings else None
        return last.changes if isinstance(last, Asking) else ()

    def conversations(self, asker: Asker, limit: int = 50, offset: int = 0) -> tuple[Conversation, ...]:
        mine = [one for one, _ in self.kept.values() if one.member_id == asker.member_id]
        return tuple(reversed(mine))[offset : offset + limit]

    def rename(self, asker: Asker, conversation_id: str, title: str) -> Conversation:
        named = self.get(conversation_id, asker.member_id).model_copy(update={"title": title})
        self._keep(named)
        return named

    async def forget(self, asker: Asker, conversation_id: str) -> None:
        self.get(conversation_id, asker.member_id)
        del self.kept[conversation_id]

    # --- the list of conversations, the tools.

    def get(self, conversation_id: str, member_id: str) -> Conversation:
        held = self.kept.get(conversation_id)
        if held is None or held[0].member_id != member_id:
            raise NotFound("conversation of yours", conversation_id, "Begin a new one.")
        return held[0]

    def cards(self, asker: Asker) -> tuple[ToolCard, ...]:
        return CARDS

    async def look(self, asker: Asker, call: ToolCall) -> ToolAnswer:
        self.looked.append(call)
        return found(2)

    def _keep(self, conversation: Conversation) -> None:
        self.kept[conversation.id] = (conversation, self.kept[conversation.id][1])

    def _happened(self, conversation_id: str, one: Happening) -> None:
        if isinstance(one, Said):
            return
        with self._lock:
            exchanges = self.kept[conversation_id][1]
            last = exchanges[-1]
            exchanges[-1] = last.model_copy(update={"happenings": (*last.happenings, one)})
