"""How tools' answers are worded and laid out: labels, times in the asker's zone, pages, tables, records. Pure.

What a model reads stays small: a page of rows, how many there are, and how to get the next.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time
from typing import Any, Literal
from zoneinfo import ZoneInfo

from agents.wording import label as label_of
from app.audience_form import condition_says
from app.web.words import full_in
from domain.assistant import AnswerColumn, AnswerTable, Asker, Cell, RecordKind, RecordRef
from domain.campaign import EventCondition
from domain.events import Event

PAGE_ROWS = 20
"""Rows of one page, for people and models alike: few enough for a model, and who wants more asks for the next."""

LABEL_CHARS = 60
OUR_SOURCE = "attune"

_SPACE = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]+")

Kind = Literal["text", "number", "share", "moment", "record"]


def label(words: str | None, most: int = LABEL_CHARS) -> str | None:
    """A short label from outside (a name, a title, a company) on one line, cut; None where there is none."""
    told = _SPACE.sub(" ", words or "").strip()
    return (told if len(told) <= most else told[: most - 1] + "…") or None


def plain_label(words: str | None) -> str | None:
    """A word of an export (a topic, a stage of a deal), only where it is a label and gives no orders; else None."""
    return label_of(words)


def own_subject(event: Event) -> str | None:
    """The subject of what we sent ourselves: a colleague's imported one may repeat a stranger's words."""
    return event.subject if event.source == OUR_SOURCE and event.subject else None


def day(at: datetime | None, asker: Asker) -> str | None:
    """A day in the asker's zone: `12 Mar 2026`."""
    if at is None:
        return None
    here = at.astimezone(ZoneInfo(asker.zone))
    return f"{here.day} {here:%b %Y}"


def day_begins(begins: date | None, asker: Asker) -> datetime | None:
    """The moment a day begins in the asker's zone, in UTC."""
    return datetime.combine(begins, time(0), ZoneInfo(asker.zone)).astimezone(UTC) if begins else None


def moment(at: datetime | None, asker: Asker) -> str | None:
    """A time in the asker's zone with everything: `Thu 12 Mar 2026, 14:05 CET`."""
    return None if at is None else full_in(at, asker.zone)


def known(**facts: Any) -> dict[str, Any]:
    """Only what is there: nothing empty, so that a model is told no blanks."""
    return {name: value for name, value in facts.items() if value not in (None, "", (), [], {})}


def paged(name: str, rows: Sequence[Mapping[str, Any]], total: int, page: int) -> dict[str, Any]:
    """Facts of one page: the rows under `name`, how many there are in all, and where the next page is."""
    facts: dict[str, Any] = {"total": total, "page": page, name: [dict(row) for row in rows]}
    if has_more(total, page):
        facts["next_page"] = page + 1
    return facts


def has_more(total: int, page: int) -> bool:
    """Tell whether there is a page after this one."""
    return page * PAGE_ROWS < total


def first_row(page: int) -> int:
    """How many rows come before a page."""
    return (page - 1) * PAGE_ROWS


def page_words(total: int, page: int, noun: str, many: str = "") -> str:
    """Say which part of a list this is: `34 accounts; these are 1 to 15.` or `No contact.`, as a sentence."""
    if total == 0:
        return f"No {noun}."
    said = f"{total:,} {noun if total == 1 else many or noun + 's'}"
    first, last = first_row(page) + 1, min(page * PAGE_ROWS, total)
    if first > total:
        return f"{said}; there is no page {page}."
    return f"{said}." if total <= PAGE_ROWS else f"{said}; these are {first:,} to {last:,}."


def found_words(
    total: int,
    page: int,
    noun: str,
    did: Sequence[EventCondition] = (),
    quiet_days: int | None = None,
    since: str | None = None,
) -> str:
    """How many were found, which are shown, and what was asked of their acts: so that a wrong reading is seen."""
    asked = [f"{condition_says(one)}{f' since {since}' if since else ''}" for one in did]
    if quiet_days:
        asked.append(f"nothing of their own accord in the last {quiet_days} days")
    said = page_words(total, page, noun)
    return f"{said} Asked: {'; '.join(asked)}." if asked else said


def columns(*named: str | tuple[str, Kind]) -> tuple[AnswerColumn, ...]:
    """Columns by name; text where no kind is given."""
    return tuple(
        AnswerColumn(name=one) if isinstance(one, str) else AnswerColumn(name=one[0], kind=one[1])
        for one in named
    )


def table(
    title: str,
    head: Sequence[AnswerColumn],
    rows: Iterable[Sequence[Cell]],
    total: int | None = None,
    page: int = 1,
) -> AnswerTable:
    """A table people look at; with `total` it is one page of a longer list."""
    return AnswerTable(
        title=title,
        columns=tuple(head),
        rows=tuple(tuple(row) for row in rows),
        total=total,
        page=page,
        more=total is not None and has_more(total, page),
    )


def contact_ref(contact_id: str, name: str | None = None) -> RecordRef:
    """A contact as a record."""
    return RecordRef(kind=RecordKind.CONTACT, id=contact_id, label=label(name) or contact_id)


def account_ref(account_id: str, name: str | None = None) -> RecordRef:
    """A company as a record."""
    return RecordRef(kind=RecordKind.ACCOUNT, id=account_id, label=label(name) or account_id)


def record(kind: RecordKind, key: str, name: str | None = None) -> RecordRef:
    """Any record."""
    return RecordRef(kind=kind, id=key, label=label(name) or key)


def unique(records: Iterable[RecordRef | None]) -> tuple[RecordRef, ...]:
    """Each record once, as it was named first; what is None is left out."""
    found: dict[str, RecordRef] = {}
    for one in records:
        if one is not None:
            found.setdefault(one.mark, one)
    return tuple(found.values())
