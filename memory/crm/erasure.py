"""Erasing one person from the CRM's tables: their rows go, and what others' rows say of them is blanked.

`FORGOTTEN` names every table and how it forgets; a test fails where a table is missing from it, so that a
new table cannot be overlooked; until then its rows go by the contact they name. The audit chain holds no
personal text and is left as it is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import (
    JSON,
    Column,
    ColumnElement,
    Connection,
    String,
    Table,
    Text,
    TypeDecorator,
    and_,
    cast,
    delete,
    func,
    or_,
    select,
    update,
)
from sqlmodel import SQLModel

from domain.people import SuppressionReason
from memory.crm.cards import drop_account_cards
from memory.crm.conversations import shown_in
from memory.crm.erased import ErasedPeople
from memory.crm.identities import ExternalId
from memory.crm.statements import (
    CONTACTS,
    CONVERSATIONS,
    IDENTITIES,
    OUTBOX,
    PRIVACY_REQUESTS,
    PROPOSALS,
    REVIEWS,
    SUPPRESSIONS,
)
from memory.crm.stopping import Stop, add_stop

BLANK = "[erased]"
"""What stands where someone else's row named the person."""

Way = Literal["theirs", "swept", "kept"]

FORGOTTEN: dict[str, Way] = {
    "webhook_events": "theirs",
    "inbound": "theirs",
    "reviews": "theirs",
    "proposals": "theirs",
    "outbox": "theirs",
    "drafts": "theirs",
    "run_contacts": "theirs",
    "decisions": "theirs",
    "events": "theirs",
    "memories": "theirs",
    "consents": "theirs",
    "suppressions": "theirs",
    "buying_roles": "theirs",
    "identities": "theirs",
    "privacy_requests": "theirs",
    "conversations": "theirs",
    "conversation_contacts": "theirs",
    "contact_cards": "theirs",
    "contacts": "theirs",
    "account_cards": "swept",
    "accounts": "swept",
    "deals": "swept",
    "deal_stages": "swept",
    "assets": "swept",
    "claims": "swept",
    "campaigns": "swept",
    "runs": "swept",
    "workspace": "swept",
    "campaign_states": "swept",
    "scheduled_runs": "swept",
    "tallies": "swept",
    "autonomy": "swept",
    "webhook_tokens": "kept",
    "learners": "kept",
    "members": "kept",
    "tickets": "kept",
    "sessions": "kept",
    "api_tokens": "kept",
    "audit": "kept",
    "erased": "kept",
}
"""Of every table: `theirs`, rows of the person go (in this order) and the rest is swept; `swept`, words that name
the person are blanked; `kept`, it holds ids, numbers and hashes only, or the team's own people.
Learners are taught anew by the caller."""


@dataclass(frozen=True)
class Traces:
    """By what one person is known here."""

    contact_ids: tuple[str, ...] = ()
    account_ids: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    identities: tuple[ExternalId, ...] = ()
    names: tuple[str, ...] = ()
    outbox: tuple[tuple[str, str], ...] = ()
    """Outbox ids with their Message-IDs."""
    proposal_ids: tuple[str, ...] = ()

    @property
    def words(self) -> tuple[str, ...]:
        """What must not be found anywhere afterwards: addresses and ids."""
        return (*self.addresses, *self.contact_ids)


def traces_of(connection: Connection, contact_id: str) -> Traces:
    """Collect by what a contact is known, contacts merged into it included."""
    rows = [dict(row) for row in _family(connection, contact_id)]
    ids = tuple(row["id"] for row in rows)
    addresses = {row["email"] for row in rows if row["email"]}
    for row in rows:
        told = row["attributes"]
        addresses |= {str(told[name]) for name in ("other_email", "unusable_email") if told.get(name)}
    stopped = select(SUPPRESSIONS.c.address).where(SUPPRESSIONS.c.contact_id.in_(ids))
    addresses |= {one for one in connection.execute(stopped).scalars() if "@" in one}
    sent = select(OUTBOX.c.id, OUTBOX.c.message_id, OUTBOX.c.message)
    messages = connection.execute(sent.where(OUTBOX.c.contact_id.in_(ids))).all()
    addresses |= {str(row.message["to_address"]) for row in messages if row.message.get("to_address")}
    known = select(IDENTITIES.c.source, IDENTITIES.c.external_id).where(
        IDENTITIES.c.noun == "contact", IDENTITIES.c.internal_id.in_(ids)
    )
    proposals = select(PROPOSALS.c.id).where(PROPOSALS.c.contact_id.in_(ids))
    return Traces(
        contact_ids=ids,
        account_ids=tuple(sorted({row["account_id"] for row in rows if row["account_id"]})),
        addresses=tuple(sorted({address.lower() for address in addresses})),
        identities=tuple((row.source, row.external_id) for row in connection.execute(known)),
        names=tuple(sorted({name for row in rows if (name := _full_name(row))})),
        outbox=tuple((row.id, row.message_id) for row in messages),
        proposal_ids=tuple(connection.execute(proposals).scalars()),
    )


