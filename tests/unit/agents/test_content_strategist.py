from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel

from agents.content_strategist import ContentStrategist, PlanAnswer
from domain.errors import ModelRefused
from domain.message import Author, Signal, SignalBrief
from domain.model import ToolSpec
from prompts.library import PromptLibrary
from tests.fakes.model import ScriptedModel
from tests.unit.agents.samples import INJECTION, context, customer, eager, executive, lesson
from tests.unit.agents.standing import BRIEF, PLAN, MarkedUnderstudy

PROMPTS = PromptLibrary()


class NoArguments(BaseModel):
    """Nothing to say."""


class OneTool:
    def __init__(self) -> None:
        self.bound_to: list[str] = []

    def tools_for(self, contact_id: str) -> tuple[ToolSpec, ...]:
        self.bound_to.append(contact_id)
        return (ToolSpec("other_content", "Lists other content.", NoArguments, self._call),)

    def _call(self, arguments: dict[str, Any]) -> str:
        return "none"


def answer(*points: tuple[str, list[str]], **more: object) -> PlanAnswer:
    return PlanAnswer.model_validate(
        {
            "angle": "Late windows cost more than they seem.",
            "points": [{"text": text, "evidence": ids} for text, ids in points],
            "call_to_action": "Work out your own figure",
            "tone": "plain",
            **more,
        }
    )


async def test_points_keep_only_evidence_that_exists_and_may_be_said() -> None:
    model = ScriptedModel(
        [answer(("Answer the form.", ["E8", "E9", "E12", "E77"]), ("Mention visits.", ["E9"]))]
    )
    made = await ContentStrategist(model, PROMPTS).plan(context(eager()), BRIEF)
    assert [(p.text, p.evidence) for p in made.work.points] == [("Answer the form.", ("E8", "E12"))]
    assert (made.author, made.prompt_id) == (Author.MODEL, "content_strategist/v2")


async def test_a_plan_on_private_facts_alone_is_the_understudys() -> None:
    model, understudy = ScriptedModel([answer(("Mention visits.", ["E9"]))]), MarkedUnderstudy()
    made = await ContentStrategist(model, PROMPTS, understudy=understudy).plan(context(eager()), BRIEF)
    assert (made.work, made.author) == (PLAN, Author.UNDERSTUDY)
    assert made.stand_in_for == "no point of the model's plan stood on evidence that may be said"


async def test_a_refusal_hands_the_plan_to_the_understudy() -> None:
    understudy = MarkedUnderstudy()
    strategist = ContentStrategist(ScriptedModel([ModelRefused("no")]), PROMPTS, understudy=understudy)
    made = await strategist.plan(context(eager()), BRIEF)
    assert (made.stand_in_for, understudy.played) == ("the model refused", ["plan"])


async def test_the_strategist_gets_tools_bound_to_its_contact() -> None:
    model, toolbox = ScriptedModel([answer(("Answer the form.", ["E8"]))]), OneTool()
    await ContentStrategist(model, PROMPTS, toolbox).plan(context(eager()), BRIEF)
    assert toolbox.bound_to == ["c-eager"]
    assert [tool.name for tool in model.requests[0].tools] == ["other_content"]


async def test_no_outside_word_reaches_the_agent_that_has_tools() -> None:
    leaky = SignalBrief(
        signals=(
            Signal(text="Misses windows.", evidence=("E8",)),
            Signal(text=f"They say: {INJECTION}", evidence=("E8",)),
        ),
        intent=INJECTION,
        caution=INJECTION,
    )
    for dossier, brief in ((eager(), leaky), (executive(), BRIEF), (customer(), BRIEF)):
        model = ScriptedModel([ModelRefused("no")])
        ctx = context(dossier, recalled=[lesson()])
        await ContentStrategist(model, PROMPTS, OneTool(), MarkedUnderstudy()).plan(ctx, brief)
        text = "\n".join(message.content for message in model.requests[0].messages)
        for fact in ctx.evidence:
            assert (fact.text in text) is not fact.is_tainted, fact
            assert f"{fact.id} [" in text
        for outside in (
            INJECTION,
            "unhappy about invoices",
            "two depots",
            "Budget is tight",
            "Baltic",
            "Jude",
        ):
            assert outside not in text


async def test_reviewers_wishes_reach_the_plan() -> None:
    model = ScriptedModel([ModelRefused("no"), ModelRefused("no")])
    strategist = ContentStrategist(model, PROMPTS, understudy=MarkedUnderstudy())
    await strategist.plan(context(eager(), hints=("Say less about price.",)), BRIEF)
    await strategist.plan(context(eager()), BRIEF)
    with_wish, without = (request.messages[-1].content for request in model.requests)
    assert "- Say less about price." in with_wish
    assert "reviewer_wishes" not in without


@pytest.mark.parametrize("count", [0, 4])
def test_a_plan_makes_one_to_three_points(count: int) -> None:
    with pytest.raises(ValueError, match="give one to 3 points"):
        answer(*[("A point.", ["E8"])] * count)


def test_a_call_to_action_brings_no_address() -> None:
    with pytest.raises(ValueError, match="code adds the link"):
        answer(("A point.", ["E8"]), call_to_action="Go to www.evil.example")
