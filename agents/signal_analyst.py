"""The signal analyst: reads everything known about one contact and says what it means now.

It reads outside text, so it has no tools, and what it says leaves only through its schema, in its own
words: whoever comes after never sees a stranger's sentence.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from agents import understudy as the_understudy
from agents.answers import Line, ModelAnswer, Remark, known
from agents.asking import Understudy, Unusable, ask, question
from agents.briefing import all_facts, campaign_part, in_own_words
from agents.context import DraftingContext, Made
from agents.wording import label
from domain.message import Signal, SignalBrief
from domain.model import ModelRequest
from domain.ports import LanguageModel
from prompts.library import PromptLibrary

MOST_SIGNALS = 8


class FoundSignal(ModelAnswer):
    """One signal as the model gives it."""

    text: Line = Field(description="one sentence in your own words: what the facts say of this contact now")
    evidence: list[str] = Field(description="ids of the facts that say so, such as E3; at least one")
    strength: Literal["weak", "clear", "strong"] = Field(description="how much weight the facts bear")


class SignalAnswer(ModelAnswer):
    """What the signal analyst must answer."""

    signals: list[FoundSignal] = Field(description=f"strongest first, one to {MOST_SIGNALS}")
    topic: str = Field(description="the one topic they care about most, one to three words, or empty")
    intent: Remark = Field(description="what they probably want to get done, or empty if no fact says")
    caution: Remark = Field(description="what a writer must be careful about with this contact, or empty")

    @field_validator("signals")
    @classmethod
    def _few(cls, signals: list[FoundSignal]) -> list[FoundSignal]:
        if not 1 <= len(signals) <= MOST_SIGNALS:
            raise ValueError(f"give one to {MOST_SIGNALS} signals, not {len(signals)}")
        return signals


class SignalAnalyst:
    """Finds what the evidence says, by a model or by the understudy."""

    name = "signal_analyst"

    def __init__(
        self, model: LanguageModel | None, prompts: PromptLibrary, understudy: Understudy = the_understudy
    ) -> None:
        self._model = model
        self._prompts = prompts
        self._understudy = understudy

    async def analyse(self, ctx: DraftingContext) -> Made[SignalBrief]:
        """Return the signals of this contact, each with evidence that exists."""
        return await ask(
            self._model,
            request=lambda: self._request(ctx),
            accept=lambda answer: _accept(answer, ctx),
            stand_in=lambda: self._understudy.analyse(ctx),
            canary=ctx.canary,
        )

    def _request(self, ctx: DraftingContext) -> ModelRequest[SignalAnswer]:
        prompt = self._prompts.render(
            self.name, **campaign_part(ctx), facts=all_facts(ctx.evidence), canary=ctx.canary
        )
        return question(self.name, ctx, prompt, SignalAnswer)


def _accept(answer: SignalAnswer, ctx: DraftingContext) -> SignalBrief:
    facts = ctx.evidence_by_id()
    grounded = tuple(
        Signal(text=signal.text, evidence=ids, strength=signal.strength)
        for signal in answer.signals
        if (ids := known(signal.evidence, facts))
    )
    brief = in_own_words(
        SignalBrief(
            signals=grounded, topic=label(answer.topic), intent=answer.intent, caution=answer.caution
        ),
        ctx.evidence,
    )
    if not brief.signals:
        raise Unusable("no signal of the model stood on evidence in its own words")
    return brief
