"""F-04: two schedulers and eight workers in the same second: one run an instant, one copy a message."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from app import loop
from app.drills.faults.seen import Fault, Seen, look
from app.drills.forks import fork, settled, wait
from app.drills.sink import sinking
from app.workspace import Workspace
from domain.campaign import Autonomy, Schedule
from evals.crowd import NOON, campaign

SCHEDULERS, WORKERS, CONTACTS = 2, 8, 3
ROUND = timedelta(days=28)
"""Far enough apart that contact pressure and content used before keep nobody from getting the next one."""

AT_NIGHT = timedelta(hours=-7)
"""Runs begin before house hours, so that every message is due at once, for eight workers, at noon."""


def attempt(trials: int, folder: Path, seed: int) -> Seen:
    """Let the schedulers, then the workers, race `trials` times."""
    del seed
    workspace, sink = folder / "base", folder / "sink"
    settled(workspace, CONTACTS)
    plan = campaign().model_copy(
        update={"schedule": Schedule(cron="0 10 * * *"), "autonomy": Autonomy.AUTOPILOT}
    )
    text = yaml.safe_dump(plan.model_dump(mode="json", exclude_none=True))
    (Workspace(workspace).campaigns / "crowd.yaml").write_text(text, encoding="utf-8")
    context = multiprocessing.get_context("fork")
    together = context.Barrier(SCHEDULERS + WORKERS)
    errors = folder / "errors"
    roles = [_schedules] * SCHEDULERS + [_delivers] * WORKERS

    def played(role: Callable[..., None]) -> Callable[[], None]:
        return lambda: role(workspace, sink, trials, together)

    children = [fork(played(role), errors) for role in roles]
    codes = [wait(child, 60 + 10 * trials) for child in children]
    seen = Seen(trials=trials)
    if any(codes):
        seen.problems.append(
            f"a process ended with {codes}: {errors.read_text()[-400:] if errors.exists() else ''}"
        )
    look(workspace, sink, seen)
    _count_runs(workspace, trials, seen)
    return seen


def _schedules(workspace: Path, sink: Path, trials: int, together: Any) -> None:
    """Claim what is due, begin and carry it if it was ours."""
    from app.runs import carry_on
    from app.schedules import claim_due
    from app.serving import Server

    now = [NOON]
    house = sinking(workspace, sink, lambda: now[0])
    server = Server(house)
    for number in range(trials):
        night = NOON + number * ROUND + AT_NIGHT
        if number == 0:
            now[0] = night - timedelta(minutes=1)
            claim_due(house, str(os.getpid()))
        now[0] = night + timedelta(seconds=1)
        together.wait()
        for due in claim_due(house, str(os.getpid())):
            run = server.begin(due)
            assert run is not None
            loop.run(carry_on(house, run))
        together.wait()
        now[0] = night - AT_NIGHT
        together.wait()
        together.wait()


def _delivers(workspace: Path, sink: Path, trials: int, together: Any) -> None:
    """Deliver what is due, at the same moment as seven others."""
    from app.deliver import deliver_due

    now: list[datetime] = [NOON]
    house = sinking(workspace, sink, lambda: now[0])
    for number in range(trials):
        now[0] = NOON + number * ROUND
        together.wait()
        together.wait()
        together.wait()
        loop.run(deliver_due(house))
        together.wait()


def _count_runs(workspace: Path, trials: int, seen: Seen) -> None:
    house = sinking(workspace, workspace / "none", NOON)
    begun = house.controls.runs_begun("crowd")
    runs = len(house.runs.runs(limit=trials * 3))
    house.close()
    seen.notes.append(f"{begun} instants begun, {runs} runs")
    if begun != runs:
        seen.problems.append(f"{runs} runs of {begun} instants")
    if begun < trials:
        # Not a second run, but one too few: each round's instant is to be begun by somebody.
        seen.problems.append(f"{trials} instants were due and {begun} begun")


FAULT = Fault("F-04", "two schedulers, eight workers, same second", 200, 3, attempt)
