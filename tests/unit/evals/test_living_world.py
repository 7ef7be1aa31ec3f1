"""The living market's core: chance in common, stages that conserve, fatigue, and nothing hidden in view."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest

from evals.market.catalogue import CUSTOMER, MQL, SLOTS, SQL, Catalogue
from evals.market.parameters import PARAMETERS, MarketParameters
from evals.market.population import TYPES, Hidden, Known, draw_hidden, draw_known
from evals.market.response import Response, stage_hazard
from evals.market.sample import sample_assets
from evals.market.shocks import shocks
from evals.market.truth import Truth
from evals.market.view import DYAD_NAMES, FEATURE_NAMES, View
from evals.market.world import World
from evals.market.worth import INCREMENTAL_SHARE, Payer

SEED = 5
N = 240


@cache
def catalogue(slots: int = 1) -> Catalogue:
    return Catalogue.of(sample_assets(), SLOTS[:slots])


@cache
def known() -> Known:
    return draw_known(SEED, N)


@cache
def hidden() -> Hidden:
    return draw_hidden(SEED, known(), catalogue().n_assets)


def world(params: MarketParameters = PARAMETERS) -> World:
    return World(SEED, known(), hidden(), catalogue(), params)


def eager(**changes: Any) -> MarketParameters:
    """A market in which things happen quickly."""
    quick = {"mql_hazard": 0.03, "sql_hazard": 0.05, "opportunity_hazard": 0.2, "won_hazard": 0.1}
    return replace(PARAMETERS, **{**quick, **changes})


def test_one_day_has_the_same_chances_whoever_asks_and_another_day_has_others() -> None:
    assert (shocks(1, 3, 9, 4).contacts == shocks(1, 3, 9, 4).contacts).all()
    assert not (shocks(1, 3, 9, 4).contacts == shocks(1, 4, 9, 4).contacts).any()


def test_what_is_sent_to_one_account_changes_nothing_at_another() -> None:
    quiet, busy = world(eager()), world(eager())
    written_to = np.flatnonzero(known().account < 20)
    others = known().account >= 20
    for day in range(25):
        busy.send(day, written_to, np.full(len(written_to), day % catalogue().n_assets))
        a, b = quiet.live(), busy.live()
        assert (a.stage[others] == b.stage[others]).all()
        assert (a.visit[others] == b.visit[others]).all()
    assert (quiet.warmth[~others] != busy.warmth[~others]).any()


def test_a_likelier_click_never_loses_a_click_that_a_less_likely_one_had() -> None:
    who, base = np.arange(N), replace(PARAMETERS, click_base=-1.0)
    likelier = replace(base, click_base=0.5)
    few = World(SEED, known(), hidden(), catalogue(), base).send(0, who, np.zeros(N, dtype=int))
    more = World(SEED, known(), hidden(), catalogue(), likelier).send(0, who, np.zeros(N, dtype=int))
    assert 0 < few.clicked.sum() < more.clicked.sum()
    assert (few.clicked <= more.clicked).all()


def test_stages_rise_one_at_a_time_and_only_a_won_deal_makes_customers() -> None:
    here = world(eager())
    account = known().account
    deals = np.zeros(known().n_accounts, dtype=int)
    won_in_all = 0
    for _ in range(60):
        day = here.live()
        up = day.stage > day.stage_before
        bought = up & (day.stage == CUSTOMER)
        assert (day.stage[up & ~bought] - day.stage_before[up & ~bought] == 1).all()
        assert (bought == (day.won[account] & (day.stage_before != CUSTOMER))).all()
        deals += day.opened.astype(int) - day.won - day.lost
        assert ((deals == 0) | (deals == 1)).all()
        won_in_all += int(day.won.sum())
    assert won_in_all > 0


def test_a_deal_opens_only_where_somebody_is_an_sql() -> None:
    here = world(eager())
    for _ in range(60):
        day = here.live()
        had_sql = np.bincount(known().account, weights=day.stage_before == SQL) > 0
        assert (had_sql | ~day.opened).all()


def test_whoever_unsubscribed_is_never_allowed_a_message_again_and_gets_none() -> None:
    here, view = world(replace(PARAMETERS, unsubscribe_base=0.2)), View(known(), catalogue())
    left = np.zeros(N, dtype=bool)
    for day in range(12):
        allowed = view.allowed()
        assert not allowed[left, :-1].any()
        everyone = np.arange(N)
        sent = here.send(day, everyone, np.full(N, day))
        assert not left[sent.who].any()
        left[sent.who[sent.unsubscribed]] = True
        view.saw_sent(sent)
        view.saw_day(here.live())
    assert left.sum() > 20


def test_nobody_is_allowed_a_third_message_within_seven_days() -> None:
    here, view = world(), View(known(), catalogue())
    sent_on = np.zeros((40, N), dtype=bool)
    for day in range(40):
        allowed = view.allowed()
        who = np.flatnonzero(allowed[:, :-1].any(axis=1))
        sent = here.send(day, who, allowed[who, :-1].argmax(axis=1))
        sent_on[day, sent.who] = True
        view.saw_sent(sent)
        view.saw_day(here.live())
    most = max(sent_on[day : day + 7].sum(axis=0).max() for day in range(34))
    assert most == PARAMETERS.week_cap


def test_more_recent_messages_mean_fewer_clicks_and_more_who_leave() -> None:
    response = Response(known(), hidden(), catalogue())
    who, stage = np.arange(N), known().stage
    fresh = np.zeros((N, catalogue().n_assets))
    clicks = [response.click(response.logits(who, stage, np.full(N, p), fresh)) for p in (0.0, 1.0, 3.0)]
    leaves = [response.unsubscribe(who, np.full(N, p), response.match) for p in (0.0, 1.0, 3.0)]
    assert (clicks[0] > clicks[1]).all()
    assert (clicks[1] > clicks[2]).all()
    assert (leaves[0] < leaves[1]).all()
    assert (leaves[1] < leaves[2]).all()


def test_a_message_of_interest_tires_less_than_one_of_none() -> None:
    here = world()
    asset = 0
    here.send(0, np.arange(N), np.full(N, asset))
    match = here.response.match[:, asset]
    assert here.pressure[match.argmax()] < here.pressure[match.argmin()] <= 1.0


def test_warmth_and_warm_colleagues_speed_a_purchase_up() -> None:
    stage, need, none = np.array([MQL]), np.ones(1), np.zeros(1)
    base = stage_hazard(stage, need, none, none, PARAMETERS)[0]
    assert base == pytest.approx(PARAMETERS.sql_hazard)
    assert stage_hazard(stage, need, none + 2, none, PARAMETERS)[0] == pytest.approx(3 * base)
    assert stage_hazard(stage, need, none, none + 2, PARAMETERS)[0] == pytest.approx(
        base * (1 + 2 * PARAMETERS.committee)
    )


def test_without_any_message_a_tenth_to_a_sixth_of_mqls_become_sqls_in_a_quarter() -> None:
    crowd = draw_known(1, 6_000)
    here = World(1, crowd, draw_hidden(1, crowd, catalogue().n_assets), catalogue())
    became = np.zeros(6_000, dtype=bool)
    for _ in range(90):
        day = here.live()
        became |= (day.stage == SQL) & (day.stage_before == MQL)
    assert 0.09 < became[crowd.stage == MQL].mean() < 0.16


def test_a_holiday_quietens_the_market() -> None:
    here = World(SEED, known(), hidden(), catalogue(), day=0, is_seasonal=True)
    first, last = PARAMETERS.holiday
    assert here.season(first) == pytest.approx(here.season(first - 7) * PARAMETERS.holiday_activity)
    assert here.season(last + 7) == pytest.approx(here.season(first - 7))


def test_a_flip_gives_everyone_other_interests_and_the_opposite_taste() -> None:
    flipped = hidden().flipped(np.random.default_rng(0))
    assert flipped.interest.sum(axis=1) == pytest.approx(np.ones(N))
    assert (flipped.interest.argmax(axis=1) != hidden().interest.argmax(axis=1)).all()
    assert (flipped.taste == -hidden().taste).all()


def test_going_stale_lowers_only_the_named_assets() -> None:
    stale = hidden().stale(np.array([2, 4]), 1.5)
    assert np.flatnonzero(stale.quality != hidden().quality).tolist() == [2, 4]


def test_the_view_holds_no_reference_to_anything_hidden() -> None:
    view = View(known(), catalogue())
    seen: set[int] = set()

    def walk(thing: object) -> None:
        if id(thing) in seen:
            return
        seen.add(id(thing))
        assert not isinstance(thing, Hidden | World | Response | Truth)
        for part in vars(thing).values() if hasattr(thing, "__dict__") else ():
            walk(part)

    walk(view)
    assert not {name for name in (*FEATURE_NAMES, *DYAD_NAMES) if any(kind in name for kind in TYPES)}


def test_two_people_with_the_same_record_and_acts_look_the_same_whatever_they_are_inside() -> None:
    twins = replace(
        known(), **{key: np.zeros(N, dtype=int) for key in ("account", "department", "seniority", "stage")}
    )
    one = View(replace(twins, employees=np.array([100.0]), industry=np.array([0])), catalogue())
    assert (one.features() == one.features()[0]).all()
    assert (one.dyads() == one.dyads()[0]).all()


@pytest.mark.parametrize("slots", [1, 3])
def test_the_view_has_the_shapes_it_names(slots: int) -> None:
    view = View(known(), catalogue(slots))
    k = 24 * slots + 1
    assert view.features().shape == (N, len(FEATURE_NAMES))
    assert view.allowed().shape == (N, k)
    assert view.dyads().shape == (N, k, len(DYAD_NAMES))
    assert catalogue(slots).action_features.shape == (k, len(catalogue(slots).action_feature_names))
    assert len(catalogue(slots).action_names) == k
    assert view.allowed()[:, -1].all()
    assert not view.dyads()[:, -1].any()


def test_a_stage_move_is_paid_only_beyond_what_was_advanced_for_it() -> None:
    payer = Payer.of(known(), catalogue())
    who, before = np.array([0]), np.array([MQL])
    step = payer.table.stage_value[SQL] - payer.table.stage_value[MQL]
    whole = payer.moves(who, before, np.zeros(1))[0]
    assert whole == pytest.approx(INCREMENTAL_SHARE * step * payer.size[0])
    assert payer.moves(who, before, np.full(1, 0.4 * whole))[0] == pytest.approx(0.6 * whole)
    assert payer.moves(who, before, np.full(1, 2 * whole))[0] == 0


def test_truth_prices_silence_at_nothing_and_prefers_what_is_of_interest() -> None:
    here = world()
    values = Truth(here, last_day=90, horizon=210).values(np.arange(N))
    assert (values[:, -1] == 0).all()
    mqls = np.flatnonzero(known().stage == MQL)
    correlations = [np.corrcoef(values[i, :-1], here.response.match[i])[0, 1] for i in mqls]
    assert np.mean(correlations) > 0.3
