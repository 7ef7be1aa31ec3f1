"""What “what if they had …” supposes: acts, a stage, how high they stand, a number on record. Pure."""

from __future__ import annotations

import re
from typing import Any

from agents.understudy.talk_words import days_in, number_in, stages_in, talk_words

MOST_SUPPOSED = 6
_NEVER = re.compile(r"\b(?:never|not|had not|did not|nothing|no)\b", re.IGNORECASE)
_SENIORITIES = {
    "executive": r"\b(?:an? )?(?:executive|c-level|chief|ceo|cfo|coo|board member|vp|vice president)\b",
    "director": r"\b(?:an? )?(?:director|head)\b",
    "manager": r"\b(?:an? )?manager\b",
    "specialist": r"\b(?:an? )?(?:specialist|analyst|planner|buyer|engineer)\b",
}
_EMPLOYEES = re.compile(r"\b([\d,.]{1,9}|\w+) (?:employees|people|staff|workers)\b", re.IGNORECASE)
_DEALS = re.compile(r"\b(\d{1,3}|\w+) open deals?\b", re.IGNORECASE)
_TIMES = re.compile(r"\b(?:(once|twice)|(\w+) times)\b", re.IGNORECASE)


def things_supposed(had: str) -> list[dict[str, Any]]:
    """Read the words after “what if Dana …”; empty where something in them is not understood."""
    supposed: list[dict[str, Any]] = []
    for clause in re.split(r"\band\b|,", had):
        if not clause.strip():
            continue
        thing = _thing(clause)
        if thing is None or len(supposed) == MOST_SUPPOSED:
            return []
        supposed.append(thing)
    return supposed


def _thing(clause: str) -> dict[str, Any] | None:
    if found := _DEALS.search(clause):
        return _number("open deals", found[1])
    if found := _EMPLOYEES.search(clause):
        return _number("size of the company", found[1].replace(",", "").replace(".", ""))
    if act := _act(clause):
        return act
    stages, _ = stages_in(clause)
    if len(stages) == 1:
        return {"stage": stages[0]}
    for seniority, pattern in _SENIORITIES.items():
        if re.search(pattern, clause, re.IGNORECASE):
            return {"seniority": seniority}
    return None


def _number(what: str, words: str) -> dict[str, Any] | None:
    many = number_in(words)
    return None if many is None else {"what": what, "number": many}


def _act(clause: str) -> dict[str, Any] | None:
    days, rest = days_in(clause)
    page = re.search(r"\b(?:the |our )?([a-z]+) pages?\b", rest, re.IGNORECASE)
    for event, patterns in talk_words()["acts"].items():
        for pattern in patterns:
            if not re.search(rf"\b(?:{pattern})", rest, re.IGNORECASE):
                continue
            thing: dict[str, Any] = {"event": event}
            if _NEVER.search(rest):
                thing["times"] = 0
            elif found := _TIMES.search(rest):
                many = {"once": 1, "twice": 2}.get((found[1] or "").lower()) or number_in(found[2] or "")
                thing["times"] = min(many or 1, 100)
            if page and page[1].lower() not in {"the", "a", "our", "any", "web"}:
                thing["topic"] = page[1].lower()
            if days is not None:
                thing["within_days"] = min(days, 365)
            return thing
    return None