def of_address(address: str) -> Traces:
    """What is known of someone who is no contact here: an address on a list of stops, a name in a note."""
    return Traces(addresses=(address.lower(),))


def stop_for_good(connection: Connection, erased: ErasedPeople, traces: Traces, at: datetime) -> None:
    """Keep the keyed hashes, so that nothing that comes in is taken, and a stop that everything sending asks.

    The stop names the person, so it is no more than the time between: `erase` removes it with their other rows.
    """
    erased.remember(connection, traces.addresses, traces.identities, at)
    reason, source = SuppressionReason.ERASED, "attune privacy erase"
    # Under the contact's own id as well, as who has no address now may be given one.
    whose = next(iter(traces.contact_ids), None)
    ways = [*((address, whose) for address in traces.addresses), *((one, one) for one in traces.contact_ids)]
    for address, contact_id in ways:
        add_stop(connection, Stop(address, contact_id, reason, at, source, channel="all"))


def erase(connection: Connection, traces: Traces) -> dict[str, int]:
    """Remove a person's rows and blank what other rows say of them; return rows touched by table."""
    removed: dict[str, int] = {}
    tables = SQLModel.metadata.tables
    unlisted = {name: "theirs" for name in tables if name not in FORGOTTEN}
    for name, way in (*unlisted.items(), *FORGOTTEN.items()):
        if way == "kept" or name not in tables:
            continue
        table = tables[name]
        if way == "theirs":
            _count(removed, name, _delete_theirs(connection, table, traces))
        _count(removed, f"{name}, blanked", _sweep(connection, table, traces))
    # Their folded words would outlive what was blanked: `Novák` stands there as `novak`.
    drop_account_cards(connection, traces.account_ids)
    return removed


def _family(connection: Connection, contact_id: str) -> Iterator[Any]:
    """The contact, and the empty shells of contacts that were merged into it."""
    yield from connection.execute(select(CONTACTS).where(CONTACTS.c.id == contact_id)).mappings()
    shells = select(CONTACTS).where(cast(CONTACTS.c.attributes, Text).contains(f'"{contact_id}"'))
    for row in connection.execute(shells).mappings():
        if row["id"] != contact_id and row["attributes"].get("merged_into") == contact_id:
            yield from _family(connection, row["id"])


def _full_name(row: dict[str, Any]) -> str | None:
    """First and last name: either alone would blank other people's too."""
    first, last = (row["first_name"] or "").strip(), (row["last_name"] or "").strip()
    return f"{first} {last}" if first and last else None


def _delete_theirs(connection: Connection, table: Table, traces: Traces) -> int:
    theirs = _THEIRS.get(table.name, by_contact)(table, traces)
    if theirs is None:
        return 0
    if table is PRIVACY_REQUESTS:
        # The request itself is the proof that it was answered; the keyed hash says whose it was.
        connection.execute(update(table).where(theirs).values(contact_id=None))
        return 0
    return connection.execute(delete(table).where(theirs)).rowcount


def by_contact(table: Table, traces: Traces) -> ColumnElement[bool] | None:
    """Rows of the contact, of a message to them, or of an address of theirs, as far as the table can tell."""
    ways = [table.c.contact_id.in_(traces.contact_ids)] if "contact_id" in table.c else []
    if "outbox_id" in table.c:
        ways.append(table.c.outbox_id.in_([outbox_id for outbox_id, _ in traces.outbox]))
    ways += [
        func.lower(table.c[name]).in_(traces.addresses)
        for name in ("address", "from_address")
        if name in table.c
    ]
    return or_(*ways) if ways else None


