"""How long results take in a large workspace: `python -m app.drills.results_speed --contacts 100000`.

A made-up log: twelve weekly runs that each decide about a quarter of the contacts, ten visits a contact, clicks and
replies. It is written as it would stand, not run. Counting is timed as upkeep does it; pages are asked for as a
signed-in member does, once everything is counted.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from app.results.ahead import count_ahead
from app.settings import Settings
from app.web.charts import warm
from app.web.results import draw_ahead
from app.wiring import House, make_workspace, open_house
from domain.campaign import Autonomy, RuleRow, SendSlot, UsualRule
from domain.decision import SILENCE, Action, Arm
from domain.events import EventKind
from domain.people import Account, Contact, LifecycleStage
from domain.run import ContactOutcome, Run, RunStatus
from domain.staff import Role
from evals.crowd import campaign, library
from memory.crm import codec
from memory.crm.statements import (
    ACCOUNTS,
    CONTACTS,
    DECISIONS,
    EVENTS,
    OUTBOX,
    RUN_CONTACTS,
    insert_all,
    writing,
)

WEEKS = 12
ARMS = {Arm.LEARNED: 0.6, Arm.USUAL: 0.2, Arm.EXPLORE: 0.1, Arm.HOLDOUT: 0.1}
VISITS = 10
MESSAGE_CHARS = 1_500
PAGES = ("/results", "/results/{id}", "/learning/{id}")
LOOKS = 9

Log = dict[str, list[dict[str, Any]]]


def lay(house: House, contacts: int) -> str:
    """Write the log into an empty workspace; return the campaign's id."""
    rng, now = np.random.default_rng(3), house.clock()
    assets = library()
    house.content.save_assets(assets)
    usual = UsualRule(name="By hand", rows=(RuleRow(send=(assets[0].id,)),))
    plan = campaign().model_copy(
        update={"holdout_share": 0.1, "explore_share": 0.1, "usual_share": 0.2, "usual": usual}
    )
    stages = list(LifecycleStage)
    with writing(house.engine) as connection:
        accounts = [
            Account(id=f"a_{i}", name=f"Company {i}", employees=10 + i % 4_000) for i in range(contacts // 5)
        ]
        insert_all(connection, ACCOUNTS, [codec.account_row(one) for one in accounts])
        people = (
            Contact(
                id=f"c_{i:07}",
                account_id=f"a_{i % len(accounts)}",
                email=f"c{i}@example.com",
                lifecycle_stage=stages[1 + i % 4],
                stage_since=now - timedelta(days=300),
            )
            for i in range(contacts)
        )
        insert_all(connection, CONTACTS, [codec.contact_row(one) for one in people])
    arms = rng.choice(len(ARMS), contacts, p=list(ARMS.values()))
    actions = [Action(asset_id=one.id, channel="email", slot=SendSlot.NOW) for one in assets] + [SILENCE]
    for week in range(WEEKS):
        run = Run(
            id=f"r_{week:02}",
            campaign_id=plan.id,
            status=RunStatus.DECIDING,
            autonomy=Autonomy.GUARDED,
            seed=week,
            started_at=now - timedelta(weeks=WEEKS - week),
        )
        house.runs.start(run, plan)
        log = _week(run, rng.choice(contacts, contacts // 4, replace=False), arms, actions, rng)
        with writing(house.engine) as connection:
            for table, name in (
                (DECISIONS, "decisions"),
                (RUN_CONTACTS, "lines"),
                (OUTBOX, "sent"),
                (EVENTS, "events"),
            ):
                insert_all(connection, table, log[name])
        house.runs.finish(run.id, run.started_at + timedelta(hours=1))
    with writing(house.engine) as connection:
        insert_all(connection, EVENTS, list(_visits(contacts, rng, now)))
    return plan.id


def _week(
    run: Run, people: np.ndarray, arms: np.ndarray, actions: list[Action], rng: np.random.Generator
) -> Log:
    log: Log = {"decisions": [], "lines": [], "sent": [], "events": []}
    kinds, at = list(ARMS), run.started_at
    for i in np.sort(people).tolist():
        arm, contact_id, decision_id = kinds[arms[i]], f"c_{i:07}", f"d_{run.id}_{i}"
        action = SILENCE if arm is Arm.HOLDOUT else actions[int(rng.integers(len(actions)))]
        weighed = [[one.key, 1 / len(actions), 3.0 * place, 20.0] for place, one in enumerate(actions)]
        log["decisions"].append(
            {
                "id": decision_id,
                "run_id": run.id,
                "campaign_id": run.campaign_id,
                "contact_id": contact_id,
                "arm": arm.value,
                "action_key": action.key,
                "asset_id": action.asset_id,
                "channel": action.channel,
                "slot": action.slot.value if action.slot else None,
                "propensity": 1 / len(actions),
                "alternatives": weighed if arm is Arm.LEARNED else [],
                "reasons": [],
                "contributions": [],
                "knowledge": "learning",
                "learner_version": "drill",
                "features_version": "drill",
                "decided_at": at,
            }
        )
        outcome = ContactOutcome.SILENT if action.is_silence else ContactOutcome.SENT
        if arm is Arm.HOLDOUT:
            outcome = ContactOutcome.HELD_OUT
        ours = {"run_id": run.id, "contact_id": contact_id, "decision_id": decision_id, "updated_at": at}
        log["lines"].append({**ours, "outcome": outcome.value})
        if action.is_silence:
            continue
        log["sent"].append(
            {
                **ours,
                "id": f"o_{run.id}_{i}",
                "campaign_id": run.campaign_id,
                "message": {"text": "x" * MESSAGE_CHARS},
                "message_id": f"<{run.id}.{i}@example.com>",
                "message_sha256": "0" * 64,
                "status": "sent",
                "not_before": at,
                "sent_at": at,
                "receipt": {},
            }
        )
        for kind, chance in ((EventKind.EMAIL_REPLIED, 0.04), (EventKind.EMAIL_CLICKED, 0.08)):
            if rng.random() < chance:
                log["events"].append(
                    _event(f"{kind.value}:{run.id}:{i}", kind, contact_id, at + timedelta(days=1))
                )
    return log


def _visits(contacts: int, rng: np.random.Generator, now: datetime) -> Iterator[dict[str, Any]]:
    days = rng.uniform(0, 120, contacts * VISITS)
    for number, (i, ago) in enumerate(
        zip(rng.integers(0, contacts, len(days)).tolist(), days.tolist(), strict=True)
    ):
        yield _event(f"visit:{number}", EventKind.PAGE_VIEWED, f"c_{i:07}", now - timedelta(days=ago))


def _event(id_: str, kind: EventKind, contact_id: str, at: datetime) -> dict[str, Any]:
    named = {"id": f"drill:{id_}", "kind": kind.value, "source": "drill", "contact_id": contact_id}
    return {**named, "at": at, "received_at": at, "is_machine": False, "properties": {}}


def looks(house: House, campaign_id: str) -> dict[str, list[float]]:
    """Seconds of each look at each page, the first first; every one must answer 200."""
    from starlette.testclient import TestClient

    from app.web import make_app
    from app.web.guard import COOKIE

    app = make_app(house)
    shell = app.state.shell
    member = shell.staff.join("drill@team.example", "Drill", Role.MARKETER, "UTC", how="drill")
    visitor = TestClient(app, base_url="https://attune.drill")
    visitor.cookies.set(COOKIE, shell.sessions.begin(member, "drill"), domain="attune.drill")
    found: dict[str, list[float]] = {}
    for page in PAGES:
        for _ in range(LOOKS):
            begun = time.perf_counter()
            answer = visitor.get(page.format(id=campaign_id))
            found.setdefault(page, []).append(time.perf_counter() - begun)
            if answer.status_code != 200:
                raise RuntimeError(f"{page} answered {answer.status_code}")
    return found


def main() -> None:
    """Lay the log, count it, look at the pages; print what it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--contacts", type=int, default=100_000)
    contacts = parser.parse_args().contacts
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(_env_file=None, workspace=Path(folder) / "w", model=None)
        make_workspace(settings)
        house = open_house(settings)
        campaign_id = lay(house, contacts)
        used, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        is_large = count_ahead(house)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = after.ru_utime + after.ru_stime - used.ru_utime - used.ru_stime
        print(f"{contacts:,} contacts, {WEEKS * (contacts // 4):,} decisions, {datetime.now(UTC):%Y-%m-%d}")
        if is_large:
            took = time.perf_counter() - begun
            print(
                f"counting ahead: {took:.1f} s, {cpu:.1f} s of them on a core, {after.ru_maxrss / 1024:,.0f} MB"
            )
        else:
            print("small enough to be counted when a page is asked for")
        warm()
        if is_large:
            draw_ahead(house)
        for page, seconds in looks(house, campaign_id).items():
            again = sorted(seconds[1:])[len(seconds[1:]) // 2]
            print(f"{page}: first {seconds[0] * 1000:.0f} ms, then {again * 1000:.0f} ms (median)")
        house.close()


if __name__ == "__main__":
    main()
