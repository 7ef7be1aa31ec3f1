"""What pages of results ask the CRM, on both databases."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine

from domain.decision import Arm
from domain.events import EventKind
from domain.people import LifecycleStage, Seniority
from domain.review import ProposalStatus
from domain.run import ContactOutcome, RunContact
from memory.crm.audit import AuditChain
from memory.crm.journal import Journal
from memory.crm.proposals import ProposalStore
from memory.crm.results import Handled, ResultsReader
from memory.crm.runs import RunStore
from tests.contracts.crm_sample import (
    ADA,
    BEN,
    CAMPAIGN,
    CLEO,
    DAY,
    NOON,
    RUN,
    decision,
    pending,
    proposal,
    review,
    seed,
)
from tests.contracts.test_crm_outcomes import happened


@pytest.fixture(autouse=True)
def told(engine: Engine) -> None:
    """One run: Ada was asked about, Ben was held out, Cleo got silence by the learner's choice."""
    seed(engine)
    decisions = [
        decision(ADA),
        decision(BEN, arm=Arm.HOLDOUT),
        decision(CLEO, arm=Arm.LEARNED, learner_version="bandit-1(3:abc)"),
    ]
    outcomes = (ContactOutcome.SENT, ContactOutcome.HELD_OUT, ContactOutcome.SILENT)
    lines = [
        RunContact(
            run_id=RUN.id, contact_id=one.contact_id, outcome=outcome, decision_id=one.id, updated_at=NOON
        )
        for one, outcome in zip(decisions, outcomes, strict=True)
    ]
    RunStore(engine).record(RUN.id, decisions, lines)


def as_told(handled: list[Handled]) -> set[tuple[ContactOutcome, ProposalStatus | None, bool, int]]:
    return {(one.outcome, one.asked, one.was_edited, one.many) for one in handled}


def test_runs_are_told_by_outcome_and_by_what_came_of_asking(engine: Engine) -> None:
    reader = ResultsReader(engine)
    silent = (ContactOutcome.SILENT, None, False, 1)
    held_out = (ContactOutcome.HELD_OUT, None, False, 1)
    assert as_told(reader.handled(CAMPAIGN.id, NOON)) == {
        (ContactOutcome.SENT, None, False, 1),
        silent,
        held_out,
    }
    proposals = ProposalStore(engine)
    opened = proposals.open(proposal(ADA), pending(ADA))
    waiting = (ContactOutcome.SENT, ProposalStatus.WAITING, False, 1)
    assert as_told(reader.handled(CAMPAIGN.id, NOON)) == {waiting, silent, held_out}
    proposals.settle(review(opened), opened)
    approved = (ContactOutcome.SENT, ProposalStatus.APPROVED, False, 1)
    assert as_told(reader.handled(CAMPAIGN.id, NOON)) == {approved, silent, held_out}
    assert reader.handled(CAMPAIGN.id, NOON - DAY) == []
    assert reader.handled("autumn", NOON) == []


def test_dry_runs_are_left_out(engine: Engine) -> None:
    dry = RUN.model_copy(update={"id": "r_dry", "is_dry_run": True})
    store = RunStore(engine)
    store.start(dry, CAMPAIGN)
    store.record(dry.id, [decision(CLEO, run_id=dry.id, arm=Arm.LEARNED)], [])
    reader = ResultsReader(engine)
    assert {one.run_id for one in reader.handled(CAMPAIGN.id, NOON)} == {RUN.id}
    assert [one.contact_id for one in reader.believed(CAMPAIGN.id, NOON, 10, 10)] == [CLEO.id]


def test_beliefs_are_the_learner_s_own_with_whom_they_are_about(engine: Engine) -> None:
    (found,) = ResultsReader(engine).believed(CAMPAIGN.id, NOON, enough=10, most=10)
    assert (found.contact_id, found.learner_version) == (CLEO.id, "bandit-1(3:abc)")
    assert (found.stage, found.seniority, found.industry) == (LifecycleStage.LEAD, Seniority.UNKNOWN, None)
    assert ["silence", 0.75, 1.5, 0.5] in [list(one) for one in found.alternatives]


def test_the_newest_decision_about_a_contact_counts(engine: Engine) -> None:
    later = RUN.model_copy(update={"id": "r_2", "started_at": NOON + DAY})
    store = RunStore(engine)
    store.finish(RUN.id, NOON)
    store.start(later, CAMPAIGN)
    newer = decision(CLEO, run_id="r_2", arm=Arm.LEARNED, learner_version="v2", decided_at=NOON + DAY)
    store.record("r_2", [newer], [])
    reader = ResultsReader(engine)
    assert [one.learner_version for one in reader.believed(CAMPAIGN.id, NOON + DAY, 10, 10)] == ["v2"]
    assert [one.learner_version for one in reader.believed(CAMPAIGN.id, NOON, 10, 10)] == ["bandit-1(3:abc)"]


def test_whatever_happens_changes_the_freshness(engine: Engine) -> None:
    reader = ResultsReader(engine)
    first = reader.freshness()
    assert (first.decisions, first.heard_at) == (3, None)
    Journal(engine).append([happened(1, EventKind.EMAIL_REPLIED)])
    second = reader.freshness()
    AuditChain(engine, lambda: NOON).append("campaign", CAMPAIGN.id, {"state": "paused"})
    assert len({str(one) for one in (first, second, reader.freshness())}) == 3


def test_lines_of_some_kinds_are_the_newest_within_a_span_in_order(engine: Engine) -> None:
    at = [NOON]
    chain = AuditChain(engine, lambda: at[0])
    for day, kind in enumerate(("rules", "send", "campaign", "drift", "campaign")):
        at[0] = NOON + day * DAY
        chain.append(kind, "spring", {"day": day})
    found = chain.of_kinds(("campaign", "rules", "drift"), NOON + DAY, NOON + 4 * DAY, limit=2)
    assert [(line.kind, line.detail["day"]) for line in found] == [("drift", 3), ("campaign", 4)]
    assert [line.kind for line in chain.of_kinds(("rules",), NOON, NOON, 5)] == ["rules"]


def test_calls_to_models_are_summed(engine: Engine) -> None:
    assert ResultsReader(engine).model_calls(CAMPAIGN.id) == 0
