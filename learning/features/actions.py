"""What an action is like, so that a new asset starts from what its kin have shown: K actions as vectors z."""

from __future__ import annotations

from datetime import date

import numpy as np

from domain.campaign import SendSlot
from domain.content import AssetKind, ContentAsset
from domain.people import LifecycleStage, Seniority
from learning.features.columns import FeatureColumn
from learning.features.dyads import ActionTable
from learning.features.library import KINDS, topic_rows
from learning.features.topics import WIDTH, TopicBook
from learning.features.vectors import Matrix

SLOTS = tuple(SendSlot)
CHANNELS = ("email",)
LEVELS = tuple(level for level in Seniority if level is not Seniority.UNKNOWN)
_OLD_DAYS = 730
_WHEN = {
    SendSlot.NOW: "at once",
    SendSlot.MORNING: "in the morning",
    SendSlot.MIDDAY: "at midday",
    SendSlot.AFTERNOON: "in the afternoon",
}


def action_columns(book: TopicBook | None = None) -> tuple[FeatureColumn, ...]:
    """Return the columns of `action_matrix`, in order."""
    topics = (book or TopicBook()).labels
    return (
        FeatureColumn("silence", "stays silent", "silence"),
        *(FeatureColumn(f"kind:{kind.value}", kind.value.replace("_", " "), "kind") for kind in KINDS),
        *(FeatureColumn(f"topic:{i}", f"about {topics[i]}", "topic") for i in range(WIDTH)),
        *(
            FeatureColumn(f"stage:{s.value}", f"serves the stage {s.value}", "audience")
            for s in LifecycleStage
        ),
        *(FeatureColumn(f"seniority:{s.value}", f"serves {s.value}s", "audience") for s in LEVELS),
        FeatureColumn("industries", "made for some industries", "audience"),
        *(FeatureColumn(f"channel:{name}", f"by {name}", "channel") for name in CHANNELS),
        *(FeatureColumn(f"slot:{slot.value}", f"sent {_WHEN[slot]}", "slot") for slot in SLOTS),
        FeatureColumn("offer:price", "states a price", "offer"),
        FeatureColumn("offer:discount", "gives a discount", "offer"),
        FeatureColumn("meeting", "asks for a meeting", "offer"),
        FeatureColumn("age", "age of its newest approved claim", "age"),
        FeatureColumn("age:unknown", "has no dated claim", "age"),
    )


ACTION_NAMES = tuple(column.name for column in action_columns())


def action_matrix(table: ActionTable, book: TopicBook, today: date) -> Matrix:
    """Return shape (K, len(ACTION_NAMES)), float32, in [0, 1]; silence has a 1 in its own column only.

    Args:
        table: the K actions with their assets.
        book: gives topics their columns.
        today: the UTC day of the decision; claims approved later count as approved today.
    """
    about = topic_rows(book, table.assets)
    z = np.zeros((len(table.actions), len(ACTION_NAMES)), np.float32)
    for row, (action, number) in enumerate(zip(table.actions, table.asset_of.tolist(), strict=True)):
        if number < 0:
            z[row, 0] = 1
            continue
        asset = table.assets[number]
        z[row] = [
            0,
            *(asset.kind is kind for kind in KINDS),
            *about[number],
            *(not asset.stages or stage in asset.stages for stage in LifecycleStage),
            *(not asset.seniorities or level in asset.seniorities for level in LEVELS),
            bool(asset.industries),
            *(action.channel == name for name in CHANNELS),
            *((action.slot or SendSlot.NOW) is slot for slot in SLOTS),
            asset.offer is not None and asset.offer.price_cents is not None,
            asset.offer is not None and bool(asset.offer.discount_percent),
            asset.kind is AssetKind.MEETING,
            *_age(asset, today),
        ]
    return z


def _age(asset: ContentAsset, today: date) -> tuple[float, float]:
    if not asset.claims:
        return 0.0, 1.0
    days = max((today - max(claim.approved_on for claim in asset.claims)).days, 0)
    return min(float(np.log1p(days) / np.log1p(_OLD_DAYS)), 1.0), 0.0
