"""The content library as features see it: each asset's number, its kind and its topics' columns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from domain.content import AssetKind, ContentAsset
from learning.features.topics import WIDTH, TopicBook

KINDS = tuple(AssetKind)
MOST_ASSETS = 65_536


class AssetBook:
    """Numbers assets in the order they are first met, and keeps what each is about.

    An asset only the journal knows has a number but no kind and no topics.
    """

    def __init__(self, book: TopicBook, assets: Iterable[ContentAsset] = ()) -> None:
        self.book = book
        self.numbers: dict[str, int] = {}
        self.kinds: list[int] = []
        self.topics: list[frozenset[int]] = []
        for asset in assets:
            self.add(asset)

    def add(self, asset: ContentAsset) -> int:
        """Take an asset of the library and return its number."""
        number = self.number(asset.id)
        self.kinds[number] = KINDS.index(asset.kind)
        self.topics[number] = frozenset(self.book.place(topic) for topic in asset.topics)
        return number

    def number(self, asset_id: str | None) -> int:
        """Return the asset's number, a new one where it was never met, -1 for None.

        Raises:
            ValueError: beyond `MOST_ASSETS` assets.
        """
        if asset_id is None:
            return -1
        known = self.numbers.get(asset_id)
        if known is not None:
            return known
        if len(self.kinds) >= MOST_ASSETS:
            raise ValueError(f"more than {MOST_ASSETS:,} different assets; features keep no more")
        self.numbers[asset_id] = len(self.kinds)
        self.kinds.append(-1)
        self.topics.append(frozenset())
        return self.numbers[asset_id]

    def kind_of(self, numbers: NDArray[np.int32]) -> NDArray[np.int64]:
        """Return the place in `KINDS` of each asset, -1 where there is none; shape as given."""
        kinds = np.array([*self.kinds, -1], dtype=np.int64)
        return kinds[numbers]

    def agrees_with(self, assets: Sequence[ContentAsset]) -> bool:
        """Tell whether everything counted so far was counted by what these assets are now.

        False where one changed its kind or topics, is gone, or was named by the journal before it was described:
        then the state must be built again.
        """
        described = {asset_id for asset_id, number in self.numbers.items() if self.kinds[number] >= 0}
        if described - {asset.id for asset in assets}:
            return False
        for asset in assets:
            number = self.numbers.get(asset.id)
            if number is None:
                continue
            about = frozenset(self.book.place(topic) for topic in asset.topics)
            if (self.kinds[number], self.topics[number]) != (KINDS.index(asset.kind), about):
                return False
        return True


def topic_rows(book: TopicBook, assets: Sequence[ContentAsset]) -> NDArray[np.float64]:
    """Return shape (assets, WIDTH): 1 where an asset is about the topic of a column."""
    rows = np.zeros((len(assets), WIDTH))
    for row, asset in enumerate(assets):
        for topic in asset.topics:
            rows[row, book.place(topic)] = 1
    return rows
