"""Commits together what waits together: one flush of the disk for several writes, none answered before it.

A fully synchronous commit waits milliseconds for the disk, and a run needs five for every contact. On the
event loop that time is lost to everyone, so the writes are done there one after the other, the commit is
waited for elsewhere, and what comes meanwhile goes into the next one. On PostgreSQL, where transactions
hold locks of their own, each write gets a thread and a transaction to itself.
"""

from __future__ import annotations

import asyncio
import contextvars
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from sqlalchemy import Connection, Engine, Transaction

from memory.crm.engine import is_sqlite
from memory.crm.statements import sharing, writing

Written = TypeVar("Written")

COMMITTING = "attune-commit"
"""Name of the task that commits; it ends by itself once nothing waits."""

MOST_TOGETHER = 8
"""Writes a commit: enough to share the disk's time, few enough that the event loop is not held up."""


@dataclass
class _Write:
    act: Callable[[], Any]
    done: asyncio.Future[Any]
    answer: Any = None
    failure: Exception | None = None


class CommitGroup:
    """Implements `domain.ports.Writes` for one CRM database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._waiting: list[_Write] = []
        self._drain: asyncio.Task[None] | None = None

    async def __call__(self, act: Callable[[], Written]) -> Written:
        """Do `act`, all or nothing, and return its answer once it is on the disk; raise what it raises.

        Args:
            act: calls stores. It must not wait for anything but the database.

        """
        if not is_sqlite(self._engine):
            return await asyncio.to_thread(self._alone, act)
        loop = asyncio.get_running_loop()
        write = _Write(act, loop.create_future())
        self._waiting.append(write)
        if self._drain is None or self._drain.done():
            # In a context of its own: it works for everyone, not for the job that happened to start it.
            self._drain = loop.create_task(self._commit_all(), context=contextvars.Context(), name=COMMITTING)
        return cast(Written, await write.done)

    def _alone(self, act: Callable[[], Written]) -> Written:
        with writing(self._engine) as connection, sharing(connection):
            return act()

    async def _commit_all(self) -> None:
        while self._waiting:
            together, self._waiting = self._waiting[:MOST_TOGETHER], self._waiting[MOST_TOGETHER:]
            try:
                await self._commit(together)
            except Exception as failure:
                for write in together:
                    write.failure = failure
            except asyncio.CancelledError:
                for write in (*together, *self._waiting):
                    write.done.cancel()
                self._waiting.clear()
                raise
            for write in together:
                _answer(write)

    async def _commit(self, together: list[_Write]) -> None:
        connection = self._engine.connect()
        try:
            transaction = connection.begin()
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            with sharing(connection):
                for write in together:
                    _do(write, connection)
        except BaseException:
            connection.close()
            raise
        # Shielded: a commit under way ends, whoever stops waiting for it.
        await asyncio.shield(asyncio.to_thread(_end, transaction, connection))


def _do(write: _Write, connection: Connection) -> None:
    # Spoken to directly: SQLAlchemy's savepoints take longer than most of the writes in them.
    sqlite = cast(sqlite3.Connection, connection.connection.dbapi_connection)
    sqlite.execute("SAVEPOINT one_write")
    try:
        write.answer = write.act()
    except Exception as failure:
        # Some failures (a full disk) make SQLite take back the whole transaction: then all have failed.
        if not sqlite.in_transaction:
            raise
        sqlite.execute("ROLLBACK TO one_write")
        write.failure = failure
    sqlite.execute("RELEASE one_write")


def _end(transaction: Transaction, connection: Connection) -> None:
    try:
        transaction.commit()
    finally:
        connection.close()


def _answer(write: _Write) -> None:
    if write.done.done():
        return
    if write.failure is None:
        write.done.set_result(write.answer)
    else:
        write.done.set_exception(write.failure)
