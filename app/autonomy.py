"""Earned autonomy at work: the system proposes, an admin decides, a bad day decides by itself; all of it is told.

What a class may do is asked again for every message (`House.bench.earned`); this is where it changes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Connection

from app.deliver import mark
from domain.autonomy import ActionClass, Advice, ClassStanding, Day, Grant, GrantState, TrackRecord
from domain.errors import NotFound, ReviewRejected
from domain.message import OutboxStatus, StakesLevel
from policies.autonomy import BAD_DAY, bad_day, standing, words_sha256

if TYPE_CHECKING:
    from app.wiring import House

_ORDER = {Advice.WIDEN: 0, Advice.NARROW: 0, Advice.NOTHING: 2}


def standings(house: House) -> tuple[ClassStanding, ...]:
    """Return every class that was decided about or granted, what to decide first, then by its number of reviews."""
    now, rules = house.clock(), house.rules.autonomy
    records = house.autonomy.records(now, rules.window_days)
    days = house.autonomy.days(now)
    grants = {grant.action_class: grant for grant in house.autonomy.grants()}
    found = [
        standing(
            one,
            records.get(one, TrackRecord()),
            grants.get(one),
            # What recipients say takes a look at the journal; it matters only where something may go alone.
            house.autonomy.day(one, now)
            if _is_granted(grants.get(one))
            else Day(record=days.get(one, TrackRecord())),
            _words_of(house, one) if _is_granted(grants.get(one)) else "",
            rules,
        )
        for one in {*records, *grants}
    ]
    return tuple(
        sorted(
            found,
            key=lambda one: (
                _ORDER[one.advice],
                not one.is_granted,
                one.action_class.level is StakesLevel.HIGH,
                -one.record.decided,
                one.action_class.key,
            ),
        )
    )


def standing_of(house: House, action_class: ActionClass) -> ClassStanding:
    """Return how one class stands now."""
    now, rules = house.clock(), house.rules.autonomy
    record = house.autonomy.records(now, rules.window_days).get(action_class, TrackRecord())
    return standing(
        action_class,
        record,
        house.autonomy.grant(action_class),
        house.autonomy.day(action_class, now),
        _words_of(house, action_class),
        rules,
    )


def widen(house: House, action_class: ActionClass, by: str, reason: str = "") -> ClassStanding:
    """Let a class go alone, as an admin decided; only what the system proposes can be granted.

    Raises:
        ReviewRejected: high stakes, too little on record, a bad day, or someone was faster.
    """
    now = standing_of(house, action_class)
    if now.advice is not Advice.WIDEN:
        raise ReviewRejected(f"This class cannot go alone now: {now.words} Nothing was changed.")
    return _decide(house, now, GrantState.GRANTED, by, reason or now.words)


def narrow(house: House, action_class: ActionClass, by: str, reason: str = "") -> ClassStanding:
    """Let a class ask again, whatever its record; what of it waits to go out alone waits for a person now.

    Raises:
        ReviewRejected: it asks already.
    """
    now = standing_of(house, action_class)
    if not now.is_granted:
        raise ReviewRejected("This class asks a person already. Nothing was changed.")
    return _decide(house, now, GrantState.NARROWED, by, reason or "narrowed by an admin")


def decline(house: House, action_class: ActionClass, by: str, reason: str = "") -> ClassStanding:
    """Do not widen a class now; it is proposed again after as many more reviews as a grant takes.

    Raises:
        ReviewRejected: nothing is proposed.
    """
    now = standing_of(house, action_class)
    if now.advice is not Advice.WIDEN:
        raise ReviewRejected("Nothing is proposed for this class now. Nothing was changed.")
    return _decide(house, now, GrantState.DECLINED, by, reason)


def narrow_after_bad_days(house: House) -> tuple[ActionClass, ...]:
    """Take back what had a bad day, and return it. Asked after every review and by whoever serves."""
    found = []
    for grant in house.autonomy.grants():
        if not _is_granted(grant):
            continue
        wrong = bad_day(house.autonomy.day(grant.action_class, house.clock()), house.rules.autonomy)
        if wrong is None:
            continue
        now = standing_of(house, grant.action_class)
        try:
            _decide(house, now, GrantState.NARROWED, BAD_DAY, wrong)
        except ReviewRejected:
            continue  # someone was faster
        found.append(grant.action_class)
    return tuple(found)


def _is_granted(grant: Grant | None) -> bool:
    return grant is not None and grant.state is GrantState.GRANTED


def _words_of(house: House, action_class: ActionClass) -> str:
    """Hash of what a class is told to say now; empty where its campaign or its content is gone."""
    try:
        return words_sha256(
            house.crm.campaign(action_class.campaign_id), house.crm.asset(action_class.asset_id)
        )
    except NotFound:
        return ""


def _decide(house: House, now: ClassStanding, state: GrantState, by: str, reason: str) -> ClassStanding:
    grant = Grant(
        action_class=now.action_class,
        state=state,
        by=by,
        reason=reason,
        decided_then=now.record.decided,
        words_sha256=_words_of(house, now.action_class),
        at=house.clock(),
    )

    def tell(connection: Connection) -> None:
        house.audit.append_in(
            connection,
            "autonomy",
            now.action_class.key,
            {
                "state": state.value,
                "by": by,
                "unedited": now.record.unedited,
                "decided": now.record.decided,
                "words_sha256": grant.words_sha256,
                "lower": None if now.lower is None else round(now.lower, 4),
            },
        )

    if not house.autonomy.set(grant, lambda before: before == now.grant, tell):
        raise ReviewRejected(
            "Someone else decided about this class just now. Look again; nothing was changed."
        )
    if state is GrantState.NARROWED:
        _hold_what_waits(house, now.action_class)
    return standing_of(house, now.action_class)


def _hold_what_waits(house: House, action_class: ActionClass) -> None:
    """What nobody looked at and has not left yet waits for a person, as everything of its class does now."""
    for entry_id in house.autonomy.on_their_way(action_class):
        after = house.outbox.hold(entry_id, "H-22: its class asks a person again; does it still go out?")
        if after.status is OutboxStatus.HELD:
            house.audit.append(
                "outbox", entry_id, {"act": "hold", "status": after.status.value, "why": "H-22"}
            )
            mark(house, after)
