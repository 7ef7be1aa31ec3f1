"""The outbox: at most once, nothing silently lost.

reserve → send → confirm. `reserve` judges everything again in the transaction that marks the message
`sending`; whoever does not hold that mark's fencing token changes nothing any more. A send cut off in
between stays `sending` until it is reconciled; it is never sent again by itself.

Over 400 lines on purpose: every way an entry can move stands in one place, to be read against the others.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, and_, bindparam, func, or_, select, text, update

from domain.base import utc_now
from domain.errors import DuplicateSend, NotFound
from domain.events import Event, EventKind
from domain.message import Finding, OutboxEntry, OutboxStatus, Receipt, Severity, Verdict
from domain.ports import Clock, SendCheck
from domain.run import ContactOutcome
from domain.schedule import CampaignState, Pace
from memory.crm import codec
from memory.crm.controls import standing_in
from memory.crm.journal import append_events
from memory.crm.standing import OUR_SOURCE, STILL_OPEN, standing_for_send
from memory.crm.statements import (
    CAMPAIGN_STATES,
    CONTACTS,
    DECISIONS,
    OUTBOX,
    RUN_CONTACTS,
    insert_new,
    is_postgres,
    writing,
)
from memory.crm.tallies import count, first_reached

_WAITING_STATES = [state.value for state in CampaignState if state.waits]

# Built once: every message asks these several times, and building a statement costs more than running it.

_ENTRY = select(OUTBOX).where(OUTBOX.c.id == bindparam("id"))
_ENTRY_LOCKED = _ENTRY.with_for_update()
_CHANGE = update(OUTBOX).where(OUTBOX.c.id == bindparam("entry_id"))
_ABOUT = select(
    select(CONTACTS.c.account_id).where(CONTACTS.c.id == bindparam("contact_id")).scalar_subquery(),
    select(DECISIONS.c.asset_id).where(DECISIONS.c.id == bindparam("decision_id")).scalar_subquery(),
)


class OutboxStore:
    """Implements `domain.ports.Outbox` on the CRM tables."""

    def __init__(self, engine: Engine, clock: Clock = utc_now) -> None:
        self._engine = engine
        self._clock = clock

    def put(self, entry: OutboxEntry) -> OutboxEntry:
        """Store a pending or approved entry; the same id again returns what is stored.

        Raises:
            DuplicateSend: where another message of this run or campaign already has the place.
            ValueError: for an entry that claims to be further on than it can be.

        """
        with writing(self._engine) as connection:
            return put_entry(connection, entry)

    def get(self, entry_id: str) -> OutboxEntry:
        """Return one entry. Raises `NotFound`."""
        with self._engine.connect() as connection:
            return _entry(connection, entry_id)

    def reserve(
        self, entry_id: str, check: SendCheck, now: datetime, paces: Sequence[Pace] = ()
    ) -> OutboxEntry | None:
        """Move an approved, due entry to `sending` under a new fencing token, or return None.

        Only the call that made the move gets the entry; `get` tells everyone else why not. A message of a
        paused campaign stays as it is, one of a stopped campaign is withdrawn, one beyond a pace waits
        until that resets.
        """
        with writing(self._engine) as connection:
            entry = _entry(connection, entry_id)
            if is_postgres(connection):
                _lock_for_send(connection, entry)
                entry = _entry(connection, entry_id)
            if entry.status is not OutboxStatus.APPROVED or entry.not_before > now:
                return None
            campaign = standing_in(connection, entry.campaign_id)
            if campaign.state is CampaignState.STOPPED:
                _change(connection, entry, now, status=OutboxStatus.WITHDRAWN, detail=campaign.in_words)
                return None
            if campaign.state.waits:
                return None
            if reached := first_reached(connection, paces):
                _wait(connection, entry, now, reached.resets_at, reached.why)
                return None
            reason = _why_not(connection, entry, check, now)
            if reason is not None:
                _change(connection, entry, now, status=OutboxStatus.REFUSED, detail=reason)
                return None
            count(connection, paces)
            return _change(
                connection,
                entry,
                now,
                status=OutboxStatus.SENDING,
                fencing_token=entry.fencing_token + 1,
                attempts=entry.attempts + 1,
                sent_at=now,
                detail="",
            )

    def confirm(self, entry_id: str, fencing_token: int, receipt: Receipt) -> OutboxEntry:
        """Mark `sent` and write the event of it, if the token is still the current one."""

        def sent(connection: Connection, entry: OutboxEntry) -> OutboxEntry:
            return _mark_sent(connection, entry, receipt, self._clock())

        return self._finish(entry_id, fencing_token, sent)

    def release(
        self, entry_id: str, fencing_token: int, detail: str, *, retry_at: datetime | None
    ) -> OutboxEntry:
        """A provably unsent message: back to `approved` for `retry_at`, or `failed` where that is None."""

        def released(connection: Connection, entry: OutboxEntry) -> OutboxEntry:
            return _mark_unsent(connection, entry, detail, retry_at, self._clock())

        return self._finish(entry_id, fencing_token, released)

    def lose(self, entry_id: str, fencing_token: int, detail: str) -> OutboxEntry:
        """Mark `unknown`: nobody can tell whether it went out. It is never sent again by itself."""

        def lost(connection: Connection, entry: OutboxEntry) -> OutboxEntry:
            return _change(connection, entry, self._clock(), status=OutboxStatus.UNKNOWN, detail=detail)

        return self._finish(entry_id, fencing_token, lost)

    def settle_unknown(
        self,
        entry_id: str,
        was_sent: bool | None,
        *,
        fencing_token: int,
        detail: str,
        retry_at: datetime | None = None,
    ) -> OutboxEntry:
        """Settle an entry left `sending` by a dead process, or `unknown`, by what was found out.

        Args:
            entry_id: the entry.
            was_sent: True marks it `sent`; False, provably not, makes it `failed` or, with `retry_at`,
                `approved` again; None leaves it `unknown`, for a person to see.
            fencing_token: the token of the entry as it was looked at; another one changes nothing.
            detail: how it was found out.
            retry_at: when a provably unsent message may be tried again.

        """
        with writing(self._engine) as connection:
            entry = _locked(connection, entry_id)
            unsettled = entry.status in {OutboxStatus.SENDING, OutboxStatus.UNKNOWN}
            if not unsettled or entry.fencing_token != fencing_token:
                return entry
            now = self._clock()
            if was_sent is None:
                return _change(connection, entry, now, status=OutboxStatus.UNKNOWN, detail=detail)
            if not was_sent:
                return _mark_unsent(connection, entry, detail, retry_at, now)
            receipt = Receipt(
                provider="reconciled",
                provider_message_id=entry.message.message_id,
                accepted_at=_sent_at(connection, entry.id) or now,
                detail=detail,
            )
            return _mark_sent(connection, entry, receipt, now)

    def withdraw(self, entry_id: str, detail: str) -> OutboxEntry:
        """Take back a message nobody started to send; any other is returned as it stands."""
        unsent = (OutboxStatus.PENDING, OutboxStatus.APPROVED, OutboxStatus.HELD)
        return self._move(entry_id, unsent, OutboxStatus.WITHDRAWN, detail=detail)

    def hold(self, entry_id: str, detail: str) -> OutboxEntry:
        """Let an approved message wait for a person; any other is returned as it stands."""
        return self._move(entry_id, (OutboxStatus.APPROVED,), OutboxStatus.HELD, detail=detail)

    def let_go(self, entry_id: str, detail: str, not_before: datetime) -> OutboxEntry:
        """A person says that a held message goes out after all, not before `not_before`."""
        held = (OutboxStatus.HELD,)
        return self._move(entry_id, held, OutboxStatus.APPROVED, detail=detail, not_before=not_before)

    def wait(self, entry_id: str, until: datetime, detail: str) -> OutboxEntry:
        """Put an approved message off; any other is returned as it stands."""
        approved = (OutboxStatus.APPROVED,)
        return self._move(entry_id, approved, OutboxStatus.APPROVED, detail=detail, not_before=until)

    def freshen(self, campaign_id: str, now: datetime) -> int:
        """A person let a campaign go on: its due messages count as due from now. Return how many there are."""
        due = update(OUTBOX).where(
            OUTBOX.c.campaign_id == campaign_id,
            OUTBOX.c.status == OutboxStatus.APPROVED.value,
            OUTBOX.c.not_before <= now,
        )
        with writing(self._engine) as connection:
            return connection.execute(due.values(updated_at=now)).rowcount

    def due(
        self, now: datetime, limit: int = 100, after: tuple[datetime, str] | None = None
    ) -> tuple[OutboxEntry, ...]:
        """Return approved entries whose time has come, the longest waiting first; none of a paused campaign.

        Args:
            now: UTC time.
            limit: at most so many.
            after: `not_before` and id of the last entry seen; only later ones are returned.

        """
        waiting = select(CAMPAIGN_STATES.c.campaign_id).where(CAMPAIGN_STATES.c.state.in_(_WAITING_STATES))
        query = select(OUTBOX).where(
            OUTBOX.c.status == OutboxStatus.APPROVED.value,
            OUTBOX.c.not_before <= now,
            OUTBOX.c.campaign_id.not_in(waiting),
        )
        if after is not None:
            at, entry_id = after
            later = and_(OUTBOX.c.not_before == at, OUTBOX.c.id > entry_id)
            query = query.where(or_(OUTBOX.c.not_before > at, later))
        return self._entries(query.order_by(OUTBOX.c.not_before, OUTBOX.c.id).limit(limit))

    def recover(self, now: datetime, older_than: timedelta, limit: int = 1_000) -> tuple[OutboxEntry, ...]:
        """Return entries left `sending` for longer than `older_than`, to be looked up at the provider.

        `older_than` must exceed the channel's own timeout: a slower sender is still at work.
        """
        query = (
            select(OUTBOX)
            .where(OUTBOX.c.status == OutboxStatus.SENDING.value, OUTBOX.c.updated_at <= now - older_than)
            .order_by(OUTBOX.c.updated_at, OUTBOX.c.id)
            .limit(limit)
        )
        return self._entries(query)

    def untold(self, limit: int = 1_000) -> tuple[OutboxEntry, ...]:
        """Return entries of which their run's ledger does not know yet: ended, or there although not reached."""
        told = {
            OutboxStatus.SENT: ContactOutcome.SENT,
            OutboxStatus.UNKNOWN: ContactOutcome.UNKNOWN,
            OutboxStatus.FAILED: ContactOutcome.NOT_SENT,
            OutboxStatus.REFUSED: ContactOutcome.NOT_SENT,
            OutboxStatus.WITHDRAWN: ContactOutcome.REJECTED,
            OutboxStatus.HELD: ContactOutcome.WAITING,
        }
        differs = or_(
            *(
                and_(OUTBOX.c.status == status.value, RUN_CONTACTS.c.outcome != outcome.value)
                for status, outcome in told.items()
            ),
            and_(
                OUTBOX.c.status.in_([OutboxStatus.PENDING.value, OutboxStatus.APPROVED.value]),
                RUN_CONTACTS.c.outcome == ContactOutcome.NOT_REACHED.value,
            ),
        )
        of_contact = and_(
            RUN_CONTACTS.c.run_id == OUTBOX.c.run_id, RUN_CONTACTS.c.contact_id == OUTBOX.c.contact_id
        )
        query = (
            select(OUTBOX)
            .join(RUN_CONTACTS, of_contact)
            .where(differs, RUN_CONTACTS.c.outcome != ContactOutcome.QUEUED.value)
            .limit(limit)
        )
        return self._entries(query)

    def entries(
        self,
        *,
        status: OutboxStatus | None = None,
        run_id: str | None = None,
        campaign_id: str | None = None,
        contact_id: str | None = None,
        limit: int = 100,
        offset: int = 0,
    ) -> tuple[OutboxEntry, ...]:
        """Return entries, the most recently changed first."""
        query = select(OUTBOX)
        if campaign_id is not None:
            query = query.where(OUTBOX.c.campaign_id == campaign_id)
        if status is not None:
            query = query.where(OUTBOX.c.status == status.value)
        if run_id is not None:
            query = query.where(OUTBOX.c.run_id == run_id)
        if contact_id is not None:
            query = query.where(OUTBOX.c.contact_id == contact_id)
        return self._entries(
            query.order_by(OUTBOX.c.updated_at.desc(), OUTBOX.c.id).limit(limit).offset(offset)
        )

    def counts(self, run_id: str | None = None) -> dict[OutboxStatus, int]:
        """Return how many entries stand where."""
        query = select(OUTBOX.c.status, func.count()).group_by(OUTBOX.c.status)
        if run_id is not None:
            query = query.where(OUTBOX.c.run_id == run_id)
        with self._engine.connect() as connection:
            return {OutboxStatus(status): many for status, many in connection.execute(query)}

    def open_by_campaign(self) -> dict[str, dict[OutboxStatus, int]]:
        """Return how many messages of each campaign are approved, held, or sent to nobody knows where."""
        waiting = [OutboxStatus.APPROVED.value, OutboxStatus.HELD.value, OutboxStatus.UNKNOWN.value]
        query = select(OUTBOX.c.campaign_id, OUTBOX.c.status, func.count()).where(
            OUTBOX.c.status.in_(waiting)
        )
        found: dict[str, dict[OutboxStatus, int]] = {}
        with self._engine.connect() as connection:
            grouped = query.group_by(OUTBOX.c.campaign_id, OUTBOX.c.status)
            for campaign_id, status, many in connection.execute(grouped):
                found.setdefault(campaign_id, {})[OutboxStatus(status)] = many
        return found

    def _finish(
        self,
        entry_id: str,
        fencing_token: int,
        act: Callable[[Connection, OutboxEntry], OutboxEntry],
    ) -> OutboxEntry:
        """Do `act` if this entry is still being sent under this token, else return it as it stands."""
        with writing(self._engine) as connection:
            entry = _locked(connection, entry_id)
            if entry.status is not OutboxStatus.SENDING or entry.fencing_token != fencing_token:
                return entry
            return act(connection, entry)

    def _move(
        self, entry_id: str, states: Sequence[OutboxStatus], to: OutboxStatus, **values: Any
    ) -> OutboxEntry:
        """Move an entry that stands in one of `states`; any other is returned as it stands."""
        with writing(self._engine) as connection:
            entry = _locked(connection, entry_id)
            if entry.status not in states:
                return entry
            return _change(connection, entry, self._clock(), status=to, **values)

    def _entries(self, query: Any) -> tuple[OutboxEntry, ...]:
        with self._engine.connect() as connection:
            return tuple(codec.entry_of(row) for row in connection.execute(query).mappings())


