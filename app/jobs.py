"""Durable jobs: one per contact of a run, on DBOS, embedded on SQLite or shared on PostgreSQL.

A job that was running when its process died is run again at the next start; what it had done already
stands in the graph's checkpoints, the ledger and the outbox. DBOS allows one instance a process, so
this module holds it. DBOS is launched inside the running event loop, and therefore runs jobs in it.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import gc
import hashlib
import logging
import socket
import sqlite3
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy.exc import InterfaceError, OperationalError

from agents.dispatch import SENDING
from app.carry import Carrier
from app.logs import about
from domain.errors import AttuneError, DuplicateSend
from domain.run import ContactOutcome, Run, RunContact
from memory.crm.locks import ContactLocks
from memory.crm.runs import RunStore
from memory.crm.together import COMMITTING

QUEUE = "contacts"
MOST_TRIES = 3
"""After so many failures for reasons nobody foresaw, a contact is parked with the last one."""

JOBS_VERSION = "1"
"""The same over releases whose jobs mean the same, so that an upgrade still sees waiting jobs."""

GARBAGE_THRESHOLD = 20_000
"""New objects between two searches for garbage while jobs are done; Python's own number is 700."""

MOST_SECONDS_TO_END = 60
"""What is being sent when a worker is told to stop gets so long to end."""

log = logging.getLogger("attune.jobs")

Queued = tuple[str, datetime]
"""A contact, and since when it is on the queue."""

CarryJob = Callable[[str, str], Coroutine[Any, Any, str]]


@dataclass
class Worker:
    """Does the jobs of this process."""

    runs: RunStore
    carrier: Carrier
    run: Run
    locks: ContactLocks = field(default_factory=ContactLocks)
    trouble: str = ""
    _under_way: int = 0

    @property
    def is_idle(self) -> bool:
        """Tell whether no contact is under way in this process."""
        return self._under_way == 0

    async def work(self, run_id: str, contact_id: str) -> str:
        """Carry one contact; an unforeseen failure is tried again, then parked with its reason.

        DBOS starts every job a dead process left, whosever it was. Only those of the run this process
        carries are done: another run's would go on unasked, without its bounds, or after it was stopped.
        """
        if run_id != self.run.id:
            return "of another run"
        with self.locks.holding(f"{run_id}:{contact_id}") as is_ours:
            if not is_ours:
                return "under way already"
            self._under_way += 1
            try:
                with about(run_id=run_id, contact_id=contact_id):
                    return await self._try(contact_id)
            finally:
                self._under_way -= 1

    async def _try(self, contact_id: str) -> str:
        run, run_id, reason = self.run, self.run.id, ""
        for tried in range(1, MOST_TRIES + 1):
            try:
                return (await self.carrier.carry(run, contact_id)).value
            except DuplicateSend as twin:
                # They have a message of this campaign already: no failure, and trying again would change nothing.
                self.runs.mark(self._ended(contact_id, ContactOutcome.REFUSED, str(twin), rule_id="H-01"))
                return ContactOutcome.REFUSED.value
            except Exception as failure:
                log.warning("contact %s of run %s, try %d: %r", contact_id, run_id, tried, failure)
                is_ours = isinstance(failure, AttuneError)
                reason = str(failure) if is_ours else f"{type(failure).__name__}: {failure}"
                if is_of_the_house(failure):
                    # Not this contact's fault: it stays queued, and the next round tries again.
                    self.trouble = reason
                    return "put down"
                await asyncio.sleep(0.2 * tried)
        self.runs.mark(self._ended(contact_id, ContactOutcome.PARKED, reason))
        return ContactOutcome.PARKED.value

    def _ended(
        self, contact_id: str, outcome: ContactOutcome, reason: str, rule_id: str | None = None
    ) -> RunContact:
        line = self.runs.line(self.run.id, contact_id)
        return RunContact(
            run_id=self.run.id,
            contact_id=contact_id,
            outcome=outcome,
            rule_id=rule_id,
            reason=reason[:500],
            decision_id=line.decision_id if line else None,
            updated_at=self.carrier.bench.now(),
        )


def is_of_the_house(failure: BaseException | None) -> bool:
    """Tell whether a failure says something of the database or the disk, and nothing of the contact."""
    while failure is not None:
        if isinstance(failure, sqlite3.OperationalError | OperationalError | InterfaceError):
            return True
        if isinstance(failure, OSError) and failure.errno in _HOUSE_ERRORS:
            return True
        failure = failure.__cause__ or failure.__context__
    return False


