"""Counts as a person reads them, for words said below `app/` too."""

from __future__ import annotations


def rounded_up(number: int) -> str:
    """Two significant digits: more would promise what nobody knows."""
    step = 10 ** max(len(str(number)) - 2, 0)
    return f"{-(-number // step) * step:,}"
