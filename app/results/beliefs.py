"""What the learner believes now: what each content is worth to whom, and how sure that is.

Read from its newest decisions, which keep everything they weighed: so this is what it went by, not a picture drawn
afterwards, and content that may not go to somebody says nothing about them.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from enum import StrEnum

import numpy as np

from app.choosing import knowledge_of
from app.reasons import is_nothing
from domain.base import Noun, UtcDatetime
from domain.decision import Knowledge, action_of
from domain.people import LifecycleStage, Seniority
from memory.crm.results import Believed

ENOUGH_CONTACTS, MOST_CONTACTS = 200, 3_000
"""Runs are read from the newest back until there are enough decisions, and so many at most: a mean over them is known
far better than what it is a mean of."""

LEAST_CONTACTS = 10
"""A cell of fewer contacts is left empty: it would be about persons."""

MOST_SEGMENTS = 5
EVERYONE = "everyone"
SILENCE = "silence"

_SIZES = ((50, "under 50"), (250, "50 to 249"), (1_000, "250 to 999"))
_LARGEST, _UNKNOWN = "1,000 and more", "unknown"


class By(StrEnum):
    """What people are told apart by."""

    STAGE = "stage"
    SENIORITY = "seniority"
    INDUSTRY = "industry"
    SIZE = "size"


class Belief(Noun):
    """What one content (or silence) is believed to be worth to a typical contact of a segment.

    cents: mean over the segment's contacts it may go to, and over send slots, of what sending it is expected to bring,
    less its cost. doubt_cents: how uncertain that is for one of them, one standard deviation. contacts: of how many.
    """

    asset_id: str
    segment: str
    cents: float
    doubt_cents: float
    contacts: int
    knowledge: Knowledge


class Beliefs(Noun):
    """What the learner believed in its newest decisions. `segments` are the largest, in order, beside `EVERYONE`."""

    by: By
    segments: tuple[str, ...]
    cells: tuple[Belief, ...]
    contacts: int
    learner_versions: tuple[str, ...]
    decided_from: UtcDatetime
    decided_until: UtcDatetime


def beliefs_of(rows: Sequence[Believed], by: By) -> Beliefs | None:
    """Return what was believed, by segment; None where the learner has decided nothing yet.

    Args:
        rows: the learner's newest decisions, one a contact.
        by: what tells segments apart.
    """
    if not rows:
        return None
    name = _NAMES[by]
    sums: dict[tuple[str, str], list[tuple[float, float]]] = defaultdict(list)
    sizes: Counter[str] = Counter()
    for row in rows:
        segment = name(row)
        sizes[segment] += 1
        for asset, told in _by_asset(row).items():
            sums[asset, EVERYONE].append(told)
            sums[asset, segment].append(told)
    segments = _ordered(by, [segment for segment, many in sizes.most_common() if many >= LEAST_CONTACTS])
    shown = {EVERYONE, *segments}
    cells = [
        _belief(asset, segment, told)
        for (asset, segment), told in sums.items()
        if segment in shown and len(told) >= LEAST_CONTACTS
    ]
    return Beliefs(
        by=by,
        segments=tuple(one for one in segments if any(cell.segment == one for cell in cells)),
        cells=tuple(sorted(cells, key=lambda cell: (cell.segment, -cell.cents, cell.asset_id))),
        contacts=len(rows),
        learner_versions=tuple(dict.fromkeys(row.learner_version for row in rows)),
        decided_from=min(row.decided_at for row in rows),
        decided_until=max(row.decided_at for row in rows),
    )


def _by_asset(row: Believed) -> dict[str, tuple[float, float]]:
    """Mean value and doubt over send slots, by content."""
    found: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for key, _, value, doubt in row.alternatives:
        if value is not None and doubt is not None:
            found[action_of(str(key)).asset_id or SILENCE].append((float(value), float(doubt)))
    return {
        asset: (sum(value for value, _ in told) / len(told), sum(doubt for _, doubt in told) / len(told))
        for asset, told in found.items()
    }


def _belief(asset: str, segment: str, told: Sequence[tuple[float, float]]) -> Belief:
    values, doubts = np.array(told).T
    cents, doubt = float(values.mean()), float(doubts.mean())
    if asset == SILENCE and is_nothing(cents):
        # It is worth nothing by what is taught (docs/decisions/0016): the doubt of its belief tells nobody anything.
        doubt = 0.0
    return Belief(
        asset_id=asset,
        segment=segment,
        cents=round(cents, 2),
        doubt_cents=round(doubt, 2),
        contacts=len(told),
        knowledge=knowledge_of(cents, doubt),
    )


def _ordered(by: By, segments: list[str]) -> list[str]:
    """The largest segments, in an order a reader knows where there is one."""
    kept = segments[:MOST_SEGMENTS]
    order = _ORDERS.get(by)
    return kept if order is None else sorted(kept, key=order.index)


def _size(row: Believed) -> str:
    if row.employees is None:
        return _UNKNOWN
    return next((words for end, words in _SIZES if row.employees < end), _LARGEST)


_NAMES: dict[By, Callable[[Believed], str]] = {
    By.STAGE: lambda row: row.stage.value,
    By.SENIORITY: lambda row: row.seniority.value,
    By.INDUSTRY: lambda row: (row.industry or _UNKNOWN).strip().casefold() or _UNKNOWN,
    By.SIZE: _size,
}
_ORDERS: dict[By, list[str]] = {
    By.STAGE: [stage.value for stage in LifecycleStage],
    By.SENIORITY: [seniority.value for seniority in Seniority],
    By.SIZE: [*(words for _, words in _SIZES), _LARGEST, _UNKNOWN],
}
