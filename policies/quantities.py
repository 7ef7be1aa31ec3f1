"""Numbers, sums, shares and dates of a sentence in one spelling, so that two sentences can be compared."""

from __future__ import annotations

import re

_MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_WORDS = {
    "two": "2",
    "three": "3",
    "four": "4",
    "five": "5",
    "six": "6",
    "seven": "7",
    "eight": "8",
    "nine": "9",
    "ten": "10",
    "eleven": "11",
    "twelve": "12",
}
_COUNTED = (
    "percent|per cent|times|fold|x|minutes?|hours?|days?|weeks?|months?|quarters?|years?|customers?|companies"
    "|teams?|people|users?|employees|clients?|out of"
)
_SCALES = {"k": 1_000, "thousand": 1_000, "m": 1_000_000, "million": 1_000_000, "bn": 10**9, "billion": 10**9}

_NUMBER = re.compile(
    r"(?<![\w.])(?P<digits>\d{1,3}(?:[ ,\u00a0\u202f]\d{3})+(?:\.\d+)?|\d+(?:[.,]\d+)?)(?!\d|[.,]\d)"
    r"(?:\s?(?P<scale>k|m|bn|thousand|million|billion)(?![a-z]))?(?P<share>\s?(?:%|per ?cent\b))?",
    re.IGNORECASE,
)
_SPELLED = re.compile(rf"\b(?P<word>{'|'.join(_WORDS)})[ -](?:{_COUNTED})\b", re.IGNORECASE)
_FACTORS = re.compile(
    r"\b(doubl|tripl|quadrupl|halv)(?:e|es|ed|ing)\b"
    r"|(?<!which )(?<!other )(?<!first )(?<!second )\b(half|twice|thrice)\b",
    re.IGNORECASE,
)
_HALF_HOUR = re.compile(r"\b(?:which )?half[ -](?:an[ -])?hours?\b", re.IGNORECASE)
_MONTH = re.compile(
    rf"\b(?P<name>{'|'.join(m[:3] + f'(?:{m[3:]})?' for m in _MONTHS if m != 'may')})\b\.?", re.I
)
_MAY = re.compile(r"\bMay\b(?=\s+\d)|(?<=\d )May\b|\b(?:in|of|until|by|since) May\b")
_ISO_DAY = re.compile(r"\b(\d{4})-(\d{2})-(\d{2})\b")
_ASKED_TIME = re.compile(r"\b\d{1,2}[- ]?(?:minutes?|min)\b", re.IGNORECASE)


def quantities(text: str) -> frozenset[str]:
    """Return every quantity a sentence states, normalised: `3,000` and `3k` are both `3000`.

    A share keeps its sign (`30%`), so thirty customers never back thirty percent. Months count as
    `month:9`, factors by their stem (`doubl`), a spelled number only before something counted
    ("three weeks"), because "one of the two" states nothing to check.
    """
    text = _HALF_HOUR.sub("30 minutes", text)
    found: set[str] = set()
    for day in _ISO_DAY.finditer(text):
        found |= {day[1], str(int(day[3])), f"month:{int(day[2])}"}
    rest = _ISO_DAY.sub(" ", text)
    found |= {_plain(m["digits"], m["scale"]) + ("%" if m["share"] else "") for m in _NUMBER.finditer(rest)}
    found |= {_WORDS[m["word"].lower()] for m in _SPELLED.finditer(rest)}
    found |= {(m[1] or m[2]).lower() for m in _FACTORS.finditer(rest)}
    found |= {f"month:{_month(m['name'])}" for m in _MONTH.finditer(rest)}
    if _MAY.search(rest):
        found.add("month:5")
    return frozenset(found)


_UNITS = "minute|hour|day|week|month|quarter|year"
_MEASURED = re.compile(
    rf"(?<![\w.])(?P<many>\d+(?:[.,]\d+)?|{'|'.join(_WORDS)})(?:[ -]+(?P<unit>{_UNITS})s?\b)?", re.IGNORECASE
)


def other_units(text: str, backing: str) -> tuple[str, ...]:
    """Return what is measured in other units than the backing measures it in: `3 weeks` for `3 days`.

    A number the backing also gives without a unit (`from 74 minutes to 31`) may take the one that fits.
    """
    known: dict[str, set[str | None]] = {}
    for found in _MEASURED.finditer(backing):
        known.setdefault(_digits(found["many"]), set()).add(_unit(found["unit"]))
    return tuple(
        " ".join(found.group().split())
        for found in _MEASURED.finditer(text)
        if (unit := _unit(found["unit"])) is not None
        and (units := known.get(_digits(found["many"])))
        and None not in units
        and unit not in units
    )


def _digits(many: str) -> str:
    return _WORDS.get(many.lower(), many.replace(",", "."))


def _unit(unit: str | None) -> str | None:
    return unit.lower() if unit else None


def asked_quantities(text: str) -> frozenset[str]:
    """Return what a question states as fact: the minutes it asks for are no claim."""
    is_question = text.rstrip().endswith("?")
    return quantities(_ASKED_TIME.sub(" ", _HALF_HOUR.sub(" ", text)) if is_question else text)


def _month(name: str) -> int:
    return next(number for number, month in enumerate(_MONTHS, start=1) if month.startswith(name[:3].lower()))


def _plain(digits: str, scale: str | None) -> str:
    plain = re.sub(r"[ ,\u00a0\u202f](?=\d{3}(?:\D|$))", "", digits).replace(",", ".")
    number = float(plain) * _SCALES.get((scale or "").lower(), 1)
    return f"{number:.10g}"
