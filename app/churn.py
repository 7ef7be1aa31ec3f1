"""Which accounts are at elevated risk this week: learned from what became of this workspace's own customers."""

from __future__ import annotations

from datetime import datetime

import numpy as np

from app.leads import RENEWAL_GRACE_DAYS, SEED, Past, check_window, times
from domain.leads import AccountRisk, ChurnList
from learning.churn import CHANGES, phrase
from learning.likelihood.model import learn
from learning.likelihood.telling import cannot_tell, tell
from memory.crm.leads import LeadReader

WINDOW_DAYS = 60
ELEVATED = 1.5
"""Elevated is a likelihood at least so many times that of the average customer, its lower end above the average."""


def who_may_leave(reader: LeadReader, now: datetime, *, window_days: int = WINDOW_DAYS) -> ChurnList:
    """Return the customers at elevated risk, likeliest first, or say that nobody can tell.

    Args:
        reader: bulk reads of the CRM.
        now: aware UTC time; nothing later is looked at.
        window_days: in which a customer has to leave to count, 1 to `MOST_WINDOW_DAYS`.

    Raises:
        WrongUsage: the window is no such number.
    """
    check_window(window_days)
    past = Past(reader, now)
    customers = past.customers()
    settles_days = window_days + RENEWAL_GRACE_DAYS
    table, outcomes = customers.cases(past.moments(settles_days), window_days, settles_days)
    learned = learn(table, outcomes, SEED)
    moment = times([now])[0]
    who = customers.at(moment)
    asked = {
        "as_of": now,
        "window_days": window_days,
        "considered": len(who),
        "skill": learned.skill,
        "calibration_error": learned.debiased_error,
    }
    if learned.model is None:
        # None seen to leave within so long a window is no sign that none left.
        short = "" if learned.skill.outcomes else past.too_short(window_days, RENEWAL_GRACE_DAYS)
        return ChurnList(**asked, text=short or cannot_tell(learned.skill, "accounts", "customers who left"))
    if not len(who):
        return ChurnList(**asked, model=learned.model.name, text="There is no customer to look at now.")
    current = customers.table(who, np.full(len(who), moment), settles_days)
    p = learned.model.probabilities(current)
    average = float(p.mean())
    lowest = np.quantile(learned.model.draws(learned.model.logits(current), 400, SEED), 0.05, axis=0)
    elevated = np.flatnonzero((p >= ELEVATED * average) & (lowest > average))
    ids = customers.companies.ids[who]
    chosen = elevated[np.lexsort((ids[elevated], -p[elevated]))]
    told = tell(learned.model, current, chosen, phrase=phrase, changes=CHANGES, wants_more=False)
    contracts = _contracts(past)
    accounts = []
    for row, likelihood in zip(chosen, told, strict=True):
        company = past.companies[who[row]]
        value_cents, currency = contracts.get(company.id, (None, "USD"))
        accounts.append(
            AccountRisk(
                account_id=company.id,
                name=company.name,
                likelihood=likelihood,
                lift=float(p[row]) / average,
                value_cents=value_cents,
                currency=currency,
            )
        )
    return ChurnList(
        **asked,
        model=learned.model.name,
        average=average,
        accounts=tuple(accounts),
        text=(
            f"{len(accounts):,} of {len(who):,} customers are at elevated risk of leaving within {window_days} days: "
            f"at least {ELEVATED:g} times the average of {average:.1%}."
        ),
    )


def _contracts(past: Past) -> dict[str, tuple[int | None, str]]:
    """By account: amount and currency of the contract won last."""
    won = [deal for deal in past.deals if deal.is_won and deal.account_id and deal.amount_cents]
    won.sort(key=lambda deal: (deal.closes_on is not None, str(deal.closes_on), deal.id))
    return {str(deal.account_id): (deal.amount_cents, deal.currency) for deal in won}
