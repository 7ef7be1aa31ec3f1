"""A caller of the web app as the assistant knows them, and how often their programs may ask."""

from __future__ import annotations

import math

from app.web.attempts import Attempts
from app.web.guard import Caller
from domain.assistant import Asker, Door
from domain.errors import AttuneError


class TooFast(AttuneError):
    """One member's programs ask more often than the API lets them."""

    def __init__(self, wait: float) -> None:
        self.wait = math.ceil(wait)
        super().__init__(f"That is too many requests a minute. Go on in {self.wait} seconds.")


def keep_pace(pace: Attempts, caller: Caller) -> None:
    """Count one request of this member. Raises `TooFast`, and then it was not counted."""
    if wait := pace.begin(caller.member.member_id):
        raise TooFast(wait)


def asker_of(caller: Caller, door: Door | None = None) -> Asker:
    """Who asks, with the role they have now and by the way they came: a program, or a page where nothing is said."""
    member = caller.member
    return Asker(
        member_id=member.member_id,
        name=member.name,
        role=member.role,
        door=door or (Door.API if caller.token_id else Door.WEB),
        zone=member.zone,
        token_id=caller.token_id,
        token_name=caller.token_name,
        made_by=caller.made_by,
    )
