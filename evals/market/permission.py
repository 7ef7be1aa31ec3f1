"""What the people of the sample market allowed: consents as they are found in real lists, gaps included."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Any

from domain.people import ConsentBasis, ConsentGround, SuppressionReason
from evals.market.chance import pick, read

_EU = {"express": 66.0, "soft_opt_in": 8.0, "legitimate_interest": 5.0, "none": 21.0}
_HABITS: dict[str, dict[str, float]] = {
    "US": {"express": 50, "none": 50},
    "GB": {"legitimate_interest": 52, "express": 28, "soft_opt_in": 10, "none": 10},
    "DE": {"express": 52, "soft_opt_in": 6, "legitimate_interest": 10, "none": 32},
    "CA": {"express": 48, "implied": 40, "none": 12},
    "AU": {"express": 52, "implied": 36, "none": 12},
    "BR": {"legitimate_interest": 50, "express": 36, "none": 14},
    "SG": {"express": 72, "none": 28},
    "JP": {"express": 72, "none": 28},
}
_SOURCES = {
    "soft_opt_in": "Order on www.kestrelyard.example, opt-out offered",
    "legitimate_interest": "Legitimate interest assessment LIA-7",
    "implied": "Inquiry by form",
}
_SALE = {
    "consent_ground": ConsentGround.PURCHASE,
    "consent_ground_ref": "order on www.kestrelyard.example",
    "consent_goods": "automation, compliance, forecasting, integrations, migration, onboarding, pricing, "
    "reporting, security",
    "consent_opt_out_offered": True,
}
"""What was bought is the whole product, so everything about it is like it."""

_LOST_WORDING_SHARE = 0.04
_STOPS = {
    SuppressionReason.UNSUBSCRIBED: 0.045,
    SuppressionReason.HARD_BOUNCE: 0.03,
    SuppressionReason.COMPLAINT: 0.005,
    SuppressionReason.OBJECTION: 0.003,
}


def permission(rng: random.Random, country: str, now: datetime, known_days: float) -> dict[str, Any]:
    """Return the consent, opt-out and bounce fields of one contact row.

    Args:
        rng: the contact's draws.
        country: decides which basis is common.
        now: aware time.
        known_days: since when the contact is on record; nothing was allowed before.

    """
    fields: dict[str, Any] = {"is_opted_out": False, "is_bounced": False}
    basis = pick(rng, _HABITS.get(country, _EU))
    if basis != "none":
        fields |= _consent(rng, ConsentBasis(basis), now, known_days)
    stop = _stop(rng)
    since = now - timedelta(days=rng.uniform(3, 80))
    if stop is SuppressionReason.HARD_BOUNCE:
        fields |= {"is_bounced": True, "bounced_at": since}
    elif stop is not None:
        fields |= {"is_opted_out": True, "opted_out_at": since, "suppression_reason": stop}
    return fields


def _consent(rng: random.Random, basis: ConsentBasis, now: datetime, known_days: float) -> dict[str, Any]:
    # Consent implied by an inquiry lapses; some of it must have, and some not.
    days = rng.uniform(10, min(known_days, 260 if basis is ConsentBasis.IMPLIED else 700))
    fields: dict[str, Any] = {"consent_basis": basis, "consent_at": now - timedelta(days=days)}
    if basis is ConsentBasis.SOFT_OPT_IN:
        fields |= _SALE
    if basis is not ConsentBasis.EXPRESS:
        return {**fields, "consent_source": _SOURCES[basis.value]}
    form = rng.choice(read("voices")["consents"])
    wording = None if rng.random() < _LOST_WORDING_SHARE else form["wording"]
    return {**fields, "consent_source": form["source"], "consent_wording": wording}


def _stop(rng: random.Random) -> SuppressionReason | None:
    drawn = rng.random()
    for reason, share in _STOPS.items():
        if drawn < share:
            return reason
        drawn -= share
    return None
