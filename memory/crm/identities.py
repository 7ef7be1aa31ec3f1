"""Who is who: ids that sources use, addresses in one form, and two contacts becoming one."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable, Mapping
from functools import lru_cache
from typing import Any

from email_validator import SPECIAL_USE_DOMAIN_NAMES, EmailNotValidError, validate_email
from sqlalchemy import Connection, delete, exists, or_, select, update

from domain.people import EmailStatus, Seniority, SuppressionReason
from memory.crm.cards import drop_contact_cards
from memory.crm.statements import (
    BUYING_ROLES,
    CONSENTS,
    CONTACTS,
    DECISIONS,
    EVENTS,
    IDENTITIES,
    INBOUND,
    MEMORIES,
    OUTBOX,
    PROPOSALS,
    RUN_CONTACTS,
    SUPPRESSIONS,
    WEBHOOK_EVENTS,
    batches,
    insert_new,
)

ExternalId = tuple[str, str]
"""Source, and what it calls the thing."""

_ADDRESS = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]{1,64}@[\w.-]{1,255}")
_PLAIN = re.compile(r"[a-z0-9_+-]+(?:\.[a-z0-9_+-]+)*@(?:[a-z0-9]+(?:-[a-z0-9]+)*\.)+([a-z]{2,63})")
_SPECIAL = frozenset(name.rpartition(".")[2] for name in SPECIAL_USE_DOMAIN_NAMES)
_LOOKED_UP_AT_ONCE = 5_000


@lru_cache(maxsize=20_000)
def normalised_email(written: str) -> str | None:
    """Return an address in the one form we keep (lower case, IDNA domain), or None if it cannot be used.

    A shared mailbox such as info@ is an address like any other here: whether to write to it is a rule.
    """
    address = written.strip().strip("<>").lower().removeprefix("mailto:")
    plain = _PLAIN.fullmatch(address)
    if plain and plain[1] not in _SPECIAL and len(address) <= 254 and address.find("@") <= 64:
        return address
    try:
        found = validate_email(address, check_deliverability=False)
    except EmailNotValidError:
        return None
    return f"{found.local_part.lower()}@{found.ascii_domain.lower()}"


def addresses_in(text: str) -> list[str]:
    """Return what looks like an e-mail address in a text, as it stands there; a full stop after it is not its part."""
    return [found.rstrip(".") for found in _ADDRESS.findall(text)]


def stable_id(prefix: str, *parts: str) -> str:
    """An id that is the same on every machine for the same thing: `c_` and 12 hex digits."""
    return f"{prefix}_{hashlib.sha256('|'.join(parts).encode()).hexdigest()[:12]}"


def known_ids(
    connection: Connection, noun: str, wanted: Iterable[ExternalId | None]
) -> dict[ExternalId, str]:
    """Our ids of the things sources call so; what nobody knows is missing."""
    by_source: dict[str, set[str]] = {}
    for pair in wanted:
        if pair is not None:
            by_source.setdefault(pair[0], set()).add(pair[1])
    found: dict[ExternalId, str] = {}
    for source, external_ids in by_source.items():
        for batch in batches(sorted(external_ids), _LOOKED_UP_AT_ONCE):
            query = select(IDENTITIES.c.external_id, IDENTITIES.c.internal_id).where(
                IDENTITIES.c.source == source, IDENTITIES.c.noun == noun, IDENTITIES.c.external_id.in_(batch)
            )
            found.update(((source, external), ours) for external, ours in connection.execute(query))
    return found


def contacts_by_email(connection: Connection, addresses: Collection[str]) -> dict[str, str]:
    """Contact ids by normalised address."""
    found: dict[str, str] = {}
    for batch in batches(sorted(addresses), _LOOKED_UP_AT_ONCE):
        query = select(CONTACTS.c.email, CONTACTS.c.id).where(CONTACTS.c.email.in_(batch))
        found.update((email, contact_id) for email, contact_id in connection.execute(query))
    return found


def merge_contacts(connection: Connection, kept_id: str, merged_id: str) -> None:
    """Make two contacts one: everything told about the merged one is told about the kept one from now on.

    Stops are kept whatever they say. A merged contact that a run, a decision or a message speaks of stays
    as an empty shell without an address, so that the past can still be read.
    """
    pair = {
        row["id"]: dict(row)
        for row in connection.execute(
            select(CONTACTS).where(CONTACTS.c.id.in_([kept_id, merged_id]))
        ).mappings()
    }
    if kept_id == merged_id or len(pair) < 2:
        return
    kept, merged = pair[kept_id], pair[merged_id]
    for told in (EVENTS, WEBHOOK_EVENTS, INBOUND):
        connection.execute(update(told).where(told.c.contact_id == merged_id).values(contact_id=kept_id))
    connection.execute(
        update(IDENTITIES)
        .where(IDENTITIES.c.noun == "contact", IDENTITIES.c.internal_id == merged_id)
        .values(internal_id=kept_id)
    )
    _move_stops(connection, kept_id, merged_id, merged["email"])
    for table in (BUYING_ROLES, CONSENTS):
        of_merged = connection.execute(select(table).where(table.c.contact_id == merged_id)).mappings()
        rows = [{**row, "contact_id": kept_id} for row in of_merged]
        connection.execute(delete(table).where(table.c.contact_id == merged_id))
        if table is CONSENTS:
            rows = [{name: value for name, value in row.items() if name != "id"} for row in rows]
        insert_new(connection, table, rows)
    if _is_spoken_of(connection, merged_id):
        shell = {
            "email": None,
            "email_status": EmailStatus.MISSING.value,
            "attributes": {"merged_into": kept_id},
        }
        connection.execute(update(CONTACTS).where(CONTACTS.c.id == merged_id).values(shell))
    else:
        connection.execute(delete(CONTACTS).where(CONTACTS.c.id == merged_id))
    connection.execute(update(CONTACTS).where(CONTACTS.c.id == kept_id).values(_completed(kept, merged)))
    drop_contact_cards(connection, (kept_id, merged_id))


def _move_stops(connection: Connection, kept_id: str, merged_id: str, address: str | None) -> None:
    of_person = SUPPRESSIONS.c.contact_id == merged_id
    if address:
        unowned = (SUPPRESSIONS.c.address == address) & SUPPRESSIONS.c.contact_id.is_(None)
        of_person = or_(of_person, unowned)
    connection.execute(update(SUPPRESSIONS).where(of_person).values(contact_id=kept_id))
    # A bounce speaks of an address; what the person said holds for the address the kept contact has, too,
    # because it is found by contact id.
    connection.execute(
        delete(SUPPRESSIONS).where(
            SUPPRESSIONS.c.address == merged_id, SUPPRESSIONS.c.reason == SuppressionReason.HARD_BOUNCE.value
        )
    )


def _is_spoken_of(connection: Connection, contact_id: str) -> bool:
    tables = (DECISIONS, RUN_CONTACTS, OUTBOX, PROPOSALS, MEMORIES)
    mentions = [exists().where(table.c.contact_id == contact_id) for table in tables]
    return bool(connection.execute(select(or_(*mentions))).scalar())


def _completed(kept: Mapping[str, Any], merged: Mapping[str, Any]) -> dict[str, Any]:
    """The kept contact with its gaps filled from the merged one."""
    values = {
        name: merged[name]
        for name in kept
        if kept[name] is None and merged[name] is not None and name not in ("id", "email", "email_status")
    }
    if kept["seniority"] == Seniority.UNKNOWN.value:
        values["seniority"] = merged["seniority"]
    if kept["email"] is None and merged["email"] is not None:
        values |= {"email": merged["email"], "email_status": merged["email_status"]}
    other = {"other_email": merged["email"]} if kept["email"] and merged["email"] else {}
    return {**values, "attributes": {**merged["attributes"], **other, **kept["attributes"]}}
