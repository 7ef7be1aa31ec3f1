"""What holds a campaign back holds where messages are reserved; an instant is claimed once; bounds hold exactly."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import Engine

from domain.dossier import Standing
from domain.errors import RunOpen
from domain.message import OutboxEntry, OutboxStatus, Severity, Verdict
from domain.run import ContactOutcome, RunContact, RunStatus
from domain.schedule import CampaignStanding, CampaignState, Pace, ScheduledRun, ScheduledState
from memory.crm.controls import ControlStore
from memory.crm.locks import ContactLocks
from memory.crm.outbox import OutboxStore
from memory.crm.runs import RunStore
from memory.crm.tallies import TallyStore
from tests.contracts.crm_sample import ADA, BEN, CAMPAIGN, CLEO, DAY, HOUR, NOON, RUN, entry, seed, verdict

PEOPLE = (ADA, BEN, CLEO)
PACE = Pace(name="to:x.example", starts_at=NOON, most=2, resets_at=NOON + DAY, why="full")
INSTANT = ScheduledRun(
    campaign_id=CAMPAIGN.id,
    scheduled_at=NOON,
    state=ScheduledState.CLAIMED,
    claimed_by="one",
    claimed_at=NOON,
)


@pytest.fixture
def outbox(engine: Engine) -> OutboxStore:
    seed(engine)
    store = OutboxStore(engine, lambda: NOON + HOUR)
    for contact in PEOPLE:
        store.put(entry(contact, status=OutboxStatus.APPROVED))
    return store


def allows(_standing: Standing, _entry: OutboxEntry) -> Verdict:
    return Verdict()


def states(state: CampaignState) -> CampaignStanding:
    return CampaignStanding(campaign_id=CAMPAIGN.id, state=state, by="ann", reason="why", since=NOON)


@pytest.mark.parametrize("state", [CampaignState.PAUSED, CampaignState.TRIPPED])
def test_a_held_campaigns_message_is_neither_due_nor_reserved(
    engine: Engine, outbox: OutboxStore, state: CampaignState
) -> None:
    assert ControlStore(engine).set(states(state))
    assert outbox.due(NOON + HOUR) == ()
    assert outbox.reserve(entry(ADA).id, allows, NOON + HOUR) is None
    assert outbox.get(entry(ADA).id).status is OutboxStatus.APPROVED
    ControlStore(engine).set(states(CampaignState.ACTIVE))
    assert outbox.reserve(entry(ADA).id, allows, NOON + HOUR) is not None


def test_a_stopped_campaigns_message_is_withdrawn(engine: Engine, outbox: OutboxStore) -> None:
    ControlStore(engine).set(states(CampaignState.STOPPED))
    assert outbox.reserve(entry(ADA).id, allows, NOON + HOUR) is None
    after = outbox.get(entry(ADA).id)
    assert (after.status, after.detail) == (OutboxStatus.WITHDRAWN, "stopped by ann: why")


def test_a_state_is_set_once_and_only_from_where_it_may(engine: Engine) -> None:
    controls = ControlStore(engine)
    assert controls.standing("spring").state is CampaignState.ACTIVE
    assert controls.set(states(CampaignState.STOPPED))
    assert not controls.set(states(CampaignState.STOPPED))
    assert not controls.set(states(CampaignState.PAUSED), only_from=[CampaignState.ACTIVE])
    assert controls.standings()[CAMPAIGN.id].state is CampaignState.STOPPED


def test_what_is_beyond_a_pace_waits_until_it_resets(outbox: OutboxStore, engine: Engine) -> None:
    reserved = [outbox.reserve(entry(contact).id, allows, NOON + HOUR, [PACE]) for contact in PEOPLE]
    assert [one is not None for one in reserved] == [True, True, False]
    waiting = outbox.get(entry(CLEO).id)
    assert (waiting.status, waiting.not_before, waiting.detail) == (
        OutboxStatus.APPROVED,
        PACE.resets_at,
        "full",
    )
    assert TallyStore(engine).many(PACE.name, NOON) == 2
    assert TallyStore(engine).windows_before(PACE.name, NOON + DAY) == 1
    assert TallyStore(engine).forget("to:", NOON + DAY) == 1


def test_a_refused_message_takes_no_place_of_a_pace(outbox: OutboxStore, engine: Engine) -> None:
    def refuses(_standing: Standing, _entry: OutboxEntry) -> Verdict:
        return verdict("C-09", Severity.BLOCK)

    assert outbox.reserve(entry(ADA).id, refuses, NOON + HOUR, [PACE]) is None
    assert outbox.get(entry(ADA).id).status is OutboxStatus.REFUSED
    assert TallyStore(engine).many(PACE.name, NOON) == 0


def test_the_last_place_of_a_pace_is_taken_by_one(outbox: OutboxStore) -> None:
    one = PACE.model_copy(update={"most": 1})
    together = Barrier(len(PEOPLE))

    def reserve(entry_id: str) -> bool:
        together.wait()
        return outbox.reserve(entry_id, allows, NOON + HOUR, [one]) is not None

    with ThreadPoolExecutor(len(PEOPLE)) as threads:
        assert sum(threads.map(reserve, [entry(contact).id for contact in PEOPLE])) == 1


def test_a_held_message_goes_out_only_by_a_persons_word(outbox: OutboxStore) -> None:
    held = outbox.hold(entry(ADA).id, "late")
    assert (held.status, outbox.reserve(held.id, allows, NOON + HOUR)) == (OutboxStatus.HELD, None)
    assert outbox.hold(held.id, "again").detail == "late"
    assert outbox.let_go(held.id, "", NOON).status is OutboxStatus.APPROVED
    assert outbox.reserve(held.id, allows, NOON + HOUR) is not None
    assert outbox.withdraw(held.id, "too late").status is OutboxStatus.SENDING


def test_due_messages_are_read_page_by_page(outbox: OutboxStore) -> None:
    found, last = [], None
    while page := outbox.due(NOON + HOUR, limit=1, after=last):
        last = (page[-1].not_before, page[-1].id)
        found.append(page[0].id)
    assert sorted(found) == sorted(entry(contact).id for contact in PEOPLE)


def test_an_instant_is_claimed_by_exactly_one(engine: Engine) -> None:
    controls, together = ControlStore(engine), Barrier(4)

    def claim(who: int) -> bool:
        together.wait()
        return controls.claim(INSTANT.model_copy(update={"claimed_by": str(who)}))

    with ThreadPoolExecutor(4) as threads:
        assert sum(threads.map(claim, range(4))) == 1


def test_an_abandoned_claim_is_taken_over_by_exactly_one(engine: Engine) -> None:
    controls, together = ControlStore(engine), Barrier(4)
    controls.claim(INSTANT)
    assert controls.left_claimed(NOON) == ()
    (left,) = controls.left_claimed(NOON + HOUR)

    def take_over(who: int) -> bool:
        together.wait()
        return controls.take_over(left, str(who), NOON + HOUR)

    with ThreadPoolExecutor(4) as threads:
        assert sum(threads.map(take_over, range(4))) == 1
    controls.settle(left, ScheduledState.BEGUN, run_id="r_9")
    controls.settle(left, ScheduledState.SKIPPED)
    newest = controls.newest(CAMPAIGN.id)
    assert newest is not None
    assert (newest.state, newest.run_id) == (ScheduledState.BEGUN, "r_9")


def test_a_second_run_of_a_campaign_does_not_begin_beside_an_open_one(engine: Engine) -> None:
    seed(engine)
    runs = RunStore(engine)
    second = RUN.model_copy(update={"id": "r_2"})
    with pytest.raises(RunOpen, match=RUN.id):
        runs.start(second, CAMPAIGN)
    runs.finish(RUN.id, NOON)
    assert runs.start(second, CAMPAIGN) == second


def test_parked_contacts_go_back_on_the_queue_and_their_run_is_under_way_again(engine: Engine) -> None:
    seed(engine)
    runs = RunStore(engine)
    runs.record(RUN.id, [], [])
    for contact in (ADA, BEN):
        runs.mark(
            RunContact(
                run_id=RUN.id,
                contact_id=contact.id,
                outcome=ContactOutcome.PARKED,
                reason="it broke",
                updated_at=NOON,
            )
        )
    runs.finish(RUN.id, NOON)
    assert runs.retry_parked(RUN.id, ADA.id, NOON + HOUR) == 1
    assert runs.get(RUN.id).status is RunStatus.RUNNING
    assert [line.contact_id for line in runs.queued(RUN.id)] == [ADA.id]


def test_a_name_is_held_by_one_worker(engine: Engine) -> None:
    one, two = ContactLocks(engine), ContactLocks(engine)
    with one.holding("r_1:c_1") as first, one.holding("r_1:c_1") as again:
        assert (first, again) == (True, False)
        if engine.dialect.name == "postgresql":
            with two.holding("r_1:c_1") as other, two.holding("r_1:c_2") as elsewhere:
                assert (other, elsewhere) == (False, True)
    with two.holding("r_1:c_1") as later:
        assert later
    one.close()
    two.close()
