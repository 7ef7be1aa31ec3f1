"""Reads the outcome a marketer wants from one sentence: what is to happen, to whom, and who is left out. Pure.

No model: a short list of words, each reading told back, so that a person sees what was understood and mends it.
Whatever it does not know it leaves alone.
"""

from __future__ import annotations

import re
from typing import Any

from agents.understudy.talk_worth import worth_in
from app.amounts import money
from domain.base import Noun
from domain.campaign import Outcome
from policies.audience import in_countries

MOST_CHARS = 400

_OUTCOMES = (
    (Outcome.RENEWED, r"renew\w*|churn|keep (?:our |the )?customers|retention|retain\w*|stay with us"),
    (
        Outcome.WON,
        r"purchases?|deals won|closed deals|sales(?! (?:call|meeting|team|accept|qualif))|revenue|orders|customers won|"
        r"new customers|upsells?",
    ),
    (Outcome.OPPORTUNITY, r"opportunit\w+|pipeline|deals opened|open(?:ed)? deals"),
    (
        Outcome.MEETING,
        r"(?:sales )?(?:calls?|meetings?|demos?|appointments?|conversations? with sales|talks? with sales)",
    ),
    (Outcome.SQL, r"sqls?|sales[- ](?:qualified|accepted) leads?"),
    (Outcome.MQL, r"mqls?|marketing[- ]qualified leads?|qualified leads?|more leads"),
    (Outcome.REPLY, r"repl(?:y|ies)|answers?|responses?|conversations?|write back"),
)

_AUDIENCES: tuple[tuple[str, str, dict[str, Any]], ...] = (
    (r"trials?|trial accounts?|trialing", "started a trial", {"event": "trial_started", "at_least": 1}),
    (r"webinar\w*", "attended a webinar", {"event": "webinar_attended", "at_least": 1}),
    (
        r"(?:compar(?:e|es|ed|ing) (?:(?:our|the|your|their) )?)?(?:pricing(?: page)?|prices?|costs)",
        "looked at pricing",
        {"event": "page_viewed", "topic": "pricing", "at_least": 1},
    ),
    (r"download\w*", "downloaded something", {"event": "content_downloaded", "at_least": 1}),
    (
        r"(?:existing |our |current )?customers",
        "are customers",
        {"field": "lifecycle_stage", "in": ["customer"]},
    ),
    (r"subscribers?", "are subscribers", {"field": "lifecycle_stage", "in": ["subscriber"]}),
    (r"(?:cold |new |old )?leads", "are leads", {"field": "lifecycle_stage", "in": ["lead"]}),
    (r"mqls", "are MQLs", {"field": "lifecycle_stage", "in": ["mql"]}),
    (r"executives?|c-level|ceos?|cfos?", "are executives", {"field": "seniority", "in": ["executive"]}),
    (r"directors?", "are directors", {"field": "seniority", "in": ["director"]}),
)

_WHO = (
    r"(?:(?:people|contacts|companies|any(?:one|body)|those|some(?:one|body)) (?:who|that|which) "
    r"(?:(?:are|have|had|already|ever|a|an|our|the|looked at|looks? at|visited|saw|started|attended) )*)?"
)
_SOMEBODY = rf"(?:the |any )?{_WHO}(?:{'|'.join(pattern for pattern, _, _ in _AUDIENCES)})\b"
# A word for no, then one group or several: `not customers`, `except leads and executives`, `non-customers`,
# `not people who compare prices`.
_NOBODY = re.compile(
    r"\b(?:not|no|non|except|without|excluding|other than)(?: (?:to|for|from))?[ -]"
    rf"{_SOMEBODY}(?:(?:,| and| or|, and|, or) {_SOMEBODY})*"
)

_QUIET = (
    r"quiet|gone (?:cold|silent)|inactive|dormant|sleeping|lapsed",
    {"event": "page_viewed", "within_days": 30, "at_least": 1},
)

_COUNTRIES = {
    "germany": "DE", "austria": "AT", "switzerland": "CH", "france": "FR", "italy": "IT", "spain": "ES",
    "portugal": "PT", "netherlands": "NL", "belgium": "BE", "ireland": "IE", "poland": "PL", "sweden": "SE",
    "denmark": "DK", "norway": "NO", "finland": "FI", "canada": "CA", "australia": "AU", "brazil": "BR",
    "japan": "JP", "india": "IN", "mexico": "MX", "united kingdom": "GB", "uk": "GB", "britain": "GB",
    "united states": "US", "usa": "US", "us": "US",
}  # fmt: skip

_NOT = (
    r"(?:but |and )?(?:nothing (?:to|in|for)|not (?:to|in|for|from)|no(?:body|one)? (?:in|from)|"
    r"except|without|excluding|outside)"
)


