"""The compliance reviewer: reads a draft for what rules cannot judge, after the rules had their say.

It may add findings and never takes one away, so a draft that talks it round gains nothing.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from pydantic import Field, field_validator

from agents.answers import Line, ModelAnswer, Remark
from agents.asking import ask, question
from agents.briefing import all_facts, campaign_part, draft_lines, finding_lines
from agents.context import DraftingContext, Made
from agents.wording import clean
from domain.message import Author, Draft, Finding, Severity, Verdict
from domain.model import ModelRequest
from domain.ports import LanguageModel
from prompts.library import PromptLibrary

MOST_FINDINGS = 8

Fault = Literal[
    "unsupported", "misleading", "private", "human_claim", "tone", "pressure", "disguise", "verdict_on_reader"
]

_RULE_OF_FAULT: dict[Fault, str] = {
    "unsupported": "C-07",
    "misleading": "C-05",
    "private": "H-03",
    "human_claim": "C-22",
    "tone": "H-02",
    "pressure": "H-02",
    "disguise": "C-06",
    "verdict_on_reader": "C-15",
}


class FoundFault(ModelAnswer):
    """One fault as the model gives it."""

    fault: Fault = Field(description="which of the eight questions it fails")
    severity: Literal["hold", "warn"] = Field(
        description="hold: a person must decide; warn: worth noting, may go out"
    )
    quote: str = Field(description="the exact words of the draft concerned, copied letter by letter")
    reason: Line = Field(description="what is wrong, naming the evidence compared, one sentence")
    mend: Remark = Field(description="what change would mend it, one sentence, or empty")


class ReviewAnswer(ModelAnswer):
    """What the compliance reviewer must answer."""

    findings: list[FoundFault] = Field(description=f"at most {MOST_FINDINGS}; empty if nothing is wrong")

    @field_validator("findings")
    @classmethod
    def _few(cls, findings: list[FoundFault]) -> list[FoundFault]:
        if len(findings) > MOST_FINDINGS:
            raise ValueError(f"give at most {MOST_FINDINGS} findings, the gravest first")
        return findings


class ComplianceReviewer:
    """Judges one draft with the rules' verdict in hand. Without a model the rules' verdict stands."""

    name = "compliance_reviewer"

    def __init__(self, model: LanguageModel | None, prompts: PromptLibrary) -> None:
        self._model = model
        self._prompts = prompts

    async def review(self, ctx: DraftingContext, draft: Draft, verdict_by_rules: Verdict) -> Made[Verdict]:
        """Return the rules' findings and the model's. Where no model reads, a person does: that is a hold.

        Without any model the understudy writes, from phrases people wrote and claims people approved; those need
        no reading. A draft a model wrote always does.
        """
        made = await ask(
            self._model,
            request=lambda: self._request(ctx, draft, verdict_by_rules),
            accept=lambda answer: _accept(answer, draft, verdict_by_rules),
            stand_in=lambda: verdict_by_rules,
            canary=ctx.canary,
        )
        why = made.stand_in_for
        if why is None and self._model is None and draft.author is Author.MODEL:
            why = "no model is configured to read what a model wrote"
        if why is None:
            return made
        unread = Finding(
            rule_id="A-09",
            severity=Severity.HOLD,
            reason=f"only the rules read this draft, because {why}; a person should read it",
        )
        return replace(made, work=Verdict(findings=(*verdict_by_rules.findings, unread)))

    def _request(
        self, ctx: DraftingContext, draft: Draft, verdict_by_rules: Verdict
    ) -> ModelRequest[ReviewAnswer]:
        prompt = self._prompts.render(
            self.name,
            **campaign_part(ctx),
            brand_voice=ctx.sender.brand_voice,
            facts=all_facts(ctx.evidence),
            draft=draft_lines(draft),
            findings=finding_lines(verdict_by_rules.findings),
            canary=ctx.canary,
        )
        return question(self.name, ctx, prompt, ReviewAnswer)


def _accept(answer: ReviewAnswer, draft: Draft, verdict_by_rules: Verdict) -> Verdict:
    said = clean(f"{draft.subject} {draft.body}")
    found = tuple(
        Finding(
            rule_id=_RULE_OF_FAULT[fault.fault],
            severity=Severity(fault.severity),
            reason=fault.reason,
            span=quote if (quote := clean(fault.quote)) and quote in said else None,
            mend=fault.mend or None,
            found_by="model",
        )
        for fault in answer.findings
    )
    return Verdict(findings=(*verdict_by_rules.findings, *found))
