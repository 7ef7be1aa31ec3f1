"""The understudy's own phrases: loaded from one file, checked, and drawn the same way every time."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from string import Formatter

import yaml
from pydantic import ValidationError

from agents.understudy.acts import SAYABLE
from domain.base import Noun
from domain.content import AssetKind
from domain.errors import InvalidFile
from domain.people import LifecycleStage

_FILE = Path(__file__).with_name("phrases.yaml")

PLACEHOLDERS = frozenset(
    [
        "when",
        "When",
        "noun",
        "Noun",
        "is",
        "past_title",
        "role",
        "company",
        "industry",
        "kind",
        "a_kind",
        "A_kind",
        "title",
        "matter",
        "did",
        "offer",
        "terms",
    ]
)
_TELLING = frozenset({"noun", "Noun", "past_title", "role", "company", "industry", "title"})
"""Placeholders that make a phrase be about somebody or something: more of them are preferred."""

Phrases = tuple[str, ...]


class SubjectLines(Noun):
    """Subject lines by what the person did, by what we send, and for all."""

    acts: dict[str, Phrases]
    kinds: dict[AssetKind, Phrases]
    any: Phrases
    plain: Phrases


class Leads(Noun):
    """How a second thought begins: after an act on the same topic, after an opening without an act,
    on another topic of theirs, on one that is only ours, by role, or on no topic at all.
    """

    same: Phrases
    first: Phrases
    turn: Phrases
    aside: Phrases
    role: Phrases
    plain: Phrases


class PhraseBook(Noun):
    """Every phrase, by the place in a message where it stands."""

    openings: dict[str, Phrases]
    did: dict[str, Phrases]
    also: Phrases
    returned: Phrases
    roles: Phrases
    settings: Phrases
    topics: Phrases
    leads: Leads
    clauses: dict[AssetKind, Phrases]
    offers: Phrases
    again: Phrases
    closings: dict[str, Phrases]
    subjects: SubjectLines
    safest: Phrases


@lru_cache(maxsize=4)
def phrase_book(path: Path = _FILE) -> PhraseBook:
    """Load the phrases and check that each can be filled.

    Raises:
        InvalidFile: if a list is missing or empty, or a phrase holds a placeholder nobody fills.
    """
    try:
        book = PhraseBook.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (ValidationError, yaml.YAMLError) as error:
        raise InvalidFile(path, f"is not a phrase book: {error}") from error
    for place, phrases in _lists(book.model_dump(mode="json")):
        if not phrases:
            raise InvalidFile(path, f"has no phrase under {place!r}.")
        for phrase in phrases:
            unknown = set(placeholders(phrase)) - PLACEHOLDERS
            if unknown:
                raise InvalidFile(path, f"{place!r} has unknown placeholders {sorted(unknown)}: {phrase!r}.")
    wanted = {
        "openings": {kind.value for kind in SAYABLE} | {"signed_up"},
        "closings": {stage.value for stage in LifecycleStage} | {"careful", "formal", "informal"},
    }
    missing = sorted(
        [f"openings.{key}" for key in wanted["openings"] - set(book.openings)]
        + [f"closings.{key}" for key in wanted["closings"] - set(book.closings)]
        + [f"clauses.{kind.value}" for kind in AssetKind if kind not in book.clauses]
    )
    if missing:
        raise InvalidFile(path, f"lacks {', '.join(missing)}.")
    return book


def _lists(node: object, place: str = "") -> list[tuple[str, list[str]]]:
    if isinstance(node, Mapping):
        return [found for key, part in node.items() for found in _lists(part, f"{place}.{key}".lstrip("."))]
    return [(place, list(node))] if isinstance(node, Sequence) and not isinstance(node, str) else []


@lru_cache(maxsize=2048)
def placeholders(phrase: str) -> tuple[str, ...]:
    """The names in braces."""
    return tuple(name for _, name, _, _ in Formatter().parse(phrase) if name is not None)


class Voice:
    """Draws phrases for one contact and one asset: varied between contacts, the same at every repeat."""

    def __init__(self, seed: str) -> None:
        self._seed = seed

    def order(self, place: str, phrases: Sequence[str]) -> list[str]:
        """The phrases in this contact's own order for this place of the message."""
        return sorted(phrases, key=lambda p: hashlib.sha256(f"{self._seed}|{place}|{p}".encode()).digest())

    def choose(self, place: str, phrases: Sequence[str]) -> str:
        """The first in that order."""
        return self.order(place, phrases)[0]

    def say(
        self,
        place: str,
        phrases: Sequence[str],
        words: Mapping[str, str],
        accepts: Callable[[str], bool] = lambda _: True,
        slack: int = 1,
    ) -> tuple[str, str] | None:
        """Fill one usable phrase, among those that say most of this person.

        Args:
            place: where in the message, so that two places draw apart.
            phrases: the candidates.
            words: what fills the placeholders.
            accepts: refuses a filled phrase.
            slack: how many telling placeholders fewer than the richest phrase are still good enough.

        Returns:
            The phrase and what became of it; None if no phrase can be filled and accepted.

        """
        usable = [p for p in phrases if all(words.get(name) for name in placeholders(p))]
        filled = [(p, p.format(**words)) for p in self.order(place, usable)]
        accepted = [pair for pair in filled if accepts(pair[1])]
        if not accepted:
            return None
        most = max(_told(phrase) for phrase, _ in accepted)
        near = [pair for pair in accepted if _told(pair[0]) >= max(min(most, 1), most - slack)]
        return near[0]


def _told(phrase: str) -> int:
    return len(_TELLING & set(placeholders(phrase)))
