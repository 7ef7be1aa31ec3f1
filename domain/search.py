"""Looking for people and companies: what may be asked, as data, for pages, the command line and the chat alike."""

from __future__ import annotations

from typing import Annotated

from pydantic import NonNegativeInt, PositiveInt, StringConstraints

from domain.base import CountryCode, Noun, UtcDatetime
from domain.campaign import EventCondition
from domain.events import EventKind
from domain.people import LifecycleStage

OWN_ACTS = (
    EventKind.EMAIL_CLICKED,
    EventKind.EMAIL_REPLIED,
    EventKind.EMAIL_FORWARDED,
    EventKind.PAGE_VIEWED,
    EventKind.FORM_SUBMITTED,
    EventKind.CONTENT_DOWNLOADED,
    EventKind.WEBINAR_ATTENDED,
    EventKind.TRIAL_STARTED,
    EventKind.PRODUCT_USED,
    EventKind.MEETING_BOOKED,
    EventKind.MEETING_HELD,
    EventKind.CALL_HELD,
    EventKind.TICKET_OPENED,
)
"""What people do of their own accord. Opens are left out: most are machines'."""

STOPPING_ACTS = (EventKind.EMAIL_UNSUBSCRIBED, EventKind.EMAIL_COMPLAINED, EventKind.EMAIL_BOUNCED)
"""What stops us writing to somebody: people are found by it too, but nobody is the less quiet for it."""

SearchWords = Annotated[str, StringConstraints(max_length=200, strip_whitespace=True)]


class ContactSearch(Noun):
    """Who is looked for; every part that is given must hold.

    `words`: each must stand somewhere in name, address, job title or company, in whatever letters and with or
    without accents. `did` are the conditions campaigns know: so many events of a kind, of a topic, in so many days.
    `since`: what they did counts from then on.
    `quiet_days`: nothing of `OWN_ACTS` for so long. "Went quiet after the pricing page" is
    `did=(page_viewed, topic pricing, within 90 days, at least 1)` and `quiet_days=14`.
    """

    words: SearchWords = ""
    stages: tuple[LifecycleStage, ...] = ()
    countries: tuple[CountryCode, ...] = ()
    owners: tuple[str, ...] = ()
    account_id: str | None = None
    did: tuple[EventCondition, ...] = ()
    since: UtcDatetime | None = None
    quiet_days: PositiveInt | None = None


class AccountSearch(Noun):
    """Which companies are looked for, as in `ContactSearch`; what their people did counts as theirs."""

    words: SearchWords = ""
    industries: tuple[str, ...] = ()
    countries: tuple[CountryCode, ...] = ()
    owners: tuple[str, ...] = ()
    did: tuple[EventCondition, ...] = ()
    since: UtcDatetime | None = None
    quiet_days: PositiveInt | None = None


class ContactLine(Noun):
    """One contact in a list. `is_stopped`: a suppression of theirs, or of their address, holds for every message."""

    contact_id: str
    name: str
    job_title: str | None = None
    email: str | None = None
    account_id: str | None = None
    account: str | None = None
    country: str | None = None
    stage: LifecycleStage
    owner: str | None = None
    last_act_at: UtcDatetime | None = None
    is_stopped: bool = False


class AccountLine(Noun):
    """One company in a list."""

    account_id: str
    name: str
    domain: str | None = None
    industry: str | None = None
    country: str | None = None
    employees: int | None = None
    owner: str | None = None
    people: NonNegativeInt = 0
    customers: NonNegativeInt = 0
    open_deals: NonNegativeInt = 0
    last_act_at: UtcDatetime | None = None


class Choices(Noun):
    """What a list can be narrowed to, each in order."""

    countries: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()
    industries: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
