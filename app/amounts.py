"""Amounts and counts as a person reads them, on the command line and on pages alike."""

from __future__ import annotations

from domain.counts import rounded_up

__all__ = ["money", "rounded_up", "whole_money"]


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
