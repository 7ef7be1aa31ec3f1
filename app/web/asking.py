"""A caller of the web app as the assistant knows them."""

from __future__ import annotations

from app.web.guard import Caller
from domain.assistant import Asker, Door


def asker_of(caller: Caller, door: Door) -> Asker:
    """Who asks, with the role they have now and by the way they came."""
    member = caller.member
    return Asker(
        member_id=member.member_id,
        name=member.name,
        role=member.role,
        door=door,
        zone=member.zone,
        token_id=caller.token_id,
        made_by=caller.made_by,
    )
