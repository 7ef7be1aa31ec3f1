"""What every `LanguageModel` does, the real one over a loopback endpoint and the fake alike."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

from domain.base import Noun
from domain.campaign import Caps
from domain.errors import BudgetSpent, ModelAnswerInvalid, ModelRefused, ModelUnavailable
from domain.model import ChatMessage, ModelRequest
from domain.ports import LanguageModel
from tests.fakes.model import HttpReply, Scripted, ScriptedEndpoint, ScriptedModel, completion
from tools.models.budget import RunBudget
from tools.models.openai_chat import ChatEndpoint, OpenAIChat
from tools.models.retry import RetryRule


class Colour(Noun):
    """A colour and how sure the model is."""

    name: str
    share: float = 1.0


REQUEST = ModelRequest(
    agent="painter",
    run_id="run-1",
    messages=(ChatMessage(role="system", content="Name colours."), ChatMessage(role="user", content="Sky?")),
    schema=Colour,
    prompt_id="painter/v1",
    prompt_sha256="0" * 64,
)
BLUE = Colour(name="blue", share=0.5)
UNFIT = '{"name": 7}'

Setting = Callable[[Sequence[Scripted], int | None], AbstractAsyncContextManager[LanguageModel]]


@asynccontextmanager
async def fake(script: Sequence[Scripted], most_calls: int | None) -> AsyncIterator[LanguageModel]:
    yield ScriptedModel(script, most_calls=most_calls)


def on_the_wire(scripted: Scripted) -> HttpReply:
    if isinstance(scripted, ModelRefused):
        return completion(refusal="I would rather not.")
    if isinstance(scripted, ModelUnavailable):
        return HttpReply('{"error": {"message": "down"}}', status=503)
    return completion(scripted if isinstance(scripted, str) else scripted.model_dump())  # type: ignore[union-attr]


@asynccontextmanager
async def real(script: Sequence[Scripted], most_calls: int | None) -> AsyncIterator[LanguageModel]:
    budget = RunBudget()
    budget.open("run-1", Caps(model_calls=most_calls))
    async with ScriptedEndpoint(*map(on_the_wire, script)) as endpoint:
        chat = OpenAIChat(
            ChatEndpoint({"default": "stand-in"}, base_url=endpoint.base_url, retry=RetryRule(attempts=1)),
            budget,
        )
        yield chat
        await chat.aclose()


@pytest.fixture(params=[fake, real])
def setting(request: pytest.FixtureRequest) -> Setting:
    chosen: Setting = request.param
    return chosen


async def test_a_fitting_answer_comes_back_as_its_class_with_what_it_took(setting: Setting) -> None:
    async with setting([BLUE], None) as model:
        reply = await model.ask(REQUEST)
    assert reply.answer == BLUE
    assert (reply.usage.calls, reply.usage.input_tokens, reply.usage.output_tokens) == (1, 100, 10)
    assert reply.model


async def test_an_answer_that_fits_the_second_time_is_used_and_both_are_counted(setting: Setting) -> None:
    async with setting([UNFIT, BLUE], None) as model:
        reply = await model.ask(REQUEST)
    assert (reply.answer, reply.usage.calls) == (BLUE, 2)


async def test_an_answer_unfit_twice_is_not_used(setting: Setting) -> None:
    async with setting([UNFIT, "no JSON at all", BLUE], None) as model:
        with pytest.raises(ModelAnswerInvalid) as raised:
            await model.ask(REQUEST)
    assert (raised.value.usage.calls, raised.value.usage.input_tokens) == (2, 200)


async def test_a_refusal_is_not_asked_again(setting: Setting) -> None:
    async with setting([ModelRefused("no"), BLUE], None) as model:
        with pytest.raises(ModelRefused):
            await model.ask(REQUEST)
        assert (await model.ask(REQUEST)).answer == BLUE


async def test_an_endpoint_that_is_down_is_unavailable(setting: Setting) -> None:
    async with setting([ModelUnavailable("down")], None) as model:
        with pytest.raises(ModelUnavailable):
            await model.ask(REQUEST)


async def test_nothing_is_asked_once_the_budget_is_spent(setting: Setting) -> None:
    async with setting([BLUE, BLUE], 1) as model:
        await model.ask(REQUEST)
        with pytest.raises(BudgetSpent):
            await model.ask(REQUEST)