def put_entry(connection: Connection, entry: OutboxEntry) -> OutboxEntry:
    """Store an entry inside the caller's transaction; see `OutboxStore.put`."""
    if entry.status not in {OutboxStatus.PENDING, OutboxStatus.APPROVED}:
        raise ValueError(f"entry {entry.id} is {entry.status.value}: only pending or approved ones are put")
    if insert_new(connection, OUTBOX, [codec.entry_row(entry)]):
        return entry
    stored = connection.execute(_ENTRY, {"id": entry.id}).mappings().first()
    if stored is not None:
        return codec.entry_of(stored)
    raise _duplicate(connection, entry)


def _duplicate(connection: Connection, entry: OutboxEntry) -> DuplicateSend:
    same_run = OUTBOX.c.run_id == entry.run_id
    same_campaign = (OUTBOX.c.campaign_id == entry.campaign_id) & OUTBOX.c.status.in_(STILL_OPEN)
    of_contact = (OUTBOX.c.contact_id == entry.contact_id) & or_(same_run, same_campaign)
    standing = connection.execute(
        select(OUTBOX.c.id, OUTBOX.c.status)
        .where(or_(of_contact, OUTBOX.c.message_id == entry.message.message_id))
        .limit(1)
    ).first()
    standing_id, status = (standing.id, standing.status) if standing else ("gone by now", "put it again")
    return DuplicateSend(entry.contact_id, entry.campaign_id, standing_id, status)


