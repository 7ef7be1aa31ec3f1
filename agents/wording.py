"""How facts are put into words: quotes, labels, days and sums, the same everywhere a person reads them."""

from __future__ import annotations

import re
import unicodedata
from datetime import date

from policies.orders import gives_orders

LONGEST_QUOTE_CHARS = 240

_LABEL = re.compile(r"[a-z0-9]+(?:[ _/&-]+[a-z0-9]+){0,2}", re.IGNORECASE)
_LONGEST_LABEL_CHARS = 32


def clean(words: str) -> str:
    """Return the words on one line, without the characters that hide text from a reader.

    Control characters become spaces; format, private-use and unassigned ones go.
    """
    spaced = "".join(" " if unicodedata.category(c) == "Cc" else c for c in words)
    visible = "".join(c for c in spaced if unicodedata.category(c)[0] != "C")
    return " ".join(visible.split())


def quoted(words: str) -> str:
    """Return words from outside between curly quotes they cannot close, cut at 240 characters."""
    plain = clean(words).replace("“", '"').replace("”", '"')
    if len(plain) > LONGEST_QUOTE_CHARS:
        plain = plain[: LONGEST_QUOTE_CHARS - 1].rstrip() + "…"
    return f"“{plain}”"


def label(words: str | None) -> str | None:
    """Return the words as a label of ours, or None where they are more than three plain words, or an order."""
    plain = clean(words or "")
    if gives_orders(plain):
        return None
    is_label = len(plain) <= _LONGEST_LABEL_CHARS and _LABEL.fullmatch(plain) is not None
    return plain if is_label else None


def sentence(words: str) -> str:
    """Return the words with a full stop, unless they end a sentence already."""
    plain = words.strip()
    return plain if plain.rstrip("”").endswith((".", "!", "?", "…")) else f"{plain}."


def day(moment: date) -> str:
    """Return a date such as `12 Nov 2026`; a time is told by its UTC day."""
    return f"{moment.day} {moment:%b} {moment.year}"


def money(cents: int, currency: str) -> str:
    """Return a sum such as `42,000 USD` or `19.50 EUR`."""
    whole, rest = divmod(cents, 100)
    return f"{whole:,}.{rest:02d} {currency}" if rest else f"{whole:,} {currency}"
