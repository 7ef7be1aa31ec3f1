"""The assistant's tools that find contacts and show what is on record of one; also how a question names people."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Protocol

from pydantic import BeforeValidator, Field, PositiveInt

from domain.assistant import Asker, ToolAnswer
from domain.base import CountryCode
from domain.campaign import EventCondition
from domain.events import EventKind
from domain.people import LifecycleStage
from domain.search import SearchWords
from domain.staff import Act
from tools.toolset import Arguments, Tool

WITHIN_DAYS = 90
"""What somebody did counts for so long, unless a question says otherwise."""

OwnAct = Literal[
    "email_clicked",
    "email_replied",
    "email_forwarded",
    "page_viewed",
    "form_submitted",
    "content_downloaded",
    "webinar_attended",
    "trial_started",
    "product_used",
    "meeting_booked",
    "meeting_held",
    "call_held",
    "ticket_opened",
]
"""What people do of their own accord: `domain.search.OWN_ACTS`, as a schema can say it."""

Page = Field(1, ge=1, le=10_000, description="Which page of a long list; 20 rows each.")
Who = Field(
    min_length=1,
    max_length=200,
    description="Which contact: an id (c-42), an e-mail address, or a name or part of one that fits one only.",
)


class Did(Arguments):
    """Something they did, or did not."""

    event: OwnAct = Field(description="What they did, such as page_viewed or email_replied.")
    topic: str | None = Field(
        None,
        max_length=100,
        description="About what, in the topics of our content and pages, such as pricing; any where left out.",
    )
    within_days: int | None = Field(
        WITHIN_DAYS, ge=1, le=3_650, description="In the last so many days; null for ever."
    )
    at_least: int | None = Field(
        None, ge=1, le=1_000_000, description="So many times at least; 1 where nothing is said."
    )
    at_most: int | None = Field(None, ge=0, le=1_000_000, description="So many times at most; 0 means never.")

    @property
    def condition(self) -> EventCondition:
        """The condition campaigns know."""
        is_open = self.at_least is None and self.at_most is None
        return EventCondition(
            event=EventKind(self.event),
            topic=self.topic,
            within_days=self.within_days,
            at_least=1 if is_open else self.at_least,
            at_most=self.at_most,
        )


DidField = Field((), max_length=5, description="What they did; every one of these must hold.")
Quiet = Field(
    None,
    le=3_650,
    description="Nothing of their own accord for so many days. “Went quiet after the pricing page”: did page_viewed "
    "of topic pricing, and quiet_days 14.",
)
Country = Annotated[
    CountryCode, BeforeValidator(lambda said: said.strip().upper() if isinstance(said, str) else said)
]
"""A country as two letters, in whatever case they were said."""

Countries = Field((), max_length=50, description="Two letters each, such as DE.")
Owners = Field((), max_length=50, description="Who looks after them, by name.")


class ContactFind(Arguments):
    """Which contacts. Everything that is given must hold."""

    words: SearchWords = Field(
        "", description="Words that stand in name, address, job title or company; each must."
    )
    stages: tuple[LifecycleStage, ...] = Field((), description="Lifecycle stages, any of them.")
    countries: tuple[Country, ...] = Countries
    owners: tuple[str, ...] = Owners
    account: str | None = Field(None, max_length=200, description="Only of this company: its id or name.")
    did: tuple[Did, ...] = DidField
    quiet_days: PositiveInt | None = Quiet
    page: int = Page


class ContactShow(Arguments):
    """One contact."""

    who: str = Who


class PeopleDesk(Protocol):
    """What answers them."""

    def contact_find(self, asker: Asker, given: ContactFind) -> ToolAnswer:
        """Find contacts."""
        ...

    def contact_show(self, asker: Asker, given: ContactShow) -> ToolAnswer:
        """Show what is on record of a contact."""
        ...


def people_tools(desk: PeopleDesk) -> tuple[Tool[Any], ...]:
    """The tools, done by a desk."""
    return (
        Tool(
            "contact_find",
            "Find contacts by words, lifecycle stage, country, owner, company, by what they did or did not do, and "
            "by how long they have been quiet. Comes back: how many there are, and a page of them with id, name, job"
            " title, company, country, stage, when they last did something of their own accord, and whether a stop "
            "holds for them. Use it whenever a question asks who; use account_find where it asks which companies, "
            "and lead_list for who is ready for sales.",
            ContactFind,
            Act.READ,
            look=desk.contact_find,
        ),
        Tool(
            "contact_show",
            "What is on record of one contact: who they are, whether they may be written to now and, if not, which "
            "rule says no and what mends it, consents and stops, deals and their part in them, whether they are one "
            "to pass to sales. Every field with the system it is from stands in a table. Use it before anything "
            "about one person; for what happened, use contact_story.",
            ContactShow,
            Act.READ,
            look=desk.contact_show,
        ),
    )
