"""Runs a campaign: decide for everyone, then carry each contact who gets a message, many at once.

Stopped by Ctrl-C or SIGKILL, the same command goes on where it stood: what was decided stays decided,
finished contacts are not touched, broken-off ones continue from their last checkpoint.

Over 400 lines on purpose: every way a run begins, goes on and ends is read here in order; what each does for
one contact is elsewhere (`carry`, `decide`, `jobs`).
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from app.carry import Carrier
from app.configuration import as_last_run, note_campaign, note_changes
from app.decide import Decider, sampled
from app.deliver import expire_proposals, mark, reconcile
from app.gaps import hold_after_a_gap, look_after_a_restore, seen_now
from app.jobs import Jobs, Queued, Worker, is_of_the_house, working
from app.learner_status import shift_words
from app.logs import about
from app.remembering import catch_up
from app.steering import is_held, require_active, trip
from app.teaching import choosers_of, teach
from app.wiring import House
from domain.campaign import Autonomy, Campaign
from domain.errors import RunOpen, StoreTrouble, WorkspaceBusy
from domain.message import Usage
from domain.run import ContactOutcome, Run, RunStatus
from domain.schedule import CampaignState
from domain.tracing import Attribute
from memory.crm.audit_records import COVERS_ROWS, decision_sha256, together
from memory.crm.earlier import silences
from memory.crm.locks import ContactLocks
from memory.crm.runs import Part

Progress = Callable[[dict[ContactOutcome, int]], None]

POLL_SECONDS = 0.2
"""How often the ledger is read for the progress display."""

POLLS_BETWEEN_JOB_COUNTS = 15
"""Counting jobs costs more than reading the ledger, and matters only when a job ended oddly."""

POLLS_BETWEEN_LOOKS = 5
"""A pause or a stop is seen within so many polls: a second. No message leaves after it in any case."""

POLLS_BETWEEN_BREAKER = 25
"""What came back is judged every five seconds (C-24)."""

MOST_TIMES_IN_TROUBLE = 20
"""After so many times that the database or the disk failed, a run is put down; it can be carried on later."""

MOST_SECONDS_BETWEEN_TIMES = 10.0

MOST_TIMES_STOOD_STILL = 4
"""Jobs wait and none is begun, seen so often in turn: the job engine is started anew."""

log = logging.getLogger("attune.runs")
carried = logging.getLogger("attune.carry")


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
    house: House,
    campaign: Campaign,
    *,
    is_dry_run: bool,
    autonomy: Autonomy | None = None,
    run_id: str | None = None,
) -> tuple[Run, bool]:
    """Return the run to carry on with, and whether it is an earlier one that was broken off.

    Args:
        house: the opened workspace.
        campaign: what to run.
        is_dry_run: decide and draft only.
        autonomy: instead of the campaign's.
        run_id: of a scheduled run, the same whoever begins it; else a new one is made.

    Raises:
        RunOpen: a run of this campaign was broken off, and this call asks for something else.
        CampaignHeld: the campaign is paused or stopped; a dry run may be made all the same.
        WorkspaceBusy: another process works on this workspace.
    """
    if not is_dry_run:
        look_after_a_restore(house, campaign.id)
        require_active(house, campaign.id)
    with house.locks.only_worker():
        note_changes(house)
        refuse_another_campaign(house, campaign)
        run = house.runs.open_run(campaign.id, is_dry_run=is_dry_run)
        if was_broken_off := run is not None:
            if autonomy not in {None, run.autonomy}:
                raise RunOpen(run.id, f"it runs with autonomy {run.autonomy.value}")
        else:
            run = _start(house, campaign, is_dry_run, autonomy, run_id)
        if run.status is RunStatus.DECIDING:
            _decide_alone(house, campaign, run)
        return house.runs.get(run.id), was_broken_off


def ask(
    house: House, campaign: Campaign, by: str, *, is_dry_run: bool, sample: int | None = None
) -> tuple[Run, bool]:
    """Put a run on record for a serving process to decide and carry; return it, and whether one was open already.

    It is in the database when this returns, so whoever is killed, it goes on.

    Args:
        house: the opened workspace.
        campaign: what to run.
        by: who asks.
        is_dry_run: decide and draft only.
        sample: of a dry run: for how many to draft.

    Raises:
        RunOpen: a run of this campaign as it was before is under way.
        CampaignHeld: the campaign is paused or stopped; a dry run may be made all the same.
    """
    if not is_dry_run:
        look_after_a_restore(house, campaign.id)
        require_active(house, campaign.id)
    refuse_another_campaign(house, campaign)
    run = house.runs.open_run(campaign.id, is_dry_run=is_dry_run)
    if run is not None:
        return run, True
    return _start(house, campaign, is_dry_run, None, None, sample=sample, by=by), False


def refuse_another_campaign(house: House, campaign: Campaign) -> None:
    """A run under way goes by the campaign as it was read when it began; another text would change it."""
    for is_dry_run in (False, True):
        run = house.runs.open_run(campaign.id, is_dry_run=is_dry_run)
        if run is not None and house.crm.campaign(campaign.id) != campaign:
            raise RunOpen(run.id, "the campaign file has changed since")


def _start(
    house: House,
    campaign: Campaign,
    is_dry_run: bool,
    autonomy: Autonomy | None,
    run_id: str | None,
    *,
    sample: int | None = None,
    by: str = "",
) -> Run:
    now = house.clock()
    run = Run(
        id=run_id or new_run_id(now),
        campaign_id=campaign.id,
        status=RunStatus.DECIDING,
        autonomy=autonomy or campaign.autonomy,
        is_dry_run=is_dry_run,
        sample=sample,
        seed=secrets.randbits(48),
        started_at=now,
    )
    before = as_last_run(house, campaign.id)
    stored = house.runs.start(run, campaign)
    if stored != run:
        return stored
    note_campaign(house, before, campaign)
    told = {"campaign": campaign.id, "dry_run": is_dry_run, "seed": run.seed}
    house.audit.append("run", run.id, {**told, "by": by} if by else told)
    return run


def stop(house: House, run_id: str) -> Run:
    """Give a broken-off run up; whoever is still queued is listed as not reached.

    Raises:
        NotFound: there is no such run.
        WorkspaceBusy: it is being carried right now.
    """
    house.runs.get(run_id)
    with house.locks.only_worker():
        return _give_up(house, run_id)


def cancel(house: House, run_id: str, by: str) -> Run:
    """Give a run up although somebody carries it: whoever is still queued is not reached.

    A worker that carries it sees so within a second and takes up nobody else. What it is sending ends by itself.

    Raises:
        NotFound: there is no such run.
    """
    house.runs.get(run_id)
    try:
        with house.locks.only_worker():
            return _give_up(house, run_id, by)
    except WorkspaceBusy:
        run = house.runs.stop(run_id, house.clock())
        house.audit.append("run", run.id, {"status": run.status.value, "by": by})
        return run


def _give_up(house: House, run_id: str, by: str = "") -> Run:
    run = house.runs.stop(run_id, house.clock())
    _tell_the_ledger(house)
    told = {"status": run.status.value}
    house.audit.append("run", run.id, {**told, "by": by} if by else told)
    return run


def _tell_the_ledger(house: House) -> None:
    """Whoever was asked about, or written to, was reached, though a process ended before it could say so."""
    for entry in house.outbox.untold():
        mark(house, entry)


def decide(house: House, campaign: Campaign, run: Run) -> Run:
    """Decide a run that `ask` put on record, and return it; one that is decided stays as it is.

    Raises:
        WorkspaceBusy: another machine decides it right now.
    """
    note_changes(house)
    if run.status is RunStatus.DECIDING:
        _decide_alone(house, campaign, run)
    return house.runs.get(run.id)


def _decide_alone(house: House, campaign: Campaign, run: Run) -> None:
    """Decide, unless another machine does so this very moment; it is found decided then."""
    locks = ContactLocks(house.engine)
    try:
        with locks.holding(f"decide:{run.id}") as is_ours:
            if not is_ours:
                raise WorkspaceBusy(f"Another machine decides run {run.id} right now. Try again in a moment.")
            if house.runs.get(run.id).status is RunStatus.DECIDING:
                _decide(house, campaign, run)
    finally:
        locks.close()


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
    hashes: list[str] = []

    def parts() -> Iterator[Part]:
        left = run.sample
        for part in decider.parts():
            if left is not None:
                part = sampled(part, left)  # noqa: PLW2901
                left -= sum(line.outcome is ContactOutcome.QUEUED for line in part.lines)
            hashes.extend(map(decision_sha256, part.decisions))
            yield part.decisions, part.lines

    house.runs.record_parts(run.id, parts())
    house.audit.append(
        "decisions", run.id, {"count": len(hashes), "sha256": together(hashes), "covers": COVERS_ROWS}
    )


async def carry_on(
    house: House,
    run: Run,
    progress: Progress | None = None,
    until: Callable[[], bool] = lambda: False,
    *,
    nobody_watches: bool = False,
) -> RunReport:
    """Carry every contact that still has a way to go, then close the run.

    A pause puts it down where it is, a stop gives it up; both are seen within a second.

    Args:
        house: the opened workspace.
        run: as `begin` returned it.
        progress: told how many contacts stand where, a few times a second.
        until: asked as often; True puts the run down.
        nobody_watches: True for a scheduler; see `app/gaps.py`.

    Raises:
        WorkspaceBusy: another process works on this workspace.
    """
    house.begin_budget(run, house.crm.campaign(run.campaign_id).caps)
    with house.locks.only_worker():
        if house.runs.get(run.id).status is not RunStatus.RUNNING:
            return report(house, house.runs.get(run.id))
        _ = house.outlooks  # learned now: in the event loop it would make every contact wait
        hold_after_a_gap(house, nobody_watches=nobody_watches)
        await reconcile(house)
        await expire_proposals(house)
        if not is_held(house, run):
            with house.locks.sending():
                async with house.open_carrier() as carrier:
                    await _work_traced(house, carrier, run, progress, until)
        if is_held(house, run) is CampaignState.STOPPED:
            _give_up(house, run.id)
        elif house.runs.get(run.id).status is RunStatus.STOPPED:
            _tell_the_ledger(house)
    catch_up(house)
    seen_now(house)
    run = house.runs.get(run.id)
    if run.status is RunStatus.RUNNING and not house.runs.queued(run.id, limit=1):
        run = house.runs.finish(run.id, house.clock())
    return report(house, run)


async def _work_traced(
    house: House, carrier: Carrier, run: Run, progress: Progress | None, until: Callable[[], bool]
) -> None:
    """Carry, with a span that the contacts' are children of, and a line where it begins and ends."""
    ids: dict[str, str | None] = {"run_id": run.id, "campaign_id": run.campaign_id}
    told: dict[str, Attribute] = {"autonomy": run.autonomy.value, "dry_run": run.is_dry_run}
    with about(**ids), house.tracing.span("run", {**ids, **told}) as span:
        carried.info("run goes on", extra=told)
        await _work(house, replace(carrier, within=span), run, progress, until)
        counts = {outcome.value: many for outcome, many in house.runs.counts(run.id).items()}
        span.note(**{f"contacts.{outcome}": many for outcome, many in counts.items()})
        usage = house.runs.usage(run.id)
        span.note(model_calls=usage.calls, cost_micros=usage.cost_micros)
        carried.info("run is put down", extra={"contacts": counts, "model_calls": usage.calls})


