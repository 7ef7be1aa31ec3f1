"""The exported log reads back as the decisions it was written from, and names its schema."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import numpy as np
import pyarrow.parquet as pq
import pytest
from numpy.typing import NDArray

from app.decision_file import SCHEMA_VERSION, export_decisions, read_decisions
from app.goal_rewards import Decided
from domain.decision import Arm
from domain.errors import InvalidFile
from memory.crm.decision_log import DecisionLogReader, LoggedDecision, LoggedRefusal

NOON = datetime(2026, 3, 10, 12, 0, 0, 123_456, tzinfo=UTC)
DRAWN = LoggedDecision(
    id="d_1",
    run_id="r_1",
    campaign_id="spring",
    contact_id="c_1",
    decided_at=NOON,
    arm=Arm.EXPLORE,
    action_key="guide|email|morning",
    propensity=0.1 + 0.2,
    alternatives=[["guide|email|morning", 0.1 + 0.2, 3.25, None], ["silence", 1 - (0.1 + 0.2), None, 0.5]],
    learner_version="explorer-1",
    features_version="features-1",
    seed=2**62,
    is_rehearsal=False,
)
HELD = replace(DRAWN, id="d_2", arm=Arm.HOLDOUT, action_key="silence", propensity=1.0, alternatives=[])
PAGES = [[DRAWN, HELD], [replace(DRAWN, id="d_3", decided_at=NOON + timedelta(days=1), is_rehearsal=True)]]


class Log:
    def __init__(self, pages: Sequence[list[LoggedDecision]] = PAGES) -> None:
        self._pages = pages

    def pages(self, *_: object) -> Iterator[list[LoggedDecision]]:
        yield from self._pages

    def refusal_pages(self, *_: object) -> Iterator[list[LoggedRefusal]]:
        yield [LoggedRefusal("r_1", "spring", "c_9", "C-19", "unsubscribed", NOON)]


def rewards_of(decisions: Sequence[Decided]) -> NDArray[np.float64]:
    return np.array([{"d_1": 5_000.0, "d_2": 0.0}.get(decision.id, np.nan) for decision in decisions])


@pytest.fixture
def exported(tmp_path: Path) -> Path:
    return export_decisions(
        cast(DecisionLogReader, Log()), rewards_of, tmp_path / "log.parquet"
    ).decisions_file


def test_reading_the_file_back_gives_the_same_decisions_and_rewards(exported: Path) -> None:
    back = list(read_decisions(exported))
    assert [decision for decision, _ in back] == [decision for page in PAGES for decision in page]
    assert [reward for _, reward in back] == [5_000.0, 0.0, None]


def test_the_file_of_refusals_is_named_as_such_with_the_one_to_give(exported: Path) -> None:
    refusals = exported.with_name("log.refusals.parquet")
    with pytest.raises(InvalidFile) as refused:
        list(read_decisions(refusals))
    assert str(refused.value) == (
        f"{refusals}: holds the refusals by rule, not the decisions. These are in log.parquet beside it."
    )


def test_a_page_is_a_row_group_so_memory_stays_flat(exported: Path) -> None:
    with pq.ParquetFile(exported) as file:
        assert [file.metadata.row_group(i).num_rows for i in range(file.num_row_groups)] == [2, 1]


def test_the_file_names_its_schema_and_marks_open_windows(exported: Path) -> None:
    with pq.ParquetFile(exported) as file:
        assert file.schema_arrow.metadata[b"attune.decision_log.version"] == SCHEMA_VERSION.encode()
    assert pq.read_table(exported, columns=["is_mature"])["is_mature"].to_pylist() == [True, True, False]


def test_refusals_by_rule_stand_in_a_file_beside(exported: Path) -> None:
    (row,) = pq.read_table(exported.with_name("log.refusals.parquet")).to_pylist()
    assert (row["contact_id"], row["rule_id"]) == ("c_9", "C-19")


def test_a_log_without_decisions_is_a_file_without_rows(tmp_path: Path) -> None:
    empty = export_decisions(cast(DecisionLogReader, Log([])), rewards_of, tmp_path / "log.parquet")
    assert (empty.decisions, list(read_decisions(empty.decisions_file))) == (0, [])


def test_an_export_that_breaks_leaves_no_file_and_keeps_an_older_one(exported: Path) -> None:
    def broken(decisions: Sequence[Decided]) -> NDArray[np.float64]:
        raise RuntimeError("no rewards")

    before = exported.read_bytes()
    with pytest.raises(RuntimeError):
        export_decisions(cast(DecisionLogReader, Log()), broken, exported)
    assert exported.read_bytes() == before
    assert len(list(exported.parent.iterdir())) == 2


def test_another_file_is_refused_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "log.parquet").write_text("id,action\n")
    with pytest.raises(InvalidFile, match="not a Parquet file"):
        list(read_decisions(tmp_path / "log.parquet"))
    refusals = export_decisions(
        cast(DecisionLogReader, Log()), rewards_of, tmp_path / "ok.parquet"
    ).refusals_file
    table = pq.read_table(refusals).replace_schema_metadata({})
    pq.write_table(table, tmp_path / "other.parquet")
    with pytest.raises(InvalidFile, match="schema none"):
        list(read_decisions(tmp_path / "other.parquet"))


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidFile, match="cannot be written"):
        export_decisions(cast(DecisionLogReader, Log()), rewards_of, tmp_path / "none" / "log.parquet")
