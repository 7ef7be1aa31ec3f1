"""New SQLite files take their schema from one that was migrated once a process, instead of migrating each anew.

What the migrations themselves do is tested in `contracts/test_crm_migrate.py`, and every command of `e2e/` runs them.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from sqlalchemy import Engine

from memory.crm import migrate
from memory.crm.engine import is_sqlite, open_engine


def upgrade(engine: Engine) -> None:
    """Bring a database to the newest revision: a copy where there is no file yet, migrations else."""
    name = engine.url.database
    if is_sqlite(engine) and name and name != ":memory:" and not Path(name).exists():
        Path(name).write_bytes(migrated())
    else:
        migrate.upgrade(engine)


@cache
def migrated() -> bytes:
    """A migrated, empty SQLite file."""
    with TemporaryDirectory(prefix="attune-schema-") as folder:
        file = Path(folder) / "template.db"
        engine = open_engine(f"sqlite:///{file}")
        migrate.upgrade(engine)
        with engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        engine.dispose()
        return file.read_bytes()


@pytest.fixture(scope="session", autouse=True)
def workspaces_begin_migrated() -> Iterator[None]:
    """Let `make_workspace` take the template; for a conftest to bring in."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("app.wiring.upgrade", upgrade)
        yield
