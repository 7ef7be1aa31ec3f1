"""What one outcome is worth, as people say it in a sentence: `worth 400 USD each`, `at €1.5k a piece`. Pure."""

from __future__ import annotations

import re
from typing import Any

_WORTH = re.compile(
    r"[,;]?\s*(?:(?:each |one |a \w+ )?(?:is )?worth|at) (?:(?P<sign>[$€£]) "
    r"?)?(?P<many>\d[\d,.]{0,9})(?P<k>k)?(?: ?(?P<unit>USD|EUR|GBP|dollars?|euros?|"
    r"pounds?))?(?: (?:each|apiece|a piece|per \w+))?",
    re.IGNORECASE,
)
_CURRENCIES = {"$": "USD", "€": "EUR", "£": "GBP", "dollar": "USD", "euro": "EUR", "pound": "GBP"}


def worth_in(said: str) -> tuple[str, dict[str, Any]]:
    """The words without it, and `worth_cents` with `currency` (USD where none is said); empty where nothing is."""
    found = next((one for one in _WORTH.finditer(said) if _is_money(one)), None)
    if found is None:
        return said, {}
    many = re.sub(r"[,.](?=\d{3}\b)", "", found["many"].rstrip(".,")).replace(",", ".")
    cents = round(float(many) * 100 * (1_000 if found["k"] else 1)) if many.count(".") < 2 else 0
    unit = (found["sign"] or found["unit"] or "USD").removesuffix("s")
    goal = {"worth_cents": cents, "currency": _CURRENCIES.get(unit.lower(), unit.upper())}
    return said[: found.start()] + said[found.end() :], goal


def _is_money(found: re.Match[str]) -> bool:
    """`at 3 companies` names no worth; `at 400 USD` and `worth 400` do."""
    return bool(found["sign"] or found["unit"] or "worth" in found[0].lower())
