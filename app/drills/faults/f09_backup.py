"""F-09: a day-old backup is restored: what was due since then is held for a person, nothing goes out twice."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

from app import loop
from app.drills.faults.seen import Fault, Seen
from app.drills.forks import fork, settled, wait
from app.drills.sink import arrived, sinking
from app.wiring import House
from app.workspace import Workspace
from domain.campaign import SendSlot
from domain.message import OutboxStatus
from evals.crowd import NOON, campaign

CONTACTS = 6
START = NOON
"""The run decides and drafts, and every message waits for three in the afternoon."""


def attempt(trials: int, folder: Path, seed: int) -> Seen:
    """Restore `trials` times: the database alone, and the whole workspace folder, in turn."""
    del seed
    seen = Seen()
    settled(folder / "base", CONTACTS)
    for number in range(trials):
        workspace, sink = folder / f"ws{number}", folder / f"sink{number}"
        shutil.copytree(folder / "base", workspace)
        whole = number % 2 == 1
        acts = (
            lambda: _prepare(workspace, sink),  # noqa: B023 - done before the next round
            lambda: _send(workspace, sink),  # noqa: B023
        )
        for act in (acts[0], lambda: _back_up(workspace), acts[1]):  # noqa: B023
            if wait(fork(act, folder / "errors")):
                seen.problems.append((folder / "errors").read_text()[-400:])
        before = len(arrived(sink))
        _restore(workspace, whole)
        if wait(fork(lambda: _serve_again(workspace, sink), folder / "errors")):  # noqa: B023
            seen.problems.append((folder / "errors").read_text()[-400:])
        after = arrived(sink)
        seen.duplicates += len(after) - len({message_id for message_id, _ in after})
        if before != CONTACTS:
            seen.problems.append(f"{before} of {CONTACTS} went out before the restore")
        with closing(sqlite3.connect(Workspace(workspace).database)) as crm:
            held = crm.execute("SELECT count(*) FROM outbox WHERE status = 'held'").fetchone()[0]
        seen.lost += CONTACTS - held
        seen.trials += 1
    return seen


def _prepare(workspace: Path, sink: Path) -> None:
    from app.gaps import seen_now
    from app.runs import begin, carry_on

    house = sinking(workspace, sink, START)
    afternoon = campaign().model_copy(update={"slots": (SendSlot.AFTERNOON,)})
    run, _ = begin(house, afternoon, is_dry_run=False)
    loop.run(carry_on(house, run))
    seen_now(house)
    assert house.outbox.counts() == {OutboxStatus.APPROVED: CONTACTS}, house.outbox.counts()
    house.close()


def _back_up(workspace: Path) -> None:
    shutil.copytree(workspace, workspace.with_name(f"{workspace.name}-backup"))


def _send(workspace: Path, sink: Path) -> None:
    """The day after the backup: everything goes out."""
    for hour in range(0, 25, 6):
        _tick(sinking(workspace, sink, START + timedelta(hours=hour)))


def _tick(house: House) -> None:
    from app.deliver import deliver_due
    from app.gaps import hold_after_a_gap

    hold_after_a_gap(house, nobody_watches=True)
    loop.run(deliver_due(house))
    hold_after_a_gap(house, nobody_watches=True)
    house.close()


def _restore(workspace: Path, whole: bool) -> None:
    backup = workspace.with_name(f"{workspace.name}-backup")
    if whole:
        shutil.rmtree(workspace)
        shutil.copytree(backup, workspace)
        return
    database = Workspace(workspace).database
    for path in database.parent.glob(f"{database.name}*"):
        path.unlink()
    shutil.copy(Workspace(backup).database, database)


def _serve_again(workspace: Path, sink: Path) -> None:
    now: datetime = START + timedelta(hours=24, minutes=10)
    for _ in range(3):
        # In house hours, so that nothing but the restore keeps anything back.
        _tick(sinking(workspace, sink, now))


FAULT = Fault("F-09", "a day-old backup restored", 20, 2, attempt)
