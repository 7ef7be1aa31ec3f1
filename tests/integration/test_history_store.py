"""Contact history under what really happens: kills, a second process, another embedder, lost folders."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Engine, insert, select

from domain.errors import HistoryMismatch, ModelUnavailable, NotFound, SettingsInvalid, WorkspaceBusy
from domain.events import Event, EventKind
from domain.history import MemoryKind, Remembered
from memory.crm.engine import open_engine
from memory.crm.journal import Journal
from memory.crm.statements import CONTACTS, MEMORIES
from memory.history.clients import embedded, served
from memory.history.reindex import reindex
from memory.history.shelf import recorded_writer
from memory.history.store import ChromaHistory
from memory.history.story import events_of, remember_events
from tests.schema_template import upgrade
from tools.embedders.lexical import LexicalEmbedder

if TYPE_CHECKING:
    from domain.ports import FloatMatrix

NOW = datetime(2026, 6, 1, 9, tzinfo=UTC)
Open = Callable[..., ChromaHistory]


class Counting(LexicalEmbedder):
    """Counts the texts it is given; fails when told to."""

    def __init__(self, dimensions: int = 384) -> None:
        super().__init__(dimensions)
        self.texts = 0
        self.fails_after: int | None = None

    def embed(self, texts: Sequence[str]) -> FloatMatrix:
        if self.fails_after is not None and self.texts + len(texts) > self.fails_after:
            raise ModelUnavailable("the embedding server is down")
        self.texts += len(texts)
        return super().embed(texts)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    opened = open_engine(f"sqlite:///{tmp_path / 'attune.db'}")
    upgrade(opened)
    with opened.begin() as connection:
        rows = [{"id": f"c_{n}", "attributes": {}} for n in range(40)]
        connection.execute(insert(CONTACTS), rows)
    yield opened
    opened.dispose()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "history"


@pytest.fixture
def open_history(engine: Engine, folder: Path) -> Iterator[Open]:
    opened: list[ChromaHistory] = []

    def open_one(embedder: LexicalEmbedder | None = None) -> ChromaHistory:
        opened.append(ChromaHistory(engine, embedded(folder), embedder or LexicalEmbedder()))
        return opened[-1]

    yield open_one
    for one in opened:
        with suppress(OSError, RuntimeError):  # Some tests have closed theirs already.
            one.close()


def item(n: int, text: str = "Asked for the price", contact: int = 0) -> Remembered:
    return Remembered(
        contact_id=f"c_{contact}", kind=MemoryKind.NOTE, text=text, at=NOW - timedelta(days=n), ref=f"e:{n}"
    )


def refs(history: ChromaHistory, about: str = "price", contact: int = 0, limit: int = 50) -> set[str]:
    return {one.remembered.ref for one in history.recall(f"c_{contact}", about, now=NOW, limit=limit)}


def test_vectors_are_made_once(open_history: Open) -> None:
    embedder = Counting()
    history = open_history(embedder)
    history.remember([item(n) for n in range(20)])
    history.remember([item(n) for n in range(20)])
    assert refs(history) == {f"e:{n}" for n in range(20)}
    assert embedder.texts == 21


def test_a_missing_vector_is_made_at_recall_and_kept(open_history: Open) -> None:
    embedder = Counting()
    history = open_history(embedder)
    history.remember([item(1), item(2)])
    assert history._shelf is not None
    history._shelf.forget("c_0")
    embedder.texts = 0
    assert refs(history) == {"e:1", "e:2"}
    assert embedder.texts == 3
    assert refs(history) == {"e:1", "e:2"}
    assert embedder.texts == 4


def test_remembering_again_mends_a_missing_vector(open_history: Open) -> None:
    history = open_history()
    history.remember([item(1), item(2)])
    assert history._shelf is not None
    history._shelf.forget("c_0")
    assert history.remember([item(1), item(2)]) == 0
    assert history._shelf.count() == 2


def test_a_memory_outlives_a_failing_embedder(open_history: Open) -> None:
    embedder = Counting()
    embedder.fails_after = 0
    history = open_history(embedder)
    assert history.remember([item(1)]) == 1
    with pytest.raises(ModelUnavailable):
        refs(history)
    embedder.fails_after = None
    assert refs(history) == {"e:1"}


def test_a_lost_folder_loses_no_memory(open_history: Open, folder: Path) -> None:
    history = open_history()
    history.remember([item(n) for n in range(5)])
    history.close()
    shutil.rmtree(folder)
    assert refs(open_history()) == {f"e:{n}" for n in range(5)}


def test_who_comes_second_recalls_and_remembers_without_vectors(open_history: Open) -> None:
    first, second = open_history(), open_history()
    first.remember([item(1)])
    assert (first.holds_vectors, second.holds_vectors) == (True, False)
    assert second.remember([item(2)]) == 1
    assert refs(first) == refs(second) == {"e:1", "e:2"}
    with pytest.raises(WorkspaceBusy, match="Nothing about contact 'c_0' was erased"):
        second.forget("c_0")
    assert first.counts("c_0") == {MemoryKind.NOTE: 2}


def test_another_embedder_is_refused_and_says_how_to_move(open_history: Open) -> None:
    open_history(LexicalEmbedder()).close()
    with pytest.raises(HistoryMismatch, match=r"lexical-v1-384.*lexical-v1-64.*attune memory reindex"):
        open_history(LexicalEmbedder(64))


def test_a_folder_of_another_embedder_is_refused(open_history: Open, engine: Engine, folder: Path) -> None:
    history = open_history()
    assert history._shelf is not None
    history._shelf._collection.modify(metadata={"embedder": "lexical-v0-384", "dimensions": 384})
    history.close()
    with pytest.raises(HistoryMismatch, match="lexical-v0-384"):
        open_history()


def test_reindex_moves_everything_and_the_old_embedder_is_refused(open_history: Open, engine: Engine) -> None:
    history = open_history()
    history.remember([item(n, contact=n % 3) for n in range(30)])
    seen: list[tuple[int, int]] = []
    target = Counting(64)
    assert history.reindex(target, lambda done, total: seen.append((done, total))) == 30
    assert seen == [(30, 30)]
    assert refs(history) == {f"e:{n}" for n in range(0, 30, 3)}
    assert target.texts == 31
    history.close()
    writer = recorded_writer(engine)
    assert writer is not None
    assert (writer.embedder, writer.dimensions) == ("lexical-v1-64", 64)
    with pytest.raises(HistoryMismatch):
        open_history(LexicalEmbedder())
    assert len(refs(open_history(LexicalEmbedder(64)))) == 10


def test_a_reindex_that_broke_off_leaves_the_old_in_use_and_goes_on_later(
    open_history: Open, engine: Engine, folder: Path
) -> None:
    history = open_history()
    history.remember([item(n, contact=n % 40) for n in range(1_500)])
    history.close()
    target = Counting(64)
    target.fails_after = 1_000
    with pytest.raises(ModelUnavailable):
        reindex(engine, embedded(folder), target)
    again = open_history()
    assert len(refs(again)) == 38
    again.close()
    target.fails_after = None
    assert reindex(engine, embedded(folder), target) == 500
    assert target.texts == 1_500
    assert len(refs(open_history(LexicalEmbedder(64)))) == 38


def test_reindex_with_the_same_embedder_mends_and_sweeps(
    open_history: Open, engine: Engine, folder: Path
) -> None:
    first, guest = open_history(), open_history()
    first.remember([item(1)])
    guest.remember([item(2)])
    assert first._shelf is not None
    first._shelf.put(
        [{"id": "c_9:1", "contact_id": "c_9", "text": "gone"}], LexicalEmbedder().embed(["gone"])
    )
    with pytest.raises(WorkspaceBusy):
        reindex(engine, embedded(folder), LexicalEmbedder())
    assert first.reindex(LexicalEmbedder()) == 1
    assert first._shelf.count() == 2


def test_a_vector_of_other_words_is_never_used(open_history: Open) -> None:
    embedder = Counting()
    history = open_history(embedder)
    history.remember([item(1, "Our lawyers dislike the contract")])
    with history._engine.begin() as connection:
        connection.execute(MEMORIES.update().values(text="The price is too high"))
    assert refs(history, "price") == {"e:1"}
    assert refs(history, "contract") == set()


def test_forgetting_leaves_no_vector(open_history: Open) -> None:
    history = open_history()
    history.remember([item(1), item(1, contact=1)])
    assert history.forget("c_0") == 1
    assert history._shelf is not None
    assert history._shelf.count() == 1


def test_a_merged_contacts_history_goes_to_the_kept_one(open_history: Open) -> None:
    history = open_history()
    history.remember([item(1, contact=1), item(2, contact=1), item(2, "Stands already: price")])
    assert history.adopt("c_0", "c_1") == 2
    assert history.adopt("c_0", "c_1") == 0
    assert history.adopt("c_0", "c_0") == 0
    assert refs(history) == {"e:1", "e:2"}
    assert refs(history, contact=1) == set()


def test_an_unknown_contact_is_named(open_history: Open) -> None:
    with pytest.raises(NotFound, match="'c_77'"):
        open_history().remember([item(1), item(1, contact=77)])


@pytest.mark.parametrize("url", ["ftp://host", "nonsense", "http://"])
def test_a_server_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(SettingsInvalid, match="ATTUNE_CHROMA_URL"):
        served(url)


def test_a_server_that_does_not_answer_is_named(engine: Engine) -> None:
    with pytest.raises(SettingsInvalid, match=r"no Chroma server answers at 127\.0\.0\.1:9"):
        ChromaHistory(engine, served("http://127.0.0.1:9"), LexicalEmbedder())


def test_a_journal_is_remembered_whole_and_once(open_history: Open, engine: Engine) -> None:
    events = [
        Event(
            id=f"web:{n}",
            kind=EventKind.EMAIL_REPLIED if n % 2 else EventKind.EMAIL_OPENED,
            at=NOW - timedelta(minutes=n // 7),
            source="web",
            contact_id=f"c_{n % 40}",
            text=f"Asked for the price of plan {n}",
        )
        for n in range(12_000)
    ]
    Journal(engine).append(events)
    history = open_history()
    assert remember_events(history, events_of(engine)) == 6_000
    assert remember_events(history, events_of(engine)) == 0
    assert len(refs(history, contact=1, limit=500)) == 300


KILLED = """
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from domain.history import MemoryKind, Remembered
from memory.crm.engine import open_engine
from memory.history.clients import embedded
from memory.history.store import ChromaHistory
from tools.embedders.lexical import LexicalEmbedder
root = Path(sys.argv[1])
history = ChromaHistory(open_engine(f"sqlite:///{root / 'attune.db'}"), embedded(root / "history"), LexicalEmbedder())
for n in range(10_000):
    history.remember([
        Remembered(contact_id=f"c_{c}", kind=MemoryKind.NOTE, text=f"Asked for the price {n}",
                   at=datetime(2026, 5, 1, tzinfo=UTC), ref=f"k:{n}")
        for c in range(40)
    ])
    print(n, flush=True)
