"""Whom to pass to sales, and which customers may leave, for whoever asks the assistant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app.amounts import money, whole_money
from app.assistant.meant import account_meant
from app.assistant.words import (
    PAGE_ROWS,
    account_ref,
    columns,
    contact_ref,
    day,
    first_row,
    known,
    label,
    moment,
    page_words,
    paged,
    plain_label,
    table,
    unique,
)
from app.kept_lists import kept_lists
from app.prospects import NOT_YET
from app.web.words import percent
from domain.assistant import Asker, Cell, ToolAnswer
from domain.leads import AccountRisk, Lead, Likelihood
from tools.leads import ChurnList, LeadList

if TYPE_CHECKING:
    from app.wiring import House

MOST_REASONS = 3


class Leads:
    """Does the tools of `tools/leads.py`."""

    def __init__(self, house: House) -> None:
        self._house = house

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
        said = kept.hand_off.text
        if kept.hand_off.skill.has_skill:
            said = f"{page_words(len(leads), given.page, 'lead')} {said}"
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
        said = kept.churn.text
        if kept.churn.skill.has_skill:
            said = f"{page_words(total, given.page, 'account at risk', 'accounts at risk')} {said}"
        page = kept.churn.accounts[first_row(given.page) : first_row(given.page) + PAGE_ROWS]
        return ToolAnswer(
            words=f"{said} Reckoned {moment(kept.made_at, asker)}.",
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
                            "; ".join(reasons_of(risk.likelihood)),
                        )
                        for risk in page
                    ),
                    total,
                    given.page,
                ),
            ),
            records=unique(account_ref(risk.account_id, risk.name) for risk in page),
        )


def reasons_of(likelihood: Likelihood) -> list[str]:
    """The strongest reasons for and against, one a line."""
    return [
        f"{'for' if one.log_odds > 0 else 'against'}: {_reason(one.text)}"
        for one in likelihood.reasons[:MOST_REASONS]
    ]


def _reason(text: str) -> str:
    """A reason in our words; what a stranger typed into a field (`Industry: …`) only where it reads as a label."""
    name, colon, value = text.partition(": ")
    return f"{name}: {plain_label(value) or 'as on record'}" if colon else label(text, 120) or ""


def _lead_row(place: int, lead: Lead) -> dict[str, Any]:
    return known(
        place=place,
        record=contact_ref(lead.contact_id).mark,
        name=label(lead.name, 40),
        account=label(lead.account, 40),
        likelihood=percent(lead.likelihood.probability, 0),
        worth=money(lead.value_cents, lead.currency) if lead.value_cents is not None else None,
        reasons=reasons_of(lead.likelihood)[:1],
    )


def _lead_cells(place: int, lead: Lead) -> tuple[Cell, ...]:
    return (
        place,
        contact_ref(lead.contact_id, lead.name),
        account_ref(lead.account_id, lead.account) if lead.account_id else None,
        lead.likelihood.probability,
        whole_money(lead.value_cents, lead.currency),
        whole_money(lead.expected_cents, lead.currency),
        "; ".join(reasons_of(lead.likelihood)),
    )


def _risk_row(risk: AccountRisk) -> dict[str, Any]:
    return known(
        record=account_ref(risk.account_id).mark,
        name=label(risk.name, 40),
        likelihood=percent(risk.likelihood.probability, 0),
        times_the_average=round(risk.lift, 1),
        contract=money(risk.value_cents, risk.currency) if risk.value_cents is not None else None,
        reasons=reasons_of(risk.likelihood)[:2],
    )
