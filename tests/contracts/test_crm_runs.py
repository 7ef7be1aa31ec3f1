"""Runs: a run has decided for everyone or for no one, and its ledger always adds up."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError

from domain.errors import NotFound
from domain.message import Usage
from domain.run import ContactOutcome, RunContact, RunStatus
from memory.crm.reader import CrmStore
from memory.crm.runs import Part, RunStore
from tests.contracts.crm_sample import ADA, BEN, CAMPAIGN, CLEO, DAY, HOUR, NOON, RUN, decision, seed

LINES = (
    RunContact(
        run_id="r_1",
        contact_id=ADA.id,
        outcome=ContactOutcome.QUEUED,
        decision_id="d_r_1_c_ada",
        updated_at=NOON,
    ),
    RunContact(
        run_id="r_1",
        contact_id=BEN.id,
        outcome=ContactOutcome.QUEUED,
        decision_id="d_r_1_c_ben",
        updated_at=NOON,
    ),
    RunContact(
        run_id="r_1",
        contact_id=CLEO.id,
        outcome=ContactOutcome.REFUSED,
        rule_id="C-19",
        reason="unsubscribed",
        updated_at=NOON,
    ),
)


@pytest.fixture
def runs(engine: Engine) -> RunStore:
    seed(engine)
    return RunStore(engine)


@pytest.fixture
def recorded(runs: RunStore) -> RunStore:
    assert runs.record("r_1", [decision(ADA), decision(BEN)], LINES)
    return runs


def test_starting_a_known_run_returns_what_is_stored(runs: RunStore, engine: Engine) -> None:
    again = RUN.model_copy(update={"seed": 1})
    assert runs.start(again, CAMPAIGN) == RUN
    assert CrmStore(engine).campaign("spring") == CAMPAIGN


def test_decisions_come_back_as_they_were_made(recorded: RunStore, engine: Engine) -> None:
    assert CrmStore(engine).decision("d_r_1_c_ada") == decision(ADA)
    assert recorded.get("r_1").status is RunStatus.RUNNING


def test_recording_a_run_again_changes_nothing(recorded: RunStore, engine: Engine) -> None:
    assert recorded.record("r_1", [decision(CLEO)], []) is False
    assert CrmStore(engine).counts()["decisions"] == 2


def test_a_run_may_be_recorded_in_parts_and_stays_all_or_nothing(runs: RunStore, engine: Engine) -> None:
    def broken() -> Iterator[Part]:
        yield [decision(ADA)], LINES[:1]
        raise RuntimeError("the second part fails")

    with pytest.raises(RuntimeError):
        runs.record_parts("r_1", broken())
    assert CrmStore(engine).counts()["decisions"] == 0
    assert runs.record_parts("r_1", [([decision(ADA)], LINES[:1]), ([decision(BEN)], LINES[1:2])])
    assert [line.contact_id for line in runs.ledger("r_1")] == [ADA.id, BEN.id]
    assert CrmStore(engine).decision("d_r_1_c_ben") == decision(BEN)


def test_a_record_that_breaks_leaves_the_run_deciding(runs: RunStore, engine: Engine) -> None:
    with pytest.raises(IntegrityError):
        runs.record("r_1", [decision(ADA), decision(ADA, id="d_second")], LINES)
    assert runs.get("r_1").status is RunStatus.DECIDING
    assert CrmStore(engine).counts()["decisions"] == 0


def test_queued_contacts_are_paged_by_contact(recorded: RunStore) -> None:
    assert recorded.queued("r_1") == LINES[:2]
    assert recorded.queued("r_1", limit=1) == LINES[:1]
    assert recorded.queued("r_1", after=ADA.id) == LINES[1:2]


def test_marking_sets_the_outcome_and_adds_usage(recorded: RunStore) -> None:
    took = Usage(calls=2, input_tokens=100, output_tokens=10, cost_micros=7)
    waiting = RunContact(
        run_id="r_1",
        contact_id=ADA.id,
        outcome=ContactOutcome.WAITING,
        usage=took,
        updated_at=NOON + HOUR,
    )
    recorded.mark(waiting)
    recorded.mark(waiting.model_copy(update={"outcome": ContactOutcome.SENT, "reason": "accepted"}))
    line = recorded.line("r_1", ADA.id)
    assert line is not None
    assert (line.outcome, line.reason, line.usage) == (ContactOutcome.SENT, "accepted", took + took)
    assert line.decision_id == "d_r_1_c_ada"
    assert recorded.usage("r_1") == took + took
    assert recorded.line("r_1", "c_stranger") is None


def test_counts_say_what_became_of_everyone(recorded: RunStore) -> None:
    assert recorded.counts("r_1") == {ContactOutcome.QUEUED: 2, ContactOutcome.REFUSED: 1}
    assert recorded.counts_by_rule("r_1") == {"C-19": 1}
    assert recorded.ledger("r_1", rule_id="C-19") == LINES[2:]
    assert recorded.ledger("r_1", outcome=ContactOutcome.SENT) == ()
    assert recorded.usage("r_1") == Usage()


def test_the_open_run_is_the_unfinished_one(recorded: RunStore) -> None:
    later = RUN.model_copy(update={"id": "r_2", "started_at": NOON + DAY})
    finished = recorded.finish("r_1", NOON + 2 * DAY)
    assert (finished.status, finished.finished_at) == (RunStatus.FINISHED, NOON + 2 * DAY)
    assert recorded.open_run("spring") is None
    recorded.start(later, CAMPAIGN)
    assert recorded.open_run("spring") == later
    assert recorded.runs() == (later, finished)
    assert recorded.finish("r_1", NOON + 3 * DAY, RunStatus.STOPPED) == finished
    assert recorded.open_run("autumn") is None


def test_a_dry_run_is_not_the_open_run_of_a_real_one(recorded: RunStore) -> None:
    dry = RUN.model_copy(update={"id": "r_dry", "is_dry_run": True, "started_at": NOON + DAY})
    recorded.start(dry, CAMPAIGN)
    assert recorded.open_run("spring") == recorded.get("r_1")
    assert recorded.open_run("spring", is_dry_run=True) == dry


def test_stopping_gives_up_whoever_is_still_queued_and_no_one_else(recorded: RunStore) -> None:
    recorded.mark(LINES[0].model_copy(update={"outcome": ContactOutcome.SENT}))
    stopped = recorded.stop("r_1", NOON + HOUR)
    assert (stopped.status, stopped.finished_at) == (RunStatus.STOPPED, NOON + HOUR)
    assert recorded.counts("r_1") == {
        ContactOutcome.SENT: 1,
        ContactOutcome.NOT_REACHED: 1,
        ContactOutcome.REFUSED: 1,
    }
    assert recorded.stop("r_1", NOON + DAY) == stopped
    assert recorded.open_run("spring") is None


def test_an_unknown_run_is_not_found(runs: RunStore) -> None:
    with pytest.raises(NotFound):
        runs.get("r_none")
