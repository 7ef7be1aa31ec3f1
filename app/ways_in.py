"""Links that let members in: where they lead, and mailing one to whom it is for, if that is asked for."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from domain.message import Message, Receipt
from domain.staff import Ticket
from policies.rights import INVITATION_FOR

if TYPE_CHECKING:
    from app.settings import Settings
    from app.wiring import House

LOCAL = "http://127.0.0.1:8750"
"""Where `attune serve` answers unless told otherwise."""


def link_to(settings: Settings, token: str, at: str | None = None) -> str:
    """The address of a one-time link.

    Args:
        settings: whose `public_url` counts first.
        token: what the link holds.
        at: where the web app answers, without a path; else this machine at the usual port.
    """
    base = (settings.public_url or at or LOCAL).rstrip("/")
    return f"{base}/sign-in/link/{token}"


async def mail_invitation(house: House, ticket: Ticket, link: str) -> Receipt:
    """Mail an invitation to its address, by the channel messages go out by. It is not a message to a contact.

    Raises:
        ChannelError: it did not go out, or nobody can tell.
    """
    sender = house.sender
    days = INVITATION_FOR.days
    text = (
        f"You are invited to {sender.organisation}'s Attune, as {ticket.role.value}.\n\n{link}\n\n"
        f"The link works once, within {days} days. If you did not expect it, do nothing.\n"
    )
    html = (
        f"<p>You are invited to {escape(sender.organisation)}’s Attune, as {ticket.role.value}.</p>"
        f'<p><a href="{escape(link)}">Join the team</a></p>'
        f"<p>The link works once, within {days} days. If you did not expect it, do nothing.</p>"
    )
    domain = str(sender.from_email).rpartition("@")[2]
    message = Message(
        contact_id="",
        to_address=ticket.email or "",
        from_address=str(sender.from_email),
        from_name=sender.from_name,
        reply_to=str(sender.reply_to) if sender.reply_to else None,
        subject=f"Your invitation to {sender.organisation}'s Attune",
        text=text,
        html=html,
        message_id=f"<{ticket.ticket_id}@{domain}>",
    )
    return await house.channel.send(message)
