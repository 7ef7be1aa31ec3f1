"""A campaign from a sentence: outcome, audience, countries left out, content, worth; shown before it is saved.

What the sentence does not say is the house's default; what nobody may guess (what one is worth) is marked in the file.
"""

from __future__ import annotations

import re
from typing import Any

import yaml
from pydantic import ValidationError

from agents.understudy.talk_conditions import Sought, understood
from agents.understudy.talk_question import Question, Reading, one
from agents.understudy.talk_words import countries_in
from agents.understudy.talk_worth import worth_in
from domain.campaign import Audience, Autonomy, Campaign, Goal, Outcome
from policies.audience import in_countries

WORTH_CENTS = 10_000
"""What stands in the file where nobody said what one is worth, with a word that it is to be changed."""

_SET_UP = re.compile(
    r"^(?:set up|create|make|build|start|prepare|plan|write|launch|i (?:want|need))(?: me)? "
    r"(?:a |another )?(?:new )?campaign\b[:,]?(?: (?:to|that|which|for))*\s*",
    re.IGNORECASE,
)
_STATED = re.compile(
    r"^(?:(?:i|we) (?:want|need|would like) )?(?=(?:more|some|first|new|sales|intro\w*)\b|\w+ (?:from|with|among)\b)",
    re.IGNORECASE,
)
"""An outcome stated as the README does, with no verb: a campaign is meant where it says what one is worth."""
_OUT = re.compile(
    r"[,;.]?\s*\b(?:(?:but |and |with )?(?:nothing|not|nobody|no one|no (?:messages?|emails?|"
    r"mails?))(?: (?:to|in|for|from|goes to|sent to))*|except(?: for)?|excluding|without|"
    r"leave out|skip|"
    r"leaving out|outside(?: of)?|other than) (?:to |in |people in |anyone in |contacts in )?",
    re.IGNORECASE,
)
_OUTCOMES: tuple[tuple[Outcome, str], ...] = (
    (Outcome.RENEWED, r"\b(?:renew\w*|stay(?:ing)? (?:with us|customers))\b"),
    (
        Outcome.MEETING,
        r"\b(?:(?:sales |first |intro(?:ductory)? )?(?:calls?|meetings?|demos?|conversations?|"
        r"appointments?)|talk(?:ing)? to sales)\b",
    ),
    (Outcome.OPPORTUNITY, r"\b(?:opportunit\w+|deals?|pipeline)\b"),
    (Outcome.SQL, r"\b(?:sqls?|sales[- ]qualified(?: leads?)?)\b"),
    (Outcome.MQL, r"\b(?:mqls?|marketing[- ]qualified(?: leads?)?)\b"),
    (
        Outcome.WON,
        r"\b(?:w[io]n\b|buy\w*|purchas\w+|clos\w+|sales?|sold|paying|paid|subscriptions?|convert\w*)\b",
    ),
    (Outcome.REPLY, r"\b(?:repl\w+|answers?|respon\w+|wake\w*|re-?engage\w*|reactivat\w+|win back)\b"),
)
_TO = re.compile(
    r"^(?:move|bring|get|take|turn|lead|convert|nudge|push|win|make|help|invite|ask|wake|"
    r"re-?engage|reactivate|persuade)?(?: up)?\s*(?P<who>.+?)"
    r"(?: (?:to|into|towards?|for|so that they|until they) (?P<what>.+))?$",
    re.IGNORECASE,
)
_FROM = re.compile(
    r"^(?:(?:win|get|earn|collect|bring|gain|book|make)(?: us| more)* )?(?P<what>.+?) (?:from|with|"
    r"out of|of|among) (?P<who>.+)$",
    re.IGNORECASE,
)
_IDS = r"[a-z0-9]+(?:-[a-z0-9]+)+"
_CONTENT = re.compile(
    rf"[,;]?\s*\b(?:using|with|send(?:ing)?|offer(?:ing)?)(?: only)? (?P<what>these|those|them|"
    rf"that content|this content|{_IDS}(?:(?:,| and|, and) {_IDS})*)(?: only)?(?=$|[,;. ])",
    re.IGNORECASE,
)
_AUTONOMY = re.compile(
    r"[,;]?\s*\b(?:in |on |with |as )?(shadow|assist|guarded|autopilot)(?: mode| autonomy)?\b", re.IGNORECASE
)
_SUBJECT = re.compile(r"^(?:the |our |all |any )*", re.IGNORECASE)


