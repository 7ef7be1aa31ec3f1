"""Kinds of buyers: what drives somebody's behaviour. Nobody but the generator sees the kind.

Rates are expected numbers in the 90 days the market tells of.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from evals.market.chance import MOST_DAYS


@dataclass(frozen=True)
class Buyer:
    """One kind of buyer.

    topics: how strongly each topic draws them. sessions: visits to the site, of one topic each.
    clicks: share of our emails they click. newest_days, oldest_days: when they are active.
    """

    name: str
    topics: Mapping[str, float]
    sessions: float
    downloads: float = 0.0
    webinars: float = 0.0
    forms: float = 0.0
    replies: float = 0.0
    trials: float = 0.0
    clicks: float = 0.1
    product_days: float = 4.0
    newest_days: float = 0.0
    oldest_days: float = MOST_DAYS


RESEARCHER = Buyer(
    "researcher",
    {"automation": 4, "reporting": 3, "forecasting": 3, "onboarding": 1},
    sessions=4.0,
    downloads=1.4,
    webinars=0.6,
    forms=0.15,
    replies=0.12,
    trials=0.04,
    clicks=0.18,
)
PRICE_CHECKER = Buyer(
    "price-checker",
    {"pricing": 6, "migration": 2, "reporting": 1},
    sessions=3.5,
    downloads=0.5,
    forms=0.4,
    replies=0.25,
    clicks=0.1,
)
INTEGRATOR = Buyer(
    "integrator",
    {"integrations": 6, "migration": 2, "automation": 1},
    sessions=3.8,
    downloads=0.7,
    webinars=0.5,
    forms=0.4,
    replies=0.25,
    trials=0.22,
)
SECURITY_MINDED = Buyer(
    "security-minded",
    {"security": 6, "compliance": 4},
    sessions=3.0,
    downloads=0.9,
    webinars=0.3,
    forms=0.35,
    replies=0.2,
    clicks=0.06,
)
CHAMPION = Buyer(
    "champion",
    {"onboarding": 4, "automation": 3, "forecasting": 2, "integrations": 2},
    sessions=5.0,
    downloads=1.0,
    webinars=0.8,
    forms=0.6,
    replies=0.8,
    trials=0.45,
    clicks=0.3,
    product_days=12.0,
)
RENEWING = Buyer(
    "renewing-customer",
    {"reporting": 4, "forecasting": 3, "automation": 3},
    sessions=2.0,
    downloads=0.4,
    webinars=0.4,
    forms=0.1,
    replies=0.3,
    product_days=18.0,
)
QUIET = Buyer(
    "quiet",
    {"pricing": 2, "reporting": 2, "automation": 2, "integrations": 2, "security": 1, "migration": 1},
    sessions=1.4,
    downloads=0.2,
    clicks=0.02,
    product_days=1.5,
    newest_days=34.0,
)

BUYERS = {
    buyer.name: buyer
    for buyer in (RESEARCHER, PRICE_CHECKER, INTEGRATOR, SECURITY_MINDED, CHAMPION, RENEWING, QUIET)
}

BY_DEPARTMENT: Mapping[str, Mapping[str, float]] = {
    "Logistics": {"researcher": 4, "champion": 2, "integrator": 1, "price-checker": 1, "quiet": 2},
    "Finance": {"price-checker": 6, "researcher": 2, "quiet": 2},
    "Procurement": {"price-checker": 5, "security-minded": 1, "researcher": 1, "quiet": 2},
    "IT": {"integrator": 6, "security-minded": 3, "quiet": 2},
    "Compliance": {"security-minded": 7, "researcher": 1, "quiet": 2},
    "Customer service": {"researcher": 4, "champion": 2, "quiet": 3},
    "Management": {"researcher": 3, "price-checker": 3, "quiet": 4},
}
"""How likely each kind is in a department."""