def _lock_for_send(connection: Connection, entry: OutboxEntry) -> None:
    """Order matters, and must be the same everywhere: stops, then the contact, then the entry.

    Whoever records an opt-out either commits before the standing is read or waits until the
    reservation is over; two messages to one contact are judged one after the other.
    """
    connection.execute(text("LOCK TABLE suppressions, consents, campaign_states IN SHARE MODE"))
    contact = select(CONTACTS.c.id).where(CONTACTS.c.id == entry.contact_id)
    connection.execute(contact.with_for_update(key_share=True))
    connection.execute(select(OUTBOX.c.id).where(OUTBOX.c.id == entry.id).with_for_update())


def _why_not(connection: Connection, entry: OutboxEntry, check: SendCheck, now: datetime) -> str | None:
    if entry.approved_sha256 != entry.message.sha256:
        return "A-06: the message is not the one that was approved"
    standing = standing_for_send(connection, entry, now)
    # Checked again: consent may have been withdrawn while the message waited.
    verdict = check(standing, entry)
    if verdict.blocks:
        return _line(_first(verdict, Severity.BLOCK))
    if verdict.holds:
        return f"{_line(_first(verdict, Severity.HOLD))} (needs a person)"
    return None


def _wait(
    connection: Connection, entry: OutboxEntry, now: datetime, until: datetime, why: str
) -> OutboxEntry:
    return _change(connection, entry, now, status=OutboxStatus.APPROVED, not_before=until, detail=why)


