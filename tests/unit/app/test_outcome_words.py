"""One sentence about what is wanted: outcome, audience and exclusions, or nothing where nothing was recognised."""

from __future__ import annotations

from typing import Any

import pytest

from agents.understudy.conversation import TalkingUnderstudy
from app.campaign_file import judge_campaign
from app.outcome_words import understand
from domain.campaign import Audience, Outcome

CUSTOMER = {"field": "lifecycle_stage", "in": ["customer"]}
PRICING = {"event": "page_viewed", "topic": "pricing", "at_least": 1}
TRIAL = {"event": "trial_started", "at_least": 1}


def nothing_to(*codes: str) -> list[Any]:
    return [{"field": "country", "in": list(codes)}, {"field": "account.country", "in": list(codes)}]


@pytest.mark.parametrize(
    ("sentence", "outcome", "everyone", "nobody"),
    [
        (
            "More sales calls from trial accounts, nothing to Germany",
            Outcome.MEETING,
            [TRIAL],
            nothing_to("DE"),
        ),
        ("more replies from leads in France and Spain", Outcome.REPLY, [
            {"field": "lifecycle_stage", "in": ["lead"]}, {"field": "country", "in": ["FR", "ES"]}], []),
        ("Keep our customers: renewals, not in the UK or Germany", Outcome.RENEWED, [
            {"field": "lifecycle_stage", "in": ["customer"]}], nothing_to("GB", "DE")),
        ("more sales", Outcome.WON, [], []),
        ("book a call with us", Outcome.MEETING, [], []),
        ("sales qualified leads from webinars", Outcome.SQL, [{"event": "webinar_attended", "at_least": 1}], []),
        ("wake quiet contacts, get them to reply", Outcome.REPLY, [],
         [{"event": "page_viewed", "within_days": 30, "at_least": 1}]),
        ("More demos from companies who looked at pricing, not customers", Outcome.MEETING, [PRICING], [CUSTOMER]),
        ("more replies except from our customers or executives in France", Outcome.REPLY, [
            {"field": "country", "in": ["FR"]}], [CUSTOMER, {"field": "seniority", "in": ["executive"]}]),
        ("calls with non-customers", Outcome.MEETING, [], [CUSTOMER]),
        ("First meetings with people who compare prices, worth 400 USD each", Outcome.MEETING, [PRICING], []),
        ("more demos from leads comparing our costs", Outcome.MEETING, [
            PRICING, {"field": "lifecycle_stage", "in": ["lead"]}], []),
        ("more replies, not from people who compare prices", Outcome.REPLY, [], [PRICING]),
        ("more replies from leads who compare vendors", Outcome.REPLY, [
            {"field": "lifecycle_stage", "in": ["lead"]}], []),
        ("make it pop", None, [], []),
        ("", None, [], []),
    ],
)  # fmt: skip
def test_a_sentence_is_read_as_it_is_meant(
    sentence: str, outcome: Outcome | None, everyone: list[Any], nobody: list[Any]
) -> None:
    read = understand(sentence)
    assert (read.outcome, list(read.all), list(read.none)) == (outcome, everyone, nobody)


def test_what_was_understood_is_told_back() -> None:
    read = understand("More sales calls from trial accounts, nothing to Germany")
    assert read.told == (
        "the outcome wanted is meeting",
        "contacts who started a trial",
        "nothing to DE, neither people there nor people of companies there",
    )


def test_an_endless_sentence_is_read_in_no_time() -> None:
    assert understand("nothing to germany and " * 5_000).none == tuple(nothing_to("DE"))


@pytest.mark.parametrize(
    ("sentence", "unread"),
    [
        ("More sales calls from trial accounts, nothing to Germany", ()),
        ("more replies from directors in healthcare who like lamps", ("healthcare", "like", "lamps")),
        ("meetings with manufacturing leads", ("manufacturing",)),
        ("First meetings with people who compare prices, worth 400 USD each", ()),
        ("more replies from leads who compare vendors", ("compare", "vendors")),
    ],
)
def test_words_nothing_was_made_of_are_told(sentence: str, unread: tuple[str, ...]) -> None:
    assert understand(sentence).unread == unread


@pytest.mark.parametrize(
    ("sentence", "cents", "currency"),
    [
        ("First meetings with people who compare prices, worth 400 USD each", 40_000, "USD"),
        ("more replies from leads at €12.50 each", 1_250, "EUR"),
        ("more replies from leads at 3 companies", None, ""),
        ("more replies from leads, worth nothing", None, ""),
        ("more replies from leads, worth 0 USD", None, ""),
    ],
)
def test_what_one_is_worth_is_read_only_where_it_is_money(
    sentence: str, cents: int | None, currency: str
) -> None:
    read = understand(sentence)
    assert (read.worth_cents, read.currency) == (cents, currency)


def test_the_web_form_and_the_chat_leave_a_country_out_alike() -> None:
    said = "More replies from leads, nothing to Germany, worth 50 USD each"
    found = TalkingUnderstudy().read(f"Set up a campaign: {said}")
    assert isinstance(found, tuple)
    saved, _ = judge_campaign(found[0].arguments["yaml"])
    assert saved is not None
    assert saved.audience == Audience.model_validate(
        {"all": understand(said).all, "none": understand(said).none}
    )
