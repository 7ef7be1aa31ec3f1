"""Companies, for whoever asks the assistant."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from app.account_view import AccountView, account_view
from app.assistant.leads import reasons_of
from app.assistant.meant import account_meant, among, conditions_meant
from app.assistant.people import (
    CONTACT_COLUMNS,
    MOST_COUNTED,
    contact_cells,
    deal_ref,
    deal_row,
    deal_table,
    order_words,
)
from app.assistant.words import (
    PAGE_ROWS,
    account_ref,
    columns,
    contact_ref,
    day,
    day_begins,
    first_row,
    found_words,
    known,
    label,
    paged,
    record,
    table,
    unique,
)
from app.web.words import count
from domain.assistant import AnswerTable, Asker, Cell, RecordKind, RecordRef, ToolAnswer
from domain.review import Proposal
from domain.search import AccountLine, AccountSearch, Choices
from tools.accounts import AccountFind, AccountShow

if TYPE_CHECKING:
    from app.wiring import House

MOST_PEOPLE, MOST_DEALS, MOST_EVENTS, MOST_REASONS = 10, 4, 5, 3

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


class Accounts:
    """Does the tools of `tools/accounts.py`."""

    def __init__(self, house: House) -> None:
        self._house = house

    def account_find(self, asker: Asker, given: AccountFind) -> ToolAnswer:
        """Find companies."""
        there = self._house.finder.account_choices() if given.industries or given.owners else Choices()
        industries = among(given.industries, there.industries, "industry")
        owners = among(given.owners, there.owners, "owner")
        missed = " ".join(part for part in (industries.missed, owners.missed) if part)
        search = AccountSearch(
            words=given.words,
            industries=industries.values,
            countries=given.countries,
            owners=owners.values,
            did=conditions_meant(self._house, given),
            since=day_begins(given.since, asker),
            quiet_days=given.quiet_days,
        )
        if industries.fits_nothing or owners.fits_nothing:
            return ToolAnswer(words=f"No account. {missed}", facts={"total": 0})
        lines, total = self._house.finder.accounts(
            search, PAGE_ROWS, first_row(given.page), newest_first=not search.words
        )
        by_country = self._house.finder.countries(search) if PAGE_ROWS < total <= MOST_COUNTED else {}
        said = found_words(
            total, given.page, "account", search.did, search.quiet_days, day(search.since, asker)
        )
        return ToolAnswer(
            words=f"{said} {missed}".strip(),
            facts=paged("accounts", [_account_row(line, asker) for line in lines], total, given.page)
            | known(
                by_country=dict(list(by_country.items())[:10]),
                ordered_by=order_words(total, not search.words),
            ),
            tables=(table("Accounts", ACCOUNT_COLUMNS, map(_account_cells, lines), total, given.page),),
            records=unique(account_ref(line.account_id, line.name) for line in lines),
        )

    def account_show(self, asker: Asker, given: AccountShow) -> ToolAnswer:
        """Show one company."""
        view = account_view(self._house, account_meant(self._house, given.account).id)
        name = label(view.account.name)
        people = f"{view.people_total:,} {'person' if view.people_total == 1 else 'people'}"
        names = {one.line.contact_id: one.line.name for one in view.people}
        said = dict.fromkeys((view.hand_off.words, view.churn.words))
        return ToolAnswer(
            words=f"{name}: {people}, {count(len(view.deals), 'deal')}, "
            f"{count(len(view.waiting), 'message')} waiting for a person. {' '.join(said)}",
            facts=_account_facts(view, asker),
            tables=tuple(one for one in _account_tables(view) if one.rows),
            records=unique(
                (
                    account_ref(view.account.id, view.account.name),
                    *(contact_ref(one.line.contact_id, one.line.name) for one in view.people[:MOST_PEOPLE]),
                    *(deal_ref(deal) for deal in view.deals[:MOST_DEALS]),
                    *(proposal_ref(one, names) for one in view.waiting),
                )
            ),
        )


def _account_row(line: AccountLine, asker: Asker) -> dict[str, Any]:
    return known(
        record=account_ref(line.account_id).mark,
        name=label(line.name),
        industry=label(line.industry, 30),
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


def _account_facts(view: AccountView, asker: Asker) -> dict[str, Any]:
    account = view.account
    return known(
        record=account_ref(account.id).mark,
        name=label(account.name),
        industry=label(account.industry, 30),
        country=account.country,
        employees=account.employees,
        owner=label(account.owner),
        people_total=view.people_total,
        people=[
            known(
                record=contact_ref(one.line.contact_id).mark,
                name=label(one.line.name),
                job_title=label(one.line.job_title),
                stage=one.line.stage.value,
                last_own_act=day(one.line.last_act_at, asker),
                stopped="a stop holds" if one.line.is_stopped else None,
                parts=[label(part) for part in one.parts[:2]],
            )
            for one in view.people[:MOST_PEOPLE]
        ],
        deals_total=len(view.deals),
        deals=[deal_row(deal, asker) for deal in view.deals[:MOST_DEALS]],
        own_acts_by_week=list(view.weeks[-8:]),
        last_events=[
            known(on=day(one.at, asker), what=one.title, by_machine=one.is_machine or None)
            for one in view.events[:MOST_EVENTS]
        ],
        waiting=[record(RecordKind.PROPOSAL, one.id).mark for one in view.waiting[:5]],
        churn=label(view.churn.words, 300),
        churn_reasons=reasons_of(view.churn.likelihood) if view.churn.likelihood else None,
        hand_off=label(view.hand_off.words, 300),
    )


def proposal_ref(one: Proposal, names: Mapping[str, str]) -> RecordRef:
    """A proposal as a record: to whom, and its subject."""
    name = label(names.get(one.contact_id) or one.message.to_name, 30) or "somebody"
    return record(RecordKind.PROPOSAL, one.id, f"{name}: {one.message.subject}")


def _account_tables(view: AccountView) -> tuple[AnswerTable, ...]:
    names = {one.line.contact_id: one.line.name for one in view.people}
    return (
        table(
            "People",
            (*CONTACT_COLUMNS, *columns("Parts in deals")),
            ((*contact_cells(one.line), "; ".join(one.parts)) for one in view.people),
            view.people_total,
        ),
        deal_table(view.deals),
        table(
            "What happened lately",
            columns(("When", "moment"), "What", "About", ("Who", "record"), "By a machine"),
            (
                (
                    one.at,
                    one.title,
                    one.about,
                    contact_ref(one.contact_id, one.who) if one.contact_id else None,
                    "yes" if one.is_machine else None,
                )
                for one in view.events
            ),
        ),
        table(
            "On record", columns("Field", "Value", "From"), ((f.name, f.value, f.source) for f in view.facts)
        ),
        table(
            "Waiting for a person",
            columns(("Proposal", "record"), ("Contact", "record"), "Subject", ("Since", "moment")),
            (
                (
                    proposal_ref(one, names),
                    contact_ref(one.contact_id, names.get(one.contact_id) or one.message.to_name),
                    one.message.subject,
                    one.created_at,
                )
                for one in view.waiting
            ),
        ),
    )
