"""The one process that keeps a team's campaigns going: scheduler, worker and, with `attune serve`, the HTTP door.

Everything it does is in the database first, so it may be killed at any moment and started again; and two of them
may run at once: an instant is claimed by one, a contact is carried by one, a message is reserved by one.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import socket
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from app import loop
from app.alarms import Alarm, watch
from app.deliver import deliver_due
from app.gaps import hold_after_a_gap
from app.rehearsing import rehearse
from app.runs import begin, carry_on
from app.runs import stop as give_up
from app.schedules import DueRun, campaign_files, claim_due, claimant_name
from app.steering import is_held, trip_all
from app.upkeep import REPLIES_EVERY, keep_up
from app.wiring import House
from domain.errors import AttuneError, CampaignHeld, RunOpen, WorkspaceBusy
from domain.message import Severity
from domain.run import ContactOutcome, Run, RunStatus
from domain.schedule import CampaignState, ScheduledState

TICK_SECONDS = 1.0
TICKS_BETWEEN_LOOKS_AT_WHAT_CAME_BACK = 5
TICKS_BETWEEN_DELIVERIES = 2
FORGET_TALLIES_AFTER = timedelta(days=2)

Part = Callable[[int], Awaitable[bool]]
"""One thing a server does each tick; tells whether there was any work in it."""

log = logging.getLogger("attune.serving")
told_of_runs = logging.getLogger("attune.runs")
"""Runs that begin, end, are skipped or given up: what somebody who watches the process wants to read."""


@dataclass
class Health:
    """How this process fares, for `/health` and for whoever watches."""

    started_at: datetime
    ticked_at: datetime | None = None
    delivered_at: datetime | None = None
    carrying: str | None = None
    held: int = 0
    alarms: list[Alarm] = field(default_factory=list)
    problems: dict[str, str] = field(default_factory=dict)

    def as_record(self, now: datetime) -> dict[str, Any]:
        """What `/health` answers; `ok` is False where the scheduler stands still or a part of it fails.

        Whoever asks is not known, so parts that fail are named and their reasons stand in the log. A rule whose
        deadline was missed is named among them, but no new process mends that: `ok` stays as it is.
        """
        missed = sorted(
            {one.finding.rule_id for one in self.alarms if one.finding.severity is Severity.BLOCK}
        )
        late = self.ticked_at is None or now - self.ticked_at > timedelta(seconds=60 * TICK_SECONDS)
        return {
            "ok": not late and not self.problems,
            "started_at": self.started_at.isoformat(),
            "ticked_at": self.ticked_at.isoformat() if self.ticked_at else None,
            "delivered_at": self.delivered_at.isoformat() if self.delivered_at else None,
            "is_carrying": self.carrying is not None,
            "held_after_a_gap": self.held,
            "failing": [*sorted(self.problems), *missed],
        }


class Server:
    """Ticks: claims what is due, begins it, carries what is open, delivers what is approved.

    A run is carried in a thread with an event loop and a house of its own: the job engine takes over both while
    it works, and deliveries must not wait for it.
    """

    def __init__(
        self, house: House, another: Callable[[], House] | None = None, *, schedules: bool = True
    ) -> None:
        self.house = house
        self._schedules = schedules
        self._another = another or (lambda: House(house.settings, house.workspace, house.clock))
        self.health = Health(started_at=house.clock())
        self.claimant = claimant_name()
        self._stopping = threading.Event()
        self._to_begin: list[DueRun] = []

    def stop(self) -> None:
        """End soon: what is being sent ends, everything else is put down where it is."""
        self._stopping.set()

    @property
    def is_stopping(self) -> bool:
        """Tell whether it was told to end."""
        return self._stopping.is_set()

    async def run(self) -> None:
        """Serve until told to stop."""
        self.health.held = hold_after_a_gap(self.house, nobody_watches=True)
        parts = [self._work, self._rehearse, self._deliver, self._watch, self._upkeep]
        if self._schedules:
            parts.insert(0, self._schedule)
        await asyncio.gather(*(self._keep_doing(part) for part in parts))

    async def _keep_doing(self, part: Part) -> None:
        """Do a part every tick; a failure is told and tried again, it never ends the others.

        A failure stands until the part has done its work: not in every tick is there any.
        """
        name, ticks = getattr(part, "__name__", "part").strip("_"), 0
        while not self.is_stopping:
            ticks += 1
            try:
                if await part(ticks):
                    self.health.problems.pop(name, None)
            except Exception as failure:
                told = str(failure) if isinstance(failure, AttuneError) else repr(failure)
                if self.health.problems.get(name) != told:
                    log.error("%s: %s", name, told)
                self.health.problems[name] = told
            await asyncio.sleep(TICK_SECONDS)

    async def _schedule(self, ticks: int) -> bool:
        self.health.ticked_at = self.house.clock()
        self._to_begin.extend(await asyncio.to_thread(claim_due, self.house, self.claimant))
        if ticks % TICKS_BETWEEN_LOOKS_AT_WHAT_CAME_BACK == 0:
            await asyncio.to_thread(trip_all, self.house)
        broken = [str(found) for _, found in campaign_files(self.house) if isinstance(found, AttuneError)]
        if broken:
            # Told by `_keep_doing`: a campaign that nobody watches must not drop out unseen.
            raise AttuneError(" ".join(broken))
        return True

    async def _work(self, _ticks: int) -> bool:
        """Begin what was claimed; carry one open run after the other.

        Where another process of this workspace is at work, the next tick tries again.
        """
        with contextlib.suppress(WorkspaceBusy):
            while self._to_begin and not self.is_stopping:
                await asyncio.to_thread(self.begin, self._to_begin[0])
                self._to_begin.pop(0)
            for run in self.house.runs.open_runs():
                if self.is_stopping:
                    break
                await self._carry(run)
        return True

    def begin(self, due: DueRun) -> Run | None:
        """Begin a claimed run, and say in its claim what became of it.

        Raises:
            WorkspaceBusy: another process works here; the claim stays ours.
        """
        house, controls = self.house, self.house.controls
        house.reread()
        try:
            run, _ = begin(house, due.campaign, is_dry_run=False, run_id=due.run_id)
        except (RunOpen, CampaignHeld) as reason:
            controls.settle(due.scheduled, ScheduledState.SKIPPED, detail=str(reason))
            told_of_runs.info(f"{due.campaign.id}: skipped. {reason}")
            return None
        controls.settle(due.scheduled, ScheduledState.BEGUN, run_id=run.id)
        at = due.scheduled.scheduled_at.isoformat()
        house.audit.append("schedule", due.campaign.id, {"at": at, "state": "begun", "run": run.id})
        queued = house.runs.counts(run.id).get(ContactOutcome.QUEUED, 0)
        told_of_runs.info(f"{due.campaign.id}: run {run.id} begun, {queued:,} to draft for")
        self._tell_end(run.id)
        return run

    async def _carry(self, run: Run) -> None:
        state = is_held(self.house, run)
        if state is CampaignState.STOPPED:
            give_up(self.house, run.id)
            told_of_runs.info(f"{run.campaign_id}: run {run.id} given up, the campaign is stopped")
        if state is not None:
            return
        if run.status is RunStatus.DECIDING:
            # Its process died while it decided: the same campaign decides again, as it was then.
            campaign = self.house.crm.campaign(run.campaign_id)
            with contextlib.suppress(CampaignHeld):
                run, _ = await asyncio.to_thread(begin, self.house, campaign, is_dry_run=False)
        if run.status is not RunStatus.RUNNING:
            return
        self.health.carrying = run.id
        try:
            await asyncio.to_thread(self._carry_apart, run)
        finally:
            self.health.carrying = None
        self._tell_end(run.id)

    def _tell_end(self, run_id: str) -> None:
        run = self.house.runs.get(run_id)
        if run.status is RunStatus.FINISHED:
            counts = self.house.runs.counts(run_id)
            ended = ", ".join(f"{many:,} {found.value.replace('_', ' ')}" for found, many in counts.items())
            told_of_runs.info(f"{run.campaign_id}: run {run_id} ended: {ended or 'nobody in its audience'}")

    def _carry_apart(self, run: Run) -> None:
        house = self._another()
        try:
            loop.run(carry_on(house, run, until=lambda: self.is_stopping, nobody_watches=True))
        finally:
            house.close()

    async def _rehearse(self, _ticks: int) -> bool:
        """Carry dry runs that somebody waits for on a page, beside whatever run is under way."""
        for run in self.house.runs.open_samples():
            if self.is_stopping:
                return False
            self.house.reread()
            await asyncio.to_thread(self._rehearse_apart, run)
        return True

    def _rehearse_apart(self, run: Run) -> None:
        house = self._another()
        try:
            loop.run(rehearse(house, run, until=lambda: self.is_stopping))
        finally:
            house.close()

    async def _deliver(self, ticks: int) -> bool:
        if ticks % TICKS_BETWEEN_DELIVERIES:
            return False
        self.house.reread()
        self.health.held += hold_after_a_gap(self.house, nobody_watches=True)
        await deliver_due(self.house, until=lambda: self.is_stopping)
        self.health.delivered_at = now = self.house.clock()
        if ticks % 1_000 == 0:
            for prefix in ("to:", "channel:", "assistant:", "drafts:"):
                self.house.tallies.forget(prefix, now - FORGET_TALLIES_AFTER)
        return True

    async def _watch(self, ticks: int) -> bool:
        if not _is_time(ticks):
            return False
        self.health.alarms = await asyncio.to_thread(watch, self.house)
        return True

    async def _upkeep(self, ticks: int) -> bool:
        if not _is_time(ticks):
            return False
        await keep_up(self.house)
        return True


def _is_time(ticks: int) -> bool:
    return ticks % max(1, int(REPLIES_EVERY.total_seconds() / TICK_SECONDS)) == 1


def listen(host: str, port: int) -> socket.socket:
    """Take an address to answer HTTP on, before anything starts.

    Raises:
        AttuneError: another program has it, or it is none of this machine's.
    """
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as problem:
        raise AttuneError(
            f"Nothing can be served on {host}:{port} ({problem.strerror}). Perhaps Attune runs there already. "
            "Name another port: `attune serve --port 8751`."
        ) from None


async def serve(house: House, *, http: socket.socket | None = None) -> None:
    """Serve until SIGINT or SIGTERM; with `http`, a listening socket, also answer there."""
    server = Server(house)
    running = asyncio.get_running_loop()
    for told in (signal.SIGINT, signal.SIGTERM):
        running.add_signal_handler(told, server.stop)
    try:
        with _door(server, http) if http else contextlib.nullcontext():
            await server.run()
    finally:
        for told in (signal.SIGINT, signal.SIGTERM):
            running.remove_signal_handler(told)


@contextlib.contextmanager
def _door(server: Server, http: socket.socket) -> Any:
    """Answer HTTP in a thread of its own, so that neither waits for the other."""
    import uvicorn

    from app.door import http_app

    # No access log: one-time links and opt-out links would stand in it.
    # A page that follows a run holds its answer open; two seconds are enough for every other one.
    config = uvicorn.Config(
        http_app(server),
        # Lines are the root logger's; the server's own set-up would write past it, failures' words included.
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=2,
    )
    listener = uvicorn.Server(config)
    thread = threading.Thread(
        target=listener.run, kwargs={"sockets": [http]}, name="attune-http", daemon=True
    )
    thread.start()
    try:
        yield
    finally:
        listener.should_exit = True
        thread.join(timeout=10)
