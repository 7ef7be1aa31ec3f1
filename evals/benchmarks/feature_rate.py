"""How many events a second become features, what a million contacts weigh, and how fast their matrix is there.

Made-up people and events, everything else as in a workspace; takes about half a minute and 2 GB:
`python -m evals.benchmarks.feature_rate --contacts 1000000 --events 5000000`.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table as Grid
from sqlmodel import SQLModel

from domain.base import Noun
from domain.campaign import SendSlot
from domain.content import AssetKind, ContentAsset
from domain.decision import SILENCE, Action
from domain.traits import AccountTraits, ContactTraits, DealTraits
from learning.features import NAMES, ActionTable, FeatureBook, vectors_as_of
from learning.features.acts import ACT_OF_KIND, ACTS
from learning.features.classing import bring
from learning.features.deals import Deals
from learning.features.events import EventColumns, microseconds, transcribe
from learning.features.library import AssetBook
from learning.features.portable import packed, unpacked
from learning.features.profiles import Profiles
from learning.features.roster import Roster
from learning.features.state import FeatureState
from learning.features.topics import WIDTH, TopicBook
from memory.array_file import read_arrays, write_arrays
from memory.crm import tables as _tables  # noqa: F401 (registers the tables)
from memory.crm.engine import open_engine
from memory.crm.features_reader import FeatureReader, Watermark
from memory.crm.statements import CONTACTS, EVENTS, insert_all, writing

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
SEED = 7
JOURNAL_EVENTS = 200_000
"""Events written to a real SQLite journal and read back; reading is linear in them."""

_DAYS = 365
_ZONES = ("Europe/Berlin", "America/New_York", "Asia/Tokyo", None)
_SENIORITIES = ("executive", "director", "manager", "specialist", "unknown")
_TOPICS = ("pricing", "security", "onboarding", "reporting")
_CHUNK = 65_536


class FeatureRate(Noun):
    """One measured step: how many of what in how many seconds by the clock, and of one core."""

    what: str
    number: int
    seconds: float
    cpu_seconds: float


class Stopwatch:
    """Collects measured steps."""

    def __init__(self) -> None:
        self.steps: list[FeatureRate] = []

    @contextmanager
    def timing(self, what: str, number: int) -> Iterator[None]:
        """Time what is done inside."""
        began, cpu_began = time.perf_counter(), time.process_time()
        yield
        took, cpu_took = time.perf_counter() - began, time.process_time() - cpu_began
        self.steps.append(FeatureRate(what=what, number=number, seconds=took, cpu_seconds=cpu_took))


class FeatureRates(Noun):
    """Everything measured."""

    bytes_a_contact: float
    peak_mebibytes: float
    one_contact_p50_ms: float
    one_contact_p99_ms: float
    steps: tuple[FeatureRate, ...]


def measure(contacts: int, events: int, folder: Path) -> FeatureRates:
    """Lay out made-up contacts, apply events, make vectors and dyads, keep and open the file, replay, read."""
    watch, rng = Stopwatch(), np.random.default_rng(SEED)
    assets = _assets()
    with watch.timing("lay out contacts and their companies", contacts):
        book = _book(contacts, assets)
    happened = _events(rng, contacts, events, len(assets))
    with watch.timing("apply events (columns to sums)", events):
        book.bring(happened, NOW)
    rows = np.arange(contacts)
    with watch.timing(f"matrix of {len(NAMES)} columns", contacts):
        book.matrix(rows, NOW)
    table = _actions(assets)
    with watch.timing(f"dyads, {len(table.actions)} actions", contacts * len(table.actions)):
        for start in range(0, contacts, _CHUNK):
            book.dyads(rows[start : start + _CHUNK], table, NOW)
    singles = _singles(book, table, rng.integers(contacts, size=300))
    with watch.timing("write the state file", contacts):
        write_arrays(folder / "features.npz", *packed(book.state))
    with watch.timing("open the state file", contacts):
        unpacked(*read_arrays(folder / "features.npz"))
    bytes_a_contact = (book.state.bytes_used + book.profiles.bytes_used) / contacts
    del book, happened
    _measure_replay(watch, rng, assets)
    _measure_journal(watch, rng, assets, folder)
    return FeatureRates(
        bytes_a_contact=bytes_a_contact,
        peak_mebibytes=_peak_mebibytes(),
        one_contact_p50_ms=float(np.percentile(singles, 50) * 1e3),
        one_contact_p99_ms=float(np.percentile(singles, 99) * 1e3),
        steps=tuple(watch.steps),
    )


def _singles(book: FeatureBook, table: ActionTable, rows: NDArray[np.int64]) -> list[float]:
    """Seconds of a core for one contact's vector and dyads, each."""
    took = []
    for row in rows:
        began = time.process_time()
        book.matrix(np.array([row]), NOW)
        book.dyads(np.array([row]), table, NOW)
        took.append(time.process_time() - began)
    return took


