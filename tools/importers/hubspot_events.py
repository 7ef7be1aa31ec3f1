"""HubSpot's e-mail events: one line says what and to whom, another table says the rest.

`email_event` has kind, time and recipient; what was clicked, why it bounced, which way a subscription
changed stands in a table a kind. Those tables may hold millions of rows in any order, so they are put into
a temporary SQLite file by id and looked up as the main table streams by: memory stays flat.
"""

from __future__ import annotations

import json
import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from domain.events import EventKind
from domain.people import SuppressionReason
from domain.records import EventRow, Place, RejectedRow, Row, SkippedRow
from tools.importers import Progress, vocabulary
from tools.importers.folder import Folder
from tools.importers.sheet import Names, Record, Sheet
from tools.importers.tabular import open_table

EVENT: Names = {
    "id": ("id",),
    "kind": ("type",),
    "at": ("created",),
    "recipient": ("recipient",),
    "campaign": ("email_campaign_id",),
    "obsoleted": ("obsoleted_by_id",),
    "is_filtered": ("filtered_event",),
}
_DETAILS = (
    "url",
    "category",
    "response",
    "drop_reason",
    "portal_subscription_status",
    "bounced",
    "subject",
    "status",
)
_DETAIL: Names = {"id": ("id",), **{name: (name,) for name in _DETAILS}}
_KINDS = {
    "SENT": EventKind.EMAIL_SENT,
    "DELIVERED": EventKind.EMAIL_DELIVERED,
    "OPEN": EventKind.EMAIL_OPENED,
    "CLICK": EventKind.EMAIL_CLICKED,
    "REPLY": EventKind.EMAIL_REPLIED,
    "FORWARD": EventKind.EMAIL_FORWARDED,
    "BOUNCE": EventKind.EMAIL_BOUNCED,
    "SPAMREPORT": EventKind.EMAIL_COMPLAINED,
    "DEFERRED": EventKind.EMAIL_DEFERRED,
    "DROPPED": EventKind.EMAIL_DROPPED,
}
_DROPS = {
    "UNSUBSCRIBED": SuppressionReason.UNSUBSCRIBED,
    "SPAM": SuppressionReason.COMPLAINT,
    "BOUNCED": SuppressionReason.HARD_BOUNCE,
}
_LOOKED_UP_AT_ONCE = 500


def email_events(folder: Folder, progress: Progress | None) -> Iterator[Row]:
    """Yield every row of `email_event` as an event, then every row of the tables that complete it."""
    main = folder.table("email_event")
    tables = [file for file in folder.files if folder.name_of(file).startswith("email_event_")]
    with tempfile.TemporaryDirectory(prefix="attune-import-") as scratch:
        details = _Details(Path(scratch) / "details.sqlite")
        try:
            for file in tables:
                yield from details.load(file, folder.reading(file, progress))
            if main is not None:
                yield from _joined(main, folder.reading(main, progress), details)
            yield from details.accounted_for()
        finally:
            details.close()


def _joined(main: Path, progress: Progress | None, details: _Details) -> Iterator[Row]:
    records = iter(Sheet(open_table(main), EVENT).records(progress))
    while part := list(islice(records, _LOOKED_UP_AT_ONCE)):
        ids = [found for one in part if isinstance(one, Record) and (found := one.text("id"))]
        known = details.of(ids)
        for record in part:
            if isinstance(record, Record):
                yield _event(record, known.get(record.text("id") or "", {}))
            else:
                yield record


