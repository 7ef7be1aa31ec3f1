"""Twelve weeks of the sample market, or fewer, lived fast: real decisions and learning, people who are simulated.

Each week the campaign decides for everybody exactly as it will on the last day (same rules, features, learner), the
living market answers, and the learner is taught what came of it. Messages of the past are not drafted: that content
went out is all the market's people react to. The outbox says so in each of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from agents.workbench import outbox_id
from app.outcomes import rewards_of
from app.runs import begin
from app.wiring import House
from domain.campaign import Campaign, SendSlot
from domain.content import ContentAsset
from domain.decision import SILENCE, Arm
from domain.message import Message, OutboxEntry, OutboxStatus
from domain.people import Contact
from domain.run import Run
from evals.market.chance import SOURCE
from evals.market.living import LivingMarket, Sending
from memory.crm.lived import Went, answers, keep_sent, queued_messages

WEEKS = 12
ANSWER_DAYS = 7
_HOURS = {SendSlot.NOW: 1, SendSlot.MORNING: 2, SendSlot.MIDDAY: 5, SendSlot.AFTERNOON: 8}
_OPENS_AT = timedelta(hours=7)

Tell = Callable[[int], None]


@dataclass
class MovedClock:
    """A clock that is set by hand."""

    now: datetime

    def __call__(self) -> datetime:
        """Return the time it was set to."""
        return self.now


def first_day(today: datetime, weeks: int = WEEKS) -> datetime:
    """Return the Monday, 00:00 UTC, on which the weeks before `today` begin."""
    midnight = today.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight - timedelta(days=midnight.weekday(), weeks=weeks)


def live(
    house: House,
    clock: MovedClock,
    campaign: Campaign,
    market: LivingMarket,
    today: datetime,
    tell: Tell,
    weeks: int = WEEKS,
) -> list[Run]:
    """Live from the market's start for so many weeks, and on to today; return the runs, oldest first."""
    runs = []
    assets = {asset.id: asset for asset in house.crm.assets()}
    for week in range(weeks):
        clock.now = market.start + timedelta(weeks=week) + _OPENS_AT
        run, _ = begin(house, campaign, is_dry_run=False)
        sendings = _send(house, run, campaign, assets, clock.now)
        until = market.start + timedelta(weeks=week + 1)
        clock.now = until
        _write_down(house, market, sendings, until)
        house.runs.finish(run.id, until)
        runs.append(house.runs.get(run.id))
        tell(week + 1)
    clock.now = today
    _write_down(house, market, [], today)
    return runs


def _write_down(house: House, market: LivingMarket, sendings: list[Sending], until: datetime) -> None:
    rejects = house.workspace.rejects / "sample.csv"
    house.intake.take(iter(market.turn(sendings, until)), source_name="sample", rejects_path=rejects)


@dataclass(frozen=True)
class ArmWeek:
    """What one arm's decisions of one week brought.

    messages: how many went out. answered: how many of them were clicked, replied to or led to a meeting within
    `ANSWER_DAYS`. cents: mean of a decision's worth as the learner is taught it, less what the message took.
    """

    arm: Arm
    week: int
    decisions: int
    messages: int
    answered: int
    cents: float


def curve(house: House, campaign: Campaign, start: datetime) -> list[ArmWeek]:
    """Return what each arm's decisions brought, week by week; only those whose early signals are in."""
    arms = {one.id: one.arm for page in house.decision_log.pages(campaign.id) for one in page}
    answered_at = answers(house.engine)
    found: dict[tuple[Arm, int], list[tuple[float, bool, bool]]] = defaultdict(list)
    for reward in rewards_of(house, campaign, house.clock()):
        if reward.is_telling and reward.was_carried_out:
            at = reward.decided_at
            is_message = reward.action_key != SILENCE.key
            is_answered = is_message and any(
                at < answer <= at + timedelta(days=ANSWER_DAYS)
                for answer in answered_at.get(reward.contact_id, ())
            )
            key = arms[reward.decision_id], (at - start) // timedelta(weeks=1)
            cost = sum(part.cents for part in reward.parts if part.what == "cost")
            found[key].append((reward.answer_cents + cost, is_message, is_answered))
    return [
        ArmWeek(
            arm=arm,
            week=week,
            decisions=len(rows),
            messages=sum(is_message for _, is_message, _ in rows),
            answered=sum(is_answered for *_, is_answered in rows),
            cents=sum(cents for cents, *_ in rows) / len(rows),
        )
        for (arm, week), rows in sorted(found.items())
    ]


def _send(
    house: House, run: Run, campaign: Campaign, assets: dict[str, ContentAsset], now: datetime
) -> list[Sending]:
    went, sendings = [], []
    people = {contact.id: contact for contact, _ in house.audience.contacts_with_accounts()}
    for queued in queued_messages(house.engine, run.id):
        contact, slot = people[queued.contact_id], SendSlot(queued.slot or SendSlot.NOW)
        at = now + timedelta(hours=_HOURS[slot])
        entry = OutboxEntry(
            id=outbox_id(run.id, contact.id),
            run_id=run.id,
            campaign_id=campaign.id,
            contact_id=contact.id,
            decision_id=queued.decision_id,
            message=_stand_in(house, contact, assets[queued.asset_id], run),
            status=OutboxStatus.SENT,
            not_before=at,
            updated_at=at,
        )
        went.append(Went(entry, at, queued.asset_id))
        sendings.append(Sending(contact.external_ids[SOURCE], queued.asset_id, slot, at))
    keep_sent(house.engine, went, "sample-market")
    return sendings


def _stand_in(house: House, contact: Contact, asset: ContentAsset, run: Run) -> Message:
    said = f"(Sample market: this message of the past was not drafted. It stands for “{asset.title}”.)"
    return Message(
        contact_id=contact.id,
        to_address=contact.email or "",
        to_name=contact.name,
        from_address=house.sender.from_email,
        from_name=house.sender.from_name,
        subject=asset.title,
        text=said,
        html=f"<p>{said}</p>",
        message_id=f"<{outbox_id(run.id, contact.id)}@sample.example>",
    )
