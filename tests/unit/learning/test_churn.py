from __future__ import annotations

import numpy as np
import pytest

from learning.churn import NUMBERS, Companies, Customers, phrase
from learning.likelihood.table import Table
from learning.snapshots import Log, States
from tests.unit.learning.worlds import DAY, START

Event = tuple[int, str, float]
"""Contact number, kind, day. Contacts 0 and 1 belong to account 0, contact 2 to account 1."""
ACCOUNT_OF = np.array([0, 0, 1])


def log(found: list[Event]) -> Log:
    return Log(
        np.array([who for who, _, _ in found], dtype=np.int64),
        np.array([kind for _, kind, _ in found], dtype=np.str_),
        START + (np.array([at for _, _, at in found], dtype=float) * 86_400).astype("timedelta64[s]"),
    )


def customers(acts: list[Event], lost: list[Event]) -> Customers:
    by_people = log(acts)
    by_account = Log(ACCOUNT_OF[by_people.who], by_people.kind, by_people.at)
    entered = [(0, 1, 0.0), (1, 1, 0.0), *((who, 0, at) for who, _, at in lost)]
    return Customers.of(
        Companies(np.array(["a0", "a1"]), np.array([40.0, np.nan]), np.array([["software", "US"], ["", ""]])),
        acts=by_account,
        by_people=by_people,
        account_of=ACCOUNT_OF,
        states=States.of(
            np.array([who for who, _, _ in entered]),
            START + np.array([int(at) for _, _, at in entered]) * DAY,
            np.array([state for _, state, _ in entered]),
        ),
        contracts=log([(0, "contract", 0.0)]),
        lost=log(lost),
    )


ACTS: list[Event] = [(0, "product_used", 50.0), (0, "product_used", 80.0), (1, "page_viewed", 85.0)]
MOMENTS = START + np.array([60, 90]) * DAY


def column(table: Table, name: str) -> list[float]:
    return [float(value) for value in table.numbers[:, NUMBERS.index(name)]]


def test_who_left_is_no_customer_any_more_and_was_lost_in_the_window_before() -> None:
    table, outcomes = customers(ACTS, [(1, "lost", 70.0)]).cases(MOMENTS, 30, 60)
    assert table.entities.tolist() == ["a0", "a1", "a0"]
    assert outcomes.tolist() == [0, 1, 0]


def test_a_planted_future_event_changes_no_case() -> None:
    future: list[Event] = [
        (who, kind, 90.01) for who in (0, 1, 2) for kind in ("product_used", "ticket_opened")
    ]
    before, _ = customers(ACTS, []).cases(MOMENTS, 30, 60)
    after, _ = customers(ACTS + future, [(0, "lost", 91.0)]).cases(MOMENTS, 30, 60)
    np.testing.assert_array_equal(before.numbers, after.numbers)


def test_people_and_use_are_counted_over_the_account() -> None:
    table = customers(ACTS, []).table(np.array([0, 1]), np.full(2, START + 90 * DAY), 60)
    assert column(table, "people:90d") == [2, 0]
    assert column(table, "product_used:30d") == [1, 0]
    assert column(table, "use_trend")[0] == pytest.approx(np.log(2 / 1.5))
    assert column(table, "contract_days")[0] == 90
    assert np.isnan(column(table, "contract_days")[1])


@pytest.mark.parametrize(
    ("signal", "values", "words"),
    [
        (
            "use_trend",
            {"use_trend": float(np.log(0.6))},
            "Use of the product down 40% on the two months before",
        ),
        ("people", {"people:90d": 0.0}, "None of its people active in 90 days"),
        ("contract_days", {"contract_days": 400.0}, "Last contract signed 400 days ago"),
    ],
)
def test_a_signal_is_told_in_words(signal: str, values: dict[str, float | str], words: str) -> None:
    assert phrase(signal, values) == words
