"""Contacts on their way in: who a row speaks of, what it may change, and what it forbids for good."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select

from domain.events import Event, EventKind
from domain.people import EmailStatus, LifecycleStage, Seniority, SuppressionReason
from domain.records import ContactRow, MergeRow
from memory.crm.bulk import insert_new_rows
from memory.crm.cards import drop_contact_cards
from memory.crm.identities import (
    ExternalId,
    contacts_by_email,
    known_ids,
    merge_contacts,
    normalised_email,
    stable_id,
)
from memory.crm.intake_accounts import AccountBook, account_key
from memory.crm.intake_erased import ERASED_REASON
from memory.crm.journal import append_events
from memory.crm.overlay import BORN, Batch, overlay, overlay_attributes
from memory.crm.statements import CONSENTS, CONTACTS, IDENTITIES, batches, insert_new, upsert
from memory.crm.stops import Stops

FIELDS = (
    "email",
    "account_id",
    "first_name",
    "last_name",
    "job_title",
    "department",
    "seniority",
    "country",
    "region",
    "time_zone",
    "language",
    "phone",
    "lifecycle_stage",
    "stage_since",
    "owner",
    "created_at",
)
_RANK = {stage: number for number, stage in enumerate(LifecycleStage)}
_LOOKED_UP_AT_ONCE = 2_000
_OPT_OUTS = frozenset(SuppressionReason) - {SuppressionReason.HARD_BOUNCE}


def take_contacts(batch: Batch, rows: Sequence[ContactRow]) -> None:
    """Store a batch of contacts with their accounts, stops and consents."""
    if rows:
        _ContactBook(batch, rows).take_all()


def take_merges(batch: Batch, rows: Sequence[MergeRow]) -> None:
    """Make one contact of two ids; where both were contacts already, of two contacts."""
    pairs = [
        (row.source, external) for row in rows for external in (row.kept_external_id, row.merged_external_id)
    ]
    ids = known_ids(batch.connection, "contact", pairs)
    for row in rows:
        kept_pair, merged_pair = (row.source, row.kept_external_id), (row.source, row.merged_external_id)
        kept, merged = ids.get(kept_pair), ids.get(merged_pair)
        if kept is None and merged is None:
            cells = {"kept": row.kept_external_id, "merged": row.merged_external_id}
            batch.reject("merges", row.place, "neither of the two is among the contacts", cells)
            continue
        if kept == merged:
            batch.tally.count("merges", "unchanged")
            continue
        if kept and merged:
            merge_contacts(batch.connection, kept, merged)
            ids = {pair: kept if known == merged else known for pair, known in ids.items()}
        else:
            pair, known = (merged_pair, kept) if kept else (kept_pair, merged)
            insert_new(batch.connection, IDENTITIES, [_identity(pair, known or "")])
            ids[pair] = known or ""
        batch.tally.count("merges", "merged")


class _ContactBook:
    """The contacts a batch speaks of. Nothing is written before the whole batch is understood."""

    def __init__(self, batch: Batch, rows: Sequence[ContactRow]) -> None:
        self._batch = batch
        self._rows = rows
        connection = batch.connection
        self._addresses = [normalised_email(row.email) if row.email else None for row in rows]
        self._ids = known_ids(connection, "contact", [pair for row in rows for pair in _pairs(row)])
        self._by_email = contacts_by_email(connection, {address for address in self._addresses if address})
        self._stored: dict[str, dict[str, Any]] = {}
        fresh = (self._fresh_id(row, address) for row, address in zip(rows, self._addresses, strict=True))
        self._load({*self._ids.values(), *self._by_email.values(), *(one for one in fresh if one)})
        known = {contact["email"] for contact in self._stored.values()} | set(self._addresses)
        self._stops = Stops(batch, {address for address in known if address}, set(self._stored))
        self._accounts = AccountBook(batch, (account_key(row) for row in rows))
        self._new: dict[str, None] = {}
        self._changed: dict[str, None] = {}
        self._identities: list[dict[str, str]] = []
        self._consents: list[dict[str, Any]] = []
        self._merges: list[tuple[str, str]] = []
        self._events: list[Event] = []

    def take_all(self) -> None:
        for row, address in zip(self._rows, self._addresses, strict=True):
            self._take(row, address)
        self._store()

    def _take(self, row: ContactRow, address: str | None) -> None:
        for doubt in row.doubts:
            self._batch.doubt(row.place, doubt, _cells(row))
        erased = SuppressionReason.ERASED.value in self._stops.reasons(address, None)
        contact_id = self._resolve(row, address)
        if row.is_deleted or erased:
            self._stop(row, address, contact_id)
            if erased:
                # Without the row's cells: what is written out would bring back who was erased.
                self._batch.reject("contacts", row.place, ERASED_REASON, {})
            else:
                self._batch.tally.count("contacts", "skipped")
            return
        if contact_id is None and not row.external_id and not address:
            reason = "no id and no e-mail address" if not row.email else "no id and no usable e-mail address"
            self._reject(row, reason)
            return
        is_new = contact_id is None
        contact_id = contact_id or self._begin(row, address)
        bits = self._batch.given.of(contact_id)
        is_linked = self._link(row, contact_id)
        has_changed = self._lay_over(row, address, contact_id)
        if self._stop(row, address, contact_id):
            has_changed = True
        self._consent(row, address, contact_id)
        self._settle_email(contact_id)
        if is_new:
            self._batch.tally.count("contacts", "added")
        elif is_linked or (bits & BORN):
            self._batch.tally.count("contacts", "merged")
        else:
            self._batch.tally.count("contacts", "changed" if has_changed else "unchanged")

    # Who it is ----------------------------------------------------------------------------------------

    def _resolve(self, row: ContactRow, address: str | None) -> str | None:
        ids = [self._ids[pair] for pair in _pairs(row) if pair in self._ids]
        by_email = self._by_email.get(address) if address else None
        contact_id = ids[0] if ids else by_email
        if contact_id is not None and not row.is_deleted:
            self._merges += [(contact_id, other) for other in ids[1:] if other != contact_id]
        return contact_id

    def _begin(self, row: ContactRow, address: str | None) -> str:
        contact_id = self._fresh_id(row, address) or ""
        while contact_id in self._stored:
            contact_id = stable_id("c", contact_id)
            self._load({contact_id})
        self._stored[contact_id] = {
            **dict.fromkeys(FIELDS),
            "id": contact_id,
            "email_status": EmailStatus.MISSING.value,
            "seniority": Seniority.UNKNOWN.value,
            "lifecycle_stage": LifecycleStage.LEAD.value,
            "attributes": {},
        }
        self._new[contact_id] = None
        self._batch.given.keep(contact_id, BORN)
        return contact_id

    def _link(self, row: ContactRow, contact_id: str) -> bool:
        """Remember the row's ids; tell whether its own id was not known before."""
        is_new = bool(row.external_id) and (row.source, row.external_id) not in self._ids
        for pair in _pairs(row):
            if pair not in self._ids:
                self._ids[pair] = contact_id
                self._identities.append(_identity(pair, contact_id))
        return is_new

    @staticmethod
    def _fresh_id(row: ContactRow, address: str | None) -> str | None:
        name = row.external_id or address
        return stable_id("c", row.source, name) if name else None

    # What it says -------------------------------------------------------------------------------------

    def _lay_over(self, row: ContactRow, address: str | None, contact_id: str) -> bool:
        contact, is_new = self._stored[contact_id], contact_id in self._new
        bits = self._batch.given.of(contact_id)
        is_repeat = bool(bits & ~BORN)
        old_email, old_stage = contact["email"], contact["lifecycle_stage"]
        old_since = contact["stage_since"]
        given = dict(row.__dict__)
        given["email"] = self._free_address(address, contact_id)
        given["account_id"] = self._account(row)
        if given["seniority"] is Seniority.UNKNOWN:
            given["seniority"] = None
        if row.stage_since and contact["stage_since"] and row.stage_since <= contact["stage_since"]:
            # An older file read again, or later, must not take a customer back to the lead they once were.
            given["stage_since"] = None
            if row.lifecycle_stage and _RANK[row.lifecycle_stage] < _RANK[LifecycleStage(old_stage)]:
                given["lifecycle_stage"] = None
        changed, bits = overlay(contact, given, FIELDS, bits)
        self._batch.given.keep(contact_id, bits)
        extra = {**row.attributes, **({"city": row.city} if row.city else {})}
        if row.email and not address:
            self._batch.tally.warn("unusable e-mail address")
            extra["unusable_email"] = row.email[:320]
        has_extra = overlay_attributes(contact, extra, is_repeat=is_repeat)
        if "email" in changed:
            if old_email:
                self._by_email.pop(old_email, None)
            self._by_email[contact["email"]] = contact_id
            contact["email_status"] = EmailStatus.USABLE.value
        elif row.email and not address and contact["email"] is None:
            contact["email_status"] = EmailStatus.INVALID.value
        if "lifecycle_stage" in changed and not is_new:
            self._tell_stage(row, contact, old_stage, old_since)
        if (changed or has_extra) and not is_new:
            self._changed[contact_id] = None
        return bool(changed) or has_extra

    def _free_address(self, address: str | None, contact_id: str) -> str | None:
        """The row's address, unless another contact has it: an address belongs to one person."""
        owner = self._by_email.get(address or "", contact_id)
        if owner == contact_id:
            return address
        if self._is_only_an_address(owner):
            self._merges.append((contact_id, owner))
        else:
            self._batch.tally.warn("e-mail address already belongs to another contact")
        return None

    def _is_only_an_address(self, contact_id: str) -> bool:
        """Tell whether a contact is known by nothing but its address: then the address says who it is."""
        if contact_id in self._ids.values():
            return False
        query = select(IDENTITIES.c.internal_id).where(
            IDENTITIES.c.noun == "contact", IDENTITIES.c.internal_id == contact_id
        )
        return self._batch.connection.execute(query).first() is None

    def _account(self, row: ContactRow) -> str | None:
        key = account_key(row)
        if not (key.external_id or key.domain or key.name):
            return None
        account_id = self._accounts.resolve(key, is_own_row=False)
        if account_id is None and (key.name or key.domain):
            account_id = self._accounts.add(key)
        if account_id is None:
            self._batch.tally.warn("account is not among the accounts")
        return account_id

    def _tell_stage(
        self, row: ContactRow, contact: dict[str, Any], old_stage: str, old_since: datetime | None
    ) -> None:
        stage, at = contact["lifecycle_stage"], row.stage_since or self._batch.now
        self._events.append(
            Event(
                id=f"{row.source}:stage:{contact['id']}:{stage}:{at.isoformat()}",
                kind=EventKind.STAGE_CHANGED,
                at=at,
                source=row.source,
                contact_id=contact["id"],
                account_id=contact["account_id"],
                # The record forgets when the old stage began; what was decided in it must still be told so.
                properties={
                    "from": old_stage,
                    "to": stage,
                    **({"from_since": old_since.isoformat()} if old_since else {}),
                },
            )
        )

    # What it forbids and allows -----------------------------------------------------------------------

    def _stop(self, row: ContactRow, address: str | None, contact_id: str | None) -> bool:
        """Add the row's stops; tell whether one is new."""
        contact = self._stored.get(contact_id or "")
        # Who has no address yet is stopped under the contact's own id, so that one found later is stopped too.
        where = address or (contact and contact["email"]) or contact_id
        if where is None:
            return False
        stands = self._stops.reasons(where, contact_id)
        if row.is_opted_out is False and stands & {reason.value for reason in _OPT_OUTS}:
            self._batch.tally.warn("kept suppressed: the file says not opted out")
        if row.is_bounced is False and self._stops.has_bounced(where):
            self._batch.tally.warn("kept suppressed: the file says not bounced")
        proof, is_new = f"{row.place.file}, row {row.place.row}", False
        for reason, since in _stops_of(row):
            is_new |= self._stops.add(where, contact_id, reason, since or self._batch.now, proof)
        return is_new

    def _consent(self, row: ContactRow, address: str | None, contact_id: str) -> None:
        if row.consent_basis is None or row.is_opted_out:
            return
        if self._stops.reasons(address, contact_id) & {reason.value for reason in _OPT_OUTS}:
            self._batch.tally.warn("kept suppressed: a consent in the file does not lift an opt-out")
            return
        self._consents.append(
            {
                "contact_id": contact_id,
                "channel": "email",
                "basis": row.consent_basis.value,
                "is_granted": True,
                "recorded_at": row.consent_at or row.created_at,
                "source": row.consent_source or row.source,
                "wording": row.consent_wording,
                "proof": f"{row.place.file}, row {row.place.row}",
                "scope": "marketing",
                "expires_at": None,
                "ground": row.consent_ground.value if row.consent_ground else None,
                "ground_ref": row.consent_ground_ref,
                "goods": row.consent_goods,
                "opt_out_offered": row.consent_opt_out_offered,
            }
        )

    def _settle_email(self, contact_id: str) -> None:
        contact = self._stored[contact_id]
        bounced = EmailStatus.BOUNCED.value
        if contact["email_status"] != bounced and self._stops.has_bounced(contact["email"]):
            contact["email_status"] = bounced
            if contact_id not in self._new:
                self._changed[contact_id] = None

    # Reading and writing ------------------------------------------------------------------------------

    def _load(self, ids: set[str]) -> None:
        for part in batches(sorted(ids), _LOOKED_UP_AT_ONCE):
            rows = self._batch.connection.execute(select(CONTACTS).where(CONTACTS.c.id.in_(part)))
            self._stored.update({row["id"]: dict(row) for row in rows.mappings()})

    def _store(self) -> None:
        connection = self._batch.connection
        self._accounts.store()
        upsert(connection, CONTACTS, [self._stored[one] for one in self._changed], keys=["id"])
        drop_contact_cards(connection, self._changed)
        insert_new_rows(connection, CONTACTS, [self._stored[one] for one in self._new])
        insert_new_rows(connection, IDENTITIES, self._identities)
        self._stops.store()
        insert_new(connection, CONSENTS, self._unrecorded_consents())
        append_events(connection, self._events, self._batch.now)
        for kept, merged in self._merges:
            merge_contacts(connection, kept, merged)

    def _unrecorded_consents(self) -> list[dict[str, Any]]:
        """Consents of a contact, basis and source that are not on record yet: one without a time counts once."""
        if not self._consents:
            return []
        recorded: set[tuple[str, str, str]] = set()
        ids = sorted({row["contact_id"] for row in self._consents})
        for part in batches(ids, _LOOKED_UP_AT_ONCE):
            query = select(CONSENTS.c.contact_id, CONSENTS.c.basis, CONSENTS.c.source).where(
                CONSENTS.c.contact_id.in_(part), CONSENTS.c.is_granted
            )
            recorded.update(
                (contact, basis, source) for contact, basis, source in self._batch.connection.execute(query)
            )
        fresh = []
        for row in self._consents:
            is_recorded = (row["contact_id"], row["basis"], row["source"]) in recorded
            if row["recorded_at"] is not None or not is_recorded:
                fresh.append({**row, "recorded_at": row["recorded_at"] or self._batch.now})
        return fresh

    def _reject(self, row: ContactRow, reason: str) -> None:
        self._batch.reject("contacts", row.place, reason, _cells(row))


def _cells(row: ContactRow) -> dict[str, Any]:
    return row.model_dump(exclude={"place", "attributes", "doubts"})


def _pairs(row: ContactRow) -> list[ExternalId]:
    ids = (row.external_id, *row.other_external_ids)
    return [(row.source, external_id) for external_id in ids if external_id]


def _identity(pair: ExternalId, contact_id: str) -> dict[str, str]:
    return {"source": pair[0], "noun": "contact", "external_id": pair[1], "internal_id": contact_id}


def _stops_of(row: ContactRow) -> list[tuple[SuppressionReason, datetime | None]]:
    stops: list[tuple[SuppressionReason, datetime | None]] = []
    reason = row.suppression_reason
    if row.is_opted_out or reason in _OPT_OUTS:
        stops.append(
            (reason if reason in _OPT_OUTS and reason else SuppressionReason.UNSUBSCRIBED, row.opted_out_at)
        )
    if row.is_bounced or reason is SuppressionReason.HARD_BOUNCE:
        stops.append((SuppressionReason.HARD_BOUNCE, row.bounced_at))
    return stops
