"""Runs a campaign: decide for everyone, then carry each contact who gets a message, many at once.

Stopped by Ctrl-C or SIGKILL, the same command goes on where it stood: what was decided stays decided,
finished contacts are not touched, broken-off ones continue from their last checkpoint.
"""

from __future__ import annotations

import asyncio
import itertools
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.carry import Carrier
from app.configuration import note_changes
from app.decide import Decider
from app.deliver import expire_proposals, mark, reconcile
from app.jobs import Jobs, Worker, working
from app.learner_status import shift_words
from app.remembering import catch_up
from app.teaching import choosers_of, teach
from app.wiring import House
from domain.campaign import Autonomy, Campaign
from domain.errors import RunOpen
from domain.message import Usage
from domain.run import ContactOutcome, Run, RunStatus
from memory.crm.audit_records import COVERS_ROWS, decision_sha256, together
from memory.crm.earlier import silences

Progress = Callable[[dict[ContactOutcome, int]], None]

POLL_SECONDS = 0.2
"""How often the ledger is read for the progress display."""

POLLS_BETWEEN_JOB_COUNTS = 15
"""Counting jobs costs more than reading the ledger, and matters only when a job ended oddly."""


@dataclass(frozen=True)
class RunReport:
    """What a run did, as its summary shows it. `shifts`: what was known of shifts of the market, in words."""

    run: Run
    campaign: Campaign
    counts: dict[ContactOutcome, int]
    refusals: dict[str, int]
    usage: Usage
    shifts: tuple[str, ...] = ()


def begin(
    house: House, campaign: Campaign, *, is_dry_run: bool, autonomy: Autonomy | None = None
) -> tuple[Run, bool]:
    """Return the run to carry on with, and whether it is an earlier one that was broken off.

    Raises:
        RunOpen: a run of this campaign was broken off, and this call asks for something else.
        WorkspaceBusy: another process works on this workspace.
    """
    with house.workspace.only_worker():
        note_changes(house)
        _refuse_another_campaign(house, campaign)
        run = house.runs.open_run(campaign.id, is_dry_run=is_dry_run)
        if was_broken_off := run is not None:
            if autonomy not in {None, run.autonomy}:
                raise RunOpen(run.id, f"it runs with autonomy {run.autonomy.value}")
        else:
            run = _start(house, campaign, is_dry_run, autonomy)
        if run.status is RunStatus.DECIDING:
            _decide(house, campaign, run)
        return house.runs.get(run.id), was_broken_off


def _refuse_another_campaign(house: House, campaign: Campaign) -> None:
    """A run under way goes by the campaign as it was read when it began; another text would change it."""
    for is_dry_run in (False, True):
        run = house.runs.open_run(campaign.id, is_dry_run=is_dry_run)
        if run is not None and house.crm.campaign(campaign.id) != campaign:
            raise RunOpen(run.id, "the campaign file has changed since")


def _start(house: House, campaign: Campaign, is_dry_run: bool, autonomy: Autonomy | None) -> Run:
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
    house.runs.start(run, campaign)
    house.audit.append("run", run.id, {"campaign": campaign.id, "dry_run": is_dry_run, "seed": run.seed})
    return run


def stop(house: House, run_id: str) -> Run:
    """Give a broken-off run up; whoever is still queued is listed as not reached.

    Raises:
        NotFound: there is no such run.
        WorkspaceBusy: it is being carried right now.
    """
    house.runs.get(run_id)
    with house.workspace.only_worker():
        run = house.runs.stop(run_id, house.clock())
        # A process may have died between the outbox and the ledger: whom it asked about, or wrote to, was reached.
        for entry in house.outbox.untold():
            mark(house, entry)
    house.audit.append("run", run.id, {"status": run.status.value})
    return run


def _decide(house: House, campaign: Campaign, run: Run) -> None:
    library = house.crm.assets()
    if not run.is_dry_run:
        teach(house, campaign, run.started_at)
    decider = Decider(
        audience=house.audience,
        rules=house.rules,
        choosers=lambda table: choosers_of(house, campaign, library, table, run.started_at),
        feed=house.features,
        campaign=campaign,
        run=run,
        assets=library,
        now=run.started_at,
        global_holdout=house.settings.global_holdout_share,
        earlier=silences(
            house.engine,
            campaign.id,
            run.started_at - timedelta(hours=campaign.silence_holds_hours),
            run.started_at,
        ),
    )
    decided = decider.decide()
    house.runs.record(run.id, decided.decisions, decided.lines)
    hashes = together(map(decision_sha256, decided.decisions))
    house.audit.append(
        "decisions", run.id, {"count": len(decided.decisions), "sha256": hashes, "covers": COVERS_ROWS}
    )


async def carry_on(house: House, run: Run, progress: Progress | None = None) -> RunReport:
    """Carry every contact that still has a way to go, then close the run.

    Raises:
        WorkspaceBusy: another process works on this workspace.
    """
    house.begin_budget(run, house.crm.campaign(run.campaign_id).caps)
    with house.workspace.only_worker():
        if house.runs.get(run.id).status is not RunStatus.RUNNING:
            return report(house, house.runs.get(run.id))
        _ = house.outlooks  # learned now: in the event loop it would make every contact wait
        await reconcile(house)
        await expire_proposals(house)
        with house.workspace.sending():
            async with house.open_carrier() as carrier:
                await _work(house, carrier, run, progress)
    catch_up(house)
    if not house.runs.queued(run.id, limit=1):
        run = house.runs.finish(run.id, house.clock())
    return report(house, run)


async def _work(house: House, carrier: Carrier, run: Run, progress: Progress | None) -> None:
    worker = Worker(house.runs, carrier, run)
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


def report(house: House, run: Run) -> RunReport:
    """Sum a run up from its ledger."""
    return RunReport(
        run=run,
        campaign=house.crm.campaign(run.campaign_id),
        counts=house.runs.counts(run.id),
        refusals=house.runs.counts_by_rule(run.id),
        usage=house.runs.usage(run.id),
        shifts=shift_words(house.learners.versions(run.campaign_id), run.started_at),
    )


def _run_id(now: datetime) -> str:
    return f"r{now:%y%m%d}-{secrets.token_hex(3)}"
