"""A workspace whose run asked a person about nine messages: one at high stakes, two ordinary, six low."""

from __future__ import annotations

import shutil
from datetime import timedelta
from functools import cache
from pathlib import Path

from sqlalchemy import select, update

from app import loop
from app.runs import begin, carry_on
from app.wiring import House
from domain.campaign import Autonomy
from domain.events import Event, EventKind
from domain.message import StakesLevel
from domain.people import Seniority
from domain.review_queue import QueueFilter, QueueLine
from evals.crowd import NOON, campaign
from memory.crm.journal import append_events
from memory.crm.statements import CONTACTS, writing
from tests.settled import made, settle

CONTACTS_IN_ALL = 9


def make_reviewing(folder: Path, autonomy: Autonomy = Autonomy.ASSIST) -> None:
    """Nine contacts in three companies, two of which we wrote to before, and a run that asked about each.

    With more `autonomy` it asks about those only that it may not send by itself. Made once a process and copied.
    """
    shutil.copytree(_reviewing(autonomy), folder)


@cache
def _reviewing(autonomy: Autonomy) -> Path:
    return made(lambda folder: _make(folder, autonomy))


def _make(folder: Path, autonomy: Autonomy) -> None:
    house = settle(folder, CONTACTS_IN_ALL)
    with writing(house.engine) as connection:
        rows = connection.execute(select(CONTACTS.c.id, CONTACTS.c.email, CONTACTS.c.account_id)).all()
        known = [row for row in rows if not row.email.endswith("@co2.example")]
        boss = next(row for row in rows if row.email == "person8@co2.example")
        connection.execute(
            update(CONTACTS)
            .where(CONTACTS.c.id == boss.id)
            .values(seniority=Seniority.EXECUTIVE.value, job_title="CEO")
        )
        at = NOON - timedelta(days=60)
        sent = [
            Event(
                id=f"x:{row.id}",
                kind=EventKind.EMAIL_SENT,
                at=at,
                source="x",
                contact_id=row.id,
                account_id=row.account_id,
            )
            for row in known
        ]
        append_events(connection, sent, at)
    plan = campaign().model_copy(update={"autonomy": autonomy, "assets": ("guide-pricing",)})
    run, _ = begin(house, plan, is_dry_run=False)
    loop.run(carry_on(house, run))
    house.close()


def lines(house: House, level: StakesLevel | None = None) -> tuple[QueueLine, ...]:
    """The queue as it stands."""
    return house.review_queue.page(QueueFilter(level=level), house.clock()).lines
