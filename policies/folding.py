"""Letters that only look alike: text as a reader reads it, whatever code points it is written in.

A rule that looks for words sees `Аction required` with a Cyrillic А, `Ac\u200btion` with a hidden mark and
`ACTION` in full-width letters as the same two words. What is shown to people stays as it was written.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_LOOK_ALIKES = str.maketrans(
    "АВЕЅІЈКМНОРСТУХԚԜЗаеѕіјкорсухԁԛԝһ" + "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧαικνορτυχ" + "ıƖǀɡɑ",
    "ABESIJKMHOPCTYXQW3aesijkopcyxdqwh" + "ABEZHIKMNOPTYXaiKvoptux".replace("K", "k") + "ilIga",
)
"""Cyrillic, Greek and Latin letters that cannot be told from the plain Latin ones by eye."""

_KEEPS_SCRIPTS = "\u200c\u200d"
"""Joiners: some scripts and emoji need them, so they are hidden marks only beside a Latin letter."""

_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f"
    "\u2800\u3164\ufeff\uffa0\ufff0-\ufffb\U000e0000-\U000e0fff]"
    f"|(?<=[A-Za-z])[{_KEEPS_SCRIPTS}]|[{_KEEPS_SCRIPTS}](?=[A-Za-z])"
)
_WORD = re.compile(r"[^\W\d_]+")
_STYLED = re.compile("[\uff21-\uff3a\uff41-\uff5a\U0001d400-\U0001d7ff\u24b6-\u24e9\U0001f130-\U0001f189]")
"""Full-width, mathematical and enclosed letters: plain words in a costume."""


@lru_cache(maxsize=256)
def folded(text: str) -> str:
    """Return the text in plain letters: compatibility forms resolved, hidden marks gone, look-alikes Latin.

    A word wholly in Cyrillic or Greek stays as it is: it is that language, not a disguise.
    """
    plain = unicodedata.normalize("NFKC", _INVISIBLE.sub("", text))
    if plain.isascii():
        return plain
    return _WORD.sub(lambda word: _unmasked(word.group()), plain)


def invisible_mark(text: str) -> str | None:
    """Name the first character nobody sees (zero-width, direction, filler, tag), or None."""
    found = _INVISIBLE.search(text)
    return f"U+{ord(found.group()):04X}" if found else None


def masked_word(text: str) -> str | None:
    """Return the first word written in mixed alphabets or costumed letters, or None."""
    if text.isascii():
        return None
    styled = _STYLED.search(text)
    if styled:
        return text[max(styled.start() - 10, 0) : styled.end() + 10].strip()
    return next((word for word in _WORD.findall(text) if _is_mixed(word)), None)


def _unmasked(word: str) -> str:
    if word.isascii():
        return word
    plain = word.translate(_LOOK_ALIKES)
    # All of it look-alikes, or some Latin among them: either way a reader sees a Latin word.
    return plain if plain.isascii() or _is_mixed(word) else word


def _is_mixed(word: str) -> bool:
    if word.isascii():
        return False
    scripts = {name for mark in word if (name := _script(mark))}
    return len(scripts) > 1


@lru_cache(maxsize=4096)
def _script(mark: str) -> str:
    name = unicodedata.name(mark, "").partition(" ")[0]
    return name if name in {"LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE"} else ""
