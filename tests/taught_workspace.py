"""A workspace with a taught learner: three even-handed rounds, in which people mostly answer what is about their
topic, then a run in which the learner decides for most.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from app.runs import begin
from app.wiring import House
from domain.campaign import Autonomy, Campaign, Outcome
from domain.decision import SILENCE, Alternative, Arm, Decision
from domain.events import Event, EventKind
from domain.message import Message
from domain.run import Run, RunStatus
from evals.crowd import NOON, TOPICS, campaign, library
from memory.crm import codec
from memory.crm.statements import EVENTS, OUTBOX, insert_all, writing
from policies.eligibility import actions_for
from tests.settled import settle

DAY = timedelta(days=1)
CONTACTS_N = 60
LEFT_N = 4
"""So many unsubscribe in the second round: the learner has losses to reckon with."""
ROUNDS = (NOON - 90 * DAY, NOON - 70 * DAY, NOON - 50 * DAY)


def taught_campaign() -> Campaign:
    plan = campaign()
    goal = plan.goal.model_copy(update={"outcome": Outcome.REPLY, "worth_cents": 10_000, "window_days": 14})
    return plan.model_copy(update={"goal": goal, "explore_share": 0.2, "holdout_share": 0.1})


def taught_workspace(folder: Path) -> House:
    """Make it, its clock standing at the run in which the learner decides."""
    settled = settle(folder, CONTACTS_N, NOON - 100 * DAY)
    rng = np.random.default_rng(5)
    actions = actions_for(taught_campaign(), library())
    for number, at in enumerate(ROUNDS):
        _round(settled, number, at, rng.integers(0, len(actions), CONTACTS_N).tolist())
    settled.close()
    opened = replace(settled, clock=lambda: NOON)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("app.runs.secrets.randbits", lambda _: 3)
        begin(opened, taught_campaign(), is_dry_run=False)
    return opened


def _round(house: House, number: int, at: datetime, picks: list[int]) -> None:
    plan = taught_campaign()
    actions = actions_for(plan, library())
    rng = np.random.default_rng(100 + number)
    people = [contact for contact, _ in house.audience.contacts_with_accounts()]
    run = Run(
        id=f"r_{number}",
        campaign_id=plan.id,
        status=RunStatus.DECIDING,
        autonomy=Autonomy.ASSIST,
        seed=number,
        started_at=at,
    )
    decisions, sent, replies = [], [], []
    left: list[Event] = []
    for person, pick in zip(people, picks, strict=True):
        action = actions[pick]
        decision = Decision(
            id=f"d_{number}_{person.id}",
            run_id=run.id,
            campaign_id=plan.id,
            contact_id=person.id,
            arm=Arm.EXPLORE,
            action=action,
            propensity=1 / len(actions),
            alternatives=tuple(Alternative(action_key=a.key, probability=1 / len(actions)) for a in actions),
            learner_version="explorer-1",
            features_version="features-1",
            decided_at=at,
        )
        decisions.append(decision)
        if action != SILENCE:
            sent.append(
                {
                    "id": f"m_{decision.id}",
                    "run_id": run.id,
                    "campaign_id": plan.id,
                    "contact_id": person.id,
                    "decision_id": decision.id,
                    "channel": "email",
                    "message": _message(person.id, decision.id).model_dump(mode="json"),
                    "message_id": f"<{decision.id}@t.example>",
                    "message_sha256": "0" * 64,
                    "status": "sent",
                    "not_before": at,
                    "fencing_token": 0,
                    "attempts": 1,
                    "detail": "",
                    "sent_at": at,
                    "receipt": {},
                    "updated_at": at,
                }
            )
        if number == 1 and action != SILENCE and len(left) < LEFT_N:
            left.append(
                Event(
                    id=f"t:{decision.id}:left",
                    kind=EventKind.EMAIL_UNSUBSCRIBED,
                    at=at + DAY,
                    source="t",
                    contact_id=person.id,
                )
            )
            continue
        topic = TOPICS[int(str(person.email).removeprefix("person").split("@")[0]) % len(TOPICS)]
        if rng.random() < (0.9 if action.asset_id == f"guide-{topic}" else 0.1):
            replies.append(
                Event(
                    id=f"t:{decision.id}",
                    kind=EventKind.EMAIL_REPLIED,
                    at=at + DAY,
                    source="t",
                    contact_id=person.id,
                )
            )
    house.runs.start(run, plan)
    house.runs.record(run.id, decisions, [])
    house.runs.finish(run.id, at)
    with writing(house.engine) as connection:
        insert_all(connection, OUTBOX, sent)
        insert_all(connection, EVENTS, [codec.event_row(event, event.at) for event in (*replies, *left)])


def _message(contact_id: str, decision_id: str) -> Message:
    return Message(
        contact_id=contact_id,
        to_address="person@t.example",
        to_name="Person",
        from_address="us@t.example",
        from_name="Us",
        subject="A guide",
        text="Hello.",
        html="<p>Hello.</p>",
        message_id=f"<{decision_id}@t.example>",
    )
