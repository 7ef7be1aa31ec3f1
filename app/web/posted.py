"""What a form or an address said, as plain text: files and doubled fields never reach a page's code."""

from __future__ import annotations

from collections.abc import Iterable

from starlette.datastructures import FormData

MOST_CHARS = 20_000
MOST_NAMES = 400


def said(form: FormData, name: str) -> str:
    """A field's text, or nothing."""
    value = form.get(name)
    return value.strip()[:MOST_CHARS] if isinstance(value, str) else ""


def answers(items: Iterable[tuple[str, object]]) -> dict[str, list[str]]:
    """Every field with all its values, in order."""
    found: dict[str, list[str]] = {}
    for name, value in items:
        if isinstance(value, str) and (name in found or len(found) < MOST_NAMES):
            found.setdefault(name, []).append(value.replace("\r\n", "\n")[:MOST_CHARS])
    return found