def _reviews(table: Table, traces: Traces) -> ColumnElement[bool]:
    return table.c.proposal_id.in_(traces.proposal_ids)


def _contacts(table: Table, traces: Traces) -> ColumnElement[bool]:
    return table.c.id.in_(traces.contact_ids)


def _identities(table: Table, traces: Traces) -> ColumnElement[bool]:
    return and_(table.c.noun == "contact", table.c.internal_id.in_(traces.contact_ids))


def _suppressions(table: Table, traces: Traces) -> ColumnElement[bool]:
    named = (*traces.addresses, *traces.contact_ids)
    return or_(table.c.contact_id.in_(traces.contact_ids), func.lower(table.c.address).in_(named))


def _conversations(table: Table, traces: Traces) -> ColumnElement[bool]:
    return table.c.id.in_(shown_in(traces.contact_ids))


_THEIRS: dict[str, Callable[[Table, Traces], ColumnElement[bool] | None]] = {
    REVIEWS.name: _reviews,
    CONTACTS.name: _contacts,
    IDENTITIES.name: _identities,
    SUPPRESSIONS.name: _suppressions,
    CONVERSATIONS.name: _conversations,
}


# What others' rows say ---------------------------------------------------------------------------------


def _sweep(connection: Connection, table: Table, traces: Traces) -> int:
    """Blank the person's addresses wherever they stand, and their full name in rows of their own company.

    A name is not unique: elsewhere it may be somebody else's.
    """
    columns = [column for column in table.c if _holds_words(column)]
    changed = 0
    if traces.addresses:
        changed += _blank(connection, table, columns, traces.addresses, None)
    near = _near(table, traces)
    if traces.names and near is not None:
        changed += _blank(connection, table, columns, traces.names, near)
    return changed


def _holds_words(column: Column[Any]) -> bool:
    """Text or JSON, and no key: an id is never a person's words."""
    kind = column.type.impl_instance if isinstance(column.type, TypeDecorator) else column.type
    return isinstance(kind, String | JSON) and not column.primary_key and not column.foreign_keys


def _near(table: Table, traces: Traces) -> ColumnElement[bool] | None:
    if not traces.account_ids:
        return None
    if table.name == "accounts":
        return table.c.id.in_(traces.account_ids)
    colleagues = select(CONTACTS.c.id).where(CONTACTS.c.account_id.in_(traces.account_ids))
    ways = [table.c.account_id.in_(traces.account_ids)] if "account_id" in table.c else []
    if "contact_id" in table.c:
        ways.append(table.c.contact_id.in_(colleagues))
    return or_(*ways) if ways else None


def _blank(
    connection: Connection,
    table: Table,
    columns: Sequence[Column[Any]],
    words: Sequence[str],
    within: ColumnElement[bool] | None,
) -> int:
    pattern = re.compile("|".join(re.escape(word) for word in words), re.IGNORECASE)
    keys = list(table.primary_key.columns)
    changed = 0
    for column in columns:
        held = func.lower(cast(column, Text))
        # JSON is stored with letters beyond ASCII escaped.
        forms = {form for word in words for form in (*_lowered(word), *_lowered(json.dumps(word)[1:-1]))}
        query = select(*keys, column).where(or_(*(held.contains(form, autoescape=True) for form in forms)))
        if within is not None:
            query = query.where(within)
        for *key, value in connection.execute(query).all():
            blanked = _blanked(value, pattern)
            if blanked == value:
                continue
            same = and_(*(name == part for name, part in zip(keys, key, strict=True)))
            connection.execute(update(table).where(same).values({column: blanked}))
            changed += 1
    return changed


def _lowered(word: str) -> tuple[str, str]:
    """In lower case as PostgreSQL, and as SQLite, which knows no letters beyond ASCII, makes it."""
    return word.lower(), "".join(c.lower() if c.isascii() else c for c in word)


def _blanked(value: Any, pattern: re.Pattern[str]) -> Any:
    if isinstance(value, str):
        return pattern.sub(BLANK, value)
    if isinstance(value, list):
        return [_blanked(part, pattern) for part in value]
    if isinstance(value, dict):
        return {pattern.sub(BLANK, str(name)): _blanked(part, pattern) for name, part in value.items()}
    return value


def _count(removed: dict[str, int], what: str, many: int) -> None:
    if many > 0:
        removed[what] = removed.get(what, 0) + many
