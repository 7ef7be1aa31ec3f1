"""What providers tell about our messages: kept raw, journalled once, acted on, whatever order it comes in.

Everything here is a function of the set of events: a repeat adds nothing, and the ordered and the shuffled
stream end in the same rows. Stops are applied in the transaction that stores the event, so the next
reservation of a message sees them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, delete, select, update

from domain.base import utc_now
from domain.delivery import BounceClass, MailEvent, MailEventKind, OnceToken
from domain.errors import WebhookRefused
from domain.events import Event, EventKind
from domain.message import OutboxEntry, OutboxStatus
from domain.people import OF_ADDRESS_ONLY, SuppressionReason
from domain.ports import Audit, Clock
from memory.crm.identities import addresses_in, contacts_by_email, normalised_email
from memory.crm.journal import append_events
from memory.crm.matching import Ours, find_ours, messages_where
from memory.crm.outbox import OutboxStore
from memory.crm.statements import (
    EVENTS,
    OUTBOX,
    WEBHOOK_EVENTS,
    WEBHOOK_TOKENS,
    batches,
    insert_new,
    sharing,
    writing,
)
from memory.crm.stopping import Stop, add_stop
from policies.feedback import Click, is_machine_agent, machine_clicks
from policies.rulebook import FeedbackRules

_JOURNALLED = {
    MailEventKind.DELIVERED: EventKind.EMAIL_DELIVERED,
    MailEventKind.DEFERRED: EventKind.EMAIL_DEFERRED,
    MailEventKind.REJECTED: EventKind.EMAIL_DROPPED,
    MailEventKind.FAILED: EventKind.EMAIL_DROPPED,
    MailEventKind.OPENED: EventKind.EMAIL_OPENED,
    MailEventKind.CLICKED: EventKind.EMAIL_CLICKED,
    MailEventKind.COMPLAINED: EventKind.EMAIL_COMPLAINED,
    MailEventKind.UNSUBSCRIBED: EventKind.EMAIL_UNSUBSCRIBED,
}
"""`sent` and `queued` are not: our own event of it stands already, and a second would count as pressure."""

_STOPPING = {
    MailEventKind.COMPLAINED: SuppressionReason.COMPLAINT,
    MailEventKind.UNSUBSCRIBED: SuppressionReason.UNSUBSCRIBED,
}
_TIMED = (MailEventKind.DELIVERED.value, MailEventKind.CLICKED.value)
_TOKENS_KEPT = timedelta(days=1)
_LOOKED_UP_AT_ONCE = 500


ErasedAmong = Callable[[Connection, Collection[str]], Collection[str]]
"""Returns those of some addresses that belong to people who were erased."""


def nobody_erased(_connection: Connection, _addresses: Collection[str]) -> Collection[str]:
    """Nobody was erased."""
    return ()


@dataclass
class Taken:
    """What one delivery of events did; `dropped` are those about people who were erased."""

    new: int = 0
    repeats: int = 0
    dropped: int = 0
    unmatched: int = 0
    stopped: int = 0
    settled: list[OutboxEntry] = field(default_factory=list)


class DeliveryStore:
    """Takes events of providers, and settles sends of unknown fate by them."""

    def __init__(
        self,
        engine: Engine,
        rules: FeedbackRules,
        audit: Audit,
        clock: Clock = utc_now,
        erased_among: ErasedAmong = nobody_erased,
    ) -> None:
        self._engine = engine
        self._erased_among = erased_among
        self._rules = rules
        self._audit = audit
        self._clock = clock

    def take(self, provider: str, events: Sequence[MailEvent], once: OnceToken | None = None) -> Taken:
        """Store events that are new and do what they ask for, all in one transaction.

        Args:
            provider: whose events these are.
            events: as read from one webhook, in any order, repeats included.
            once: the token of a signature that does not cover the body.

        Raises:
            WebhookRefused: the token came before with another body.

        """
        with writing(self._engine) as connection, sharing(connection):
            now, taken = self._clock(), Taken()
            if once is not None:
                _use_once(connection, provider, once, now)
            # In order of ids, so that two webhooks at once never wait for each other's rows.
            distinct = sorted({event.id: event for event in events}.values(), key=lambda event: event.id)
            known = _known(connection, [event.id for event in distinct])
            new = [event for event in distinct if event.id not in known]
            taken.repeats = len(events) - len(new)
            fresh = self._without_erased(connection, new)
            taken.new, taken.dropped = len(fresh), len(new) - len(fresh)
            if fresh:
                self._store(connection, fresh, now, taken)
            return taken

    def reconcile(self) -> list[OutboxEntry]:
        """Settle every message of unknown fate that a provider has told about since; return those.

        Whatever a provider says of a message, it took it: the entry becomes `sent`.
        """
        with writing(self._engine) as connection, sharing(connection):
            now = self._clock()
            connection.execute(
                delete(WEBHOOK_TOKENS).where(WEBHOOK_TOKENS.c.received_at < now - _TOKENS_KEPT)
            )
            told = select(WEBHOOK_EVENTS.c.outbox_id).where(WEBHOOK_EVENTS.c.outbox_id.is_not(None))
            unknown = select(OUTBOX.c.id).where(
                OUTBOX.c.status == OutboxStatus.UNKNOWN.value, OUTBOX.c.id.in_(told)
            )
            ids = [str(one) for one in connection.execute(unknown).scalars()]
            return self._settle(messages_where(connection, OUTBOX.c.id.in_(ids))) if ids else []

    def was_taken(self, entry_id: str) -> bool | None:
        """Tell whether a provider has spoken of this message: True, or None where nothing was heard."""
        query = select(WEBHOOK_EVENTS.c.id).where(WEBHOOK_EVENTS.c.outbox_id == entry_id).limit(1)
        with self._engine.connect() as connection:
            return True if connection.execute(query).first() else None

    def events_of(self, outbox_id: str) -> tuple[dict[str, Any], ...]:
        """Return what was told about one message, oldest first, as rows with their raw records."""
        query = (
            select(WEBHOOK_EVENTS)
            .where(WEBHOOK_EVENTS.c.outbox_id == outbox_id)
            .order_by(WEBHOOK_EVENTS.c.at, WEBHOOK_EVENTS.c.id)
        )
        with self._engine.connect() as connection:
            return tuple(dict(row) for row in connection.execute(query).mappings())

    def _without_erased(self, connection: Connection, events: Sequence[MailEvent]) -> Sequence[MailEvent]:
        """Leave out what is about people who were erased: not even the raw record comes back."""
        named = {event.id: _named(event) for event in events}
        addresses = {address for those in named.values() for address in those}
        erased = set(self._erased_among(connection, addresses)) if addresses else set()
        return [event for event in events if erased.isdisjoint(named[event.id])] if erased else events

    def _store(self, connection: Connection, fresh: Sequence[MailEvent], now: datetime, taken: Taken) -> None:
        ours = find_ours(
            connection,
            [event.outbox_id for event in fresh],
            [event.message_id for event in fresh],
            [event.provider_message_id for event in fresh],
        )
        meant = [ours.of(event.outbox_id, event.message_id, event.provider_message_id) for event in fresh]
        addresses = [
            _address(event.address) if event.address else (one.address if one else None)
            for event, one in zip(fresh, meant, strict=True)
        ]
        by_email = contacts_by_email(connection, {address for address in addresses if address})
        rows, journal, stops = [], [], []
        for event, one, address in zip(fresh, meant, addresses, strict=True):
            contact_id = one.contact_id if one else by_email.get(address or "")
            is_machine = event.is_machine or is_machine_agent(event.user_agent, self._rules)
            rows.append(_row(event, one, address, contact_id, is_machine, now))
            if contact_id is None:
                taken.unmatched += 1
            elif (kind := _kind(event)) is not None:
                journal.append(_journalled(event, kind, one, contact_id, is_machine))
            stops += _stops(event, one, address, contact_id)
        insert_new(connection, WEBHOOK_EVENTS, rows)
        append_events(connection, journal, now)
        self._mark_machines(connection, fresh, meant)
        # Stops, then messages, then the audit: the order in which a reservation takes its locks.
        in_order = sorted(stops, key=lambda stop: (stop.address, stop.reason, stop.since, stop.proof))
        new = [stop for stop in in_order if add_stop(connection, stop)]
        unknown = [one for one in meant if one and one.status == OutboxStatus.UNKNOWN.value]
        taken.settled = self._settle({one.outbox_id: one for one in unknown}.values())
        taken.stopped = len(new)
        for stop in new:
            # By the event and not by the contact: the audit outlives an erasure.
            self._audit.append("stop", stop.proof, {"reason": stop.reason.value, "source": stop.source})

    def _mark_machines(
        self, connection: Connection, fresh: Sequence[MailEvent], meant: Sequence[Ours | None]
    ) -> None:
        """Look again at every click on the messages these events speak of."""
        touched = {
            one.outbox_id: one
            for event, one in zip(fresh, meant, strict=True)
            if one is not None and event.kind.value in _TIMED
        }
        for part in batches(sorted(touched), _LOOKED_UP_AT_ONCE):
            query = select(WEBHOOK_EVENTS).where(
                WEBHOOK_EVENTS.c.outbox_id.in_(part), WEBHOOK_EVENTS.c.kind.in_(_TIMED)
            )
            told: dict[str, list[Any]] = {}
            for row in connection.execute(query):
                told.setdefault(row.outbox_id, []).append(row)
            for outbox_id, lines in told.items():
                clicks = [line for line in lines if line.kind == MailEventKind.CLICKED.value]
                left_at = [line.at for line in lines if line.kind == MailEventKind.DELIVERED.value]
                sent_at = touched[outbox_id].sent_at
                found = machine_clicks(
                    [Click(line.id, line.at, line.url) for line in clicks],
                    [*left_at, *([sent_at] if sent_at else [])],
                    self._rules,
                )
                for line in clicks:
                    connection.execute(
                        update(EVENTS)
                        .where(EVENTS.c.id == line.id)
                        .values(is_machine=line.is_machine or line.id in found)
                    )

    def _settle(self, messages: Collection[Ours]) -> list[OutboxEntry]:
        return [
            self.settle(one.outbox_id, True, one.fencing_token, "the provider told about it afterwards")
            for one in sorted(messages, key=lambda one: one.outbox_id)
        ]

    def settle(
        self,
        entry_id: str,
        was_sent: bool | None,
        fencing_token: int,
        detail: str,
        retry_at: datetime | None = None,
    ) -> OutboxEntry:
        """Write down what became of a send of unknown fate, and tell the audit; see `OutboxStore.settle_unknown`.

        Everybody who finds out comes here: what a provider told, what a channel says when asked, a person.
        """
        outbox = OutboxStore(self._engine, self._clock)
        after = outbox.settle_unknown(
            entry_id, was_sent, fencing_token=fencing_token, detail=detail, retry_at=retry_at
        )
        self._audit.append("reconcile", after.id, {"status": after.status.value, "detail": detail})
        return after


def _use_once(connection: Connection, provider: str, once: OnceToken, now: datetime) -> None:
    row = {"provider": provider, "token": once.token, "body_sha256": once.body_sha256, "received_at": now}
    if insert_new(connection, WEBHOOK_TOKENS, [row]):
        return
    stands = select(WEBHOOK_TOKENS.c.body_sha256).where(
        WEBHOOK_TOKENS.c.provider == provider, WEBHOOK_TOKENS.c.token == once.token
    )
    if connection.execute(stands).scalar_one() != once.body_sha256:
        raise WebhookRefused(provider, "its token was used before, for another body")


def _known(connection: Connection, ids: Sequence[str]) -> set[str]:
    found: set[str] = set()
    for part in batches(ids, _LOOKED_UP_AT_ONCE):
        query = select(WEBHOOK_EVENTS.c.id).where(WEBHOOK_EVENTS.c.id.in_(part))
        found.update(connection.execute(query).scalars())
    return found


def _named(event: MailEvent) -> list[str]:
    """Whom an event is about, however it is written; where it does not say, whoever its raw record names."""
    if event.address is None:
        return addresses_in(json.dumps(event.raw, ensure_ascii=False))
    return [event.address, *addresses_in(event.address)]


def _address(written: str) -> str | None:
    """The address in `dana@northwind.example` or `Dana Ruiz <dana@northwind.example>`."""
    return normalised_email(written) or normalised_email(next(reversed(addresses_in(written)), ""))


def _kind(event: MailEvent) -> EventKind | None:
    if event.kind is MailEventKind.BOUNCED:
        is_hard = event.bounce is BounceClass.HARD
        return EventKind.EMAIL_BOUNCED if is_hard else EventKind.EMAIL_SOFT_BOUNCED
    return _JOURNALLED.get(event.kind)


def _stops(event: MailEvent, one: Ours | None, address: str | None, contact_id: str | None) -> list[Stop]:
    """The stops an event asks for."""
    is_hard = event.kind is MailEventKind.BOUNCED and event.bounce is BounceClass.HARD
    reason = SuppressionReason.HARD_BOUNCE if is_hard else _STOPPING.get(event.kind, event.stops)
    if reason is None:
        return []
    # A complaint may name an address we never wrote to (a forwarded copy): ours is stopped as well.
    named = {address, one.address.lower() if one and reason not in OF_ADDRESS_ONLY else None}
    source, proof = f"webhook:{event.provider}", f"event {event.id}"
    return [Stop(where, contact_id, reason, event.at, source, proof) for where in named if where]


def _row(
    event: MailEvent,
    one: Ours | None,
    address: str | None,
    contact_id: str | None,
    is_machine: bool,
    now: datetime,
) -> dict[str, Any]:
    return {
        "id": event.id,
        "provider": event.provider,
        "kind": event.kind.value,
        "at": event.at,
        "address": address,
        "outbox_id": one.outbox_id if one else None,
        "contact_id": contact_id,
        "bounce": event.bounce.value if event.bounce else None,
        "url": event.url,
        "is_machine": is_machine,
        "raw": event.raw,
        "received_at": now,
    }


def _journalled(
    event: MailEvent, kind: EventKind, one: Ours | None, contact_id: str, is_machine: bool
) -> Event:
    said: dict[str, Any] = {"detail": event.detail[:500], "url": event.url}
    if event.bounce:
        said["bounce"] = event.bounce.value
    if one:
        said |= {
            "outbox_id": one.outbox_id,
            "campaign_id": one.campaign_id,
            "run_id": one.run_id,
            "decision_id": one.decision_id,
            "message_id": one.message_id,
        }
    return Event(
        id=event.id,
        kind=kind,
        at=event.at,
        source=event.provider,
        contact_id=contact_id,
        account_id=one.account_id if one else None,
        asset_id=one.asset_id if one else None,
        subject=one.subject if one else None,
        is_machine=is_machine,
        properties={name: value for name, value in said.items() if value},
    )