def _event(record: Record, detail: dict[str, str]) -> Row:
    event_id, at, kind_word = record.text("id"), record.moment("at"), (record.text("kind") or "").upper()
    recipient = record.text("recipient")
    if event_id is None or at is None or recipient is None:
        return record.reject("an e-mail event without its id, its time or its recipient")
    if record.text("obsoleted"):
        return record.skip("an obsolete version of another event")
    suppress: SuppressionReason | None = None
    kind = _KINDS.get(kind_word)
    if kind_word == "STATUSCHANGE":
        if detail.get("bounced", "").lower() == "true":
            kind = EventKind.EMAIL_BOUNCED
        elif detail.get("portal_subscription_status", "").upper() == "UNSUBSCRIBED":
            kind = EventKind.EMAIL_UNSUBSCRIBED
        elif detail:
            return record.skip("a subscription was confirmed: an import lifts no opt-out")
        else:
            return record.reject("what the subscription changed to is not in this export")
    if kind is None:
        return record.skip(f"{kind_word or 'an event without a kind'} says nothing we keep")
    if kind is EventKind.EMAIL_BOUNCED and vocabulary.is_soft_bounce(detail.get("category", "")):
        kind = EventKind.EMAIL_SOFT_BOUNCED
    if kind is EventKind.EMAIL_DROPPED:
        reason = detail.get("drop_reason", "").upper()
        suppress = next(
            (stop for word, stop in _DROPS.items() if reason.startswith("PREVIOUS") and word in reason), None
        )
    properties: dict[str, Any] = {name: value for name, value in detail.items() if name != "subject"}
    if campaign := record.text("campaign"):
        properties["email_campaign_id"] = campaign
    if suppress:
        properties["suppress"] = suppress.value
    return EventRow(
        place=record.place,
        source="hubspot",
        provider_id=event_id,
        kind=kind,
        at=at,
        email=recipient,
        subject=detail.get("subject"),
        is_machine=record.flag("is_filtered") or False,
        properties=properties,
    )


class _Details:
    """The rows of the tables a kind, by event id, on disk."""

    def __init__(self, path: Path) -> None:
        self._database = sqlite3.connect(path, isolation_level=None)
        self._database.execute("PRAGMA journal_mode=OFF")
        self._database.execute("PRAGMA synchronous=OFF")
        self._database.execute(
            "CREATE TABLE detail (id TEXT, file TEXT, row INTEGER, cells TEXT, is_used INTEGER DEFAULT 0)"
        )
        self._database.execute("CREATE INDEX by_id ON detail (id)")

    def load(self, file: Path, progress: Progress | None) -> Iterator[RejectedRow]:
        """Take in one table; yield the rows that cannot be read."""
        waiting: list[tuple[str, str, int, str]] = []
        for record in Sheet(open_table(file), _DETAIL).records(progress):
            if not isinstance(record, Record):
                yield record
                continue
            found = {name: value for name in _DETAILS if (value := record.text(name))}
            waiting.append((record.text("id") or "", record.place.file, record.place.row, json.dumps(found)))
            if len(waiting) == _LOOKED_UP_AT_ONCE:
                self._put(waiting)
                waiting = []
        self._put(waiting)

    def of(self, ids: Sequence[str]) -> dict[str, dict[str, str]]:
        """Return what is told beyond the main table, by id, and note that it was used."""
        marks = ",".join("?" * len(ids))
        query = f"SELECT id, cells FROM detail WHERE id IN ({marks})"  # noqa: S608 (question marks only)
        found: dict[str, dict[str, str]] = {}
        for event_id, told in self._database.execute(query, ids):
            found.setdefault(event_id, {}).update(json.loads(told))
        self._database.execute(f"UPDATE detail SET is_used = 1 WHERE id IN ({marks})", ids)  # noqa: S608
        return found

    def accounted_for(self) -> Iterator[Row]:
        """Yield every row taken in: told by its event, or without one."""
        for event_id, file, row, told, is_used in self._database.execute(
            "SELECT * FROM detail ORDER BY rowid"
        ):
            place = Place(file=file, row=row)
            if is_used:
                yield SkippedRow(place=place, reason="told by its line in email_event")
            else:
                reason = "email_event has no line with this id, so nobody knows whom it is about"
                yield RejectedRow(place=place, reason=reason, cells={"id": event_id, **json.loads(told)})

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()

    def _put(self, rows: Sequence[tuple[str, str, int, str]]) -> None:
        self._database.execute("BEGIN")
        self._database.executemany("INSERT INTO detail (id, file, row, cells) VALUES (?, ?, ?, ?)", rows)
        self._database.execute("COMMIT")
