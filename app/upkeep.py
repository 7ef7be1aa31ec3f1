"""What a serving process does beside campaigns: reads replies, looks at the domain, lets old things go, reckons."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

from app.kept_lists import reckon_if_old
from app.privacy.retention import prune

if TYPE_CHECKING:
    from app.wiring import House

REPLIES_EVERY = timedelta(minutes=1)
DAILY = timedelta(days=1)
LAST_PRUNED = "upkeep-pruned-at"


async def keep_up(house: House) -> None:
    """Do what is due of it. Every part may be done twice without harm, so two processes may both do it."""
    if house.inbox is not None:
        from app.inbox import fetch_inbox

        await asyncio.to_thread(fetch_inbox, house)
    if house.settings.channel != "mailbox":
        from app.sending_domain import hold_if_broken, last_look, look

        known = last_look(house)
        if known is None or known.checked_at is None or house.clock() - known.checked_at >= DAILY:
            looks, check = await asyncio.to_thread(look, house)
            await asyncio.to_thread(hold_if_broken, house, looks, check)
    await asyncio.to_thread(_count_ahead, house)
    today = {"day": house.clock().date().isoformat()}
    if house.content.get_fact(LAST_PRUNED) != today:
        await prune(house)
        house.content.set_fact(LAST_PRUNED, today)
    await asyncio.to_thread(reckon_if_old, house)


def _count_ahead(house: House) -> None:
    """Have at hand what pages of results wait for: their sums in a large workspace, and what draws charts."""
    from app.results.ahead import count_ahead
    from app.web.charts import warm
    from app.web.results import draw_ahead

    warm()
    if count_ahead(house):
        draw_ahead(house)
