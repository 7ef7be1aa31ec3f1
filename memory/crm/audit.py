"""The audit chain: who decided, reviewed, sent, changed what. Each line's hash covers the line before.

A changed, removed or inserted line breaks every hash after it, so tampering shows. What the chain
cannot show is a cut tail: keep `tip()` somewhere else to notice that. Lines hold ids, counts and hashes, never
a person's name, address or words: they outlive an erasure, and must still be verifiable after it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Engine, select, text

from domain.base import Noun, UtcDatetime, utc_now
from domain.ports import Clock
from memory.crm.audit_check import ChainReport, Head, check
from memory.crm.statements import AUDIT, is_postgres, writing

GENESIS = "0" * 64
"""What the first line names as the line before it."""

_LOCK_KEY = 0x6175646974
"""PostgreSQL advisory lock of the chain's writers: `audit` in ASCII."""


# Built once: every message adds a line, and building a statement costs more than running it.
_LAST = select(AUDIT.c.seq, AUDIT.c.sha256).order_by(AUDIT.c.seq.desc()).limit(1)
_ADD = AUDIT.insert()


class AuditLine(Noun):
    """One line of the chain."""

    seq: int
    at: UtcDatetime
    kind: str
    subject: str
    detail: dict[str, Any]
    previous_sha256: str
    sha256: str


class AuditChain:
    """Implements `domain.ports.Audit` as a hash chain."""

    def __init__(self, engine: Engine, clock: Clock = utc_now) -> None:
        self._engine = engine
        self._clock = clock

    def append(self, kind: str, subject: str, detail: dict[str, Any]) -> None:
        """Add one line in its own transaction."""
        with writing(self._engine) as connection:
            self.append_in(connection, kind, subject, detail)

    def append_in(self, connection: Connection, kind: str, subject: str, detail: dict[str, Any]) -> None:
        """Add one line inside the caller's write transaction: both happen or neither does."""
        if is_postgres(connection):
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK_KEY})
        last = connection.execute(_LAST).first()
        seq, previous = (last.seq + 1, last.sha256) if last else (1, GENESIS)
        # Written as it will be read: a value JSON cannot keep exactly would break its own hash.
        kept = json.loads(json.dumps(detail, allow_nan=False))
        at = self._clock()
        connection.execute(
            _ADD,
            {
                "seq": seq,
                "at": at,
                "kind": kind,
                "subject": subject,
                "detail": kept,
                "previous_sha256": previous,
                "sha256": _line_sha256(seq, at, kind, subject, kept, previous),
            },
        )

    def verify(self) -> int | None:
        """Return the number of the first line that is not as it was written, or None if all are."""
        return self.check().broken_at

    def check(self, heads: Sequence[Head] = ()) -> ChainReport:
        """Say whether every byte of every line is as it was written, and where the first is not.

        Args:
            heads: number and hash of lines seen earlier and kept outside this database: what tells a cut tail.
        """
        return check(self._engine, _line_sha256, GENESIS, heads)

    def lines(self, after: int = 0, limit: int = 100, subject: str | None = None) -> tuple[AuditLine, ...]:
        """Return lines in order, from the one after number `after`."""
        query = select(AUDIT).where(AUDIT.c.seq > after).order_by(AUDIT.c.seq).limit(limit)
        if subject is not None:
            query = query.where(AUDIT.c.subject == subject)
        with self._engine.connect() as connection:
            return tuple(AuditLine.model_validate(dict(row)) for row in connection.execute(query).mappings())

    def newest_of(self, subject: str, kinds: Sequence[str], limit: int = 20) -> tuple[AuditLine, ...]:
        """Return what was noted about one thing, newest first."""
        query = select(AUDIT).where(AUDIT.c.subject == subject, AUDIT.c.kind.in_(kinds))
        with self._engine.connect() as connection:
            rows = connection.execute(query.order_by(AUDIT.c.seq.desc()).limit(limit)).mappings()
            return tuple(AuditLine.model_validate(dict(row)) for row in rows)

    def of_kinds(
        self, kinds: Sequence[str], since: datetime, until: datetime, limit: int
    ) -> tuple[AuditLine, ...]:
        """Return the newest lines of some kinds within a span of time, oldest of them first."""
        query = (
            select(AUDIT)
            .where(AUDIT.c.kind.in_(kinds), AUDIT.c.at >= since, AUDIT.c.at <= until)
            .order_by(AUDIT.c.seq.desc())
            .limit(limit)
        )
        with self._engine.connect() as connection:
            found = [AuditLine.model_validate(dict(row)) for row in connection.execute(query).mappings()]
        return tuple(reversed(found))

    def latest(self, kind: str, limit: int) -> tuple[AuditLine, ...]:
        """Return the newest lines of one kind, the newest first."""
        query = select(AUDIT).where(AUDIT.c.kind == kind).order_by(AUDIT.c.seq.desc()).limit(limit)
        with self._engine.connect() as connection:
            return tuple(AuditLine.model_validate(dict(row)) for row in connection.execute(query).mappings())

    def sha256_of(self, seq: int) -> str | None:
        """Return the hash of one line, or None where the chain is not so long."""
        with self._engine.connect() as connection:
            return connection.execute(select(AUDIT.c.sha256).where(AUDIT.c.seq == seq)).scalar()

    def tip(self) -> tuple[int, str]:
        """Return number and hash of the newest line, to be kept outside this database."""
        with self._engine.connect() as connection:
            last = connection.execute(_LAST).first()
        return (last.seq, last.sha256) if last else (0, GENESIS)


def _line_sha256(
    seq: int, at: datetime, kind: str, subject: str, detail: dict[str, Any], previous_sha256: str
) -> str:
    line = {
        "seq": seq,
        "at": at.astimezone(UTC).isoformat(timespec="microseconds"),
        "kind": kind,
        "subject": subject,
        "detail": detail,
        "previous_sha256": previous_sha256,
    }
    canonical = json.dumps(line, sort_keys=True, ensure_ascii=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(canonical.encode()).hexdigest()
