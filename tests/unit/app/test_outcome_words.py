"""One sentence about what is wanted: outcome, audience and exclusions, or nothing where nothing was recognised."""

from __future__ import annotations

from typing import Any

import pytest

from app.outcome_words import understand
from domain.campaign import Outcome

CUSTOMER = {"field": "lifecycle_stage", "in": ["customer"]}
PRICING = {"event": "page_viewed", "topic": "pricing", "at_least": 1}
TRIAL = {"event": "trial_started", "at_least": 1}


@pytest.mark.parametrize(
    ("sentence", "outcome", "everyone", "nobody"),
    [
        (
            "More sales calls from trial accounts, nothing to Germany",
            Outcome.MEETING,
            [TRIAL],
            [{"field": "country", "in": ["DE"]}],
        ),
        ("more replies from leads in France and Spain", Outcome.REPLY, [
            {"field": "lifecycle_stage", "in": ["lead"]}, {"field": "country", "in": ["FR", "ES"]}], []),
        ("Keep our customers: renewals, not in the UK or Germany", Outcome.RENEWED, [
            {"field": "lifecycle_stage", "in": ["customer"]}], [{"field": "country", "in": ["GB", "DE"]}]),
        ("more sales", Outcome.WON, [], []),
        ("book a call with us", Outcome.MEETING, [], []),
        ("sales qualified leads from webinars", Outcome.SQL, [{"event": "webinar_attended", "at_least": 1}], []),
        ("wake quiet contacts, get them to reply", Outcome.REPLY, [],
         [{"event": "page_viewed", "within_days": 30, "at_least": 1}]),
        ("More demos from companies who looked at pricing, not customers", Outcome.MEETING, [PRICING], [CUSTOMER]),
        ("more replies except from our customers or executives in France", Outcome.REPLY, [
            {"field": "country", "in": ["FR"]}], [CUSTOMER, {"field": "seniority", "in": ["executive"]}]),
        ("calls with non-customers", Outcome.MEETING, [], [CUSTOMER]),
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
    assert read.told == ("the outcome wanted is meeting", "contacts who started a trial", "nothing to DE")


def test_an_endless_sentence_is_read_in_no_time() -> None:
    assert understand("nothing to germany and " * 5_000).none == ({"field": "country", "in": ["DE"]},)


@pytest.mark.parametrize(
    ("sentence", "unread"),
    [
        ("More sales calls from trial accounts, nothing to Germany", ()),
        ("more replies from directors in healthcare who like lamps", ("healthcare", "like", "lamps")),
        ("meetings with manufacturing leads", ("manufacturing",)),
    ],
)
def test_words_nothing_was_made_of_are_told(sentence: str, unread: tuple[str, ...]) -> None:
    assert understand(sentence).unread == unread
