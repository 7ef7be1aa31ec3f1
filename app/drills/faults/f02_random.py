"""F-02: SIGKILL at random moments of a 1,000-contact run; the figures of `python -m app.drills.kill`."""

from __future__ import annotations

from pathlib import Path

from app.drills.faults.seen import Fault, Seen
from app.drills.kill import drill

CONTACTS = 1_000


def attempt(trials: int, folder: Path, seed: int) -> Seen:
    """Kill `trials` times, finishing each run that was killed."""
    contacts = CONTACTS if trials >= 20 else 20
    done = drill(trials, contacts, seed, folder)
    seen = Seen(
        trials=done.kills,
        duplicates=done.duplicates,
        lost=done.lost,
        unapproved=done.unallowed,
        unknown=done.unknown,
        problems=list(done.faults),
        notes=[
            f"{done.runs} runs of {contacts} contacts; {done.kills_while_sending} kills after the first message"
        ],
    )
    if done.unknown > done.kills:
        seen.problems.append(f"{done.unknown} unknown after {done.kills} kills of one worker")
    return seen


FAULT = Fault("F-02", "SIGKILL at random, 1,000 contacts", 200, 2, attempt)
