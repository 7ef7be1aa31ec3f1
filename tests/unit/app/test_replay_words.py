"""What a replay says: counts as a person says them, and no more digits than anybody knows."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from app.cli.replaying import verdict
from learning.replay.report import Replay


def found(gain: float, low: float, high: float, decisions: int = 2_231) -> Replay:
    bounds = SimpleNamespace(low=low, high=high, level=0.95)
    made: Any = SimpleNamespace(
        difference=SimpleNamespace(value=gain, interval=bounds), overlap=SimpleNamespace(decisions=decisions)
    )
    return cast(Replay, made)


@pytest.mark.parametrize(
    ("replayed", "says"),
    [
        (found(1.0, -7.5, 9.5), "about 160,000 more decisions would show it."),
        (found(1.0, -0.001, 2.001), "about 5 more decisions would show it."),
        (found(0.0, -1.0, 1.0), "Cannot tell: gain and loss both fit the log."),
    ],
)
def test_how_many_more_decisions_would_show_it_has_two_digits(replayed: Replay, says: str) -> None:
    word, sentence = verdict(replayed)
    assert word == "cannot tell"
    assert sentence.endswith(says)