def _measure_replay(watch: Stopwatch, rng: np.random.Generator, assets: tuple[ContentAsset, ...]) -> None:
    """Vectors of past decisions of 20,000 contacts: in weekly runs, and each at a moment of its own."""
    contacts, events = 20_000, 400_000
    for decisions, moments in ((200_000, 52), (2_000, 2_000)):
        book, happened = _book(contacts, assets), _events(rng, contacts, events, len(assets))
        runs = microseconds(NOW) - rng.integers(1, _DAYS * 86_400, moments) * 1_000_000
        at = runs[rng.integers(moments, size=decisions)]
        with watch.timing(f"vectors as of {moments:,} moments", decisions):
            vectors_as_of(book, happened, rng.integers(contacts, size=decisions), at)


def _measure_journal(
    watch: Stopwatch, rng: np.random.Generator, assets: tuple[ContentAsset, ...], folder: Path
) -> None:
    """Read a SQLite journal into a state."""
    contacts = JOURNAL_EVENTS // 10
    engine = open_engine(f"sqlite:///{folder / 'bench.sqlite'}")
    SQLModel.metadata.create_all(engine)
    kinds = [kind.value for kind in ACT_OF_KIND]
    who, what = rng.integers(contacts, size=JOURNAL_EVENTS), rng.integers(len(kinds), size=JOURNAL_EVENTS)
    about = rng.integers(len(_TOPICS), size=JOURNAL_EVENTS)
    ages = rng.integers(_DAYS * 86_400, size=JOURNAL_EVENTS)
    people = [{"id": f"c_{i}", "attributes": {}} for i in range(contacts)]
    journal = [
        {
            "id": f"b:{i:09}",
            "kind": kinds[what[i]],
            "at": NOW - timedelta(seconds=int(ages[i])),
            "source": "b",
            "contact_id": f"c_{who[i]}",
            "topic": _TOPICS[about[i]],
            "properties": {},
            "received_at": NOW - timedelta(seconds=int(ages[i])),
        }
        for i in range(JOURNAL_EVENTS)
    ]
    with writing(engine) as connection:
        insert_all(connection, CONTACTS, people)
        insert_all(connection, EVENTS, journal)
    del people, journal
    reader = FeatureReader(engine)
    book = _book(0, assets)
    with watch.timing("read people (SQLite)", contacts):
        profiles = Profiles(book.state.roster, reader.contacts())
    with watch.timing("read the journal (SQLite) to columns", JOURNAL_EVENTS):
        happenings = reader.happenings(Watermark(), reader.newest(Watermark(), NOW))
        columns = transcribe(happenings, book.state.roster, book.state.library)
    with watch.timing("apply what was read", JOURNAL_EVENTS):
        bring(book.state, profiles, columns, microseconds(NOW))
    engine.dispose()


