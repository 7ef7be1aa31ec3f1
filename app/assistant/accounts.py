"""Companies, and whom to pass to sales or keep from leaving, for whoever asks the assistant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app.account_view import AccountView, account_view
from app.amounts import money
from app.assistant.meant import account_meant, conditions_meant
from app.assistant.people import CONTACT_COLUMNS, contact_cells, deal_ref, deal_row, deal_table
from app.assistant.words import (
    PAGE_ROWS,
    account_ref,
    columns,
    contact_ref,
    day,
    first_row,
    found_words,
    known,
    label,
    moment,
    page_words,
    paged,
    plain_label,
    record,
    table,
    unique,
)
from app.kept_lists import kept_lists
from app.prospects import NOT_YET
from app.web.words import count, percent
from domain.assistant import AnswerTable, Asker, Cell, RecordKind, ToolAnswer
from domain.leads import AccountRisk, Lead, Likelihood
from domain.search import AccountLine, AccountSearch
from tools.accounts import AccountFind, AccountShow, ChurnList, LeadList

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
        search = AccountSearch(
            words=given.words,
            industries=given.industries,
            countries=given.countries,
            owners=given.owners,
            did=conditions_meant(self._house, given.did),
            quiet_days=given.quiet_days,
        )
        lines, total = self._house.finder.accounts(search, PAGE_ROWS, first_row(given.page))
        return ToolAnswer(
            words=found_words(total, given.page, "account", search.did, search.quiet_days),
            facts=paged("accounts", [_account_row(line, asker) for line in lines], total, given.page),
            tables=(table("Accounts", ACCOUNT_COLUMNS, map(_account_cells, lines), total, given.page),),
            records=unique(account_ref(line.account_id, line.name) for line in lines),
        )

    def account_show(self, asker: Asker, given: AccountShow) -> ToolAnswer:
        """Show one company."""
        view = account_view(self._house, account_meant(self._house, given.account).id)
        name = label(view.account.name)
        people = f"{view.people_total:,} {'person' if view.people_total == 1 else 'people'}"
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
                    *(record(RecordKind.PROPOSAL, one.id) for one in view.waiting),
                )
            ),
        )

    def lead_list(self, asker: Asker, given: LeadList) -> ToolAnswer:
        """List whom to pass to sales."""
        kept = kept_lists(self._house)
        if kept is None:
            return ToolAnswer(words=NOT_YET, facts={"total": 0})
        only = account_meant(self._house, given.account).id if given.account else None
        leads = [
            (place, lead)
            for place, lead in enumerate(kept.hand_off.leads, 1)
            if only is None or lead.account_id == only
        ]
        page = leads[first_row(given.page) : first_row(given.page) + PAGE_ROWS]
        said = f"{page_words(len(leads), given.page, 'lead')} {kept.hand_off.text}"
        return ToolAnswer(
            words=f"{said} Reckoned {moment(kept.made_at, asker)}.",
            facts=paged("leads", [_lead_row(place, lead) for place, lead in page], len(leads), given.page)
            | known(window_days=kept.hand_off.window_days, reckoned=day(kept.made_at, asker)),
            tables=(
                table(
                    "Whom to pass to sales",
                    columns(
                        ("Place", "number"),
                        ("Contact", "record"),
                        ("Company", "record"),
                        ("Likelihood", "share"),
                        "Worth",
                        "Expected",
                        "Reasons",
                    ),
                    (_lead_cells(place, lead) for place, lead in page),
                    len(leads),
                    given.page,
                ),
            ),
            records=unique(contact_ref(lead.contact_id, lead.name) for _, lead in page),
        )

    def churn_list(self, asker: Asker, given: ChurnList) -> ToolAnswer:
        """List customers that may leave."""
        kept = kept_lists(self._house)
        if kept is None:
            return ToolAnswer(words=NOT_YET, facts={"total": 0})
        total = len(kept.churn.accounts)
        page = kept.churn.accounts[first_row(given.page) : first_row(given.page) + PAGE_ROWS]
        return ToolAnswer(
            words=f"{page_words(total, given.page, 'account at risk', 'accounts at risk')} {kept.churn.text} "
            f"Reckoned {moment(kept.made_at, asker)}.",
            facts=paged("accounts", [_risk_row(risk) for risk in page], total, given.page)
            | known(
                window_days=kept.churn.window_days,
                average=percent(kept.churn.average) if kept.churn.average is not None else None,
                reckoned=day(kept.made_at, asker),
            ),
            tables=(
                table(
                    "Accounts at risk",
                    columns(
                        ("Company", "record"),
                        ("Likelihood", "share"),
                        ("Times the average", "number"),
                        "Contract",
                        "Reasons",
                    ),
                    (
                        (
                            account_ref(risk.account_id, risk.name),
                            risk.likelihood.probability,
                            round(risk.lift, 2),
                            money(risk.value_cents, risk.currency),
                            "; ".join(_reasons(risk.likelihood)),
                        )
                        for risk in page
                    ),
                    total,
                    given.page,
                ),
            ),
            records=unique(account_ref(risk.account_id, risk.name) for risk in page),
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
        churn_reasons=_reasons(view.churn.likelihood) if view.churn.likelihood else None,
        hand_off=label(view.hand_off.words, 300),
    )


def _account_tables(view: AccountView) -> tuple[AnswerTable, ...]:
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
                    record(RecordKind.PROPOSAL, one.id),
                    contact_ref(one.contact_id),
                    one.message.subject,
                    one.created_at,
                )
                for one in view.waiting
            ),
        ),
    )


def _reasons(likelihood: Likelihood) -> list[str]:
    return [
        f"{'for' if one.log_odds > 0 else 'against'}: {plain_label(one.text) or label(one.text, 120)}"
        for one in likelihood.reasons[:MOST_REASONS]
    ]


def _lead_row(place: int, lead: Lead) -> dict[str, Any]:
    return known(
        place=place,
        record=contact_ref(lead.contact_id).mark,
        name=label(lead.name, 40),
        account=label(lead.account, 40),
        likelihood=percent(lead.likelihood.probability, 0),
        worth=money(lead.value_cents, lead.currency) if lead.value_cents is not None else None,
        reasons=_reasons(lead.likelihood)[:1],
    )


def _lead_cells(place: int, lead: Lead) -> tuple[Cell, ...]:
    return (
        place,
        contact_ref(lead.contact_id, lead.name),
        account_ref(lead.account_id, lead.account) if lead.account_id else None,
        lead.likelihood.probability,
        money(lead.value_cents, lead.currency),
        money(lead.expected_cents, lead.currency),
        "; ".join(_reasons(lead.likelihood)),
    )


def _risk_row(risk: AccountRisk) -> dict[str, Any]:
    return known(
        record=account_ref(risk.account_id).mark,
        name=label(risk.name, 40),
        likelihood=percent(risk.likelihood.probability, 0),
        times_the_average=round(risk.lift, 1),
        contract=money(risk.value_cents, risk.currency) if risk.value_cents is not None else None,
        reasons=_reasons(risk.likelihood)[:2],
    )
