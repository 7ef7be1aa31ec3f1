"""F-10: providers tell everything five times, shuffled, among forgeries; it has to end as the ordered run does."""

from __future__ import annotations

from pathlib import Path

from app.drills.faults.seen import Fault, Seen
from app.drills.forks import fork, load, wait
from app.drills.webhooks import drill

LONGEST_SECONDS = 1_800


def attempt(trials: int, folder: Path, seed: int) -> Seen:
    """Tell `trials` events."""
    seen, told = Seen(), folder / "told"
    load()
    if wait(fork(lambda: _play(trials, seed, folder, told), folder / "errors"), LONGEST_SECONDS):
        seen.problems.append((folder / "errors").read_text()[-400:])
        return seen
    posts, forged, taken, refused, *differs = told.read_text().splitlines()
    seen.trials = trials
    seen.notes.append(f"{posts} requests, {forged} forged")
    if int(taken):
        seen.problems.append(f"{taken} forged events were taken")
    if int(refused):
        seen.problems.append(f"{refused} genuine requests were refused")
    seen.problems += differs
    return seen


def _play(events: int, seed: int, folder: Path, told: Path) -> None:
    found = drill(events, seed, folder)
    numbers = (found.posts, found.forged, found.forged_taken, found.genuine_refused)
    told.write_text("\n".join([*map(str, numbers), *(one.replace("\n", " ") for one in found.differs)]))


FAULT = Fault("F-10", "webhooks repeated, shuffled, forged", 10_000, 60, attempt)
