"""Runs a campaign: decide for everyone, then carry each contact who gets a message, many at once.

Stopped by Ctrl-C or SIGKILL, the same command goes on where it stood: what was decided stays decided,
finished contacts are not touched, broken-off ones continue from their last checkpoint.
"""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.carry import Carrier
from app.decide import Decider
from app.deliver import reconcile
from app.jobs import Jobs, Worker, working
from app.remembering import catch_up
from app.wiring import House
from domain.campaign import Autonomy, Campaign
from domain.decision import Decision
from domain.message import Usage
from domain.run import ContactOutcome, Run, RunStatus
from learning.explorer import Explorer

Progress = Callable[[dict[ContactOutcome, int]], None]

POLL_SECONDS = 0.2
"""How often the ledger is read for the progress display."""

POLLS_BETWEEN_JOB_COUNTS = 15
"""Counting jobs costs more than reading the ledger, and matters only when a job ended oddly."""


@dataclass(frozen=True)
class RunReport:
    """What a run did, as its summary shows it."""

    run: Run
    campaign: Campaign
    was_resumed: bool
    counts: dict[ContactOutcome, int]
    refusals: dict[str, int]
    usage: Usage
    unknown_price: bool = False


def begin(
    house: House, campaign: Campaign, *, is_dry_run: bool, autonomy: Autonomy | None = None
) -> tuple[Run, bool]:
    """Return the run to carry on with, and whether it is an earlier one that was broken off."""
    open_run = house.runs.open_run(campaign.id)
    if open_run is not None and open_run.is_dry_run == is_dry_run:
        run, was_resumed = open_run, True
        campaign = house.crm.campaign(run.campaign_id)
    else:
        if open_run is not None:
            house.runs.finish(open_run.id, house.clock(), RunStatus.STOPPED)
        now = house.clock()
        run = Run(
            id=_run_id(now),
            campaign_id=campaign.id,
            status=RunStatus.DECIDING,
            autonomy=autonomy or campaign.autonomy,
            is_dry_run=is_dry_run,
            seed=secrets.randbits(48),
            started_at=now,
        )
        run, was_resumed = house.runs.start(run, campaign), False
        house.audit.append("run", run.id, {"campaign": campaign.id, "dry_run": is_dry_run, "seed": run.seed})
    if run.status is RunStatus.DECIDING:
        _decide(house, campaign, run)
        run = house.runs.get(run.id)
    return run, was_resumed


def _decide(house: House, campaign: Campaign, run: Run) -> None:
    decider = Decider(
        audience=house.audience,
        rules=house.rules,
        chooser=Explorer(silence_share=campaign.silence_share),
        campaign=campaign,
        run=run,
        assets=house.crm.assets(),
        now=run.started_at,
    )
    decided = decider.decide()
    house.runs.record(run.id, decided.decisions, decided.lines)
    house.audit.append(
        "decisions", run.id, {"count": len(decided.decisions), "sha256": _digest(decided.decisions)}
    )


async def carry_on(house: House, run: Run, progress: Progress | None = None) -> RunReport:
    """Carry every contact that still has a way to go, then close the run.

    Raises:
        WorkspaceBusy: another process works on this workspace.
    """
    campaign = house.crm.campaign(run.campaign_id)
    house.begin_budget(run.id, campaign.caps)
    with house.workspace.only_worker():
        await reconcile(house)
        with house.workspace.sending():
            async with house.open_carrier() as carrier:
                await _work(house, carrier, run, progress)
    catch_up(house)
    if not house.runs.queued(run.id, limit=1):
        run = house.runs.finish(run.id, house.clock())
    return report(house, run, was_resumed=False)


async def _work(house: House, carrier: Carrier, run: Run, progress: Progress | None) -> None:
    worker = Worker(house.runs, carrier)
    at_once = house.settings.contacts_at_once
    async with working(worker, house.workspace.jobs, house.database_url, at_once=at_once) as jobs:
        round_number = 0
        while queued := _queued(house, run.id):
            round_number += 1
            adding = asyncio.create_task(jobs.add(run.id, queued, round_number=round_number))
            await _watch(house, run, jobs, adding, progress)
            await adding


async def _watch(
    house: House, run: Run, jobs: Jobs, adding: asyncio.Task[None], progress: Progress | None
) -> None:
    """Return when no contact is queued any more, or none of this round's jobs is left."""
    for polls in itertools.count(1):
        counts = house.runs.counts(run.id)
        if progress:
            progress(counts)
        if adding.done() and not counts.get(ContactOutcome.QUEUED):
            return
        if adding.done() and polls % POLLS_BETWEEN_JOB_COUNTS == 0 and not await jobs.left(run.id):
            return
        await asyncio.sleep(POLL_SECONDS)


def _queued(house: House, run_id: str) -> list[str]:
    contact_ids: list[str] = []
    while lines := house.runs.queued(run_id, after=contact_ids[-1] if contact_ids else ""):
        contact_ids.extend(line.contact_id for line in lines)
    return contact_ids


def report(house: House, run: Run, *, was_resumed: bool) -> RunReport:
    """Sum a run up from its ledger."""
    return RunReport(
        run=run,
        campaign=house.crm.campaign(run.campaign_id),
        was_resumed=was_resumed,
        counts=house.runs.counts(run.id),
        refusals=house.runs.counts_by_rule(run.id),
        usage=house.runs.usage(run.id),
    )


def duration(run: Run) -> timedelta:
    """How long a finished run took."""
    return (run.finished_at or run.started_at) - run.started_at


def _run_id(now: datetime) -> str:
    return f"r{now:%y%m%d}-{secrets.token_hex(3)}"


def _digest(decisions: list[Decision]) -> str:
    digest = hashlib.sha256()
    for decision in sorted(decisions, key=lambda d: d.contact_id):
        digest.update(f"{decision.contact_id}\x1f{decision.action.key}\x1f{decision.propensity!r}\n".encode())
    return digest.hexdigest()
