"""What each role may do: one table. Whatever does not stand in it is not allowed (W-02).

An admin may do everything, so that a team of one can work; that nobody approves their own message at high stakes
(W-03) is a rule about two people, and holds for admins too.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from domain.staff import Act, Role, Session

_EVERYONE = frozenset({Act.SELF, Act.READ, Act.CHAT})

RIGHTS: dict[Role, frozenset[Act]] = {
    Role.MARKETER: _EVERYONE | {Act.CAMPAIGN_WRITE, Act.CONTENT_WRITE},
    Role.REVIEWER: _EVERYONE | {Act.REVIEW, Act.REVIEW_HIGH},
    Role.ADMIN: frozenset(Act),
}


BY_TOKEN = frozenset(Act) - {Act.SELF, Act.ADMIN, Act.REVIEW_HIGH, Act.AUTONOMY, Act.PRIVACY}
"""What a program may do with somebody's API token, where its owner's role allows it.

Never make more ways in, nor what a person has to decide: high stakes, autonomy, a contact's rights.
"""


def may(role: Role, act: Act) -> bool:
    """Tell whether this role may do this."""
    return act in RIGHTS[role]


FIRST_RUN_FOR = timedelta(minutes=30)
"""W-01: how long the link that makes the first admin works."""

SIGN_IN_FOR = timedelta(minutes=30)
INVITATION_FOR = timedelta(days=7)

IDLE_FOR = timedelta(hours=12)
"""A session nobody used for so long has ended: a night's sleep, and the next morning asks anew."""

SESSION_FOR = timedelta(days=7)
"""However busy it is, a session ends after so long."""

PASSWORD_CHARS = 15
"""A password is at least so long: it is the only factor (NIST SP 800-63B-4, 3.1.1.2)."""


def has_ended(session: Session, now: datetime) -> bool:
    """Tell whether a session is too old or was left alone too long."""
    return now - session.seen_at >= IDLE_FOR or now - session.began_at >= SESSION_FOR
