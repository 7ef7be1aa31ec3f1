"""One thought of the assistant: a model's words and calls, or the understudy's where there is no model to be had.

No failure becomes default text: either the understudy understands the question, or the asker is told why there is no
answer. What the model says is shown as it comes, cleaned; the whole answer counts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage

from agents.assistant_speech import Speech
from agents.assistant_state import AssistantBench, Grammar
from agents.assistant_words import (
    MOST_ANSWER_CHARACTERS,
    answer_message,
    broken_message,
    called,
    calls_of,
    found_since,
    known_records,
    ours,
    results,
    since_question,
    turns_of,
    usage_since,
    with_known_marks,
    with_new_id,
)
from domain.assistant import (
    Answered,
    Broken,
    Happening,
    Said,
    TalkReply,
    TalkRequest,
    TalkTurn,
    ToolAnswer,
    ToolCall,
)
from domain.errors import BudgetSpent, DaySpent, ModelAnswerInvalid, ModelError, ModelRefused
from domain.message import Author, Usage
from policies.canary import leaked

AGENT = "assistant"
PROMPT = "assistant"
MOST_ROUNDS = 6
"""Rounds of calls a question gets; then the model has to answer with what it has."""

LONGEST_NAME = 80

ENOUGH = (
    "No more tools can be called for this question. Answer now from what you have, and say what is missing."
)

Show = Callable[[Happening], None]
Update = dict[str, Any]


class Unusable(Exception):
    """What a model said cannot be used; the text says why. `usage` will be billed all the same."""

    def __init__(self, why: str, usage: Usage) -> None:
        super().__init__(why)
        self.usage = usage


@dataclass(frozen=True)
class Thought:
    """What a thought leaves in the state; its newest message is a call for tools, an answer, or why there is none."""

    update: Update
    has_calls: bool = False


async def by_model(
    messages: Sequence[AnyMessage], bench: AssistantBench, thread_id: str, show: Show
) -> Thought:
    """Ask the model for its next words or calls.

    Raises:
        ModelError: as `TalkingModel.talk` does.
        Unusable: what it said cannot be used.

    """
    assert bench.model is not None
    known, canary = known_records(messages), bench.canary(thread_id)
    request = _request(messages, bench, thread_id, canary)
    speech, reply = Speech(canary, known), None
    async for piece in bench.model.talk(request):
        if isinstance(piece, TalkReply):
            reply = piece
        elif shown := speech.more(piece):
            show(Said(text=shown))
    if reply is None:
        raise Unusable("the model broke off without an answer", Usage(calls=1))
    _check(reply, request, canary)
    if rest := speech.rest():
        show(Said(text=rest))
    words, records = with_known_marks(reply.content, known)
    if reply.calls:
        return Thought({"messages": [called(words, _own_ids(reply.calls, messages), reply.usage)]}, True)
    usage = usage_since(messages) + reply.usage
    answer = Answered(words=words, records=records, author=Author.MODEL, usage=usage)
    return Thought({"messages": [answer_message(answer)]})


def _request(
    messages: Sequence[AnyMessage], bench: AssistantBench, thread_id: str, canary: str
) -> TalkRequest:
    prompt = bench.prompts.render(
        PROMPT,
        asker=" ".join(bench.asker.name.split())[:LONGEST_NAME],
        role=bench.asker.role.value,
        today=bench.today(),
        organisation=bench.organisation,
        label=bench.label,
        canary=canary,
    )
    may_call = rounds_since(messages) < MOST_ROUNDS
    given = tuple(TalkTurn(role=one.role, content=one.content) for one in prompt.messages)
    spent = () if may_call else (TalkTurn(role="user", content=ENOUGH),)
    return TalkRequest(
        agent=AGENT,
        run_id=thread_id,
        turns=(*given, *turns_of(messages), *spent),
        tools=bench.tools.cards(bench.asker),
        may_call=may_call,
        prompt_id=prompt.id,
        prompt_sha256=prompt.sha256,
    )


def _check(reply: TalkReply, request: TalkRequest, canary: str) -> None:
    said = reply.content + "".join(f"{call.name}{call.arguments}" for call in reply.calls)
    if leaked(said, canary):
        raise Unusable("the model repeated an internal marker of a prompt", reply.usage)
    if reply.calls and not request.may_call:
        raise Unusable("the model went on looking things up without an end", reply.usage)
    if len(said) > MOST_ANSWER_CHARACTERS:
        raise Unusable("the model's answer was too long", reply.usage)
    if not reply.calls and not reply.content.strip():
        raise Unusable("the model said nothing", reply.usage)


def rounds_since(messages: Sequence[AnyMessage]) -> int:
    """How often tools were called for the newest question."""
    return sum(bool(calls_of(message)) for message in since_question(messages))


def _own_ids(calls: Sequence[ToolCall], messages: Sequence[AnyMessage]) -> tuple[ToolCall, ...]:
    """The calls, none with an id that is empty or was there before: some servers count anew in every reply."""
    taken = {call.id for message in messages for call in calls_of(message)}
    own = []
    for call in calls:
        kept = call if call.id and call.id not in taken else with_new_id(call)
        taken.add(kept.id)
        own.append(kept)
    return tuple(own)


def by_understudy(messages: Sequence[AnyMessage], bench: AssistantBench, why: str, usage: Usage) -> Thought:
    """Answer by the grammar, where it understands; `why` says for whom it stands in, empty for nobody."""
    asked, found = question_in(messages), found_since(messages)
    asked_for = {call.id for one in since_question(messages) for call in calls_of(one)}
    if any(ours(one).get("change") and one.tool_call_id in asked_for for one in results(messages).values()):
        # Something was put before the asker already: to read the question anew might ask for it twice.
        return Thought(_answered(messages, bench.grammar.tell(asked, found), why, usage))
    before = messages[: len(messages) - len(since_question(messages))]
    read = bench.grammar.read(asked, turns_of(before))
    if isinstance(read, str):
        return Thought(_answered(messages, read, why, usage))
    if read:
        calls = tuple(with_new_id(call) for call in read)
        stand_in = {"why": why, "calls": [call.id for call in calls]}
        return Thought({"messages": [called("", calls, usage)], "stand_in": stand_in}, True)
    if found:
        return Thought(_answered(messages, bench.grammar.tell(asked, found), why, usage))
    return Thought({"messages": [broken_message(_not_understood(why, asked, bench.grammar), usage)]})


def told_by_understudy(
    messages: Sequence[AnyMessage], bench: AssistantBench, stand_in: dict[str, Any]
) -> Thought:
    """Tell what the understudy's own calls brought."""
    ids = set(stand_in["calls"])
    found: list[tuple[ToolCall, ToolAnswer | str]] = [
        (call, answer) for call, answer in found_since(messages) if call.id in ids
    ]
    words = bench.grammar.tell(question_in(messages), found)
    return Thought(_answered(messages, words, str(stand_in["why"]), Usage()))


