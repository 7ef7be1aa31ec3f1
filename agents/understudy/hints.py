"""What a reviewer said about an earlier draft, as far as it can be done without a model."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

from agents.understudy.topics import Topic, content_words, known_topics, topic_named
from agents.understudy.wording import squeeze
from domain.base import Noun

_SHORTER = re.compile(r"\b(?:shorter|shorten|too long|brief(?:er)?|cut it)\b", re.IGNORECASE)
_NO_NUMBERS = re.compile(
    r"\b(?:no|without|drop|remove)\b[\w ]{0,12}\b(?:numbers?|figures?|statistics)\b", re.IGNORECASE
)
_INFORMAL = re.compile(r"\b(?:less formal|informal|more casual|casual|friendlier)\b", re.IGNORECASE)
_FORMAL = re.compile(r"\b(?:more formal|formal)\b", re.IGNORECASE)
_MENTION = re.compile(
    r"\b(?:mention|add|include|talk about|write about|focus on|lead with|more (?:on|about))\s+(?:the\s+)?"
    r"([a-z][a-z' -]{2,40})",
    re.IGNORECASE,
)


class Wishes(Noun):
    """Hints understood; `not_understood` is told to the reviewer rather than passed over."""

    shorter: bool = False
    no_numbers: bool = False
    tone: Literal["", "formal", "informal"] = ""
    topic: Topic | None = None
    not_understood: int = 0

    @property
    def note(self) -> str:
        """What is done about the hints, in words; empty without hints."""
        parts = [
            "shorter" if self.shorter else "",
            "no figures" if self.no_numbers else "",
            f"{self.tone} close" if self.tone else "",
            f"about {self.topic.noun}" if self.topic else "",
        ]
        heeded = ", ".join(part for part in parts if part)
        notes = [f"reviewer's hints heeded: {heeded}"] if heeded else []
        if self.not_understood:
            notes.append(f"{self.not_understood} hint(s) need a person: the understudy cannot follow them")
        return "; ".join(notes)


def wishes_in(hints: Sequence[str]) -> Wishes:
    """Read the hints, a later one before an earlier."""
    wishes = Wishes()
    for hint in hints:
        line = squeeze(hint)
        changes: dict[str, object] = {}
        if _SHORTER.search(line):
            changes["shorter"] = True
        if _NO_NUMBERS.search(line):
            changes["no_numbers"] = True
        if _INFORMAL.search(line):
            changes["tone"] = "informal"
        elif _FORMAL.search(line):
            changes["tone"] = "formal"
        topic = _topic_in(line)
        if topic:
            changes["topic"] = topic
        if not changes and line:
            changes["not_understood"] = wishes.not_understood + 1
        wishes = wishes.model_copy(update=changes)
    return wishes


def _topic_in(line: str) -> Topic | None:
    match = _MENTION.search(line)
    if match is None or _NO_NUMBERS.search(line):
        return None
    asked = content_words(match[1])
    for topic in known_topics().values():
        if asked & topic.words:
            return topic
    return topic_named(match[1].strip().split(" and ")[0])
