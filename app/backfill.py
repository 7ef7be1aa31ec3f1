"""What e-mails of other tools brought, as far as an imported history tells: a start for a learner without a log.

Each is taken as a past decision: this content, at that hour, on what was known at that moment. Who got what was not
random and nobody noted the odds, and there is no silence to compare with, so each counts for `PAST_WEIGHT` of a
decision of our own. What is kept with the campaign is only from when to when: the journal holds the e-mails, and
every teaching reads them again, so none counts twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from app.outcomes import gather
from app.signs import second
from domain.campaign import Campaign, SendSlot
from domain.decision import Action, Arm
from domain.people import Contact
from learning.features.events import microseconds
from learning.features.slots import PART_OF_SLOT, parts_of_day
from learning.rewards import rewards_of
from memory.crm.outcomes import DecisionLine
from memory.crm.past_emails import PastEmail, PastEmailReader
from policies.eligibility import actions_for
from policies.quiet_hours import zones_of

if TYPE_CHECKING:
    from app.wiring import House

PAST_WEIGHT = 0.3
"""As how many decisions of our own an e-mail of another tool counts. A house default."""

MOST_EMAILS = 20_000
"""The newest so many are learned from."""

MOST_SPANS = 50
"""So many of the times it was asked for are remembered."""


@dataclass(frozen=True)
class Past:
    """n e-mails of other tools with what came of them, oldest first.

    at: n UTC times. gains: shape (n,), cents, without the cost of sending. acted: shape (n,), whether it was
    answered.
    """

    ids: tuple[str, ...]
    contact_ids: tuple[str, ...]
    at: tuple[datetime, ...]
    action_keys: tuple[str, ...]
    gains: NDArray[np.float64]
    acted: NDArray[np.bool_]

    def __len__(self) -> int:
        """How many e-mails."""
        return len(self.ids)

    @property
    def answered(self) -> int:
        """How many were answered."""
        return int(np.count_nonzero(self.acted))


NOTHING = Past((), (), (), (), np.empty(0), np.empty(0, dtype=bool))


def note_span(house: House, campaign: Campaign, since: datetime | None, now: datetime) -> None:
    """Keep with the campaign from when to now past e-mails are learned from, and tell the audit."""
    told = {"since": since.isoformat() if since else None, "until": now.isoformat()}
    _keep(house, campaign, told)
    house.audit.append("learner", campaign.id, {"act": "backfill", **told, "weight": PAST_WEIGHT})


def drop_span(house: House, campaign: Campaign, now: datetime) -> None:
    """Learn from no past e-mails from now on, and tell the audit; the e-mails themselves stay in the journal."""
    _keep(house, campaign, {"since": None, "until": now.isoformat(), "is_dropped": True})
    house.audit.append("learner", campaign.id, {"act": "backfill dropped"})


def _keep(house: House, campaign: Campaign, span: dict[str, Any]) -> None:
    """Spans before this one stay: who decided by them is explained by them."""
    house.content.set_fact(_fact(campaign.id), {"spans": [*_spans(house, campaign), span][-MOST_SPANS:]})


def _spans(house: House, campaign: Campaign) -> list[dict[str, Any]]:
    """What was asked for, oldest first; before spans were kept, a fact was one."""
    held = house.content.get_fact(_fact(campaign.id))
    return [] if not held else list(held.get("spans", [held]))


def _span_at(house: House, campaign: Campaign, now: datetime) -> dict[str, Any] | None:
    """What counted at `now`: the newest asked for by then. Who decided before it never saw its e-mails."""
    asked = [one for one in _spans(house, campaign) if datetime.fromisoformat(one["until"]) <= now]
    return None if not asked or asked[-1].get("is_dropped") else asked[-1]


def past_of(house: House, campaign: Campaign, now: datetime) -> Past:
    """Return the past e-mails a campaign learns from at `now`; none before `attune learn backfill`.

    One is told of once early signals have had their time, as our own are. An answer is to the
    latest message before it, those of this campaign included.
    """
    span = _span_at(house, campaign, now)
    if span is None:
        return NOTHING
    since = datetime.fromisoformat(span["since"]) if span["since"] else None
    emails = _emails(house, campaign, since, datetime.fromisoformat(span["until"]), now)
    if not emails:
        return NOTHING
    keys = _action_keys(house, campaign, emails)
    gains, acted = _brought(house, campaign, emails, keys, now)
    return Past(
        ids=tuple(email.id for email in emails),
        contact_ids=tuple(email.contact_id for email in emails),
        at=tuple(email.at for email in emails),
        action_keys=keys,
        gains=gains,
        acted=acted,
    )


def found_since(house: House, campaign: Campaign, since: datetime | None, now: datetime) -> int:
    """Return how many past e-mails sent from `since` on (all if None) a backfill asked for at `now` would find."""
    return len(_emails(house, campaign, since, now, now))


def counting(house: House, campaign: Campaign, now: datetime) -> int | None:
    """Return how many past e-mails a campaign learns from at `now`; None where none are asked for."""
    return None if _span_at(house, campaign, now) is None else len(past_of(house, campaign, now))


def _emails(
    house: House, campaign: Campaign, since: datetime | None, until: datetime, now: datetime
) -> list[PastEmail]:
    """E-mails of the campaign's content, of whom nobody objected, whose early signals have had their time by `now`."""
    told_by = now - timedelta(days=min(campaign.goal.signal_days, campaign.goal.window_days))
    assets = {a.asset_id for a in actions_for(campaign, house.crm.assets()) if a.asset_id}
    never = house.lead_reader.objectors()
    sent = PastEmailReader(house.engine).sent(assets, min(until, told_by), since, MOST_EMAILS)
    return [email for email in sent if email.contact_id not in never]


