"""The assistant a team talks to: who asks, what its tools answer, what a change would do.

A tool either looks something up or changes something. A change is first told as an `Effect`: what exactly would
happen, bound to what it was reckoned on. It is carried out after the asker's yes, and not where it would do
something else by then. Words from outside reach people in tables; a model reads `facts` only.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, Field, StringConstraints, model_validator

from domain.base import Noun, UtcDatetime
from domain.message import Author, StakesLevel, Usage
from domain.staff import Act, Role

CHAT_THREAD = "chat:"
"""How the checkpoint threads of conversations begin; those of runs begin with the run's id."""


class Door(StrEnum):
    """Where a question came in."""

    TERMINAL = "terminal"
    WEB = "web"
    API = "api"
    MCP = "mcp"
    STUDIO = "studio"


class Program(Noun):
    """A program that came with a member's API token: what its owner called the token, and the door it came by."""

    name: str = ""
    door: Door


class Asker(Noun):
    """Who asks the assistant, through which door. Every tool acts with this person's role, never with more.

    `token_id`: a program asks, with this person's API token, which they called `token_name`. `made_by`: the other
    member whose link the session began by (see `app.four_eyes`). `zone` is the IANA name of the zone times are told in.
    `is_unknown`: nothing says that it is this person, as under a server that asks for no secret.
    """

    member_id: str
    name: str
    role: Role
    door: Door
    zone: str = "UTC"
    token_id: str | None = None
    token_name: str = ""
    made_by: str | None = None
    is_unknown: bool = False

    @property
    def program(self) -> Program | None:
        """The program that asks, or None where it is the member."""
        return None if self.token_id is None else Program(name=self.token_name, door=self.door)


class RecordKind(StrEnum):
    """What an answer can rest on and lead to."""

    CONTACT = "contact"
    ACCOUNT = "account"
    DEAL = "deal"
    CAMPAIGN = "campaign"
    RUN = "run"
    DECISION = "decision"
    PROPOSAL = "proposal"
    CONTENT = "content"
    RULE = "rule"
    EVENT = "event"
    MEMBER = "member"


class RecordRef(Noun):
    """One record an answer rests on. Models write it as `[contact:c-42]`; doors make a link or an id of it."""

    kind: RecordKind
    id: str
    label: str = ""

    @property
    def mark(self) -> str:
        """How a model names it."""
        return f"[{self.kind.value}:{self.id}]"


Cell = str | int | float | bool | RecordRef | UtcDatetime | None
"""What stands in a table: text (maybe a stranger's), a number, a record, a moment. Amounts are texts with currency."""


class AnswerColumn(Noun):
    """One column; `kind` says how cells are aligned and read. Shares are fractions of one."""

    name: str
    kind: Literal["text", "number", "share", "moment", "record"] = "text"


class AnswerTable(Noun):
    """A table people look at. `total` counts all there is, where it is known; `more` says there is another page."""

    title: str
    columns: tuple[AnswerColumn, ...]
    rows: tuple[tuple[Cell, ...], ...]
    total: int | None = None
    page: int = 1
    more: bool = False


class AnswerPicture(Noun):
    """A chart the web app draws at `path`; `words` say what it shows, for whoever cannot see it."""

    path: str
    words: str


class AnswerText(Noun):
    """A text shown as it stands: a message, a campaign's YAML, a difference."""

    title: str
    text: str
    kind: Literal["message", "yaml", "diff"] = "message"


class ToolAnswer(Noun):
    """What a tool found or did.

    `words`: one or two sentences of our own, true without the tables. `facts`: what a model reads, as plain JSON:
    structured values and our own words; names, titles and other short labels from outside may stand in it (it
    reaches a model only inside a data block), notes, replies and form texts never. `tables`, `texts` and `pictures`
    are for people. `records`: what the answer rests on.
    """

    words: str
    facts: dict[str, Any] = Field(default_factory=dict)
    tables: tuple[AnswerTable, ...] = ()
    texts: tuple[AnswerText, ...] = ()
    pictures: tuple[AnswerPicture, ...] = ()
    records: tuple[RecordRef, ...] = ()


class Effect(Noun):
    """What a change would do, told to the asker before the yes.

    `lines`: each one sentence: who, what, how many, when, what it costs, what it does not do. `texts`: the message or
    the difference as it would be. `seal`: a hash of everything this was reckoned on; it is reckoned again right before
    the act, and where it differs nothing is done. `stakes`: of a message, how high.
    """

    title: str
    lines: tuple[str, ...]
    texts: tuple[AnswerText, ...] = ()
    records: tuple[RecordRef, ...] = ()
    seal: str
    stakes: StakesLevel | None = None


ToolName = Annotated[str, StringConstraints(pattern=r"^[a-z]+(_[a-z]+)+$")]
"""`<noun>_<verb>`, such as `contact_find`."""


