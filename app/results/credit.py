"""Revenue credited to messages, by rule and by content: who was there before a purchase, not who brought it about."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
from numpy.typing import NDArray

from app.outcomes import Gathered
from domain.base import Noun
from domain.campaign import Outcome
from domain.people import DealKind
from learning.attribution import Rule, parts_of
from learning.signs import stage_code

DEFAULT = Rule.TIME_DECAY


class CreditLine(Noun):
    """One content's part of what was bought, cents by rule, not rounded: parts of one purchase sum to it.

    touches: messages that were before a purchase.
    """

    asset_id: str
    touches: int
    cents: dict[Rule, float]


class OtherMoney(Noun):
    """Purchases that are in no sum because their money is another, or unknown (`currency` None)."""

    currency: str | None
    deals: int
    cents: int


class Credit(Noun):
    """Won amounts credited to messages of a campaign, in its goal's currency."""

    currency: str
    lines: tuple[CreditLine, ...]
    left_out: tuple[OtherMoney, ...]
    total_cents: int


def credited(gathered: Gathered, of: NDArray[np.bool_] | None = None) -> Credit:
    """Part what was bought among the messages sent in the goal's window before it, by every rule.

    Args:
        gathered: the campaign's decisions and signs.
        of: shape (c,), the contacts whose messages and purchases count. Everyone's if None.

    """
    who = np.ones(len(gathered.contact_ids), dtype=bool) if of is None else of
    signs, decided = gathered.signs, gathered.decided
    code = stage_code(Outcome.RENEWED if gathered.goal.outcome is Outcome.RENEWED else Outcome.WON)
    paid = (signs.code == code) & np.isfinite(signs.amount_cents)
    amounts = signs.amount_cents[paid] * signs.scale[paid]
    sent = np.flatnonzero(decided.sent & who[decided.contact])
    by_rule, touched = {}, np.zeros(len(sent), dtype=bool)
    for rule in Rule:
        parts = parts_of(
            signs.contact[paid],
            signs.at[paid],
            decided.contact[sent],
            decided.at[sent],
            float(gathered.goal.window_days),
            rule,
        )
        by_rule[rule] = parts.credit(amounts, len(sent))
        touched[parts.touch] = True
    assets = [gathered.lines[row].asset_id or "" for row in sent.tolist()]
    sums: dict[str, dict[Rule, float]] = defaultdict(lambda: dict.fromkeys(Rule, 0.0))
    touches: dict[str, int] = defaultdict(int)
    for row in np.flatnonzero(touched).tolist():
        touches[assets[row]] += 1
        for rule, credit in by_rule.items():
            sums[assets[row]][rule] += float(credit[row])
    lines = [
        CreditLine(
            asset_id=asset,
            touches=touches[asset],
            cents={rule: round(credit, 4) for rule, credit in cents.items()},
        )
        for asset, cents in sums.items()
    ]
    return Credit(
        currency=gathered.goal.currency,
        lines=tuple(sorted(lines, key=lambda line: (-line.cents[DEFAULT], line.asset_id))),
        left_out=_left_out(gathered, who),
        total_cents=round(float(by_rule[DEFAULT].sum())),
    )


def _left_out(gathered: Gathered, who: NDArray[np.bool_]) -> tuple[OtherMoney, ...]:
    """Purchases of these contacts' accounts since their first decision whose amount cannot be added."""
    rows = np.flatnonzero(who[gathered.decided.contact])
    if not len(rows):
        return ()
    ours = {account for account, counts in zip(gathered.account_ids, who, strict=True) if account and counts}
    since = gathered.lines[rows[0]].decided_at
    is_renewal = gathered.goal.outcome is Outcome.RENEWED
    found: dict[str | None, list[int]] = defaultdict(list)
    for story in gathered.deals:
        if not story.is_won or story.closed_at is None or story.closed_at < since:
            continue
        if story.account_id not in ours or (story.kind is DealKind.RENEWAL) != is_renewal:
            continue
        if story.amount_cents is None:
            found[None].append(0)
        elif story.currency != gathered.goal.currency:
            found[story.currency].append(story.amount_cents)
    ordered = sorted(found.items(), key=lambda item: item[0] or "~")
    return tuple(
        OtherMoney(currency=currency, deals=len(cents), cents=sum(cents)) for currency, cents in ordered
    )