class Understood(Noun):
    """What one sentence was read as. `told` says it in words, one a line; of `unread` words nothing was made.

    `worth_cents`: what one outcome is worth, in cents of `currency`; None where the sentence does not say.
    """

    outcome: Outcome | None = None
    worth_cents: int | None = None
    currency: str = ""
    all: tuple[dict[str, Any], ...] = ()
    none: tuple[dict[str, Any], ...] = ()
    told: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()


def understand(sentence: str) -> Understood:
    """Read what is wanted; an empty reading where nothing was recognised."""
    words = " ".join(sentence.lower()[:MOST_CHARS].split())
    told: list[str] = []
    included, excluded = _countries(words)
    wanted, whom = _split(words)
    outcome = next((one for one, pattern in _OUTCOMES if _has(pattern, wanted)), None)
    if outcome is not None:
        told.append(f"the outcome wanted is {outcome.value}")
    left_out = " ".join(_NOBODY.findall(words))
    whom = _NOBODY.sub(" ", whom)
    everyone: list[dict[str, Any]] = []
    nobody: list[dict[str, Any]] = []
    for pattern, says, condition in _AUDIENCES:
        if _has(pattern, left_out):
            nobody.append(condition)
            told.append(f"none who {says}")
        elif _has(pattern, whom):
            everyone.append(condition)
            told.append(f"contacts who {says}")
    if _has(_QUIET[0], words):
        nobody.append(_QUIET[1])
        told.append("who looked at no page for 30 days")
    if included:
        everyone.append({"field": "country", "in": included})
        told.append(f"in {', '.join(included)}")
    if excluded:
        nobody += [
            one.model_dump(mode="json", by_alias=True, exclude_none=True) for one in in_countries(excluded)
        ]
        told.append(f"nothing to {', '.join(excluded)}, neither people there nor people of companies there")
    rest, goal = worth_in(words)
    if worth := goal.get("worth_cents"):
        told.append(f"one is worth {money(worth, goal['currency'])}")
    return Understood(
        outcome=outcome,
        all=tuple(everyone),
        none=tuple(nobody),
        worth_cents=worth or None,
        currency=goal["currency"] if worth else "",
        told=tuple(told),
        unread=_unread(rest if worth else words),
    )


_SMALL = frozenset(
    re.findall(
        r"[a-z]+",
        """
    more from with that this they them their there then than have been were will would should could into about after
    before page pages contact contacts people person someone everybody companies company account accounts campaign
    make move wake get them keep book want need help nothing nobody anyone looked visited started attended using used
    only also just where when which what whose while still next last week month ones once your ours first each
""",
    )
)
"""Words that ask for nothing by themselves."""


def _unread(words: str) -> tuple[str, ...]:
    """The words of four letters and more that no reading stands for, in their order."""
    names = "|".join(map(re.escape, _COUNTRIES))
    read = (
        [pattern for _, pattern in _OUTCOMES]
        + [pattern for pattern, _, _ in _AUDIENCES]
        + [_QUIET[0], names, _NOT]
    )
    left = re.sub(rf"\b(?:{'|'.join(read)})\b", " ", words)
    found = re.findall(r"[^\W\d_]{4,}", left)
    return tuple(dict.fromkeys(word for word in found if word not in _SMALL))


def _split(words: str) -> tuple[str, str]:
    """What is wanted, and from whom: `more calls from trial accounts`, `get leads to reply`."""
    parts = re.split(r"\b(?:from|among|of our|with our|for our|by)\b", words, maxsplit=1)
    if len(parts) == 2:
        return parts[0], parts[1]
    return words, words


def _countries(words: str) -> tuple[list[str], list[str]]:
    """Countries to write to, and countries left out: those that follow a `not in`, `except` or the like."""
    names = "|".join(sorted(map(re.escape, _COUNTRIES), key=len, reverse=True))
    listed = rf"(?:the )?(?:{names})\b(?:(?:,| and| or|, and|, or) (?:the )?(?:{names})\b)*"
    excluded: list[str] = []
    rest = words
    for found in re.finditer(rf"\b{_NOT} ({listed})", words):
        excluded += [_COUNTRIES[name] for name in re.findall(rf"\b(?:{names})\b", found[1])]
        rest = rest.replace(found[0], " ")
    # `us` is a word of its own in a sentence such as `book a call with us`.
    named = re.findall(rf"\b(?:in|from|to) ({listed})", rest)
    included = [
        _COUNTRIES[name] for part in named for name in re.findall(rf"\b(?:{names})\b", part) if name != "us"
    ]
    return list(dict.fromkeys(included)), list(dict.fromkeys(excluded))


def _has(pattern: str, words: str) -> bool:
    return re.search(rf"\b(?:{pattern})\b", words) is not None
