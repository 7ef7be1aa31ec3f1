"""When contacts reached a goal: the one thing a campaign is after, read from the journal for many at once.

A deal's events often name the account and no person: those count for each of the account's contacts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, Select, select

from domain.campaign import Outcome
from domain.events import EventKind
from memory.crm.statements import CONTACTS, EVENTS, batches

_KINDS: dict[Outcome, tuple[EventKind, ...]] = {
    Outcome.REPLY: (EventKind.EMAIL_REPLIED,),
    Outcome.MEETING: (EventKind.MEETING_BOOKED, EventKind.MEETING_HELD),
    Outcome.MQL: (EventKind.STAGE_CHANGED,),
    Outcome.SQL: (EventKind.STAGE_CHANGED,),
    Outcome.OPPORTUNITY: (EventKind.DEAL_CREATED,),
    Outcome.WON: (EventKind.DEAL_WON,),
    Outcome.RENEWED: (EventKind.RENEWED,),
}
_STAGED = {Outcome.MQL, Outcome.SQL}
_OF_ACCOUNTS = {Outcome.OPPORTUNITY, Outcome.WON, Outcome.RENEWED}


class GoalOutcomes:
    """Reads when goals were reached."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def reached_at(
        self, outcome: Outcome, contact_ids: Collection[str], since: datetime, until: datetime
    ) -> dict[str, list[datetime]]:
        """Return the UTC times each contact reached the outcome, oldest first; who never did is not in it.

        Args:
            outcome: what the goal is.
            contact_ids: whose.
            since: UTC time after which it counts.
            until: UTC time up to which it counts.

        """
        found: dict[str, list[datetime]] = defaultdict(list)
        own = _within(EVENTS.c.contact_id, outcome, since, until)
        shared = _within(CONTACTS.c.id, outcome, since, until)
        with self._engine.connect() as connection:
            for part in batches(sorted(set(contact_ids))):
                queries = [own.where(EVENTS.c.contact_id.in_(part))]
                if outcome in _OF_ACCOUNTS:
                    of_account = EVENTS.c.account_id == CONTACTS.c.account_id
                    queries.append(
                        shared.where(of_account, EVENTS.c.contact_id.is_(None), CONTACTS.c.id.in_(part))
                    )
                for query in queries:
                    _collect(found, outcome, connection.execute(query).all())
        return {contact_id: sorted(times) for contact_id, times in found.items()}


def _within(who: Any, outcome: Outcome, since: datetime, until: datetime) -> Select[Any]:
    kinds = [kind.value for kind in _KINDS[outcome]]
    return select(who.label("contact_id"), EVENTS.c.at, EVENTS.c.properties).where(
        EVENTS.c.kind.in_(kinds),
        EVENTS.c.is_machine.is_(False),
        EVENTS.c.at > since,
        EVENTS.c.at <= until,
    )


def _collect(found: dict[str, list[datetime]], outcome: Outcome, rows: Sequence[Any]) -> None:
    for contact_id, at, properties in rows:
        if outcome not in _STAGED or (properties or {}).get("to") == outcome.value:
            found[contact_id].append(at)
