"""A talk with the assistant at a terminal: questions, answers, a yes or no for each change, and a few commands."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from typing import TYPE_CHECKING

from agents.told_plainly import to_the_person
from app import loop
from app.answer_words import by_program, next_page, program_words
from app.cli.chat_screen import ChatScreen
from app.cli.screen import command_name
from app.who import asks_as, who_answers
from domain.assistant import (
    Answered,
    Asker,
    Asking,
    Broken,
    ChangeAsked,
    ChangeDecision,
    Conversation,
    Exchange,
    Found,
    Happening,
    Looking,
    Program,
    Said,
    ToolCall,
)
from domain.errors import AttuneError
from domain.message import Author

if TYPE_CHECKING:
    from app.wiring import House

THREADS = 15
MOST_TABLES = 2
"""Tables of one call that are shown on a terminal; the others are named."""

HELP = """Ask in plain words. What changes something is shown first, and done only after your yes.
/more          the next page of the last table
/threads       your conversations; /open N goes on with one
/new           begin another one
/title WORDS   call this one something else
/forget        forget this one, with all that was said
/tools         what I can look up and do for you
/who           who answers, and as whom you ask
/quit          leave (Ctrl-D too); Ctrl-C stops an answer"""

HOW_TO_SAY_YES = "Say yes or no to it by:"

Ask = Callable[[str], str]
"""Shows a prompt and returns a line. Raises EOFError at the end, KeyboardInterrupt for Ctrl-C."""


class ChatSession:
    """One person at one terminal. `can_say_yes` is false where nobody sits there: nothing is ever changed then."""

    def __init__(
        self, house: House, asker: Asker, screen: ChatScreen, ask: Ask, *, can_say_yes: bool = True
    ) -> None:
        self.house = house
        self.assistant = house.assistant
        self.asker = asker
        self.screen = screen
        self.conversation: Conversation | None = None
        self.happened: list[Happening] = []
        """What followed the newest question, but for words as they came."""
        self._ask = ask
        self.can_say_yes = can_say_yes
        self.is_one_question = False
        """Nobody asks on here: what only a talk has is named by the command that opens one."""
        self._listed: tuple[Conversation, ...] = ()
        self._more: tuple[ToolCall, int] | None = None
        self._said_who = False
        self._program: Program | None = None

    def talk(self) -> None:
        """Ask for questions until somebody leaves."""
        while True:
            try:
                words = self._ask("> ").strip()
            except EOFError:
                return
            except KeyboardInterrupt:
                self.screen.gap()
                self.screen.note("Leave with /quit or Ctrl-D.")
                continue
            if words in ("/quit", "/exit"):
                return
            if words:
                self.take(words)
                self.screen.gap()

    def take(self, words: str) -> None:
        """Answer a question, or do what a command says; what goes wrong is told, and the talk goes on."""
        try:
            if words.startswith("/"):
                self._command(*words[1:].split(maxsplit=1))
            else:
                self.question(words)
        except AttuneError as problem:
            self.screen.note(str(problem), "red")
        except KeyboardInterrupt:
            self.screen.note("Stopped. Nothing was changed by what was not done yet.", "yellow")

    def question(self, words: str) -> None:
        """Ask, show what follows, and let the person decide about each change."""
        self._program = None
        begun = self.conversation or self.assistant.begin(self.asker)
        self.conversation = begun
        asked = self._show(self.assistant.say(self.asker, begun.id, words))
        self._settle(asked)

    def open(self, conversation_id: str) -> None:
        """Go on with a conversation: show it again, and what of it waits for a yes."""
        found = self.house.conversations.get(conversation_id, self.asker.member_id)
        self.conversation, self._program = found, None
        self.screen.note(
            f"{found.title or 'Untitled'}, begun {self.screen.moment(found.began_at).strip()}", "bold"
        )
        for exchange in loop.run(self.assistant.exchanges(self.asker, found.id)):
            self._again(exchange)
        self._settle(loop.run(self.assistant.waiting(self.asker, found.id)))

    # --- what happens, shown.

    def _show(self, happenings: AsyncIterator[Happening]) -> tuple[ChangeAsked, ...]:
        return loop.run(self._follow(happenings))

    async def _follow(self, happenings: AsyncIterator[Happening]) -> tuple[ChangeAsked, ...]:
        has_streamed = False
        self.happened = []
        asked: tuple[ChangeAsked, ...] = ()
        try:
            async for one in happenings:
                if isinstance(one, Said):
                    has_streamed = True
                    self.screen.words(one.text)
                    continue
                self.happened.append(one)
                if isinstance(one, Asking):
                    asked = one.changes
                self._tell(one, is_said=has_streamed)
                has_streamed = False
        finally:
            self.screen.stop_words()
        return asked

    def _tell(self, one: Happening, *, is_said: bool = False) -> None:
        if isinstance(one, Looking):
            self.screen.looking(one.call)
        elif isinstance(one, Found):
            self._found(one)
        elif isinstance(one, Answered):
            self._answered(one, is_said=is_said)
        elif isinstance(one, Broken):
            self.screen.note(one.words, "red")

    def _found(self, found: Found) -> None:
        if found.answer is None:
            self.screen.note(f"  {to_the_person(found.problem)}", "yellow")
            return
        self.screen.know(found.answer.records)
        for table in found.answer.tables[:MOST_TABLES]:
            self.screen.table(table)
            if table.more:
                self._say_how_to_see_more()
            self._more = (found.call, table.page) if table.more else None
        if also := found.answer.tables[MOST_TABLES:]:
            names = "; ".join(table.title for table in also)
            self.screen.note(f"Also, in the browser or by `attune ask … --json`: {names}")
        for text in found.answer.texts:
            self.screen.text(text)
        for picture in found.answer.pictures:
            self.screen.note(f"Chart in the browser at {picture.path}: {picture.words}")

    def _say_how_to_see_more(self) -> None:
        if self.is_one_question and self.conversation is not None:
            self.screen.note("  More, by /more in:")
            self.screen.command(to_go_on(self.conversation.id))
        else:
            self.screen.note("  More: /more")

    def _answered(self, answer: Answered, *, is_said: bool) -> None:
        self.screen.know(answer.records)
        if not is_said:
            self.screen.words(answer.words)
        self.screen.stop_words()
        if answer.stand_in_for:
            self.screen.note(f"The understudy answered: {answer.stand_in_for}")
        elif answer.author is Author.UNDERSTUDY and not self._said_who:
            how = (
                "ATTUNE_MODEL plugs one in; `attune ask help` says more."
                if self.is_one_question
                else "/who says how to plug one in."
            )
            self.screen.note(f"The understudy answers: no model is set. {how}")
        self._said_who = self._said_who or answer.author is Author.UNDERSTUDY

    def _again(self, exchange: Exchange) -> None:
        self._program = exchange.program
        if exchange.program is not None:
            self.screen.note(program_words(exchange.program, "asked"), "yellow")
        self.screen.note(f"> {exchange.asked}", "bold")
        for one in exchange.happenings:
            if not isinstance(one, Asking):
                self._tell(one)

    # --- changes, one by one.

    def _settle(self, asked: Sequence[ChangeAsked]) -> None:
        while asked and self.conversation is not None:
            for number, change in enumerate(asked, 1):
                self.screen.change(change, number, len(asked), self._program)
            if not self.can_say_yes:
                self.screen.note(HOW_TO_SAY_YES)
                self.screen.command(to_go_on(self.conversation.id))
                return
            decisions = self._decisions(asked)
            if decisions is None:
                self.screen.gap()
                self.screen.note(f"It waits. {HOW_TO_SAY_YES}")
                self.screen.command(to_go_on(self.conversation.id))
                return
            asked = self._show(self.assistant.decide(self.asker, self.conversation.id, decisions))

    def _decisions(self, asked: Sequence[ChangeAsked]) -> list[ChangeDecision] | None:
        """A yes or no to each; None where the person left before the last."""
        decisions = []
        for number, change in enumerate(asked, 1):
            decision = self._decide(change, number, len(asked))
            if decision is None:
                return None
            decisions.append(decision)
        return decisions

    def _decide(self, change: ChangeAsked, number: int, total: int) -> ChangeDecision | None:
        which = f" {number} of {total}" if total > 1 else ""
        more = ", d to see it again" if change.effect.texts else ""
        if change.effect.texts:
            # A yes is to exactly these words, so they are on the screen before it is asked for.
            self.screen.whole(change.effect)
        while True:
            try:
                said = self._ask(f"Do it{which}? y yes, n no{more}: ").strip().lower()
            except (EOFError, KeyboardInterrupt):
                return None
            if said in ("y", "yes"):
                return ChangeDecision(call_id=change.call.id, is_yes=True, seal=change.effect.seal)
            if said in ("n", "no"):
                return ChangeDecision(call_id=change.call.id, is_yes=False, seal=change.effect.seal)
            if said == "d" and change.effect.texts:
                self.screen.whole(change.effect)

    # --- commands.

    def _command(self, name: str = "", rest: str = "") -> None:
        commands: dict[str, Callable[[str], None]] = {
            "help": lambda _: self.screen.note(HELP, ""),
            "more": lambda _: self._next_page(),
            "threads": lambda _: self._threads(),
            "open": self._open,
            "new": lambda _: self._new(),
            "title": self._title,
            "forget": lambda _: self._forget(),
            "tools": lambda _: self._tools(),
            "who": lambda _: self._who(),
        }
        if name not in commands:
            self.screen.note(f"There is no /{name}. /help says what there is.", "yellow")
            return
        commands[name](rest.strip())

    def _next_page(self) -> None:
        if self._more is None:
            self.screen.note("No table here has another page.")
            return
        call, page = self._more
        further = next_page(call, page + 1)
        self._more = None
        answer = loop.run(self.house.toolset.look(self.asker, further))
        self._found(Found(call=further, answer=answer))

    def _threads(self) -> None:
        self._listed = tuple(self.assistant.conversations(self.asker))[:THREADS]
        if not self._listed:
            self.screen.note("No conversation yet. Ask something.")
        for number, one in enumerate(self._listed, 1):
            here = " (this one)" if self.conversation and one.id == self.conversation.id else ""
            waits = "  waits for your yes" if one.is_waiting else ""
            whose = f"  {by_program(one.door)}" if by_program(one.door) else ""
            self.screen.note(
                f"{number:>3}  {self.screen.moment(one.last_at)}  {one.title or 'Untitled'}{whose}{waits}{here}",
                "",
            )

    def _open(self, which: str) -> None:
        if which.isdigit() and not self._listed:
            self._listed = tuple(self.assistant.conversations(self.asker))[:THREADS]
        if which.isdigit() and 1 <= int(which) <= len(self._listed):
            which = self._listed[int(which) - 1].id
        if not which or which.isdigit():
            self.screen.note("Which one? /threads numbers them: /open N.", "yellow")
            return
        self.open(which)

    def _new(self) -> None:
        self.conversation = self._more = None
        self.screen.note("A new conversation.")

    def _title(self, words: str) -> None:
        if self.conversation is None or not words:
            self.screen.note("Ask something first, then /title WORDS.", "yellow")
            return
        self.conversation = self.assistant.rename(self.asker, self.conversation.id, words)
        self.screen.note(f"It is called “{self.conversation.title}” now.")

    def _forget(self) -> None:
        if self.conversation is None:
            self.screen.note("There is nothing to forget yet.", "yellow")
            return
        loop.run(self.assistant.forget(self.asker, self.conversation.id))
        self._new()

    def _tools(self) -> None:
        cards = self.house.toolset.cards(self.asker)
        for changes, heading in ((False, "Look up:"), (True, "Do, after your yes:")):
            self.screen.note(heading, "bold")
            for card in cards:
                if card.changes is changes:
                    self.screen.line(
                        f"  {card.name:<18} ", card.words.split(". ")[0].split(": ")[0].rstrip(".")
                    )

    def _who(self) -> None:
        self.screen.note(who_answers(self.house.settings), "")
        self.screen.note(asks_as(self.asker), "")


def to_go_on(conversation_id: str) -> str:
    """The command by which a person goes on with a conversation, and says yes or no to what waits in it."""
    return f"{command_name()} chat --open {conversation_id}"
