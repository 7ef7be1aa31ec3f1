"""The people who work with Attune: members of the team, and what lets them in.

A member is never a contact. Nothing here holds a secret: of tokens, links and sessions only hashes are kept, and
those stay in the store.
"""

from __future__ import annotations

import re
from datetime import datetime
from enum import StrEnum

from domain.base import Noun, UtcDatetime

_ADDRESS = re.compile(r"[^@\s<>,;\"]{1,64}@[^@\s<>,;\".]+(\.[^@\s<>,;\".]+)+")


def folded_email(email: str) -> str:
    """An address in the one form members are known by."""
    return email.strip().lower()


def is_address(email: str) -> bool:
    """Tell whether this looks like somebody's e-mail address."""
    return len(email) <= 254 and _ADDRESS.fullmatch(email) is not None


class Role(StrEnum):
    """What a member is here for; what each may do stands in `policies/rights.py`."""

    MARKETER = "marketer"
    REVIEWER = "reviewer"
    ADMIN = "admin"


class Act(StrEnum):
    """A kind of thing a member does; every route and every tool names the one it needs."""

    SELF = "look after one's own account"
    READ = "look at everything"
    CHAT = "talk with the assistant"
    CAMPAIGN_WRITE = "make, change, run, pause and stop campaigns"
    CONTENT_WRITE = "change content and claims"
    REVIEW = "decide about proposals"
    REVIEW_HIGH = "decide about proposals at high stakes"
    PRIVACY = "export, erase and object for a contact"
    AUTONOMY = "widen or narrow autonomy"
    ADMIN = "manage the team"


class Member(Noun):
    """One person of the team. `zone` is the IANA name of the zone times are shown in."""

    member_id: str
    email: str
    name: str
    role: Role
    zone: str = "UTC"
    has_password: bool = False
    joined_at: UtcDatetime
    seen_at: UtcDatetime | None = None
    left_at: UtcDatetime | None = None

    @property
    def is_active(self) -> bool:
        """Tell whether this person may come in."""
        return self.left_at is None


class TicketKind(StrEnum):
    """What a one-time link is good for."""

    FIRST_RUN = "first_run"
    SIGN_IN = "sign_in"
    INVITATION = "invitation"


class Ticket(Noun):
    """A link that works once, until `expires_at`."""

    ticket_id: str
    kind: TicketKind
    email: str | None = None
    role: Role
    member_id: str | None = None
    made_by: str | None = None
    made_at: UtcDatetime
    expires_at: UtcDatetime
    used_at: UtcDatetime | None = None
    withdrawn_at: UtcDatetime | None = None

    def is_good(self, now: datetime) -> bool:
        """Tell whether it still opens the door."""
        return self.used_at is None and self.withdrawn_at is None and now < self.expires_at


class Identity(Noun):
    """Who an identity provider says somebody is; its `subject` stays the same when an address changes hands."""

    subject: str
    email: str
    name: str = ""


class SignInTry(Noun):
    """One try to sign in by an identity provider: where the browser goes, and what must come back."""

    url: str
    state: str
    nonce: str
    verifier: str


class Session(Noun):
    """One browser somebody is signed in with. `session_id` is the hash of what its cookie holds.

    `made_by` is the other member whose one-time link or invitation it began by: they may be who sits there.
    """

    session_id: str
    member_id: str
    way: str
    made_by: str | None = None
    browser: str = ""
    began_at: UtcDatetime
    seen_at: UtcDatetime


class ApiToken(Noun):
    """What a program signs in with, as its owner and with its owner's role."""

    token_id: str
    member_id: str
    name: str
    made_at: UtcDatetime
    expires_at: UtcDatetime | None = None
    used_at: UtcDatetime | None = None
    revoked_at: UtcDatetime | None = None

    def is_good(self, now: datetime) -> bool:
        """Tell whether it still opens the door."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)
