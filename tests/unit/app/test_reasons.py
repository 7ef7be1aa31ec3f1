"""Reasons in words, no more precise than what is known."""

from __future__ import annotations

import numpy as np
import pytest

from app.choosing import BASE, REST, contributions_of
from app.reasons import beside, exploring, for_and_against, opening, rounded, silence_beside, worth
from domain.decision import Contribution, Knowledge
from learning import features
from learning.bandit import Explanation


@pytest.mark.parametrize(
    ("cents", "digits", "said"),
    [(115.4, 1, "1"), (115.4, 2, "1.2"), (115.4, 3, "1.15"), (-19.2, 1, "-0.2"), (12_345_600, 2, "120,000")],
)
def test_an_amount_has_as_many_digits_as_are_known(cents: float, digits: int, said: str) -> None:
    assert rounded(cents, digits) == said


def test_nothing_is_said_as_nothing_and_never_as_minus_nothing() -> None:
    assert rounded(-0.3, 3, "+") == "0"


def test_a_guess_says_that_it_is_one_and_how_far_it_may_be_off() -> None:
    said = opening(
        is_silence=False,
        chance=0.017,
        possible=58,
        value=115.0,
        doubt=656.0,
        knowledge=Knowledge.GUESSING,
        currency="USD",
    )
    assert "still a guess, about 1 USD" in said
    assert "7 USD off" in said
    assert "1.15" not in said


def test_reasons_are_parted_into_for_and_against_and_small_ones_left_out() -> None:
    parts = [
        Contribution(label="interest in pricing", group="interest", cents=40),
        Contribution(label="how lately we wrote", group="pressure", cents=-30),
        Contribution(label="their stage", group="stage", cents=0.4),
    ]
    assert for_and_against(parts, 100, Knowledge.CONFIDENT, "USD") == (
        "Speaks for it: interest in pricing (+0.40 USD).",
        "Speaks against it: how lately we wrote (-0.30 USD).",
    )
    (alone,) = for_and_against(parts[2:], 100, Knowledge.CONFIDENT, "USD")
    assert "nothing about this one stands out" in alone


def test_an_unlikely_draw_says_first_that_it_explores() -> None:
    assert exploring(0.009, "silence", 0.953) == (
        "Exploration: chance drew this at 0.9% to keep learning; by what is believed, silence (95.3%) is better."
    )


def test_two_that_cannot_be_told_apart_are_not_ranked() -> None:
    told = beside("“B” (now)", 120, 100, 500, Knowledge.GUESSING, "USD")
    assert "cannot be told yet" in told
    assert "worth more" in beside("“B” (now)", 120, 100, 5, Knowledge.CONFIDENT, "USD")


def test_what_says_one_thing_in_several_columns_is_one_reason_and_all_still_sum() -> None:
    labels = features.columns()
    cents = np.random.default_rng(0).normal(size=len(labels)) * 20
    fits = np.random.default_rng(1).normal(size=len(features.DYAD_COLUMNS)) * 20
    parts = contributions_of(labels, Explanation(0.0, 100.0, cents, fits, 0.1, 1.0, unit=40.0))
    assert (parts[0].group, parts[-1].group) == (BASE, REST)
    assert np.isclose(sum(part.cents for part in parts), 140 + cents.sum() + fits.sum(), atol=0.01)
    names = [part.label for part in parts]
    assert len(names) == len(set(names))
    assert not any(name.startswith(("stage:", "industry, group")) for name in names)


def test_an_amount_of_a_guess_is_about_so_much() -> None:
    assert worth(115.0, "USD", Knowledge.GUESSING) == "about 1 USD"
    assert worth(115.0, "USD", Knowledge.CONFIDENT) == "1.15 USD"


@pytest.mark.parametrize(
    ("value", "silence", "said"),
    [
        (-23.0, -41.0, "Silence is expected to be worth -0.41 USD, less than this."),
        (-23.0, 5.0, "Silence is expected to be worth 0.05 USD, more than this."),
        (-23.0, -23.1, "Silence is expected to be worth the same, -0.23 USD."),
        (12.0, -41.0, ""),
        (-23.0, None, ""),
        (None, -41.0, ""),
    ],
)
def test_a_worth_below_zero_never_stands_without_that_of_silence(
    value: float | None, silence: float | None, said: str
) -> None:
    assert silence_beside(value, silence, Knowledge.LEARNING, "USD") == said


def test_what_silence_is_worth_is_not_said_twice() -> None:
    told = (beside("silence", 5.0, -23.0, 9.0, Knowledge.LEARNING, "USD"),)
    assert "0.05 USD" in told[0]
    assert silence_beside(-23.0, 5.0, Knowledge.LEARNING, "USD", told) == ""
