"""What is wrong with a campaign form's answers, told to whoever fills it in: what the field asks for, and what to do.

The loader of campaign files speaks to who writes files, of lists and field names; a form shows neither. What is not
told here the loader tells: nothing gets past it.
"""

from __future__ import annotations

import re

from app.audience_form import FIELD_WORDS, HOWS, VALUES, Answers, ConditionRow, rows_from
from domain.campaign import Autonomy, Outcome
from domain.events import EventKind

_WHOLE = re.compile(r"[1-9]\d{0,14}")
_COUNT = re.compile(r"\d{1,15}")
_NUMBER = re.compile(r"-?\d{1,15}([.,]\d+)?")


def told_at_fields(answers: Answers) -> dict[str, str]:
    """What to say at each field whose answer does not fit, in the form's words; conditions at `c0`, `c1` and so on."""
    said: dict[str, str] = {}
    if _one(answers, "goal.outcome") not in set(Outcome):
        said["goal.outcome"] = "no outcome is chosen yet: choose what you want more of"
    if not re.fullmatch(r"[A-Za-z]{3}", _one(answers, "goal.currency")):
        said["goal.currency"] = "write a currency’s three letters, such as USD or EUR"
    if not _WHOLE.fullmatch(_bare(answers, "goal.window_days")):
        said["goal.window_days"] = "write how many days, as a whole number from 1 up, such as 30"
    for name in ("caps.messages", "daily.messages"):
        many = _bare(answers, name)
        if many and not _WHOLE.fullmatch(many):
            said[name] = "write a whole number from 1 up, such as 100, or leave it empty for no cap"
    if _one(answers, "schedule.rhythm") == "cron" and not _one(answers, "schedule.cron"):
        said["schedule"] = (
            "write the five fields of a cron expression, such as 0 9 * * 1-5, or choose a rhythm"
        )
    if _one(answers, "autonomy") not in set(Autonomy):
        said["autonomy"] = "choose how much may go without a person"
    for row in rows_from(answers):
        if words := _row_says(row):
            said[f"c{row.number}"] = words
    return said


def _row_says(row: ConditionRow) -> str:
    """What is wrong with one condition; empty where nothing is, or where the loader says it better."""
    kind, _, name = row.on.partition(":")
    if row.kept:
        return ""
    if kind == "event":
        return _event_says(row) if name in set(EventKind) else ""
    if kind != "field":
        return "choose what this condition is about, or leave the whole row empty"
    about = FIELD_WORDS.get(name, name)
    if row.how not in HOWS:
        return f"choose how it asks for “{about}”"
    if row.how == "never":
        return f"“never” goes with what people did: for “{about}” choose “is none of” or “is not known”"
    if row.how in {"in", "not_in"} and not row.value.strip(" ,"):
        such = f": {VALUES[name]}" if name in VALUES else ""
        return f"write which values of “{about}” are meant, parted by commas{such}"
    if row.how in {"at_least", "at_most"} and not _NUMBER.fullmatch(row.value.replace(" ", "")):
        return f"write a number for “{about}”, such as 20{given(row.value)}"
    return ""


def _event_says(row: ConditionRow) -> str:
    done = row.on.partition(":")[2].replace("_", " ").capitalize()
    if row.how not in {"never", "unknown"} and row.value and not _COUNT.fullmatch(row.value.replace(" ", "")):
        return f"write how many times for “{done}”, as a whole number such as 2; empty means once{given(row.value)}"
    if row.days and not _WHOLE.fullmatch(row.days.replace(" ", "")):
        return f"write “in days” as a whole number from 1 up, such as 30; empty means ever{given(row.days)}"
    return ""


def given(words: str) -> str:
    """What stands in the field, in brackets after what should; nothing where it is empty."""
    return f" (it says “{words:.40}”)" if words.strip() else ""


def _one(answers: Answers, name: str) -> str:
    return (answers.get(name) or [""])[-1].strip()


def _bare(answers: Answers, name: str) -> str:
    return _one(answers, name).replace(",", "").replace(" ", "")
