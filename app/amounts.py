"""Amounts and counts as a person reads them, on the command line and on pages alike."""

from __future__ import annotations


def money(cents: int | None, currency: str) -> str:
    """An amount as a person reads it: `4,200 USD`, or `–` where none is known."""
    if cents is None:
        return "–"
    whole, rest = divmod(abs(cents), 100)
    sign = "-" if cents < 0 else ""
    return f"{sign}{whole:,}{f'.{rest:02}' if rest else ''} {currency}"


def whole_money(cents: float | None, currency: str) -> str:
    """An amount without cents: they would promise what nobody knows."""
    return money(None if cents is None else round(cents / 100) * 100, currency)


def rounded_up(number: int) -> str:
    """Two significant digits: more would promise what nobody knows."""
    step = 10 ** max(len(str(number)) - 2, 0)
    return f"{-(-number // step) * step:,}"
