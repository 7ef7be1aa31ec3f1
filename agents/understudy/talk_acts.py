"""What somebody did, in words: which event, about what, how often, how lately. Pure."""

from __future__ import annotations

import re
from typing import Any

from agents.understudy.talk_words import number_in, talk_words
from agents.understudy.topics import known_topics, topic_named

_NOT = r"(?:\b(never|did not|do not|does not|have not|has not|had not|not|without|no)\b (?:ever |yet )?)?"
_TIMES = re.compile(
    r"\b(?:(at least|more than|at most|exactly|less than|fewer than) )?(?:(once|twice)|(\w+) "
    r"(?:times|or more times))\b",
    re.IGNORECASE,
)
_PAGE = re.compile(r"\b(?:the |our |a )?([a-z][a-z-]*(?: [a-z][a-z-]*)?) (?:web ?)?pages?\b", re.IGNORECASE)
_EMAIL = re.compile(
    r"\s*(?:(?:an?|any|the|our|my|that|this|last|latest|first|of|one|two|\d+) )*"
    r"(?:emails?|messages?|mails?|newsletters?)\b",
    re.IGNORECASE,
)
_OPENED = re.compile(
    rf"\b(?:open(?:ed|s)?|read|saw|seen|view(?:ed)?|look(?:ed)? at)\b{_EMAIL.pattern}", re.IGNORECASE
)
_PLAIN = frozenset({"page", "pages", "email", "emails", "link", "links", "content", "topic"})
_KINDS = re.compile(
    r"\b(?:case[ -]stud(?:y|ies)|white ?papers?|e-?books?|guides?|webinars?|newsletters?|checklists?|reports?|"
    r"brochures?|assets?)\b(?! pages?\b)",
    re.IGNORECASE,
)
"""Kinds of content: they say what a thing is, never what it is about."""

_OF_KINDS = frozenset({"content_downloaded", "webinar_attended"})


def act_in(clause: str, days: int | None) -> tuple[dict[str, Any] | None, str]:
    """The first act a clause speaks of, and the words left over once its topic is taken."""
    for event, patterns in talk_words()["acts"].items():
        for pattern in patterns:
            found = re.search(rf"{_NOT}\b(?:{pattern})\b", clause, re.IGNORECASE)
            if found is None:
                continue
            before, after = clause[: found.start()], clause[found.end() :]
            if event == "page_viewed" and _EMAIL.match(after):
                return None, clause
            bounds, after = _times(after)
            topic, after = _topic(after, event)
            did: dict[str, Any] = {"event": event, "topic": topic, "within_days": days, **bounds}
            if found[1]:
                did |= {"at_least": None, "at_most": 0}
            return {name: value for name, value in did.items() if value is not None}, f"{before} {after}"
    if found := _PAGE.search(clause):
        topic = _bare(found[1])
        if topic:
            told = {"event": "page_viewed", "topic": topic, "within_days": days}
            rest = without(clause, found)
            return {name: value for name, value in told.items() if value is not None}, rest
    return None, clause


def _times(said: str) -> tuple[dict[str, int], str]:
    found = _TIMES.search(said)
    if found is None:
        return {}, said
    many = {"once": 1, "twice": 2}.get((found[2] or "").lower()) or number_in(found[3] or "")
    if many is None:
        return {}, said
    how = (found[1] or "at least").lower()
    bounds = {
        "at least": {"at_least": many},
        "more than": {"at_least": many + 1},
        "at most": {"at_most": many},
        "exactly": {"at_least": many, "at_most": many},
    }.get(how, {"at_most": max(many - 1, 0)})
    return bounds, without(said, found)


def _topic(after: str, event: str) -> tuple[str | None, str]:
    """What an act was about: the words after it that carry a meaning, three at most."""
    if event in {
        "trial_started",
        "product_used",
        "meeting_booked",
        "meeting_held",
        "call_held",
        "ticket_opened",
        "email_unsubscribed",
        "email_complained",
        "email_bounced",
    }:
        return None, after
    bare = _KINDS.sub(" ", after)
    left = [word for word in re.findall(r"[\w&'-]+", bare) if word.lower() not in filler() | _PLAIN]
    if not left and bare != after and event not in _OF_KINDS:
        return None, after
    if left and len(left) <= 3 and all(word.isascii() for word in left):
        return _slug(" ".join(left).lower()), ""
    return (None, "") if not left else (None, after)


def _slug(words: str) -> str:
    """What content calls it where the words are another form of the same: `prices` and `costs` are `pricing`."""
    named = topic_named(words)
    return named.slug if named and named.slug in known_topics() else words


def speaks_of_opens(said: str) -> bool:
    """Tell whether words are about who opened an e-mail, which is no act a list can be made by."""
    return _OPENED.search(said) is not None


def _bare(words: str) -> str | None:
    left = [word for word in words.split() if word.lower() not in filler()]
    return _slug(" ".join(left).lower()) if left else None


def filler() -> frozenset[str]:
    """Words that carry no condition."""
    return frozenset(talk_words()["filler"])


def without(said: str, found: re.Match[str]) -> str:
    """The words without what was found in them."""
    return f"{said[: found.start()]} {said[found.end() :]}"
