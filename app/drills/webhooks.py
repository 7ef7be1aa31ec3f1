"""Webhooks ×5, shuffled, forged: `python -m app.drills.webhooks --events 10000`.

Five providers tell what became of messages, once in order into one workspace, and five times each, shuffled and
mixed with forgeries, into a copy of it. Both must end the same, and no forgery may be taken. Source of the
drill: F-10 of our safety rules.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Table, select

from app.drills.posting import Poster, Ses, Told, forged, posters
from app.drills.settling import settle
from app.providers import webhooks_of
from app.settings import Settings
from app.webhooks import take_webhook
from app.wiring import House, open_house
from domain.campaign import Autonomy, Campaign
from domain.decision import Action, Arm, Decision
from domain.delivery import BounceClass, MailEventKind, WebhookRequest
from domain.errors import WebhookRefused, WebhookUnreadable
from domain.message import Message, OutboxEntry, OutboxStatus, Receipt, Verdict
from domain.run import Run, RunStatus
from evals.crowd import NOON, campaign
from memory.crm.statements import CONSENTS, CONTACTS, EVENTS, OUTBOX, SUPPRESSIONS, WEBHOOK_EVENTS
from tools.webhooks.ses import SesWebhook

EVENTS_A_MESSAGE = 3
BATCH_MOST = 6
REPEATS = 5


@dataclass
class Drill:
    """What was seen."""

    events: int = 0
    posts: int = 0
    forged: int = 0
    forged_taken: int = 0
    genuine_refused: int = 0
    seconds: float = 0.0
    by_provider: Counter[str] = field(default_factory=Counter)
    differs: list[str] = field(default_factory=list)
    rows: dict[str, int] = field(default_factory=dict)
    settled: int = 0

    @property
    def is_clean(self) -> bool:
        """Tell whether both workspaces ended the same and no forgery was taken."""
        return not self.differs and not self.forged_taken and not self.genuine_refused


def drill(events: int, seed: int, folder: Path) -> Drill:
    """Run the drill in a folder of its own and return what was seen."""
    rng, providers = random.Random(seed), posters()
    now = NOON + timedelta(days=40)
    base = settle(folder / "ordered", max(2, events // EVENTS_A_MESSAGE), now)
    sent = _send_all(base, providers, rng)
    base.close()
    shutil.copytree(folder / "ordered", folder / "shuffled")
    told = sorted(_histories(sent, rng, events), key=lambda pair: pair[1].at)
    found = Drill(events=len(told), by_provider=Counter(poster.name for poster, _ in told))
    with_keys = _settings(folder / "ordered", providers)
    house = _opened(with_keys, providers, now)
    for poster, event in told:
        for request in poster.post([event], now):
            take_webhook(house, poster.name, request)
    house.delivery.reconcile()
    ordered = state(house)
    found.settled = house.outbox.counts().get(OutboxStatus.SENT, 0)
    house.close()
    house = _opened(with_keys.model_copy(update={"workspace": folder / "shuffled"}), providers, now)
    began = time.monotonic()
    for is_genuine, poster, request in _shuffled(told, now, rng):
        found.posts += 1
        found.forged += not is_genuine
        try:
            take_webhook(house, poster.name, request)
        except (WebhookRefused, WebhookUnreadable):
            found.genuine_refused += is_genuine
        else:
            found.forged_taken += not is_genuine
    house.delivery.reconcile()
    found.seconds = time.monotonic() - began
    shuffled = state(house)
    house.close()
    found.rows = {name: len(rows) for name, rows in ordered.items()}
    found.differs = [name for name in ordered if ordered[name] != shuffled[name]]
    return found


def state(house: House) -> dict[str, list[tuple[Any, ...]]]:
    """Everything that webhooks may change, by table, without when it reached us."""
    kept: dict[str, tuple[Table, set[str]]] = {
        "events": (EVENTS, {"received_at"}),
        "webhook_events": (WEBHOOK_EVENTS, {"received_at"}),
        "suppressions": (SUPPRESSIONS, set()),
        "consents": (CONSENTS, {"id"}),
        "contacts": (CONTACTS, set()),
        "outbox": (OUTBOX, {"updated_at"}),
    }
    found = {}
    with house.engine.connect() as connection:
        for name, (table, left_out) in kept.items():
            columns = [column for column in table.c if column.name not in left_out]
            found[name] = sorted(
                tuple(str(value) for value in row) for row in connection.execute(select(*columns))
            )
    return found


def _settings(folder: Path, providers: Sequence[Poster]) -> Settings:
    keys = {name: value for poster in providers for name, value in poster.settings().items()}
    return Settings(_env_file=None, workspace=folder, model=None, **keys)  # type: ignore[arg-type]


def _opened(settings: Settings, providers: Sequence[Poster], now: datetime) -> House:
    house = open_house(settings, lambda: now)
    amazon = next(poster for poster in providers if isinstance(poster, Ses))
    # Amazon's certificate comes from the drill: nothing here asks the network.
    hooks = {**webhooks_of(settings), "ses": SesWebhook(amazon.settings()["ses_topic_arn"], amazon.fetch)}
    house.__dict__["webhooks"] = hooks
    return house


def _send_all(
    house: House, providers: Sequence[Poster], rng: random.Random
) -> list[tuple[Poster, OutboxEntry, datetime]]:
    """Send one message to every contact; one in twenty ends as `unknown`."""
    plan: Campaign = campaign()
    run = Run(
        id="r_drill",
        campaign_id=plan.id,
        status=RunStatus.DECIDING,
        autonomy=Autonomy.AUTOPILOT,
        seed=1,
        started_at=NOON,
    )
    house.runs.start(run, plan)
    sent = []
    contacts = [contact for contact, _ in house.audience.contacts_with_accounts() if contact.email]
    decisions = [_decision(run, contact.id) for contact in contacts]
    house.runs.record(run.id, decisions, [])
    for number, (contact, decision) in enumerate(zip(contacts, decisions, strict=True)):
        message = Message(
            contact_id=contact.id,
            to_address=contact.email or "",
            from_address="hello@acme.example",
            from_name="Acme",
            subject="A guide for you",
            text="Hello.",
            html="<p>Hello.</p>",
            message_id=f"<o_{number}@acme.example>",
        )
        entry = OutboxEntry(
            id=f"o_{number}",
            run_id=run.id,
            campaign_id=run.campaign_id,
            contact_id=contact.id,
            decision_id=decision.id,
            message=message,
            status=OutboxStatus.APPROVED,
            not_before=NOON,
            approved_sha256=message.sha256,
            updated_at=NOON,
        )
        house.outbox.put(entry)
        at = NOON + timedelta(days=1, seconds=number)
        reserved = house.outbox.reserve(entry.id, lambda _standing, _entry: Verdict(), at)
        assert reserved is not None
        poster = rng.choice(providers)
        if number % 20:
            receipt = Receipt(
                provider=poster.name, provider_message_id=f"{poster.name}-{number}", accepted_at=at
            )
            house.outbox.confirm(entry.id, reserved.fencing_token, receipt)
        else:
            house.outbox.lose(entry.id, reserved.fencing_token, "the connection broke")
        sent.append((poster, entry, at))
    return sent


def _decision(run: Run, contact_id: str) -> Decision:
    return Decision(
        id=f"d_{contact_id}",
        run_id=run.id,
        campaign_id=run.campaign_id,
        contact_id=contact_id,
        arm=Arm.EXPLORE,
        action=Action(asset_id="guide", channel="email", slot=None),
        propensity=1.0,
        reasons=("drill",),
        learner_version="drill",
        features_version="drill",
        decided_at=NOON,
    )


def _histories(
    sent: Sequence[tuple[Poster, OutboxEntry, datetime]], rng: random.Random, events: int
) -> Iterator[tuple[Poster, Told]]:
    """Yield what becomes of messages until so many events are told."""
    numbers = iter(range(events))
    while True:
        for poster, entry, at in sent:
            for kind, bounce, later, url in _fate(rng):
                number = next(numbers, None)
                if number is None:
                    return
                yield (
                    poster,
                    Told(f"e{number}", kind, at + later, entry.message.to_address, entry.id, bounce, url),
                )


def _fate(rng: random.Random) -> Iterator[tuple[MailEventKind, BounceClass | None, timedelta, str]]:
    guide, other = "https://www.acme.example/guide", "https://www.acme.example/other"
    day = timedelta(days=rng.randint(0, 35))
    roll = rng.random()
    if roll < 0.1:
        yield MailEventKind.BOUNCED, BounceClass.HARD, timedelta(seconds=9), guide
        return
    if roll < 0.3:
        yield MailEventKind.DEFERRED, None, timedelta(seconds=20), guide
        for _ in range(rng.randint(1, 3)):
            yield MailEventKind.BOUNCED, rng.choice((BounceClass.SOFT, BounceClass.BLOCK)), day, guide
            day += timedelta(days=rng.randint(1, 12))
        return
    yield MailEventKind.DELIVERED, None, timedelta(seconds=rng.randint(1, 90)), guide
    if roll < 0.45:  # a scanner: every link at once
        yield MailEventKind.CLICKED, None, timedelta(seconds=95), guide
        yield MailEventKind.CLICKED, None, timedelta(seconds=95), other
    if roll < 0.7:
        yield MailEventKind.OPENED, None, timedelta(minutes=12), guide
        yield MailEventKind.CLICKED, None, timedelta(minutes=13), guide
    if 0.6 < roll < 0.66:
        yield MailEventKind.UNSUBSCRIBED, None, day + timedelta(hours=1), guide
    if 0.64 < roll < 0.68:
        yield MailEventKind.COMPLAINED, None, day + timedelta(hours=2), guide


def _shuffled(
    told: Sequence[tuple[Poster, Told]], now: datetime, rng: random.Random
) -> Iterator[tuple[bool, Poster, WebhookRequest]]:
    """Yield every event five times in random order, one forgery in ten requests.

    A forgery is made from a request that was posted before: nobody has seen a token we have not.
    """
    everything = list(told) * REPEATS
    rng.shuffle(everything)
    waiting: dict[str, list[Told]] = {}
    seen: list[tuple[Poster, WebhookRequest]] = []
    by_name = {poster.name: poster for poster, _ in told}
    for poster, event in everything:
        batch = waiting.setdefault(poster.name, [])
        batch.append(event)
        if len(batch) >= (rng.randint(1, BATCH_MOST) if poster.name == "sendgrid" else 1):
            for request in poster.post(batch, now):
                yield True, poster, request
                if len(seen) < 1_000:
                    seen.append((poster, request))
            batch.clear()
        if seen and rng.random() < 0.1:
            whose, genuine = rng.choice(seen)
            yield False, whose, forged(genuine, whose, now, rng)
    for name, batch in waiting.items():
        if batch:
            for request in by_name[name].post(batch, now):
                yield True, by_name[name], request


def main() -> None:
    """Run the drill the command line asks for and print what was seen."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="attune-webhooks-") as folder:
        found = drill(given.events, given.seed, Path(folder))
    print(
        f"{found.events:,} events of {len(found.by_provider)} providers, each told {REPEATS} times and shuffled: "
        f"{found.posts:,} requests in {found.seconds:.0f} s ({found.posts / max(found.seconds, 0.001):,.0f}/s), "
        f"{found.forged:,} of them forged"
    )
    print(f"forged taken: {found.forged_taken}; genuine refused: {found.genuine_refused}")
    print(f"rows compared: {', '.join(f'{name} {many:,}' for name, many in found.rows.items())}")
    print("state equals the ordered run" if not found.differs else f"DIFFERS in {', '.join(found.differs)}")
    sys.exit(0 if found.is_clean else 1)


if __name__ == "__main__":
    main()
