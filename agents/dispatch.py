"""Hands one approved message to its channel: reserve, send, confirm; at most once.

The rules are checked again inside the reservation, because consent may have been withdrawn while the
draft waited for a person. A process that dies between `reserve` and `confirm` leaves the entry in
`sending`; `reconcile` asks the channel what became of it, and nothing is ever resent on a guess.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial

from agents.workbench import Workbench
from domain.content import ContentAsset
from domain.decision import Decision
from domain.dossier import Standing
from domain.errors import NotSent, SendUnknown
from domain.message import OutboxEntry, OutboxStatus, Verdict
from domain.review import DraftRecord
from domain.run import ContactOutcome
from policies.quiet_hours import is_open
from policies.send import check_send

MOST_ATTEMPTS = 5
"""After so many provably failed tries a message is given up and listed."""

FIRST_RETRY_WAIT = timedelta(minutes=15)
"""Wait before the second try; it doubles with every further one."""


async def deliver(entry_id: str, bench: Workbench) -> OutboxEntry:
    """Send one outbox entry if it is approved, due and still allowed; return it as it stands after."""
    now = bench.now()
    entry = bench.outbox.get(entry_id)
    if entry.status is OutboxStatus.APPROVED and not _may_arrive_now(entry, bench):
        return entry
    # Read before the transaction: inside it no second connection may be waited for.
    made = bench.archive.made_for(entry.decision_id)
    decision = _decision(entry, bench)
    asset = bench.crm.asset(decision.action.asset_id) if decision.action.asset_id else None
    check = partial(_check, bench=bench, asset=asset, made=made, value_cents=decision.value_cents)
    reserved = await bench.write(lambda: bench.outbox.reserve(entry_id, check, now))
    if reserved is None:
        return bench.outbox.get(entry_id)
    token, outbox = reserved.fencing_token, bench.outbox
    try:
        receipt = await bench.channel.send(reserved.message)
    except NotSent as failure:
        retry_at = None
        if failure.is_transient and reserved.attempts < MOST_ATTEMPTS:
            retry_at = now + FIRST_RETRY_WAIT * 2 ** (reserved.attempts - 1)
        settle = partial(outbox.release, entry_id, token, str(failure), retry_at=retry_at)
    except SendUnknown as doubt:
        settle = partial(outbox.lose, entry_id, token, str(doubt))
    else:
        settle = partial(outbox.confirm, entry_id, token, receipt)
    return await bench.write(partial(_settle, settle, bench))


def _settle(settle: Callable[[], OutboxEntry], bench: Workbench) -> OutboxEntry:
    """Write what became of the message, and its line in the audit."""
    after = settle()
    bench.audit.append(
        "send",
        after.id,
        {"status": after.status.value, "sha256": after.message.sha256, "attempt": after.attempts},
    )
    return after


def _may_arrive_now(entry: OutboxEntry, bench: Workbench) -> bool:
    """Leave a message waiting outside the recipient's hours; inside the reservation it would be refused."""
    now = bench.now()
    known = bench.kept(entry.run_id, entry.contact_id)
    contact = known.dossier.contact if known else bench.crm.contact(entry.contact_id)
    return entry.not_before <= now and is_open(contact, now, bench.rules)


def _check(
    standing: Standing,
    entry: OutboxEntry,
    *,
    bench: Workbench,
    asset: ContentAsset | None,
    made: DraftRecord | None,
    value_cents: float | None,
) -> Verdict:
    return check_send(
        standing,
        entry,
        bench.sender,
        bench.rules,
        bench.now(),
        asset=asset,
        made=made,
        raw=bench.rendered(entry.message),
        value_cents=value_cents,
    )


def _decision(entry: OutboxEntry, bench: Workbench) -> Decision:
    known = bench.kept(entry.run_id, entry.contact_id)
    return known.decision if known else bench.crm.decision(entry.decision_id)


OUTCOME_OF_STATUS = {
    OutboxStatus.PENDING: ContactOutcome.WAITING,
    OutboxStatus.APPROVED: ContactOutcome.SCHEDULED,
    OutboxStatus.SENDING: ContactOutcome.UNKNOWN,
    OutboxStatus.SENT: ContactOutcome.SENT,
    OutboxStatus.UNKNOWN: ContactOutcome.UNKNOWN,
    OutboxStatus.FAILED: ContactOutcome.NOT_SENT,
    OutboxStatus.REFUSED: ContactOutcome.NOT_SENT,
    OutboxStatus.WITHDRAWN: ContactOutcome.REJECTED,
}
"""How a run's ledger calls what the outbox says."""
