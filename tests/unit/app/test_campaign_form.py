"""A campaign as a form: there and back without a change, and each mistake at its field."""

from __future__ import annotations

import re

import pytest

from app.audience_form import rows_from
from app.campaign_file import judge_campaign
from app.campaign_form import answers_from, filled, start_answers
from domain.campaign import Campaign
from tests.unit.app.test_campaign_text import COMMENTED

ASSETS = ("guide", "demo")
NEW = {
    **start_answers(),
    "id": ["more-calls"],
    "name": ["More calls"],
    "goal.outcome": ["meeting"],
    "goal.worth": ["1,250.50"],
    "c0.part": ["all"],
    "c0.on": ["event:trial_started"],
    "c0.how": ["at_least"],
    "c0.value": ["1"],
    "c0.days": ["60"],
    "c1.part": ["none"],
    "c1.on": ["field:country"],
    "c1.how": ["in"],
    "c1.value": ["DE, AT"],
    "assets": ["guide"],
    "schedule.rhythm": ["weekly"],
    "schedule.day": ["2"],
    "schedule.at": ["9:30"],
}


def read(text: str) -> Campaign:
    campaign, mistakes = judge_campaign(text)
    assert campaign is not None, mistakes
    return campaign


def test_a_form_says_a_campaign() -> None:
    form = filled(NEW, ASSETS)
    assert form.errors == {}
    assert form.campaign == read(form.text)
    said = form.campaign.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    assert said["goal"] == {"outcome": "meeting", "worth_cents": 125050}
    assert said["audience"]["all"] == [{"event": "trial_started", "within_days": 60, "at_least": 1}]
    assert said["audience"]["none"] == [{"field": "country", "in": ["DE", "AT"]}]
    assert said["schedule"] == {"cron": "30 9 * * 2"}
    assert said["caps"] == {"messages": 100}


@pytest.mark.parametrize(
    ("wrong", "field", "says"),
    [
        ({"goal.worth": ["a lot"]}, "goal.worth", "must be an amount above zero"),
        ({"goal.worth": [""]}, "goal.worth", "is missing"),
        ({"goal.worth": ["-3"]}, "goal.worth", "must be an amount above zero"),
        ({"goal.outcome": ["fame"]}, "goal.outcome", "no outcome is chosen yet: choose"),
        (
            {"goal.window_days": ["soon"]},
            "goal.window_days",
            "write how many days, as a whole number from 1 up, such as 30",
        ),
        ({"id": ["No Spaces"]}, "id", "must be lower-case letters"),
        ({"name": [" "]}, "name", "is missing"),
        (
            {"c1.value": [" , "]},
            "c1",
            "write which values of “Country” are meant, parted by commas: two letters each",
        ),
        (
            {"c0.value": ["many"]},
            "c0",
            "write how many times for “Trial started”, as a whole number such as 2; empty means once (it says “many”)",
        ),
        ({"c0.on": ["event:page_viewd"]}, "c0", "Did you mean 'page_viewed'?"),
        ({"c1.on": ["field:contry"]}, "c1", "Did you mean 'country'?"),
        ({"goal.outcome": [""]}, "goal.outcome", "no outcome is chosen yet: choose what you want more of"),
        ({"goal.currency": ["dollars"]}, "goal.currency", "three letters, such as USD"),
        ({"goal.window_days": ["99999999999"]}, "goal.window_days", "must be at most 36,500 days"),
        ({"caps.messages": ["few"]}, "caps.messages", "or leave it empty for no cap"),
        ({"c0.days": ["soon"]}, "c0", "write “in days” as a whole number from 1 up"),
        ({"c0.days": ["99999999999"]}, "c0", "must be at most 36,500 days; leave it out to mean ever"),
        ({"c1.how": ["never"]}, "c1", "choose “is none of”"),
        ({"c1.how": ["at_least"], "c1.value": ["nan"]}, "c1", "write a number for “Country”"),
        ({"c1.on": ["country"]}, "c1", "choose what this condition is about"),
        ({"assets": ["gude"]}, "assets", "Did you mean 'guide'?"),
        ({"slots": []}, "slots", "choose at least one"),
        ({"schedule.at": ["25:00"]}, "schedule.at", "must be a time of day"),
        ({"schedule.rhythm": ["cron"], "schedule.cron": ["61 * * * *"]}, "schedule", "does not fit"),
        (
            {"schedule.rhythm": ["cron"], "schedule.cron": [""]},
            "schedule",
            "such as 0 9 * * 1-5, or choose a rhythm",
        ),
        ({"schedule.time_zone": ["Mars/Base"]}, "schedule", "Mars/Base"),
        ({"holdout": ["80"]}, "holdout", "must be a percentage from 0 to 50"),
        ({"autonomy": ["total"]}, "autonomy", "choose how much may go without a person"),
    ],
)
def test_a_mistake_is_told_at_its_field(wrong: dict[str, list[str]], field: str, says: str) -> None:
    form = filled({**NEW, **wrong}, ASSETS)
    assert form.campaign is None
    assert says in form.errors.get(field, ""), form.errors


_RAW = re.compile(
    r"it is ''|in the list|no such field|`field:`|input should|value error|\\bc\\d+:", re.IGNORECASE
)


@pytest.mark.parametrize(
    "name", [*NEW, "goal.currency", "goal.window_days", "caps.messages", "daily.messages"]
)
@pytest.mark.parametrize("answer", ["", " ", ",", "x", "-1", "0", "nan", "1e999", "9" * 40, "<b>", "never"])
def test_whatever_is_answered_no_loaders_words_reach_a_form(name: str, answer: str) -> None:
    errors = filled({**NEW, name: [answer]}, ASSETS).errors
    assert not [says for says in errors.values() if _RAW.search(says)]


def test_a_campaign_goes_into_the_form_and_comes_back_the_same() -> None:
    campaign = read(COMMENTED)
    form = filled(answers_from(campaign), ASSETS, campaign, COMMENTED)
    assert (form.campaign, form.text, form.errors) == (campaign, COMMENTED, {})


def test_a_condition_a_row_cannot_say_is_kept_as_it_is() -> None:
    odd = COMMENTED.replace(
        "    - {event: page_viewed, within_days: 30, at_least: 1}\n",
        "    - {field: account.employees, at_least: 5, at_most: 90}\n    - {field: attributes.plan, in: [1, gold]}\n",
    )
    campaign = read(odd)
    answers = answers_from(campaign)
    assert [row.says for row in rows_from(answers)][1:] == [
        "at least 5.0, at most 90.0, account.employees",
        "attributes.plan, in 1 or gold",
    ]
    assert filled(answers, ASSETS, campaign, odd).text == odd
    dropped = filled({**answers, "c1.drop": ["yes"]}, ASSETS, campaign, odd)
    assert dropped.campaign is not None
    assert len(dropped.campaign.audience.all) == 2


def test_parts_no_form_shows_stay_as_they_are() -> None:
    campaign = read(COMMENTED + "explore_share: 0.3\nlearner: {boldness: 1}\n")
    form = filled({**answers_from(campaign), "name": ["Another"]}, ASSETS, campaign, COMMENTED)
    assert form.campaign is not None
    assert (form.campaign.explore_share, form.campaign.learner.boldness) == (0.3, 1)
