"""What is remembered about a contact in words, to be recalled by meaning."""

from __future__ import annotations

from enum import StrEnum

from domain.base import Noun, UtcDatetime


class MemoryKind(StrEnum):
    """What sort of thing is remembered."""

    TOUCH = "touch"
    REPLY = "reply"
    NOTE = "note"
    CALL = "call"
    MEETING = "meeting"
    FORM = "form"
    VISIT = "visit"
    LESSON = "lesson"


EDITED = "A message was edited"
"""How a lesson begins that tells an edit: it quotes the message, so its words are data."""


class Remembered(Noun):
    """One remembered thing about one contact. `ref` names the record it came from."""

    contact_id: str
    kind: MemoryKind
    text: str
    at: UtcDatetime
    ref: str


class Recalled(Noun):
    """One recalled thing, its score, and the parts of the score (each in 0..1)."""

    remembered: Remembered
    score: float
    similarity: float
    recency: float
