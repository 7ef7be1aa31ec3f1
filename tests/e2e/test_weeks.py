"""Whole markets lived by every way to decide: the evaluation behind the figures of docs/learning.md."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from app.evaluating.weeks import Lived, lived, main, table


def made(seed: int, by: str, cents: float) -> Lived:
    week = np.full(4, cents)
    return Lived(seed, by, 100, week, np.ones(4), np.ones(4), np.ones(4))


def test_one_week_is_lived_and_told_in_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "weeks.json"
    monkeypatch.setattr(
        "sys.argv", ["weeks", "--markets", "1", "--weeks", "1", "--by", "usual", "--json", str(out)]
    )
    main()
    (told,) = json.loads(out.read_text(encoding="utf-8"))
    assert told["messages"][0] > 50 and 0 < told["meetings"][0] < told["messages"][0]
    assert told["decisions"] > told["messages"][0]
    assert (
        f"usual {told['cents'][0] / 100:>10,.0f} $".split()
        == capsys.readouterr().out.splitlines()[2].split()[:3]
    )


def test_chance_decides_for_everybody_who_is_not_held_out(tmp_path: Path) -> None:
    """The learner's way is the demo's, which tests/e2e/test_command_line.py lives."""
    import sqlite3

    lived(101, "random", tmp_path, weeks=1)
    (file,) = tmp_path.glob("*.db")
    with sqlite3.connect(file) as connection:
        found = {arm for (arm,) in connection.execute("SELECT DISTINCT arm FROM decisions")}
    assert found == {"explore", "holdout"}


def test_a_way_that_earns_more_is_said_to() -> None:
    found = [made(seed, by, cents) for seed in (1, 2) for by, cents in (("learned", 300.0), ("usual", 100.0))]
    assert "learned above usual: +8 $ [+8, +8], +4 $ [+4, +4] in the second half" in table(found)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (["--by", "magic"], "Nobody decides as 'magic'"),
        (["--weeks", "13"], "--weeks 1 to 12"),
        (["--markets", "0"], "1 and more"),
    ],
)
def test_what_cannot_be_lived_is_said_in_one_line(
    asked: list[str], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["weeks", *asked])
    with pytest.raises(SystemExit, match=said):
        main()
