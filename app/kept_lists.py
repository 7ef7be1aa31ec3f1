"""Hand-off and churn as last reckoned: kept with their time, for pages and whoever asks of one person.

Both learn from everybody's past, which takes seconds to minutes, so no page waits for it: `attune serve` reckons them
once a day, a person may ask for it, and whatever is shown says how old it is. A list speaks of people, so an
erasure or an objection drops it, and it is reckoned anew without them.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

from domain.base import Noun, UtcDatetime
from domain.leads import AccountRisk, ChurnList, HandOffList, Lead
from memory.crm.statements import sharing, writing

if TYPE_CHECKING:
    from app.wiring import House

KEPT_FACT = "hand-off and churn"
KEPT_LEADS = 200
"""Leads kept with their reasons: more than sales of any one day, few enough to read at once."""

RECKONED_EVERY = timedelta(days=1)


class KeptLists(Noun):
    """Both lists as they stood at `made_at`."""

    made_at: UtcDatetime
    hand_off: HandOffList
    churn: ChurnList

    def lead_of(self, contact_id: str) -> tuple[int, Lead] | None:
        """A contact's place in the hand-off list, from 1, and what it says; None where it is not in it."""
        for place, lead in enumerate(self.hand_off.leads, 1):
            if lead.contact_id == contact_id:
                return place, lead
        return None

    def risk_of(self, account_id: str) -> AccountRisk | None:
        """What the churn list says of an account; None where it is not in it."""
        return next((risk for risk in self.churn.accounts if risk.account_id == account_id), None)


def kept_lists(house: House) -> KeptLists | None:
    """Return the lists as last reckoned, or None where they never were, or of another release."""
    held = house.content.get_fact(KEPT_FACT)
    if not held:
        return None
    try:
        return KeptLists.model_validate_json(json.dumps(held))
    except ValueError:
        return None


def reckon_lists(house: House) -> KeptLists:
    """Learn both anew and keep them; takes seconds, on large stores minutes."""
    from app.churn import who_may_leave
    from app.handoff import whom_to_hand_off

    while True:
        now, before = house.clock(), _may_be_scored(house)
        made = KeptLists(
            made_at=now,
            hand_off=whom_to_hand_off(house.lead_reader, now, house.rules.addresses, capacity=KEPT_LEADS),
            churn=who_may_leave(house.lead_reader, now),
        )
        with writing(house.engine) as connection, sharing(connection):
            # Locks the row on PostgreSQL: who forgets somebody from here on drops the lists after they are kept.
            drop_lists(house)
            if before <= _may_be_scored(house):
                house.content.set_fact(KEPT_FACT, made.model_dump(mode="json"))
                return made


def _may_be_scored(house: House) -> frozenset[str]:
    """Everybody who was not erased and did not object: both lists rest on all of them, named there or not."""
    return frozenset(person.id for person in house.lead_reader.people()) - house.lead_reader.objectors()


def reckon_if_old(house: House) -> bool:
    """Reckon them where they are a day old or not there; tell whether that was done. For upkeep."""
    known = kept_lists(house)
    if known is not None and house.clock() - known.made_at < RECKONED_EVERY:
        return False
    reckon_lists(house)
    return True


def drop_lists(house: House) -> None:
    """Somebody is to be forgotten or scored no more: what was reckoned with them goes."""
    house.content.set_fact(KEPT_FACT, {})
