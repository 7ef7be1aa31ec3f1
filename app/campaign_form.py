"""A campaign as the answers of a form, and back. Pure; what is wrong with an answer is told at its field.

The loader that reads campaign files judges here too, so a form can say nothing a file could not.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

import yaml
from pydantic import ValidationError

from app.audience_form import Answers, answers_of, audience_record, rows_from, rows_of
from app.campaign_file import judge_campaign
from app.campaign_text import rewritten, written
from app.form_mistakes import given, told_at_fields
from domain.base import Noun
from domain.campaign import Autonomy, Campaign, Outcome, SendSlot
from policies.mistakes import Mistake, Place, mistakes_of

OUTCOME_WORDS = {
    Outcome.REPLY: ("Replies", "somebody writes back"),
    Outcome.MEETING: ("Sales calls and meetings", "a meeting is booked or held"),
    Outcome.MQL: ("Leads marketing vouches for", "a contact becomes an MQL"),
    Outcome.SQL: ("Leads sales accepts", "a contact becomes an SQL"),
    Outcome.OPPORTUNITY: ("Opportunities", "a deal is opened"),
    Outcome.WON: ("Purchases", "a deal is won"),
    Outcome.RENEWED: ("Renewals", "a customer stays"),
}
"""What a campaign can be after: its name, and what counts as one."""

AUTONOMY_WORDS = {
    Autonomy.SHADOW: (
        "Nothing leaves",
        "Messages are drafted for you to look at. None is sent, none is proposed.",
    ),
    Autonomy.ASSIST: ("A person decides about each", "Every message waits in the inbox for a reviewer."),
    Autonomy.GUARDED: (
        "What is at stake goes to a person",
        "Ordinary messages go alone; whatever the stakes rules name waits in the inbox.",
    ),
    Autonomy.AUTOPILOT: (
        "Nearly all goes alone",
        "Only what no autonomy waives waits in the inbox. For campaigns whose drafts reviewers approve unedited.",
    ),
}

SLOT_WORDS = {
    SendSlot.NOW: "As soon as their day allows",
    SendSlot.MORNING: "Morning",
    SendSlot.MIDDAY: "Midday",
    SendSlot.AFTERNOON: "Afternoon",
}

DAYS = {
    "1": "Monday",
    "2": "Tuesday",
    "3": "Wednesday",
    "4": "Thursday",
    "5": "Friday",
    "6": "Saturday",
    "0": "Sunday",
}
RHYTHMS = {
    "": "Only when somebody says so",
    "weekdays": "Every weekday",
    "daily": "Every day",
    "weekly": "Once a week",
}

STARTS: dict[str, Any] = {
    "goal": {"window_days": 30},
    "caps": {"messages": 100},
    "autonomy": Autonomy.ASSIST.value,
}
"""What a new campaign's form begins with."""


class Filled(Noun):
    """A form as it was filled in: the campaign it means or None, its file's text, and what is wrong by field."""

    campaign: Campaign | None
    text: str = ""
    errors: dict[str, str]


def filled(
    answers: Answers, asset_ids: Sequence[str], base: Campaign | None = None, base_text: str = ""
) -> Filled:
    """Read a form.

    Args:
        answers: what it said.
        asset_ids: the content library.
        base: the campaign it changes; parts no form shows stay as they are there.
        base_text: that campaign's file.
    """
    record, row_of, own = _record(answers, base)
    try:
        campaign = Campaign.model_validate(record)
    except ValidationError as error:
        return Filled(campaign=None, errors={**_placed(_sorted(error, record), row_of), **own})
    text = rewritten(base_text, campaign) if base else written(campaign)
    read, mistakes = judge_campaign(text, asset_ids)
    errors = {**_placed(mistakes, row_of), **own}
    return Filled(campaign=None if errors else read, text=text, errors=errors)


