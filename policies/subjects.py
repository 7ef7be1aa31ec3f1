"""What a sentence says somebody's act was about, and whether the evidence says so too."""

from __future__ import annotations

import re
from collections.abc import Iterator

_ABOUT = re.compile(
    r"\b(?:about|regarding|concerning"
    r"|(?:webinars?|guides?|material|something(?: of ours)?|reports?|read(?:ing)? up|sessions?|case study|checklists?"
    r"|papers?|pages?) on)\s+(?P<what>[^.,;:!?“”\"()]+)",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_ENDS = re.compile(
    r"in|on|at|for|from|with|by|since|and|or|but|when|while|after|before|last|this|early|late|mid|is|are|was|were"
    r"|may|can|will|to|because|so|as",
    re.IGNORECASE,
)
"""Words after which a phrase no longer names what it is about."""
_EMPTY = re.compile(
    r"an?|the|your|our|their|his|her|its|my|it|that|them|how|what|which|why|who|whether|us|you|we|they",
    re.IGNORECASE,
)
_COUNTED = re.compile(
    r"one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|fifty|hundred|half", re.IGNORECASE
)
_LEAST_SHARED = 4
_LONGEST_ENDING = 3
"""Letters two forms of one word share at its start, and may differ by at its end: price, pricing."""


def subjects(text: str) -> Iterator[str]:
    """Yield what a sentence says something was about: `reporting` of "You asked us about reporting in May"."""
    for found in _ABOUT.finditer(text):
        words = found["what"].split()
        end = next((at for at, word in enumerate(words) if _ENDS.fullmatch(word)), len(words))
        said = [word for word in words[:end] if not _EMPTY.fullmatch(word)]
        if said and not _COUNTED.fullmatch(said[0]) and said[0][:1].isalpha():
            yield " ".join(said)


def names(subject: str, backing: str) -> bool:
    """Tell whether a text names a subject by one of its words, in any form: `forecast` names `forecasting`."""
    there = _words(backing)
    return any(_is_same(said, known) for said in _words(subject) for known in there)


def _words(text: str) -> frozenset[str]:
    # Both spellings of "personalisation" are one word.
    parts = (part for word in _WORD.findall(text.lower()) for part in word.split("-"))
    return frozenset(part.replace("z", "s") for part in parts if not _EMPTY.fullmatch(part))


def _is_same(one: str, other: str) -> bool:
    if one == other:
        return True
    shorter = min(len(one), len(other))
    shared = next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), shorter)
    return shared >= max(_LEAST_SHARED, shorter - _LONGEST_ENDING)
