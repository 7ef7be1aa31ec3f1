"""The outbox: one message at most, judged again at the last moment, and none ever lost from sight."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import Engine, update

from domain.dossier import Standing
from domain.errors import DuplicateSend, NotFound
from domain.events import Event, EventKind
from domain.message import OutboxEntry, OutboxStatus, Receipt, Severity, Verdict
from domain.people import Suppression, SuppressionReason
from domain.ports import SendCheck
from domain.run import ContactOutcome, RunContact
from memory.crm import codec
from memory.crm.journal import Journal
from memory.crm.outbox import OutboxStore
from memory.crm.runs import RunStore
from memory.crm.statements import OUTBOX, RUN_CONTACTS, SUPPRESSIONS, insert_all, writing
from tests.contracts.crm_sample import (
    ADA,
    BEN,
    CAMPAIGN,
    DAY,
    HOUR,
    NOON,
    RUN,
    decision,
    entry,
    message,
    seed,
    verdict,
)

RECEIPT = Receipt(provider="mailbox", provider_message_id="m1", accepted_at=NOON + HOUR)


@pytest.fixture
def outbox(engine: Engine) -> OutboxStore:
    seed(engine)
    RunStore(engine).start(
        RUN.model_copy(update={"id": "r_2", "campaign_id": "autumn"}),
        CAMPAIGN.model_copy(update={"id": "autumn"}),
    )
    RunStore(engine).record("r_1", [decision(ADA)], [])
    return OutboxStore(engine, lambda: NOON + HOUR)


def allows(_standing: Standing, _entry: OutboxEntry) -> Verdict:
    return Verdict()


def one_at_most(standing: Standing, _entry: OutboxEntry) -> Verdict:
    return verdict("C-26", Severity.BLOCK) if standing.sent_at else Verdict()


def no_stops(standing: Standing, _entry: OutboxEntry) -> Verdict:
    return verdict("C-19", Severity.BLOCK) if standing.suppressions else Verdict()


def reserve(outbox: OutboxStore, entry_id: str, check: SendCheck = allows) -> OutboxEntry:
    """Reserve what has to be reservable."""
    reserved = outbox.reserve(entry_id, check, NOON)
    assert reserved is not None
    return reserved


def after_refusal(outbox: OutboxStore, entry_id: str, check: SendCheck = allows) -> OutboxEntry:
    """Try to reserve what must not be reservable and return how it stands."""
    assert outbox.reserve(entry_id, check, NOON) is None
    return outbox.get(entry_id)


def test_the_same_id_again_returns_what_is_stored(outbox: OutboxStore) -> None:
    first = outbox.put(entry(ADA))
    again = outbox.put(entry(ADA, message=message(ADA, "Other words.")))
    assert again == first == outbox.get(first.id)


def test_a_second_message_in_the_same_run_is_a_duplicate(outbox: OutboxStore) -> None:
    outbox.put(entry(ADA))
    with pytest.raises(DuplicateSend, match=r"c_ada.*o_r_1_c_ada, approved"):
        outbox.put(entry(ADA, id="o_other", message=message(ADA, key="other")))


def test_a_campaign_has_one_open_message_a_contact_over_all_its_runs(outbox: OutboxStore) -> None:
    outbox.put(entry(ADA))
    with pytest.raises(DuplicateSend):
        outbox.put(entry(ADA, run_id="r_2"))
    outbox.withdraw("o_r_1_c_ada", "the run was stopped")
    assert outbox.put(entry(ADA, run_id="r_2")).status is OutboxStatus.APPROVED


def test_an_entry_cannot_be_put_as_sent(outbox: OutboxStore) -> None:
    with pytest.raises(ValueError, match="only pending or approved"):
        outbox.put(entry(ADA, status=OutboxStatus.SENT))


def test_an_unknown_entry_is_not_found(outbox: OutboxStore) -> None:
    with pytest.raises(NotFound):
        outbox.reserve("o_none", allows, NOON)


def test_reserve_send_confirm_leaves_a_sent_entry_and_one_event(outbox: OutboxStore, engine: Engine) -> None:
    outbox.put(entry(ADA))
    reserved = reserve(outbox, "o_r_1_c_ada")
    assert (reserved.status, reserved.fencing_token, reserved.attempts) == (OutboxStatus.SENDING, 1, 1)
    assert outbox.confirm(reserved.id, 1, RECEIPT).status is OutboxStatus.SENT
    assert outbox.confirm(reserved.id, 1, RECEIPT).status is OutboxStatus.SENT
    (event,) = Journal(engine).timeline(ADA.id)
    assert event.id == "attune:o_r_1_c_ada:sent"
    assert (event.kind, event.at, event.asset_id) == (EventKind.EMAIL_SENT, RECEIPT.accepted_at, "guide")
    assert (event.subject, event.account_id) == ("A guide for you", "a_1")


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"not_before": NOON + HOUR}, OutboxStatus.APPROVED),
        ({"status": OutboxStatus.PENDING, "approved_sha256": None}, OutboxStatus.PENDING),
    ],
)
def test_what_is_not_due_or_not_approved_stays_as_it_is(
    outbox: OutboxStore, changes: dict[str, Any], status: OutboxStatus
) -> None:
    stored = outbox.put(entry(ADA, **changes))
    assert stored.status is status
    assert after_refusal(outbox, stored.id) == stored


@pytest.mark.parametrize("approved_sha256", [None, "0" * 64])
def test_a_message_other_than_the_approved_one_is_refused(
    outbox: OutboxStore, approved_sha256: str | None
) -> None:
    outbox.put(entry(ADA, approved_sha256=approved_sha256))
    refused = after_refusal(outbox, "o_r_1_c_ada")
    assert (refused.status, refused.detail[:4]) == (OutboxStatus.REFUSED, "A-06")


@pytest.mark.parametrize(
    ("severity", "detail"),
    [(Severity.BLOCK, "C-07: because"), (Severity.HOLD, "C-07: because (needs a person)")],
)
def test_a_finding_at_the_last_moment_refuses_the_message(
    outbox: OutboxStore, severity: Severity, detail: str
) -> None:
    outbox.put(entry(ADA))
    refused = after_refusal(outbox, "o_r_1_c_ada", lambda _s, _e: verdict("C-07", severity))
    assert (refused.status, refused.detail) == (OutboxStatus.REFUSED, detail)


def test_a_warning_at_the_last_moment_stops_nothing(outbox: OutboxStore) -> None:
    outbox.put(entry(ADA))
    warned = reserve(outbox, "o_r_1_c_ada", lambda _s, _e: verdict("C-07", Severity.WARN))
    assert warned.status is OutboxStatus.SENDING


def test_a_rule_that_breaks_sends_nothing(outbox: OutboxStore) -> None:
    def broken(_standing: Standing, _entry: OutboxEntry) -> Verdict:
        raise ZeroDivisionError

    stored = outbox.put(entry(ADA))
    with pytest.raises(ZeroDivisionError):
        outbox.reserve(stored.id, broken, NOON)
    assert outbox.get(stored.id) == stored


def test_the_check_sees_earlier_sends_of_every_source_but_not_this_entry(
    outbox: OutboxStore, engine: Engine
) -> None:
    seen: list[Standing] = []

    def look(standing: Standing, _entry: OutboxEntry) -> Verdict:
        seen.append(standing)
        return Verdict()

    told = Event(
        id="hubspot:1", kind=EventKind.EMAIL_SENT, at=NOON - DAY, source="hubspot", contact_id=ADA.id
    )
    old = told.model_copy(update={"id": "hubspot:2", "at": NOON - 61 * DAY})
    Journal(engine).append([told, old])
    outbox.put(entry(ADA))
    outbox.reserve("o_r_1_c_ada", look, NOON)
    assert (seen[0].sent_at, seen[0].open_campaigns) == ((NOON - DAY,), ())
    outbox.confirm("o_r_1_c_ada", 1, RECEIPT)
    outbox.put(entry(ADA, run_id="r_2", campaign_id="autumn"))
    outbox.reserve("o_r_2_c_ada", look, NOON + DAY)
    assert seen[1].sent_at == (RECEIPT.accepted_at, NOON - DAY)


def test_a_stop_on_the_messages_address_counts_although_the_contact_has_moved(
    outbox: OutboxStore, engine: Engine
) -> None:
    stop = Suppression(
        address="old@northwind.example", reason=SuppressionReason.UNSUBSCRIBED, source="web", since=NOON
    )
    with writing(engine) as connection:
        insert_all(connection, SUPPRESSIONS, [codec.suppression_row(stop)])
    to_old = message(ADA).model_copy(update={"to_address": "old@northwind.example"})
    outbox.put(entry(ADA, message=to_old, approved_sha256=to_old.sha256))
    assert after_refusal(outbox, "o_r_1_c_ada", no_stops).status is OutboxStatus.REFUSED


def test_only_the_current_token_changes_what_is_being_sent(outbox: OutboxStore) -> None:
    outbox.put(entry(ADA))
    outbox.reserve("o_r_1_c_ada", allows, NOON)
    retried = outbox.release("o_r_1_c_ada", 1, "421 try later", retry_at=NOON)
    assert (retried.status, retried.detail) == (OutboxStatus.APPROVED, "421 try later")
    second = reserve(outbox, "o_r_1_c_ada")
    assert (second.fencing_token, second.attempts) == (2, 2)
    late: list[Callable[[], OutboxEntry]] = [
        lambda: outbox.confirm("o_r_1_c_ada", 1, RECEIPT),
        lambda: outbox.release("o_r_1_c_ada", 1, "late", retry_at=None),
        lambda: outbox.lose("o_r_1_c_ada", 1, "late"),
        lambda: outbox.settle_unknown("o_r_1_c_ada", False, fencing_token=1, detail="late"),
    ]
    assert [act() for act in late] == [second] * 4


def test_a_message_that_provably_failed_is_done_with(outbox: OutboxStore) -> None:
    outbox.put(entry(ADA))
    outbox.reserve("o_r_1_c_ada", allows, NOON)
    assert outbox.release("o_r_1_c_ada", 1, "550", retry_at=None).status is OutboxStatus.FAILED
    assert after_refusal(outbox, "o_r_1_c_ada").status is OutboxStatus.FAILED


@pytest.mark.parametrize(
    ("was_sent", "retry_at", "status"),
    [
        (True, None, OutboxStatus.SENT),
        (False, None, OutboxStatus.FAILED),
        (False, NOON + DAY, OutboxStatus.APPROVED),
        (None, None, OutboxStatus.UNKNOWN),
    ],
)
def test_a_cut_off_send_is_settled_by_what_was_found_out(
    outbox: OutboxStore,
    engine: Engine,
    was_sent: bool | None,
    retry_at: datetime | None,
    status: OutboxStatus,
) -> None:
    outbox.put(entry(ADA))
    outbox.reserve("o_r_1_c_ada", allows, NOON)
    assert outbox.recover(NOON + HOUR, 2 * HOUR) == ()
    (cut_off,) = outbox.recover(NOON + HOUR, HOUR)
    settled = outbox.settle_unknown(
        cut_off.id, was_sent, fencing_token=cut_off.fencing_token, detail="looked up", retry_at=retry_at
    )
    assert (settled.status, settled.detail) == (status, "looked up")
    assert len(Journal(engine).timeline(ADA.id)) == (was_sent is True)


def test_an_unknown_message_keeps_its_place_and_is_never_sent_again(outbox: OutboxStore) -> None:
    outbox.put(entry(ADA))
    outbox.reserve("o_r_1_c_ada", allows, NOON)
    assert outbox.lose("o_r_1_c_ada", 1, "no reply after the final dot").status is OutboxStatus.UNKNOWN
    assert after_refusal(outbox, "o_r_1_c_ada").status is OutboxStatus.UNKNOWN
    with pytest.raises(DuplicateSend):
        outbox.put(entry(ADA, run_id="r_2"))
    outbox.put(entry(ADA, run_id="r_2", campaign_id="autumn"))
    assert after_refusal(outbox, "o_r_2_c_ada", one_at_most).status is OutboxStatus.REFUSED


@pytest.mark.parametrize(
    ("status", "outcome", "is_untold"),
    [
        (OutboxStatus.SENT, ContactOutcome.WAITING, True),
        (OutboxStatus.SENT, ContactOutcome.NOT_REACHED, True),
        (OutboxStatus.SENT, ContactOutcome.SENT, False),
        (OutboxStatus.FAILED, ContactOutcome.SCHEDULED, True),
        (OutboxStatus.REFUSED, ContactOutcome.NOT_SENT, False),
        (OutboxStatus.UNKNOWN, ContactOutcome.SCHEDULED, True),
        (OutboxStatus.APPROVED, ContactOutcome.NOT_REACHED, True),
        (OutboxStatus.APPROVED, ContactOutcome.SCHEDULED, False),
        (OutboxStatus.PENDING, ContactOutcome.WAITING, False),
        # A queued line is a job's, which will tell by itself.
        (OutboxStatus.SENT, ContactOutcome.QUEUED, False),
    ],
)
def test_untold_is_what_the_ledger_does_not_say(
    outbox: OutboxStore, engine: Engine, status: OutboxStatus, outcome: ContactOutcome, is_untold: bool
) -> None:
    outbox.put(entry(ADA))
    line = RunContact(run_id="r_1", contact_id=ADA.id, outcome=outcome, updated_at=NOON)
    with writing(engine) as connection:
        insert_all(connection, RUN_CONTACTS, [codec.run_contact_row(line)])
        connection.execute(update(OUTBOX).values(status=status.value))
    assert [e.status for e in outbox.untold()] == ([status] if is_untold else [])


def test_due_lists_the_longest_waiting_first_and_pages(outbox: OutboxStore) -> None:
    outbox.put(entry(ADA, not_before=NOON - HOUR))
    outbox.put(entry(BEN, not_before=NOON - 2 * HOUR))
    outbox.put(entry(ADA, run_id="r_2", campaign_id="autumn", not_before=NOON + HOUR))
    assert [e.contact_id for e in outbox.due(NOON)] == ["c_ben", "c_ada"]
    assert [e.contact_id for e in outbox.due(NOON, limit=1)] == ["c_ben"]
    assert outbox.counts() == {OutboxStatus.APPROVED: 3}
    assert [e.id for e in outbox.entries(status=OutboxStatus.APPROVED, run_id="r_2")] == ["o_r_2_c_ada"]


def test_many_workers_reserve_one_message_once(outbox: OutboxStore) -> None:
    outbox.put(entry(ADA))
    together = Barrier(8)

    def work(_worker: int) -> OutboxEntry | None:
        together.wait()
        return outbox.reserve("o_r_1_c_ada", one_at_most, NOON)

    with ThreadPoolExecutor(8) as workers:
        reserved = [made for made in workers.map(work, range(8)) if made is not None]
    assert [(made.status, made.fencing_token) for made in reserved] == [(OutboxStatus.SENDING, 1)]
    assert outbox.get("o_r_1_c_ada") == reserved[0]


def test_two_campaigns_racing_for_one_contact_keep_the_pressure_limit(outbox: OutboxStore) -> None:
    outbox.put(entry(ADA))
    outbox.put(entry(ADA, run_id="r_2", campaign_id="autumn"))
    together = Barrier(2)

    def work(entry_id: str) -> OutboxEntry | None:
        together.wait()
        return outbox.reserve(entry_id, one_at_most, NOON)

    both = ["o_r_1_c_ada", "o_r_2_c_ada"]
    with ThreadPoolExecutor(2) as workers:
        assert list(workers.map(work, both)).count(None) == 1
    assert {outbox.get(entry_id).status for entry_id in both} == {OutboxStatus.SENDING, OutboxStatus.REFUSED}


def test_no_reservation_happens_after_an_opt_out_is_committed(outbox: OutboxStore, engine: Engine) -> None:
    """The opt-out starts while the check runs: it has to wait, so it cannot come before the send."""
    order: list[str] = []
    outbox.put(entry(ADA))

    def opt_out() -> None:
        stop = Suppression(
            address=str(ADA.email), reason=SuppressionReason.UNSUBSCRIBED, source="web", since=NOON
        )
        with writing(engine) as connection:
            insert_all(connection, SUPPRESSIONS, [codec.suppression_row(stop)])
            order.append("stopped")

    with ThreadPoolExecutor(1) as other:

        def check(standing: Standing, _entry: OutboxEntry) -> Verdict:
            racing.append(other.submit(opt_out))
            with pytest.raises(TimeoutError):
                racing[0].result(timeout=0.2)
            order.append("judged")
            return no_stops(standing, _entry)

        racing: list[Future[None]] = []
        assert reserve(outbox, "o_r_1_c_ada", check).status is OutboxStatus.SENDING
    assert order == ["judged", "stopped"]
