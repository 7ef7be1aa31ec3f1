"""The door of `langgraph dev`: a secret every request has to bring, as any page in a browser can reach a local port."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping
from functools import cache

HEADERS = "`Authorization: Bearer …` or `X-Api-Key: …`"


class StudioDoor:
    """One server's. `is_watched` once the server asks it about every request; `made` is a secret nobody had set."""

    def __init__(self, secret: str, made: str = "") -> None:
        self._secret = secret.encode()
        self.made = made
        self.is_watched = False

    def opens_to(self, headers: Mapping[bytes, bytes]) -> bool:
        """Tell whether a request with these headers, by lower-case names, brought the secret."""
        scheme, _, bearer = headers.get(b"authorization", b"").partition(b" ")
        shown = bearer.strip() if scheme.lower() == b"bearer" else headers.get(b"x-api-key", b"")
        return hmac.compare_digest(shown, self._secret)


@cache
def studio_door() -> StudioDoor:
    """Return the door of this process, with the secret ATTUNE_STUDIO_SECRET sets, else a new one."""
    from app.settings import read_settings

    kept = read_settings().studio_secret
    if kept is not None and kept.get_secret_value():
        return StudioDoor(kept.get_secret_value())
    made = secrets.token_urlsafe(24)
    return StudioDoor(made, made)