def answers_from(campaign: Campaign) -> dict[str, list[str]]:
    """What a form says that shows this campaign."""
    goal, schedule = campaign.goal, campaign.schedule
    said: dict[str, list[str]] = {
        "id": [campaign.id],
        "name": [campaign.name],
        "brief": [campaign.brief],
        "goal.outcome": [goal.outcome.value],
        "goal.worth": [money_said(goal.worth_cents)],
        "goal.currency": [goal.currency],
        "goal.window_days": [str(goal.window_days)],
        "assets": list(campaign.assets),
        "slots": [slot.value for slot in campaign.slots],
        "caps.messages": [_number(campaign.caps.messages)],
        "caps.model_cost": [money_said(campaign.caps.model_cost_cents)],
        "daily.messages": [_number(campaign.daily.messages)],
        "holdout": [f"{campaign.holdout_share * 100:g}"],
        "autonomy": [campaign.autonomy.value],
        **answers_of(rows_of(campaign.audience)),
    }
    if schedule is not None:
        said |= _rhythm_of(schedule.cron)
        said["schedule.time_zone"] = [schedule.time_zone or ""]
        said["schedule.missed"] = [schedule.missed]
    return said


def start_answers() -> dict[str, list[str]]:
    """What a new campaign's form says before anybody wrote into it."""
    return {
        "goal.currency": ["USD"],
        "goal.window_days": [str(STARTS["goal"]["window_days"])],
        "slots": [SendSlot.NOW.value, SendSlot.MORNING.value, SendSlot.AFTERNOON.value],
        "caps.messages": [str(STARTS["caps"]["messages"])],
        "holdout": ["10"],
        "autonomy": [Autonomy.ASSIST.value],
    }


def _record(
    answers: Answers, base: Campaign | None
) -> tuple[dict[str, Any], dict[tuple[str, int], int], dict[str, str]]:
    """The campaign as a file would say it; which row each condition came from; what is wrong already."""
    own = told_at_fields(answers)
    record: dict[str, Any] = base.model_dump(mode="json", by_alias=True) if base else {}
    audience, row_of = audience_record(rows_from(answers))
    goal = {**record.get("goal", {}), "outcome": one(answers, "goal.outcome")}
    goal["worth_cents"] = _cents(answers, "goal.worth", own)
    goal["currency"] = one(answers, "goal.currency").upper()
    goal["window_days"] = _whole(answers, "goal.window_days")
    record |= {
        "id": one(answers, "id") if base is None else base.id,
        "name": one(answers, "name"),
        "brief": one(answers, "brief"),
        "goal": goal,
        "audience": audience,
        "assets": [asset_id for asset_id in answers.get("assets", ()) if asset_id],
        "slots": [slot for slot in dict.fromkeys(answers.get("slots", ())) if slot],
        "autonomy": one(answers, "autonomy"),
    }
    record["caps"] = {**record.get("caps", {}), "messages": _whole(answers, "caps.messages", may_lack=True)}
    record["caps"]["model_cost_cents"] = _cents(answers, "caps.model_cost", own, may_lack=True)
    record["daily"] = {
        **record.get("daily", {}),
        "messages": _whole(answers, "daily.messages", may_lack=True),
    }
    share = _share(answers, "holdout", own)
    if share is not None:
        record["holdout_share"] = share
    record["schedule"] = _schedule(answers, own)
    if not record["name"]:
        own["name"] = "is missing: what should the team call it?"
    if not record["slots"]:
        own["slots"] = "choose at least one"
    return record, row_of, own


def _schedule(answers: Answers, own: dict[str, str]) -> dict[str, Any] | None:
    rhythm = one(answers, "schedule.rhythm")
    if not rhythm:
        return None
    if rhythm == "cron":
        cron = one(answers, "schedule.cron")
    else:
        at = re.fullmatch(r"([01]?\d|2[0-3]):([0-5]\d)", one(answers, "schedule.at"))
        if at is None:
            own["schedule.at"] = "must be a time of day, such as 09:00"
            return None
        days = {"daily": "*", "weekdays": "1-5"}.get(rhythm) or one(answers, "schedule.day") or "1"
        cron = f"{int(at[2])} {int(at[1])} * * {days}"
    return {
        "cron": cron,
        "time_zone": one(answers, "schedule.time_zone") or None,
        "missed": one(answers, "schedule.missed") or "skip",
    }


