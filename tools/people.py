"""The assistant's tools that find contacts and show what is on record of one; also how a question names people."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal, Protocol

from pydantic import BeforeValidator, Field, PositiveInt, model_validator

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

StoppingAct = Literal["email_unsubscribed", "email_complained", "email_bounced"]
"""What stops us writing to them: `domain.search.STOPPING_ACTS`, likewise."""

Page = Field(1, ge=1, le=10_000, description="Which page of a long list; 20 rows each.")
Who = Field(
    min_length=1,
    max_length=200,
    description="Which contact: id (c-42), address, or a name that fits one only.",
)


class Did(Arguments):
    """Something they did, or did not."""

    event: OwnAct | StoppingAct = Field(description="What they did, or what became of an e-mail to them.")
    topic: str | None = Field(
        None,
        max_length=100,
        description="About what, such as pricing.",
    )
    within_days: int | None = Field(
        WITHIN_DAYS, ge=1, le=3_650, description="In the last so many days; null: ever."
    )
    at_least: int | None = Field(None, ge=1, le=1_000_000, description="So many times at least; left out: 1.")
    at_most: int | None = Field(None, ge=0, le=1_000_000, description="At most; 0: never.")

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


Country = Annotated[
    CountryCode, BeforeValidator(lambda said: said.strip().upper() if isinstance(said, str) else said)
]
"""A country as two letters, in whatever case they were said."""

Countries = Field((), max_length=50, description="Two letters each, such as DE.")
Owners = Field((), max_length=50, description="Who looks after them, by name.")


class Finding(Arguments):
    """What lists of contacts and companies share."""

    did: tuple[Did, ...] = Field((), max_length=5, description="What they did; every one of these must hold.")
    since: date | None = Field(
        None, description="What they did counts from this day on (2026-11-01), instead of within_days."
    )
    quiet_days: PositiveInt | None = Field(
        None,
        le=3_650,
        description="Nothing of their own accord for so many days; 14 for “went quiet”.",
    )
    page: int = Page

    @model_validator(mode="after")
    def _since_something(self) -> Finding:
        if self.since and not self.did:
            raise ValueError("since says from when on what they did counts, so it needs did")
        return self


class ContactFind(Finding):
    """Which contacts. Everything that is given must hold."""

    words: SearchWords = Field(
        "", description="Words in name, address, job title or company; each must stand there."
    )
    stages: tuple[LifecycleStage, ...] = Field((), description="Lifecycle stages, any of them.")
    countries: tuple[Country, ...] = Countries
    owners: tuple[str, ...] = Owners
    account: str | None = Field(None, max_length=200, description="Only of this company: its id or name.")


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
            "Find contacts by words, stage, country, owner, company, what they did or did not do, who unsubscribed, "
            "complained or bounced, how long they have been quiet. Brings how many there are, and a page of them. Use "
            "it for who, and for how many people are or did something; account_find for which companies, lead_list for "
            "who is ready for sales, campaign_count for how many a campaign or a draft of one reaches.",
            ContactFind,
            Act.READ,
            look=desk.contact_find,
        ),
        Tool(
            "contact_show",
            "One contact on record: who they are, whether they may be written to now and, if not, by which rule and "
            "what mends it, consents, stops, deals, whether they are one to pass to sales. For what happened use "
            "contact_story.",
            ContactShow,
            Act.READ,
            look=desk.contact_show,
        ),
    )
