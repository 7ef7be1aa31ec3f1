"""F-08: the clock jumps by a day, changes for summer and back, meets a leap day: no run twice, none outside hours."""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import yaml

from app.drills.faults.seen import Fault, Seen
from app.drills.forks import fork, settled, wait
from app.drills.sink import sinking
from app.wiring import House
from app.workspace import Workspace
from domain.campaign import Schedule, SendSlot
from domain.people import Contact
from domain.schedule import ScheduledState
from evals.crowd import campaign
from policies.quiet_hours import is_open, next_open, opens_at

ZONES = (
    "America/New_York",
    "America/Los_Angeles",
    "America/Sao_Paulo",
    "America/St_Johns",
    "Europe/London",
    "Europe/Berlin",
    "Africa/Cairo",
    "Asia/Kolkata",
    "Asia/Tokyo",
    "Australia/Sydney",
    "Australia/Lord_Howe",
    "Pacific/Auckland",
)
_DATES = ((2026, 3, 8), (2026, 3, 29), (2026, 4, 5), (2026, 4, 24), (2026, 9, 27), (2026, 10, 4), (2026, 10, 25),
          (2026, 11, 1), (2028, 2, 29))  # fmt: skip
DAYS = tuple(datetime(year, month, day, tzinfo=UTC) for year, month, day in _DATES)
"""Days on which some of these zones change their clocks, and a leap day."""


def attempt(trials: int, folder: Path, seed: int) -> Seen:
    """Live through the days in `trials` zones."""
    seen, luck = Seen(), random.Random(seed)
    settled(folder / "ws", 1)
    told = folder / "told"

    def lived() -> None:
        house = sinking(folder / "ws", folder / "sink", datetime(2026, 1, 1, tzinfo=UTC))
        words = [
            word
            for zone in ZONES[:trials]
            for word in (_outside(house, zone, luck), _twice(house, zone, luck))
        ]
        told.write_text("\n".join(word for word in words if word))

    if wait(fork(lived, folder / "errors"), 900):
        seen.problems.append(f"ended early: {(folder / 'errors').read_text()[-400:]}")
    elif told.read_text():
        seen.problems += told.read_text().splitlines()
    seen.trials = min(trials, len(ZONES)) * len(DAYS)
    return seen


def _outside(house: House, zone: str, luck: random.Random) -> str:
    """Ask, at moments around each day, when a message may arrive, and look at the recipient's own clock then."""
    contact = Contact(id="c", email="a@b.example", country="US", time_zone=zone)
    hours = house.rules.quiet_hours
    for day in DAYS:
        for _ in range(60):
            asked = day + timedelta(minutes=luck.randint(-3 * 1440, 3 * 1440))
            for at in (
                next_open(contact, asked, house.rules),
                *(opens_at(s, contact, asked, house.rules) for s in SendSlot),
            ):
                local = at.astimezone(ZoneInfo(zone))
                inside = (
                    hours.opens_hour <= local.hour < hours.closes_hour and local.weekday() in hours.workdays
                )
                if not inside or at < asked or not is_open(contact, at, house.rules):
                    return f"{zone}: {local} is outside house hours, asked at {asked}"
    return ""


def _twice(house: House, zone: str, luck: random.Random) -> str:
    """Tick every half hour (more than five minutes late is missed) with a clock that jumps a day now and then."""
    from app.schedules import claim_due

    slug = zone.lower().replace("/", "-").replace("_", "-")
    plan = campaign().model_copy(update={"id": slug, "schedule": Schedule(cron="30 2 * * *", time_zone=zone)})
    file = Workspace(house.workspace.folder).campaigns / "crowd.yaml"
    file.write_text(yaml.safe_dump(plan.model_dump(mode="json", exclude_none=True)), encoding="utf-8")
    now = [DAYS[0]]
    clocked = sinking(house.workspace.folder, house.workspace.folder / "none", lambda: now[0])
    days: Counter[object] = Counter()
    expected = 0
    for day in DAYS:
        start = day - timedelta(days=2)
        now[0] = start
        claim_due(clocked, "one")
        for half in range(4 * 48):
            jump = luck.choice((-1, 1)) if luck.random() < 0.015 else 0
            now[0] = start + timedelta(minutes=30 * half)
            if jump < 0:
                now[0] += timedelta(days=jump)
            for due in claim_due(clocked, "one"):
                clocked.controls.settle(due.scheduled, ScheduledState.BEGUN)
                days[due.scheduled.scheduled_at.astimezone(ZoneInfo(zone)).date()] += 1
        expected += 4
    clocked.close()
    if doubled := [day for day, many in days.items() if many > 1]:
        return f"{zone}: two runs on {doubled}"
    if len(days) < expected - len(DAYS):
        return f"{zone}: {len(days)} runs in {expected} days"
    return ""


FAULT = Fault("F-08", "clock a day off; both changes, 12 zones; leap day", 12, 1, attempt)
