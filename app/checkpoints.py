"""Opens the graph's checkpoints: SQLite in the workspace, or PostgreSQL by URL."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from langgraph.checkpoint.sqlite import SqliteSaver
    from psycopg import AsyncConnection
    from psycopg.rows import DictRow


_SETUP_LOCK_KEY = 0x636865636B
"""PostgreSQL advisory lock of those who make the checkpoints' tables: `check` in ASCII."""


@asynccontextmanager
async def open_checkpoints(path: Path, database_url: str | None) -> AsyncIterator[Any]:
    """Yield a checkpoint saver that belongs to the running event loop.

    SQLite runs with `synchronous=NORMAL`: losing the newest checkpoint at power loss only runs a node
    again, and the outbox, which is fully synchronous, still sends once.
    """
    if database_url is None:
        with contextlib.closing(sqlite3.connect(path, timeout=60, check_same_thread=False)) as connection:
            for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "busy_timeout=60000"):
                connection.execute(f"PRAGMA {pragma}")
            saver = _loop_saver(connection)
            saver.setup()
            yield saver
        return
    from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
    from psycopg.rows import dict_row
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
        # One machine at a time: two that make the tables at once would stumble over each other.
        async with pool.connection() as alone:
            # Asked, not waited for: an index that is made concurrently waits for everyone who waits.
            while not await _is_ours(alone):
                await asyncio.sleep(0.2)
            try:
                await postgres.setup()
            finally:
                await alone.execute("SELECT pg_advisory_unlock(%s)", (_SETUP_LOCK_KEY,))
        yield postgres


async def _is_ours(connection: AsyncConnection[DictRow]) -> bool:
    asked = await connection.execute("SELECT pg_try_advisory_lock(%s) AS is_ours", (_SETUP_LOCK_KEY,))
    row = await asked.fetchone()
    return row is not None and bool(row["is_ours"])


_OLDER = """
    DELETE FROM {table} WHERE thread_id = ? AND checkpoint_id < (
        SELECT MAX(latest.checkpoint_id) FROM checkpoints AS latest
        WHERE latest.thread_id = {table}.thread_id AND latest.checkpoint_ns = {table}.checkpoint_ns
    )
"""


def _loop_saver(connection: sqlite3.Connection) -> SqliteSaver:
    """A saver that writes on the event loop itself.

    Nothing waits for the disk here, so a checkpoint takes a tenth of a millisecond; handing it to another
    thread and back, as the library's own asynchronous saver does four times a checkpoint, takes ten times that.
    """
    from langgraph.checkpoint.sqlite import SqliteSaver

    class LoopSaver(SqliteSaver):
        async def aget_tuple(self, config: Any) -> Any:
            return self.get_tuple(config)

        async def alist(self, config: Any, **given: Any) -> AsyncIterator[Any]:
            for found in self.list(config, **given):
                yield found

        async def aput(self, *given: Any) -> Any:
            return self.put(*given)

        async def aput_writes(self, *given: Any) -> None:
            self.put_writes(*given)

        async def adelete_thread(self, thread_id: str) -> None:
            self.delete_thread(thread_id)

        async def aprune(self, thread_ids: Sequence[str], *, strategy: str = "keep_latest") -> None:
            if strategy != "keep_latest":
                raise ValueError(f"{strategy!r} is no strategy here; delete_thread removes a whole thread")
            with self.cursor() as cursor:
                for table in ("writes", "checkpoints"):
                    cursor.executemany(_OLDER.format(table=table), [(one,) for one in thread_ids])

    return LoopSaver(connection)
