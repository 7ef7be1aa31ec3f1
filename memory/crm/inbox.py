"""Mail that reached us: kept once, matched to its thread and its writer, a person's to read where it is unclear.

What a mail asks for is done in the transaction that keeps it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, Engine, select, update

from domain.base import utc_now
from domain.delivery import InboundKind, InboundMail, InboundRecord
from domain.errors import NotFound, ReviewRejected
from domain.events import Event, EventKind
from domain.people import SuppressionReason
from domain.ports import Audit, Clock
from memory.crm.delivery import ErasedAmong, nobody_erased
from memory.crm.erasure import BLANK
from memory.crm.identities import addresses_in, contacts_by_email, normalised_email
from memory.crm.journal import append_events
from memory.crm.matching import Ours, find_ours
from memory.crm.statements import INBOUND, insert_new, sharing, writing
from memory.crm.stopping import Stop, add_stop, lift_pause, set_pause

STOPPED, KEPT = "stopped", "kept"
"""What a person settles an unclear mail as: it was an opt-out, or it was none."""

_SOURCE = "reply"

_UNCLEAR_CHANNEL = "all"
"""Apart from a pause the person chose, which settling must not end."""


class InboxStore:
    """Takes what people sent us."""

    def __init__(
        self,
        engine: Engine,
        audit: Audit,
        clock: Clock = utc_now,
        erased_among: ErasedAmong = nobody_erased,
    ) -> None:
        self._engine = engine
        self._erased_among = erased_among
        self._audit = audit
        self._clock = clock

    def thread_of(self, mail: InboundMail, outbox_id: str | None = None) -> Ours | None:
        """Return our message that a mail answers: by its references, the nearest first, or by our own id."""
        with self._engine.connect() as connection:
            return _thread(connection, mail, outbox_id)

    def take(
        self,
        mail: InboundMail,
        kind: InboundKind,
        *,
        outbox_id: str | None = None,
        hold_reason: str | None = None,
        span: str | None = None,
    ) -> InboundRecord | None:
        """Keep a mail and do what it asks for; None where it was taken before, or is an erased person's.

        That is a mail of theirs, or a bounce report about their address. In any other their addresses are blanked.

        A reply is the thread's where the mail names one of our Message-IDs, which only a reader of ours knows:
        that alone reaches the journal, and so the learner. An opt-out holds for whoever wrote it and for
        whoever the message was for.

        Args:
            mail: what came.
            kind: what it was taken for.
            outbox_id: our message, where the mail names it otherwise than by its references.
            hold_reason: why a person has to read it.
            span: the words an opt-out was read from.

        """
        with writing(self._engine) as connection, sharing(connection):
            now, ours = self._clock(), _thread(connection, mail, outbox_id)
            writer = normalised_email(mail.from_address)
            about = {*([writer] if writer else []), *(bounced.address for bounced in mail.bounces)}
            if about and self._erased_among(connection, about):
                return None
            by_email = contacts_by_email(connection, {writer} if writer else set())
            contact_id = ours.contact_id if ours else by_email.get(writer or "")
            record = InboundRecord(
                id=mail.id,
                source=mail.source,
                kind=kind,
                from_address=mail.from_address,
                subject=self._without_erased(connection, mail.subject),
                text=self._without_erased(connection, mail.text),
                at=mail.at,
                received_at=now,
                contact_id=contact_id,
                outbox_id=ours.outbox_id if ours else None,
                hold_reason=hold_reason,
            )
            if not insert_new(connection, INBOUND, [_row(record)]):
                return None
            if ours and kind is InboundKind.REPLY:
                append_events(connection, [_replied(record, ours)], now)
            if kind in {InboundKind.OPT_OUT, InboundKind.UNSURE}:
                people = _people(writer, by_email, ours)
                self._stop(connection, people, mail, is_sure=kind is InboundKind.OPT_OUT, span=span)
            return record

    def get(self, record_id: str) -> InboundRecord:
        """Return one mail. Raises `NotFound`."""
        with self._engine.connect() as connection:
            return _record(connection, record_id)

    def records(
        self, *, only_waiting: bool = False, limit: int = 20, offset: int = 0
    ) -> tuple[InboundRecord, ...]:
        """Return mails, the newest first."""
        query = select(INBOUND).order_by(INBOUND.c.received_at.desc(), INBOUND.c.id)
        if only_waiting:
            query = query.where(INBOUND.c.hold_reason.is_not(None), INBOUND.c.settled_at.is_(None))
        with self._engine.connect() as connection:
            rows = connection.execute(query.limit(limit).offset(offset)).mappings()
            return tuple(InboundRecord.model_validate(dict(row)) for row in rows)

    def settle(self, record_id: str, settled_as: str, by: str) -> InboundRecord:
        """Let a person say whether an unclear mail was an opt-out.

        Raises:
            NotFound: there is no such mail.
            ReviewRejected: it does not wait for a person.

        """
        if settled_as not in {STOPPED, KEPT}:
            raise ValueError(f"{settled_as!r} is neither {STOPPED!r} nor {KEPT!r}")
        with writing(self._engine) as connection, sharing(connection):
            record = _record(connection, record_id)
            if not record.waits:
                raise ReviewRejected(f"Mail {record_id} does not wait for anybody. Nothing was changed.")
            now = self._clock()
            thread = find_ours(connection, [record.outbox_id], []).of(record.outbox_id, None, None)
            writer = normalised_email(record.from_address)
            by_email = contacts_by_email(connection, {writer} if writer else set())
            unread = _addresses_unread(connection, but=record_id)
            for address, contact_id in _people(writer, by_email, thread):
                if settled_as == STOPPED:
                    reason = SuppressionReason.UNSUBSCRIBED
                    proof = f"mail {record.id}, read by {by}"
                    add_stop(connection, Stop(address, contact_id, reason, record.at, _SOURCE, proof))
                if address not in unread:
                    lift_pause(connection, address, _UNCLEAR_CHANNEL, SuppressionReason.PAUSED)
            if settled_as == KEPT and thread:
                append_events(connection, [_replied(record, thread)], now)
            changes = {"settled_at": now, "settled_by": by, "settled_as": settled_as}
            connection.execute(update(INBOUND).where(INBOUND.c.id == record_id).values(changes))
            self._audit.append("inbox", record_id, {"settled_as": settled_as, "by": by})
            return record.model_copy(update=changes)

    def _without_erased(self, connection: Connection, text: str) -> str:
        """Blank the addresses of erased people in what somebody else wrote."""
        found = set(addresses_in(text))
        erased = self._erased_among(connection, found) if found else ()
        for address in sorted(erased, key=len, reverse=True):
            text = text.replace(address, BLANK)
        return text

    def _stop(
        self,
        connection: Connection,
        people: Sequence[tuple[str, str | None]],
        mail: InboundMail,
        *,
        is_sure: bool,
        span: str | None,
    ) -> None:
        """Stop the writer for good, or until somebody has read an unclear mail."""
        proof = f"mail {mail.id}: {(span or '')[:200]!r}"
        reason = SuppressionReason.UNSUBSCRIBED if is_sure else SuppressionReason.PAUSED
        for address, contact_id in people:
            if is_sure:
                add_stop(connection, Stop(address, contact_id, reason, mail.at, _SOURCE, proof))
            else:
                stop = Stop(address, contact_id, reason, mail.at, "unclear reply", proof, _UNCLEAR_CHANNEL)
                set_pause(connection, stop)
        if people:
            # By the mail and not by the contact: the audit outlives an erasure.
            told = {"reason": reason.value, "source": _SOURCE, "addresses": len(people)}
            self._audit.append("stop", f"mail {mail.id}", told)


def _thread(connection: Connection, mail: InboundMail, outbox_id: str | None) -> Ours | None:
    # Amazon SES replaces our Message-ID by its own id at a host of its own.
    local_parts = [reference.strip("<>").partition("@")[0] for reference in mail.references]
    known = find_ours(connection, [outbox_id], mail.references, local_parts)
    if outbox_id and (named := known.of(outbox_id, None, None)):
        return named
    for reference, local_part in zip(mail.references, local_parts, strict=True):
        if ours := known.of(None, reference, local_part):
            return ours
    return None


def _people(writer: str | None, by_email: dict[str, str], ours: Ours | None) -> list[tuple[str, str | None]]:
    """Who an opt-out is for: the writer, and the one our message was for."""
    found: dict[str, str | None] = {}
    if writer:
        found[writer] = by_email.get(writer)
    if ours:
        found[ours.address.lower()] = ours.contact_id
    return sorted(found.items(), key=lambda pair: pair[0])


def _addresses_unread(connection: Connection, but: str) -> set[str]:
    """The addresses another unclear mail holds back: they share one pause, which the last one settled lifts."""
    table = INBOUND.c
    query = select(table.from_address, table.outbox_id).where(
        table.hold_reason.is_not(None), table.settled_at.is_(None), table.id != but
    )
    waiting = connection.execute(query).all()
    threads = find_ours(connection, [row.outbox_id for row in waiting], [])
    people = (
        _people(normalised_email(row.from_address), {}, threads.of(row.outbox_id, None, None))
        for row in waiting
    )
    return {address for those in people for address, _ in those}


def _replied(record: InboundRecord, ours: Ours) -> Event:
    return Event(
        id=f"inbox:{record.id}",
        kind=EventKind.EMAIL_REPLIED,
        at=record.at,
        source="inbox",
        contact_id=ours.contact_id,
        account_id=ours.account_id,
        asset_id=ours.asset_id,
        subject=record.subject,
        text=record.text,
        properties={
            "outbox_id": ours.outbox_id,
            "campaign_id": ours.campaign_id,
            "run_id": ours.run_id,
            "decision_id": ours.decision_id,
            "message_id": ours.message_id,
        },
    )


def _row(record: InboundRecord) -> dict[str, object]:
    return {**dict(record), "kind": record.kind.value}


def _record(connection: Connection, record_id: str) -> InboundRecord:
    row = connection.execute(select(INBOUND).where(INBOUND.c.id == record_id)).mappings().first()
    if row is None:
        raise NotFound("mail", record_id, "See `attune inbox list`.")
    return InboundRecord.model_validate(dict(row))


def place_of(found: dict[str, object] | None) -> str | None:
    """The place in a mailbox as it was kept."""
    said = (found or {}).get("place")
    return said if isinstance(said, str) else None


def kept_at(place: str, at: datetime) -> dict[str, str]:
    """A place in a mailbox, to be kept."""
    return {"place": place, "at": at.isoformat()}
