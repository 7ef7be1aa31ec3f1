"""Migrations: up from empty, up from the revision before with its rows kept, and equal to the models."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, column, inspect, select, table
from sqlmodel import SQLModel

from domain.message import Stakes, StakesReason
from memory.crm import codec
from memory.crm.migrate import VERSION_TABLE, head, is_current, revision_of, upgrade
from memory.crm.proposals import ProposalStore
from memory.crm.review_queue import ReviewQueue
from memory.crm.runs import RunStore
from memory.crm.statements import ACCOUNTS, CONTACTS, insert_all, writing
from tests.contracts.crm_sample import ACCOUNT, ADA, decision, pending, proposal, seed


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


def test_rows_of_the_first_revision_survive_the_upgrade(blank_engine: Engine) -> None:
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


def test_everything_stored_at_the_revision_before_the_newest_survives_the_upgrade(
    blank_engine: Engine, engine: Engine
) -> None:
    seed(engine)
    ProposalStore(engine).open(proposal(ADA), pending(ADA))
    upgrade(blank_engine, "head-1")
    assert not is_current(blank_engine)
    stored = _copied(engine, blank_engine)
    assert {"contacts", "runs", "proposals", "outbox"} <= {name for name, rows in stored.items() if rows}
    upgrade(blank_engine)
    assert is_current(blank_engine)
    assert {name: _rows(blank_engine, name, set(rows[0])) for name, rows in stored.items() if rows} == {
        name: rows for name, rows in stored.items() if rows
    }
    assert ProposalStore(blank_engine).waiting() == (proposal(ADA),)


def test_what_waited_before_there_was_a_queue_has_its_place_in_it(
    blank_engine: Engine, engine: Engine
) -> None:
    seed(engine)
    RunStore(engine).record("r_1", [decision(ADA)], [])
    reasons = (
        StakesReason(code="cold_start", text="the first ones"),
        StakesReason(code="executive", text="a CEO", is_locked=True),
    )
    ProposalStore(engine).open(
        proposal(ADA).model_copy(update={"stakes": Stakes(reasons=reasons)}), pending(ADA)
    )
    upgrade(blank_engine, "0008")
    _copied(engine, blank_engine)
    upgrade(blank_engine)
    assert ReviewQueue(blank_engine).line(f"p_r_1_{ADA.id}") == ReviewQueue(engine).line(f"p_r_1_{ADA.id}")
    asked = _rows(blank_engine, "proposals", {"asked_level", "asset_id", "reason"})
    assert asked == [{"asked_level": 3, "asset_id": "guide", "reason": "a CEO"}]


def _copied(whole: Engine, old: Engine) -> dict[str, list[dict[str, object]]]:
    """Copy into an older schema what it has tables and columns for, and return that."""
    known = inspect(old)
    copied = {}
    for full in SQLModel.metadata.sorted_tables:
        if full.name not in known.get_table_names():
            continue
        names = {column["name"] for column in known.get_columns(full.name)}
        copied[full.name] = rows = _rows(whole, full.name, names)
        there = table(full.name, *(column(c.name, c.type) for c in full.columns if c.name in names))
        if rows:
            with writing(old) as connection:
                connection.execute(there.insert(), rows)
    return copied


def _rows(engine: Engine, name: str, columns: set[str]) -> list[dict[str, object]]:
    full = SQLModel.metadata.tables[name]
    query = select(*(c for c in full.columns if c.name in columns)).order_by(*full.primary_key.columns)
    with engine.connect() as connection:
        return [dict(row) for row in connection.execute(query).mappings()]


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
