"""Asking a model, and what happens when it gives nothing usable: the understudy does the part.

No failure becomes default text. Who did the work, and why the understudy stood in, travels with it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol, TypeVar

from pydantic import BaseModel

from agents.context import DraftingContext, Made
from domain.errors import BudgetSpent, ModelAnswerInvalid, ModelError, ModelRefused
from domain.message import Author, Draft, Finding, MessagePlan, SignalBrief, Usage
from domain.model import ModelRequest, ToolSpec
from domain.ports import LanguageModel
from policies.canary import leaked

if TYPE_CHECKING:
    from prompts.library import RenderedPrompt

Answer = TypeVar("Answer", bound=BaseModel)
Work = TypeVar("Work")


class Understudy(Protocol):
    """Plays an agent's part from the same facts, without a model, the same way every time."""

    def analyse(self, ctx: DraftingContext) -> SignalBrief:
        """Rank what the evidence says."""
        ...

    def plan(self, ctx: DraftingContext, brief: SignalBrief) -> MessagePlan:
        """Pick an angle, points and the thing to ask."""
        ...

    def compose(
        self,
        ctx: DraftingContext,
        brief: SignalBrief,
        plan: MessagePlan,
        findings: Sequence[Finding],
        previous: Draft | None,
    ) -> Draft:
        """Write the message. Raises `NothingToSay` where no honest message can be written."""
        ...


class Unusable(Exception):
    """An answer fitted its schema but nothing in it can be used; the text says why, for a reviewer."""


async def ask(
    model: LanguageModel | None,
    *,
    request: Callable[[], ModelRequest[Answer]],
    accept: Callable[[Answer], Work],
    stand_in: Callable[[], Work],
    canary: str,
) -> Made[Work]:
    """Ask the model and take its answer, or let the understudy do the part and say why.

    Args:
        model: None where no model is configured: then the understudy stands in for nobody.
        request: renders the prompt; not called without a model.
        accept: turns a valid answer into work, or raises `Unusable`.
        stand_in: the understudy's way to the same work.
        canary: the internal marker of the prompt; an answer that repeats it is not used.

    """
    if model is None:
        return Made(work=stand_in(), author=Author.UNDERSTUDY)
    asked = request()
    usage = Usage()
    try:
        reply = await model.ask(asked)
        usage = reply.usage
        if leaked(reply.answer.model_dump_json(), canary):
            raise Unusable("the model repeated an internal marker of a prompt")
        work = accept(reply.answer)
    except (ModelError, Unusable) as problem:
        if isinstance(problem, ModelError):
            usage = problem.usage
        return Made(work=stand_in(), author=Author.UNDERSTUDY, usage=usage, stand_in_for=_in_words(problem))
    return Made(
        work=work,
        author=Author.MODEL,
        usage=usage,
        prompt_id=asked.prompt_id,
        prompt_sha256=asked.prompt_sha256,
        model=reply.model,
    )


def question(
    agent: str,
    ctx: DraftingContext,
    prompt: RenderedPrompt,
    schema: type[Answer],
    tools: tuple[ToolSpec, ...] = (),
) -> ModelRequest[Answer]:
    """Put a rendered prompt and the shape of its answer together."""
    return ModelRequest(
        agent=agent,
        run_id=ctx.run_id,
        messages=tuple(prompt.messages),
        schema=schema,
        prompt_id=prompt.id,
        prompt_sha256=prompt.sha256,
        tools=tools,
    )


def _in_words(problem: ModelError | Unusable) -> str:
    if isinstance(problem, Unusable):
        return str(problem)
    if isinstance(problem, ModelRefused):
        return "the model refused"
    if isinstance(problem, ModelAnswerInvalid):
        return "the model's answer did not fit its schema, twice"
    if isinstance(problem, BudgetSpent):
        return "the run's budget is spent"
    return "the model could not be reached"
