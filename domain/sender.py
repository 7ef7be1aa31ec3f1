"""Who writes: the team's own name, address and voice, set once per workspace."""

from __future__ import annotations

from pydantic import EmailStr, HttpUrl

from domain.base import Noun


class SenderProfile(Noun):
    """Everything in a message that identifies the sender. Code fills these in, never a model."""

    organisation: str
    from_name: str
    from_email: EmailStr
    reply_to: EmailStr | None = None
    postal_address: str
    website: HttpUrl
    unsubscribe_url: HttpUrl
    link_hosts: tuple[str, ...] = ()
    sign_off: str = "Best regards"
    brand_voice: str = "Plain, specific, brief. No hype, no exclamation marks."
    product_summary: str = ""
