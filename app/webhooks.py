"""Takes what providers post to us: proven first, read second, stored and acted on in one transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.deliver import mark
from domain.delivery import WebhookRequest
from domain.errors import NotFound

if TYPE_CHECKING:
    from app.wiring import House
    from memory.crm.delivery import Taken


def take_webhook(house: House, provider: str, request: WebhookRequest) -> Taken:
    """Take one webhook.

    Raises:
        NotFound: no secret is set for this provider.
        WebhookRefused: it is forged, stale, or uses a token again.
        WebhookUnreadable: it is genuine, but not in the documented shape.
        AddressRefused: what it is proven with could not be fetched just now.

    """
    hook = house.webhooks.get(provider)
    if hook is None:
        raise NotFound("webhook", provider, "Set its secret; see docs/delivery.md.")
    once = hook.verify(request, house.clock())
    taken = house.delivery.take(provider, hook.read(request), once)
    for entry in taken.settled:
        mark(house, entry)
    return taken
