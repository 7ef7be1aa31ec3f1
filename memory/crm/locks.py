"""Who works on what: one worker a contact at a time, and acts that need others to rest, over all processes that share
a database.

On PostgreSQL these are advisory locks of one connection: the server lets go of them the moment its process dies,
so nobody waits for a lease to run out. An embedded workspace has one worker, and a set is enough.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from sqlalchemy import Connection, Engine, text

_TRY = text("SELECT pg_try_advisory_lock(:key)")
_LET_GO = text("SELECT pg_advisory_unlock(:key)")


class ContactLocks:
    """Locks by name. Safe to use from tasks and threads; one name is never held twice in one process either."""

    def __init__(self, engine: Engine | None = None) -> None:
        self._engine = engine if engine is not None and engine.dialect.name == "postgresql" else None
        self._connection: Connection | None = None
        self._guard = threading.Lock()
        self._held: set[str] = set()

    @contextmanager
    def holding(self, name: str) -> Iterator[bool]:
        """Hold `name` for as long as the block runs, and say whether it could be had."""
        with self._guard:
            is_ours = name not in self._held and self._ask(_TRY, name)
            if is_ours:
                self._held.add(name)
        try:
            yield is_ours
        finally:
            if is_ours:
                with self._guard:
                    self._held.discard(name)
                    # A connection that broke has let go of everything already.
                    with suppress(Exception):
                        self._ask(_LET_GO, name)

    def close(self) -> None:
        """Let go of everything."""
        with self._guard:
            if self._connection is not None:
                self._connection.invalidate()
                self._connection.close()
                self._connection = None

    def _ask(self, question: object, name: str) -> bool:
        if self._engine is None:
            return True
        if self._connection is None:
            self._connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        try:
            return bool(self._connection.execute(question, {"key": _key(name)}).scalar())  # type: ignore[call-overload]
        except Exception:
            with suppress(Exception):
                self._connection.invalidate()
                self._connection.close()
            self._connection = None
            raise


@contextmanager
def advisory(engine: Engine, name: str, *, shared: bool = False, waits: bool = False) -> Iterator[bool]:
    """Hold `name` over all machines on a PostgreSQL database, and say whether it could be had.

    An embedded database is one machine's: there the workspace's files tell, and this is always True.

    Args:
        engine: the database.
        name: what is held.
        shared: others may hold it so as well; only who wants it alone is kept out.
        waits: wait until it can be had.

    """
    if engine.dialect.name != "postgresql":
        yield True
        return
    kind, key = "_shared" if shared else "", {"key": _key(name)}
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if waits:
            connection.execute(text(f"SELECT pg_advisory_lock{kind}(:key)"), key)
            is_held = True
        else:
            asked = connection.execute(text(f"SELECT pg_try_advisory_lock{kind}(:key)"), key)
            is_held = bool(asked.scalar())
        try:
            yield is_held
        finally:
            if is_held:
                try:
                    connection.execute(text(f"SELECT pg_advisory_unlock{kind}(:key)"), key)
                except Exception:
                    # It broke, and has let go of everything; nobody may get it from the pool.
                    connection.invalidate()


def _key(name: str) -> int:
    """A signed 64-bit number for a name."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)