def _first(verdict: Verdict, severity: Severity) -> Finding:
    return next(finding for finding in verdict.findings if finding.severity is severity)


def _line(finding: Finding) -> str:
    return f"{finding.rule_id}: {finding.reason}"


def _mark_sent(connection: Connection, entry: OutboxEntry, receipt: Receipt, now: datetime) -> OutboxEntry:
    about = {"contact_id": entry.contact_id, "decision_id": entry.decision_id}
    account_id, asset_id = connection.execute(_ABOUT, about).one()
    event = Event(
        id=f"{OUR_SOURCE}:{entry.id}:sent",
        kind=EventKind.EMAIL_SENT,
        at=receipt.accepted_at,
        source=OUR_SOURCE,
        contact_id=entry.contact_id,
        account_id=account_id,
        asset_id=asset_id,
        subject=entry.message.subject,
        properties={
            "campaign_id": entry.campaign_id,
            "run_id": entry.run_id,
            "decision_id": entry.decision_id,
            "message_id": entry.message.message_id,
            "provider": receipt.provider,
            "provider_message_id": receipt.provider_message_id,
        },
    )
    append_events(connection, [event], now)
    return _change(
        connection,
        entry,
        now,
        status=OutboxStatus.SENT,
        sent_at=receipt.accepted_at,
        receipt=receipt.model_dump(mode="json"),
        provider_message_id=receipt.provider_message_id,
        detail=receipt.detail,
    )


