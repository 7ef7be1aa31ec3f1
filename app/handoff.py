"""Whom to pass to sales now: learned from what became of this workspace's own MQLs."""

from __future__ import annotations

from datetime import datetime

import numpy as np

from app.leads import SEED, Past, check_window, times
from domain.leads import HandOffList, Lead
from domain.people import DealKind
from learning.handoff import CHANGES, deal_worths, phrase
from learning.likelihood.capacity import expect, pick
from learning.likelihood.model import learn
from learning.likelihood.table import Floats
from learning.likelihood.telling import cannot_tell, tell
from memory.crm.leads import LeadReader
from policies.addresses import is_shared
from policies.rulebook import AddressRules

WINDOW_DAYS = 30
CAPACITY = 20


def whom_to_hand_off(
    reader: LeadReader,
    now: datetime,
    rules: AddressRules,
    *,
    capacity: int = CAPACITY,
    window_days: int = WINDOW_DAYS,
) -> HandOffList:
    """Return the MQLs to pass to sales now, as many as sales can take, or say that nobody can tell.

    Args:
        reader: bulk reads of the CRM.
        now: aware UTC time; nothing later is looked at.
        rules: whose mailboxes belong to no one person; nobody can call those.
        capacity: how many sales can take, at least 1.
        window_days: in which an MQL has to become an SQL or an opportunity to count, 1 to `MOST_WINDOW_DAYS`.

    Raises:
        WrongUsage: the window is no such number.
    """
    check_window(window_days)
    past = Past(reader, now)
    leads = past.leads()
    table, outcomes = leads.cases(past.moments(window_days), window_days)
    learned = learn(table, outcomes, SEED)
    moment = times([now])[0]
    everybody = leads.mqls(moment)
    who = everybody[[not is_shared(past.people[i].email, rules) for i in everybody]]
    asked = {
        "as_of": now,
        "window_days": window_days,
        "capacity": capacity,
        "considered": len(who),
        "shared": len(everybody) - len(who),
        "skill": learned.skill,
        "calibration_error": learned.debiased_error,
    }
    left_out = _left_out(len(everybody) - len(who))
    if learned.model is None:
        short = "" if learned.skill.outcomes else past.too_short(window_days)
        untold = short or cannot_tell(learned.skill, "leads", "MQLs that went on to sales")
        return HandOffList(**asked, text=untold + left_out)
    if not len(who):
        return HandOffList(
            **asked, model=learned.model.name, text=f"There is no MQL to pass on now.{left_out}"
        )
    current = leads.table(who, np.full(len(who), moment), window_days)
    logits = learned.model.logits(current)
    p = learned.model.probabilities(current)
    worths, currency = _worths(past, leads.people.employees[who])
    ids = np.array([past.people[i].id for i in who], dtype=np.str_)
    chosen = pick(p if np.isnan(worths).all() else p * worths, ids, capacity)
    told = tell(learned.model, current, chosen, phrase=phrase, changes=CHANGES, wants_more=True)
    found = []
    for row, likelihood in zip(chosen, told, strict=True):
        person, worth = past.people[who[row]], worths[row]
        place = past.account_of[who[row]]
        found.append(
            Lead(
                contact_id=person.id,
                name=person.name,
                account_id=person.account_id,
                account=past.companies[place].name if place >= 0 else None,
                likelihood=likelihood,
                value_cents=None if np.isnan(worth) else round(worth),
                expected_cents=None if np.isnan(worth) else round(worth * p[row]),
                currency=currency,
            )
        )
    expected = expect(learned.model.draws(logits[chosen], 400, SEED), SEED)
    mean, low, high = expected.precision
    return HandOffList(
        **asked,
        model=learned.model.name,
        leads=tuple(found),
        cut_probability=float(p[chosen].min()),
        expected=expected,
        text=(
            f"Of {len(who):,} MQLs, the {len(chosen):,} worth most to sales now. Expect {expected.mean:.1f} of them "
            f"({expected.low:.0f} to {expected.high:.0f}) to become SQLs within {window_days} days: "
            f"{mean:.0%} ({low:.0%} to {high:.0%}).{left_out}"
        ),
    )


def _left_out(shared: int) -> str:
    if not shared:
        return ""
    return f" Left out: {shared:,} shared {'mailbox' if shared == 1 else 'mailboxes'}, where no one person reads."


def _worths(past: Past, employees: Floats) -> tuple[Floats, str]:
    """What an opportunity at a company of this size brings, cents, and in which currency: that of most deals."""
    counted = [
        deal
        for deal in past.deals
        if deal.kind is DealKind.NEW
        and deal.amount_cents
        and deal.created_at
        and deal.created_at <= past.until
    ]
    currencies = [deal.currency for deal in counted]
    main = max(sorted(set(currencies)), key=currencies.count) if currencies else "USD"
    counted = [deal for deal in counted if deal.currency == main]
    worths = deal_worths(
        np.array([deal.employees or np.nan for deal in counted], dtype=np.float64),
        np.array([deal.amount_cents for deal in counted], dtype=np.float64),
        np.array([deal.is_won for deal in counted], dtype=np.bool_),
        np.array([deal.is_closed for deal in counted], dtype=np.bool_),
        employees,
    )
    return worths, main
