"""Questions for lists of contacts and companies, by conditions in any order."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from agents.understudy.talk_acts import speaks_of_opens
from agents.understudy.talk_conditions import JOBS, Sought, understood
from agents.understudy.talk_question import Question, Reading, one
from agents.understudy.talk_words import calendar_in, days_in

_ABOUT_ACCOUNTS = re.compile(
    r"\b(?:accounts?|compan(?:y|ies)|firms?|organi[sz]ations?|businesses)\b", re.IGNORECASE
)
_ABOUT_PEOPLE = re.compile(
    r"\b(?:contacts?|people|persons?|who|somebody|anybody|anyone|someone|everyone|users?|folks|prospects)\b",
    re.IGNORECASE,
)
_ASKS_WHO = re.compile(
    r"(?:who|which|what|find|list|show|get|give|how many|people|contacts|accounts|companies)\b", re.IGNORECASE
)
NO_OPENS = (
    "I list people by what they do of their own accord, and an opened e-mail is not counted among it: mail programs "
    "open messages by themselves. Ask who clicked or replied instead, such as “who clicked this week?”."
)


def find(asked: Question, today: date) -> Reading:
    """Contacts or companies by conditions."""
    said = asked.said
    if speaks_of_opens(said) and _ASKS_WHO.match(said):
        return NO_OPENS
    is_accounts = bool(_ABOUT_ACCOUNTS.search(said)) and not re.match(r"^who\b", said, re.IGNORECASE)
    since, sought = _sought(asked, said, is_accounts, today)
    if sought is None:
        return None
    is_people = bool(_ABOUT_PEOPLE.search(said)) or bool(sought.stages) or bool(JOBS.search(said))
    is_people = is_people or bool(re.match(r"(?:find|search for|look for|look up) ", said, re.IGNORECASE))
    if not is_accounts and not is_people:
        return None
    is_plain_list = not sought.asks_something
    if is_plain_list and not re.fullmatch(
        r"(?:show|list|find|get|give)(?: me)?(?: all| our| the)* (?:accounts|companies|contacts|"
        r"people)|how many (?:accounts|companies|contacts|people)(?: do we have| are there)?",
        said,
        re.IGNORECASE,
    ):
        return None
    return _calls(sought, is_accounts, since)


def _sought(asked: Question, said: str, is_accounts: bool, today: date) -> tuple[date | None, Sought | None]:
    """The conditions, and the day from which on all that was done counts: “this month” begins with its first.

    None for the day where another span stands beside it, or nothing that was done: then it is so many days.
    """
    since, rest = calendar_in(said, today)
    if since is not None and days_in(rest)[0] is None:
        sought = understood(asked, rest, is_accounts)
        if sought is not None and sought.did and not sought.quiet_days:
            return since, sought
    return None, understood(asked, said, is_accounts)


def _calls(sought: Sought, is_accounts: bool, since: date | None) -> Reading:
    shared: dict[str, Any] = {
        "words": " ".join(sought.words),
        "countries": list(sought.countries),
        "owners": list(sought.owners),
        "did": sought.did,
        "since": None if since is None else since.isoformat(),
        "quiet_days": sought.quiet_days,
    }
    if is_accounts and not sought.stages:
        return one("account_find", **shared, industries=list(sought.industries))
    if sought.industries:
        return (
            "I cannot narrow people down by industry. Ask for the companies first, such as “which "
            "companies in logistics "
            "went quiet”, and then for the people there."
        )
    return one("contact_find", **shared, stages=list(sought.stages), account=sought.account)
