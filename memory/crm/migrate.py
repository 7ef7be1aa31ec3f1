"""Brings a CRM database to the schema this version of Attune was written for.

The revisions travel inside the package, so an installed Attune migrates without its source tree.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

from memory.crm.statements import is_postgres, writing

VERSION_TABLE = "attune_schema"
"""Where the revision stands: our own name, so that another tool's Alembic in the same database is safe."""

_LOCK_KEY = 0x617474756E65
"""PostgreSQL advisory lock of migrations: `attune` in ASCII."""


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Bring the database up to `revision`, in one transaction; safe to call from several processes."""
    with writing(engine) as connection:
        if is_postgres(connection):
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK_KEY})
        command.upgrade(_config(connection), revision)


def revision_of(engine: Engine) -> str | None:
    """Return the database's revision, or None where nothing was ever migrated."""
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        return context.get_current_revision()


@cache
def head() -> str:
    """Return the newest revision this version knows."""
    newest = ScriptDirectory.from_config(_config()).get_current_head()
    if newest is None:
        raise RuntimeError("memory/crm/migrations holds no revision: the installation is incomplete")
    return newest


def is_current(engine: Engine) -> bool:
    """Tell whether the database needs no migration."""
    return revision_of(engine) == head()


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config
