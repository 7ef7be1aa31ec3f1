"""SIGKILL at random moments of a run: a sample of `python -m app.drills.kill`, which does fifty."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.drills.kill import drill

pytestmark = pytest.mark.slow


def test_killed_runs_resume_with_nothing_twice_and_nothing_lost(tmp_path: Path) -> None:
    seen = drill(kills=3, contacts=40, seed=3, folder=tmp_path)
    assert seen.kills == 3
    assert seen.sent == 40 * seen.runs
    assert (seen.duplicates, seen.lost, seen.unallowed, seen.faults) == (0, 0, 0, [])
