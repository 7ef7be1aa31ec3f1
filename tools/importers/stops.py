"""What a cell of an opt-out, bounce or do-not-contact column says. Whoever may have said no is not written to.

A cell that holds something and is no clear no is a stop: a date is when it began, a word nobody knows is
taken as a refusal and told as a doubt. A wrong stop costs one message; a lost one breaks the law.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from tools.importers import cells, vocabulary

_NOT_STOPPED = frozenset({"subscribed", "optedin", "optin", "notunsubscribed", "notoptedout", "notbounced"})
_STOPPED = frozenset({"donotemail", "donotmail", "dnc", "unsubscribedfromall", "unsubscribedfromallemail"})


@dataclass(frozen=True)
class Stop:
    """Whether a cell stops somebody, None where it is empty; since when; and the doubt, if it was unclear."""

    is_stop: bool | None
    since: datetime | None = None
    doubt: str = ""


def stop(cell: str, dates: cells.DateReader, field: str, treated_as: str) -> Stop:
    """Read a cell of a column whose yes stops a contact.

    Args:
        field: the column as our words call it, for the doubt.
        treated_as: what an unclear cell makes of the contact, such as `opted out`.
    """
    try:
        return Stop(cells.flag(cell))
    except ValueError as error:
        unclear = str(error)
    key = re.sub(r"[^a-z0-9]", "", cell.lower())
    if key in _NOT_STOPPED:
        return Stop(is_stop=False)
    if key in _STOPPED or vocabulary.stop(cell):
        return Stop(is_stop=True)
    try:
        return Stop(is_stop=True, since=dates.moment(cell))
    except ValueError:
        return Stop(is_stop=True, doubt=f"{field}: {unclear}; treated as {treated_as}")