_HOUSE_ERRORS = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.EMFILE, errno.ENFILE}

_worker: Worker | None = None


async def _carry_contact(run_id: str, contact_id: str) -> str:
    if _worker is None:
        raise AttuneError("A job was started in a process that is no worker.")
    return await _worker.work(run_id, contact_id)


class Jobs:
    """Puts contacts on the queue, and tells how many are on it."""

    def __init__(self, carry: CarryJob) -> None:
        self._carry = carry

    async def add(self, run_id: str, queued: Iterable[Queued], *, round_number: int) -> None:
        """Queue one job a contact; a job of this round that exists already stays as it is.

        Args:
            run_id: the run.
            queued: contacts and since when they are queued; one that was put back gets a new job by that.
            round_number: jobs that ended without ending their contact need a new round.
        """
        from dbos import DBOS, SetWorkflowID

        for contact_id, since in queued:
            with SetWorkflowID(f"{run_id}:{contact_id}:{since:%y%m%d%H%M%S}:{round_number}"):
                await DBOS.enqueue_workflow_async(QUEUE, self._carry, run_id, contact_id)

    async def waiting(self, run_id: str) -> int:
        """How many jobs of a run wait to be begun.

        What another machine has under way is not waited for: the next round gives it a job of its own.
        """
        from dbos import DBOS

        jobs = await DBOS.list_workflows_async(
            status=["ENQUEUED"], workflow_id_prefix=f"{run_id}:", load_input=False
        )
        return len(jobs)


@contextlib.asynccontextmanager
async def working(
    worker: Worker, jobs_file: Path, database_url: str | None, *, at_once: int
) -> AsyncIterator[Jobs]:
    """Run this process as a worker; jobs left pending by a dead one start again at once.

    Args:
        at_once: how many contacts are worked on side by side.
    """
    global _worker  # noqa: PLW0603 - DBOS knows jobs by name, and so reaches the worker by module
    from dbos import DBOS

    _worker = worker
    # Its handler holds standard error as it was when the library was loaded, which may be closed by now.
    logging.getLogger("dbos").handlers.clear()
    # On PostgreSQL another machine must not take this one's jobs for its own; a workspace folder has one worker,
    # whatever its machine is called after a restart.
    folder = hashlib.sha256(str(jobs_file.resolve()).encode()).hexdigest()[:8]
    executor_id = f"attune-{socket.gethostname()}-{folder}" if database_url else "attune"
    carry: CarryJob = DBOS.workflow(name="carry_contact")(_carry_contact)
    DBOS(
        config={
            "name": "attune",
            "system_database_url": _url(jobs_file, database_url),
            "executor_id": executor_id,
            "application_version": JOBS_VERSION,
            "log_level": "CRITICAL",
            "notification_listener_polling_interval_sec": 0.2,
        }
    )
    ours = asyncio.current_task()
    usual = gc.get_threshold()
    before = asyncio.all_tasks()
    try:
        DBOS.launch()
        # What is loaded by now stays: searching it for garbage over and over is a tenth of a run's time.
        gc.freeze()
        gc.set_threshold(GARBAGE_THRESHOLD, *usual[1:])
        await DBOS.register_queue_async(QUEUE, worker_concurrency=at_once, polling_interval_sec=0.1)
        yield Jobs(carry)
    finally:
        gc.set_threshold(*usual)
        gc.unfreeze()
        await _end({task for task in asyncio.all_tasks() - before if task is not ours})
        await asyncio.to_thread(DBOS.destroy, destroy_registry=True)
        # DBOS made its own threads the event loop's, and has ended them.
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(thread_name_prefix="attune"))
        _worker = None


async def _end(tasks: set[asyncio.Task[Any]]) -> None:
    """Cancel what is under way; a cancelled job stays pending, and so starts again where it was.

    What is being sent, and what is being committed, ends by itself: cut off, nobody could tell how it ended.
    """
    kept = {task for task in tasks if task.get_name().startswith((SENDING, COMMITTING))}
    for task in tasks - kept:
        task.cancel()
    await asyncio.gather(*tasks - kept, return_exceptions=True)
    if kept:
        _, late = await asyncio.wait(kept, timeout=MOST_SECONDS_TO_END)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)


def _url(jobs_file: Path, database_url: str | None) -> str:
    if database_url is not None:
        return database_url.replace("postgres://", "postgresql://", 1)
    with contextlib.closing(sqlite3.connect(jobs_file)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
    return f"sqlite:///{jobs_file}"
