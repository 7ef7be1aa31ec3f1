"""How well contact history recalls, held to floors that were measured (`python -m evals.recall`).

Floors are the lower 95 % Wilson bounds of the run they were set from; the run is deterministic.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from domain.history import Remembered
from evals.recall.__main__ import main
from evals.recall.cases import NOW, Cases, deal
from evals.recall.scores import Scores, Share, score
from evals.recall.systems import by_meaning, full_text, history, newest_first
from tools.embedders.lexical import LexicalEmbedder


@pytest.fixture(scope="module")
def cases() -> Cases:
    return deal()


@pytest.fixture(scope="module")
def scores(cases: Cases, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Scores]:
    folder = tmp_path_factory.mktemp("recall")
    with history(cases, LexicalEmbedder(), folder / "lexical") as store:
        rows = [
            row
            for split in ("held_out", "unforeseen")
            for row in score("lexical", cases, by_meaning(store), split)
        ]
    return {row.questions: row for row in rows}


@pytest.mark.parametrize(
    ("questions", "hit_at_3"),
    [
        ("held_out, overlap yes", 0.89),
        ("held_out, overlap partial", 0.83),
        ("held_out, overlap none", 0.74),
        ("unforeseen, overlap yes", 0.96),
        ("unforeseen, overlap partial", 0.88),
    ],
)
def test_recall_keeps_its_measured_floor(scores: dict[str, Scores], questions: str, hit_at_3: float) -> None:
    assert scores[questions].hit_at_3.value >= hit_at_3


@pytest.mark.parametrize(("questions", "silent"), [("held_out, all", 0.67), ("unforeseen, all", 0.69)])
def test_recall_is_silent_where_nothing_bears_on_it(
    scores: dict[str, Scores], questions: str, silent: float
) -> None:
    assert scores[questions].silent_off_topic.value >= silent
    assert scores[questions].silent_absent.value >= silent


def test_recall_beats_both_baselines_on_held_out_matters(cases: Cases, scores: dict[str, Scores]) -> None:
    for answer in (newest_first(cases), full_text(cases)):
        baseline = score("baseline", cases, answer, "held_out")[0]
        assert scores["held_out, all"].hit_at_1.interval()[0] > baseline.hit_at_1.interval()[1]


def test_no_question_is_answered_from_another_contacts_history(scores: dict[str, Scores]) -> None:
    assert [row.leaks for row in scores.values()] == [0] * len(scores)


def test_identical_words_of_all_contacts_are_recalled_from_the_one_asked(tmp_path: Path) -> None:
    memories = tuple(
        Remembered(contact_id=f"c_{n}", kind="note", text="The price is too high", at=NOW, ref="e:1")
        for n in range(200)
    )
    with history(Cases(memories, ()), LexicalEmbedder(), tmp_path / "same") as store:
        for n in range(200):
            found = store.recall(f"c_{n}", "The price is too high", now=NOW, limit=50)
            assert [one.remembered for one in found] == [memories[n]]


def test_a_share_of_nothing_is_unknown() -> None:
    assert Share(0, 0).interval() == (0.0, 1.0)
    assert Share(8, 10).interval() == pytest.approx((0.490, 0.943), abs=0.001)


def test_the_command_prints_a_table_and_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--contacts", "2"]) == 0
    table = capsys.readouterr().out.splitlines()
    assert table[0].split()[:4] == ["questions", "system", "hit@1", "hit@3"]
    assert main(["--contacts", "2", "--json"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert len(rows) == len(table) - 1
    assert {row["system"] for row in rows} >= {"newest first", "BM25 (FTS5)", "lexical-v1-384"}
    assert all(row["leaks"] == 0 and 0 <= row["hit_at_3"]["value"] <= 1 for row in rows)


def test_an_embedder_that_cannot_be_had_is_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    assert main(["--embedder", "openai"]) == 2
    assert capsys.readouterr().err.startswith("ATTUNE_EMBEDDER: openai needs OPENAI_API_KEY")
