"""What was measured, kept as JSON lines so that long measurements may be made in parts."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from evals.hillstrom.held_out import Trial, Truth
from evals.hillstrom.online import Life
from evals.hillstrom.worth import Worth


class Records:
    """Trials and truths of the held-out halves, lives of the replays by name and seed."""

    def __init__(self, path: Path | None = None) -> None:
        """Keep everything in memory and, where `path` is given, append it to that file."""
        self.path = path
        self.trials: list[Trial] = []
        self.truths: dict[int, Truth] = {}
        self.lives: dict[str, dict[int, Life]] = {}

    def add_trial(self, trial: Trial) -> None:
        """Keep one chooser's repeat."""
        self.trials.append(trial)
        self._write({"kind": "trial", **asdict(trial)})

    def add_truth(self, truth: Truth) -> None:
        """Keep what the experiment says on one held-out half."""
        self.truths[truth.seed] = truth
        self._write({"kind": "truth", **asdict(truth)})

    def add_life(self, seed: int, who: str, life: Life) -> None:
        """Keep one learner's replay."""
        self.lives.setdefault(who, {})[seed] = life
        rewards = life.rewards.astype(int).tolist()
        expected = [round(rate, 5) for rate in life.expected.tolist()]
        self._write({"kind": "life", "seed": seed, "who": who, "rewards": rewards, "expected": expected})

    def read(self, paths: Iterable[Path]) -> None:
        """Take in what was saved."""
        for path in paths:
            for line in path.read_text(encoding="utf-8").splitlines():
                self._take(json.loads(line))

    def _take(self, found: dict[str, Any]) -> None:
        kind = found.pop("kind")
        if kind == "trial":
            worth, shares = Worth(**found.pop("worth")), tuple(found.pop("shares"))
            self.trials.append(Trial(worth=worth, shares=shares, **found))
        elif kind == "truth":
            self.truths[found["seed"]] = Truth(**found)
        else:
            life = Life(np.array(found["rewards"], dtype=float), np.array(found["expected"]))
            self.lives.setdefault(found["who"], {})[found["seed"]] = life

    def _write(self, line: dict[str, Any]) -> None:
        if self.path is None:
            return
        with self.path.open("a", encoding="utf-8") as lines:
            lines.write(json.dumps(line) + "\n")
