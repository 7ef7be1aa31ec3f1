"""Subjects that would bring a header of their own, and some that only look odd; more where more data is at hand."""

from __future__ import annotations

import json
import os
from pathlib import Path

SHARED = Path(os.environ.get("ATTUNE_SHARED_DATA") or Path(__file__).parents[2] / "shared" / "data")

_REFUSED = (
    "Quotes\nBcc: stranger@evil.example",
    "Quotes\r\nBcc: stranger@evil.example",
    "Quotes\rX-Priority: 1",
    "Quotes\n",
    "Quotes\x00",
    "Quotes\x0bBcc: stranger@evil.example",
    "Quotes =?UTF-8?Q?=0A?=Bcc: stranger@evil.example",
    "Quotes =?utf-8?b?DQpCY2M6IHN0cmFuZ2VyQGV2aWwuZXhhbXBsZQ==?=",
    "Quotes\x85Bcc: stranger@evil.example",
)
_ACCEPTED = (
    "Três perguntas antes do 3º trimestre",
    "Dock slots: 40% free = more lorries?",
    "東京の倉庫 – a first look",
    "Is = a question?",
)


def must_be_refused() -> list[str]:
    """Subjects no mail may carry."""
    return [*_REFUSED, *_shared("must_be_refused")]


def must_be_accepted() -> list[str]:
    """Subjects that hide nothing."""
    return [*_ACCEPTED, *_shared("must_be_accepted")]


def _shared(name: str) -> list[str]:
    path = SHARED / "attacks" / "web" / "header_injection.json"
    found: list[str] = json.loads(path.read_text(encoding="utf-8"))[name] if path.exists() else []
    return found
