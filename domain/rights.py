"""People's rights: what someone asked for, by when it is due, and what was done."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from domain.base import Noun, UtcDatetime


class RequestKind(StrEnum):
    """What a person can ask for."""

    ACCESS = "access"
    EXPORT = "export"
    ERASURE = "erasure"
    OBJECTION = "objection"


class PrivacyRequest(Noun):
    """One request of one person. `person_hash` is keyed: after an erasure it is all that says whose it was."""

    id: str
    kind: RequestKind
    contact_id: str | None
    person_hash: str
    received_at: UtcDatetime
    due_at: UtcDatetime
    done_at: UtcDatetime | None = None
    outcome: str = ""

    def is_overdue(self, now: datetime) -> bool:
        """Tell whether it should have been answered by now."""
        return self.done_at is None and self.due_at < now


class Erasure(Noun):
    """What an erasure removed, by store; what else is to be known; and files that still name the person.

    `leftovers` are files of the workspace that a person wrote, so that only a person may change them.
    """

    request_id: str
    removed: dict[str, int]
    notes: tuple[str, ...] = ()
    leftovers: tuple[str, ...] = ()
