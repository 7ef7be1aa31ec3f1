"""Contacts with histories, and questions whose answer is known."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

import yaml

from domain.history import MemoryKind, Remembered

NOW = datetime(2026, 6, 1, 9, tzinfo=UTC)
SPLITS = ("tuned", "held_out", "unforeseen")

_TOPICS_PER_CONTACT = 4
_ASKS_PER_TOPIC = 2
_ABSENT_ASKS = 3
_OFF_TOPIC_ASKS = 2
_NOISE_PER_CONTACT = 10
_DAYS = 180
_KINDS = {"ticket": MemoryKind.NOTE}
_BEGINNINGS = {
    "reply": "Replied: ",
    "note": "Note: ",
    "call": "Call: ",
    "meeting": "Meeting held: ",
    "form": "Form: ",
    "ticket": "Ticket: ",
}
_COMMON = frozenset(
    re.findall(
        r"\w+",
        "the and are they their them for with that what which who how does can did was were has have our any "
        "this from his her its you your not will would about into out must than then there these those where "
        "when why should come back need needs new",
    )
)


class Overlap(StrEnum):
    """How much of a question's words the answer shares."""

    YES = "yes"
    PARTIAL = "partial"
    NONE = "none"


class Asked(StrEnum):
    """What a question is about."""

    PRESENT = "present"
    ABSENT = "absent"
    OFF_TOPIC = "off_topic"


@dataclass(frozen=True)
class Question:
    """One question about one contact. `answer` is the ref that should come first; None means silence."""

    split: str
    contact_id: str
    about: str
    asked: Asked
    answer: str | None = None
    overlap: Overlap | None = None


@dataclass(frozen=True)
class Cases:
    """All histories and questions."""

    memories: tuple[Remembered, ...]
    questions: tuple[Question, ...]

    @property
    def contact_ids(self) -> tuple[str, ...]:
        """Every contact, in order."""
        return tuple(dict.fromkeys(item.contact_id for item in self.memories))


def deal(contacts_per_split: int = 48, seed: int = 7) -> Cases:
    """Deal topics, noise and dates out to contacts; the same seed deals the same."""
    lines = yaml.safe_load(Path(__file__).with_name("topics.yaml").read_text(encoding="utf-8"))
    draw = random.Random(seed)
    memories: list[Remembered] = []
    questions: list[Question] = []
    for split in SPLITS:
        for number in range(contacts_per_split):
            contact = _Contact(f"{split}_{number:03d}", split, lines, draw)
            memories.extend(contact.memories)
            questions.extend(contact.questions)
    return Cases(tuple(memories), tuple(questions))


class _Contact:
    """One contact being dealt."""

    def __init__(self, contact_id: str, split: str, lines: Mapping[str, Any], draw: random.Random) -> None:
        self._id, self._split, self._draw = contact_id, split, draw
        self._words = {name: draw.choice(choices) for name, choices in lines["words"].items()}
        self.memories: list[Remembered] = []
        self.questions: list[Question] = []
        topics = lines[split]
        present = draw.sample(sorted(topics), _TOPICS_PER_CONTACT)
        for topic in present:
            kind, text = next(iter(draw.choice(topics[topic]["memories"]).items()))
            ref = self._add(kind, _BEGINNINGS[kind] + self._fill(text), topic)
            for ask in draw.sample(topics[topic]["ask"], _ASKS_PER_TOPIC):
                about = self._fill(ask)
                self._ask(about, Asked.PRESENT, ref, overlap(about, self.memories[-1].text))
        for number, line in enumerate(draw.sample(lines["noise"], _NOISE_PER_CONTACT)):
            kind, text = next(iter(line.items()))
            self._add(kind, text, f"noise-{number}")
        absent = [topic for topic in sorted(topics) if topic not in present]
        for topic in draw.sample(absent, min(_ABSENT_ASKS, len(absent))):
            self._ask(self._fill(draw.choice(topics[topic]["ask"])), Asked.ABSENT)
        for ask in draw.sample(lines["off_topic"], _OFF_TOPIC_ASKS):
            self._ask(ask, Asked.OFF_TOPIC)

    def _fill(self, text: str) -> str:
        return text.format(**self._words)

    def _add(self, kind: str, text: str, name: str) -> str:
        at = NOW - timedelta(days=self._draw.uniform(1, _DAYS))
        memory_kind = _KINDS.get(kind) or MemoryKind(kind)
        self.memories.append(
            Remembered(contact_id=self._id, kind=memory_kind, text=text, at=at, ref=f"eval:{name}")
        )
        return f"eval:{name}"

    def _ask(
        self, about: str, asked: Asked, answer: str | None = None, shared: Overlap | None = None
    ) -> None:
        self.questions.append(Question(self._split, self._id, about, asked, answer, shared))


def overlap(about: str, text: str) -> Overlap:
    """Tell how many of the question's words the text has too, by their first five letters."""
    asked, said = _roots(about), set(_roots(text))
    shared = sum(root in said for root in asked)
    if not shared:
        return Overlap.NONE
    return Overlap.YES if shared * 2 >= len(asked) else Overlap.PARTIAL


def _roots(text: str) -> Sequence[str]:
    found = re.findall(r"[a-z0-9]{3,}", text.lower())
    return [word[:5] for word in found if word not in _COMMON]
