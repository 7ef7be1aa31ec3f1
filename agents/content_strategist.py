"""The content strategist: turns the brief into a plan for one message about the decided content.

The only one of the four that may use tools, so it never reads outside text: tainted facts reach it with
their quotes taken out, and the brief without anything copied from them.
"""

from __future__ import annotations

from pydantic import Field, field_validator

from agents import understudy as the_understudy
from agents.answers import Line, ModelAnswer, Remark, known
from agents.asking import Understudy, Unusable, ask, question
from agents.briefing import brief_lines, campaign_part, facts_without_outside_words, hint_lines, in_own_words
from agents.context import DraftingContext, Made
from domain.message import MessagePlan, PlanPoint, SignalBrief
from domain.model import ModelRequest
from domain.ports import LanguageModel, Toolbox
from prompts.library import PromptLibrary

MOST_POINTS = 3


class PlannedPoint(ModelAnswer):
    """One point as the model gives it."""

    text: Line = Field(description="what the message says, as an instruction to the writer, one sentence")
    evidence: list[str] = Field(description="ids of the facts that back it, at least one, none private")


class PlanAnswer(ModelAnswer):
    """What the content strategist must answer."""

    angle: Line = Field(description="why this content matters to this person now, one sentence")
    points: list[PlannedPoint] = Field(description=f"one to {MOST_POINTS}, in the order they are said")
    call_to_action: Line = Field(description="the one small thing to ask, leading to the content; no address")
    tone: Remark = Field(description="how to sound towards this person, a few words")

    @field_validator("points")
    @classmethod
    def _few(cls, points: list[PlannedPoint]) -> list[PlannedPoint]:
        if not 1 <= len(points) <= MOST_POINTS:
            raise ValueError(f"give one to {MOST_POINTS} points, not {len(points)}")
        return points


class ContentStrategist:
    """Plans one message, by a model or by the understudy."""

    name = "content_strategist"

    def __init__(
        self,
        model: LanguageModel | None,
        prompts: PromptLibrary,
        toolbox: Toolbox | None = None,
        understudy: Understudy = the_understudy,
    ) -> None:
        self._model = model
        self._prompts = prompts
        self._toolbox = toolbox
        self._understudy = understudy

    async def plan(self, ctx: DraftingContext, brief: SignalBrief) -> Made[MessagePlan]:
        """Return angle, points and the one thing to ask; every point rests on facts that may be said."""
        return await ask(
            self._model,
            request=lambda: self._request(ctx, brief),
            accept=lambda answer: _accept(answer, ctx),
            stand_in=lambda: self._understudy.plan(ctx, brief),
            canary=ctx.canary,
        )

    def _request(self, ctx: DraftingContext, brief: SignalBrief) -> ModelRequest[PlanAnswer]:
        prompt = self._prompts.render(
            self.name,
            **campaign_part(ctx),
            brand_voice=ctx.sender.brand_voice,
            facts=facts_without_outside_words(ctx.evidence),
            brief=brief_lines(in_own_words(brief, ctx.evidence)),
            hints=hint_lines(ctx.hints),
            canary=ctx.canary,
        )
        tools = self._toolbox.tools_for(ctx.dossier.contact.id) if self._toolbox else ()
        return question(self.name, ctx, prompt, PlanAnswer, tools)


def _accept(answer: PlanAnswer, ctx: DraftingContext) -> MessagePlan:
    sayable = {fact.id for fact in ctx.evidence if not fact.is_private}
    points = tuple(
        PlanPoint(text=point.text, evidence=ids)
        for point in answer.points
        if (ids := known(point.evidence, sayable))
    )
    if not points:
        raise Unusable("no point of the model's plan stood on evidence that may be said")
    return MessagePlan(
        angle=answer.angle, points=points, call_to_action=answer.call_to_action, tone=answer.tone
    )
