"""What a model's answer may look like: text fields that break a house rule make the answer invalid.

The limits are validators, not JSON-schema keywords, because strict structured outputs refuse most of
those; their messages are written for the model, which gets them with its second chance.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict

from agents.wording import clean
from domain.message import Evidence
from policies.outside import named_hosts

_ADDRESS = re.compile(
    r"https?:|www\.|\S@\S|\b[\w-]+\.(?:com|net|org|info|biz|io|ai|co|app|dev|ru|cn|example|test)\b",
    re.IGNORECASE,
)
_MARKUP = re.compile(r"<[a-z/!]|\]\(|\{\{|\*\*", re.IGNORECASE)
_WORD = re.compile(r"\w+")
_QUOTE = re.compile("“([^”]*)”")
LONGEST_COPY_WORDS = 5


class ModelAnswer(BaseModel):
    """Base of the answers: frozen, nothing extra, nothing left out."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def _plain(most_chars: int, *, may_be_empty: bool) -> Callable[[str], str]:
    def check(words: str) -> str:
        text = clean(words)
        if not text and not may_be_empty:
            raise ValueError("this text is empty; write it or leave the whole item out")
        if len(text) > most_chars:
            raise ValueError(f"this text has {len(text)} characters; at most {most_chars} are allowed")
        if _ADDRESS.search(text) or named_hosts(text):
            raise ValueError("write no URL, web or e-mail address; code adds the link")
        if _MARKUP.search(text):
            raise ValueError("write plain text without HTML, Markdown or placeholders")
        return text

    return check


Line = Annotated[str, AfterValidator(_plain(300, may_be_empty=False))]
"""One plain line: no address, no markup, at most 300 characters."""

Remark = Annotated[str, AfterValidator(_plain(300, may_be_empty=True))]
"""Like `Line`, and may be empty."""


def known(ids: Iterable[str], evidence: Collection[str]) -> tuple[str, ...]:
    """Return the ids that name evidence, each once, in the order given."""
    return tuple(dict.fromkeys(each for each in (i.strip() for i in ids) if each in evidence))


def copies_outside_words(text: str, evidence: Iterable[Evidence]) -> bool:
    """Tell whether a text repeats more than `LONGEST_COPY_WORDS` words in a row of what tainted facts quote.

    What an agent without tools reads reaches one with tools only in the first one's own words.
    """
    length = LONGEST_COPY_WORDS + 1
    written = _runs(text, length)
    return any(
        written & _runs(quote, length)
        for fact in evidence
        if fact.is_tainted
        for quote in _QUOTE.findall(fact.text) or [fact.text]
    )


def _runs(text: str, length: int) -> set[tuple[str, ...]]:
    words = [word.casefold() for word in _WORD.findall(text)]
    return {tuple(words[start : start + length]) for start in range(len(words) - length + 1)}
