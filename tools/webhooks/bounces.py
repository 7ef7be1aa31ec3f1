"""How final a bounce is, from what the receiving server said.

Sources: RFC 3463 (enhanced status codes), RFC 5321 section 4.2.
"""

from __future__ import annotations

import re

from domain.delivery import BounceClass

_STATUS = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")
_REPLY = re.compile(r"(?:^|[\s;])([45]\d\d)[\s-]")
_BLOCKED = re.compile(
    r"spam|block(?:ed|list)|black ?list|reputation|dmarc|policy|refused by|banned|abuse|spf|dkim|virus|content rejected"
)
_FULL = re.compile(r"full|quota|over ?storage|too large|size limit|temporar|try again|grey ?list|timed? ?out")
_NOBODY = re.compile(
    r"(?:user|recipient|mailbox|account|address).{0,40}"
    r"(?:unknown|not (?:exist|found)|does ?n.?t exist|invalid|disabled|no longer)"
    r"|unknown (?:user|recipient)|no such (?:user|recipient|mailbox|person)|does not exist|invalid recipient"
)
_HARD_STATUS = {("1", "1"), ("1", "2"), ("1", "3"), ("1", "6"), ("1", "10"), ("2", "1")}
_SOFT_SUBJECTS = {"2", "3", "4"}


def bounce_class(said: str, is_permanent: bool) -> BounceClass:
    """Return the class of a bounce.

    Args:
        said: the receiving server's words, with its codes where it gave some.
        is_permanent: what the provider thinks; decides where the words tell nothing.

    """
    text = said.lower()
    status = _STATUS.search(text)
    if status:
        major, subject, detail = status.groups()
        if major != "5":
            return BounceClass.SOFT
        if (subject, detail) in _HARD_STATUS:
            return BounceClass.HARD
        if subject in {"6", "7"}:
            return BounceClass.HARD if _NOBODY.search(text) else BounceClass.BLOCK
        if subject in _SOFT_SUBJECTS:
            return BounceClass.SOFT
    if _NOBODY.search(text):
        return BounceClass.HARD
    if _BLOCKED.search(text):
        return BounceClass.BLOCK
    reply = _REPLY.search(text)
    if _FULL.search(text) or (reply and reply[1].startswith("4")):
        return BounceClass.SOFT
    return BounceClass.HARD if is_permanent else BounceClass.SOFT
