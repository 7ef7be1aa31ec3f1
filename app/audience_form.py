"""An audience as rows of a form: one row a condition, and back. Pure.

A condition that says more than a row can (two bounds at once, a column of one's own) is kept as it stands, in a row
that shows it in words and can only be taken away.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from domain.base import Noun
from domain.campaign import Audience, EventCondition, FieldCondition
from domain.events import EventKind
from domain.people import LifecycleStage, Seniority
from policies.audience import FIELDS

Answers = Mapping[str, Sequence[str]]
"""What a form said: a field's values by its name."""

Part = Literal["all", "none"]

HOWS = {
    "in": "is one of",
    "not_in": "is none of",
    "at_least": "at least",
    "at_most": "at most",
    "known": "is known",
    "unknown": "is not known",
    "never": "never",
}
"""How a condition asks; `never` is of events, and means at most none."""

FIELD_WORDS = {
    "lifecycle_stage": "Lifecycle stage",
    "country": "Country",
    "job_title": "Job title",
    "seniority": "Seniority",
    "department": "Department",
    "language": "Language",
    "region": "Region",
    "time_zone": "Time zone",
    "owner": "Owner",
    "email_status": "E-mail status",
    "account.employees": "Company: employees",
    "account.industry": "Company: industry",
    "account.country": "Company: country",
    "account.name": "Company: name",
    "account.domain": "Company: domain",
    "account.annual_revenue_cents": "Company: yearly revenue in cents",
    "account.currency": "Company: currency",
    "account.region": "Company: region",
    "account.city": "Company: city",
    "account.owner": "Company: owner",
}

VALUES = {
    "lifecycle_stage": ", ".join(stage.value for stage in LifecycleStage),
    "seniority": ", ".join(level.value for level in Seniority),
    "country": "two letters each, such as DE, AT, CH",
}
"""What a field's values look like."""

MOST_ROWS = 40
BLANK_ROWS = 2
"""Rows to write into where there is no condition yet; where there are some, one is enough."""


class ConditionRow(Noun):
    """One condition as a form shows it. `on` is `field:NAME` or `event:KIND`; `kept` is JSON of one kept as it is."""

    number: int
    part: Part = "all"
    on: str = ""
    how: str = "in"
    value: str = ""
    topic: str = ""
    days: str = ""
    kept: str = ""
    says: str = ""


def condition_says(condition: FieldCondition | EventCondition) -> str:
    """A condition as a person says it: `Country is one of DE, AT`, `Page viewed at least 1 time in 30 days`."""
    if isinstance(condition, EventCondition):
        asked = [
            f"{word} {_times(many)}"
            for word, many in (("at least", condition.at_least), ("at most", condition.at_most))
            if many is not None
        ]
        is_never = condition.at_least is None and condition.at_most == 0
        about = f" about {condition.topic}" if condition.topic else ""
        lately = f" in {condition.within_days} days" if condition.within_days else ""
        name = condition.event.value.replace("_", " ").capitalize()
        return f"{name}{about} {'never' if is_never else ' and '.join(asked)}{lately}"
    asked = []
    if condition.is_in:
        asked.append(f"is one of {', '.join(map(str, condition.is_in))}")
    if condition.is_not_in:
        asked.append(f"is none of {', '.join(map(str, condition.is_not_in))}")
    asked += [
        f"is {word} {value:,g}"
        for word, value in (("at least", condition.at_least), ("at most", condition.at_most))
        if value is not None
    ]
    if condition.is_known is not None:
        asked.append("is known" if condition.is_known else "is not known")
    return f"{FIELD_WORDS.get(condition.field, condition.field)} {' and '.join(asked)}"


def audience_says(audience: Audience) -> tuple[tuple[str, bool], ...]:
    """Every condition in words, and whether it must hold or must not."""
    everyone, nobody = audience.all, audience.none
    return (
        *((condition_says(one), True) for one in everyone),
        *((condition_says(one), False) for one in nobody),
    )


def _times(many: int) -> str:
    return f"{many:,} time{'' if many == 1 else 's'}"


def subjects() -> tuple[tuple[str, tuple[tuple[str, str], ...]], ...]:
    """What a condition can be about, in groups: (group, ((value, words), …))."""
    fields = tuple((f"field:{name}", FIELD_WORDS.get(name, name)) for name in sorted(FIELDS, key=_by_use))
    kinds = tuple((f"event:{kind.value}", kind.value.replace("_", " ").capitalize()) for kind in EventKind)
    return (("Who they are", fields), ("What they did", kinds))


def _by_use(name: str) -> int:
    known = list(FIELD_WORDS)
    return known.index(name) if name in known else len(known)


def rows_of(audience: Audience) -> tuple[ConditionRow, ...]:
    """The rows that say an audience."""
    found = [(part, condition) for part in _PARTS for condition in getattr(audience, part)]
    return tuple(_row(number, part, condition) for number, (part, condition) in enumerate(found))


