"""A sample of the faults to survive; `make faults` tries each in full."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow

SAMPLE = """
from app.drills.faults.__main__ import tried
from app.drills.faults.all_faults import FAULTS

trials = {"F-01": 2, "F-09": 1, "F-11": 40, "F-12": 4, "F-15": 10}
sample = [fault for fault in FAULTS if fault.id in trials]
assert len(sample) == len(trials)
for fault in sample:
    seen, _ = tried(fault, trials[fault.id], seed=1)
    assert seen.is_clean and seen.trials, f"{fault.id}: {seen}"
"""


def test_a_sample_of_the_faults_leaves_nothing_twice_and_nothing_lost() -> None:
    """In a process of its own: the drills fork, which needs one that has opened nothing."""
    command = [sys.executable, "-c", SAMPLE]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, f"{done.stdout[-3000:]}{done.stderr[-3000:]}"
