from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from learning.handoff import CHANGES, NUMBERS, WORDS, Leads, People, deal_worths, phrase
from learning.likelihood.model import train
from learning.likelihood.shapes import SHAPES
from learning.likelihood.table import Table, undated
from learning.likelihood.telling import tell
from learning.snapshots import Log, States
from tests.unit.learning.worlds import DAY, START

MQL, SQL = 2, 3
Event = tuple[int, str, float]


def leads(
    acts: list[Event], stages: list[tuple[int, float, int]], advanced: Sequence[tuple[int, float]] = ()
) -> Leads:
    """Three contacts: 0 and 1 at one company, 2 alone. Times are days after the start."""

    def days(values: list[float]) -> np.ndarray[tuple[int], np.dtype[np.datetime64]]:
        return START + (np.array(values, dtype=float) * 86_400).astype("timedelta64[s]")

    people = People(
        account=np.array([0, 0, -1]),
        employees=np.array([100.0, 100.0, np.nan]),
        words=np.array([["director", "", "software", "US"]] * 3),
        groups=np.array(["a", "a", "c2"]),
    )
    return Leads.of(
        people,
        Log(
            np.array([who for who, _, _ in acts], dtype=np.int64),
            np.array([kind for _, kind, _ in acts], dtype=np.str_),
            days([at for _, _, at in acts]),
        ),
        States.of(
            np.array([w for w, _, _ in stages]),
            days([a for _, a, _ in stages]),
            np.array([s for _, _, s in stages]),
        ),
        Log(
            np.array([who for who, _ in advanced], dtype=np.int64),
            np.full(len(advanced), "advanced"),
            days([at for _, at in advanced]),
        ),
    )


STAGES = [(0, 0.0, MQL), (1, 0.0, MQL), (0, 30.0, SQL), (2, 25.0, MQL)]
ACTS: list[Event] = [(0, "page_viewed", 5.0), (0, "meeting_booked", 12.0), (1, "email_replied", 13.0)]


def column(table: Table, name: str) -> list[float]:
    return [float(value) for value in table.numbers[:, NUMBERS.index(name)]]


def test_only_who_is_an_mql_at_the_moment_is_a_case() -> None:
    them = leads(ACTS, STAGES)
    assert them.mqls(START + 20 * DAY).tolist() == [0, 1]
    assert them.mqls(START + 31 * DAY).tolist() == [1, 2]


def test_a_case_came_true_if_the_contact_advanced_within_the_window_after_the_moment() -> None:
    moments = START + np.array([1, 14, 20]) * DAY
    _, outcomes = leads(ACTS, STAGES, [(0, 30.0), (1, 14.0)]).cases(moments, 14)
    # Contact 0 advances on day 30: inside the window of day 20 only. Contact 1 on day 14: of day 1 only.
    assert outcomes.tolist() == [0, 1, 0, 0, 1, 0]


def test_a_planted_future_event_changes_no_case() -> None:
    moments = START + np.array([14, 20]) * DAY
    future: list[Event] = [
        (who, kind, 20.01) for who in (0, 1) for kind in ("page_viewed", "meeting_booked", "email_sent")
    ]
    before, _ = leads(ACTS, STAGES).cases(moments, 5)
    after, _ = leads(ACTS + future, [*STAGES, (1, 20.01, SQL)]).cases(moments, 5)
    np.testing.assert_array_equal(before.numbers, after.numbers)
    np.testing.assert_array_equal(before.words, after.words)


def test_colleagues_are_the_others_at_the_company() -> None:
    them = leads(ACTS, STAGES)
    moment = START + 20 * DAY
    table = them.table(np.array([0, 1, 2]), np.full(3, moment), 30)
    assert column(table, "colleagues:30d")[:2] == [1, 2]
    assert np.isnan(column(table, "colleagues:30d")[2])
    assert column(table, "page_viewed:30d") == [1, 0, 0]


def test_what_would_raise_it_comes_from_the_model_and_holds() -> None:
    rng = np.random.default_rng(0)
    numbers = np.abs(rng.normal(size=(800, len(NUMBERS))))
    meetings = NUMBERS.index("meeting_booked:30d")
    numbers[:, meetings] = rng.integers(0, 3, 800)
    p = 1 / (1 + np.exp(3 - 1.5 * numbers[:, meetings]))
    table = undated(NUMBERS, WORDS, numbers, np.full((800, len(WORDS)), ""))
    model = train(table, (rng.random(800) < p).astype(float), SHAPES[:1])
    told = tell(model, table, np.arange(800), phrase=phrase, changes=CHANGES, wants_more=True)
    change = next(change for change in CHANGES if change.text == "A meeting booked")
    after = model.probabilities(table.changed(change.adds, change.sets))
    assert all(
        round(lever.probability, 2) != round(likelihood.probability, 2)
        for likelihood in told
        for lever in likelihood.levers
    )
    best = [likelihood.levers[0].text for likelihood in told if likelihood.levers]
    assert best.count("A meeting booked") > 600
    for row, likelihood in enumerate(told):
        claims = [lever.probability for lever in likelihood.levers if lever.text == "A meeting booked"]
        assert all(claim == pytest.approx(after[row]) for claim in claims)
        assert all(claim > likelihood.probability for claim in claims)
        total = likelihood.base + sum(r.log_odds for r in likelihood.reasons) + likelihood.rest
        assert 1 / (1 + np.exp(-total)) == pytest.approx(likelihood.probability)


@pytest.mark.parametrize(
    ("signal", "values", "words"),
    [
        (
            "page_viewed",
            {"page_viewed:30d": 7.0, "page_viewed:recency": 1.0},
            "7 page visits in 30 days, the last today",
        ),
        ("email_replied", {"email_replied:30d": 0.0, "email_replied:recency": 0.0}, "No reply in 30 days"),
        (
            "email_replied",
            {"email_replied:30d": 0.0, "email_replied:recency": 0.5**4},
            "No reply in 30 days; the last was 56 days ago",
        ),
        ("industry", {"industry": ""}, "Industry not known"),
        ("employees", {"employees": 3.0}, "About 1,000 employees"),
        ("employees", {"employees": float("nan")}, "Company size not known"),
        ("mql_days", {"mql_days": 12.3}, "An MQL for 12 days"),
    ],
)  # fmt: skip
def test_a_signal_is_told_in_words(signal: str, values: dict[str, float | str], words: str) -> None:
    assert phrase(signal, values) == words


def test_a_deal_is_worth_what_deals_of_that_size_brought_times_how_often_they_are_won() -> None:
    small, large = np.full(200, 20.0), np.full(200, 5_000.0)
    amounts = np.repeat([1_000.0, 9_000.0], 200)
    won = np.tile([True, False], 200)
    worth = deal_worths(
        np.append(small, large), amounts, won, np.full(400, True), np.array([20.0, 5_000.0, np.nan])
    )
    np.testing.assert_allclose(worth, [550, 4_450, 2_500], rtol=0.01)


def test_without_deals_nothing_is_worth_anything_known() -> None:
    none = np.zeros(0)
    assert np.isnan(deal_worths(none, none, none.astype(bool), none.astype(bool), np.array([20.0]))).all()
