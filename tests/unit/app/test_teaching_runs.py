"""What a lesson is cut into: after other tools' e-mails the first run alone is new, however long the log."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import numpy as np

from app.teaching import taught

PAST, RUNS, EACH = 30, 40, 25


class Listening:
    """Takes down how many outcomes come at once, and which are news."""

    actions = ("guide|email|now",)

    def __init__(self) -> None:
        self.heard: list[tuple[int, bool, bool]] = []

    def learn(self, x: Any, *_: Any, is_news: bool = True, is_first: bool = False, **__: Any) -> list[Any]:
        self.heard.append((len(x), is_news, is_first))
        return []

    def fit(self, steps: int) -> None:
        """Nothing to fit."""


def heard(past: int) -> list[tuple[int, bool, bool]]:
    n = past + RUNS * EACH
    days = np.concatenate([np.arange(-past, 0), np.repeat(7 * np.arange(RUNS), EACH)])
    nothing = np.zeros(n)
    lesson = SimpleNamespace(
        past=past,
        taken=nothing.astype(int),
        x=np.zeros((n, 2)),
        gains=nothing,
        at=np.datetime64("2026-01-05", "s") + days * np.timedelta64(86_400, "s"),
        own_fits=np.zeros((n, 1)),
        units=np.ones(n),
        acted=nothing.astype(bool),
    )
    bandit = Listening()
    taught(cast(Any, bandit), cast(Any, lesson))
    return bandit.heard


def test_after_other_tools_the_first_run_alone_is_new() -> None:
    before, first, *rest = heard(PAST)
    assert before == (PAST, False, False)
    assert first == (EACH, True, True)
    assert len(rest) > 3
    assert all(is_news and not is_first for _, is_news, is_first in rest)
    assert sum(many for many, *_ in rest) == (RUNS - 1) * EACH


def test_without_them_every_run_is_watched() -> None:
    told = heard(0)
    assert not any(is_first for *_, is_first in told)
    assert sum(many for many, *_ in told) == RUNS * EACH
