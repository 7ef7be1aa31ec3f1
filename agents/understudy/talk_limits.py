"""To whom a list was limited, in words: what a tool's answer leaves out is taken from the call itself. Pure.

Who asked for leads in Germany must see that leads in Germany were counted, or a wrong reading looks right.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from agents.understudy.talk_words import talk_words
from domain.assistant import ToolAnswer, ToolCall

_STAGES = {
    "subscriber": "subscribers",
    "lead": "leads",
    "mql": "MQLs",
    "sql": "SQLs",
    "opportunity": "opportunities",
    "customer": "customers",
}
_POSSIBLE, _NOTHING = "What was possible", "send nothing"
"""The table of a decision's explanation, and how its row of silence is called (`app/assistant/whys.py`)."""

_NOUNS = {"contact_find": "contacts", "account_find": "companies"}


def limits_said(call: ToolCall, answer: ToolAnswer) -> str:
    """A sentence such as `Looked only at leads or MQLs in Germany.`; empty where nothing limited the list."""
    if call.name == "campaign_count":
        return _conditions(answer.facts.get("steps"))
    if call.name not in _NOUNS:
        return ""
    given = call.arguments
    stages, countries = _texts(given, "stages"), _texts(given, "countries")
    parts = [
        f"in {_or([_country(code) for code in countries])}" if countries else "",
        f"in the industry {_or(_texts(given, 'industries'))}" if given.get("industries") else "",
        f"looked after by {_or(_texts(given, 'owners'))}" if given.get("owners") else "",
        f"with “{given['words']}” in name, job or company" if given.get("words") else "",
    ]
    limits = [part for part in parts if part]
    if not stages and not limits:
        return ""
    whom = _or([_STAGES.get(stage, stage) for stage in stages]) if stages else _NOUNS[call.name]
    return f"Looked only at {' '.join([whom, *limits])}."


def silence_said(call: ToolCall, answer: ToolAnswer) -> str:
    """What sending nothing was expected to be worth, beside a worth below zero; empty where none is told.

    A worth below zero alone says little: deals that may be lost count whatever is done.
    """
    rows = next((one.rows for one in answer.tables if one.title == _POSSIBLE), ())
    if call.name != "decision_explain" or not rows:
        return ""
    taken = next((str(row[2]) for row in rows if row[-1] == "taken" and row[0] != _NOTHING), "")
    nothing = next((str(row[2]) for row in rows if row[0] == _NOTHING and row[2] is not None), "")
    if not nothing or not re.match(r"(?:about )?-\d", taken):
        return ""
    return f"Expected to be worth {taken}; to send nothing, {nothing}."


def _conditions(steps: object) -> str:
    """The conditions an audience was counted by; the first step is everybody."""
    told = [str(one["condition"]) for one in steps[1:]] if isinstance(steps, list) else []
    return f"Counted: {'; '.join(told)}." if told else ""


def _country(code: str) -> str:
    names = talk_words()["countries"].get(code) or [code]
    return " ".join(
        word if word in {"the", "of"} else word[:1].upper() + word[1:] for word in names[0].split()
    )


def _texts(given: Mapping[str, Any], name: str) -> list[str]:
    return [str(one) for one in given.get(name) or ()]


def _or(words: Sequence[str]) -> str:
    return " or ".join((", ".join(words[:-1]), words[-1])) if len(words) > 1 else "".join(words)
