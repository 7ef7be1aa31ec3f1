"""Words that carry meaning, by their first letters, so that `pricing` and `prices` are one."""

from __future__ import annotations

import re
from functools import lru_cache

_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
_STEM_LETTERS = 5
_LEAST_LETTERS = 3
_EMPTY = frozenset(
    re.findall(
        r"\S+",
        "the and are they their them for with that what which who how does can did was were has have had our any "
        "this from his her its you your yours not will would about into out must than then there these those where "
        "when why should come back need needs new one two all also some more most other such only own same very just "
        "over under between after before during again once here both each few because while until against through "
        "being been able could might may shall say said says told tell get gets got make makes made take takes took "
        "see look looks like want wants know let use used using way well whether now lately recently help helps "
        "please would't don't isn't it's that's you're we're i'm thing things something anything nothing",
    )
)


@lru_cache(maxsize=4_096)
def stems(text: str) -> frozenset[str]:
    """Every content word of a text, by its stem; numbers stay whole."""
    return frozenset(stem for word in _WORD.findall(text) if (stem := stem_of(word)))


def stem_of(word: str) -> str:
    """A word's stem; empty for a word that carries no meaning by itself."""
    plain = word.lower().replace("’", "'").removesuffix("'s")
    if plain in _EMPTY or (len(plain) < _LEAST_LETTERS and not plain.isdigit()):
        return ""
    if plain.isdigit():
        return plain
    plain = plain.removesuffix("s") if len(plain) > 4 else plain
    return plain.replace("z", "s")[:_STEM_LETTERS]


def words(text: str) -> list[str]:
    """Every word, as written."""
    return _WORD.findall(text)
