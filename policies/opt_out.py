"""Opt-out in somebody's own words: whether this reply asks us to stop (C-17).

Read in English, German, French, Spanish, Italian, Dutch, Portuguese and Swedish. `STOP` is plain; `UNSURE`
speaks of stopping without plainly asking for it: whoever calls suppresses both and shows the second to a
person, because writing once too often cannot be taken back.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib import resources
from typing import Any

import yaml

from domain.base import Noun


class OptOut(StrEnum):
    """What an inbound text says about hearing from us again."""

    STOP = "stop"
    UNSURE = "unsure"
    NO = "no"


class OptOutReading(Noun):
    """What was read, and the words it was read from (normalised: lower case, no accents)."""

    answer: OptOut
    span: str | None = None
    rule_id: str = "C-17"

    @property
    def suppresses(self) -> bool:
        """Tell whether the sender of this text must get nothing more."""
        return self.answer is not OptOut.NO

    @property
    def needs_a_person(self) -> bool:
        """Tell whether a person should read it as well."""
        return self.answer is OptOut.UNSURE


MOST_CHARS = 20_000
"""Of a longer text the beginning is read: people ask for an end first."""

_HEADER_OF_QUOTE = re.compile(
    r"^\s*(?:-{2,}\s*(?:original message|forwarded message|ursprungliche nachricht|message d'origine"
    r"|mensaje original|messaggio originale|oorspronkelijk bericht).*"
    r"|(?:on|am|le|el|il giorno|op|em|den)\b.{4,160}(?:wrote|schrieb|a ecrit|escribio|ha scritto|schreef"
    r"|escreveu|skrev)\b.{0,80}:|(?:from|von|de|da|van|fran): .*@.*)\s*$",
    re.MULTILINE,
)
_SIGNATURE = re.compile(
    r"^-- ?$|^\s*(?:sent from my|gesendet von|envoye de mon|enviado desde|inviato da)\b", re.M
)
_OUR_FOOTER = re.compile(r"^.*(?:https?://|<https?:).*$", re.MULTILINE)
_REPLY_MARK = re.compile(r"^\s*(?:(?:re|aw|sv|antw|fwd?|wg|tr|rv|r|i)\s*:\s*)+")
_PUNCTUATION = re.compile(r"[^\w' ]+")
_COURTESIES = re.compile(
    r"\b(?:hi|hello|dear|hey|please|pls|thanks?|thank you|thx|regards|kind|best|all|team|bitte|danke|hallo|mit"
    r"|freundlichen|grussen|merci|bonjour|s'il vous plait|svp|hola|gracias|por favor|ciao|grazie|per favore"
    r"|alstublieft|aub|dank|bedankt|obrigad[oa]|tack|now|immediately|sofort)\b"
)


def read_opt_out(text: str, subject: str = "") -> OptOutReading:
    """Return whether the text asks us to stop.

    Args:
        text: what the person wrote, in plain text. Quoted mail and signatures are left out here as well,
            so that our own "Unsubscribe" line in a quote is never taken for the person's word.
        subject: the subject line, where there is one; one that answers ours (`Re: …`) is not their word.

    """
    words = _plain(_own_words(text[:MOST_CHARS]))
    head = _fold(subject).strip()
    readings = [_read(words)]
    if head and not _REPLY_MARK.match(head):
        readings.append(_read_subject(_plain(head)))
    return max(readings, key=lambda reading: _GRAVITY[reading.answer])


_GRAVITY = {OptOut.NO: 0, OptOut.UNSURE: 1, OptOut.STOP: 2}


def _read(words: str) -> OptOutReading:
    book = _book()
    bare = " ".join(_COURTESIES.sub(" ", words).split())
    if bare in book.keywords:
        return OptOutReading(answer=OptOut.STOP, span=bare)
    rest = book.harmless.sub(" ", words)
    for answer, pattern in ((OptOut.STOP, book.stop), (OptOut.UNSURE, book.unsure)):
        found = pattern.search(rest)
        if found:
            return OptOutReading(answer=answer, span=" ".join(found.group().split()))
    return OptOutReading(answer=OptOut.NO)


def _read_subject(words: str) -> OptOutReading:
    """The mailto link of our List-Unsubscribe header writes `unsubscribe m_…` into the subject."""
    first = words.partition(" ")[0]
    if first in _book().subjects:
        return OptOutReading(answer=OptOut.STOP, span=words)
    return _read(words)


def _own_words(text: str) -> str:
    folded = _fold(text)
    quote = _HEADER_OF_QUOTE.search(folded)
    own = folded[: quote.start()] if quote else folded
    own = "\n".join(line for line in own.split("\n") if not line.lstrip().startswith(">"))
    signature = _SIGNATURE.search(own)
    own = own[: signature.start()] if signature else own
    return _OUR_FOOTER.sub(" ", own)


def _fold(text: str) -> str:
    """Lower case, compatibility forms (full-width letters), no accents, no invisible marks, `'` for `’`."""
    apart = unicodedata.normalize("NFKD", text.replace("’", "'").replace("‘", "'").replace("´", "'"))
    kept = (mark for mark in apart if not unicodedata.combining(mark) and unicodedata.category(mark) != "Cf")
    return "".join(kept).casefold().replace("\r\n", "\n")


def _plain(folded: str) -> str:
    return " ".join(_PUNCTUATION.sub(" ", folded).split())


@dataclass(frozen=True)
class _Book:
    """The phrases of every language, compiled."""

    keywords: frozenset[str]
    subjects: frozenset[str]
    harmless: re.Pattern[str]
    stop: re.Pattern[str]
    unsure: re.Pattern[str]


@cache
def _book() -> _Book:
    text = resources.files("policies").joinpath("opt_out.yaml").read_text(encoding="utf-8")
    languages: dict[str, dict[str, list[str]]] = yaml.safe_load(text)

    def all_of(part: str) -> list[str]:
        return [words for language in languages.values() for words in language.get(part, ())]

    def any_of(part: str) -> re.Pattern[str]:
        return re.compile("|".join(rf"\b(?:{phrase})\b" for phrase in all_of(part)))

    compiled: dict[str, Any] = {part: any_of(part) for part in ("harmless", "stop", "unsure")}
    return _Book(keywords=frozenset(all_of("keywords")), subjects=frozenset(all_of("subjects")), **compiled)
