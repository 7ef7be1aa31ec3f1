"""Cards: the words contacts and accounts are found by, kept beside them and made anew where one is missing.

Whoever changes a contact or an account drops its card in the same transaction (`drop_contact_cards`,
`drop_account_cards`); `renew` makes what is missing. So a card is right or not there, never old.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Engine, delete, func, select

from memory.crm.bulk import insert_new_rows
from memory.crm.statements import (
    ACCOUNT_CARDS,
    ACCOUNTS,
    CONTACT_CARDS,
    CONTACTS,
    batches,
    is_postgres,
    writing,
)

MOST_WORDS_CHARS = 600
MOST_NAME_CHARS = 120
_AT_ONCE = 2_000
_SPACES = re.compile(r"\s+")


def fold(text: str) -> str:
    """Return the text as it is searched: case and accents gone, white space single, without NUL.

    `Novák`, `NOVAK` and `novák` fold to one word, and `Straße` to `strasse`.
    """
    plain = _SPACES.sub(" ", text.replace("\0", " ")).strip()
    if plain.isascii():
        return plain.lower()
    apart = unicodedata.normalize("NFKD", plain.casefold())
    return "".join(mark for mark in apart if not unicodedata.combining(mark)).casefold()


def renew(engine: Engine) -> int:
    """Make every card that is missing and return how many those were; counts two tables where none is."""
    with engine.connect() as connection:
        is_whole = _many(connection, CONTACTS) == _many(connection, CONTACT_CARDS)
        is_whole &= _many(connection, ACCOUNTS) == _many(connection, ACCOUNT_CARDS)
    if is_whole:
        return 0
    made = 0
    for make in (_account_cards, _contact_cards):
        after: str | None = ""
        while after is not None:
            with writing(engine) as connection:
                new, after = make(connection, after)
            made += new
    return made


def drop_contact_cards(connection: Connection, contact_ids: Iterable[str]) -> None:
    """Contacts are about to be, or were, changed in this transaction."""
    for part in batches(sorted(set(contact_ids)), _AT_ONCE):
        connection.execute(delete(CONTACT_CARDS).where(CONTACT_CARDS.c.contact_id.in_(part)))


def drop_account_cards(connection: Connection, account_ids: Iterable[str]) -> None:
    """Accounts were changed in this transaction: their people are found by their company's name, too."""
    for part in batches(sorted(set(account_ids)), _AT_ONCE):
        connection.execute(delete(ACCOUNT_CARDS).where(ACCOUNT_CARDS.c.account_id.in_(part)))
        connection.execute(delete(CONTACT_CARDS).where(CONTACT_CARDS.c.account_id.in_(part)))


def _many(connection: Connection, table: Any) -> int:
    return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


def _contact_cards(connection: Connection, after: str) -> tuple[int, str | None]:
    """Make the next cards in order of id; return how many, and where to go on, None at the end."""
    names = (
        "id", "account_id", "email", "first_name", "last_name", "job_title", "lifecycle_stage", "country", "owner",
        "attributes",
    )  # fmt: skip
    query = (
        select(*(CONTACTS.c[name] for name in names))
        .select_from(CONTACTS.outerjoin(CONTACT_CARDS, CONTACT_CARDS.c.contact_id == CONTACTS.c.id))
        .where(CONTACT_CARDS.c.contact_id.is_(None), CONTACTS.c.id > after)
        .order_by(CONTACTS.c.id)
        .limit(_AT_ONCE)
    )
    rows = _locked(connection, query, CONTACTS)
    wanted = sorted({row["account_id"] for row in rows if row["account_id"]})
    named = _locked(
        connection, select(ACCOUNTS.c.id, ACCOUNTS.c.name).where(ACCOUNTS.c.id.in_(wanted)), ACCOUNTS
    )
    companies = {row["id"]: row["name"] for row in named}
    cards = [_contact_card(row, companies.get(row["account_id"])) for row in rows]
    return insert_new_rows(connection, CONTACT_CARDS, cards), _last(rows)


def _account_cards(connection: Connection, after: str) -> tuple[int, str | None]:
    names = ("id", "name", "domain", "industry", "country", "owner")
    query = (
        select(*(ACCOUNTS.c[name] for name in names))
        .select_from(ACCOUNTS.outerjoin(ACCOUNT_CARDS, ACCOUNT_CARDS.c.account_id == ACCOUNTS.c.id))
        .where(ACCOUNT_CARDS.c.account_id.is_(None), ACCOUNTS.c.id > after)
        .order_by(ACCOUNTS.c.id)
        .limit(_AT_ONCE)
    )
    rows = _locked(connection, query, ACCOUNTS)
    return insert_new_rows(connection, ACCOUNT_CARDS, [_account_card(row) for row in rows]), _last(rows)


def _last(rows: Sequence[Mapping[str, Any]]) -> str | None:
    return rows[-1]["id"] if len(rows) == _AT_ONCE else None


def _locked(connection: Connection, query: Any, table: Any) -> Sequence[Any]:
    """Rows nobody changes until their card stands; SQLite has one writer anyway."""
    if is_postgres(connection):
        query = query.with_for_update(read=True, of=table)
    return connection.execute(query).mappings().all()


def _contact_card(row: Mapping[str, Any], company: str | None) -> dict[str, Any]:
    name = " ".join(part for part in (row["first_name"], row["last_name"]) if part)
    last_first = " ".join(part for part in (row["last_name"], row["first_name"]) if part)
    said = (name, row["email"], row["job_title"], company)
    return {
        "name_key": fold(last_first or row["email"] or row["id"])[:MOST_NAME_CHARS],
        "contact_id": row["id"],
        "words": _words(said),
        "stage": row["lifecycle_stage"],
        "country": row["country"],
        "owner": row["owner"],
        "account_id": row["account_id"],
        # What is left of a contact that was merged into another is there for the past's sake only.
        "is_listed": "merged_into" not in row["attributes"],
    }


def _account_card(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name_key": fold(row["name"])[:MOST_NAME_CHARS],
        "account_id": row["id"],
        "words": _words((row["name"], row["domain"], row["industry"])),
        "industry": row["industry"],
        "country": row["country"],
        "owner": row["owner"],
    }


def _words(said: Iterable[str | None]) -> str:
    return "\n".join(fold(part) for part in said if part)[:MOST_WORDS_CHARS]
