"""A whole run, from settling a workspace to messages in the mailbox, on both databases by the same commands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select, text

from domain.message import OutboxStatus
from domain.run import ContactOutcome
from evals.crowd import NOON
from memory.crm.engine import open_engine
from memory.crm.outbox import OutboxStore
from memory.crm.runs import RunStore
from memory.crm.statements import RUN_CONTACTS
from tests.e2e.command_line import ROOT, forge

pytestmark = pytest.mark.slow


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> Iterator[str | None]:
    """None for the workspace's own SQLite files, else the URL of an empty PostgreSQL database."""
    if request.param == "sqlite":
        yield None
        return
    server = open_engine(request.getfixturevalue("postgres_url"))
    admin = server.execution_options(isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text("CREATE DATABASE whole_run"))
    url = server.url.set(database="whole_run").render_as_string(hide_password=False)
    yield url.replace("postgresql+psycopg", "postgresql")
    with admin.connect() as connection:
        connection.execute(text("DROP DATABASE whole_run WITH (FORCE)"))
    server.dispose()


def command(module: str, *words: str, database_url: str | None) -> None:
    chosen = {"ATTUNE_DATABASE_URL": database_url} if database_url else {}
    code, said = forge().run(words, ROOT, module, **chosen)
    assert code == 0, said[-2000:]


def test_a_whole_run_ends_for_everyone_and_a_second_one_writes_to_no_one_again(
    tmp_path: Path, database_url: str | None
) -> None:
    workspace = tmp_path / "ws"
    campaign = str(workspace / "campaigns" / "crowd.yaml")
    command("app.drills.settling", str(workspace), "12", database_url=database_url)
    command("app.drills.worker", str(workspace), campaign, NOON.isoformat(), database_url=database_url)
    command("app.drills.worker", str(workspace), campaign, NOON.isoformat(), database_url=database_url)
    engine = open_engine(database_url or f"sqlite:///{workspace / 'attune.db'}")
    try:
        runs = RunStore(engine).runs()
        assert len(runs) == 2
        second, first = sorted(
            runs, key=lambda run: RunStore(engine).counts(run.id).get(ContactOutcome.SENT, 0)
        )
        assert RunStore(engine).counts(first.id) == {ContactOutcome.SENT: 12}
        assert RunStore(engine).counts(second.id) == {ContactOutcome.REFUSED: 12}
        assert OutboxStore(engine).counts() == {OutboxStatus.SENT: 12}
        with engine.connect() as connection:
            rules = Counter(connection.execute(select(RUN_CONTACTS.c.rule_id)).scalars())
        assert rules == {None: 12, "C-26": 12}
    finally:
        engine.dispose()
    assert len(list((workspace / "mailbox").glob("*.eml"))) == 12
