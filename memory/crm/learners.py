"""What learners believed, version by version: each one can be inspected, compared, pinned or gone back to."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Engine, Row, delete, func, select, update

from domain.errors import AttuneError, NotFound
from memory.crm.statements import LEARNERS, writing

KEPT = 12
"""So many versions of a campaign are kept besides a pinned one."""

Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class LearnerVersion:
    """One version, without its arrays."""

    campaign_id: str
    version: str
    outcomes: int
    made_at: datetime
    is_pinned: bool
    record: dict[str, Any]
    size_bytes: int
    """Of its arrays, packed."""


class LearnerStore:
    """Keeps learners in the CRM's database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def keep(
        self,
        campaign_id: str,
        version: str,
        outcomes: int,
        record: dict[str, Any],
        arrays: Arrays,
        made_at: datetime,
    ) -> bool:
        """Store a version, if it is not the newest already; drop the oldest beyond `KEPT`.

        An older version that was reached again (a correction was taken back) becomes the newest; a pin stays.
        Return whether another version is the newest now.
        """
        with writing(self._engine) as connection:
            mine = select(LEARNERS.c.id, LEARNERS.c.version, LEARNERS.c.is_pinned).where(
                LEARNERS.c.campaign_id == campaign_id
            )
            rows = connection.execute(mine.order_by(LEARNERS.c.id.desc())).all()
            if rows and rows[0].version == version:
                return False
            same = [kept for kept in rows if kept.version == version]
            connection.execute(delete(LEARNERS).where(LEARNERS.c.id.in_([kept.id for kept in same])))
            row = {
                "campaign_id": campaign_id,
                "version": version,
                "outcomes": outcomes,
                "made_at": made_at,
                "is_pinned": any(kept.is_pinned for kept in same),
                "record": record,
                "arrays": pack(arrays),
            }
            connection.execute(LEARNERS.insert(), [row])
            ids = select(LEARNERS.c.id).where(
                LEARNERS.c.campaign_id == campaign_id, LEARNERS.c.is_pinned.is_(False)
            )
            old = connection.execute(ids.order_by(LEARNERS.c.id.desc()).offset(KEPT)).scalars().all()
            if old:
                connection.execute(delete(LEARNERS).where(LEARNERS.c.id.in_(old)))
        return True

    def drop(self, campaign_id: str) -> str | None:
        """Remove every version but a pinned one, whose name is returned."""
        mine = LEARNERS.c.campaign_id == campaign_id
        with writing(self._engine) as connection:
            connection.execute(delete(LEARNERS).where(mine, LEARNERS.c.is_pinned.is_(False)))
            return connection.execute(select(LEARNERS.c.version).where(mine)).scalar()

    def versions(self, campaign_id: str | None = None) -> tuple[LearnerVersion, ...]:
        """Return versions, newest first."""
        size = func.length(LEARNERS.c.arrays).label("size_bytes")
        columns = [*(column for column in LEARNERS.c if column.name != "arrays"), size]
        query = select(*columns)
        if campaign_id is not None:
            query = query.where(LEARNERS.c.campaign_id == campaign_id)
        with self._engine.connect() as connection:
            return tuple(_version(row) for row in connection.execute(query.order_by(LEARNERS.c.id.desc())))

    def current(self, campaign_id: str) -> LearnerVersion | None:
        """Return the pinned version, or the newest, or None where nothing was learned yet."""
        versions = self.versions(campaign_id)
        pinned = [version for version in versions if version.is_pinned]
        return next(iter(pinned or versions), None)

    def arrays(self, campaign_id: str, version: str) -> tuple[dict[str, Any], Arrays]:
        """Return one version's JSON part and arrays. Raises `NotFound`."""
        query = select(LEARNERS.c.record, LEARNERS.c.arrays).where(
            LEARNERS.c.campaign_id == campaign_id, LEARNERS.c.version == version
        )
        with self._engine.connect() as connection:
            row = connection.execute(query).first()
        if row is None:
            raise NotFound("learner", version, f"See `attune learn status {campaign_id}`.")
        return dict(row.record), unpack(row.arrays)

    def pin(self, campaign_id: str, version: str | None) -> None:
        """Decide with this version from now on, whatever is learned; None lets the newest decide again."""
        with writing(self._engine) as connection:
            connection.execute(
                update(LEARNERS).where(LEARNERS.c.campaign_id == campaign_id).values(is_pinned=False)
            )
            if version is None:
                return
            done = connection.execute(
                update(LEARNERS)
                .where(LEARNERS.c.campaign_id == campaign_id, LEARNERS.c.version == version)
                .values(is_pinned=True)
            )
            if not done.rowcount:
                raise NotFound("learner", version, f"See `attune learn status {campaign_id}`.")


def pack(arrays: Arrays, header: dict[str, Any] | None = None) -> bytes:
    """Return arrays as the bytes of a compressed `.npz`, with a JSON header as member `header` if given."""
    out = io.BytesIO()
    told = {} if header is None else {"header": np.frombuffer(json.dumps(header).encode(), np.uint8)}
    np.savez_compressed(out, allow_pickle=False, **told, **arrays)
    return out.getvalue()


def unpack(packed: bytes) -> Arrays:
    """Return the arrays of `pack`.

    Raises:
        AttuneError: where these are not the bytes of arrays.
    """
    try:
        with np.load(io.BytesIO(packed), allow_pickle=False) as members:
            return {name: members[name] for name in members.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as why:
        raise AttuneError("This is no learner's file. Nothing was changed.") from why


def _version(row: Row[Any]) -> LearnerVersion:
    return LearnerVersion(
        campaign_id=row.campaign_id,
        version=row.version,
        outcomes=row.outcomes,
        made_at=row.made_at,
        is_pinned=row.is_pinned,
        record=dict(row.record),
        size_bytes=row.size_bytes,
    )
