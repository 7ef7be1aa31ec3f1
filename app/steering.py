"""Pausing, resuming and stopping a campaign, by a person or by the circuit breaker.

The state is one row, read inside the transaction that reserves a message: what is committed here holds for the
next message of every worker. Workers look at it every second and put down, or give up, what they carry. A person's
reason stands in that row only, where an erasure reaches it; the audit chain has its hash.
"""

from __future__ import annotations

import contextlib
import hashlib
from datetime import timedelta

from sqlalchemy import Connection

from app.checkpoints import open_checkpoints
from app.deliver import mark
from app.schedules import campaign_files
from app.who import names_of, standing_words
from app.wiring import House
from domain.campaign import Campaign
from domain.errors import CampaignHeld, ReviewRejected, WorkspaceBusy
from domain.message import OutboxStatus, Severity, Verdict
from domain.run import Run
from domain.schedule import CampaignStanding, CampaignState
from policies.reputation import SendingCounts, judge_reputation

BREAKER = "the circuit breaker"
MOST_AT_ONCE = 1_000


def require_active(house: House, campaign_id: str) -> None:
    """Raise `CampaignHeld` where a campaign may not run."""
    standing = house.controls.standing(campaign_id)
    if standing.state is not CampaignState.ACTIVE:
        raise CampaignHeld(campaign_id, standing_words(standing, names_of(house.staff.members())))


def pause(house: House, campaign_id: str, by: str, reason: str, *, is_ours: bool = False) -> bool:
    """Let nothing of a campaign leave until it is resumed; tell whether that is new. What was made, waits.

    `is_ours` says that the reason is the system's own words, which the audit may keep.
    """
    active = (CampaignState.ACTIVE,)
    return _set(house, campaign_id, CampaignState.PAUSED, by, reason, only_from=active, is_ours=is_ours)


def resume(house: House, campaign_id: str, by: str, reason: str, *, is_ours: bool = False) -> bool:
    """Let a paused, tripped or stopped campaign go on; tell whether it was held. `is_ours` as in `pause`."""
    changed = _set(house, campaign_id, CampaignState.ACTIVE, by, reason, is_ours=is_ours)
    if changed:
        house.outbox.freshen(campaign_id, house.clock())
    return changed


async def stop(house: House, campaign_id: str, by: str, reason: str) -> int:
    """End a campaign: its run is given up, its unsent messages are withdrawn, its schedule rests.

    A worker that carries the run this moment sees the stop within a second and gives it up itself.

    Returns:
        How many unsent messages were withdrawn.
    """
    _set(house, campaign_id, CampaignState.STOPPED, by, reason)
    from app.runs import stop as give_up

    run = house.runs.open_run(campaign_id)
    if run is not None:
        with contextlib.suppress(WorkspaceBusy):
            give_up(house, run.id)
    standing = house.controls.standing(campaign_id)
    closed = await _close_proposals(house, campaign_id, standing)
    return closed + _withdraw(house, campaign_id, standing.in_words)


def trip(house: House, campaign_id: str) -> Verdict:
    """Judge what came back of a campaign, and pause it where the rates are too high (C-24).

    Only a person resumes it. What had come back by then does not trip it again: it is judged anew on what
    was sent since.
    """
    rules = house.rules.reputation
    now = house.clock()
    since = now - timedelta(days=rules.window_days)
    standing = house.controls.standing(campaign_id)
    if standing.state is CampaignState.ACTIVE and standing.since is not None:
        since = max(since, standing.since)
    sent, complaints, hard_bounces = house.reputation.counts(campaign_id, since, now)
    counts = SendingCounts(sent=sent, complaints=complaints, hard_bounces=hard_bounces)
    verdict = judge_reputation(counts, rules)
    if verdict.blocks:
        words = "; ".join(f.reason for f in verdict.findings if f.severity is Severity.BLOCK)
        active = (CampaignState.ACTIVE,)
        _set(
            house,
            campaign_id,
            CampaignState.TRIPPED,
            BREAKER,
            f"C-24: {words}",
            only_from=active,
            is_ours=True,
        )
    return verdict


def trip_all(house: House) -> list[str]:
    """Judge every campaign that sent something lately; return those that may not send now."""
    since = house.clock() - timedelta(days=house.rules.reputation.window_days)
    return [c for c in house.reputation.campaigns(since) if trip(house, c).blocks]


def hold_every(house: House, by: str, reason: str, *more: str) -> list[str]:
    """Trip every campaign that has a file or was ever run, and those named; return which were active till now.

    The reason is the system's own words.
    """
    known = {*more, *house.controls.standings()}
    known |= {campaign.id for _, campaign in campaign_files(house) if isinstance(campaign, Campaign)}
    skip = 0
    while stored := house.crm.campaigns(limit=MOST_AT_ONCE, offset=skip):
        known |= {campaign.id for campaign in stored}
        skip += len(stored)
    active = (CampaignState.ACTIVE,)
    tripped = CampaignState.TRIPPED
    return [c for c in sorted(known) if _set(house, c, tripped, by, reason, only_from=active, is_ours=True)]


def is_held(house: House, run: Run) -> CampaignState | None:
    """Return why a run may not go on, or None; a dry run always may."""
    state = house.controls.standing(run.campaign_id).state
    return None if run.is_dry_run or state is CampaignState.ACTIVE else state


def _set(
    house: House,
    campaign_id: str,
    state: CampaignState,
    by: str,
    reason: str,
    only_from: tuple[CampaignState, ...] = (),
    *,
    is_ours: bool = False,
) -> bool:
    standing = CampaignStanding(
        campaign_id=campaign_id, state=state, reason=reason, by=by, since=house.clock()
    )
    told = {"state": state.value, "by": by}
    if is_ours or not reason:
        told["reason"] = reason
    else:
        told["reason_sha256"] = hashlib.sha256(reason.encode()).hexdigest()

    def tell(connection: Connection) -> None:
        house.audit.append_in(connection, "campaign", campaign_id, told)

    return house.controls.set(standing, only_from=only_from, tell=tell)


async def _close_proposals(house: House, campaign_id: str, standing: CampaignStanding) -> int:
    closed = 0
    async with open_checkpoints(house.workspace.checkpoints, house.database_url) as saver:
        while waiting := house.proposals.waiting(limit=MOST_AT_ONCE, campaign_id=campaign_id):
            before = closed
            for proposal in waiting:
                # One that is being reviewed this very moment meets the stop when it would be sent.
                with contextlib.suppress(ReviewRejected), house.locks.reviewing(proposal.id):
                    house.proposals.expire(proposal.id, standing.in_words, house.clock())
                    told = {"act": "expire", "detail": standing.without_reason}
                    house.audit.append("review", proposal.id, told)
                    mark(house, house.outbox.get(house.proposals.outbox_id(proposal.id)))
                    await saver.adelete_thread(proposal.thread_id)
                    closed += 1
            if closed == before:
                break
    return closed


def _withdraw(house: House, campaign_id: str, words: str) -> int:
    withdrawn = 0
    for status in (OutboxStatus.APPROVED, OutboxStatus.HELD):
        while entries := house.outbox.entries(status=status, campaign_id=campaign_id, limit=MOST_AT_ONCE):
            before = withdrawn
            for entry in entries:
                after = house.outbox.withdraw(entry.id, words)
                mark(house, after)
                withdrawn += after.status is OutboxStatus.WITHDRAWN
            if withdrawn == before:
                break
    return withdrawn
