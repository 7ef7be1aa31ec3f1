"""Reads the audit chain as it stands on the disk, byte by byte, and says where it is not as it was written.

What a program would read the same (a space more in the JSON, another spelling of a time) is a change as well, so
the raw text of each column is compared with the one form it is written in.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from domain.base import Noun
from memory.crm.statements import BATCH_ROWS, is_postgres

LineHash = Callable[[int, datetime, str, str, dict[str, Any], str], str]
Head = tuple[int, str]
"""Number and hash of a line, as somebody once saw it."""

_COLUMNS = ("at", "kind", "subject", "detail", "previous_sha256", "sha256")
_TIME = "%Y-%m-%d %H:%M:%S.%f"


class ChainReport(Noun):
    """What a check found: the first line that is not as it was written; records that are not as the chain says."""

    lines: int
    head: tuple[int, str]
    broken_at: int | None = None
    why: str = ""
    faults: tuple[str, ...] = ()

    @property
    def is_sound(self) -> bool:
        """Tell whether every line is as it was written, and none is missing that anybody knows of."""
        return self.broken_at is None and not self.faults


@dataclass
class _Broken(Exception):
    seq: int
    why: str


def check(engine: Engine, line_hash: LineHash, genesis: str, heads: Sequence[Head] = ()) -> ChainReport:
    """Walk the chain from its first line; memory stays flat however long it is.

    Args:
        engine: the database.
        line_hash: how a line is hashed.
        genesis: what the first line names as the line before it.
        heads: lines seen earlier, kept outside the database: they must still stand there.
    """
    wanted: dict[int, set[str]] = {}
    for number, sha256 in heads:
        wanted.setdefault(number, set()).add(sha256)
    seq, previous = 0, genesis
    try:
        for found, columns in _rows(engine, seq):
            at, kind, subject, detail, before, sha256 = _read(seq + 1, columns)
            if found != seq + 1:
                raise _Broken(seq + 1, f"line {seq + 1} is missing; the next one is {found}")
            if before != previous:
                raise _Broken(found, "it does not follow from the line before")
            if sha256 != _hashed(line_hash, found, at, kind, subject, detail, before):
                raise _Broken(found, "its content is not what its hash was made of")
            if any(sha256 != head for head in wanted.pop(found, ())):
                raise _Broken(
                    found, "it is another line than was seen here before: the chain was written anew"
                )
            seq, previous = found, sha256
    except _Broken as broken:
        return ChainReport(lines=seq, head=(seq, previous), broken_at=broken.seq, why=broken.why)
    except DBAPIError as damage:
        why = f"the database cannot be read here ({damage.orig})"
        return ChainReport(lines=seq, head=(seq, previous), broken_at=seq + 1, why=why)
    if wanted:
        last = max(wanted)
        why = f"the tail was cut: line {last} was seen before and is gone"
        return ChainReport(lines=seq, head=(seq, previous), broken_at=seq + 1, why=why)
    return ChainReport(lines=seq, head=(seq, previous))


def _hashed(line_hash: LineHash, *parts: Any) -> str | None:
    try:
        return line_hash(*parts)
    except (ValueError, OverflowError):
        return None


def _rows(engine: Engine, after: int) -> Iterator[tuple[int, Sequence[Any]]]:
    with engine.connect() as connection:
        query = text(_query(connection))
        while rows := connection.execute(query, {"after": after, "most": BATCH_ROWS}).all():
            for row in rows:
                yield row[0], row[1:]
            after = rows[-1][0]


def _query(connection: Connection) -> str:
    # On SQLite as bytes: a flipped one may be no letter any more. PostgreSQL keeps no such text.
    as_is = "TEXT" if is_postgres(connection) else "BLOB"
    raw = [f"CAST({name} AS {as_is})" for name in _COLUMNS[1:]]
    at = "at" if is_postgres(connection) else "CAST(at AS BLOB)"
    names = ", ".join(["seq", at, *raw])
    return f"SELECT {names} FROM audit WHERE seq > :after ORDER BY seq LIMIT :most"  # noqa: S608 - our own names


def _read(seq: int, columns: Sequence[Any]) -> tuple[datetime, str, str, dict[str, Any], str, str]:
    try:
        at = columns[0] if isinstance(columns[0], datetime) else _time(_text(columns[0]))
        kind, subject, written, before, sha256 = map(_text, columns[1:])
        detail = json.loads(written)
        if json.dumps(detail) != written or not isinstance(detail, dict):
            raise ValueError("its detail is written differently")
    except (ValueError, TypeError) as fault:
        raise _Broken(seq, f"a column cannot be read as it was written ({fault})") from None
    return at, kind, subject, detail, before, sha256


def _text(value: Any) -> str:
    return bytes(value).decode("utf-8") if isinstance(value, bytes | memoryview) else str(value)


def _time(written: str) -> datetime:
    moment = datetime.strptime(written, _TIME)  # noqa: DTZ007 - stored in UTC, without saying so
    if moment.strftime(_TIME) != written:
        raise ValueError(f"time {written!r} is written differently")
    return moment.replace(tzinfo=UTC)
