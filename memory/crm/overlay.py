"""What a new row may change in a stored one.

A known value is never overwritten by an empty one; otherwise the newer import wins. Within one import the
first row that gives a field wins, so that importing the same files again changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any

from sqlalchemy import Connection

from domain.records import Place, RejectedRow
from memory.crm.tally import RejectsFile, Tally

BORN = 1
"""The bit that says a thing was added by this import."""


class Given:
    """Which fields of which things this import has given already: one small number a thing."""

    def __init__(self) -> None:
        self._bits: dict[int, int] = {}

    def of(self, thing_id: str) -> int:
        """The bits of a thing; 0 where this import has not touched it."""
        return self._bits.get(hash(thing_id), 0)

    def keep(self, thing_id: str, bits: int) -> None:
        """Remember the bits of a thing."""
        self._bits[hash(thing_id)] = bits


@dataclass
class Batch:
    """One transaction of an import and what outlives it."""

    connection: Connection
    now: datetime
    source_name: str
    tally: Tally
    rejects: RejectsFile
    given: Given = field(default_factory=Given)

    def reject(self, kind: str, place: Place, reason: str, cells: Mapping[str, Any]) -> None:
        """List a row that cannot be taken."""
        self._list(place, reason, cells)
        self.tally.count(kind, "rejected")

    def doubt(self, place: Place, doubt: str, cells: Mapping[str, Any]) -> None:
        """List a row that is taken though a cell was unclear; `doubt` ends in what was made of it."""
        self._list(place, doubt, cells)
        self.tally.unclear[doubt.rpartition("treated as ")[2]] += 1

    def _list(self, place: Place, reason: str, cells: Mapping[str, Any]) -> None:
        shown = {name: str(value) for name, value in cells.items() if value not in (None, "", (), {}, False)}
        self.rejects.add(RejectedRow(place=place, reason=reason, cells=shown))


def overlay(
    stored: dict[str, Any], row: Mapping[str, Any], fields: Sequence[str], bits: int
) -> tuple[set[str], int]:
    """Lay a row over a stored thing.

    Args:
        stored: the thing's columns, changed in place.
        row: what is given now, by column.
        fields: the columns that may change; their order gives each its bit, so it must not vary.
        bits: the fields this import has given before.

    Returns:
        The columns that changed, and the new bits.

    """
    changed: set[str] = set()
    for position, name in enumerate(fields, start=1):
        value = row[name]
        if value is None or value == "" or bits >> position & 1:
            continue
        bits |= 1 << position
        value = value.value if isinstance(value, Enum) else value
        if stored[name] != value:
            stored[name] = value
            changed.add(name)
    return changed, bits


def overlay_attributes(stored: dict[str, Any], given: Mapping[str, str], *, is_repeat: bool) -> bool:
    """Lay attributes over the stored ones, key by key; a repeated thing only fills gaps."""
    known = stored["attributes"]
    fresh = {
        name: value
        for name, value in given.items()
        if value and known.get(name) != value and not (is_repeat and known.get(name))
    }
    if fresh:
        stored["attributes"] = {**known, **fresh}
    return bool(fresh)
