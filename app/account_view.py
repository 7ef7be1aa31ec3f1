"""One company as a person looks at it: its people and their parts, engagement, deals, what may come, what waits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.contact_view import Fact, sources_of
from app.kept_lists import KeptLists, kept_lists
from app.prospects import NOT_YET, Prospect, churn_of
from app.story_words import EVENT_WORDS
from domain.base import Noun, UtcDatetime
from domain.events import Event
from domain.leads import Lead
from domain.people import Account, Deal
from domain.review import Proposal
from domain.search import ContactLine, ContactSearch

if TYPE_CHECKING:
    from app.wiring import House

MOST_PEOPLE = 100
WEEKS = 26


class AccountPerson(Noun):
    """One contact of the company, and the parts they play: `champion in Renewal 2026`."""

    line: ContactLine
    parts: tuple[str, ...] = ()


class AccountEvent(Noun):
    """One thing that happened there, in words, and by whom."""

    at: UtcDatetime
    title: str
    about: str = ""
    contact_id: str | None = None
    who: str = ""
    is_machine: bool = False


class ReadyPerson(Noun):
    """One of its people who is on the hand-off list: their place, and why."""

    place: int
    lead: Lead


class AccountView(Noun):
    """Everything an account's page shows. `weeks` are acts of its people in each of the last 26, the oldest first.

    `hand_off` says in words how far its people are on the list of leads; `ready` are those who are on it.
    """

    account: Account
    facts: tuple[Fact, ...]
    people: tuple[AccountPerson, ...]
    people_total: int
    weeks: tuple[int, ...]
    events: tuple[AccountEvent, ...]
    deals: tuple[Deal, ...]
    waiting: tuple[Proposal, ...]
    churn: Prospect
    hand_off: Prospect
    ready: tuple[ReadyPerson, ...] = ()


def account_view(house: House, account_id: str) -> AccountView:
    """Return everything an account's page shows. Raises `NotFound`."""
    account, reader = house.crm.account(account_id), house.account_reader
    lines, total = house.finder.contacts(ContactSearch(account_id=account_id), limit=MOST_PEOPLE)
    deals = house.crm.deals(account_id, limit=100)
    deal_names = {deal.id: deal.name for deal in deals}
    parts: dict[str, list[str]] = {}
    for role in reader.roles(account_id):
        said = f"{role.kind.value.replace('_', ' ')} in {deal_names.get(role.deal_id, role.deal_id)}"
        parts.setdefault(role.contact_id, []).append(said)
    names = {line.contact_id: line.name for line in lines}
    kept = kept_lists(house)
    customers = sum(line.stage.value == "customer" for line in lines)
    ready = [
        ReadyPerson(place=place, lead=lead)
        for place, lead in enumerate(kept.hand_off.leads if kept else (), 1)
        if lead.account_id == account_id
    ]
    return AccountView(
        account=account,
        facts=tuple(_facts(account)),
        people=tuple(AccountPerson(line=line, parts=tuple(parts.get(line.contact_id, ()))) for line in lines),
        people_total=total,
        weeks=reader.weeks(account_id, house.clock(), WEEKS),
        events=tuple(_told(event, names) for event in reader.events(account_id)),
        deals=deals,
        waiting=reader.waiting(account_id),
        churn=churn_of(account_id, customers, kept, reader.have_all_objected(account_id)),
        hand_off=_readiness(lines, ready, kept),
        ready=tuple(ready),
    )


def _readiness(lines: tuple[ContactLine, ...], ready: list[ReadyPerson], kept: KeptLists | None) -> Prospect:
    if kept is None:
        return Prospect(words=NOT_YET)
    found, text = len(kept.hand_off.leads), kept.hand_off.text
    mqls = sum(line.stage.value == "mql" for line in lines)
    if ready:
        first = ready[0]
        return Prospect(
            words=f"{len(ready)} of its people {'is' if len(ready) == 1 else 'are'} on the list of leads; "
            f"{first.lead.name} comes first, as number {first.place}.",
            is_striking=True,
        )
    if not mqls:
        return Prospect(words="Hand-off looks at MQLs, and nobody here is one.")
    who = f"{mqls} MQL{'s' if mqls > 1 else ''} here"
    return Prospect(words=f"{who}, not among the {found} worth most to sales now." if found else text)


def _facts(account: Account) -> list[Fact]:
    source = sources_of(account.external_ids)
    place = ", ".join(part for part in (account.city, account.region, account.country) if part)
    told = {
        "Domain": account.domain,
        "Industry": account.industry,
        "Employees": f"{account.employees:,}" if account.employees else None,
        "Place": place or None,
        "Owner": account.owner,
        **account.attributes,
    }
    return [Fact(name=name, value=value, source=source) for name, value in told.items() if value]


def _told(event: Event, names: dict[str, str]) -> AccountEvent:
    return AccountEvent(
        at=event.at,
        title=EVENT_WORDS[event.kind],
        about=event.subject or event.topic or "",
        contact_id=event.contact_id,
        who=names.get(event.contact_id or "", ""),
        is_machine=event.is_machine,
    )