async def _work(
    house: House, carrier: Carrier, run: Run, progress: Progress | None, until: Callable[[], bool]
) -> None:
    """Carry in rounds. Where the database or the disk fails, the job engine is started anew after a wait.

    What it could not write down it would hold for under way for ever.
    """
    rounds = itertools.count(1)
    for in_trouble in itertools.count(1):
        worker = Worker(house.runs, carrier, run, ContactLocks(house.engine))
        at_once = house.settings.contacts_at_once
        try:
            async with working(worker, house.workspace.jobs, house.database_url, at_once=at_once) as jobs:
                await _in_rounds(house, worker, jobs, rounds, progress, until)
        except Exception as failure:
            if not is_of_the_house(failure):
                raise
            worker.trouble = worker.trouble or f"{type(failure).__name__}: {failure}"
        finally:
            worker.locks.close()
        if not worker.trouble:
            return
        log.warning("run %s: %s", run.id, worker.trouble)
        if in_trouble >= MOST_TIMES_IN_TROUBLE:
            raise StoreTrouble(run.id, worker.trouble)
        await asyncio.sleep(min(2.0**in_trouble / 2, MOST_SECONDS_BETWEEN_TIMES))


async def _in_rounds(
    house: House,
    worker: Worker,
    jobs: Jobs,
    rounds: Iterator[int],
    progress: Progress | None,
    until: Callable[[], bool],
) -> None:
    run = worker.run
    while not (worker.trouble or until() or is_held(house, run)) and (queued := _queued(house, run.id)):
        adding = asyncio.create_task(jobs.add(run.id, queued, round_number=next(rounds)))
        if await _watch(house, worker, jobs, adding, progress, until):
            return
        await adding


