"""Contact history on the CRM's `memories` table and one Chroma vector an item.

The row is written first and is the truth. A vector that is missing (the process was killed between the
two, another process held the folder, the embedding server was down) is embedded again when it is asked
for and put back, so history mends itself and recall never depends on Chroma being whole.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy import Connection, Engine, delete, func, select, text, tuple_
from sqlalchemy.exc import IntegrityError

from domain.errors import ModelUnavailable, NotFound, WorkspaceBusy
from domain.history import MemoryKind, Recalled, Remembered
from memory.crm.codec import without_nul
from memory.crm.statements import CONTACTS, MEMORIES, batches, insert_all, is_postgres, writing
from memory.history.clients import OpenClient
from memory.history.refill import Packed
from memory.history.shelf import (
    VectorShelf,
    Writer,
    forgiving,
    mismatch,
    record_writer,
    recorded_writer,
    vector_id,
)

if TYPE_CHECKING:
    from domain.ports import Embedder, FloatMatrix

_log = logging.getLogger(__name__)

HALF_LIFE_DAYS = 60.0
"""After so many days a memory's recency is half of what it was."""

RECENCY_SHARE = 0.1
"""Part of the score that recency makes up. In `evals/recall` anything from 0 to 0.15 finds the same within one
point, so it only orders what bears on the question about equally."""

MOST_CONSIDERED = 2_000
"""Newest memories of one contact that a recall looks at, so that no contact makes a run slow."""

_BATCH_ITEMS = 1_000
_LOCK_KEY = 0x68697374
"""PostgreSQL advisory lock of those who hand out sequence numbers: `hist` in ASCII."""

Row = Mapping[str, Any]
Progress = Callable[[int, int], None]
"""Called with (done, total)."""


