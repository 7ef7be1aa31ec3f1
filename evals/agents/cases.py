"""Forty contacts of the sample market, frozen: twenty pairs of colleagues, each with its decided content.

They stand in `cases.json` as the CRM read them once, so that a change of the market changes no recorded request.
`python -m evals.agents.choosing` says how they were chosen, and writes them anew.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from pydantic import TypeAdapter

from domain.base import Noun
from domain.content import ContentAsset
from domain.dossier import Dossier
from domain.errors import AttuneError
from domain.history import Remembered
from evals.market.sample import sample_assets

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
"""The moment every case is written at."""

FILE = Path(__file__).with_name("cases.json")


class OutreachCase(Noun):
    """One contact, what was decided for them, and what only contact history knows.

    `pair` is shared with one colleague at the same company. `planted` is something they said long before
    the timeline begins: only recall can bring it back.
    """

    id: str
    pair: int
    campaign_id: str
    asset_id: str
    dossier: Dossier
    planted: Remembered | None = None

    @property
    def contact_id(self) -> str:
        """Whom the case is about."""
        return self.dossier.contact.id

    @property
    def asset(self) -> ContentAsset:
        """The content decided for this contact."""
        return next(asset for asset in sample_assets() if asset.id == self.asset_id)


CASES = TypeAdapter(tuple[OutreachCase, ...])


@cache
def outreach_cases() -> tuple[OutreachCase, ...]:
    """Every case, by number."""
    return CASES.validate_json(FILE.read_bytes())


def chosen(wanted: str) -> tuple[OutreachCase, ...]:
    """Return the cases of a list such as `1-10` or `3,7,12-14`; all of them for an empty one.

    Raises:
        AttuneError: where the list cannot be read, or names a case that does not exist.
    """
    known = outreach_cases()
    if not wanted.strip():
        return known
    numbers: set[int] = set()
    for part in wanted.split(","):
        span = re.fullmatch(r"(\d+)(?:-(\d+))?", part.strip())
        if span is None or not 1 <= int(span[1]) <= int(span[2] or span[1]) <= len(known):
            raise AttuneError(
                f"--cases {wanted!r}: write it as 1-10 or 3,7,12-14; there are cases 1 to {len(known)}."
            )
        numbers |= set(range(int(span[1]), int(span[2] or span[1]) + 1))
    return tuple(known[number - 1] for number in sorted(numbers))