def set_up(asked: Question) -> Reading:
    """A new campaign, as the call that would save its file."""
    found = _SET_UP.match(asked.said) or _stated(asked.said)
    if found is None or asked.asks:
        return None
    rest = asked.said[found.end() :]
    if not rest:
        return (
            "What is it to bring about, and for whom? Such as: “Set up a campaign to move trial "
            "accounts to a sales call, "
            "nothing to Germany, worth 400 USD each”."
        )
    given: dict[str, Any] = {}
    rest, assets = _content(asked, rest)
    rest, goal = worth_in(rest)
    if mode := _AUTONOMY.search(rest):
        given["autonomy"] = Autonomy(mode[1].lower())
        rest = rest[: mode.start()] + rest[mode.end() :]
    rest, out = _left_out(rest)
    if out is None:
        return _unsure()
    rest = rest.strip(" ,.;")
    parts = _FROM.match(rest)
    if parts is None or _outcome(parts["what"]) is None:
        parts = _TO.match(rest)
    outcome = _outcome((parts["what"] or "") if parts else "") or _outcome(rest)
    if parts is None or outcome is None:
        return _unsure()
    who = _who(parts["who"])
    sought = understood(asked, f"accounts {who}" if "account" not in who else who, True) if who else Sought()
    if sought is None or sought.words or sought.owners or sought.account:
        return _unsure()
    try:
        campaign = Campaign(
            id=_slug(who, outcome),
            name=f"{who[:1].upper()}{who[1:]} to {outcome.value}".strip() if who else f"To {outcome.value}",
            goal=Goal(outcome=outcome, **{"worth_cents": WORTH_CENTS, **goal}),
            audience=Audience.model_validate(_audience(sought, out)),
            assets=assets,
            **given,
        )
    except (ValidationError, ValueError):
        return _unsure()
    return one("campaign_save", yaml=_file(campaign, is_guessed="worth_cents" not in goal))


def _stated(said: str) -> re.Match[str] | None:
    found, (rest, goal) = _STATED.match(said), worth_in(said)
    parts = _FROM.match(rest[found.end() :].strip()) if found and goal else None
    return found if parts and _outcome(parts["what"]) else None


def _unsure() -> str:
    return (
        "I could not make a campaign of all of that, so I made none. I understand an outcome (a "
        "reply, a meeting, an MQL, an SQL, an "
        "opportunity, a sale, a renewal), an audience (stages, countries, industries, what they "
        "did, how long they are quiet), "
        "countries to leave out, and what one is worth: “Set up a campaign to move trial "
        "accounts to a sales call, nothing to "
        "Germany, worth 400 USD each”. Or write it at /campaigns/new."
    )


def _content(asked: Question, rest: str) -> tuple[str, tuple[str, ...]]:
    found = _CONTENT.search(rest)
    if found is None:
        return rest, ()
    ids = re.findall(_IDS, found["what"])
    shown = asked.shown.latest("content")
    assets = tuple(dict.fromkeys(ids or (one.id for one in shown)))
    return rest[: found.start()] + rest[found.end() :], assets


def _left_out(rest: str) -> tuple[str, tuple[str, ...] | None]:
    """The words without countries to leave out, and those; None where what is to be left out is no country."""
    codes: list[str] = []
    while found := _OUT.search(rest):
        named, left = countries_in(rest[found.end() :])
        first, _ = countries_in(rest[found.end() :].split(",", 1)[0].split(" and ", 1)[0])
        if not first:
            return rest, None
        codes += named
        rest = f"{rest[: found.start()]} {re.sub(r'(?:^|[, ])(?:and|or|,)(?= |$|,)', ' ', left)}"
    return " ".join(rest.split()), tuple(dict.fromkeys(codes))


def _outcome(words: str) -> Outcome | None:
    return next((outcome for outcome, pattern in _OUTCOMES if re.search(pattern, words, re.IGNORECASE)), None)


def _who(words: str) -> str:
    """The audience as words, without the verb’s own: `trial accounts`; empty for everybody."""
    bare = _SUBJECT.sub("", words.strip(" ,.;"))
    return (
        ""
        if re.fullmatch(
            r"(?:people|contacts|everyone|everybody|them|accounts|companies|meetings?|replies|renewals?|sales)",
            bare,
            re.IGNORECASE,
        )
        else bare
    )


def _slug(who: str, outcome: Outcome) -> str:
    words = re.sub(r"[^a-z0-9]+", "-", who.lower()).strip("-")[:40].strip("-")
    return f"{words}-to-{outcome.value}" if words else f"everybody-to-{outcome.value}"


def _audience(sought: Sought, out: tuple[str, ...]) -> dict[str, Any]:
    everyone: list[dict[str, Any]] = []
    nobody: list[dict[str, Any]] = []
    for name, values in (
        ("lifecycle_stage", sought.stages),
        ("country", sought.countries),
        ("account.industry", sought.industries),
    ):
        if values:
            everyone.append({"field": name, "in": list(values)})
    for did in sought.did:
        bounds = {} if {"at_least", "at_most"} & did.keys() else {"at_least": 1}
        everyone.append({**did, **bounds})
    if sought.quiet_days:
        for event in ("page_viewed", "email_clicked", "email_replied"):
            nobody.append({"event": event, "within_days": sought.quiet_days, "at_least": 1})
    nobody += [one.model_dump(mode="json", by_alias=True, exclude_none=True) for one in in_countries(out)]
    return {"all": everyone, "none": nobody}


def _file(campaign: Campaign, is_guessed: bool) -> str:
    told = campaign.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    record: dict[str, Any] = {
        name: told[name] for name in ("id", "name", "goal", "audience", "assets") if name in told
    }
    record["goal"] = {
        **{name: told["goal"][name] for name in ("outcome", "worth_cents") if name in told["goal"]},
        "currency": campaign.goal.currency,
        "window_days": campaign.goal.window_days,
    }
    record |= {"holdout_share": campaign.holdout_share, "autonomy": campaign.autonomy.value}
    note = (
        "# Not said, so 100 USD is put in: change worth_cents to what one is worth to you, in cents.\n"
        if is_guessed
        else ""
    )
    return note + yaml.safe_dump(
        record, sort_keys=False, allow_unicode=True, width=100, default_flow_style=None
    )
