"""How the grammar reads words: slips mended, politeness taken off, names, numbers, countries and stages found. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

_FILE = Path(__file__).with_name("talk_words.yaml")

MOST_CHARACTERS = 600
"""Longer questions are no questions of this grammar."""

_NUMBERS = {
    word: number
    for number, word in enumerate(
        [
            "zero",
            "one",
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
        ]
    )
} | {
    "a": 1,
    "an": 1,
    "couple": 2,
    "few": 3,
    "dozen": 12,
    "twenty": 20,
    "thirty": 30,
    "sixty": 60,
    "ninety": 90,
}
_ORDINALS = {
    word: number
    for number, word in enumerate(
        ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth"]
    )
}
_UNITS = {"day": 1, "week": 7, "fortnight": 14, "month": 30, "quarter": 90, "year": 365}
_LETTER_WORD = re.compile(r"[a-zA-Z][a-zA-Z'-]*")
_POLITE = re.compile(
    r"^(?:(?:hi|hello|hey|ok|okay|so|now|and|then|well|thanks|thank you|great|please|pls|"
    r"kindly|attune|assistant|just)\b[,!.: ]*"
    r"|(?:can|could|would|will) you(?: please)?(?: now)? "
    r"|i(?: would|'d)? (?:want|like|need)(?: you)? to (?!know)(?!see)"
    r"|(?:let us|let's|lets) )",
    re.IGNORECASE,
)
_ASKED_OF_YOU = re.compile(r"^(?:[a-z ,]*\b)?(?:can|could|would|will) you\b", re.IGNORECASE)
_TAIL = re.compile(r"(?:[\s,]*\b(?:please|pls|thanks|thank you|for me)\b)?[\s.!?,;:]*$", re.IGNORECASE)
_QUOTES = str.maketrans({"“": '"', "”": '"', "„": '"', "‘": "'", "’": "'", "«": '"', "»": '"'})
_SHORT = {
    r"\bwho's\b": "who is",
    r"\bwhat's\b": "what is",
    r"\bhow's\b": "how is",
    r"\b(do|does|did|has|have|had|is|are|was|were|would|could|should)n['o]?t\b": r"\1 not",
    r"\bdont\b": "do not",
    r"\bwon't\b": "will not",
    r"\bcan't\b": "can not",
    r"\be-mail": "email",
    r"\bset-up\b": "set up",
}
QUOTED = re.compile(r'"([^"]{1,120})"')
_NO_WORD = re.compile(r"\S+[@_]\S+")
_DAYS = re.compile(
    r"\b(?:in|within|during|over|for|since|of)?\s*(?:the )?(?:last |past |previous |more than |over |at least )*"
    r"(\d{1,4}|a|an|one|two|three|four|five|six|seven|eight|nine|ten|twelve|twenty|thirty|"
    r"sixty|ninety|few|couple of)\s+"
    r"(days?|weeks?|fortnights?|months?|quarters?|years?)\b(?: or more)?(?: ago)?",
    re.IGNORECASE,
)
_SPANS = {
    r"\b(?:since )?yesterday\b": 2,
    r"\btoday\b": 1,
    r"\b(?:in |during )?(?:this|the last|last|past|the past) week\b": 7,
    r"\b(?:in |during )?(?:this|the last|last|past|the past) month\b": 30,
    r"\b(?:in |during )?(?:this|the last|last|past|the past) quarter\b": 90,
    r"\b(?:in |during )?(?:this|the last|last|past|the past) year\b": 365,
    r"\b(?:recently|lately)\b": 30,
}
_MONTHS = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|march|april|may|june|july|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|"
    r"nov(?:ember)?|dec(?:ember)?)"
)
_DATED = re.compile(
    rf"\b(?:in|since|during|from|until|till|before|after|by|of|on|last|this|early|late) (?:{_MONTHS}|q[1-4]|20\d\d|"
    r"(?:mon|tues|wednes|thurs|fri|satur|sun)days?)\b(?!-| (?-i:[A-Z&]))",
    re.IGNORECASE,
)
_SPAN_AT_END = re.compile(
    r"\b(?:last|this|past|previous|next) (?:week|month|quarter|year)$|\b(?:yesterday|today)$", re.IGNORECASE
)


@lru_cache(maxsize=1)
def talk_words() -> dict[str, Any]:
    """The word lists, by name."""
    told: dict[str, Any] = yaml.safe_load(_FILE.read_text(encoding="utf-8"))
    return told


@dataclass(frozen=True)
class Words:
    """A question made plain: `said` without politeness and slips. `asks`: it is a question, not a wish for an act."""

    raw: str
    said: str
    asks: bool


def plain(words: str) -> Words:
    """Make a question plain."""
    raw = " ".join(words.translate(_QUOTES).split())
    asks = raw.rstrip(" .!\"'").endswith("?") and not _ASKED_OF_YOU.match(raw)
    said = _TAIL.sub("", raw)
    for pattern, instead in _SHORT.items():
        said = re.sub(pattern, instead, said, flags=re.IGNORECASE)
    while (shorter := _POLITE.sub("", said, count=1).lstrip()) != said:
        said = shorter
    return Words(raw, _mended(said), asks)


def _mended(said: str) -> str:
    """Key words with one slip are put right; names (quoted, or with a capital within), ids and addresses are left."""
    kept = [found.span() for pattern in (QUOTED, _NO_WORD) for found in pattern.finditer(said)]

    def mend(found: re.Match[str]) -> str:
        word, at = found[0], found.start()
        is_name = (at > 0 and word[0].isupper()) or "'" in word
        if is_name or any(start <= at < end for start, end in kept):
            return word
        return _key_meant(word.lower()) or word

    return _LETTER_WORD.sub(mend, said)


@lru_cache(maxsize=4_096)
def _key_meant(word: str) -> str | None:
    lists = talk_words()
    keys = frozenset(lists["keys"])
    if word in lists["slips"]:
        return str(lists["slips"][word])
    if len(word) < 4 or word in keys or word in lists["plain"] or word in lists["filler"]:
        return None
    near = sorted(key for key in keys if len(key) > 4 and _is_one_slip(word, key))
    return near[0] if len(near) == 1 or (near and near[0] + "s" in near) else None


def _is_one_slip(word: str, key: str) -> bool:
    """One letter missing, too much, wrong, or two swapped; the first letter is right."""
    if word[0] != key[0] or abs(len(word) - len(key)) > 1:
        return False
    if len(word) == len(key):
        wrong = [n for n in range(len(key)) if word[n] != key[n]]
        is_swap = len(wrong) == 2 and wrong[1] == wrong[0] + 1
        return len(wrong) == 1 or (
            is_swap and word[wrong[0]] == key[wrong[1]] and word[wrong[1]] == key[wrong[0]]
        )
    longer, shorter = (word, key) if len(word) > len(key) else (key, word)
    return any(longer[:n] + longer[n + 1 :] == shorter for n in range(len(longer)))


def as_said(words: str) -> str:
    """A reason or a hint as it was given, without quotes around it."""
    return words.strip(" \"'.;:").strip()


def unquoted(words: str) -> str:
    """A name without quotes, articles and marks of punctuation around it."""
    bare = words.strip(" \"'.,;:!?()")
    return re.sub(r"^(?:the|a|an|our) (?=[a-z])", "", bare).strip()


def number_in(word: str) -> int | None:
    """`3`, `three`, `#3`; None for anything else."""
    bare = word.strip("# ").lower()
    return int(bare) if bare.isascii() and bare.isdigit() and len(bare) < 6 else _NUMBERS.get(bare)


def names_a_date(said: str) -> bool:
    """Tell whether words speak of a month, a quarter, a year or a day of the week: `in October`, `since 2024`."""
    return _DATED.search(QUOTED.sub(" ", said)) is not None


def is_month(words: str) -> bool:
    """Tell whether words are the name of a month and nothing else."""
    return re.fullmatch(_MONTHS, words.strip(), re.IGNORECASE) is not None


def ends_with_time(name: str) -> bool:
    """Tell whether what should be a name speaks of time: `Dana Kim last month`, `spring in October`."""
    return _SPAN_AT_END.search(name) is not None or names_a_date(name)


def ordinal_in(word: str) -> int | None:
    """`second`, `2nd`: its place from 0; None for anything else."""
    bare = word.lower()
    counted = re.fullmatch(r"(\d{1,3})(?:st|nd|rd|th)", bare)
    return int(counted[1]) - 1 if counted and int(counted[1]) > 0 else _ORDINALS.get(bare)


def days_in(said: str) -> tuple[int | None, str]:
    """The first span of time in days, and the words without it."""
    found = _DAYS.search(said)
    if found:
        many = number_in(found[1].split()[0])
        unit = found[2].lower().removesuffix("s")
        if many is not None and 0 < many * _UNITS[unit] <= 3_650:
            return many * _UNITS[unit], f"{said[: found.start()]} {said[found.end() :]}"
    for pattern, days in _SPANS.items():
        if found := re.search(pattern, said, re.IGNORECASE):
            return days, f"{said[: found.start()]} {said[found.end() :]}"
    return None, said


def calendar_in(said: str, today: date) -> tuple[date | None, str]:
    """The first day of “this month”, “this quarter” or “this year”, None where none is said; the words without it."""
    found = re.search(r"\b(?:in |during |so far )?this (month|quarter|year)\b", said, re.IGNORECASE)
    if found is None:
        return None, said
    first = {"month": today.month, "quarter": today.month - (today.month - 1) % 3, "year": 1}
    rest = f"{said[: found.start()]} {said[found.end() :]}"
    return today.replace(month=first[found[1].lower()], day=1), " ".join(rest.split())


def countries_in(said: str) -> tuple[tuple[str, ...], str]:
    """The countries named, as two letters each, and the words without them."""
    codes: list[str] = []
    for code, names in talk_words()["countries"].items():
        pattern = rf"\b(?:(?:in|from|to|within|based in|of) )?(?:{'|'.join(map(re.escape, names))})\b"
        if re.search(pattern, said, re.IGNORECASE):
            codes.append(code)
            said = re.sub(pattern, " ", said, flags=re.IGNORECASE)
        # A code counts in capitals only: “us”, “in”, “no” and “it” are words.
        coded = rf"\b(?:(?:in|from|to|within|of) )?(?:{code}{'|UK' if code == 'GB' else ''})\b"
        if re.search(coded, said):
            codes.append(code)
            said = re.sub(coded, " ", said)
    return tuple(dict.fromkeys(codes)), said


def stages_in(said: str) -> tuple[tuple[str, ...], str]:
    """The lifecycle stages named, and the words without them."""
    stages: list[str] = []
    # The longest names first: a “sales qualified lead” is no “lead”.
    for stage in ("mql", "sql", "subscriber", "opportunity", "customer", "lead"):
        pattern = rf"\b(?:(?:in )?(?:the )?stages? )?(?:{'|'.join(talk_words()['stages'][stage])})\b"
        if re.search(pattern, said, re.IGNORECASE):
            stages.append(stage)
            said = re.sub(pattern, " ", said, flags=re.IGNORECASE)
    return tuple(stages), said
