from __future__ import annotations

import pytest

from app.cli.screen import cell, money, shown


@pytest.mark.parametrize(
    "steering",
    ["\x1b[2J", "\r", "\b", "\x9b31m", "\N{RIGHT-TO-LEFT OVERRIDE}", "\N{ZERO WIDTH SPACE}", "\ud800"],
)
def test_outside_words_cannot_steer_the_terminal(steering: str) -> None:
    painted = shown(f"Dana{steering}Ruiz")
    assert steering[0] not in painted
    assert "\N{REPLACEMENT CHARACTER}" in painted
    assert cell(f"Dana{steering}Ruiz") == painted


def test_words_of_any_language_and_line_breaks_stay_as_they_are() -> None:
    text = "Żółć, 東京\n\tпривет 👍 می\N{ZERO WIDTH NON-JOINER}شود"
    assert shown(text) == text


def test_money_reads_as_an_amount() -> None:
    assert (money(420_000, "USD"), money(-1_05, "EUR"), money(None, "EUR")) == ("4,200 USD", "-1.05 EUR", "–")
