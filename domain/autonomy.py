"""Earned autonomy: what reviewers' decisions say of a class of messages, and what an admin made of it."""

from __future__ import annotations

from enum import StrEnum

from domain.base import Noun, UtcDatetime
from domain.message import StakesLevel


class ActionClass(Noun):
    """Messages of one campaign, with one content asset, at one level of stakes."""

    campaign_id: str
    asset_id: str
    level: StakesLevel

    @property
    def key(self) -> str:
        """A stable name, as the audit chain calls it."""
        return f"{self.campaign_id}/{self.asset_id}/{self.level.value}"


class TrackRecord(Noun):
    """What reviewers made of a class in the window: approved as written, approved after an edit, or rejected."""

    unedited: int = 0
    edited: int = 0
    rejected: int = 0

    @property
    def decided(self) -> int:
        """How many were decided."""
        return self.unedited + self.edited + self.rejected

    @property
    def changed(self) -> int:
        """How many needed a hand, or were not sent at all."""
        return self.edited + self.rejected


class Day(Noun):
    """The last 24 hours of a class: what reviewers made of it, and what recipients of its messages said."""

    record: TrackRecord = TrackRecord()
    complaints: int = 0
    opt_outs: int = 0


class GrantState(StrEnum):
    """What was last decided about a class: it may go alone, it asks again, or a proposal to widen was declined."""

    GRANTED = "granted"
    NARROWED = "narrowed"
    DECLINED = "declined"


class Grant(Noun):
    """The last decision about a class. `by` is a member's id, or `bad day` where the system narrowed it itself.

    `decided_then` is how many reviews the class had at that moment; `words_sha256` is of what the class was told to
    say then (`policies.autonomy.words_sha256`), empty where nobody noted it: such a grant rests.
    """

    action_class: ActionClass
    state: GrantState
    by: str
    reason: str = ""
    decided_then: int = 0
    words_sha256: str = ""
    at: UtcDatetime


class Advice(StrEnum):
    """What the system proposes."""

    WIDEN = "widen"
    NARROW = "narrow"
    NOTHING = "nothing"


class ClassStanding(Noun):
    """A class with its record and what follows from it.

    `lower` bounds the share approved unedited from below, in [0, 1]; None where nothing was decided. `rests` tells that
    it was granted for other words than the class has now, and asks a person for these.
    """

    action_class: ActionClass
    record: TrackRecord
    share: float | None
    lower: float | None
    grant: Grant | None = None
    rests: bool = False
    advice: Advice = Advice.NOTHING
    words: str = ""

    @property
    def is_granted(self) -> bool:
        """Tell whether an admin's grant stands; it may rest."""
        return self.grant is not None and self.grant.state is GrantState.GRANTED