class ChromaHistory:
    """Implements `domain.ports.ContactHistory`."""

    def __init__(
        self,
        engine: Engine,
        open_client: OpenClient,
        embedder: Embedder,
        *,
        half_life_days: float = HALF_LIFE_DAYS,
        recency_share: float = RECENCY_SHARE,
    ) -> None:
        """Open the history of one workspace.

        Args:
            engine: the CRM's database.
            open_client: `clients.embedded(folder)` or `clients.served(url)`.
            embedder: must be the one the history was written by.
            half_life_days: how fast recency fades.
            recency_share: part of the score, in [0, 1], that is recency and not similarity.

        Raises:
            HistoryMismatch: another embedder wrote it.
        """
        writer = Writer.of(embedder)
        recorded = recorded_writer(engine)
        if recorded is not None and recorded != writer:
            raise mismatch(f"{recorded.embedder!r} ({recorded.dimensions} dimensions)", writer)
        self._engine = engine
        self._embedder = embedder
        self._half_life_days = half_life_days
        self._recency_share = recency_share
        self._lease = open_client()
        try:
            client = self._lease.client
            self._shelf = VectorShelf(client, writer) if client is not None else None
            if recorded is None:
                record_writer(engine, writer)
        except BaseException:
            self._lease.close()
            raise

    def close(self) -> None:
        """Give the folder or the connection back."""
        self._lease.close()

    @property
    def holds_vectors(self) -> bool:
        """Tell whether vectors can be read and kept; False while another process holds the folder."""
        return self._shelf is not None

    def remember(self, items: Sequence[Remembered]) -> int:
        """Store what is new among `items` and return how many were; the same `ref` is kept once.

        Once this returns, every item is kept: should the embedder or Chroma fail, only the vectors are
        missing, which the next recall mends.

        Raises:
            NotFound: an item names a contact that is not in the CRM; its batch is not stored.
        """
        fresh = 0
        for batch in batches(items, _BATCH_ITEMS):
            new, known = self._note(batch)
            fresh += len(new)
            self._shelve(new, known)
        return fresh

    def recall(
        self,
        contact_id: str,
        about: str,
        *,
        now: datetime,
        limit: int = 5,
        kinds: Sequence[MemoryKind] = (),
        least_score: float | None = None,
    ) -> list[Recalled]:
        """Return what is remembered about this contact up to `now` that bears on `about`, best first.

        score = (1 - recency_share) * similarity + recency_share * 0.5 ** (age / half life). Similarity is
        the cosine, cut to 0..1. What is less similar than the floor is left out however recent it is. A
        blank `about` asks for the newest: similarity is 0, there is no floor.

        Args:
            contact_id: nobody else's memories are ever looked at.
            about: words, a question or a topic.
            now: aware; what happened later is not recalled.
            limit: most items returned.
            kinds: only these; empty means all.
            least_score: the floor on similarity; None takes the embedder's own.

        Raises:
            ModelUnavailable: the embedder is a server and cannot be reached.
            HistoryMismatch: another process moved the history to another embedder meanwhile.
        """
        rows = self._rows(contact_id, now, kinds)
        if not rows or limit < 1:
            return []
        ages = np.array([(now - row["at"]).total_seconds() for row in rows]) / 86_400
        recency = 0.5 ** (ages / self._half_life_days)
        if about.strip():
            question = self._embedder.embed([about])[0]
            similarity = np.clip(self._vectors(rows) @ question, 0.0, 1.0)
            floor = self._embedder.least_score if least_score is None else least_score
            score = (1 - self._recency_share) * similarity + self._recency_share * recency
        else:
            similarity, floor, score = np.zeros(len(rows)), 0.0, recency
        # Rows come newest first and the sort is stable: of equals, the newer goes first.
        best = [i for i in np.argsort(-score, kind="stable") if similarity[i] >= floor][:limit]
        return [
            Recalled(
                remembered=_remembered(rows[i]),
                score=float(score[i]),
                similarity=float(similarity[i]),
                recency=float(recency[i]),
            )
            for i in best
        ]

    def forget(self, contact_id: str) -> int:
        """Remove everything about one contact, vectors first; return how many items that was.

        Raises:
            WorkspaceBusy: another process holds the vectors; nothing was removed.
        """
        if self._shelf is None:
            raise WorkspaceBusy(
                f"Nothing about contact {contact_id!r} was erased: another process holds the contact "
                "history. Try again when its run is over."
            )
        self._shelf.forget(contact_id)
        with writing(self._engine) as connection:
            return connection.execute(delete(MEMORIES).where(MEMORIES.c.contact_id == contact_id)).rowcount

    def packed(self, rows: Sequence[Row]) -> Packed:
        """Return the vectors that stand here of these rows (`id` and `text`), ready for another folder.

        Raises:
            WorkspaceBusy: another process holds the vectors.
        """
        if self._shelf is None:
            raise WorkspaceBusy("The contact history cannot be read: another process holds it. Try again.")
        return self._shelf.packed([vector_id(row) for row in rows])

    def rebuild(self, rows: Sequence[Row]) -> int:
        """Write the vectors of these rows into a new place and drop the old one; return how many were written.

        Chroma only marks what it deletes: the vectors stay in the files of its index. This leaves nothing of
        them. What is cut off in between is embedded again when it is asked for.

        Args:
            rows: `id` and `text` of every row of `memories` that is to stay.

        Raises:
            WorkspaceBusy: another process holds the vectors.
        """
        if self._shelf is None:
            raise WorkspaceBusy("The contact history was not rebuilt: another process holds it. Try again.")
        return self._shelf.rebuild(self._lease.client, {vector_id(row) for row in rows})

    def adopt(self, kept_id: str, merged_id: str) -> int:
        """Give one contact what is remembered of another that was merged into it; return items moved.

        Copied first and erased last, so a call that broke off is simply repeated.

        Raises:
            WorkspaceBusy: another process holds the vectors; everything stands at least once.
        """
        query = select(MEMORIES).where(MEMORIES.c.contact_id == merged_id).order_by(MEMORIES.c.seq)
        with self._engine.connect() as connection:
            items = [_remembered(dict(row)) for row in connection.execute(query).mappings()]
        self.remember([item.model_copy(update={"contact_id": kept_id}) for item in items])
        return self.forget(merged_id) if kept_id != merged_id else 0

    def counts(self, contact_id: str | None = None) -> dict[MemoryKind, int]:
        """How many items of each kind are remembered, of one contact or of all."""
        query = select(MEMORIES.c.kind, func.count()).group_by(MEMORIES.c.kind)
        if contact_id is not None:
            query = query.where(MEMORIES.c.contact_id == contact_id)
        with self._engine.connect() as connection:
            return {MemoryKind(kind): count for kind, count in connection.execute(query)}

    def reindex(self, embedder: Embedder, progress: Progress | None = None) -> int:
        """Move to another embedder, see `reindex.reindex`, and go on with it; return vectors written."""
        from memory.history.reindex import move

        if self._lease.client is None:
            raise WorkspaceBusy(
                "The contact history was not moved: another process holds it. Try again when it is done."
            )
        written, self._shelf = move(self._engine, self._lease.client, embedder, progress)
        self._embedder = embedder
        return written

    def _rows(self, contact_id: str, now: datetime, kinds: Sequence[MemoryKind]) -> Sequence[Row]:
        """Rows of one contact, newest first."""
        query = (
            select(MEMORIES)
            .where(MEMORIES.c.contact_id == contact_id, MEMORIES.c.at <= now)
            .order_by(MEMORIES.c.at.desc(), MEMORIES.c.seq.desc())
            .limit(MOST_CONSIDERED)
        )
        if kinds:
            query = query.where(MEMORIES.c.kind.in_([kind.value for kind in kinds]))
        with self._engine.connect() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

    def _vectors(self, rows: Sequence[Row]) -> FloatMatrix:
        """Vectors of these rows in their order, shape (n, dimensions); missing ones are made and put back."""
        ids = [vector_id(row) for row in rows]
        found: dict[str, Any] = self._shelf.vectors(ids) if self._shelf is not None else {}
        missing = [row for row, one in zip(rows, ids, strict=True) if one not in found]
        if missing:
            made = self._embedder.embed([row["text"] for row in missing])
            found.update(zip(map(vector_id, missing), made, strict=True))
            if self._shelf is not None:
                with forgiving(len(missing)):
                    self._shelf.put(missing, made)
        return np.array([found[one] for one in ids], dtype=np.float64)

    def _note(self, items: Sequence[Remembered]) -> tuple[list[Row], list[Row]]:
        """Write rows for what is new; return the new rows and those that stood already."""
        wanted = {(item.contact_id, without_nul(item.ref) or ""): item for item in reversed(items)}
        contacts = sorted({contact_id for contact_id, _ in wanted})
        try:
            with writing(self._engine) as connection:
                if is_postgres(connection):
                    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK_KEY})
                known = _known(connection, list(wanted))
                last = _last_numbers(connection, contacts)
                taken = {(row["contact_id"], row["ref"]) for row in known}
                new: list[Row] = []
                for key, item in reversed(wanted.items()):
                    if key not in taken:
                        last[item.contact_id] = last.get(item.contact_id, 0) + 1
                        new.append(_row(item, last[item.contact_id]))
                insert_all(connection, MEMORIES, new)
        except IntegrityError:
            missing = self._first_missing(contacts)
            if missing is None:
                raise
            raise NotFound("contact", missing, "What it did cannot be remembered; import it first.") from None
        return new, known

    def _first_missing(self, contacts: Sequence[str]) -> str | None:
        with self._engine.connect() as connection:
            query = select(CONTACTS.c.id).where(CONTACTS.c.id.in_(contacts))
            there = set(connection.execute(query).scalars())
        return next((one for one in contacts if one not in there), None)

    def _shelve(self, new: Sequence[Row], known: Sequence[Row]) -> None:
        """Make the vectors of new rows, and of known ones a broken-off call left without."""
        if self._shelf is None:
            return
        try:
            with forgiving(len(new)):
                lost = self._shelf.missing([vector_id(row) for row in known]) if known else set()
                rows = [*new, *(row for row in known if vector_id(row) in lost)]
                if rows:
                    self._shelf.put(rows, self._embedder.embed([row["text"] for row in rows]))
        except ModelUnavailable as error:
            _log.warning("%d memories are kept without vectors for now: %s", len(new), error)


def _known(connection: Connection, keys: Sequence[tuple[str, str]]) -> list[Row]:
    query = select(MEMORIES).where(tuple_(MEMORIES.c.contact_id, MEMORIES.c.ref).in_(keys))
    return [dict(row) for row in connection.execute(query).mappings()]


def _last_numbers(connection: Connection, contacts: Sequence[str]) -> dict[str, int]:
    query = (
        select(MEMORIES.c.contact_id, func.max(MEMORIES.c.seq).label("last"))
        .where(MEMORIES.c.contact_id.in_(contacts))
        .group_by(MEMORIES.c.contact_id)
    )
    return {row.contact_id: row.last for row in connection.execute(query)}


def _row(item: Remembered, seq: int) -> Row:
    return {
        "id": f"{item.contact_id}:{seq}",
        "contact_id": item.contact_id,
        "seq": seq,
        "kind": item.kind.value,
        "ref": without_nul(item.ref),
        "text": without_nul(item.text),
        "at": item.at,
    }


def _remembered(row: Row) -> Remembered:
    return Remembered(
        contact_id=row["contact_id"],
        kind=MemoryKind(row["kind"]),
        text=row["text"],
        at=row["at"].astimezone(UTC),
        ref=row["ref"],
    )
