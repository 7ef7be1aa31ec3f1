"""A broken-off run goes on as it was decided, or is given up; it is never changed under way."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from dbos import DBOS
from sqlalchemy import update

from app.carry import Carrier
from app.jobs import Jobs, Worker
from app.runs import begin, carry_on, retry, stop
from app.wiring import House
from domain.campaign import Autonomy, Caps
from domain.errors import BudgetSpent, DuplicateSend, NotFound, RunOpen, WorkspaceBusy
from domain.run import ContactOutcome, Run, RunContact, RunStatus
from evals.crowd import campaign
from memory.crm.audience import AudienceReader
from memory.crm.statements import RUN_CONTACTS, RUNS, writing
from tests.settled import settle

CROWD = 6


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = settle(tmp_path / "ws", CROWD)
    yield house
    house.close()


def decided(house: House) -> Run:
    """A run that was broken off right after it had decided."""
    run, _ = begin(house, campaign(), is_dry_run=False)
    return run


def forget_in_the_ledger(house: House, run: Run, contacts: int) -> None:
    """As if the process had died between the outbox and the ledger, for so many contacts."""
    contact_ids = [line.contact_id for line in house.runs.ledger(run.id)][:contacts]
    with writing(house.engine) as connection:
        connection.execute(
            update(RUN_CONTACTS)
            .where(RUN_CONTACTS.c.contact_id.in_(contact_ids))
            .values(outcome=ContactOutcome.QUEUED.value)
        )


def test_an_audience_cut_in_parts_gets_what_the_whole_gets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Draws differ with their seeds; who is considered, held out and capped does not."""
    house = settle(tmp_path / "ws", 60)
    people = AudienceReader.people

    def outcomes(many: int) -> dict[str, ContactOutcome]:
        monkeypatch.setattr(AudienceReader, "people", lambda reader, _=0: people(reader, many))
        capped = campaign().model_copy(update={"caps": Caps(messages=5), "holdout_share": 0.2})
        run, _ = begin(house, capped, is_dry_run=True)
        found = {line.contact_id: line.outcome for line in house.runs.ledger(run.id)}
        stop(house, run.id)
        return found

    def held_out(found: dict[str, ContactOutcome]) -> set[str]:
        return {contact_id for contact_id, outcome in found.items() if outcome is ContactOutcome.HELD_OUT}

    whole, parts = outcomes(1_000), outcomes(7)
    house.close()
    assert list(parts) == list(whole)
    assert held_out(parts) == held_out(whole) != set()
    assert list(parts.values()).count(ContactOutcome.QUEUED) == 5


def test_the_same_command_goes_on_with_what_was_broken_off(house: House) -> None:
    first = decided(house)
    again, was_broken_off = begin(house, campaign(), is_dry_run=False)
    assert (again, was_broken_off) == (first, True)
    assert len(house.runs.runs()) == 1


def test_a_dry_run_and_a_real_one_do_not_stand_in_each_others_way(house: House) -> None:
    real = decided(house)
    dry, was_broken_off = begin(house, campaign(), is_dry_run=True)
    assert (was_broken_off, dry.is_dry_run) == (False, True)
    assert house.runs.get(real.id).status is RunStatus.RUNNING


@pytest.mark.parametrize("is_dry_run", [False, True])
def test_a_changed_campaign_does_not_change_a_run_under_way(house: House, is_dry_run: bool) -> None:
    run = decided(house)
    changed = campaign().model_copy(update={"brief": "Something else."})
    with pytest.raises(RunOpen, match=f"attune runs resume {run.id}"):
        begin(house, changed, is_dry_run=is_dry_run)
    assert house.crm.campaign("crowd") == campaign()
    stop(house, run.id)
    assert begin(house, changed, is_dry_run=is_dry_run)[1] is False


def test_another_autonomy_does_not_change_a_run_under_way(house: House) -> None:
    run = decided(house)
    with pytest.raises(RunOpen, match="autonomy autopilot"):
        begin(house, campaign(), is_dry_run=False, autonomy=Autonomy.SHADOW)
    assert begin(house, campaign(), is_dry_run=False, autonomy=Autonomy.AUTOPILOT) == (run, True)


async def test_a_stopped_run_reaches_nobody_more(house: House) -> None:
    run = decided(house)
    stopped = stop(house, run.id)
    assert (stopped.status, stopped.finished_at) == (RunStatus.STOPPED, house.clock())
    assert house.runs.counts(run.id) == {ContactOutcome.NOT_REACHED: CROWD}
    report = await carry_on(house, run)
    assert (report.run, report.counts) == (stopped, {ContactOutcome.NOT_REACHED: CROWD})
    assert list(house.workspace.mailbox.glob("*.eml")) == []
    assert house.audit.lines(subject=run.id)[-1].detail == {"status": "stopped"}


async def test_a_finished_run_stays_finished(house: House) -> None:
    run = decided(house)
    report = await carry_on(house, run)
    assert report.counts == {ContactOutcome.SENT: CROWD}
    assert stop(house, run.id).status is RunStatus.FINISHED
    assert (await carry_on(house, run)).counts == {ContactOutcome.SENT: CROWD}
    assert len(list(house.workspace.mailbox.glob("*.eml"))) == CROWD


async def test_a_stop_does_not_say_of_those_who_were_written_to_that_they_were_not_reached(
    house: House,
) -> None:
    run = decided(house)
    await carry_on(house, run)
    forget_in_the_ledger(house, run, 2)
    with writing(house.engine) as connection:
        connection.execute(update(RUNS).values(status=RunStatus.RUNNING.value, finished_at=None))
    stop(house, run.id)
    assert house.runs.counts(run.id) == {ContactOutcome.SENT: CROWD}


