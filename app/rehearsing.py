"""Dry runs of a sample: decided for everyone, drafted for a few, through the same graph; nothing leaves the house.

They need no job engine, so that a member who waits for one does not wait for a run that is under way. What is
drafted stands in the ledger and the archive: a process that dies leaves the rest queued for the next.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from app.jobs import Worker
from app.runs import decide
from app.wiring import House
from domain.errors import StoreTrouble
from domain.run import Run, RunStatus
from memory.crm.locks import ContactLocks

SAMPLE = 12
"""Drafts of a dry run asked for on a page: enough to judge the campaign by, few enough to wait for."""

LOOK_SECONDS = 0.5


async def rehearse(house: House, run: Run, until: Callable[[], bool] = lambda: False) -> Run:
    """Decide a sampled dry run if it is not decided yet, draft for its sample, and close it.

    Args:
        house: opened for this alone; its event loop is the caller's.
        run: as `ask` returned it.
        until: True puts the run down where it is; the next call goes on there.

    Raises:
        StoreTrouble: the database or the disk failed; the run stays open.
    """
    campaign = house.crm.campaign(run.campaign_id)
    run = decide(house, campaign, run)
    if run.status is not RunStatus.RUNNING:
        return run
    house.begin_budget(run, campaign.caps)
    _ = house.outlooks  # learned now: in the event loop it would make every contact wait
    async with house.open_carrier() as carrier:
        worker = Worker(house.runs, carrier, run, ContactLocks(house.engine))
        try:
            await _draft(house, worker, until)
        finally:
            worker.locks.close()
    if worker.trouble:
        raise StoreTrouble(run.id, worker.trouble)
    if not until() and not house.runs.queued(run.id, limit=1):
        house.runs.finish(run.id, house.clock())
    return house.runs.get(run.id)


async def _draft(house: House, worker: Worker, until: Callable[[], bool]) -> None:
    run_id = worker.run.id
    left = [line.contact_id for line in house.runs.queued(run_id)]
    under_way: set[asyncio.Task[str]] = set()
    try:
        while (left or under_way) and not (until() or worker.trouble):
            if house.runs.get(run_id).status is not RunStatus.RUNNING:
                return
            while left and len(under_way) < house.settings.contacts_at_once:
                under_way.add(asyncio.create_task(worker.work(run_id, left.pop(0))))
            _, under_way = await asyncio.wait(
                under_way, timeout=LOOK_SECONDS, return_when=asyncio.FIRST_COMPLETED
            )
    finally:
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)
