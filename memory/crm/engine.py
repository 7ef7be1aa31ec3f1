"""Opens the CRM database: SQLite beside the workspace, or PostgreSQL by URL."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Engine, event
from sqlmodel import create_engine

BUSY_TIMEOUT_MS = 60_000
"""How long a writer of SQLite waits for another."""


def open_engine(url: str) -> Engine:
    """Return an engine for `url`, with SQLite set to WAL, foreign keys and full synchronisation.

    FULL, not NORMAL: NORMAL may lose the last commit at power loss, and a lost `sending` mark is how
    a message is sent twice. Errors show statements without their parameters: these hold addresses and letters.
    """
    if url.startswith(("postgresql://", "postgres://")):
        url = "postgresql+psycopg://" + url.split("://", 1)[1]
    if not url.startswith("sqlite"):
        return create_engine(url, pool_size=10, max_overflow=20, pool_pre_ping=True, hide_parameters=True)
    engine = create_engine(
        url,
        connect_args={"check_same_thread": False, "timeout": BUSY_TIMEOUT_MS / 1000},
        hide_parameters=True,
    )

    @event.listens_for(engine, "connect")
    def _set_pragmas(connection: Any, _record: Any) -> None:
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            f"busy_timeout={BUSY_TIMEOUT_MS}",
            "foreign_keys=ON",
        ):
            connection.execute(f"PRAGMA {pragma}")

    return engine


def is_sqlite(engine: Engine) -> bool:
    """Tell whether this is the embedded database."""
    return engine.dialect.name == "sqlite"
