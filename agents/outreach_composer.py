"""The outreach composer: writes one message from plan and facts, sentence by sentence with its evidence.

It reads outside text and has no tools. Greeting, link, sign-off, address and opt-out are code's, and an
answer that brings one of its own is not a valid answer.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from pydantic import Field, field_validator, model_validator

from agents import understudy as the_understudy
from agents.answers import Line, ModelAnswer, known
from agents.asking import Understudy, Unusable, ask, question
from agents.briefing import (
    all_facts,
    brief_lines,
    campaign_part,
    draft_lines,
    finding_lines,
    hint_lines,
    plan_lines,
)
from agents.context import DraftingContext, Made
from domain.message import (
    Author,
    Draft,
    DraftParagraph,
    DraftSentence,
    Finding,
    MessagePlan,
    SignalBrief,
)
from domain.model import ModelRequest
from domain.ports import LanguageModel
from prompts.library import PromptLibrary

LONGEST_SUBJECT_CHARS = 60
FEWEST_SENTENCES, MOST_SENTENCES = 3, 6
MOST_WORDS = 120

_GREETING = re.compile(r"(?:hi|hello|hey|dear|greetings|good (?:morning|afternoon|evening))\b", re.IGNORECASE)
_SIGN_OFF = re.compile(
    r"(?:(?:best|kind|warm)\s+(?:regards|wishes)|best|regards|sincerely|cheers|yours|thanks|thank you)\W*"
    r"(?:\w+\W*){0,4}$",
    re.IGNORECASE,
)
_FAKE_THREAD = re.compile(r"(?:re|fwd?|aw|wg)\s*:", re.IGNORECASE)


class WrittenSentence(ModelAnswer):
    """One sentence as the model gives it."""

    text: Line = Field(description="exactly one sentence")
    evidence: list[str] = Field(description="ids of the facts it states; empty only if it states none")


class WrittenParagraph(ModelAnswer):
    """Sentences that stand together."""

    sentences: list[WrittenSentence]

    @field_validator("sentences")
    @classmethod
    def _not_empty(cls, sentences: list[WrittenSentence]) -> list[WrittenSentence]:
        if not sentences:
            raise ValueError("a paragraph needs a sentence; leave it out instead")
        return sentences


class DraftAnswer(ModelAnswer):
    """What the outreach composer must answer."""

    subject: Line = Field(description=f"at most {LONGEST_SUBJECT_CHARS} characters, true, no Re: or Fwd:")
    paragraphs: list[WrittenParagraph] = Field(
        description=f"{FEWEST_SENTENCES} to {MOST_SENTENCES} sentences in all, at most {MOST_WORDS} words"
    )

    @field_validator("subject")
    @classmethod
    def _honest_and_short(cls, subject: str) -> str:
        if len(subject) > LONGEST_SUBJECT_CHARS:
            raise ValueError(f"the subject has {len(subject)} characters; at most {LONGEST_SUBJECT_CHARS}")
        if _FAKE_THREAD.match(subject):
            raise ValueError("the subject must not pretend to be a reply or a forward")
        return subject

    @model_validator(mode="after")
    def _in_bounds(self) -> DraftAnswer:
        texts = [sentence.text for paragraph in self.paragraphs for sentence in paragraph.sentences]
        words = sum(len(text.split()) for text in texts)
        if not FEWEST_SENTENCES <= len(texts) <= MOST_SENTENCES:
            raise ValueError(f"write {FEWEST_SENTENCES} to {MOST_SENTENCES} sentences, not {len(texts)}")
        if words > MOST_WORDS:
            raise ValueError(f"write at most {MOST_WORDS} words, not {words}")
        if _GREETING.match(texts[0]):
            raise ValueError("write no greeting; code adds it")
        if _SIGN_OFF.match(texts[-1]):
            raise ValueError("write no sign-off; code adds it")
        return self


class OutreachComposer:
    """Writes and rewrites one message, by a model or by the understudy."""

    name = "outreach_composer"

    def __init__(
        self, model: LanguageModel | None, prompts: PromptLibrary, understudy: Understudy = the_understudy
    ) -> None:
        self._model = model
        self._prompts = prompts
        self._understudy = understudy

    async def compose(
        self,
        ctx: DraftingContext,
        brief: SignalBrief,
        plan: MessagePlan,
        findings: Sequence[Finding] = (),
        previous: Draft | None = None,
    ) -> Made[Draft]:
        """Return a draft; a later one when `previous` is given, with its findings mended.

        Raises:
            NothingToSay: if the understudy writes and can write nothing truthful.

        """
        made = await ask(
            self._model,
            request=lambda: self._request(ctx, brief, plan, findings, previous),
            accept=lambda answer: _accept(answer, ctx),
            stand_in=lambda: self._understudy.compose(ctx, brief, plan, findings, previous),
            canary=ctx.canary,
        )
        provenance = {
            "author": made.author,
            "revision": previous.revision + 1 if previous else 0,
            "prompt_id": made.prompt_id,
            "prompt_sha256": made.prompt_sha256,
            "model": made.model,
            "stand_in_for": made.stand_in_for,
        }
        return replace(made, work=made.work.model_copy(update=provenance))

    def _request(
        self,
        ctx: DraftingContext,
        brief: SignalBrief,
        plan: MessagePlan,
        findings: Sequence[Finding],
        previous: Draft | None,
    ) -> ModelRequest[DraftAnswer]:
        prompt = self._prompts.render(
            self.name,
            **campaign_part(ctx),
            brand_voice=ctx.sender.brand_voice,
            facts=all_facts(ctx.evidence),
            brief=brief_lines(brief),
            plan=plan_lines(plan),
            hints=hint_lines(ctx.hints),
            previous=draft_lines(previous) if previous else "",
            findings=finding_lines(findings),
            canary=ctx.canary,
        )
        return question(self.name, ctx, prompt, DraftAnswer)


def _accept(answer: DraftAnswer, ctx: DraftingContext) -> Draft:
    facts = ctx.evidence_by_id()
    # A private id that was cited stays: the rules must see it, and hold what rests on it.
    paragraphs = tuple(
        DraftParagraph(
            sentences=tuple(
                DraftSentence(text=sentence.text, evidence=known(sentence.evidence, facts))
                for sentence in paragraph.sentences
            )
        )
        for paragraph in answer.paragraphs
    )
    draft = Draft(subject=answer.subject, paragraphs=paragraphs, author=Author.MODEL)
    if not any(sentence.evidence for sentence in draft.sentences):
        raise Unusable("no sentence of the model's draft cited evidence that exists")
    return draft