def _answered(messages: Sequence[AnyMessage], told: str, why: str, usage: Usage) -> Update:
    words, records = with_known_marks(told, known_records(messages))
    answer = Answered(
        words=words,
        records=records,
        author=Author.UNDERSTUDY,
        stand_in_for=why,
        usage=usage_since(messages) + usage,
    )
    return {"messages": [answer_message(answer)]}


def happening_of(message: AnyMessage) -> Happening | None:
    """What a kept answer is as something that happens; None for anything else."""
    kept = ours(message)
    if "answered" in kept:
        return Answered.model_validate({**kept["answered"], "words": str(message.text)})
    if kept.get("broken"):
        return Broken(words=str(message.text))
    if isinstance(message, AIMessage) and not message.tool_calls and str(message.text).strip():
        return Answered(words=str(message.text), author=Author.MODEL)
    return None


def question_in(messages: Sequence[AnyMessage]) -> str:
    """The newest question's words."""
    first = next((one for one in since_question(messages) if isinstance(one, HumanMessage)), None)
    return str(first.text) if first is not None else ""


def in_words(problem: ModelError | Unusable) -> str:
    """Why the understudy stands in."""
    if isinstance(problem, Unusable):
        return str(problem)
    if isinstance(problem, ModelRefused):
        return "the model refused"
    if isinstance(problem, ModelAnswerInvalid):
        return "the model's answer could not be read"
    if isinstance(problem, DaySpent):
        return "today's budget of the assistant is spent"
    if isinstance(problem, BudgetSpent):
        return "this conversation's budget is spent"
    return "the model could not be reached"


def _not_understood(why: str, asked: str, grammar: Grammar) -> str:
    if not why:
        return grammar.unknown(asked)
    return (
        f"I could not answer: {why}. Without it I only know a few kinds of questions, and this is none of them; ask "
        "for “help” to see them, or try again later. Nothing was changed."
    )