def _brought(
    house: House, campaign: Campaign, emails: Sequence[PastEmail], keys: Sequence[str], now: datetime
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    lines = [
        DecisionLine(
            id=email.id,
            campaign_id=campaign.id,
            contact_id=email.contact_id,
            account_id=email.account_id,
            arm=Arm.USUAL,
            action_key=key,
            asset_id=email.asset_id,
            decided_at=email.at,
            left_at=email.at,
            outcome=None,
            cost_micros=0,
        )
        for email, key in zip(emails, keys, strict=True)
    ]
    gathered = gather(house, campaign, now, lines)
    found = rewards_of(
        gathered.signs,
        gathered.harm,
        gathered.decided,
        gathered.value_model,
        campaign.goal,
        second(now),
        size=gathered.size,
    )
    gains = found.answers.worth_cents + found.harm_cents
    # Less than half a hundredth of a cent is rounding.
    gains[np.abs(gains) < 0.005] = 0.0
    row_of = {line.id: row for row, line in enumerate(gathered.lines)}
    rows = [row_of[email.id] for email in emails]
    return np.asarray(gains[rows]), np.asarray(found.answers.answered[rows])


def _action_keys(house: House, campaign: Campaign, emails: Sequence[PastEmail]) -> tuple[str, ...]:
    """Each e-mail as an action of the campaign: the slot its reader's hour falls in, if the campaign has it."""
    hours = house.rules.quiet_hours
    names: dict[str, int] = {}
    zones = []
    for email in emails:
        reader = Contact(id=email.contact_id, time_zone=email.time_zone, country=email.country)
        zones.append(names.setdefault(zones_of(reader, hours)[0].key, len(names)))
    at = np.array([microseconds(email.at) for email in emails], dtype=np.int64)
    parts = parts_of_day(at, np.array(zones, dtype=np.int16), tuple(names))
    slot_of = {part: slot for slot, part in PART_OF_SLOT.items() if slot in campaign.slots}
    return tuple(
        Action(
            asset_id=email.asset_id,
            channel=campaign.channels[0],
            slot=slot_of.get(part, SendSlot.NOW),
        ).key
        for email, part in zip(emails, parts.tolist(), strict=True)
    )


def _fact(campaign_id: str) -> str:
    return f"learner-backfill:{campaign_id}"
