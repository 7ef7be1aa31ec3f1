"""Logged draws in memory: only what was possible is kept, and made dense one campaign at a time.

A contact has some dozens of actions, a year of campaigns some thousands; most pairs are impossible.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from domain.decision import SILENCE
from memory.crm.decision_log import LoggedDecision


@dataclass(frozen=True)
class SparseLog:
    """n draws of one campaign; rows keep the order given.

    action_keys: K names, silence last.
    offsets: shape (n + 1,), where each draw's possible actions begin in the next two.
    columns: shape (possible,), index of an action.
    odds: shape (possible,), in (0, 1], its probability.
    actions: shape (n,), index of the action taken.
    decision_ids, contact_ids: shape (n,), str.
    at: shape (n,), datetime64[s], UTC.
    """

    campaign_id: str
    action_keys: tuple[str, ...]
    offsets: NDArray[np.int64]
    columns: NDArray[np.int32]
    odds: NDArray[np.float64]
    actions: NDArray[np.int64]
    decision_ids: tuple[str, ...]
    contact_ids: NDArray[np.str_]
    at: NDArray[np.datetime64]

    def __len__(self) -> int:
        """How many draws."""
        return len(self.actions)

    def probabilities(self) -> NDArray[np.float64]:
        """Shape (n, K): each row sums to one, zero where not possible."""
        dense = np.zeros((len(self), len(self.action_keys)))
        rows = np.repeat(np.arange(len(self)), np.diff(self.offsets))
        dense[rows, self.columns] = self.odds
        return dense


class SparseLogs:
    """Collects draws page by page, one log a campaign; what is no draw is counted and left out."""

    def __init__(self) -> None:
        self._drafts: dict[str, _Draft] = {}
        self.left_out = 0

    def add(self, decisions: Iterable[LoggedDecision]) -> Sequence[LoggedDecision]:
        """Take a page and return the draws among it, in order."""
        taken = []
        for decision in decisions:
            if decision.is_drawn:
                self._drafts.setdefault(decision.campaign_id, _Draft()).add(decision)
                taken.append(decision)
            else:
                self.left_out += 1
        return taken

    def of(self, campaign_id: str) -> SparseLog | None:
        """Return one campaign's log, or None where it has no draw."""
        draft = self._drafts.get(campaign_id)
        return draft.finished(campaign_id) if draft else None

    @property
    def campaigns(self) -> tuple[str, ...]:
        """Campaigns that have draws."""
        return tuple(self._drafts)


class _Draft:
    """One campaign's log as it grows."""

    def __init__(self) -> None:
        self._keys: dict[str, int] = {}
        self._offsets, self._actions = [0], list[int]()
        self._columns, self._odds = list[int](), list[float]()
        self._ids, self._contacts, self._at = list[str](), list[str](), list[int]()

    def add(self, decision: LoggedDecision) -> None:
        keys = self._keys
        for key, probability, *_ in decision.alternatives:
            self._columns.append(keys.setdefault(key, len(keys)))
            self._odds.append(probability)
        self._offsets.append(len(self._columns))
        self._actions.append(keys.setdefault(decision.action_key, len(keys)))
        self._ids.append(decision.id)
        self._contacts.append(decision.contact_id)
        self._at.append(int(decision.decided_at.timestamp()))

    def finished(self, campaign_id: str) -> SparseLog:
        names = sorted(key for key in self._keys if key != SILENCE.key)
        names.append(SILENCE.key)
        place = {name: i for i, name in enumerate(names)}
        moved = np.array([place[key] for key in self._keys], dtype=np.int64)
        return SparseLog(
            campaign_id=campaign_id,
            action_keys=tuple(names),
            offsets=np.array(self._offsets, dtype=np.int64),
            columns=moved[np.array(self._columns, dtype=np.int64)].astype(np.int32),
            odds=np.array(self._odds, dtype=np.float64),
            actions=moved[np.array(self._actions, dtype=np.int64)],
            decision_ids=tuple(self._ids),
            contact_ids=np.array(self._contacts, dtype=np.str_),
            at=np.array(self._at, dtype="datetime64[s]"),
        )
