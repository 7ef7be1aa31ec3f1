"""The state as named arrays and a header of plain values: what a file keeps, on any machine.

Header: `version` (of the features), `half_lives` (days), `anchor`, `by`, `classes_of` and `classes_by` (microseconds
since 1970), `named` topics and `words`, `assets` (id, kind or null, topic columns; in order of their numbers). Arrays,
for n contacts:

| name | shape | type | what |
|---|---|---|---|
| `ids` | (bytes,) | uint8 | contact ids in order of rows, UTF-8, each ended by a line feed |
| `sums` | (n, 70) | float32 | decayed sums at the anchor |
| `newest` | (n, 10) | uint32 | seconds since 1970 of the newest act of each kind |
| `stage_keys`, `stages` | (e,) | int64, int8 | row * 2^32 + second entered; stage |
| `touch_keys`, `touch_times` | (t,), (2, t) | int64, uint32 | row * 2^16 + asset; last sent, last answered |
| `class_…` | (C, .) | float64 | people alike, see `alike.Classes`; left out where there are none |
| `waiting_…` | (w,) | | events that are not due yet, see `EventColumns` |

Profiles and deals are not kept: they are read from the CRM each time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from learning.features.acts import HALF_LIFE_DAYS
from learning.features.alike import Classes
from learning.features.columns import VERSION
from learning.features.events import EventColumns
from learning.features.library import KINDS, AssetBook
from learning.features.moments import AssetTouches, StageMoments
from learning.features.roster import Roster
from learning.features.state import SUMS, FeatureState
from learning.features.topics import TopicBook

Arrays = dict[str, NDArray[Any]]


def packed(state: FeatureState) -> tuple[dict[str, Any], Arrays]:
    """Return (header, arrays) of a state. An id holding a line feed is refused with `ValueError`."""
    n = len(state.roster)
    if any("\n" in one for one in state.roster.ids):
        raise ValueError("a contact's id holds a line feed; the state cannot be kept")
    state.make_room()
    stage_keys, stages = state.stages.columns()
    touch_keys, touch_times = state.touches.columns()
    library = state.library
    header = {
        "version": VERSION,
        "half_lives": list(HALF_LIFE_DAYS),
        "anchor": state.anchor,
        "by": state.by,
        "classes_of": state.classes_of,
        "classes_by": state.classes_by,
        "named": list(library.book.named),
        "words": dict(library.book.words),
        "assets": [
            [
                asset_id,
                None if library.kinds[number] < 0 else KINDS[library.kinds[number]].value,
                sorted(library.topics[number]),
            ]
            for asset_id, number in library.numbers.items()
        ],
    }
    ids = "".join(f"{one}\n" for one in state.roster.ids).encode()
    arrays: Arrays = {
        "ids": np.frombuffer(ids, np.uint8),
        "sums": state.sums[:n],
        "newest": state.newest[:n],
        "stage_keys": stage_keys,
        "stages": stages,
        "touch_keys": touch_keys,
        "touch_times": touch_times,
        **{f"waiting_{part.name}": getattr(state.waiting, part.name) for part in fields(EventColumns)},
    }
    if state.classes is not None:
        arrays |= {f"class_{part.name}": getattr(state.classes, part.name) for part in fields(Classes)}
    return header, arrays


def unpacked(header: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> FeatureState:
    """Return the state that was packed.

    Raises:
        ValueError: where it is of another version, or its parts do not belong together.
    """
    made_as = (header.get("version"), header.get("half_lives"))
    if made_as != (VERSION, list(HALF_LIFE_DAYS)):
        raise ValueError(f"the state is {made_as[0]} with half-lives {made_as[1]}, this is {VERSION}")
    try:
        library = AssetBook(TopicBook(tuple(header["named"]), dict(header["words"])))
        places = {kind.value: place for place, kind in enumerate(KINDS)}
        for asset_id, kind, topics in header["assets"]:
            number = library.number(asset_id)
            library.kinds[number] = -1 if kind is None else places[kind]
            library.topics[number] = frozenset(topics)
        roster = Roster(bytes(arrays["ids"]).decode().split("\n")[:-1])
        state = FeatureState(roster, library)
        state.anchor, state.by = int(header["anchor"]), int(header["by"])
        state.sums, state.newest = np.array(arrays["sums"]), np.array(arrays["newest"])
        state.stages = StageMoments(arrays["stage_keys"], arrays["stages"])
        sent, answered = arrays["touch_times"]
        state.touches = AssetTouches(arrays["touch_keys"], sent, answered)
        state.classes_of, state.classes_by = int(header["classes_of"]), int(header["classes_by"])
        if "class_weights" in arrays:
            state.classes = Classes(
                **{part.name: np.array(arrays[f"class_{part.name}"]) for part in fields(Classes)}
            )
        waiting = {part.name: arrays[f"waiting_{part.name}"] for part in fields(EventColumns)}
        state.waiting = EventColumns(**waiting)
    except (KeyError, TypeError) as missing:
        raise ValueError(f"the state lacks a part or has one of another form: {missing!r}") from missing
    if state.sums.shape != (len(roster), SUMS) or len(state.newest) != len(roster):
        raise ValueError("the state's arrays do not fit its contacts")
    state.make_room()
    return state
