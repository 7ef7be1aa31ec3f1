"""F-07: the mail server refuses for now or for good, hangs up early, hangs up after the final dot, or stalls."""

from __future__ import annotations

import shutil
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

from app import loop
from app.drills.bad_mail_server import Fault as Misbehaviour
from app.drills.bad_mail_server import serving
from app.drills.faults.seen import Fault, Seen, look
from app.drills.forks import fork, settled, wait
from app.drills.sink import arrived
from domain.message import OutboxStatus
from evals.crowd import NOON, campaign

KINDS = tuple(kind for kind in Misbehaviour if kind is not Misbehaviour.NONE)
RETRIES_AFTER = (timedelta(minutes=30), timedelta(hours=1, minutes=30), timedelta(hours=2, minutes=30))
"""When a server that behaves again is tried: the recipients' hours are still open, and nothing is overdue."""

WANTED = {
    Misbehaviour.BUSY: OutboxStatus.SENT,
    Misbehaviour.GREYLISTED: OutboxStatus.SENT,
    Misbehaviour.NO_SUCH_USER: OutboxStatus.FAILED,
    Misbehaviour.DROPS_BEFORE_DATA: OutboxStatus.SENT,
    Misbehaviour.DROPS_AFTER_THE_DOT: OutboxStatus.UNKNOWN,
    Misbehaviour.STALLS_AFTER_THE_DOT: OutboxStatus.UNKNOWN,
}
"""How a message ends, once the server is well again: only what is provably unsent was tried again."""


def attempt(trials: int, folder: Path, seed: int) -> Seen:
    """Send `trials` messages to a server of each kind."""
    del seed
    seen = Seen()
    settled(folder / "base", trials)
    for kind in KINDS:
        workspace, sink = folder / kind.name.lower(), folder / f"sink-{kind.name.lower()}"
        shutil.copytree(folder / "base", workspace)
        tell = folder / f"told-{kind.name.lower()}"
        if wait(fork(lambda: _send(workspace, sink, kind, tell), folder / "errors"), 600):  # noqa: B023
            seen.problems.append((folder / "errors").read_text()[-400:])
            continue
        _judge(kind, tell, sink, trials, seen)
        look(workspace, sink, seen, contacts=trials)
        told = Counter(tell.read_text().split())
        seen.notes.append(f"{kind.value}: {', '.join(f'{many} {status}' for status, many in told.items())}")
        seen.trials += trials
    return seen


def _judge(kind: Misbehaviour, tell: Path, sink: Path, trials: int, seen: Seen) -> None:
    found = Counter(tell.read_text().split())
    if found != Counter({WANTED[kind].value: trials}):
        seen.problems.append(f"{kind.value}: {dict(found)}, not {trials} {WANTED[kind].value}")
    took = len(arrived(sink))
    if took != (0 if WANTED[kind] is OutboxStatus.FAILED else trials):
        seen.problems.append(f"{kind.value}: the server took {took} of {trials}")


def _send(workspace: Path, sink: Path, kind: Misbehaviour, tell: Path) -> None:
    from app.deliver import deliver_due
    from app.runs import begin, carry_on
    from app.settings import Settings
    from app.wiring import open_house
    from tools.channels.smtp import SmtpChannel

    at: list[datetime] = [NOON]
    chosen = Settings(_env_file=None, workspace=workspace, model=None, warm_up=False)
    house = open_house(chosen, clock=lambda: at[0])
    with serving(sink, kind) as server:
        patience = 1.0 if kind is Misbehaviour.STALLS_AFTER_THE_DOT else 20.0
        house.__dict__["channel"] = SmtpChannel(
            "127.0.0.1", server.port, tls="none", timeout_seconds=patience, clock=lambda: at[0]
        )
        run, _ = begin(house, campaign(), is_dry_run=False)
        loop.run(carry_on(house, run))
        server.fault = Misbehaviour.NONE
        for later in RETRIES_AFTER:
            at[0] = NOON + later
            loop.run(deliver_due(house))
    entries = house.outbox.entries(limit=10_000)
    tell.write_text(" ".join(entry.status.value for entry in entries))


FAULT = Fault("F-07", "the mail server misbehaves, six ways", 100, 2, attempt)
