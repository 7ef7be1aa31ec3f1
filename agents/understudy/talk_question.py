"""One question with what was shown before it, and whom or what its words mean."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from agents.understudy.talk_history import Seen, Shown
from agents.understudy.talk_words import QUOTED, countries_in, ends_with_time, is_month, unquoted
from domain.assistant import ToolCall

Reading = tuple[ToolCall, ...] | str | None
"""Calls to make, an answer in words, or None: not understood."""

_LONGEST_NAME = 80
_MOST_NAME_WORDS = 7
_NO_NAME = re.compile(
    r"[?!;:]|\.\s|\b(?:because|please|and then|what|why|how|should|would|when|if)\b|"
    r"^(?-i:did|does|someone|somebody|anyone|anybody)\b",
    re.IGNORECASE,
)
_SAID_OF = {
    "contact": (
        "Nobody was shown yet whom “{}” could mean. Say a name, an address or an id.",
        "Whom do you mean",
    ),
    "account": (
        "No company was shown yet that “{}” could mean. Say its name or id.",
        "Which company do you mean",
    ),
    "campaign": (
        "No campaign was shown yet that “{}” could mean. Say its name.",
        "Which campaign do you mean",
    ),
    "run": ("No run was shown yet that “{}” could mean. Say its id.", "Which run do you mean"),
    "proposal": (
        "No proposal was shown yet that “{}” could mean. Ask for the proposals first.",
        "Which one do you mean",
    ),
}

ASKED_BACK = {kind: many for kind, (_, many) in _SAID_OF.items() if kind != "proposal"} | {
    "proposal": "Which of the "
}
"""How a question back begins where several of a kind were shown."""


_ID = re.compile(r"(?:[A-Z][\w.'-]*(?: [\w.'-]+){0,5} ?\(?)?(?P<id>c_[0-9a-z]{6,})\)?")
_NOT_THEM = re.compile(r"\b(?:but|of|except|and|or|not|than)\b", re.IGNORECASE)


class Unclear(Exception):
    """What is meant cannot be told; the text asks for it."""


@dataclass(frozen=True)
class Question:
    """A question made plain."""

    raw: str
    said: str
    asks: bool
    shown: Shown

    def contact(self, words: str) -> str | None:
        """By what a tool finds the contact these words mean; None where they are no name. Raises `Unclear`."""
        return self._meant(words, "contact")

    def account(self, words: str) -> str | None:
        """By what a tool finds the company these words mean, “there” included. Raises `Unclear`."""
        if re.fullmatch(r"there|here|that place|them", words.strip(), re.IGNORECASE):
            return self._one(self.shown.latest("account"), words, "account")
        return self._meant(
            re.sub(r"\b(?:company|account)\b", "", words, flags=re.IGNORECASE) or words, "account"
        )

    def campaign(self, words: str) -> str | None:
        """By what a tool finds the campaign these words mean. Raises `Unclear`."""
        if self.shown.meant(words, "campaign") is None:
            words = re.sub(r"^(?:the|our)? *campaign\b|\bcampaign$", "", words.strip(), flags=re.IGNORECASE)
            if not words.strip(" \"'"):
                return self._one(self.shown.latest("campaign"), "the campaign", "campaign")
        return self._meant(words, "campaign")

    def record(self, words: str, kind: str) -> str | None:
        """By what a tool finds a record of another kind. Raises `Unclear`."""
        return self._meant(words, kind)

    def _meant(self, words: str, kind: str) -> str | None:
        # A name as our own lists print it, with the id behind: the id is what is meant.
        known = _ID.fullmatch(words.strip()) if kind == "contact" else None
        if known and not _NOT_THEM.search(words):
            return known["id"]
        seen = self.shown.meant(words, kind)
        if seen is not None:
            return self._one(seen, words, kind)
        name = unquoted(words)
        if not is_name(name) or (kind != "contact" and is_month(name)):
            return None
        named = {one.id for one in self.shown.latest(kind) if is_named(one, name)}
        if len(named) == 1:
            return named.pop()
        return re.sub(r" (?:at|from|of) ", " ", name) if kind == "contact" else name

    @staticmethod
    def _one(seen: Sequence[Seen], words: str, kind: str) -> str:
        none, many = _SAID_OF[kind]
        if not seen:
            raise Unclear(none.format(words.strip()))
        if len(seen) > 1:
            named = ", ".join(f"{one.label} [{kind}:{one.id}]".strip() for one in seen[:5])
            more = f" and {len(seen) - 5} more" if len(seen) > 5 else ""
            raise Unclear(f"{many}: {named}{more}? Say “the first one”, or a name.")
        return seen[0].id


def is_name(words: str) -> bool:
    """Tell whether words may be somebody's or something's name."""
    return (
        0 < len(words) <= _LONGEST_NAME
        and len(words.split()) <= _MOST_NAME_WORDS
        and any(letter.isalnum() for letter in words)
        and not _NO_NAME.search(f"{words} ")
        and not ends_with_time(words)
    )


def is_named(seen: Seen, name: str) -> bool:
    """Tell whether a name is a record's whole label, its id, or one word of its label."""
    label, asked = seen.label.casefold(), name.casefold()
    return asked in {label, seen.id.casefold()} or (len(asked) > 2 and asked in label.split())


def call(name: str, number: int = 1, /, **arguments: Any) -> ToolCall:
    """A call; what is None or empty is left to the tool's default."""
    given = {key: value for key, value in arguments.items() if value not in (None, "", (), [])}
    return ToolCall(id=f"understudy_{number}", name=name, arguments=given)


def one(name: str, /, **arguments: Any) -> tuple[ToolCall, ...]:
    """A reading that is one call."""
    return (call(name, **arguments),)


def of_campaign(asked: Question, words: str, tool: str, **more: str | None) -> Reading:
    """A call about the campaign these words mean; None where they are no campaign's. Raises `Unclear`."""
    if re.search(
        r"\b(?:contacts|accounts|people|you|we|they|learner|funnel|weather|signals?)\b", words, re.IGNORECASE
    ):
        return None
    countries, rest = countries_in(words)
    if countries and not rest.strip(" ,.?"):
        return None
    campaign = asked.campaign(words)
    return None if campaign is None else one(tool, campaign=campaign, **more)


Reader = Callable[[Question], Reading]


def quoted_in(said: str) -> str | None:
    """What stands in quotes first."""
    found = QUOTED.search(said)
    return found[1] if found else None


def first_match(said: str, *patterns: str) -> re.Match[str] | None:
    """The first pattern that fits the whole of what was said."""
    for pattern in patterns:
        if found := re.fullmatch(pattern, said, re.IGNORECASE):
            return found
    return None
