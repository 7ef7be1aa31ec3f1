"""The log of decisions as Parquet: one row a decision, a documented and versioned schema (docs/decision-log.md).

Rows are written in groups as they are read, so a million decisions need no more memory than one page.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from app.goal_rewards import RewardsOf
from domain.base import UtcDatetime
from domain.decision import Arm
from domain.errors import InvalidFile
from memory.crm.decision_log import DecisionLogReader, LoggedDecision, LoggedRefusal

SCHEMA_VERSION = "1"
"""Goes up when a column changes its meaning or goes away; a new column alone does not."""

_VERSION_KEY = b"attune.decision_log.version"
_TIME = pa.timestamp("us", tz="UTC")
_CANDIDATE = pa.struct(
    [
        pa.field("action_key", pa.string(), nullable=False),
        pa.field("probability", pa.float64(), nullable=False),
        pa.field("value_cents", pa.float64()),
        pa.field("uncertainty_cents", pa.float64()),
    ]
)
DECISIONS_SCHEMA = pa.schema(
    [
        pa.field("decision_id", pa.string(), nullable=False),
        pa.field("run_id", pa.string(), nullable=False),
        pa.field("campaign", pa.string(), nullable=False),
        pa.field("contact_id", pa.string(), nullable=False),
        pa.field("decided_at", _TIME, nullable=False),
        pa.field("arm", pa.string(), nullable=False),
        pa.field("candidates", pa.list_(_CANDIDATE), nullable=False),
        pa.field("action_key", pa.string(), nullable=False),
        pa.field("propensity", pa.float64(), nullable=False),
        pa.field("learner_version", pa.string(), nullable=False),
        pa.field("features_version", pa.string(), nullable=False),
        pa.field("seed", pa.int64(), nullable=False),
        pa.field("is_rehearsal", pa.bool_(), nullable=False),
        pa.field("reward_cents", pa.float64()),
        pa.field("is_mature", pa.bool_(), nullable=False),
        pa.field("unit_cents", pa.float64()),
    ],
    metadata={_VERSION_KEY: SCHEMA_VERSION.encode()},
)
REFUSALS_SCHEMA = pa.schema(
    [
        pa.field("run_id", pa.string(), nullable=False),
        pa.field("campaign", pa.string(), nullable=False),
        pa.field("contact_id", pa.string(), nullable=False),
        pa.field("refused_at", _TIME, nullable=False),
        pa.field("rule_id", pa.string(), nullable=False),
        pa.field("reason", pa.string(), nullable=False),
    ],
    metadata={_VERSION_KEY: SCHEMA_VERSION.encode()},
)


@dataclass(frozen=True)
class Exported:
    """What was written where."""

    decisions: int
    mature: int
    refusals: int
    decisions_file: Path
    refusals_file: Path


def export_decisions(
    reader: DecisionLogReader,
    rewards_of: RewardsOf,
    path: Path,
    campaign_id: str | None = None,
    since: UtcDatetime | None = None,
) -> Exported:
    """Write decisions to `path` and rule refusals beside it (`NAME.refusals.parquet`), whole or not at all.

    Raises:
        InvalidFile: the folder is not there or cannot be written.
    """
    refusals_file = path.with_name(f"{path.stem}.refusals.parquet")
    mature = 0

    def decisions() -> Iterator[pa.RecordBatch]:
        nonlocal mature
        for page in reader.pages(campaign_id, since):
            rewards = rewards_of(page)
            mature += int(np.isfinite(rewards).sum())
            yield _decision_batch(page, rewards)

    written = _write(path, DECISIONS_SCHEMA, decisions())
    refused = _write(
        refusals_file, REFUSALS_SCHEMA, map(_refusal_batch, reader.refusal_pages(campaign_id, since))
    )
    return Exported(written, mature, refused, path, refusals_file)


def read_decisions(path: Path) -> Iterator[tuple[LoggedDecision, float | None]]:
    """Yield each decision with its reward in cents (None while its window is open), in the file's order.

    Raises:
        InvalidFile: this is not such a file, or one of a later schema.
    """
    try:
        file = pq.ParquetFile(path)
    except (OSError, pa.ArrowInvalid) as error:
        raise InvalidFile(path, f"is not a Parquet file: {' '.join(str(error).split())[:200]}.") from None
    with file:
        version = (file.schema_arrow.metadata or {}).get(_VERSION_KEY, b"").decode()
        if version != SCHEMA_VERSION:
            raise InvalidFile(
                path,
                f"has decision-log schema {version or 'none'}, this release reads {SCHEMA_VERSION}.",
                "Export it again with `attune decisions export`.",
            )
        if "decision_id" not in file.schema_arrow.names:
            raise InvalidFile(path, *_no_decisions(path, file.schema_arrow.names))
        for batch in file.iter_batches(batch_size=5_000):
            for row in batch.to_pylist():
                yield _decision_of(row), row["reward_cents"]


def _no_decisions(path: Path, columns: Sequence[str]) -> tuple[str, str]:
    """What a file of this schema without decisions is, and which to give instead."""
    if "rule_id" not in columns:
        return "holds no decisions.", "Export it again with `attune decisions export`."
    beside = path.with_name(f"{path.name.removesuffix('.parquet').removesuffix('.refusals')}.parquet")
    return "holds the refusals by rule, not the decisions.", f"These are in {beside.name} beside it."


def _write(path: Path, schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> int:
    if not path.parent.is_dir():
        raise InvalidFile(path, "cannot be written: there is no such folder.", "Make it, or name another.")
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    rows = 0
    try:
        with pq.ParquetWriter(draft, schema, compression="zstd") as writer:
            for batch in batches:
                writer.write_batch(batch)
                rows += batch.num_rows
        draft.replace(path)
    except OSError as error:
        raise InvalidFile(path, f"cannot be written: {error.strerror or error}.") from None
    finally:
        draft.unlink(missing_ok=True)
    return rows


def _decision_batch(page: Sequence[LoggedDecision], rewards: np.ndarray[Any, np.dtype[np.float64]]) -> Any:
    others = [other for decision in page for other in decision.alternatives]
    ends = np.cumsum([0, *(len(decision.alternatives) for decision in page)])
    struct = pa.StructArray.from_arrays(
        [pa.array([other[i] for other in others], field.type) for i, field in enumerate(_CANDIDATE)],
        fields=list(_CANDIDATE),
    )
    mature = np.isfinite(rewards)
    columns: Mapping[str, Any] = {
        "decision_id": [decision.id for decision in page],
        "campaign": [decision.campaign_id for decision in page],
        "arm": [decision.arm.value for decision in page],
        "candidates": pa.ListArray.from_arrays(pa.array(ends, pa.int32()), struct, type=pa.list_(_CANDIDATE)),
        "reward_cents": pa.array(rewards, pa.float64(), mask=~mature),
        "is_mature": pa.array(mature),
    }
    arrays = []
    for field in DECISIONS_SCHEMA:
        values = columns.get(field.name)
        if values is None:
            values = [getattr(decision, field.name) for decision in page]
        arrays.append(values if isinstance(values, pa.Array) else pa.array(values, field.type))
    return pa.RecordBatch.from_arrays(arrays, schema=DECISIONS_SCHEMA)


def _refusal_batch(page: Sequence[LoggedRefusal]) -> Any:
    rows = [
        {
            "run_id": refusal.run_id,
            "campaign": refusal.campaign_id,
            "contact_id": refusal.contact_id,
            "refused_at": refusal.refused_at,
            "rule_id": refusal.rule_id,
            "reason": refusal.reason,
        }
        for refusal in page
    ]
    return pa.RecordBatch.from_pylist(rows, schema=REFUSALS_SCHEMA)


def _decision_of(row: Mapping[str, Any]) -> LoggedDecision:
    at: datetime = row["decided_at"]
    return LoggedDecision(
        id=row["decision_id"],
        run_id=row["run_id"],
        campaign_id=row["campaign"],
        contact_id=row["contact_id"],
        decided_at=at,
        arm=Arm(row["arm"]),
        action_key=row["action_key"],
        propensity=row["propensity"],
        alternatives=[[other[field.name] for field in _CANDIDATE] for other in row["candidates"]],
        learner_version=row["learner_version"],
        features_version=row["features_version"],
        seed=row["seed"],
        is_rehearsal=row["is_rehearsal"],
        unit_cents=row.get("unit_cents"),
    )
