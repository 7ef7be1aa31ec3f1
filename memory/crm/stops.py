"""Opt-outs, bounces and complaints on their way in. A stop is added, never lifted, whatever a file says."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import or_, select, update

from domain.people import ConsentBasis, EmailStatus, SuppressionReason
from memory.crm.overlay import Batch
from memory.crm.statements import CONSENTS, CONTACTS, SUPPRESSIONS, batches, insert_new

HARD_BOUNCE = SuppressionReason.HARD_BOUNCE.value
_LOOKED_UP_AT_ONCE = 2_000


class Stops:
    """The stops that stand for a batch's people, and those it adds."""

    def __init__(self, batch: Batch, addresses: Collection[str], contact_ids: Collection[str]) -> None:
        self._batch = batch
        self._by_address: dict[str, set[str]] = {}
        self._by_person: dict[str, set[str]] = {}
        self._new: list[dict[str, Any]] = []
        self._refusals: list[dict[str, Any]] = []
        columns = (SUPPRESSIONS.c.address, SUPPRESSIONS.c.reason, SUPPRESSIONS.c.contact_id)
        keys = sorted({*addresses, *contact_ids})
        for part in batches(keys, _LOOKED_UP_AT_ONCE):
            stand = or_(SUPPRESSIONS.c.address.in_(part), SUPPRESSIONS.c.contact_id.in_(part))
            for address, reason, contact_id in batch.connection.execute(select(*columns).where(stand)):
                self._note(address, reason, contact_id)

    def reasons(self, address: str | None, contact_id: str | None) -> set[str]:
        """Why this address or person is not to be written to; a bounce counts for its address only."""
        of_address = self._by_address.get(address, set()) if address else set()
        of_person = self._by_person.get(contact_id, set()) if contact_id else set()
        return of_address | (of_person - {HARD_BOUNCE})

    def has_bounced(self, address: str | None) -> bool:
        """Tell whether this very address is known not to work."""
        return address is not None and HARD_BOUNCE in self._by_address.get(address, set())

    def add(
        self, address: str, contact_id: str | None, reason: SuppressionReason, since: datetime, proof: str
    ) -> bool:
        """Add a stop and, for what a person said, the consent line that records it; tell if it is new."""
        if reason.value in self._by_address.get(address, set()):
            return False
        self._note(address, reason.value, contact_id)
        source = f"import:{self._batch.source_name}"
        self._new.append(
            {
                "address": address,
                "channel": "email",
                "reason": reason.value,
                "source": source,
                "since": since,
                "contact_id": contact_id,
            }
        )
        if contact_id and reason is not SuppressionReason.HARD_BOUNCE:
            self._refusals.append(
                {
                    "contact_id": contact_id,
                    "channel": "email",
                    "basis": ConsentBasis.EXPRESS.value,
                    "is_granted": False,
                    "recorded_at": since,
                    "source": source,
                    "wording": None,
                    "proof": proof,
                    "scope": "marketing",
                    "expires_at": None,
                    "ground": None,
                    "ground_ref": None,
                    "goods": None,
                    "opt_out_offered": None,
                }
            )
        return True

    def store(self) -> None:
        """Write what was added; contacts must stand already."""
        connection = self._batch.connection
        self._batch.tally.suppressed += insert_new(connection, SUPPRESSIONS, self._new)
        insert_new(connection, CONSENTS, self._refusals)
        bounced = sorted({row["address"] for row in self._new if row["reason"] == HARD_BOUNCE})
        for part in batches(bounced, _LOOKED_UP_AT_ONCE):
            connection.execute(
                update(CONTACTS)
                .where(CONTACTS.c.email.in_(part))
                .values(email_status=EmailStatus.BOUNCED.value)
            )

    def _note(self, address: str, reason: str, contact_id: str | None) -> None:
        self._by_address.setdefault(address, set()).add(reason)
        if contact_id:
            self._by_person.setdefault(contact_id, set()).add(reason)
