"""Hands one approved message to its channel: reserve, send, confirm; at most once.

The rules are checked again inside the reservation, because consent may have been withdrawn while the
draft waited for a person. A process that dies between `reserve` and `confirm` leaves the entry in
`sending`; `reconcile` asks the channel what became of it, and nothing is ever resent on a guess.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from agents.workbench import Workbench
from domain.content import ContentAsset
from domain.decision import Decision
from domain.dossier import Standing
from domain.errors import NotSent, SendUnknown
from domain.message import OutboxEntry, OutboxStatus, Receipt, Verdict
from domain.people import Contact
from domain.review import DraftRecord
from domain.run import ContactOutcome
from policies.pacing import is_overdue
from policies.quiet_hours import next_open
from policies.send import check_send

MOST_ATTEMPTS = 5
"""After so many provably failed tries a message is given up and listed."""

FIRST_RETRY_WAIT = timedelta(minutes=15)
"""Wait before the second try; it doubles with every further one."""

log = logging.getLogger("attune.send")

SENDING = "attune-send"
"""Tasks named so are between reserve and confirm. They are waited for, not cancelled, when a worker stops."""

SEND_LEASE = timedelta(minutes=10)
"""From reserving to the provider's answer at most. Nobody else touches the entry before it is over and more."""


async def deliver(entry_id: str, bench: Workbench) -> OutboxEntry:
    """Send one outbox entry if it is approved, due and still allowed; return it as it stands after.

    What may have left already (told by a database that is gone), and what is far overdue, is held for a person;
    outside the recipient's hours it is put off until they open.
    """
    now = bench.now()
    entry = bench.outbox.get(entry_id)
    if entry.status is not OutboxStatus.APPROVED or entry.not_before > now:
        return entry
    if doubt := bench.doubt(entry):
        return await bench.write(lambda: bench.outbox.hold(entry_id, doubt))
    if is_overdue(max(entry.not_before, entry.updated_at), now, bench.rules.delivery):
        detail = f"H-21: due since {entry.not_before:%Y-%m-%d %H:%M} UTC; does it still go out?"
        return await bench.write(lambda: bench.outbox.hold(entry_id, detail))
    opens = next_open(_recipient(entry, bench), now, bench.rules)
    if opens > now:
        return await bench.write(lambda: bench.outbox.wait(entry_id, opens, entry.detail))
    # Shielded: a worker that is told to stop ends what it has begun to send, or nobody could tell.
    sending = asyncio.create_task(_send(entry, now, bench), name=f"{SENDING}:{entry_id}")
    return await asyncio.shield(sending)


async def _send(entry: OutboxEntry, now: datetime, bench: Workbench) -> OutboxEntry:
    # Read before the transaction: inside it no second connection may be waited for.
    made = bench.archive.made_for(entry.decision_id)
    decision = _decision(entry, bench)
    asset = bench.crm.asset(decision.action.asset_id) if decision.action.asset_id else None
    check = partial(_check, bench=bench, asset=asset, made=made, value_cents=decision.value_cents)
    paces = bench.paces(entry, now)
    lease_ends = bench.seconds() + SEND_LEASE.total_seconds()
    reserved = await bench.write(lambda: bench.outbox.reserve(entry.id, check, now, paces))
    if reserved is None:
        return bench.outbox.get(entry.id)
    token, outbox = reserved.fencing_token, bench.outbox
    try:
        receipt = await _traced_send(reserved, lease_ends - bench.seconds(), bench)
    except NotSent as failure:
        retry_at = None
        if failure.is_transient and reserved.attempts < MOST_ATTEMPTS:
            retry_at = now + FIRST_RETRY_WAIT * 2 ** (reserved.attempts - 1)
        settle = partial(outbox.release, entry.id, token, str(failure), retry_at=retry_at)
    except SendUnknown as doubt:
        settle = partial(outbox.lose, entry.id, token, str(doubt))
    else:
        settle = partial(outbox.confirm, entry.id, token, receipt)
    return await bench.write(partial(_settle, settle, bench))


async def _traced_send(reserved: OutboxEntry, seconds_left: float, bench: Workbench) -> Receipt:
    """Hand the message over, and write down to whom of the providers, how long it took and what came of it."""
    ids = {"run_id": reserved.run_id, "contact_id": reserved.contact_id, "outbox_id": reserved.id}
    with bench.tracing.span("send", ids, kind="client") as span:
        span.note(campaign_id=reserved.campaign_id, channel=bench.channel.name, attempt=reserved.attempts)
        span.show("attune.to", reserved.message.to_address)
        span.show("attune.subject", reserved.message.subject)
        outcome = "unknown"
        try:
            receipt = await _within_lease(reserved, seconds_left, bench)
            outcome = "sent"
            return receipt
        except NotSent as failure:
            outcome = "put off" if failure.is_transient else "not sent"
            raise
        finally:
            span.note(outcome=outcome)
            log.info("send", extra=ids | {"channel": bench.channel.name, "outcome": outcome})


async def _within_lease(reserved: OutboxEntry, seconds_left: float, bench: Workbench) -> Receipt:
    """Hand the message over while nobody else may take it for abandoned.

    A process that was stopped for longer (a suspended machine) must not send: others may have settled it.
    """
    if seconds_left <= 0:
        raise NotSent("this process was held up until its lease was over", is_transient=True)
    try:
        async with asyncio.timeout(seconds_left):
            return await bench.channel.send(reserved.message)
    except TimeoutError as problem:
        raise SendUnknown("the channel gave no answer before the lease was over") from problem


def _settle(settle: Callable[[], OutboxEntry], bench: Workbench) -> OutboxEntry:
    """Write what became of the message, and its line in the audit."""
    after = settle()
    bench.audit.append(
        "send",
        after.id,
        {"status": after.status.value, "sha256": after.message.sha256, "attempt": after.attempts},
    )
    return after


def _recipient(entry: OutboxEntry, bench: Workbench) -> Contact:
    known = bench.kept(entry.run_id, entry.contact_id)
    return known.dossier.contact if known else bench.crm.contact(entry.contact_id)


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
    OutboxStatus.HELD: ContactOutcome.WAITING,
    OutboxStatus.SENDING: ContactOutcome.UNKNOWN,
    OutboxStatus.SENT: ContactOutcome.SENT,
    OutboxStatus.UNKNOWN: ContactOutcome.UNKNOWN,
    OutboxStatus.FAILED: ContactOutcome.NOT_SENT,
    OutboxStatus.REFUSED: ContactOutcome.NOT_SENT,
    OutboxStatus.WITHDRAWN: ContactOutcome.REJECTED,
}
"""How a run's ledger calls what the outbox says."""