"""


@pytest.mark.slow
def test_a_killed_writer_loses_nothing_it_reported(
    open_history: Open, engine: Engine, tmp_path: Path
) -> None:
    for round_number in range(3):
        writer = subprocess.Popen(
            [sys.executable, "-c", KILLED, str(tmp_path)], stdout=subprocess.PIPE, text=True
        )
        with writer:
            assert writer.stdout is not None
            for _ in range(3 + round_number * 2):
                reported = int(writer.stdout.readline())
            writer.send_signal(signal.SIGKILL)
        history = open_history()
        assert history.holds_vectors
        for contact in range(40):
            found = refs(history, contact=contact, limit=500)
            assert {f"k:{n}" for n in range(reported + 1)} <= found
        with engine.connect() as connection:
            rows = connection.execute(select(MEMORIES.c.id, MEMORIES.c.contact_id, MEMORIES.c.ref)).all()
        assert len({(row.contact_id, row.ref) for row in rows}) == len(rows)
        history.reindex(LexicalEmbedder())
        assert history._shelf is not None
        assert history._shelf.count() == len(rows)
        history.close()


@pytest.fixture
def chroma_url(tmp_path: Path) -> Iterator[str]:
    """A Chroma server of our own on loopback."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    chroma = Path(sys.executable).with_name("chroma")
    command = [
        str(chroma),
        "run",
        "--path",
        str(tmp_path / "served"),
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
    ]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        deadline = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                assert server.poll() is None, "the Chroma server ended"
                assert time.monotonic() < deadline, "the Chroma server did not start within a minute"
        yield f"http://127.0.0.1:{port}"
        server.kill()


@pytest.mark.slow
def test_several_share_one_history_through_a_server(engine: Engine, chroma_url: str) -> None:
    embedder = Counting()
    first = ChromaHistory(engine, served(chroma_url), embedder)
    second = ChromaHistory(engine, served(chroma_url), embedder)
    try:
        assert first.remember([item(n) for n in range(3)]) == 3
        assert second.remember([item(n) for n in range(5)]) == 2
        assert refs(first) == refs(second) == {f"e:{n}" for n in range(5)}
        assert embedder.texts == 5 + 2
        first.reindex(LexicalEmbedder(64))
        with pytest.raises(HistoryMismatch, match="another embedder meanwhile"):
            refs(second)
        assert first.forget("c_0") == 5
        assert first._shelf is not None
        assert first._shelf.count() == 0
    finally:
        first.close()
        second.close()


def test_opening_the_modules_loads_no_vector_store() -> None:
    """The command line imports this room for every command; Chroma alone takes a second."""
    probe = "import sys, memory.history.reindex, memory.history.story, tools.embedders.lexical as _;"
    probe += "print([m for m in ('chromadb', 'openai', 'onnxruntime') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
