"""SIGKILL at random moments of a 300-contact run: `python -m app.drills.kill --kills 50`.

After every finished run: no contact has two messages, nothing is silently lost, every send was allowed,
the database and the audit chain are whole. Source of the drill: F-02 of our safety rules.
"""

from __future__ import annotations

import argparse
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from email import message_from_bytes
from pathlib import Path

from app.drills.settling import settle
from app.workspace import Workspace
from evals.crowd import NOON

MODULE = "app.drills.worker"

KILLS_A_RUN = 25
"""About so many kills in each run."""

KILLED_EARLY = 0.1
"""This share is killed while it starts or decides."""


_OUTCOMES = """
SELECT outcome, count(*) FROM run_contacts
WHERE run_id = (SELECT id FROM runs ORDER BY started_at, rowid LIMIT 1) GROUP BY outcome
"""


@dataclass
class Drill:
    """What was seen over all kills."""

    kills: int = 0
    kills_before_sending: int = 0
    kills_while_sending: int = 0
    runs: int = 0
    sent: int = 0
    duplicates: int = 0
    lost: int = 0
    unallowed: int = 0
    unknown: int = 0
    faults: list[str] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        """Tell whether every invariant held."""
        return not (self.duplicates or self.lost or self.unallowed or self.faults)


def drill(kills: int, contacts: int, seed: int, folder: Path) -> Drill:
    """Kill workers until `kills` were killed, finishing and checking each run."""
    settle(folder / "base", contacts).close()
    luck, seen = random.Random(seed), Drill()
    workspace = folder / "run"
    while seen.kills < kills:
        shutil.rmtree(workspace, ignore_errors=True)
        shutil.copytree(folder / "base", workspace)
        is_done = False
        while seen.kills < kills and not is_done:
            is_done = _ended(_lived(workspace, luck, contacts), seen)
            if is_done:
                break
            seen.kills += 1
            if any(Workspace(workspace).mailbox.glob("*.eml")):
                seen.kills_while_sending += 1
            else:
                seen.kills_before_sending += 1
        if not is_done:
            last = _worker(workspace)
            _, errors = last.communicate(timeout=1_200)
            _ended((last.returncode, errors), seen)
        seen.runs += 1
        _check(workspace, contacts, seen)
    return seen


def _worker(workspace: Path) -> subprocess.Popen[str]:
    command = [
        sys.executable,
        "-m",
        MODULE,
        str(workspace),
        str(workspace / "campaigns/crowd.yaml"),
        NOON.isoformat(),
    ]
    return subprocess.Popen(  # noqa: S603 - our own module
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def _lived(workspace: Path, luck: random.Random, contacts: int) -> tuple[int, str]:
    """Start a worker, let it send a random number of messages, kill it; return how it ended and its last words.

    Moments count messages and not seconds, so that they lie all over the run on a slow machine too.
    """
    worker = _worker(workspace)
    assert worker.stdout is not None
    if luck.random() < KILLED_EARLY:
        time.sleep(luck.uniform(0.2, 2.5))
    else:
        worker.stdout.readline()
        upto = _sent(workspace) + round(luck.expovariate(KILLS_A_RUN / contacts))
        while worker.poll() is None and _sent(workspace) < upto:
            time.sleep(0.005)
        time.sleep(luck.uniform(0.0, 0.3))
    worker.send_signal(signal.SIGKILL)
    _, errors = worker.communicate()
    return worker.returncode, errors


def _ended(how: tuple[int, str], seen: Drill) -> bool:
    """Tell whether a worker ended by itself; one that broke off without being killed is a fault."""
    code, errors = how
    if code not in {0, -signal.SIGKILL}:
        seen.faults.append(f"the run did not resume: {errors[-400:]}")
    return code != -signal.SIGKILL


def _sent(workspace: Path) -> int:
    return sum(1 for _ in Workspace(workspace).mailbox.iterdir())


def _check(workspace: Path, contacts: int, seen: Drill) -> None:
    paths = Workspace(workspace)
    mails = Counter(_recipient(path) for path in paths.mailbox.glob("*.eml"))
    seen.duplicates += sum(many - 1 for many in mails.values())
    seen.sent += sum(mails.values())
    with sqlite3.connect(paths.database) as crm:
        # A worker killed between its run's end and its own leaves nothing to resume: the next begins a second run.
        outcomes = dict(crm.execute(_OUTCOMES))
        marked = dict(crm.execute("SELECT status, count(*) FROM outbox GROUP BY status"))
        unallowed = crm.execute(
            "SELECT count(*) FROM outbox o LEFT JOIN proposals p ON p.outbox_id = o.id "
            "WHERE o.status = 'sent' AND (o.approved_sha256 IS NOT o.message_sha256 OR p.status = 'waiting')"
        ).fetchone()[0]
        whole = crm.execute("PRAGMA integrity_check").fetchone()[0]
    seen.unallowed += unallowed
    seen.unknown += marked.get("unknown", 0)
    ended = sum(many for outcome, many in outcomes.items() if outcome not in {"queued", "parked"})
    seen.lost += contacts - ended
    seen.lost += abs(marked.get("sent", 0) - sum(mails.values()))
    if whole != "ok":
        seen.faults.append(f"integrity check: {whole}")
    if outcomes.get("parked"):
        seen.faults.append(f"{outcomes['parked']} contacts parked")
    if broken := _broken_audit(workspace):
        seen.faults.append(f"audit chain broken at line {broken}")


def _broken_audit(workspace: Path) -> int | None:
    from memory.crm.audit import AuditChain
    from memory.crm.engine import open_engine

    engine = open_engine(f"sqlite:///{Workspace(workspace).database}")
    try:
        return AuditChain(engine).verify()
    finally:
        engine.dispose()


def _recipient(path: Path) -> str:
    return str(message_from_bytes(path.read_bytes())["To"])


def main() -> int:
    """Run the drill and print what was seen."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--contacts", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="attune-kill-") as folder:
        seen = drill(given.kills, given.contacts, given.seed, Path(folder))
    print(
        f"{seen.kills} kills over {seen.runs} finished runs of {given.contacts} contacts, seed {given.seed}"
    )
    print(
        f"  {seen.kills_before_sending} before the first message went out, {seen.kills_while_sending} after it"
    )
    print(f"  sent {seen.sent}, duplicates {seen.duplicates}, silently lost {seen.lost},")
    print(f"  sent without being allowed {seen.unallowed}, unknown and listed {seen.unknown}")
    for fault in seen.faults:
        print(f"  fault: {fault}")
    return 0 if seen.is_clean else 1


if __name__ == "__main__":
    sys.exit(main())
