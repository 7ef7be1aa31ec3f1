"""A workspace whose log holds a known truth: one asset is answered ten times as often as the others."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import Engine

from app.settings import read_settings
from app.wiring import House, make_workspace, open_house
from domain.campaign import Autonomy, Campaign, Goal, Outcome, SendSlot
from domain.content import AssetKind, ContentAsset
from domain.decision import SILENCE, Action, Alternative, Arm, Decision
from domain.events import Event, EventKind
from domain.message import Message, OutboxEntry, OutboxStatus
from domain.people import Contact, LifecycleStage
from domain.run import Run, RunStatus
from memory.crm import codec
from memory.crm.statements import CONTACTS, EVENTS, OUTBOX, insert_all, writing

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
DAY = timedelta(days=1)
LATER = NOON + 60 * DAY
CAMPAIGN = Campaign(
    id="spring",
    name="Spring",
    goal=Goal(outcome=Outcome.REPLY, worth_cents=10_000, window_days=5, signal_days=5),
    slots=(SendSlot.NOW,),
)
ASSETS = ("demo", "guide", "news")
ACTIONS = (*(Action(asset_id=name, channel="email", slot=SendSlot.NOW) for name in ASSETS), SILENCE)
ODDS = (0.25, 0.25, 0.25, 0.25)
RATES: dict[str | None, float] = {"demo": 0.5, "guide": 0.05, "news": 0.05, None: 0.02}


def open_workspace(folder: Path, contacts: int = 200, at: datetime = LATER) -> House:
    """Make a workspace with contacts and three assets, its clock standing at `at`; nothing decided yet."""
    settings = read_settings(workspace=folder)
    make_workspace(settings)
    house = open_house(settings, lambda: at)
    house.content.save_assets([asset(name) for name in ASSETS])
    with writing(house.engine) as connection:
        insert_all(connection, CONTACTS, [codec.contact_row(contact(i)) for i in range(contacts)])
    return house


def asset(name: str) -> ContentAsset:
    return ContentAsset(
        id=name,
        title=f"The {name}",
        kind=AssetKind.GUIDE,
        url=f"https://www.example.com/{name}",
        summary="s",
        call_to_action="c",
        topics=(name,),
    )


def contact(i: int) -> Contact:
    return Contact(
        id=f"c_{i:04}",
        email=f"c{i}@example.com",
        lifecycle_stage=LifecycleStage.LEAD,
        stage_since=NOON - 300 * DAY,
        time_zone="America/New_York",
    )


def run_draws(house: House, contacts: int = 200, rounds: int = 2, seed: int = 11) -> None:
    """Decide for everyone in `rounds` runs a week apart, at even odds; messages leave at once."""
    rng = np.random.default_rng(seed)
    for round_ in range(rounds):
        at = NOON + 7 * round_ * DAY
        decisions = [
            decision(i, round_, at, ACTIONS[int(rng.choice(len(ACTIONS), p=ODDS))]) for i in range(contacts)
        ]
        replies = [
            reply(one.contact_id, one.decided_at + DAY)
            for one in decisions
            if rng.random() < RATES[one.action.asset_id]
        ]
        run = Run(
            id=f"r_{round_}",
            campaign_id=CAMPAIGN.id,
            status=RunStatus.DECIDING,
            autonomy=Autonomy.ASSIST,
            seed=round_,
            started_at=at,
        )
        house.runs.start(run, CAMPAIGN)
        house.runs.record(run.id, decisions, [])
        house.runs.stop(run.id, at)
        left = [one for one in decisions if not one.action.is_silence]
        with writing(house.engine) as connection:
            insert_all(connection, OUTBOX, [codec.entry_row(entry(one)) for one in left])
        write(house.engine, replies)


def decision(i: int, round_: int, at: datetime, action: Action) -> Decision:
    odds = {other.key: p for other, p in zip(ACTIONS, ODDS, strict=True)}
    return Decision(
        id=f"d_{round_}_{i:04}",
        run_id=f"r_{round_}",
        campaign_id=CAMPAIGN.id,
        contact_id=f"c_{i:04}",
        arm=Arm.EXPLORE,
        action=action,
        propensity=odds[action.key],
        alternatives=tuple(Alternative(action_key=key, probability=p) for key, p in odds.items()),
        learner_version="explorer-1",
        features_version="features-1",
        decided_at=at,
    )


def entry(of: Decision) -> OutboxEntry:
    message = Message(
        contact_id=of.contact_id,
        to_address=f"{of.contact_id}@example.com",
        from_address="eve@example.com",
        from_name="Eve",
        subject="s",
        text="t",
        html="<p>t</p>",
        headers=(),
        message_id=f"<{of.id}@example.com>",
    )
    return OutboxEntry(
        id=f"o_{of.id}",
        run_id=of.run_id,
        campaign_id=of.campaign_id,
        contact_id=of.contact_id,
        decision_id=of.id,
        message=message,
        status=OutboxStatus.SENT,
        not_before=of.decided_at,
        approved_sha256=message.sha256,
        updated_at=of.decided_at,
    )


def event(kind: EventKind, contact_id: str, at: datetime, **changes: Any) -> Event:
    """Something an outside tool told us."""
    name = f"tool:{kind.value}:{contact_id}:{at.isoformat()}"
    return Event(id=name, kind=kind, at=at, source="tool", contact_id=contact_id, **changes)


def reply(contact_id: str, at: datetime) -> Event:
    return event(EventKind.EMAIL_REPLIED, contact_id, at)


def write(engine: Engine, events: Sequence[Event], received_at: datetime | None = None) -> None:
    """Put events into the journal, received when they happened unless said otherwise."""
    with writing(engine) as connection:
        insert_all(connection, EVENTS, [codec.event_row(one, received_at or one.at) for one in events])


def mailed(house: House, contacts: int, seed: int = 3) -> None:
    """Let another tool have mailed everyone once, forty days before the first run; imported a day before it."""
    rng = np.random.default_rng(seed)
    events = []
    for i in range(contacts):
        name, at = ASSETS[i % 3], NOON - 40 * DAY + timedelta(minutes=i)
        events.append(event(EventKind.EMAIL_SENT, f"c_{i:04}", at, asset_id=name))
        if rng.random() < RATES[name]:
            events.append(reply(f"c_{i:04}", at + DAY))
    write(house.engine, events, NOON - DAY)


def preferred(house: House) -> str | None:
    """The asset that the deciding learner expects most of, for a typical contact."""
    from app.teaching import serving, serving_units
    from learning import features

    table = features.ActionTable.of(ACTIONS, {one.id: one for one in house.crm.assets()})
    bandit = serving(house, CAMPAIGN, table, house.clock())
    x = np.zeros((2, bandit.basis.features))
    fits = np.full((2, len(bandit.actions), bandit.basis.dyads), 0.2)
    values, _ = bandit.values(x, fits, serving_units(house, CAMPAIGN).of(x))
    best = bandit.actions[int(values[0].argmax())]
    return None if best == SILENCE.key else best.split("|")[0]
