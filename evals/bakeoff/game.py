"""One game: one player, one set, one shuffle, one pass; what is kept of it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from evals.bakeoff.experts import Expert
from evals.bakeoff.players import Player
from evals.bakeoff.sets import ClassSet


@dataclass(frozen=True)
class Game:
    """What is kept of a game.

    reward: mean progressive reward, in [0, 1]. cpu_seconds: of choosing and learning.
    stopped_at: row at which the time limit ended it, or None if it was played to the end; then reward is of the
        rows played and counts in no table.
    """

    set_name: str
    seed: int
    player: str
    rows: int
    reward: float
    cpu_seconds: float
    stopped_at: int | None = None


def play(player: Player, over: ClassSet, seconds_at_most: float = float("inf")) -> tuple[float, float, int]:
    """Play one pass; return mean reward, CPU seconds and how many rows were played."""
    began = time.process_time()
    won = 0.0
    n = len(over.y)
    for i in range(n):
        x = over.x[i : i + 1]
        arm = player.choose(x)
        reward = float(arm == over.y[i])
        player.learn(x, arm, reward)
        won += reward
        if time.process_time() - began > seconds_at_most:
            n = i + 1
            break
    return won / n, time.process_time() - began, n


def examine(expert: Expert, over: ClassSet) -> tuple[float, float, int]:
    """The same for one that sees every label."""
    began = time.process_time()
    right, i, n = 0, 0, len(over.y)
    while i < n:
        rows = slice(i, min(n, i + expert.block(i)))
        right += int((expert.answer(over.x[rows]) == over.y[rows]).sum())
        expert.study(over.x[rows], over.y[rows])
        i = rows.stop
    return right / n, time.process_time() - began, n


def best_arm(over: ClassSet) -> float:
    """What the best single arm brings, known in hindsight."""
    return float(np.bincount(over.y).max() / len(over.y))


class Ledger:
    """Games as lines of JSON, written as they end, so that a run that was cut off goes on where it stopped."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.games: dict[tuple[str, int, str], Game] = {}
        if path.exists():
            for line in path.read_text(encoding="utf-8").splitlines():
                game = Game(**json.loads(line))
                self.games[game.set_name, game.seed, game.player] = game

    def add(self, game: Game) -> None:
        """Keep one game, in place of an earlier one of the same set, seed and player."""
        self.games[game.set_name, game.seed, game.player] = game
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a", encoding="utf-8") as lines:
            lines.write(json.dumps(asdict(game)) + "\n")

    def knows(self, set_name: str, seed: int, player: str) -> bool:
        """Tell whether this game was played."""
        return (set_name, seed, player) in self.games

    def forget(self, sets: Iterable[str], seeds: Iterable[int], players: Iterable[str]) -> None:
        """Let these games be played again; the file keeps the old lines, the newest line of a game counts."""
        for key in [(s, seed, p) for s in sets for seed in seeds for p in players]:
            self.games.pop(key, None)

    def stopped(self) -> list[Game]:
        """Return the games that the time limit ended."""
        return [game for game in self.games.values() if game.stopped_at is not None]

    def was_stopped(self, set_name: str, player: str) -> bool:
        """Tell whether the time limit ended this player's game on this set, whatever the seed."""
        return any((game.set_name, game.player) == (set_name, player) for game in self.stopped())

    def of(self, sets: Iterable[str], seeds: Iterable[int]) -> list[Game]:
        """Return the games of these sets and seeds that were played to the end."""
        wanted, among = set(sets), set(seeds)
        return [
            game
            for game in self.games.values()
            if game.set_name in wanted and game.seed in among and game.stopped_at is None
        ]
