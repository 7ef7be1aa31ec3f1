"""Who asked to be erased: known again by a keyed hash, without anything of them being kept.

The key is the workspace's secret and lies outside the database, so a copied database cannot be searched for
a known address. What comes in about an erased person (an import, a webhook) is told by `knows` and dropped.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Collection, Iterable
from datetime import datetime

from sqlalchemy import Connection, Engine, func, select

from memory.crm.identities import ExternalId, normalised_email
from memory.crm.statements import ERASED, batches, insert_new

_LOOKED_UP_AT_ONCE = 5_000


class ErasedPeople:
    """Tells whether an address, or a source's id, belongs to someone who was erased."""

    def __init__(self, engine: Engine, key: bytes) -> None:
        self._engine = engine
        self._key = key

    def address_hash(self, address: str) -> str:
        """The keyed hash an address is known by; the same for every way of writing it."""
        return self._hash("address", normalised_email(address) or address.strip().lower())

    def identity_hash(self, source: str, external_id: str) -> str:
        """The keyed hash a source's id of a contact is known by."""
        return self._hash("identity", f"{source}|{external_id}")

    def person_hash(self, contact_id: str) -> str:
        """The keyed hash an erased contact is called by in requests and in the audit."""
        return self._hash("person", contact_id)

    def knows(self, *, address: str | None = None, identity: ExternalId | None = None) -> bool:
        """Tell whether this address, or this source's id, is an erased person's. For one at a time."""
        with self._engine.connect() as connection:
            found = self.among(
                connection, [address] if address else [], [identity] if identity is not None else []
            )
        return any(found)

    def count(self) -> int:
        """How many addresses and source ids of erased people are known; grows with every erasure."""
        with self._engine.connect() as connection:
            return connection.execute(select(func.count()).select_from(ERASED)).scalar_one()

    def among(
        self, connection: Connection, addresses: Iterable[str], identities: Iterable[ExternalId]
    ) -> tuple[set[str], set[ExternalId]]:
        """Return those addresses, as they were given, and source ids that are erased people's."""
        if connection.execute(select(ERASED.c.keyed_hash).limit(1)).first() is None:
            return set(), set()
        by_address = {address: self.address_hash(address) for address in set(addresses)}
        by_identity = {pair: self.identity_hash(*pair) for pair in set(identities)}
        known = _known(connection, {*by_address.values(), *by_identity.values()})
        return (
            {address for address, keyed in by_address.items() if keyed in known},
            {pair for pair, keyed in by_identity.items() if keyed in known},
        )

    def remember(
        self,
        connection: Connection,
        addresses: Iterable[str],
        identities: Iterable[ExternalId],
        at: datetime,
    ) -> None:
        """Keep the hashes of an erased person, inside the caller's transaction."""
        hashes = {self.address_hash(address) for address in addresses}
        hashes |= {self.identity_hash(*pair) for pair in identities}
        insert_new(connection, ERASED, [{"keyed_hash": one, "at": at} for one in sorted(hashes)])

    def _hash(self, what: str, words: str) -> str:
        return hmac.new(self._key, f"erased:{what}:{words}".encode(), hashlib.sha256).hexdigest()


def _known(connection: Connection, hashes: Collection[str]) -> set[str]:
    known: set[str] = set()
    for part in batches(sorted(hashes), _LOOKED_UP_AT_ONCE):
        known.update(
            connection.execute(select(ERASED.c.keyed_hash).where(ERASED.c.keyed_hash.in_(part))).scalars()
        )
    return known
