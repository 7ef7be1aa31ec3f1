"""Events as columns: what the state adds up, transcribed from the journal's rows.

An event counts for a decision at time t when it happened before t and had reached us by t. Both make one
number, `due`: the first microsecond at which a decision may know of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from domain.events import Event, EventKind
from domain.people import LifecycleStage
from domain.traits import SPOKEN_KINDS, Happening
from learning.features.acts import ACT_OF_KIND, INTERESTED, number
from learning.features.library import AssetBook
from learning.features.roster import Roster

STAGES = tuple(LifecycleStage)

_START = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_LATEST = 2**32 * 1_000_000
_ACTS = {kind.value: number(act) for kind, act in ACT_OF_KIND.items()}
_INTERESTED = frozenset(number(act) for act in INTERESTED)
_SPOKEN = frozenset(kind.value for kind in SPOKEN_KINDS)
_STAGE_CHANGED = EventKind.STAGE_CHANGED.value
_STAGES = {stage.value: place for place, stage in enumerate(STAGES)}


@dataclass(frozen=True)
class EventColumns:
    """n events, and p marks of the topics they are about.

    rows: shape (n,), the contact's row in the roster.
    at: shape (n,), when it happened, microseconds since 1970 UTC.
    due: shape (n,), when a decision may first know of it; a decision at t knows of `due <= t`.
    acts: shape (n,), place in `ACTS`, -1 for none.
    assets: shape (n,), the asset's number, -1 for none.
    stages: shape (n,), place in `STAGES` of the stage entered, -1 for none.
    marked: shape (p,), ascending, which event is about
    topics: shape (p,), which topic column.
    """

    rows: NDArray[np.int32]
    at: NDArray[np.int64]
    due: NDArray[np.int64]
    acts: NDArray[np.int8]
    assets: NDArray[np.int32]
    stages: NDArray[np.int8]
    marked: NDArray[np.int64]
    topics: NDArray[np.int8]

    def __len__(self) -> int:
        """How many events."""
        return len(self.rows)

    @classmethod
    def none(cls) -> EventColumns:
        """No events at all."""
        return cls(**{name: np.empty(0, kind) for name, kind in _TYPES.items()})

    @classmethod
    def joined(cls, parts: Sequence[EventColumns]) -> EventColumns:
        """Put parts one behind the other."""
        starts = np.cumsum([0, *(len(part) for part in parts[:-1])])
        columns = {name: np.concatenate([getattr(part, name) for part in parts]) for name in _TYPES}
        columns["marked"] = np.concatenate(
            [part.marked + start for part, start in zip(parts, starts, strict=True)]
        )
        return cls(**columns)

    def taken(self, picked: NDArray[np.int64]) -> EventColumns:
        """Return the picked events in the order given, each at most once."""
        place = np.full(len(self), -1, dtype=np.int64)
        place[picked] = np.arange(len(picked))
        marked = place[self.marked]
        order = np.argsort(marked, kind="stable")
        order = order[marked[order] >= 0]
        columns = {name: getattr(self, name)[picked] for name in _PER_EVENT}
        return EventColumns(**columns, marked=marked[order], topics=self.topics[order])

    def cut(self, start: int, end: int, mark: int, last_mark: int) -> EventColumns:
        """Return events from `start` to before `end`, whose marks stand from `mark` to before `last_mark`."""
        columns = {name: getattr(self, name)[start:end] for name in _PER_EVENT}
        marks = slice(mark, last_mark)
        return EventColumns(**columns, marked=self.marked[marks] - start, topics=self.topics[marks])

    def in_order(self) -> EventColumns:
        """Return the events by `due`, those due at once as they stand."""
        if np.all(self.due[1:] >= self.due[:-1]):
            return self
        return self.taken(np.argsort(self.due, kind="stable"))

    def split(self, by: int) -> tuple[EventColumns, EventColumns]:
        """Return those due by a moment and the rest, each in its order."""
        is_due = self.due <= by
        if is_due.all():
            return self, EventColumns.none()
        return self.taken(np.flatnonzero(is_due)), self.taken(np.flatnonzero(~is_due))


_TYPES: dict[str, type[np.generic]] = {
    "rows": np.int32,
    "at": np.int64,
    "due": np.int64,
    "acts": np.int8,
    "assets": np.int32,
    "stages": np.int8,
    "marked": np.int64,
    "topics": np.int8,
}
_PER_EVENT = tuple(name for name in _TYPES if name not in {"marked", "topics"})
assert tuple(_TYPES) == tuple(part.name for part in fields(EventColumns))


def microseconds(moment: datetime) -> int:
    """Return an aware time as microseconds since 1970 UTC."""
    return (moment - _START) // _MICROSECOND


def happening(event: Event, received_at: datetime | None = None) -> Happening:
    """Return an event as features see it."""
    return Happening(
        id=event.id,
        kind=event.kind.value,
        at=event.at,
        contact_id=event.contact_id or "",
        received_at=received_at,
        asset_id=event.asset_id,
        topic=event.topic,
        text=event.text,
        is_machine=event.is_machine,
        properties=event.properties,
    )


def transcribe(happenings: Iterable[Happening], roster: Roster, library: AssetBook) -> EventColumns:
    """Return columns of everything that counts, in the order given.

    Left out: what a machine did, what names no contact, kinds no feature counts, times before 1970 or
    after 2106. Contacts the roster does not know yet are added to it.
    """
    columns: dict[str, list[int]] = {name: [] for name in _TYPES}
    rows, ats, dues, acts, assets, stages, marked, topics = columns.values()
    book, about = library.book, library.topics
    place_of: dict[str, int] = {}
    for one in happenings:
        act = _ACTS.get(one.kind, -1)
        entered = _STAGES.get(str((one.properties or {}).get("to")), -1) if one.kind == _STAGE_CHANGED else -1
        if (act < 0 and entered < 0) or one.is_machine or not one.contact_id:
            continue
        at = (one.at - _START) // _MICROSECOND
        if not 0 < at < _LATEST:
            continue
        asset = library.number(one.asset_id)
        if act in _INTERESTED:
            places = set(about[asset]) if asset >= 0 else set()
            if one.topic:
                place = place_of.get(one.topic)
                if place is None:
                    place = place_of[one.topic] = book.place(one.topic)
                places.add(place)
            if one.text and one.kind in _SPOKEN:
                places |= book.places_in(one.text)
            for place in sorted(places):
                marked.append(len(rows))
                topics.append(place)
        rows.append(roster.row(one.contact_id))
        ats.append(at)
        received = at + 1 if one.received_at is None else (one.received_at - _START) // _MICROSECOND
        dues.append(max(at + 1, received))
        acts.append(act)
        assets.append(asset)
        stages.append(entered)
    return EventColumns(**{name: np.array(columns[name], dtype=kind) for name, kind in _TYPES.items()})
