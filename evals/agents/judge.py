"""A model as judge: several messages of one case, blind, by a rubric with quotes. Never the only score.

The order of the messages is drawn from the case's number, so that it is the same in a recording and its replay
and favours nobody over many cases.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from string import ascii_uppercase
from typing import Literal

from pydantic import Field, field_validator

from agents.answers import ModelAnswer
from agents.asking import question
from agents.briefing import all_facts, campaign_part
from agents.context import DraftingContext
from agents.wording import clean
from domain.message import Usage
from domain.ports import LanguageModel
from evals.agents.writing import Written
from prompts.library import PromptLibrary

MARKS = ("grounded", "individual", "relevant", "clear", "voice")
Mark = Literal["grounded", "individual", "relevant", "clear", "voice"]
NEEDS_A_QUOTE = 3


class Quote(ModelAnswer):
    """The words that cost a mark."""

    mark: Mark
    quote: str = Field(description="exact words of the message, copied letter by letter")
    why: str = Field(description="one sentence, under 200 characters")


class JudgedMessage(ModelAnswer):
    """One message's marks."""

    letter: str = Field(description="the message's letter")
    grounded: int = Field(description="1 to 5")
    individual: int = Field(description="1 to 5")
    relevant: int = Field(description="1 to 5")
    clear: int = Field(description="1 to 5")
    voice: int = Field(description="1 to 5")
    quotes: list[Quote] = Field(description="one for every mark of 3 or less; else empty")

    @field_validator(*MARKS)
    @classmethod
    def _on_the_scale(cls, mark: int) -> int:
        if not 1 <= mark <= 5:
            raise ValueError(f"a mark is a whole number from 1 to 5, not {mark}")
        return mark


class JudgeAnswer(ModelAnswer):
    """What the judge must answer."""

    messages: list[JudgedMessage] = Field(description="one entry a message, by letter")
    best: str = Field(description="the letter of the message you would send")


@dataclass(frozen=True)
class Judged:
    """The judge's word on one writer's message.

    unfounded: quotes that do not stand in the message, and marks of 3 or less that quote nothing.
    """

    marks: dict[str, int]
    quotes: tuple[Quote, ...] = ()
    unfounded: int = 0
    is_best: bool = False


@dataclass(frozen=True)
class Judgement:
    """All messages of one case; `problem` says why there is none."""

    by_writer: dict[str, Judged] = field(default_factory=dict)
    usage: Usage = field(default_factory=Usage)
    problem: str = ""


def shuffled(written: Sequence[Written]) -> list[Written]:
    """The messages in the order the judge sees them."""
    return sorted(written, key=lambda one: hashlib.sha256(f"{one.case.id}:{one.writer}".encode()).hexdigest())


async def judge(
    model: LanguageModel, ctx: DraftingContext, written: Sequence[Written], prompts: PromptLibrary
) -> Judgement:
    """Ask the judge about every message there is.

    Raises:
        ModelError: where there is no usable answer.
    """
    order = shuffled([one for one in written if one.draft])
    told = campaign_part(ctx)
    wanted = ("today", "organisation", "campaign", "goal", "asset_title", "asset_kind", "asset_summary")
    prompt = prompts.render(
        "outreach_judge",
        **{name: told[name] for name in wanted},
        brand_voice=ctx.sender.brand_voice,
        facts=all_facts(ctx.evidence),
        messages="\n\n".join(
            _shown(letter, one) for letter, one in zip(ascii_uppercase, order, strict=False)
        ),
    )
    reply = await model.ask(question("outreach_judge", ctx, prompt, JudgeAnswer))
    return Judgement(by_writer=read(reply.answer, order), usage=reply.usage)


def read(answer: JudgeAnswer, order: Sequence[Written]) -> dict[str, Judged]:
    """Turn letters back into writers, and hold every quote against the message it is said to be from."""
    by_letter = {one.letter.strip().upper()[:1]: one for one in answer.messages}
    found: dict[str, Judged] = {}
    for letter, one in zip(ascii_uppercase, order, strict=False):
        said = by_letter.get(letter)
        if said is None or one.draft is None:
            continue
        words = clean(f"{one.draft.subject} {one.draft.body}").casefold()
        true = tuple(q for q in said.quotes if clean(q.quote).casefold() in words and q.quote.strip())
        marks = {mark: int(getattr(said, mark)) for mark in MARKS}
        quoted = {quote.mark for quote in true}
        bare = sum(value <= NEEDS_A_QUOTE and mark not in quoted for mark, value in marks.items())
        found[one.writer] = Judged(
            marks=marks,
            quotes=true,
            unfounded=max(len(said.quotes) - len(true), bare),
            is_best=answer.best.strip().upper()[:1] == letter,
        )
    return found


def _shown(letter: str, one: Written) -> str:
    assert one.draft is not None
    return f"Message {letter}\nSubject: {one.draft.subject}\n\n{one.draft.body}"
