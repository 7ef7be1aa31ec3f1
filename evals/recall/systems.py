"""The ways to answer: contact history with an embedder, and what it must beat."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import insert
from sqlmodel import SQLModel

from domain.history import Remembered
from evals.recall.cases import NOW, Cases
from memory.crm.engine import open_engine
from memory.crm.statements import CONTACTS
from memory.history.clients import embedded
from memory.history.store import ChromaHistory

if TYPE_CHECKING:
    from collections.abc import Iterator

    from domain.ports import Embedder

Answer = Callable[[str, str], Sequence[Remembered]]
"""Takes contact id and question, returns at most five memories, best first."""

MOST_ANSWERS = 5


def newest_first(cases: Cases) -> Answer:
    """Ignore the question."""

    def answer(contact_id: str, _about: str) -> Sequence[Remembered]:
        own = [item for item in cases.memories if item.contact_id == contact_id]
        return sorted(own, key=lambda item: item.at, reverse=True)[:MOST_ANSWERS]

    return answer


def full_text(cases: Cases) -> Answer:
    """BM25 over stemmed words (SQLite FTS5): any word of the question may match."""
    database = sqlite3.connect(":memory:")
    database.execute(
        "CREATE VIRTUAL TABLE items USING fts5(place UNINDEXED, contact_id UNINDEXED, words, tokenize='porter')"
    )
    rows = [(place, item.contact_id, item.text) for place, item in enumerate(cases.memories)]
    database.executemany("INSERT INTO items VALUES (?, ?, ?)", rows)

    def answer(contact_id: str, about: str) -> Sequence[Remembered]:
        asked = " OR ".join(f'"{word}"' for word in re.findall(r"\w+", about))
        found = database.execute(
            "SELECT place FROM items WHERE words MATCH ? AND contact_id = ? ORDER BY rank LIMIT ?",
            (asked, contact_id, MOST_ANSWERS),
        )
        return [cases.memories[place] for (place,) in found]

    return answer


@contextmanager
def history(cases: Cases, embedder: Embedder, folder: Path, **settings: float) -> Iterator[ChromaHistory]:
    """The real contact history, in a folder of its own, holding every case."""
    folder.mkdir(parents=True)
    engine = open_engine(f"sqlite:///{folder / 'attune.db'}")
    SQLModel.metadata.create_all(engine)
    with engine.begin() as connection:
        connection.execute(insert(CONTACTS), [{"id": one, "attributes": {}} for one in cases.contact_ids])
    store = ChromaHistory(engine, embedded(folder / "history"), embedder, **settings)
    try:
        store.remember(cases.memories)
        yield store
    finally:
        store.close()
        engine.dispose()


def by_meaning(store: ChromaHistory, least_score: float | None = None) -> Answer:
    """Contact history as the product asks it."""

    def answer(contact_id: str, about: str) -> Sequence[Remembered]:
        found = store.recall(contact_id, about, now=NOW, limit=MOST_ANSWERS, least_score=least_score)
        return [one.remembered for one in found]

    return answer
