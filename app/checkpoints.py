"""Opens the graph's checkpoints: SQLite in the workspace, or PostgreSQL by URL."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

# Read by LangGraph when it is first imported: types that the state does not declare stay plain.
os.environ.setdefault("LANGGRAPH_STRICT_MSGPACK", "true")


@asynccontextmanager
async def open_checkpoints(path: Path, database_url: str | None) -> AsyncIterator[Any]:
    """Yield a checkpoint saver that belongs to the running event loop.

    SQLite runs with `synchronous=NORMAL`: losing the newest checkpoint at power loss only runs a node
    again, and the outbox, which is fully synchronous, still sends once.
    """
    if database_url is None:
        import aiosqlite
        from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

        async with aiosqlite.connect(path, timeout=60) as connection:
            for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "busy_timeout=60000"):
                await connection.execute(f"PRAGMA {pragma}")
            saver = AsyncSqliteSaver(connection)
            await saver.setup()
            yield saver
        return
    from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
    from psycopg import AsyncConnection
    from psycopg.rows import DictRow, dict_row
    from psycopg_pool import AsyncConnectionPool

    pool: AsyncConnectionPool[AsyncConnection[DictRow]] = AsyncConnectionPool(
        database_url,
        min_size=1,
        max_size=8,
        open=False,
        kwargs={"autocommit": True, "prepare_threshold": 0, "row_factory": dict_row},
    )
    async with pool:
        postgres = AsyncPostgresSaver(pool)
        await postgres.setup()
        yield postgres