def _mark_unsent(
    connection: Connection, entry: OutboxEntry, detail: str, retry_at: datetime | None, now: datetime
) -> OutboxEntry:
    if retry_at is None:
        return _change(connection, entry, now, status=OutboxStatus.FAILED, sent_at=None, detail=detail)
    return _change(
        connection,
        entry,
        now,
        status=OutboxStatus.APPROVED,
        sent_at=None,
        not_before=retry_at,
        detail=detail,
    )


def _sent_at(connection: Connection, entry_id: str) -> datetime | None:
    return connection.execute(select(OUTBOX.c.sent_at).where(OUTBOX.c.id == entry_id)).scalar()


def _change(
    connection: Connection, entry: OutboxEntry, now: datetime, *, status: OutboxStatus, **values: Any
) -> OutboxEntry:
    """Write the change and return the entry as it then stands; the caller holds it, nobody else can write."""
    columns = {**values, "status": status.value, "updated_at": now}
    connection.execute(_CHANGE, {"entry_id": entry.id, **columns})
    known = {name: value for name, value in values.items() if name in OutboxEntry.model_fields}
    return OutboxEntry.model_validate({**dict(entry), **known, "status": status, "updated_at": now})


def _locked(connection: Connection, entry_id: str) -> OutboxEntry:
    return _entry(connection, entry_id, lock=True)


def _entry(connection: Connection, entry_id: str, *, lock: bool = False) -> OutboxEntry:
    query = _ENTRY_LOCKED if lock and is_postgres(connection) else _ENTRY
    row = connection.execute(query, {"id": entry_id}).mappings().first()
    if row is None:
        raise NotFound("outbox entry", entry_id, "See `attune outbox list`.")
    return codec.entry_of(row)
