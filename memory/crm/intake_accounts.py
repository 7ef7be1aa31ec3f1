"""Accounts on their way in: found by the source's id, then by domain, then by exact name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import select

from domain.records import AccountRow, ContactRow
from memory.crm.bulk import insert_new_rows
from memory.crm.cards import drop_account_cards
from memory.crm.identities import ExternalId, known_ids, stable_id
from memory.crm.overlay import BORN, Batch, overlay, overlay_attributes
from memory.crm.statements import ACCOUNTS, IDENTITIES, batches, upsert

FIELDS = (
    "name",
    "domain",
    "industry",
    "employees",
    "annual_revenue_cents",
    "currency",
    "country",
    "region",
    "city",
    "owner",
    "created_at",
)
_LOOKED_UP_AT_ONCE = 1_000


class AccountKey(NamedTuple):
    """Everything a row says about which account it means."""

    source: str
    external_id: str | None
    domain: str | None
    name: str | None

    @property
    def pair(self) -> ExternalId | None:
        """Source and id, if the row has one."""
        return (self.source, self.external_id) if self.external_id else None


class AccountBook:
    """The accounts a batch speaks of. Nothing is written before `store`."""

    def __init__(self, batch: Batch, keys: Iterable[AccountKey]) -> None:
        self._batch = batch
        wanted = set(keys)
        self._ids = known_ids(batch.connection, "account", (key.pair for key in wanted))
        self.stored: dict[str, dict[str, Any]] = {}
        self._by_domain: dict[str, list[str]] = {}
        self._by_name: dict[str, list[str]] = {}
        self._new: dict[str, None] = {}
        self._changed: dict[str, None] = {}
        self._identities: list[dict[str, str]] = []
        self._load(wanted)
        self._sources = self._sources_of(list(self.stored))

    def resolve(self, key: AccountKey, *, is_own_row: bool) -> str | None:
        """Return the account a key means, or None.

        Args:
            key: what is known.
            is_own_row: the key is an account's own row. Two accounts of one source stay two, whatever
                their names; only a contact that names its account without an id is content with the name.

        """
        if key.pair in self._ids:
            return self._ids[key.pair]
        for account_id in self._by_domain.get(key.domain or "", []):
            if self._may_be(account_id, key, is_own_row):
                return account_id
        for account_id in self._by_name.get(key.name or "", []):
            domain = self.stored[account_id]["domain"]
            if self._may_be(account_id, key, is_own_row) and not (
                domain and key.domain and domain != key.domain
            ):
                return account_id
        return None

    def take(self, row: AccountRow) -> None:
        """Take one account's own row."""
        key = AccountKey(row.source, row.external_id, row.domain, row.name)
        account_id = self.resolve(key, is_own_row=True)
        is_new, is_linked = account_id is None, key.pair in self._ids
        if account_id is None and not (row.name or row.domain):
            self._batch.reject(
                "accounts", row.place, "no name and no domain", row.model_dump(exclude={"place"})
            )
            return
        if account_id is None:
            account_id = self.add(key)
        bits = self._batch.given.of(account_id)
        is_born_here = bool(bits & BORN)
        account = self.stored[account_id]
        changed, new_bits = overlay(account, row.__dict__, FIELDS, bits)
        has_changed = overlay_attributes(account, row.attributes, is_repeat=bool(bits)) or bool(changed)
        self._batch.given.keep(account_id, new_bits | (BORN if is_new else 0))
        if key.pair and not is_linked:
            self._link(key.pair, account_id)
        if has_changed and account_id not in self._new:
            self._changed[account_id] = None
        if is_new:
            self._batch.tally.count("accounts", "added")
        elif is_born_here or (key.pair and not is_linked):
            self._batch.tally.count("accounts", "merged")
        else:
            self._batch.tally.count("accounts", "changed" if has_changed else "unchanged")

    def add(self, key: AccountKey) -> str:
        """Begin an account of which only the key is known."""
        account_id = _fresh_id(key)
        while account_id in self.stored:
            account_id = stable_id("a", account_id)
        self.stored[account_id] = {
            **dict.fromkeys(FIELDS),
            "id": account_id,
            "name": key.name or key.domain,
            "domain": key.domain,
            "currency": "USD",
            "attributes": {},
        }
        self._new[account_id] = None
        self._index(self.stored[account_id])
        if key.pair:
            self._link(key.pair, account_id)
        return account_id

    def store(self) -> None:
        """Write what is new and what has changed."""
        connection = self._batch.connection
        insert_new_rows(connection, ACCOUNTS, [self.stored[account_id] for account_id in self._new])
        upsert(connection, ACCOUNTS, [self.stored[account_id] for account_id in self._changed], keys=["id"])
        drop_account_cards(connection, self._changed)
        insert_new_rows(connection, IDENTITIES, self._identities)

    def _may_be(self, account_id: str, key: AccountKey, is_own_row: bool) -> bool:
        return not (is_own_row and key.external_id and key.source in self._sources.get(account_id, ()))

    def _link(self, pair: ExternalId, account_id: str) -> None:
        self._ids[pair] = account_id
        self._sources.setdefault(account_id, set()).add(pair[0])
        self._identities.append(
            {"source": pair[0], "noun": "account", "external_id": pair[1], "internal_id": account_id}
        )

    def _load(self, keys: set[AccountKey]) -> None:
        loose = [key for key in keys if key.pair not in self._ids]
        ids = sorted({*self._ids.values(), *(_fresh_id(key) for key in loose)})
        domains = sorted({key.domain for key in loose if key.domain})
        names = sorted({key.name for key in loose if key.name})
        for column, values in ((ACCOUNTS.c.id, ids), (ACCOUNTS.c.domain, domains), (ACCOUNTS.c.name, names)):
            for part in batches(values, _LOOKED_UP_AT_ONCE):
                query = select(ACCOUNTS).where(column.in_(part)).order_by(ACCOUNTS.c.id)
                for row in self._batch.connection.execute(query).mappings():
                    if row["id"] not in self.stored:
                        self.stored[row["id"]] = dict(row)
                        self._index(row)

    def _index(self, row: Any) -> None:
        if row["domain"]:
            self._by_domain.setdefault(row["domain"], []).append(row["id"])
        self._by_name.setdefault(row["name"], []).append(row["id"])

    def _sources_of(self, ids: Sequence[str]) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for part in batches(ids, _LOOKED_UP_AT_ONCE):
            query = select(IDENTITIES.c.internal_id, IDENTITIES.c.source).where(
                IDENTITIES.c.noun == "account", IDENTITIES.c.internal_id.in_(part)
            )
            for account_id, source in self._batch.connection.execute(query):
                found.setdefault(account_id, set()).add(source)
        return found


def _fresh_id(key: AccountKey) -> str:
    return stable_id("a", key.source, key.external_id or key.domain or key.name or "")


def account_key(row: ContactRow) -> AccountKey:
    """The account a contact's row speaks of."""
    return AccountKey(row.source, row.account_external_id, row.account_domain, row.account_name)


def take_accounts(batch: Batch, rows: Sequence[AccountRow]) -> None:
    """Store a batch of accounts; one deleted in the source is left as it is here."""
    batch.tally.count("accounts", "skipped", sum(1 for row in rows if row.is_deleted))
    kept = [row for row in rows if not row.is_deleted]
    book = AccountBook(batch, (AccountKey(row.source, row.external_id, row.domain, row.name) for row in kept))
    for row in kept:
        book.take(row)
    book.store()