def _book(contacts: int, assets: tuple[ContentAsset, ...]) -> FeatureBook:
    """Companies of eight people, a deal in each."""
    companies = range(-(-contacts // 8))
    people = (
        ContactTraits(
            f"c_{i:012x}", f"a_{i // 8}", _SENIORITIES[i % 5], "DE", _ZONES[i % 4], "lead" if i % 3 else "mql"
        )
        for i in range(contacts)
    )
    firms = (AccountTraits(f"a_{i}", f"industry {i % 30}", 10 + i % 5_000, None, "DE") for i in companies)
    roster, topics = Roster(), TopicBook.of(_TOPICS)
    profiles = Profiles(roster, people, firms)
    deals = (
        DealTraits(f"d_{i}", f"a_{i}", amount_cents=i * 100, created_at=NOW - timedelta(days=i % 400))
        for i in companies
    )
    laid = Deals(profiles.accounts, roster, deals)
    return FeatureBook(FeatureState(roster, AssetBook(topics, assets)), profiles, laid)


def _events(rng: np.random.Generator, contacts: int, number: int, assets: int) -> EventColumns:
    """A year of events of everyone, half of them about a topic, some about an asset."""
    at = np.sort(microseconds(NOW) - rng.integers(1, _DAYS * 86_400, number) * 1_000_000)
    return EventColumns(
        rows=rng.integers(contacts, size=number).astype(np.int32),
        at=at,
        due=at + 1,
        acts=rng.integers(len(ACTS), size=number).astype(np.int8),
        assets=rng.integers(-2 * assets, assets, number).clip(-1).astype(np.int32),
        stages=np.full(number, -1, np.int8),
        marked=np.arange(0, number, 2),
        topics=rng.integers(WIDTH, size=-(-number // 2)).astype(np.int8),
    )


def _assets() -> tuple[ContentAsset, ...]:
    return tuple(
        ContentAsset.model_validate(
            {
                "id": f"asset-{i}",
                "title": f"Asset {i}",
                "kind": tuple(AssetKind)[i % len(AssetKind)],
                "url": "https://www.example.com/a",
                "summary": "s",
                "call_to_action": "c",
                "topics": (_TOPICS[i % len(_TOPICS)],),
            }
        )
        for i in range(24)
    )


def _actions(assets: tuple[ContentAsset, ...]) -> ActionTable:
    slots = (SendSlot.NOW, SendSlot.MORNING, SendSlot.AFTERNOON)
    actions = [
        Action(asset_id=asset.id, channel="email", slot=slot) for asset in assets[:3] for slot in slots
    ]
    return ActionTable.of([*actions, SILENCE], {asset.id: asset for asset in assets})


def _peak_mebibytes() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024 * 1024 if sys.platform == "darwin" else 1024)


def main() -> None:
    """Print the rates as a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--contacts", type=int, default=1_000_000)
    parser.add_argument("--events", type=int, default=5_000_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="attune-bench-") as folder:
        rates = measure(given.contacts, given.events, Path(folder))
    grid = Grid(title=f"Features ({given.contacts:,} contacts, {given.events:,} events)")
    for column in ("step", "number", "seconds", "CPU seconds", "a CPU second"):
        grid.add_column(column, justify="left" if column == "step" else "right")
    for step in rates.steps:
        grid.add_row(
            step.what,
            f"{step.number:,}",
            f"{step.seconds:.2f}",
            f"{step.cpu_seconds:.2f}",
            f"{step.number / step.cpu_seconds:,.0f}",
        )
    console = Console()
    console.print(grid)
    console.print(
        f"{rates.bytes_a_contact:,.0f} bytes a contact (ids on top); peak {rates.peak_mebibytes:,.0f} MiB; "
        f"one contact's vector and dyads in {rates.one_contact_p50_ms:.2f} ms of a core "
        f"(p99 {rates.one_contact_p99_ms:.2f} ms)"
    )


if __name__ == "__main__":
    main()
