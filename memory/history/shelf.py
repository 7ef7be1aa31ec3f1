"""One collection of vectors, and which embedder wrote it.

Vectors are fetched by id and ranked by the caller. Chroma's own filtered search reads the whole
collection for every question (83 ms at 100,000 items, 1.5 s at a million; by id it stays at 1 to 2), so
its graph index is never asked and is kept as thin as Chroma allows.
"""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine, select

from domain.base import Noun
from domain.errors import HistoryMismatch
from memory.crm.statements import WORKSPACE, upsert, writing
from memory.history.refill import Packed

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from domain.ports import Embedder

    Vector = NDArray[np.float32]

_log = logging.getLogger(__name__)

_FACT = "history"
_MOST_PER_CALL = 1_000
_THIN_GRAPH = {"hnsw": {"space": "ip", "max_neighbors": 4, "ef_construction": 4}}


class Writer(Noun):
    """Which embedder wrote a workspace's vectors, and into which collection."""

    embedder: str
    dimensions: int
    collection: str

    @classmethod
    def of(cls, embedder: Embedder) -> Writer:
        """The writer a given embedder makes; its collection is named after it."""
        plain = re.sub(r"[^a-zA-Z0-9]+", "-", embedder.name).strip("-")
        return cls(embedder=embedder.name, dimensions=embedder.dimensions, collection=f"history-{plain}")


def recorded_writer(engine: Engine) -> Writer | None:
    """Tell who wrote this workspace's vectors, or None where nothing was remembered yet."""
    with engine.connect() as connection:
        value = connection.execute(select(WORKSPACE.c.value).where(WORKSPACE.c.name == _FACT)).scalar()
    return Writer.model_validate(value) if value else None


def record_writer(engine: Engine, writer: Writer) -> None:
    """Name the collection that counts from now on."""
    with writing(engine) as connection:
        upsert(connection, WORKSPACE, [{"name": _FACT, "value": writer.model_dump()}], keys=["name"])


def vector_id(row: Mapping[str, Any]) -> str:
    """Return `contact:seq` and a digest of the text, so a vector left over from other words never matches."""
    return f"{row['id']}#{hashlib.sha256(row['text'].encode()).hexdigest()[:12]}"


class VectorShelf:
    """Vectors by id. Losing any of them loses speed, never a memory."""

    def __init__(self, client: Any, writer: Writer) -> None:
        """Open the collection, or make it.

        Raises:
            HistoryMismatch: the collection says another embedder wrote it.
        """
        from chromadb.errors import NotFoundError

        wanted = {"embedder": writer.embedder, "dimensions": writer.dimensions}
        try:
            collection = client.get_collection(writer.collection, embedding_function=None)
        except NotFoundError:
            collection = client.get_or_create_collection(
                writer.collection, metadata=wanted, configuration=_THIN_GRAPH, embedding_function=None
            )
        found = collection.metadata or {}
        if {name: found.get(name) for name in wanted} != wanted:
            raise mismatch(f"{found.get('embedder')!r} ({found.get('dimensions')} dimensions)", writer)
        self._writer = writer
        self._wanted = wanted
        self._collection = collection

    def vectors(self, ids: Sequence[str]) -> dict[str, Vector]:
        """Return those vectors that are there.

        Raises:
            HistoryMismatch: another process moved the history to another embedder meanwhile.
        """
        import httpx
        from chromadb.errors import ChromaError, NotFoundError

        found: dict[str, Vector] = {}
        try:
            for part in _parts(ids):
                answer = self._collection.get(ids=list(part), include=["embeddings"])
                found.update(zip(answer["ids"], answer["embeddings"], strict=True))
        except NotFoundError as error:
            raise mismatch("another embedder meanwhile", self._writer) from error
        except (ChromaError, httpx.HTTPError) as error:
            _log.warning("contact history reads no vectors (%s); texts are embedded on the spot", error)
        return found

    def missing(self, ids: Sequence[str]) -> set[str]:
        """Return the ids no vector stands at."""
        known: set[str] = set()
        for part in _parts(ids):
            known.update(self._collection.get(ids=list(part), include=[])["ids"])
        return set(ids) - known

    def put(self, rows: Sequence[Mapping[str, Any]], vectors: Any) -> None:
        """Set the vectors of these rows of `memories`, in the same order."""
        for start in range(0, len(rows), _MOST_PER_CALL):
            part = rows[start : start + _MOST_PER_CALL]
            self._collection.upsert(
                ids=[vector_id(row) for row in part],
                embeddings=vectors[start : start + _MOST_PER_CALL].astype("float32"),
                metadatas=[{"contact_id": row["contact_id"]} for row in part],
            )

    def forget(self, contact_id: str) -> None:
        """Remove every vector of one contact, left-over ones included."""
        self._collection.delete(where={"contact_id": contact_id})

    def sweep(self, wanted: set[str]) -> int:
        """Remove vectors whose rows are gone; return how many those were."""
        stray = [one for one in self._all_ids() if one not in wanted]
        for part in _parts(stray):
            self._collection.delete(ids=list(part))
        return len(stray)

    def rebuild(self, client: Any, wanted: set[str]) -> int:
        """Drop the collection and make it again with the wanted vectors it had; return how many those were.

        Holds them in memory meanwhile: 1.5 kB each at 384 dimensions.
        """
        kept = self.packed(sorted(wanted))
        client.delete_collection(self._writer.collection)
        self._collection = client.create_collection(
            self._writer.collection, metadata=self._wanted, configuration=_THIN_GRAPH, embedding_function=None
        )
        return self.fill(kept)

    def packed(self, ids: Sequence[str]) -> Packed:
        """Return those vectors that are there, with what another shelf needs to take them."""
        found = self.vectors(ids)
        return Packed(self._writer.model_dump(), tuple(found), tuple(found.values()))

    def fill(self, packed: Packed) -> int:
        """Take what another shelf packed; return how many vectors that was."""
        for start in range(0, len(packed.ids), _MOST_PER_CALL):
            ids = packed.ids[start : start + _MOST_PER_CALL]
            self._collection.upsert(
                ids=list(ids),
                embeddings=list(packed.vectors[start : start + _MOST_PER_CALL]),
                metadatas=[{"contact_id": one.partition(":")[0]} for one in ids],
            )
        return len(packed.ids)

    def count(self) -> int:
        """How many vectors stand here."""
        return int(self._collection.count())

    def _all_ids(self) -> list[str]:
        found: list[str] = []
        while page := self._collection.get(limit=_MOST_PER_CALL, offset=len(found), include=[])["ids"]:
            found.extend(page)
        return found


@contextmanager
def forgiving(items: int) -> Iterator[None]:
    """Let Chroma fail to keep vectors: their rows are kept, and the next recall makes them again."""
    import httpx
    from chromadb.errors import ChromaError

    try:
        yield
    except (ChromaError, httpx.HTTPError) as error:
        _log.warning("%d memories are kept without vectors for now: %s", items, error)


def mismatch(found: str, writer: Writer) -> HistoryMismatch:
    """Say who wrote the history, who was configured, and how to go on."""
    return HistoryMismatch(
        f"Contact history was written by {found}, but {writer.embedder!r} ({writer.dimensions} dimensions) "
        "is configured. Move it with `attune memory reindex`, or set ATTUNE_EMBEDDER back."
    )


def _parts(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(ids), _MOST_PER_CALL):
        yield ids[start : start + _MOST_PER_CALL]
