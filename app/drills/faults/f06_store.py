"""F-06: the database is locked for a minute; the disk is full: the run goes on without anybody's hand."""

from __future__ import annotations

import asyncio
import resource
import shutil
import sqlite3
import time
from pathlib import Path

from app import loop
from app.drills.faults.seen import Fault, Seen, look
from app.drills.forks import fork, settled, wait
from app.drills.sink import arrived, sinking
from app.workspace import Workspace
from domain.message import OutboxStatus
from evals.crowd import NOON, campaign

CONTACTS = 60
FULL_SECONDS = {"locked": 62.0, "disk full": 20.0}
SAMPLE_SECONDS = {"locked": 2.0, "disk full": 2.0}
SMALL_FILE = 64 * 1024
"""No file of the process may grow beyond this while the disk is full: every database is larger."""


def attempt(trials: int, folder: Path, seed: int) -> Seen:
    """Break a store in the midst of a run, `trials` times each way; in full for longer than SQLite waits for a lock."""
    del seed
    seen = Seen()
    settled(folder / "base", CONTACTS)
    lengths = FULL_SECONDS if trials >= FAULT.full else SAMPLE_SECONDS
    for number in range(trials):
        for kind, seconds in lengths.items():
            workspace, sink = folder / f"{kind.replace(' ', '-')}{number}", folder / f"sink-{kind}-{number}"
            shutil.copytree(folder / "base", workspace)
            child = fork(lambda workspace=workspace, sink=sink: _serve(workspace, sink), folder / "errors")  # type: ignore[misc]
            until = time.monotonic() + 60
            while not arrived(sink) and time.monotonic() < until:
                time.sleep(0.01)
            before = len(arrived(sink))
            if kind == "locked":
                _lock(workspace, seconds)
            else:
                _fill(child, seconds)
            seen.notes.append(f"{kind} for {seconds:.0f} s when {before} of {CONTACTS} had left")
            if code := wait(child, 240):
                errors = folder / "errors"
                seen.problems.append(
                    f"{kind}: the server ended with {code} {errors.read_text()[-300:] if errors.exists() else ''}"
                )
            look(workspace, sink, seen, contacts=CONTACTS)
            seen.trials += 1
    return seen


def _serve(workspace: Path, sink: Path) -> None:
    """A scheduler that carries one run, and ends when nothing is left to do."""
    from app.runs import begin
    from app.serving import Server

    house = sinking(workspace, sink, NOON)
    begin(house, campaign(), is_dry_run=False)
    server = Server(house, another=lambda: sinking(workspace, sink, NOON))

    async def until_done() -> None:
        serving = asyncio.create_task(server.run())
        quiet = 0
        while quiet < 3:
            await asyncio.sleep(1)
            unsettled = {OutboxStatus.SENDING, OutboxStatus.APPROVED} & set(house.outbox.counts())
            quiet = 0 if house.runs.open_runs() or unsettled else quiet + 1
        server.stop()
        await serving

    loop.run(until_done())


def _lock(workspace: Path, seconds: float) -> None:
    with sqlite3.connect(Workspace(workspace).database, isolation_level=None, timeout=60) as other:
        other.execute("BEGIN IMMEDIATE")
        time.sleep(seconds)
        other.execute("ROLLBACK")


def _fill(child: int, seconds: float) -> None:
    resource.prlimit(child, resource.RLIMIT_FSIZE, (SMALL_FILE, resource.RLIM_INFINITY))
    time.sleep(seconds)
    resource.prlimit(child, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


FAULT = Fault("F-06", "database locked 60 s; disk full", 2, 1, attempt)
