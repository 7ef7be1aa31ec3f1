"""Takes what importers read into the CRM: batch by batch, each a transaction, so that a broken-off import
loses nothing and running it again completes it.

Bounded in memory but for one small number a contact, account and deal (see `overlay.Given`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from domain.base import utc_now
from domain.ports import Clock
from domain.records import (
    AccountRow,
    ContactRow,
    DealRow,
    DealStageRow,
    EventRow,
    ImportSummary,
    MergeRow,
    RejectedRow,
    RoleRow,
    Row,
    SkippedRow,
)
from memory.crm.erased import ErasedPeople
from memory.crm.intake_accounts import take_accounts
from memory.crm.intake_contacts import take_contacts, take_merges
from memory.crm.intake_deals import take_deals, take_roles, take_stages
from memory.crm.intake_erased import without_erased
from memory.crm.intake_events import take_events
from memory.crm.overlay import Batch, Given
from memory.crm.statements import writing
from memory.crm.tally import RejectsFile, Tally

BATCH_RECORDS = 5_000

_ORDER: tuple[tuple[type[Any], Callable[[Batch, Sequence[Any]], None]], ...] = (
    (AccountRow, take_accounts),
    (ContactRow, take_contacts),
    (MergeRow, take_merges),
    (DealRow, take_deals),
    (DealStageRow, take_stages),
    (RoleRow, take_roles),
    (EventRow, take_events),
)
"""Within a batch, what others refer to comes first."""


class Intake:
    """Resolves who is who and stores it."""

    def __init__(self, engine: Engine, clock: Clock = utc_now, erased: ErasedPeople | None = None) -> None:
        """Take rows into one database; what speaks of people `erased` knows is left out."""
        self._engine = engine
        self._clock = clock
        self._erased = erased

    def take(
        self,
        rows: Iterable[Row],
        *,
        source_name: str,
        rejects_path: Path,
        progress: Callable[[int], None] | None = None,
    ) -> ImportSummary:
        """Store rows; the same rows again change nothing.

        Args:
            rows: what an importer yields.
            source_name: names the import in consents and suppressions, as the proof of where they come from.
            rejects_path: where rejected rows are listed; written whole at the end, and only if there are any.
            progress: called after every batch with the number of records so far.

        """
        tally, given, rejects = Tally(self._clock()), Given(), RejectsFile(rejects_path)
        try:
            waiting: list[Row] = []
            taken = 0
            for row in rows:
                tally.came_from(row.place)
                waiting.append(row)
                if len(waiting) == BATCH_RECORDS:
                    taken += self._take_batch(waiting, source_name, tally, rejects, given)
                    waiting = []
                    if progress:
                        progress(taken)
            taken += self._take_batch(waiting, source_name, tally, rejects, given)
            if progress:
                progress(taken)
            return tally.summary(rejects.publish())
        finally:
            rejects.close()

    def _take_batch(
        self, rows: list[Row], source_name: str, tally: Tally, rejects: RejectsFile, given: Given
    ) -> int:
        by_kind: dict[type[Any], list[Any]] = {}
        for row in rows:
            by_kind.setdefault(type(row), []).append(row)
        if self._erased is not None:
            by_kind = self._leave_out_erased(by_kind, self._erased, tally, rejects)
        for row in by_kind.pop(RejectedRow, []):
            rejects.add(row)
            tally.count("rows", "rejected")
        tally.count("rows", "skipped", len(by_kind.pop(SkippedRow, [])))
        if by_kind:
            with writing(self._engine) as connection:
                batch = Batch(connection, self._clock(), source_name, tally, rejects, given)
                for kind, take in _ORDER:
                    if found := by_kind.get(kind):
                        take(batch, found)
        return len(rows)

    def _leave_out_erased(
        self,
        by_kind: dict[type[Any], list[Any]],
        erased: ErasedPeople,
        tally: Tally,
        rejects: RejectsFile,
    ) -> dict[type[Any], list[Any]]:
        with self._engine.connect() as connection:
            kept, dropped = without_erased(connection, erased, by_kind)
        for kind, row in dropped:
            rejects.add(row)
            tally.count(kind, "rejected")
        return kept
