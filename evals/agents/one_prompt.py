"""The one-prompt baseline: one request that gets every fact and writes subject and body; no agents, no review."""

from __future__ import annotations

import re
from pathlib import Path

from pydantic import Field, field_validator

from agents.answers import ModelAnswer
from agents.asking import question
from agents.briefing import all_facts, campaign_part
from agents.context import DraftingContext
from domain.message import Author, Draft
from domain.model import ModelReply
from domain.ports import LanguageModel
from evals.agents.writing import uncited
from prompts.library import PromptLibrary

PROMPTS = Path(__file__).with_name("prompts")

_GREETING = re.compile(r"\A(?:hi|hello|hey|dear)\b[^\n.!?]{0,40},?\s*\n+", re.IGNORECASE)
_SIGN_OFF = re.compile(
    r"\n+(?:best|kind regards|regards|sincerely|cheers|thanks)\b[^\n]{0,40}(?:\n.{0,60}){0,3}\Z", re.I
)


class OnePromptAnswer(ModelAnswer):
    """What the baseline must answer."""

    subject: str = Field(description="at most 60 characters")
    body: str = Field(description="the message, paragraphs apart by a blank line; no greeting, no sign-off")

    @field_validator("subject", "body")
    @classmethod
    def _something(cls, text: str) -> str:
        if not text.strip():
            raise ValueError("write something")
        return text


async def write(
    model: LanguageModel, ctx: DraftingContext, prompts: PromptLibrary
) -> tuple[Draft, ModelReply[OnePromptAnswer]]:
    """Ask once; what code would add is cut off where the model brought it all the same.

    Raises:
        ModelError: where there is no usable answer.
    """
    prompt = prompts.render(
        "one_prompt",
        **campaign_part(ctx),
        brand_voice=ctx.sender.brand_voice,
        facts=all_facts(ctx.evidence),
        canary=ctx.canary,
    )
    reply = await model.ask(question("one_prompt", ctx, prompt, OnePromptAnswer))
    body = _SIGN_OFF.sub("", _GREETING.sub("", reply.answer.body.strip()))
    draft = uncited(" ".join(reply.answer.subject.split()), body, ctx.evidence, Author.MODEL)
    made_by = {"prompt_id": prompt.id, "prompt_sha256": prompt.sha256, "model": reply.model}
    return draft.model_copy(update=made_by), reply
