"""E-mails that other tools sent before or beside us, as far as a source told which content they were about."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Engine, select

from memory.crm.standing import sent_by_others
from memory.crm.statements import CONTACTS, EVENTS


class PastEmail(NamedTuple):
    """One e-mail of another tool, with where its reader lives."""

    id: str
    contact_id: str
    account_id: str | None
    asset_id: str
    at: datetime
    time_zone: str | None
    country: str | None


class PastEmailReader:
    """Reads past e-mails in bulk."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def sent(
        self, asset_ids: Collection[str], until: datetime, since: datetime | None = None, limit: int = 20_000
    ) -> list[PastEmail]:
        """Return the newest e-mails about these assets, oldest first; never one of our own.

        Args:
            asset_ids: which content.
            until: UTC; nothing sent later.
            since: UTC; nothing sent earlier.
            limit: most e-mails returned.
        """
        query = (
            select(
                EVENTS.c.id,
                EVENTS.c.contact_id,
                CONTACTS.c.account_id,
                EVENTS.c.asset_id,
                EVENTS.c.at,
                CONTACTS.c.time_zone,
                CONTACTS.c.country,
            )
            .join(CONTACTS, CONTACTS.c.id == EVENTS.c.contact_id)
            .where(
                sent_by_others(),
                EVENTS.c.is_machine.is_(False),
                EVENTS.c.asset_id.in_(sorted(asset_ids)),
                EVENTS.c.at <= until,
            )
            .order_by(EVENTS.c.at.desc(), EVENTS.c.id.desc())
            .limit(limit)
        )
        if since is not None:
            query = query.where(EVENTS.c.at >= since)
        with self._engine.connect() as connection:
            return [PastEmail._make(row) for row in connection.execute(query)][::-1]
