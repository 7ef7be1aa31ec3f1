"""A sample of the faults to survive; `make faults` tries each in full."""

from __future__ import annotations

import subprocess
import sys


def test_a_sample_of_the_faults_leaves_nothing_twice_and_nothing_lost() -> None:
    """In a process of its own: the drills fork, which needs one that has opened nothing."""
    wanted = {"F-01": "2", "F-09": "1", "F-11": "40", "F-12": "4", "F-15": "10"}
    for fault, trials in wanted.items():
        command = [sys.executable, "-m", "app.drills.faults", "--trials", trials, fault]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, f"{fault}: {done.stdout[-3000:]}{done.stderr[-2000:]}"