def test_stopping_an_unknown_run_says_so(house: House) -> None:
    with pytest.raises(NotFound):
        stop(house, "r_none")


def test_a_run_that_is_being_carried_cannot_be_begun_or_stopped_beside(house: House) -> None:
    run = decided(house)
    with house.workspace.only_worker():
        with pytest.raises(WorkspaceBusy):
            stop(house, run.id)
        with pytest.raises(WorkspaceBusy):
            begin(house, campaign(), is_dry_run=False)


async def test_a_worker_leaves_another_runs_jobs_alone(house: House) -> None:
    run = decided(house)
    line = house.runs.queued(run.id)[0]
    async with house.open_carrier() as carrier:
        other = run.model_copy(update={"id": "r_other"})
        assert await Worker(house.runs, carrier, other).work(run.id, line.contact_id) == "of another run"
        assert house.runs.line(run.id, line.contact_id) == line
        assert await Worker(house.runs, carrier, run).work(run.id, line.contact_id) == "sent"


def test_a_resumed_run_keeps_the_minutes_it_had_used(house: House) -> None:
    begun = decided(house).model_copy(update={"started_at": house.clock() - timedelta(minutes=11)})
    house.begin_budget(begun, Caps(minutes=10))
    with pytest.raises(BudgetSpent, match="10 minutes"):
        house.budget.begin_call(begun.id, "any", price_is_known=True)
    fresh = begun.model_copy(update={"id": "r_fresh"})
    house.begin_budget(fresh, Caps(minutes=12))
    house.budget.begin_call(fresh.id, "any", price_is_known=True)


def test_a_contact_without_a_message_is_not_waited_for_in_the_outbox(house: House) -> None:
    run = decided(house)
    line = house.runs.queued(run.id)[0]
    house.runs.mark(
        RunContact(
            run_id=run.id,
            contact_id=line.contact_id,
            outcome=ContactOutcome.PARKED,
            reason="failed three times",
            updated_at=house.clock(),
        )
    )
    assert house.outbox.untold() == ()


async def test_a_round_is_over_when_no_job_waits_and_none_is_under_way_here(
    monkeypatch: pytest.MonkeyPatch, house: House
) -> None:
    asked: dict[str, object] = {}

    async def listed(**given: object) -> list[SimpleNamespace]:
        asked.update(given)
        return [SimpleNamespace(status="ENQUEUED")]

    monkeypatch.setattr(DBOS, "list_workflows_async", listed)
    assert await Jobs(carry_nobody).waiting("r_1") == 1
    # What another machine has under way is not waited for.
    assert asked["status"] == ["ENQUEUED"]


async def test_trouble_with_the_database_parks_nobody(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    run = decided(house)
    line = house.runs.queued(run.id)[0]

    async def broken(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    async with house.open_carrier() as carrier:
        monkeypatch.setattr(Carrier, "carry", broken)
        worker = Worker(house.runs, carrier, run)
        assert await worker.work(run.id, line.contact_id) == "put down"
    assert "disk is full" in worker.trouble
    assert house.runs.line(run.id, line.contact_id) == line


async def test_who_has_a_message_already_is_no_failure_and_not_tried_again(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = decided(house)
    line = house.runs.queued(run.id)[0]
    tries: list[str] = []

    async def twice(_: Carrier, of_run: Run, contact_id: str) -> ContactOutcome:
        tries.append(contact_id)
        raise DuplicateSend(contact_id, of_run.campaign_id, "o_first", "sent")

    async with house.open_carrier() as carrier:
        monkeypatch.setattr(Carrier, "carry", twice)
        worker = Worker(house.runs, carrier, run)
        assert await worker.work(run.id, line.contact_id) == "refused"
    ended = house.runs.line(run.id, line.contact_id)
    assert ended is not None
    assert (tries, ended.outcome, ended.rule_id) == ([line.contact_id], ContactOutcome.REFUSED, "H-01")
    assert "o_first, sent" in ended.reason
    assert ended.decision_id == line.decision_id
    assert retry(house, run.id) == 0


async def test_a_contact_that_fails_three_times_is_parked_and_can_be_tried_again(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = decided(house)
    line = house.runs.queued(run.id)[0]
    whole = Carrier.carry

    async def broken(self: Carrier, of_run: Run, contact_id: str) -> ContactOutcome:
        if contact_id == line.contact_id:
            raise ValueError("a bad record")
        return await whole(self, of_run, contact_id)

    monkeypatch.setattr(Carrier, "carry", broken)
    report = await carry_on(house, run)
    assert report.counts == {ContactOutcome.SENT: CROWD - 1, ContactOutcome.PARKED: 1}
    parked = house.runs.line(run.id, line.contact_id)
    assert parked is not None
    assert parked.reason == "ValueError: a bad record"
    monkeypatch.setattr(Carrier, "carry", whole)
    assert retry(house, run.id) == 1
    assert (await carry_on(house, house.runs.get(run.id))).counts == {ContactOutcome.SENT: CROWD}


async def carry_nobody(_run_id: str, _contact_id: str) -> str:
    return ""


def test_the_audit_tells_of_a_retry_without_naming_the_contact(house: House) -> None:
    run = decided(house)
    whose = house.runs.ledger(run.id)[0].contact_id
    with writing(house.engine) as connection:
        parked = update(RUN_CONTACTS).where(RUN_CONTACTS.c.contact_id == whose)
        connection.execute(parked.values(outcome=ContactOutcome.PARKED.value))
    assert retry(house, run.id, whose) == 1
    told = house.audit.lines(subject=run.id)[-1].detail
    assert told == {"retried": 1, "person": house.erased.person_hash(whose)}