class ToolCard(Noun):
    """A tool as those who call it see it. `arguments` is the pydantic class its arguments are checked by."""

    name: ToolName
    words: str
    arguments: type[BaseModel]
    needs: Act
    changes: bool


class ToolCall(Noun):
    """One call a model or a person asks for. `id` is the caller's own, unique in its turn."""

    id: str
    name: str
    arguments: dict[str, Any] = Field(default_factory=dict)


class TalkTurn(Noun):
    """One turn of a conversation as a model gets it. A tool's turn answers the call `call_id`."""

    role: Literal["system", "user", "assistant", "tool"]
    content: str
    calls: tuple[ToolCall, ...] = ()
    call_id: str | None = None


class TalkRequest(Noun):
    """One question to a model that may call tools. `run_id` is what budgets are kept by: the conversation's thread.

    Without `may_call` the tools are shown and may not be called: the model has to answer with what it has.
    """

    agent: str
    run_id: str
    turns: tuple[TalkTurn, ...]
    tools: tuple[ToolCard, ...]
    may_call: bool = True
    prompt_id: str
    prompt_sha256: str
    max_output_tokens: int = 1_500


class TalkReply(Noun):
    """What a model said in the end: words, calls, or both."""

    content: str
    calls: tuple[ToolCall, ...] = ()
    model: str
    usage: Usage


class Conversation(Noun):
    """One thread with the assistant: whose it is, what it is called, what of it waits for a yes.

    `contact_ids` it has shown are kept beside it, so that an erasure finds it.
    """

    id: str
    member_id: str
    title: str = ""
    door: Door
    began_at: UtcDatetime
    last_at: UtcDatetime
    is_waiting: bool = False

    @property
    def thread_id(self) -> str:
        """The checkpoint thread of what was said."""
        return f"{CHAT_THREAD}{self.id}"


class ChangeAsked(Noun):
    """A change that waits for the asker's yes.

    One that was edited waits under a new call id; `edited_from` is the id of the call it was made of.
    """

    call: ToolCall
    effect: Effect
    edited_from: str = ""

    @property
    def asked_as(self) -> str:
        """The id of the call as it was first asked for."""
        return self.edited_from or self.call.id


class ChangeDecision(Noun):
    """What the asker says to one change.

    A yes names the `seal` of the effect that was shown, and holds for nothing else that waits under this id by then.
    Other `arguments` are told anew and asked again, never done at once.
    """

    call_id: str
    is_yes: bool
    seal: str = ""
    words: str = ""
    arguments: dict[str, Any] | None = None

    @model_validator(mode="after")
    def _is_bound(self) -> Self:
        if self.is_yes and self.arguments is None and not self.seal:
            raise ValueError("A yes names the seal of the effect it is for: give `seal` as it was shown.")
        return self

    def fits(self, change: ChangeAsked) -> bool:
        """Tell whether this was said to the change as it waits. A no may leave the seal out."""
        is_edit = self.arguments is not None and self.arguments != change.call.arguments
        if not self.seal:
            return is_edit or not self.is_yes
        return self.seal == change.effect.seal


class Said(Noun):
    """Some more words of the answer, as they come."""

    kind: Literal["said"] = "said"
    text: str


class Looking(Noun):
    """A tool is called."""

    kind: Literal["looking"] = "looking"
    call: ToolCall


class Found(Noun):
    """What a call brought, or why it brought nothing."""

    kind: Literal["found"] = "found"
    call: ToolCall
    answer: ToolAnswer | None = None
    problem: str = ""


class Asking(Noun):
    """Changes wait for the asker's yes, one by one; the conversation pauses here."""

    kind: Literal["asking"] = "asking"
    changes: tuple[ChangeAsked, ...]


class Answered(Noun):
    """The whole answer. `records`: those it names that a tool brought; marks of others were taken out of `words`.

    `stand_in_for`: why the understudy answered though a model is configured; empty otherwise.
    """

    kind: Literal["answered"] = "answered"
    words: str
    records: tuple[RecordRef, ...] = ()
    author: Author
    stand_in_for: str = ""
    usage: Usage = Usage()


class Broken(Noun):
    """It could not be answered; says why and what next. Nothing was changed."""

    kind: Literal["broken"] = "broken"
    words: str


Happening = Annotated[Said | Looking | Found | Asking | Answered | Broken, Field(discriminator="kind")]
"""What doors show while the assistant works, in order."""


class Exchange(Noun):
    """One question and everything that followed, as a conversation is shown again. `Said` pieces are left out.

    `program`: the one that asked or proposed; None where the member did.
    """

    asked: str
    program: Program | None = None
    at: UtcDatetime
    happenings: tuple[Happening, ...] = ()
