"""Canaries: a token planted in every drafting context, which must never come out in a message (A-03)."""

from __future__ import annotations

import re

CANARY = re.compile(r"(?<![0-9a-z])zq[0-9a-f]{14}(?![0-9a-z])", re.IGNORECASE)
"""The shape of every canary: `zq` and fourteen hex digits. Any contact's counts, not only one's own."""


def leaked(text: str, own: str | None = None) -> str | None:
    """Return the canary found in the text, or None."""
    found = CANARY.search(text)
    if found:
        return found.group()
    return own if own and own in text else None