async def _watch(
    house: House,
    worker: Worker,
    jobs: Jobs,
    adding: asyncio.Task[None],
    progress: Progress | None,
    until: Callable[[], bool],
) -> bool:
    """Return False when no contact is queued any more, or this round has no job left; True to put the run down."""
    run, stood_still = worker.run, 0
    for polls in itertools.count(1):
        counts = house.runs.counts(run.id)
        if progress:
            progress(counts)
        if until() or worker.trouble:
            return True
        if polls % POLLS_BETWEEN_LOOKS == 0:
            if is_held(house, run):
                return True
            house.refresh_day(run)
            if house.runs.get(run.id).status is not RunStatus.RUNNING:
                return True
        if polls % POLLS_BETWEEN_BREAKER == 0:
            trip(house, run.campaign_id)
        if adding.done() and not counts.get(ContactOutcome.QUEUED):
            return False
        if adding.done() and polls % POLLS_BETWEEN_JOB_COUNTS == 0 and worker.is_idle:
            if not await jobs.waiting(run.id):
                return False
            stood_still += 1
            if stood_still >= MOST_TIMES_STOOD_STILL:
                worker.trouble = "the job engine stood still"
        await asyncio.sleep(POLL_SECONDS)
    raise AssertionError("itertools.count ended")


def retry(house: House, run_id: str, contact_id: str | None = None) -> int:
    """Put parked contacts of a run back on its queue and open the run again; return how many.

    Raises:
        NotFound: there is no such run.
        RunOpen: another run of the campaign is under way.
        WorkspaceBusy: it is being carried right now.
    """
    run = house.runs.get(run_id)
    with house.locks.only_worker():
        put_back = house.runs.retry_parked(run.id, contact_id, house.clock())
    if put_back:
        whose = {"person": house.erased.person_hash(contact_id)} if contact_id else {}
        house.audit.append("run", run.id, {"retried": put_back, **whose})
    return put_back


def _queued(house: House, run_id: str) -> list[Queued]:
    queued: list[Queued] = []
    while lines := house.runs.queued(run_id, after=queued[-1][0] if queued else ""):
        queued.extend((line.contact_id, line.updated_at) for line in lines)
    return queued


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


def new_run_id(now: datetime) -> str:
    """Return an id for a run that begins now."""
    return f"r{now:%y%m%d}-{secrets.token_hex(3)}"
