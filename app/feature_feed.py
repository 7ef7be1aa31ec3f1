"""Feeds the learner's features from the CRM: reads on from where the last run ended, or builds them anew.

The state may be kept in a file. It is only a shortcut: whenever the file is missing, damaged, of another version,
ahead of the moment asked for, or does not fit what the CRM holds now, everything is built again from the journal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path

import numpy as np

from domain.content import ContentAsset
from domain.traits import Happening
from learning.features import ActionTable, FeatureBook, replayed
from learning.features.classing import bring, week_of
from learning.features.deals import Deals
from learning.features.events import EventColumns, microseconds, transcribe
from learning.features.library import AssetBook
from learning.features.portable import packed, unpacked
from learning.features.profiles import Profiles
from learning.features.roster import Roster
from learning.features.state import FeatureState
from learning.features.topics import TopicBook
from learning.features.vectors import Matrix
from memory.array_file import DamagedArrays, read_arrays, write_arrays
from memory.crm.features_reader import FeatureReader, Watermark

_BATCH_EVENTS = 50_000

Retold = Callable[[Iterator[Happening]], Iterator[Happening]]
"""Leaves events out of a journal, or adds some."""


@dataclass(frozen=True)
class FeatureFeed:
    """Where features come from.

    reader: the CRM.
    path: the file the state is kept in, None to build it anew each time.
    words: further words for topics, such as `{"price": "pricing"}`.
    """

    reader: FeatureReader
    path: Path | None = None
    words: Mapping[str, str] = field(default_factory=dict)

    def book(self, assets: Sequence[ContentAsset], now: datetime) -> FeatureBook:
        """Return features as of a UTC time: everything that had happened and reached us, nothing more.

        Args:
            assets: the whole library, inactive ones too: what was answered before is counted by its kind.
            now: the moment of the decision.
        """
        kept = self._kept(assets, now)
        if kept is not None:
            state, watermark = kept
            book = self._laid_out(state, now)
            # Someone merged away or erased stands in sums that were added under their old row.
            if len(book.profiles.account) == len(state.roster) == book.profiles.contacts:
                return self._caught_up(book, watermark, now)
        topics = TopicBook.of((topic for asset in assets for topic in asset.topics), self.words)
        state = FeatureState(Roster(), AssetBook(topics, assets))
        return self._caught_up(self._laid_out(state, now), Watermark(), now)

    def past(
        self,
        assets: Sequence[ContentAsset],
        contact_ids: Sequence[str],
        at: Sequence[datetime],
        now: datetime,
        table: ActionTable | None = None,
        *,
        by_arrival: bool = True,
        retold: Retold | None = None,
    ) -> tuple[Matrix, Matrix]:
        """Return what n decisions were, or would have been, made on: see `learning.features.replayed`.

        Holds the journal's columns in memory: about 40 bytes an event.

        Args:
            assets: the whole library.
            contact_ids: n contacts.
            at: n UTC times, none after `now`.
            now: UTC time up to which the journal is read.
            table: the K actions whose fit is wanted.
            by_arrival: whether an event counts only once it had reached us. False for decisions older than
                the import of their history: then it counts from when it happened.
            retold: tells the journal otherwise than it was, to see what would follow.

        Raises:
            KeyError: for a contact who is not there.
        """
        topics = TopicBook.of((topic for asset in assets for topic in asset.topics), self.words)
        book = self._laid_out(FeatureState(Roster(), AssetBook(topics, assets)), now)
        start = Watermark()
        happenings = self.reader.happenings(start, self.reader.newest(start, now), by_arrival=by_arrival)
        happenings = retold(happenings) if retold else happenings
        parts = [EventColumns.none()]
        while batch := list(islice(happenings, _BATCH_EVENTS)):
            parts.append(transcribe(batch, book.state.roster, book.state.library))
        moments = np.array([microseconds(one) for one in at], dtype=np.int64)
        return replayed(
            book,
            EventColumns.joined(parts),
            book.rows(contact_ids),
            moments,
            table,
            # E-mails of another tool went out at thousands of moments, not in a few runs.
            is_weekly=not by_arrival,
        )

    def _kept(self, assets: Sequence[ContentAsset], now: datetime) -> tuple[FeatureState, Watermark] | None:
        """The file's state and how far it has read, or None where everything must be read again."""
        if self.path is None:
            return None
        try:
            header, arrays = read_arrays(self.path)
            state = unpacked(header, arrays)
            watermark = Watermark(datetime.fromisoformat(header["received_at"]), str(header["event_id"]))
            events = int(header["events"])
        except (FileNotFoundError, DamagedArrays, ValueError, KeyError, TypeError):
            return None
        library = state.library
        wanted = TopicBook.of(
            (topic for asset in assets for topic in asset.topics), self.words, earlier=library.book
        )
        if (
            state.by > microseconds(now)
            or wanted != library.book
            or not library.agrees_with(assets)
            or self.reader.count(watermark) != events
        ):
            return None
        for asset in assets:
            library.add(asset)
        return state, watermark

    def _laid_out(self, state: FeatureState, now: datetime) -> FeatureBook:
        reader = self.reader
        profiles = Profiles(state.roster, reader.contacts(), reader.accounts(), reader.stage_changes())
        deals = Deals(
            profiles.accounts, state.roster, reader.deals(), reader.deal_steps(), reader.deal_parts(), now
        )
        return FeatureBook(state, profiles, deals)

    def _caught_up(self, book: FeatureBook, after: Watermark, now: datetime) -> FeatureBook:
        up_to = self.reader.newest(after, now)
        happenings = self.reader.happenings(after, up_to)
        begun = week_of(microseconds(now))
        while batch := list(islice(happenings, _BATCH_EVENTS)):
            columns = transcribe(batch, book.state.roster, book.state.library)
            received = max(microseconds(batch[-1].received_at or now), book.state.by)
            by = min(received, microseconds(now))
            if by < begun:
                # Classes of weeks gone by are nobody's.
                book.state.apply(columns, by, book.profiles)
            else:
                bring(book.state, book.profiles, columns, by)
        bring(book.state, book.profiles, EventColumns.none(), microseconds(now))
        if self.path is not None:
            header, arrays = packed(book.state)
            told = {
                "received_at": up_to.received_at.isoformat(),
                "event_id": up_to.event_id,
                "events": self.reader.count(up_to),
            }
            write_arrays(self.path, {**header, **told}, arrays)
        return book
