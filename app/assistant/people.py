"""Finding contacts and companies for whoever asks the assistant."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from app.assistant.meant import account_meant, topic_meant
from app.assistant.words import (
    PAGE_ROWS,
    account_ref,
    columns,
    contact_ref,
    day,
    first_row,
    known,
    label,
    page_words,
    paged,
    table,
    unique,
)
from app.audience_form import condition_says
from domain.assistant import Asker, Cell, ToolAnswer
from domain.campaign import EventCondition
from domain.search import AccountLine, AccountSearch, ContactLine, ContactSearch
from tools.people import AccountFind, ContactFind, Did

if TYPE_CHECKING:
    from app.wiring import House

CONTACT_COLUMNS = columns(
    ("Contact", "record"),
    "Job title",
    ("Company", "record"),
    "E-mail",
    "Country",
    "Stage",
    "Owner",
    ("Last own act", "moment"),
    "Stopped",
)
ACCOUNT_COLUMNS = columns(
    ("Company", "record"),
    "Industry",
    "Country",
    ("Employees", "number"),
    ("People", "number"),
    ("Customers", "number"),
    ("Open deals", "number"),
    "Owner",
    ("Last own act", "moment"),
)


class Finding:
    """Does the tools that find people and companies."""

    def __init__(self, house: House) -> None:
        self._house = house

    def contact_find(self, asker: Asker, given: ContactFind) -> ToolAnswer:
        """Find contacts."""
        search = ContactSearch(
            words=given.words,
            stages=given.stages,
            countries=given.countries,
            owners=given.owners,
            account_id=account_meant(self._house, given.account).id if given.account else None,
            did=self._conditions(given.did),
            quiet_days=given.quiet_days,
        )
        lines, total = self._house.finder.contacts(search, PAGE_ROWS, first_row(given.page))
        return ToolAnswer(
            words=_found(total, given.page, "contact", search.did, search.quiet_days),
            facts=paged("contacts", [_contact_row(line, asker) for line in lines], total, given.page),
            tables=(table("Contacts", CONTACT_COLUMNS, map(_contact_cells, lines), total, given.page),),
            records=unique(contact_ref(line.contact_id, line.name) for line in lines),
        )

    def account_find(self, asker: Asker, given: AccountFind) -> ToolAnswer:
        """Find companies."""
        search = AccountSearch(
            words=given.words,
            industries=given.industries,
            countries=given.countries,
            owners=given.owners,
            did=self._conditions(given.did),
            quiet_days=given.quiet_days,
        )
        lines, total = self._house.finder.accounts(search, PAGE_ROWS, first_row(given.page))
        return ToolAnswer(
            words=_found(total, given.page, "account", search.did, search.quiet_days),
            facts=paged("accounts", [_account_row(line, asker) for line in lines], total, given.page),
            tables=(table("Accounts", ACCOUNT_COLUMNS, map(_account_cells, lines), total, given.page),),
            records=unique(account_ref(line.account_id, line.name) for line in lines),
        )

    def _conditions(self, did: Sequence[Did]) -> tuple[EventCondition, ...]:
        def of(one: Did) -> EventCondition:
            topic = topic_meant(self._house, one.topic) if one.topic else None
            return one.condition.model_copy(update={"topic": topic})

        return tuple(map(of, did))


def _found(total: int, page: int, noun: str, did: Sequence[EventCondition], quiet_days: int | None) -> str:
    """How many, which of them are shown, and what was asked of their acts: so that a wrong reading is seen."""
    asked = [condition_says(one) for one in did]
    if quiet_days:
        asked.append(f"nothing of their own accord in the last {quiet_days} days")
    said = page_words(total, page, noun)
    return f"{said} Asked: {'; '.join(asked)}." if asked else said


def _contact_row(line: ContactLine, asker: Asker) -> dict[str, object]:
    return known(
        record=contact_ref(line.contact_id).mark,
        name=label(line.name),
        job_title=label(line.job_title),
        account=label(line.account),
        country=line.country,
        stage=line.stage.value,
        last_own_act=day(line.last_act_at, asker) or "never",
        stopped="a stop holds" if line.is_stopped else None,
    )


def _contact_cells(line: ContactLine) -> tuple[Cell, ...]:
    return (
        contact_ref(line.contact_id, line.name),
        line.job_title,
        account_ref(line.account_id, line.account) if line.account_id else line.account,
        line.email,
        line.country,
        line.stage.value,
        line.owner,
        line.last_act_at,
        "stopped" if line.is_stopped else None,
    )


def _account_row(line: AccountLine, asker: Asker) -> dict[str, object]:
    return known(
        record=account_ref(line.account_id).mark,
        name=label(line.name),
        industry=label(line.industry),
        country=line.country,
        people=line.people,
        customers=line.customers,
        open_deals=line.open_deals,
        last_own_act=day(line.last_act_at, asker) or "never",
    )


def _account_cells(line: AccountLine) -> tuple[Cell, ...]:
    return (
        account_ref(line.account_id, line.name),
        line.industry,
        line.country,
        line.employees,
        line.people,
        line.customers,
        line.open_deals,
        line.owner,
        line.last_act_at,
    )
