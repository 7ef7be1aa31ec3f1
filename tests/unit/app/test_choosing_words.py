"""What a choice says of itself: which row of usual practice decided, how sure silence is, what came second."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from app.choosing import Choosers
from app.replay_rule import Traits, row_words, rows_held
from app.why import _options
from domain.campaign import RuleRow, UsualRule, When
from domain.decision import Alternative, Knowledge
from domain.people import LifecycleStage

RULE = UsualRule(
    name="By hand",
    rows=(
        RuleRow(when=When(stage=(LifecycleStage.MQL,), topic=("pricing",)), send=("demo",)),
        RuleRow(send=("news",)),
    ),
)
KEYS = ["demo|email|now", "demo|email|morning", "news|email|now", "silence"]
READY = Traits(stage=LifecycleStage.MQL, topic="pricing")


@pytest.mark.parametrize(
    ("trait", "allowed", "number", "columns"),
    [
        (READY, [1, 1, 1, 1], 1, [0, 1]),
        (READY, [0, 1, 1, 1], 1, [1]),
        (READY, [0, 0, 1, 1], 2, [2]),
        (Traits(topic="pricing"), [1, 1, 1, 1], 2, [2]),
    ],
)
def test_the_first_row_that_holds_and_has_content_decides(
    trait: Traits, allowed: list[int], number: int, columns: list[int]
) -> None:
    (held,) = rows_held(RULE, [trait], np.array([allowed], dtype=bool), KEYS)
    assert held is not None
    assert (held.number, held.columns.tolist()) == (number, columns)
    assert f"Row {number} of “By hand” decided" in row_words(RULE, trait, held)


def test_silence_by_usual_practice_says_for_whom_no_row_holds() -> None:
    (held,) = rows_held(RULE, [READY], np.array([[0, 0, 0, 1]], dtype=bool), KEYS)
    assert held is None
    assert row_words(RULE, READY, held).endswith("at stage mql, most about pricing lately.")
    assert "unknown stage, with no interest seen lately" in row_words(RULE, Traits(), None)


@pytest.mark.parametrize(
    ("taken", "values", "spreads", "sure"),
    [
        (2, [-10.0, -90.0, 0.0], [2.0, 5.0, 0.0], Knowledge.CONFIDENT),
        (2, [-10.0, -90.0, 0.0], [50.0, 5.0, 0.0], Knowledge.GUESSING),
        (0, [10.0, -90.0, 0.0], [7.0, 5.0, 0.0], Knowledge.LEARNING),
        (2, [-10.0, -90.0, 40.0], [50.0, 5.0, 1.0], Knowledge.CONFIDENT),
    ],
)
def test_worthless_silence_is_as_sure_as_the_best_that_could_have_been_sent(
    taken: int, values: list[float], spreads: list[float], sure: Knowledge
) -> None:
    actions = [
        SimpleNamespace(is_silence=False),
        SimpleNamespace(is_silence=False),
        SimpleNamespace(is_silence=True),
    ]
    scene = SimpleNamespace(allowed=np.array([[True, True, True]]), table=SimpleNamespace(actions=actions))
    choice = SimpleNamespace(
        values=np.array([values]), uncertainties=np.array([spreads]), actions=np.array([taken])
    )
    assert Choosers._knowledge(cast(Any, scene), 0, 0, cast(Any, choice)) is sure


def test_what_is_equally_unlikely_is_told_by_what_it_is_worth() -> None:
    """Rarely drawn actions all print as 0.1 %: the runner-up must not hide behind worse ones."""
    odds = {"a|email|now": (0.9976, 50.0), "b|email|now": (0.0006, -20.0), "c|email|now": (0.0005, 30.0)}
    alternatives = tuple(
        Alternative(action_key=key, probability=chance, value_cents=cents)
        for key, (chance, cents) in odds.items()
    )
    decision = SimpleNamespace(alternatives=alternatives, action=SimpleNamespace(key="a|email|now"))
    assert [one.action_key[0] for one in _options(cast(Any, decision), {})] == ["a", "c", "b"]