def _rhythm_of(cron: str) -> dict[str, list[str]]:
    told = re.fullmatch(r"(\d{1,2}) (\d{1,2}) \* \* (\*|1-5|[0-6])", cron)
    if told is None:
        return {"schedule.rhythm": ["cron"], "schedule.cron": [cron]}
    rhythm = {"*": "daily", "1-5": "weekdays"}.get(told[3], "weekly")
    said = {"schedule.rhythm": [rhythm], "schedule.at": [f"{int(told[2]):02}:{int(told[1]):02}"]}
    return {**said, "schedule.day": [told[3]]} if rhythm == "weekly" else said


def _placed(mistakes: Sequence[Mistake], row_of: Mapping[tuple[str, int], int]) -> dict[str, str]:
    errors: dict[str, str] = {}
    for mistake in mistakes:
        name = field_of(mistake.place, row_of)
        errors[name] = f"{errors[name]}; {mistake.says}" if name in errors else mistake.says
    return errors


def field_of(place: Place, row_of: Mapping[tuple[str, int], int]) -> str:
    """The form's field for a place of the file; `` for the whole form."""
    match place:
        case ("audience", str(part), int(number), *_):
            return f"c{row_of.get((part, number), number)}"
        case ("schedule", *_):
            return "schedule"
        case ("goal" | "caps" as part, "worth_cents" | "model_cost_cents" as name):
            return f"{part}.{name.removesuffix('_cents')}"
        case ("holdout_share",):
            return "holdout"
        case (("assets" | "slots" | "audience") as name, *_):
            return name
    return ".".join(str(step) for step in place)


def _sorted(error: ValidationError, record: dict[str, Any]) -> tuple[Mistake, ...]:
    """The mistakes of what was filled in; those of conditions as the loader tells them, once for each."""
    told = [mistake for mistake in mistakes_of(error, None) if mistake.place[:1] != ("audience",)]
    # Read as a file, so that a condition is judged as what it is meant to be.
    whole = {
        "id": "a",
        "name": "a",
        "goal": {"outcome": "reply", "worth_cents": 1},
        "audience": record["audience"],
    }
    _, of_conditions = judge_campaign(yaml.safe_dump(whole, allow_unicode=True))
    return (*told, *of_conditions)


def one(answers: Answers, name: str) -> str:
    """A field's answer, or nothing."""
    given = answers.get(name) or [""]
    return given[-1].strip()


def _whole(answers: Answers, name: str, *, may_lack: bool = False) -> Any:
    said = one(answers, name).replace(",", "").replace(" ", "")
    if not said and may_lack:
        return None
    return int(said) if re.fullmatch(r"-?\d{1,15}", said) else said


def _cents(answers: Answers, name: str, own: dict[str, str], *, may_lack: bool = False) -> int | None:
    said = one(answers, name).replace(" ", "")
    if not said:
        if not may_lack:
            own[name] = "is missing: an amount such as 400 or 12.50"
        return None if may_lack else 1
    said = re.sub(r",(?=\d{3}(\D|$))", "", said).replace(",", ".")
    try:
        cents = Decimal(said) * 100
        if not 0 < cents <= 10**14 or cents != cents.to_integral_value():
            raise InvalidOperation
    except InvalidOperation:
        own[name] = f"must be an amount above zero, such as 400 or 12.50{given(one(answers, name))}"
        return 1
    return int(cents)


def _share(answers: Answers, name: str, own: dict[str, str]) -> float | None:
    said = one(answers, name).removesuffix("%").strip().replace(",", ".")
    try:
        share = float(Decimal(said) / 100)
    except (InvalidOperation, ValueError, OverflowError):
        own[name] = f"must be a percentage from 0 to 50, such as 10{given(one(answers, name))}"
        return None
    if not 0 <= share <= 0.5:
        own[name] = f"must be a percentage from 0 to 50, such as 10{given(said)}"
        return None
    return share


def money_said(cents: int | None) -> str:
    """An amount as a form's field shows it: `400`, `12.50`; empty where there is none."""
    if cents is None:
        return ""
    return f"{cents // 100}" if cents % 100 == 0 else f"{cents / 100:.2f}"


def _number(value: int | None) -> str:
    return "" if value is None else str(value)
