from __future__ import annotations

import pytest

from agents.compliance_reviewer import ComplianceReviewer, ReviewAnswer
from domain.errors import ModelRefused
from domain.message import Author, Finding, Severity, Verdict
from prompts.library import PromptLibrary
from tests.fakes.model import ScriptedModel
from tests.unit.agents.samples import context, eager
from tests.unit.agents.standing import DRAFT

PROMPTS = PromptLibrary()
BY_RULES = Verdict(findings=(Finding(rule_id="C-01", severity=Severity.BLOCK, reason="no postal address"),))


def answer(*faults: dict[str, str]) -> ReviewAnswer:
    filled = [
        {"severity": "hold", "quote": "It adds up.", "reason": "Nothing says so.", "mend": "", **fault}
        for fault in faults
    ]
    return ReviewAnswer.model_validate({"findings": filled})


async def test_the_models_findings_come_after_the_rules_and_never_instead() -> None:
    model = ScriptedModel([answer({"fault": "unsupported", "mend": "Leave it out."})])
    made = await ComplianceReviewer(model, PROMPTS).review(context(eager()), DRAFT, BY_RULES)
    assert made.work.findings == (
        *BY_RULES.findings,
        Finding(
            rule_id="C-07",
            severity=Severity.HOLD,
            reason="Nothing says so.",
            span="It adds up.",
            mend="Leave it out.",
            found_by="model",
        ),
    )
    assert made.author is Author.MODEL


async def test_a_model_that_finds_nothing_lifts_nothing() -> None:
    made = await ComplianceReviewer(ScriptedModel([answer()]), PROMPTS).review(
        context(eager()), DRAFT, BY_RULES
    )
    assert made.work == BY_RULES


@pytest.mark.parametrize(
    ("fault", "rule_id"),
    [
        ("unsupported", "C-07"),
        ("misleading", "C-05"),
        ("private", "H-03"),
        ("human_claim", "C-22"),
        ("tone", "H-02"),
        ("pressure", "H-02"),
        ("disguise", "C-06"),
        ("verdict_on_reader", "C-15"),
    ],
)
async def test_every_fault_names_a_rule_of_the_book(fault: str, rule_id: str) -> None:
    model = ScriptedModel([answer({"fault": fault, "severity": "warn"})])
    made = await ComplianceReviewer(model, PROMPTS).review(context(eager()), DRAFT, Verdict())
    assert [(f.rule_id, f.severity) for f in made.work.findings] == [(rule_id, Severity.WARN)]


async def test_a_quote_that_is_not_in_the_draft_is_not_shown_but_the_finding_stays() -> None:
    model = ScriptedModel([answer({"fault": "tone", "quote": "words nobody wrote"})])
    made = await ComplianceReviewer(model, PROMPTS).review(context(eager()), DRAFT, Verdict())
    assert [(f.span, f.severity) for f in made.work.findings] == [(None, Severity.HOLD)]


async def test_a_quote_from_the_subject_is_shown() -> None:
    model = ScriptedModel([answer({"fault": "misleading", "quote": "missed  windows\ncost"})])
    made = await ComplianceReviewer(model, PROMPTS).review(context(eager()), DRAFT, Verdict())
    assert made.work.findings[0].span == "missed windows cost"


async def test_without_a_model_the_rules_verdict_stands_as_it_is() -> None:
    understudys = DRAFT.model_copy(update={"author": Author.UNDERSTUDY})
    made = await ComplianceReviewer(None, PROMPTS).review(context(eager()), understudys, BY_RULES)
    assert (made.work, made.author, made.stand_in_for) == (BY_RULES, Author.UNDERSTUDY, None)


async def test_a_draft_the_model_did_not_read_is_held_for_a_person() -> None:
    made = await ComplianceReviewer(ScriptedModel([ModelRefused("no")]), PROMPTS).review(
        context(eager()), DRAFT, Verdict()
    )
    assert [(f.rule_id, f.severity) for f in made.work.findings] == [("A-09", Severity.HOLD)]
    assert "because the model refused" in made.work.findings[0].reason
    assert made.stand_in_for == "the model refused"


@pytest.mark.parametrize("severity", ["block", "none"])
def test_a_model_can_only_hold_or_warn(severity: str) -> None:
    with pytest.raises(ValueError, match="severity"):
        answer({"fault": "tone", "severity": severity})


def test_more_than_eight_findings_do_not_fit() -> None:
    with pytest.raises(ValueError, match="at most 8 findings"):
        answer(*[{"fault": "tone"}] * 9)


async def test_the_reviewer_reads_facts_draft_and_what_the_rules_found_without_tools() -> None:
    model = ScriptedModel([answer()])
    await ComplianceReviewer(model, PROMPTS).review(context(eager()), DRAFT, BY_RULES)
    last = model.requests[0].messages[-1].content
    assert "You wrote that windows are missed. [E8]" in last
    assert "It adds up. [no evidence]" in last
    assert "- C-01 (block): no postal address" in last
    assert "E12 [approved claim] Teams that plan" in last
    assert model.requests[0].tools == ()


async def test_what_a_model_wrote_and_no_model_reads_is_held_for_a_person() -> None:
    made = await ComplianceReviewer(None, PROMPTS).review(context(eager()), DRAFT, Verdict())
    assert [(f.rule_id, f.severity) for f in made.work.findings] == [("A-09", Severity.HOLD)]
