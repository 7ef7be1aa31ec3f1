"""The scheduler: due campaigns begin once, missed ones as declared; pause and stop hold; the breaker trips."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from fastapi.testclient import TestClient

from app.deliver import deliver_due
from app.door import http_app
from app.gaps import hold_after_a_gap, seen_now
from app.runs import begin, carry_on
from app.schedules import ABANDONED, claim_due
from app.serving import Server
from app.settings import Settings
from app.steering import is_held, pause, resume, stop, trip
from app.wiring import House, open_house
from domain.campaign import Autonomy, DailyCaps, Schedule
from domain.errors import CampaignHeld, InvalidFile
from domain.events import Event, EventKind
from domain.message import OutboxStatus
from domain.run import ContactOutcome, RunStatus
from domain.schedule import CampaignState, ScheduledState
from evals.crowd import NOON, campaign
from tests.integration.shell import Shell
from tests.settled import settle

CROWD = 6
HOURLY = Schedule(cron="0 * * * *")


class Hands:
    """Move the clock."""

    def __init__(self) -> None:
        self.now = NOON - timedelta(minutes=1)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
def house(tmp_path: Path, hands: Hands) -> Iterator[House]:
    settle(tmp_path / "ws", CROWD).close()
    first = open_house(Settings(_env_file=None, workspace=tmp_path / "ws", model=None), clock=hands)
    write(first, HOURLY)
    yield first
    first.close()


def write(house: House, schedule: Schedule, **changes: object) -> None:
    plan = campaign().model_copy(update={"schedule": schedule, **changes})
    text = yaml.safe_dump(plan.model_dump(mode="json", exclude_none=True))
    (house.workspace.campaigns / "crowd.yaml").write_text(text, encoding="utf-8")


def first_seen(house: House) -> None:
    assert claim_due(house, "one") == []


def mails(house: House) -> int:
    return len(list(house.workspace.mailbox.glob("*.eml")))


def states(house: House) -> list[ScheduledState]:
    return [found.state for found in house.controls.scheduled("crowd")]


def test_an_instant_is_claimed_by_one_scheduler_only(house: House, hands: Hands) -> None:
    first_seen(house)
    hands.now = NOON + timedelta(seconds=3)
    assert [due.scheduled.scheduled_at for due in claim_due(house, "one")] == [NOON]
    assert claim_due(house, "two") == []


def test_what_was_before_the_first_look_was_promised_by_nobody(house: House, hands: Hands) -> None:
    hands.now = NOON + timedelta(seconds=1)
    first_seen(house)
    assert claim_due(house, "one") == []
    assert states(house) == [ScheduledState.FIRST_SEEN]


def test_missed_times_are_skipped_as_declared(house: House, hands: Hands) -> None:
    first_seen(house)
    hands.now = NOON + timedelta(hours=3, minutes=30)
    assert claim_due(house, "one") == []
    newest = house.controls.newest("crowd")
    assert newest is not None
    assert (newest.state, newest.detail) == (ScheduledState.MISSED, "4 missed; skipped, as declared")


def test_missed_times_are_caught_up_with_one_run_where_that_is_declared(house: House, hands: Hands) -> None:
    write(house, HOURLY.model_copy(update={"missed": "catch_up_once"}))
    first_seen(house)
    hands.now = NOON + timedelta(hours=3, minutes=30)
    assert [due.scheduled.scheduled_at for due in claim_due(house, "one")] == [NOON + timedelta(hours=3)]
    assert claim_due(house, "one") == []


def test_the_teams_zone_counts_where_a_schedule_names_none(house: House, hands: Hands) -> None:
    write(house, Schedule(cron="0 12 * * *"))
    berlin = House(
        house.settings.model_copy(update={"time_zone": "America/New_York"}), house.workspace, hands
    )
    first_seen(berlin)
    hands.now = NOON + timedelta(seconds=1)
    assert [due.scheduled.scheduled_at for due in claim_due(berlin, "one")] == [NOON]
    berlin.close()


def test_a_claim_whose_holder_died_is_taken_over_by_one_and_begins_the_same_run(
    house: House, hands: Hands
) -> None:
    first_seen(house)
    hands.now = NOON
    (lost,) = claim_due(house, "dies")
    hands.now = NOON + ABANDONED
    assert claim_due(house, "two") == []
    hands.now += timedelta(seconds=1)
    (taken,) = claim_due(house, "two")
    assert claim_due(house, "three") == []
    assert taken.run_id == lost.run_id
    begun = Server(house).begin(taken)
    late = Server(house).begin(lost)
    assert begun is not None
    assert late is not None
    assert begun.id == late.id == taken.run_id
    assert len(house.runs.runs()) == 1


def test_one_run_of_a_campaign_at_a_time(house: House, hands: Hands) -> None:
    first_seen(house)
    hands.now = NOON
    run, _ = begin(house, campaign(), is_dry_run=False)
    assert claim_due(house, "one") == []
    newest = house.controls.newest("crowd")
    assert newest is not None
    assert (newest.state, newest.detail) == (ScheduledState.SKIPPED, f"run {run.id} is still under way")


async def test_a_served_campaign_runs_at_its_time_and_delivers(house: House, hands: Hands) -> None:
    server = Server(house)
    serving = asyncio.create_task(server.run())
    while not states(house):
        await asyncio.sleep(0.05)
    hands.now = NOON + timedelta(seconds=1)
    while mails(house) < CROWD or house.runs.open_runs():
        await asyncio.sleep(0.05)
    server.stop()
    await serving
    assert states(house) == [ScheduledState.BEGUN, ScheduledState.FIRST_SEEN]
    (run,) = house.runs.runs()
    assert (run.status, house.runs.counts(run.id)) == (RunStatus.FINISHED, {ContactOutcome.SENT: CROWD})
    assert server.health.problems == {}


def test_health_says_when_a_part_fails_or_stands_still(house: House, hands: Hands) -> None:
    server = Server(house)
    asked = TestClient(http_app(server))
    assert asked.get("/health").status_code == 503
    server.health.ticked_at = hands.now
    assert asked.get("/health").json()["ok"] is True
    server.health.problems["deliver"] = "no answer"
    assert asked.get("/health").status_code == 503
    server.health.problems.clear()
    hands.now += timedelta(minutes=2)
    assert asked.get("/health").status_code == 503


async def test_nothing_of_a_paused_campaign_leaves_until_it_is_resumed(house: House, hands: Hands) -> None:
    hands.now = NOON
    run, _ = begin(house, campaign(), is_dry_run=False)
    assert pause(house, "crowd", "ann", "prices change")
    assert not pause(house, "crowd", "bob", "me too")
    report = await carry_on(house, run)
    assert (report.run.status, mails(house)) == (RunStatus.RUNNING, 0)
    with pytest.raises(CampaignHeld, match="paused by ann: prices change"):
        begin(house, campaign(), is_dry_run=False)
    assert resume(house, "crowd", "ann", "")
    assert (await carry_on(house, run)).counts == {ContactOutcome.SENT: CROWD}
    told = [entry.detail["state"] for entry in house.audit.lines(subject="crowd") if entry.kind == "campaign"]
    assert told == ["paused", "active"]


async def test_a_pause_holds_for_messages_that_were_approved_before_it(house: House, hands: Hands) -> None:
    await nothing_sent_yet(house, hands)
    pause(house, "crowd", "ann", "")
    hands.now = NOON
    assert await deliver_due(house) == {}
    hands.now = NOON + timedelta(days=2)
    resume(house, "crowd", "ann", "")
    assert await deliver_due(house) == {OutboxStatus.SENT: CROWD}


async def nothing_sent_yet(house: House, hands: Hands) -> None:
    """A run whose messages all wait for the morning."""
    hands.now = NOON - timedelta(hours=8)
    run, _ = begin(house, campaign(), is_dry_run=False)
    assert (await carry_on(house, run)).counts == {ContactOutcome.SCHEDULED: CROWD}


async def test_a_stop_withdraws_what_is_unsent_and_rests_the_schedule(house: House, hands: Hands) -> None:
    first_seen(house)
    await nothing_sent_yet(house, hands)
    assert await stop(house, "crowd", "ann", "done") == CROWD
    hands.now = NOON
    assert claim_due(house, "one") == []
    assert await deliver_due(house) == {}
    assert house.outbox.counts() == {OutboxStatus.WITHDRAWN: CROWD}
    (run,) = house.runs.runs()
    assert house.runs.counts(run.id) == {ContactOutcome.REJECTED: CROWD}


async def test_the_audit_keeps_a_persons_reason_as_its_hash_only(house: House, hands: Hands) -> None:
    why = "Ann Lee, ann.lee@brook.example, asked"
    first_seen(house)
    run, _ = begin(house, campaign().model_copy(update={"autonomy": Autonomy.ASSIST}), is_dry_run=False)
    assert (await carry_on(house, run)).counts == {ContactOutcome.WAITING: CROWD}
    pause(house, "crowd", "bo", why)
    hands.now = NOON + timedelta(hours=1)
    assert claim_due(house, "one") == []
    resume(house, "crowd", "bo", why)
    assert await stop(house, "crowd", "bo", why) == CROWD
    assert house.controls.standing("crowd").reason == why
    lines = house.audit.lines(limit=1_000)
    assert not [line for line in lines if "lee" in str(line.detail).casefold()]
    told = [line.detail for line in lines if line.kind == "campaign"]
    hashed = hashlib.sha256(why.encode()).hexdigest()
    assert [(one["state"], one["reason_sha256"]) for one in told] == [
        ("paused", hashed),
        ("active", hashed),
        ("stopped", hashed),
    ]


async def test_a_run_gives_up_when_its_campaign_is_stopped(house: House, hands: Hands) -> None:
    hands.now = NOON
    run, _ = begin(house, campaign(), is_dry_run=False)
    with house.workspace.only_worker():
        await stop(house, "crowd", "ann", "")
        assert house.runs.get(run.id).status is RunStatus.RUNNING
    report = await carry_on(house, run)
    assert (report.run.status, report.counts) == (RunStatus.STOPPED, {ContactOutcome.NOT_REACHED: CROWD})


def came_back(house: House, kind: EventKind, contacts: int, hands: Hands) -> None:
    """So many contacts of the first run complain or bounce now."""
    (run,) = house.runs.runs()
    whose = [entry.contact_id for entry in house.runs.ledger(run.id)][:contacts]
    house.journal.append(
        [
            Event(id=f"hook:{kind.value}:{c}", kind=kind, at=hands.now, source="hook", contact_id=c)
            for c in whose
        ]
    )


async def test_the_breaker_pauses_and_only_a_person_resumes(house: House, hands: Hands) -> None:
    hands.now = NOON
    run, _ = begin(house, campaign(), is_dry_run=False)
    await carry_on(house, run)
    hands.now += timedelta(hours=1)
    came_back(house, EventKind.EMAIL_COMPLAINED, 1, hands)
    assert not trip(house, "crowd").blocks
    assert is_held(house, run) is None
    came_back(house, EventKind.EMAIL_COMPLAINED, 2, hands)
    assert trip(house, "crowd").blocks
    standing = house.controls.standing("crowd")
    assert (standing.state, standing.by) == (CampaignState.TRIPPED, "the circuit breaker")
    assert "C-24: 2 complaints of 6 messages" in standing.reason
    with pytest.raises(CampaignHeld, match="campaign resume crowd"):
        begin(house, campaign(), is_dry_run=False)
    hands.now += timedelta(minutes=1)
    resume(house, "crowd", "ann", "the list was mended")
    assert not trip(house, "crowd").blocks


async def test_the_breaker_judges_before_whatever_delivers(house: House, hands: Hands) -> None:
    hands.now = NOON
    run, _ = begin(house, campaign().model_copy(update={"daily": DailyCaps(messages=4)}), is_dry_run=False)
    await carry_on(house, run)
    came_back(house, EventKind.EMAIL_COMPLAINED, CROWD, hands)
    hands.now = NOON + timedelta(days=1)
    assert await deliver_due(house) == {}
    assert house.controls.standing("crowd").by == "the circuit breaker"
    assert mails(house) == 4


async def test_a_days_messages_beyond_the_bound_wait_for_the_next_day(house: House, hands: Hands) -> None:
    hands.now = NOON
    bounded = campaign().model_copy(update={"daily": DailyCaps(messages=4)})
    run, _ = begin(house, bounded, is_dry_run=False)
    counts = (await carry_on(house, run)).counts
    assert counts == {ContactOutcome.SENT: 4, ContactOutcome.SCHEDULED: CROWD - 4}
    assert {e.not_before for e in house.outbox.entries(status=OutboxStatus.APPROVED)} == {
        datetime(2026, 11, 25, tzinfo=UTC)
    }
    hands.now = datetime(2026, 11, 25, 1, tzinfo=UTC)
    assert await deliver_due(house) == {OutboxStatus.APPROVED: CROWD - 4}
    hands.now = NOON + timedelta(days=1)
    assert await deliver_due(house) == {OutboxStatus.SENT: CROWD - 4}


async def test_what_came_due_while_nobody_was_here_waits_for_a_person(house: House, hands: Hands) -> None:
    await nothing_sent_yet(house, hands)
    hands.now = NOON + timedelta(hours=5)
    assert hold_after_a_gap(house) == CROWD
    assert await deliver_due(house) == {}
    assert house.outbox.counts() == {OutboxStatus.HELD: CROWD}


async def test_a_restored_backup_holds_what_is_due_and_the_run_that_was_under_way(
    house: House, hands: Hands
) -> None:
    await nothing_sent_yet(house, hands)
    run, _ = begin(house, campaign(), is_dry_run=False)
    seen_now(house)
    seq, _ = house.audit.tip()
    # as if the chain had been longer than the database knows
    house.workspace.heads.write_text(f"{seq + 1} {'f' * 64} {hands.now.isoformat()}\n")
    hands.now = NOON
    assert hold_after_a_gap(house) == CROWD
    assert house.controls.standing("crowd").state is CampaignState.TRIPPED
    assert is_held(house, run) is CampaignState.TRIPPED
    assert hold_after_a_gap(house) == 0


def test_a_rule_the_team_adds_while_it_serves_holds_from_the_next_delivery_on(tmp_path: Path) -> None:
    house = settle(tmp_path / "ws", 2)
    server = Server(house, schedules=False)
    asyncio.run(server._deliver(2))
    assert house.rules.team.blackouts == ()
    house.workspace.team_rules_file.write_text("blackouts:\n  - from: 2026-01-01\n    to: 2026-12-31\n")
    asyncio.run(server._deliver(2))
    assert len(house.bench.rules.team.blackouts) == 1
    house.workspace.team_rules_file.write_text("blackouts: [nonsense]\n")
    with pytest.raises(InvalidFile, match=r"policies\.yaml"):
        asyncio.run(server._deliver(2))


def test_health_names_what_fails_and_not_why(tmp_path: Path) -> None:
    health = Server(settle(tmp_path / "ws", 1)).health
    health.problems["deliver"] = "Connection to db.internal as secret-user failed"
    told = json.dumps(health.as_record(NOON))
    assert "deliver" in told
    assert "secret-user" not in told


def test_whoever_watches_reads_which_runs_begin_and_end(
    house: House, hands: Hands, caplog: pytest.LogCaptureFixture
) -> None:
    first_seen(house)
    hands.now = NOON + timedelta(seconds=3)
    server = Server(house)
    (due,) = claim_due(house, server.claimant)
    with caplog.at_level("INFO", logger="attune.runs"):
        run = server.begin(due)
        assert run is not None
        asyncio.run(server._carry(run))
    assert [record.getMessage() for record in caplog.records if record.name == "attune.runs"] == [
        f"crowd: run {run.id} begun, {CROWD} to draft for",
        f"crowd: run {run.id} ended: {CROWD} sent",
    ]


def test_serve_says_that_no_run_of_a_stopped_campaign_begins(
    house: House, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def at_once(*_: object, **__: object) -> None:
        pass

    monkeypatch.setattr("app.serving.serve", at_once)
    scheduler = ("-w", str(house.workspace.folder), "scheduler")
    assert "crowd: next at" in shell(*scheduler)[1]
    asyncio.run(stop(house, "crowd", by="ann", reason="over"))
    code, said = shell(*scheduler)
    assert (code, "crowd: stopped by ann: over; no run begins" in said) == (0, True), said
    assert "next at" not in said
