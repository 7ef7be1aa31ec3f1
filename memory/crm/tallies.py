"""How many messages went out, or tokens were taken, under a name in a window: what paces and daily bounds count.

Messages are counted in the transaction that reserves a message, so two workers cannot both take the last place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, Engine, bindparam, delete, func, select

from domain.schedule import Pace
from memory.crm.statements import TALLIES, insert_new, is_postgres, upsert, writing

# Built once: every reservation asks this, and building a statement costs more than running it.
_MANY = select(TALLIES.c.many).where(
    TALLIES.c.name == bindparam("name"), TALLIES.c.starts_at == bindparam("starts_at")
)
_MANY_LOCKED = _MANY.with_for_update()


class TallyStore:
    """Reads tallies, and forgets old ones."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def many(self, name: str, starts_at: datetime) -> int:
        """Return how many were counted under a name in the window that began then."""
        with self._engine.connect() as connection:
            return connection.execute(_MANY, {"name": name, "starts_at": starts_at}).scalar() or 0

    def add(self, many: Mapping[str, int], starts_at: datetime) -> None:
        """Count so many under each name in the window that began then."""
        rows = [{"name": name, "starts_at": starts_at, "many": count} for name, count in many.items()]
        with writing(self._engine) as connection:
            upsert(connection, TALLIES, rows, keys=["name", "starts_at"], adding=["many"])

    def windows_before(self, name: str, before: datetime) -> int:
        """Count a name's earlier windows with anything in them, such as the days a domain has sent on."""
        query = select(func.count()).where(
            TALLIES.c.name == name, TALLIES.c.starts_at < before, TALLIES.c.many > 0
        )
        with self._engine.connect() as connection:
            return connection.execute(query).scalar_one()

    def forget(self, prefix: str, before: datetime) -> int:
        """Remove windows that began before `before` under names with this prefix; return how many."""
        old = delete(TALLIES).where(TALLIES.c.name.startswith(prefix, autoescape=True))
        with writing(self._engine) as connection:
            return connection.execute(old.where(TALLIES.c.starts_at < before)).rowcount


def first_reached(connection: Connection, paces: Sequence[Pace]) -> Pace | None:
    """Return the pace that is at its bound and resets last, or None; on PostgreSQL all are then held.

    The rows are locked in one order by everyone, so two reservations never wait for each other.
    """
    reached: list[Pace] = []
    query = _MANY_LOCKED if is_postgres(connection) else _MANY
    for pace in sorted(paces, key=lambda p: (p.name, p.starts_at)):
        which = {"name": pace.name, "starts_at": pace.starts_at}
        if is_postgres(connection):
            insert_new(connection, TALLIES, [{**which, "many": 0}])
        if (connection.execute(query, which).scalar() or 0) >= pace.most:
            reached.append(pace)
    return max(reached, key=lambda p: p.resets_at) if reached else None


def count(connection: Connection, paces: Sequence[Pace]) -> None:
    """Count one message under every pace."""
    rows = [{"name": pace.name, "starts_at": pace.starts_at, "many": 1} for pace in paces]
    upsert(connection, TALLIES, rows, keys=["name", "starts_at"], adding=["many"])
