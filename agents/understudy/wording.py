"""Words from outside made fit for a sentence, or refused.

Everything a CRM holds was once typed by somebody. A phrase enters a sentence only if it is short, plain
and free of anything a template, a mail client or a reader could mistake for something else.
"""

from __future__ import annotations

import re

from agents.understudy.vocabulary import words_for

_PLAIN = re.compile(r"^[^\W_][\w ,.&'’+/:?()–-]*$")
_ADDRESS = re.compile(r"@|www|https?|://|\w\.[^\W\d_]{2,}|\.\.", re.IGNORECASE)
_LEGAL_FORM = re.compile(
    r"[, ]+(?:inc|ltd|llc|llp|lp|plc|corp|corporation|co|company|limited|gmbh|ag|kg|se|sa|s\.a|bv|b\.v"
    r"|nv|ab|as|oy|pty|pte|srl|s\.r\.l|spa|sas|sarl)\.?$",
    re.IGNORECASE,
)
_NO_VALUE = words_for("no_value")
_ACRONYMS = words_for("acronyms")
_CASED = {"devops": "DevOps", "revops": "RevOps", "mlops": "MLOps", "saas": "SaaS", "iot": "IoT"}
_AN_LETTERS = frozenset("AEFHILMNORSX")
_A_VOWELS = ("uni", "use", "usa", "eu", "one", "uk", "ux", "ui", "us")


def squeeze(text: str | None) -> str:
    """Collapse every run of white space to one space and trim."""
    return " ".join((text or "").split())


def plain(text: str | None, most_words: int, most_chars: int) -> str | None:
    """Return the text on one line if it is short and plain enough to stand in a sentence, else None."""
    line = squeeze(text)
    if not line or len(line) > most_chars or len(line.split()) > most_words:
        return None
    return line if _PLAIN.match(line) and not _ADDRESS.search(line) else None


def is_acronym(word: str) -> bool:
    """Tell whether a word is written in capitals (or in a case of its own) by everyone."""
    return word.lower() in _ACRONYMS


def lowered(phrase: str) -> str:
    """Put a phrase in lower case, acronyms apart: `VP of SALES` becomes `VP of sales`."""
    return " ".join(_lowered_word(word) for word in phrase.split())


def _lowered_word(word: str) -> str:
    bare = word.strip(",")
    tail = word[len(bare) :]
    if is_acronym(bare):
        return _CASED.get(bare.lower(), bare.upper()) + tail
    return word.lower()


def with_article(phrase: str) -> str:
    """Put `a` or `an` before a phrase, by how its first word sounds."""
    first = phrase.split(maxsplit=1)[0]
    if is_acronym(first) and first.lower() not in words_for("spoken_as_words"):
        return f"{'an' if first[0].upper() in _AN_LETTERS else 'a'} {phrase}"
    if first.lower().startswith(_A_VOWELS):
        return f"a {phrase}"
    if first.lower().startswith(("hour", "honest", "heir", "sap", *"aeiou")):
        return f"an {phrase}"
    return f"a {phrase}"


def sentence_case(text: str) -> str:
    """Raise the first letter and leave the rest."""
    return text[:1].upper() + text[1:]


def company_name(name: str | None) -> str | None:
    """A company's everyday name, without its legal form, or None if it would not read in a sentence."""
    line = squeeze(name)
    for _ in range(2):
        line = _LEGAL_FORM.sub("", line).rstrip(" ,")
    clean = plain(line, most_words=5, most_chars=40)
    if clean is None or clean.lower() in _NO_VALUE or clean[-1] in ".?:" or not clean[0].isupper():
        return None
    return clean


def industry_name(industry: str | None) -> str | None:
    """An industry as it stands after `in`: `COMPUTER_SOFTWARE` becomes `computer software`."""
    line = squeeze((industry or "").replace("_", " ").replace("&", " and ").replace("/", " and "))
    clean = plain(line, most_words=5, most_chars=40)
    if clean is None or clean.lower() in _NO_VALUE or not re.fullmatch(r"[A-Za-z][A-Za-z ,'-]+", clean):
        return None
    return lowered(clean)


def title_of(text: str | None) -> str | None:
    """A title that can stand between quotation marks, or None."""
    clean = plain(text, most_words=7, most_chars=70)
    if clean is None or not (clean[0].isupper() or clean[0].isdigit()):
        return None
    return clean.rstrip(".:")
