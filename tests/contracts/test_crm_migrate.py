"""Migrations: up from empty, up from the revision before with its rows kept, and equal to the models."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, inspect, select
from sqlmodel import SQLModel

from memory.crm import codec
from memory.crm.migrate import VERSION_TABLE, head, is_current, revision_of, upgrade
from memory.crm.statements import ACCOUNTS, CONTACTS, insert_all, writing
from tests.contracts.crm_sample import ACCOUNT, ADA, seed


def test_an_empty_database_comes_up_to_the_newest_revision(blank_engine: Engine) -> None:
    assert revision_of(blank_engine) is None
    assert not is_current(blank_engine)
    upgrade(blank_engine)
    assert revision_of(blank_engine) == head()
    assert is_current(blank_engine)


def test_models_and_migrations_say_the_same(blank_engine: Engine) -> None:
    upgrade(blank_engine)
    with blank_engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        assert compare_metadata(context, SQLModel.metadata) == []


def test_rows_of_the_revision_before_survive_the_upgrade(blank_engine: Engine) -> None:
    upgrade(blank_engine, "0001")
    assert "outbox" not in inspect(blank_engine).get_table_names()
    with writing(blank_engine) as connection:
        insert_all(connection, ACCOUNTS, [codec.account_row(ACCOUNT)])
        insert_all(connection, CONTACTS, [codec.contact_row(ADA)])
    upgrade(blank_engine)
    assert is_current(blank_engine)
    with blank_engine.connect() as connection:
        row = connection.execute(select(CONTACTS)).mappings().one()
    assert codec.contact_of(row, ADA.external_ids) == ADA
    assert "outbox" in inspect(blank_engine).get_table_names()


def test_upgrading_twice_changes_nothing(engine: Engine) -> None:
    seed(engine)
    upgrade(engine)
    with engine.connect() as connection:
        assert len(connection.execute(select(CONTACTS)).all()) == 3


def test_several_processes_may_upgrade_at_once(blank_engine: Engine) -> None:
    with ThreadPoolExecutor(1) as other:
        racing = other.submit(_upgrade_elsewhere, blank_engine)
        upgrade(blank_engine)
        racing.result()
    assert is_current(blank_engine)


def _upgrade_elsewhere(engine: Engine) -> None:
    """Alembic keeps its context in module globals, so a second upgrade is a second process."""
    url = engine.url.render_as_string(hide_password=False).replace("postgresql+psycopg", "postgresql")
    script = (
        "import sys; from memory.crm.engine import open_engine; from memory.crm.migrate import upgrade;"
        "upgrade(open_engine(sys.argv[1]))"
    )
    subprocess.run([sys.executable, "-c", script, url], check=True)
