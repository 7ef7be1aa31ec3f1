"""How each action fits each contact: numbers of the pair, which neither vector alone can say.

All in [0, 1]; silence fits nobody and has zeros. A fit is 1 where the asset names what the contact is, one half where
it names nothing or the contact's is unknown, 0 where it names others. What people alike do comes from classes found in
the whole audience (`alike`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from domain.campaign import SendSlot
from domain.content import ContentAsset
from domain.decision import Action
from learning.features.acts import FULL_KIND, FULL_TOPIC
from learning.features.classing import shown_by
from learning.features.columns import FeatureColumn
from learning.features.events import STAGES
from learning.features.library import KINDS, topic_rows
from learning.features.profiles import SENIORITIES, Profiles
from learning.features.slots import PART_OF_SLOT, PARTS, parts_of_day
from learning.features.state import ANSWERED_SUMS, LONG, PART_SUMS, SENT_SUMS, TOPIC_SUMS, FeatureState
from learning.features.topics import folded
from learning.features.vectors import Matrix, recency, squashed

DYAD_COLUMNS = (
    FeatureColumn("topic_affinity", "how much of their interest its topics cover", "interest"),
    FeatureColumn("topic_evidence", "how clearly that interest was seen", "interest"),
    FeatureColumn("stage_fit", "how well it fits the contact's stage", "fit"),
    FeatureColumn("seniority_fit", "how well it fits the contact's seniority", "fit"),
    FeatureColumn("industry_fit", "how well it fits the contact's industry", "fit"),
    FeatureColumn("asset_sent", "how lately this was sent before", "pressure"),
    FeatureColumn("asset_answered", "how lately they took or clicked this", "content"),
    FeatureColumn("kind_sent", "how much of this kind was sent lately", "pressure"),
    FeatureColumn("kind_affinity", "share of their answers that went to this kind", "content"),
    FeatureColumn("alike_interest", "interest of people like them in its topics", "interest"),
    FeatureColumn("alike_answers", "how readily people like them answer such content", "content"),
    FeatureColumn("slot_habit", "share of their own acts in this part of the day", "habit"),
)
DYAD_NAMES = tuple(column.name for column in DYAD_COLUMNS)
TOPIC_AFFINITY = DYAD_NAMES.index("topic_affinity")

_SEEN_HALF_LIFE_DAYS = 64
_DOUBT = 1.0
"""One act spread evenly is added before a share is taken, so that nothing known is an even share."""


@dataclass(frozen=True)
class ActionTable:
    """The K actions of a decision, with their assets: built once, used for every chunk of contacts.

    assets: A distinct ones. asset_of: shape (K,), place in `assets`, -1 for silence.
    part_of: shape (K,), place in `PARTS`, -1 for silence, -2 for the part in which the decision falls.
    """

    actions: tuple[Action, ...]
    assets: tuple[ContentAsset, ...]
    asset_of: NDArray[np.int64]
    part_of: NDArray[np.int64]

    @classmethod
    def of(cls, actions: Sequence[Action], assets: Mapping[str, ContentAsset]) -> ActionTable:
        """Join actions with their assets.

        Raises:
            KeyError: for an action whose asset is not among them.
        """
        used = sorted({action.asset_id for action in actions if action.asset_id is not None})
        place = {asset_id: number for number, asset_id in enumerate(used)}
        return cls(
            actions=tuple(actions),
            assets=tuple(assets[asset_id] for asset_id in used),
            asset_of=np.array([-1 if a.asset_id is None else place[a.asset_id] for a in actions], np.int64),
            part_of=np.array(
                [-1 if a.is_silence else PART_OF_SLOT.get(a.slot or SendSlot.NOW, -2) for a in actions],
                np.int64,
            ),
        )


def dyads(
    state: FeatureState, profiles: Profiles, table: ActionTable, rows: NDArray[np.int64], at: int
) -> Matrix:
    """Return shape (n, K, len(DYAD_NAMES)), float32, in [0, 1].

    For a large audience ask in chunks of rows: twelve numbers a pair are 48 bytes.

    Args:
        state: brought up to `at`, as for `matrix`.
        profiles: laid out for at least these rows.
        table: the K actions.
        rows: shape (n,), rows of the roster.
        at: the moment of the decision, microseconds since 1970.
    """
    speaking = table.asset_of >= 0
    of_asset = _by_asset(state, profiles, table, rows, at)
    found = np.zeros((len(rows), len(table.actions), len(DYAD_NAMES)), np.float32)
    found[:, speaking, :-1] = of_asset[:, table.asset_of[speaking]]
    found[:, speaking, -1] = _habits(state, profiles, table.part_of[speaking], rows, at)
    return found


def _by_asset(
    state: FeatureState, profiles: Profiles, table: ActionTable, rows: NDArray[np.int64], at: int
) -> Matrix:
    """Shape (n, A, len(DYAD_NAMES) - 1): all but the habit."""
    assets = table.assets
    found = np.zeros((len(rows), len(assets), len(DYAD_NAMES) - 1), np.float32)
    if not assets:
        return found
    interest = state.values(rows, TOPIC_SUMS, LONG, at).astype(np.float64)
    total = interest.sum(axis=1, keepdims=True)
    share = np.divide(interest, total, out=np.zeros_like(interest), where=total > 0)
    about = topic_rows(state.library.book, assets)
    affinity = np.clip(share @ about.T, 0, 1)
    found[:, :, 0] = affinity
    found[:, :, 1] = affinity * squashed(total.astype(np.float32), FULL_TOPIC)
    stage, _ = profiles.stages_at(rows, state.stages, at // 1_000_000)
    found[:, :, 2] = _fits([[STAGES.index(s) for s in a.stages] for a in assets], stage, len(STAGES))
    # An unknown seniority is its last place and fits half, like an unknown stage.
    seniority = profiles.seniority[rows].astype(np.int64)
    seniority[seniority == len(SENIORITIES) - 1] = -1
    levels = [[SENIORITIES.index(one) for one in asset.seniorities] for asset in assets]
    found[:, :, 3] = _fits(levels, seniority, len(SENIORITIES))
    found[:, :, 4] = _industry_fits(profiles, assets, rows)
    numbers = np.array([state.library.numbers.get(asset.id, -1) for asset in assets], np.int64)
    seen = recency(state.touches.of(rows, numbers), at, _SEEN_HALF_LIFE_DAYS)
    found[:, :, 5], found[:, :, 6] = seen[0], seen[1]
    kinds = np.array([KINDS.index(asset.kind) for asset in assets])
    found[:, :, 7] = squashed(state.values(rows, SENT_SUMS, LONG, at)[:, kinds], FULL_KIND)
    found[:, :, 8] = _shares(state.values(rows, ANSWERED_SUMS, LONG, at))[:, kinds]
    found[:, :, 9], found[:, :, 10] = affinity, 0.5
    if state.classes is not None:
        interest, readiness = state.classes.of(shown_by(state, profiles, rows, at))
        found[:, :, 9] = np.clip(interest @ about.T, 0, 1)
        found[:, :, 10] = readiness[:, kinds]
    return found


def _shares(sums: Matrix) -> Matrix:
    width = sums.shape[1]
    total = sums.sum(axis=1, keepdims=True)
    shares: Matrix = (sums + np.float32(_DOUBT / width)) / (total + np.float32(_DOUBT))
    return shares


def _fits(served: Sequence[Sequence[int]], places: NDArray[np.int64], width: int) -> Matrix:
    """Shape (n, A): 1, one half or 0; the extra last row of the table is for unknown places (-1)."""
    table = np.full((width + 1, len(served)), 0.5, np.float32)
    for column, names in enumerate(served):
        if names:
            table[:width, column] = 0
            table[list(names), column] = 1
    return table[places]


def _industry_fits(profiles: Profiles, assets: Sequence[ContentAsset], rows: NDArray[np.int64]) -> Matrix:
    wanted = [{folded(name) for name in asset.industries} for asset in assets]
    names = {name: place for place, name in enumerate(sorted(set().union(*wanted)))}
    if not names:
        return np.full((len(rows), len(assets)), 0.5, np.float32)
    # Industries no asset names all are one: they fit none of those that name some.
    of_account = profiles.industry_places(names)
    account = profiles.account[rows]
    place = (
        np.where(account >= 0, of_account[np.maximum(account, 0)], -1)
        if len(of_account)
        else (np.full(len(rows), -1, np.int64))
    )
    return _fits([[names[name] for name in one] for one in wanted], place, len(names) + 1)


def _habits(
    state: FeatureState, profiles: Profiles, parts: NDArray[np.int64], rows: NDArray[np.int64], at: int
) -> Matrix:
    """Shape (n, speaking actions)."""
    shares = _shares(state.values(rows, PART_SUMS, LONG, at))
    moments = np.full(len(rows), at, np.int64)
    now = parts_of_day(moments, profiles.zones_of(rows), profiles.zone_names)
    even = np.float32(1 / len(PARTS))
    share_now = np.where(now >= 0, shares[np.arange(len(rows)), now], even)
    return np.where(parts >= 0, shares[:, parts], share_now[:, None])
