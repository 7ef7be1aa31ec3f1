"""What files and webhooks say about someone who was erased is not taken: no row, no stop, no rejected cells.

A rejected row would otherwise be written out with its cells, which is how an erased address comes back.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection

from domain.records import ContactRow, DealRow, EventRow, MergeRow, RejectedRow, RoleRow
from memory.crm.erased import ErasedPeople
from memory.crm.identities import ExternalId, normalised_email

ERASED_REASON = "this person was erased on request and is not stored again"

_KINDS: dict[type[Any], str] = {
    ContactRow: "contacts",
    EventRow: "events",
    MergeRow: "merges",
    RoleRow: "roles",
}


def without_erased(
    connection: Connection, erased: ErasedPeople, by_kind: dict[type[Any], list[Any]]
) -> tuple[dict[type[Any], list[Any]], list[tuple[str, RejectedRow]]]:
    """Return the rows that may be taken, and those that may not, by kind, as rejected rows without a cell.

    A row a reader rejected keeps its place and its reason, and loses its cells, where one of them is an
    erased person's address.
    """
    rows = [row for found in by_kind.values() for row in found]
    addresses, identities = erased.among(
        connection,
        {written for row in rows for written in _addresses(row)},
        {pair for row in rows for pair in _identities(row)},
    )
    if not addresses and not identities:
        return by_kind, []
    kept: dict[type[Any], list[Any]] = {}
    dropped: list[tuple[str, RejectedRow]] = []
    for kind, found in by_kind.items():
        for row in found:
            is_theirs = any(one in addresses for one in _addresses(row)) or any(
                pair in identities for pair in _identities(row)
            )
            if not is_theirs:
                kept.setdefault(kind, []).append(row)
            elif kind is RejectedRow:
                kept.setdefault(kind, []).append(row.model_copy(update={"cells": {}}))
            elif kind is DealRow:
                kept.setdefault(kind, []).append(_without_people(row, identities))
            else:
                dropped.append((_KINDS[kind], RejectedRow(place=row.place, reason=ERASED_REASON)))
    return kept, dropped


def _without_people(row: DealRow, identities: set[ExternalId]) -> DealRow:
    left = tuple(one for one in row.contact_external_ids if (row.source, one) not in identities)
    return row.model_copy(update={"contact_external_ids": left})


def _addresses(row: Any) -> Iterator[str]:
    if isinstance(row, ContactRow | EventRow):
        if row.email:
            yield row.email
    elif isinstance(row, RejectedRow):
        yield from (cell for cell in row.cells.values() if "@" in cell and normalised_email(cell))


def _identities(row: Any) -> Iterator[ExternalId]:
    if isinstance(row, ContactRow):
        ids: tuple[str | None, ...] = (row.external_id, *row.other_external_ids)
    elif isinstance(row, EventRow | RoleRow):
        ids = (row.contact_external_id,)
    elif isinstance(row, MergeRow):
        ids = (row.kept_external_id, row.merged_external_id)
    elif isinstance(row, DealRow):
        ids = row.contact_external_ids
    else:
        return
    yield from ((row.source, one) for one in ids if one)
