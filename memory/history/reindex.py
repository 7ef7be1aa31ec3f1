"""Moves contact history to another embedder, or mends what the present one lacks.

The new collection is filled beside the old one and named the valid one last, so a move that is killed
leaves the old one in use; started again, it goes on where it stopped.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine, func, select

from domain.errors import WorkspaceBusy
from memory.crm.statements import MEMORIES
from memory.history.clients import OpenClient
from memory.history.shelf import VectorShelf, Writer, record_writer, recorded_writer, vector_id

if TYPE_CHECKING:
    from domain.ports import Embedder

_BATCH_ROWS = 1_000

Row = Mapping[str, Any]
Progress = Callable[[int, int], None]


def reindex(
    engine: Engine, open_client: OpenClient, embedder: Embedder, progress: Progress | None = None
) -> int:
    """Move the history to `embedder` without needing the one that wrote it; return vectors written.

    With the embedder that wrote it, this makes missing vectors and removes left-over ones.

    Raises:
        WorkspaceBusy: another process holds the folder.
        ModelUnavailable: the embedder cannot be reached; what was written is kept for the next try.
    """
    lease = open_client()
    try:
        if lease.client is None:
            raise WorkspaceBusy(
                "The contact history was not moved: another process holds it. Try again when it is done."
            )
        written, _ = move(engine, lease.client, embedder, progress)
        return written
    finally:
        lease.close()


def move(
    engine: Engine, client: Any, embedder: Embedder, progress: Progress | None
) -> tuple[int, VectorShelf]:
    """Do the move on an open client; return vectors written and the shelf that counts now."""
    old, new = recorded_writer(engine), Writer.of(embedder)
    shelf = VectorShelf(client, new)
    written = _fill(engine, shelf, embedder, progress)
    record_writer(engine, new)
    shelf.sweep({vector_id(row) for rows in _row_batches(engine) for row in rows})
    if old is not None and old.collection != new.collection:
        from chromadb.errors import NotFoundError

        with contextlib.suppress(NotFoundError):  # The folder may have been deleted by hand.
            client.delete_collection(old.collection)
    return written, shelf


def _fill(engine: Engine, shelf: VectorShelf, embedder: Embedder, progress: Progress | None) -> int:
    with engine.connect() as connection:
        total = connection.execute(select(func.count()).select_from(MEMORIES)).scalar_one()
    done = written = 0
    for rows in _row_batches(engine):
        missing = shelf.missing([vector_id(row) for row in rows])
        lacking = [row for row in rows if vector_id(row) in missing]
        if lacking:
            shelf.put(lacking, embedder.embed([row["text"] for row in lacking]))
        done, written = done + len(rows), written + len(lacking)
        if progress is not None:
            progress(done, total)
    return written


def _row_batches(engine: Engine) -> Iterator[Sequence[Row]]:
    """All rows by id; each batch is its own read, so a long move holds no lock."""
    last = ""
    while True:
        query = select(MEMORIES).where(MEMORIES.c.id > last).order_by(MEMORIES.c.id).limit(_BATCH_ROWS)
        with engine.connect() as connection:
            rows = [dict(row) for row in connection.execute(query).mappings()]
        if not rows:
            return
        yield rows
        last = rows[-1]["id"]