def rows_from(answers: Answers) -> tuple[ConditionRow, ...]:
    """The rows a form came back with, empty ones left out, their numbers as the form had them."""
    rows = []
    for number in range(MOST_ROWS):
        said = {
            name: _one(answers, f"c{number}.{name}")
            for name in ("part", "on", "how", "value", "topic", "days")
        }
        kept = _one(answers, f"c{number}.kept")
        if _one(answers, f"c{number}.drop") or not (said["on"] or kept):
            continue
        part: Part = "none" if said["part"] == "none" else "all"
        rows.append(
            ConditionRow(
                number=number,
                part=part,
                on=said["on"],
                how=said["how"] or "in",
                value=said["value"],
                topic=said["topic"],
                days=said["days"],
                kept=kept,
                says=_kept_words(kept),
            )
        )
    return tuple(rows)


def with_blanks(rows: Sequence[ConditionRow], part: Part = "all") -> tuple[ConditionRow, ...]:
    """The rows, and some empty ones to write more into."""
    begin = max((row.number for row in rows), default=-1) + 1
    many = 1 if rows else BLANK_ROWS
    return (*rows, *(ConditionRow(number=begin + more, part=part) for more in range(many)))


def answers_of(rows: Sequence[ConditionRow]) -> dict[str, list[str]]:
    """What a form would say that shows these rows."""
    said: dict[str, list[str]] = {}
    for row in rows:
        for name in ("part", "on", "how", "value", "topic", "days", "kept"):
            if value := getattr(row, name):
                said[f"c{row.number}.{name}"] = [value]
    return said


def audience_record(rows: Sequence[ConditionRow]) -> tuple[dict[str, list[Any]], dict[tuple[str, int], int]]:
    """Return the audience as a campaign file would say it, and which row each of its conditions came from."""
    record: dict[str, list[Any]] = {"all": [], "none": []}
    row_of: dict[tuple[str, int], int] = {}
    for row in rows:
        row_of[row.part, len(record[row.part])] = row.number
        record[row.part].append(_condition(row))
    return record, row_of


_PARTS: tuple[Part, ...] = ("all", "none")


def _row(number: int, part: Part, condition: FieldCondition | EventCondition) -> ConditionRow:
    given = condition.model_dump(mode="json", by_alias=True, exclude_none=True)
    kept = json.dumps(given, ensure_ascii=False, sort_keys=True)
    row = ConditionRow(number=number, part=part, kept=kept, says=_kept_words(kept))
    asked = [name for name in ("in", "not_in", "at_least", "at_most", "is_known") if name in given]
    if len(asked) != 1:
        return row
    how: str = asked[0]
    value: Any = given[how]
    if isinstance(condition, EventCondition):
        if how == "at_most" and value == 0:
            how, value = "never", ""
        days, topic = str(condition.within_days or ""), condition.topic or ""
        shown = ConditionRow(
            number=number,
            part=part,
            on=f"event:{condition.event.value}",
            how=how,
            value=str(value),
            topic=topic,
            days=days,
        )
    elif condition.field in FIELDS:
        if how == "is_known":
            how, value = ("known" if value else "unknown"), ""
        words = ", ".join(map(str, value)) if isinstance(value, list) else _number(value)
        shown = ConditionRow(number=number, part=part, on=f"field:{condition.field}", how=how, value=words)
    else:
        return row
    # Only where the way back leads to the same condition: a value with a comma in it would not.
    return shown if _condition(shown) == given else row


def _condition(row: ConditionRow) -> Any:
    if row.kept:
        return _kept(row.kept)
    kind, _, name = row.on.partition(":")
    if kind == "event":
        told: dict[str, Any] = {"event": name}
        if row.topic:
            told["topic"] = row.topic
        if row.days:
            told["within_days"] = _read_number(row.days)
        if row.how in {"never", "unknown"}:
            return {**told, "at_most": 0}
        how = row.how if row.how in {"at_least", "at_most"} else "at_least"
        return {**told, how: _read_number(row.value or "1")}
    told = {kind or "field": name}
    if row.how in {"known", "unknown"}:
        return {**told, "is_known": row.how == "known"}
    if row.how in {"at_least", "at_most"}:
        return {**told, row.how: _read_number(row.value)}
    return {**told, row.how: [word.strip() for word in row.value.split(",") if word.strip()]}


def _read_number(words: str) -> Any:
    """The number the words say, or the words: the loader then says what is wrong with them."""
    plain = words.strip().replace(" ", "")
    try:
        return int(plain)
    except ValueError:
        pass
    try:
        number = float(plain)
    except ValueError:
        return words
    return number if math.isfinite(number) else words


def _number(value: Any) -> str:
    return f"{value:.0f}" if isinstance(value, float) and value.is_integer() else str(value)


def _kept(words: str) -> Any:
    try:
        return json.loads(words)
    except ValueError:
        return words


def _kept_words(kept: str) -> str:
    found = _kept(kept) if kept else None
    if not isinstance(found, dict):
        return ""
    return ", ".join(_said(found))


def _said(found: Mapping[str, Any]) -> Iterator[str]:
    for name, value in found.items():
        shown = " or ".join(map(str, value)) if isinstance(value, list) else str(value)
        yield shown if name in {"field", "event"} else f"{name.replace('_', ' ')} {shown}"


def _one(answers: Answers, name: str) -> str:
    given = answers.get(name) or [""]
    return given[-1].strip()[:500]
