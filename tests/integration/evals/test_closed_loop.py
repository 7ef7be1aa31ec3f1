"""Whole games: order of players, what a player is told and when, comparisons over seeds."""

from __future__ import annotations

import json
import sys
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app import teaching
from domain.campaign import LearnerSettings
from domain.errors import AttuneError
from domain.learner import Choice
from evals import closed_loop
from evals.market.catalogue import MQL, Catalogue
from evals.market.comparison import Comparison
from evals.market.curve import draw_curve
from evals.market.knowing import known_at_start
from evals.market.loop import FIRST_DAY, Game, Scenario
from evals.market.players.informed import Informed, fitted_trees, types_of
from evals.market.players.learner import PRIORS, TILT, Learner
from evals.market.players.linear import PerArmLinear, SharedLinear
from evals.market.players.oracle import Oracle
from evals.market.players.player import Briefing, Random
from evals.market.players.rules import Rules
from evals.market.population import draw_hidden, draw_known
from evals.market.sample import sample_assets
from evals.market.truth import Truth
from evals.market.world import World
from evals.market.worth import LEAST_ANSWER_CENTS, Payer

pytestmark = pytest.mark.slow

SMALL = Scenario(contacts=400)
TINY = Scenario(contacts=150, days=40, tail_days=10, history_days=20)


@cache
def compared() -> Comparison:
    return closed_loop.play(range(70, 73), SMALL, ["silence", "random", "rules", "oracle"], tell=False)


@pytest.mark.parametrize("measure", ["true_value_cents", "mql_to_sql", "engaged_share"])
def test_the_oracle_beats_rules_and_rules_beat_chance(measure: str) -> None:
    random, rules, oracle = (compared().of(name, measure).mean() for name in ("random", "rules", "oracle"))
    assert random < rules < oracle


def test_the_same_seed_gives_the_same_game_and_another_seed_another() -> None:
    first, again = (Game(3, TINY, Random).play() for _ in range(2))
    assert first == again
    assert Game(4, TINY, Random).play().as_json() != first.as_json()


def test_weeks_and_new_content_are_told_as_they_were() -> None:
    weeks = {line.split()[0]: line.split()[1:] for line in closed_loop.by_week(compared()).splitlines()[1:]}
    assert set(weeks["oracle"]) == {"1.00"}
    assert weeks["random"] == [f"{share:.2f}" for share in compared().weekly_way("random") or []]
    lines = closed_loop.new_content(compared(), 28, base="rules").splitlines()
    games = compared().games["oracle"]
    dollars = np.mean([sum(game.weekly_cold_value_cents[4:8]) / 100 for game in games])
    oracle = next(place for place, line in enumerate(lines) if line.startswith("oracle"))
    assert f"{dollars:,.0f} $" in lines[oracle]
    rules = np.mean([sum(game.weekly_cold_value_cents[4:8]) / 100 for game in compared().games["rules"]])
    assert f"above rules: {dollars - rules:,.0f} $" in lines[oracle + 1]


def test_people_alike_tell_interests_and_tastes_better_than_what_each_has_shown() -> None:
    known = known_at_start(71, contacts=900)
    assert known.classes > 1
    assert known.interest_alike > known.interest_own + 0.03
    assert known.taste_alike > known.taste_own + 0.1


def test_the_funnel_only_narrows() -> None:
    for games in compared().games.values():
        for game in games:
            assert game.deals_won <= game.deals_opened
            assert game.meetings <= game.replies <= game.messages
            assert game.complaints <= game.unsubscribes <= game.messages


def test_silence_sends_nothing_and_still_sells() -> None:
    games = compared().games["silence"]
    assert all(game.messages == 0 and game.deals_opened > 0 for game in games)


class _Listener(Random):
    """Plays at random and writes down what it hears, and on which day."""

    def __init__(self, briefing: Briefing) -> None:
        super().__init__(briefing)
        self.heard: list[tuple[int, int, float, int]] = []
        self.today = -1
        self.silence = len(briefing.action_names) - 1

    def choose(self, features: Any, allowed: Any, dyads: Any, seed: int) -> Choice:
        self.today = seed % 1_000
        return super().choose(features, allowed, dyads, seed)

    def learn(
        self, features: Any, actions: Any, rewards: Any, propensities: Any, at: Any, dyads: Any
    ) -> None:
        days = ((at - FIRST_DAY) / np.timedelta64(1, "D")).astype(int)
        self.heard += zip(
            days.tolist(), actions.tolist(), rewards.tolist(), [self.today] * len(days), strict=True
        )


def _listen(**changes: Any) -> _Listener:
    game = Game(8, Scenario(**{**vars(TINY), **changes}), _Listener)
    game.play()
    assert isinstance(game.player, _Listener)
    return game.player


def test_outcomes_are_heard_only_after_their_window_and_the_delay() -> None:
    for delay in (0, 14):
        heard = _listen(delay_days=delay).heard
        assert heard
        # `today` is the last decision day before the settling, at most two days earlier.
        assert all(today + 3 >= day + TINY.window_days + delay for day, _, _, today in heard)


def test_a_delay_changes_when_an_outcome_is_heard_and_never_the_outcome() -> None:
    soon, late = _listen().heard, _listen(delay_days=14).heard
    assert [line[:3] for line in soon[: len(late)]] == [line[:3] for line in late]


def test_silence_is_worth_nothing_to_a_player_and_a_message_costs_something() -> None:
    listener = _listen()
    assert {reward for _, action, reward, _ in listener.heard if action == listener.silence} == {0.0}
    assert min(reward for _, action, reward, _ in listener.heard if action != listener.silence) < 0


def test_backfill_tells_the_newsletter_before_the_first_decision() -> None:
    heard = _listen(has_backfill=True).heard
    before = [line for line in heard if line[0] < 0]
    assert before
    assert not [line for line in _listen().heard if line[0] < 0]


def test_cold_assets_are_not_sent_before_their_day() -> None:
    game = Game(8, Scenario(**{**vars(TINY), "cold_asset_day": 21}), Random).play()
    assert game.weekly_cold_messages[:3] == [0, 0, 0]
    assert sum(game.weekly_cold_messages[3:]) > 0


def test_a_drift_changes_nothing_before_its_day() -> None:
    calm = Game(8, TINY, Random).play().weekly_true_value_cents
    turned = Game(8, Scenario(**{**vars(TINY), "drift": "flip", "drift_day": 21}), Random).play()
    assert turned.weekly_true_value_cents[:3] == calm[:3]
    assert turned.weekly_true_value_cents[3] != calm[3]


@pytest.mark.parametrize("player", [PerArmLinear, SharedLinear, Rules])
def test_a_player_states_probabilities_that_sum_to_one_within_what_is_allowed(player: Any) -> None:
    game = Game(8, TINY, player)
    rows = np.arange(60)
    features, dyads = game.view.features()[rows], game.view.dyads()[rows]
    allowed = game.view.allowed()[rows]
    choice = game.player.choose(features, allowed, dyads, seed=1)
    assert choice.probabilities.sum(axis=1) == pytest.approx(np.ones(60))
    assert not choice.probabilities[~allowed].any()
    assert choice.propensities == pytest.approx(choice.probabilities[rows, choice.actions])


def test_a_shared_model_ends_above_chance() -> None:
    learned = closed_loop.play([70], Scenario(contacts=400), ["random", "shared-linear"], tell=False)
    last = slice(6, None)
    assert learned.weekly("shared-linear")[last].sum() > learned.weekly("random")[last].sum()


def test_an_oracle_that_was_shown_nothing_refuses() -> None:
    game = Game(8, TINY, Oracle)
    with pytest.raises(RuntimeError, match="see"):
        game.player.choose(game.view.features(), game.view.allowed(), game.view.dyads(), 1)


def test_the_learner_hands_the_briefing_to_the_bandit() -> None:
    makers: list[Learner] = []

    def made(briefing: Briefing) -> Learner:
        makers.append(Learner(briefing))
        return makers[0]

    game = Game(8, TINY, made)
    bandit = makers[0].bandit
    assert bandit.actions == game.catalogue.action_names
    assert bandit.action_features is not None
    assert bandit.action_features.shape[0] == len(bandit.actions)
    assert bandit.apart == (game.catalogue.silence,)


def test_the_learner_at_the_table_begins_as_the_product_s_does() -> None:
    """Defaults of fit are the product's, under the names this market has for the like."""
    own = LearnerSettings()
    assert (PRIORS.boldness, PRIORS.floor) == (own.boldness, own.floor)
    assert (PRIORS.prior_rate, PRIORS.prior_spread, PRIORS.prior_worth) == (
        teaching.PRIOR_RATE,
        teaching.PRIOR_SPREAD,
        teaching.PRIOR_UNITS,
    )
    named = {
        "topic_affinity": "topic_affinity",
        "topic_sure": "topic_evidence",
        "stage_usual": "stage_fit",
        "brevity_fit": "seniority_fit",
        "industry_declared": "industry_fit",
        "had_before": "asset_sent",
        "form_unanswered": "kind_sent",
        "form_affinity": "kind_affinity",
        "alike_interest": "alike_interest",
        "alike_answers": "alike_answers",
    }
    assert {here: TILT[here] for here in named} == {
        here: teaching.TILT[there] for here, there in named.items()
    }


def test_an_answer_s_worth_is_read_off_the_columns_players_see() -> None:
    makers: list[Briefing] = []

    def made(briefing: Briefing) -> Random:
        makers.append(briefing)
        return Random(briefing)

    game = Game(8, TINY, made)
    told = makers[0].answer_cents(game.view.features())
    payer = Payer.of(game.world.known, game.catalogue)
    expected = payer.table.click[game.view.stage] * payer.size
    np.testing.assert_allclose(told, np.maximum(expected, LEAST_ANSWER_CENTS), rtol=1e-9)
    assert told.max() > 50 * told.min()


def test_who_knows_what_the_columns_tell_chooses_between_rules_and_oracle() -> None:
    trees = fitted_trees(contacts=150, days=28, seeds=(9_301,))
    informed = Game(70, SMALL, lambda briefing: Informed(briefing, trees)).play().true_value_cents
    rules, oracle = (compared().games[name][0].true_value_cents for name in ("rules", "oracle"))
    assert rules < informed < oracle


def test_only_the_typed_player_is_told_what_type_a_buyer_is() -> None:
    world = Game(8, TINY, Random).world
    truth, some = Truth(world, 10, 20), np.array([3, 1])
    assert types_of(truth, some, knows_types=False).shape == (2, 0)
    assert types_of(truth, some, knows_types=True).argmax(axis=1).tolist() == world.hidden.kind[some].tolist()


def test_the_way_from_rules_to_oracle_is_nought_and_one_at_its_ends() -> None:
    assert compared().way("rules", "true_value_cents").value == 0
    end = compared().way("oracle", "true_value_cents")
    assert (end.value, end.low, end.high) == (1, 1, 1)


def test_an_interval_over_seeds_holds_its_mean() -> None:
    estimate = compared().mean("rules", "revenue_cents")
    assert estimate.low < estimate.value < estimate.high


def test_players_of_different_seeds_are_not_compared() -> None:
    games = compared().games
    with pytest.raises(ValueError, match="same seeds"):
        Comparison({"rules": games["rules"], "oracle": games["oracle"][:2]})


def test_the_command_prints_a_line_a_player_and_writes_json_and_a_curve(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("matplotlib", reason="the evals' peers and plots are not installed: make evals-setup")
    told, curve = tmp_path / "games.json", tmp_path / "curve.svg"
    words = ["closed_loop", "--seeds", "2", "--contacts", "120", "--days", "21"]
    words += ["--players", "rules,oracle", "--json", str(told), "--plot", str(curve)]
    monkeypatch.setattr(sys, "argv", words)
    closed_loop.main()
    assert "share of the way" in capsys.readouterr().out
    assert set(json.loads(told.read_text())["players"]) == {"rules", "oracle"}
    assert curve.read_text().startswith("<?xml")


def test_the_same_games_draw_the_same_curve(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="the evals' peers and plots are not installed: make evals-setup")
    draw_curve(compared(), tmp_path / "a.svg")
    draw_curve(compared(), tmp_path / "b.svg")
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()


def test_an_unknown_player_is_one_clear_line() -> None:
    with pytest.raises(AttuneError, match="Nobody is called"):
        closed_loop.play([1], TINY, ["somebody"], tell=False)


def test_truth_foretells_what_warmth_adds_to_deals_opened() -> None:
    """One unit of warmth to every MQL: the deals it adds, counted, against the first-order estimate."""
    assets = len(sample_assets())
    crowd = draw_known(2, 4_000)
    inside = draw_hidden(2, crowd, assets)
    catalogue = Catalogue.of(sample_assets())
    early = crowd.stage == MQL
    added, foretold = [], []
    for seed in range(6):
        cold, warm = (World(seed, crowd, inside, catalogue) for _ in range(2))
        foretold.append(Truth(cold, 0, 210).warmth_worth()[early].sum())
        warm.warmth[early] += 1.0
        for _ in range(210):
            cold_deals, warm_deals = cold.live().opened, warm.live().opened
            gained = warm_deals.astype(float) - cold_deals
            added.append(float(cold.expected_deal_cents @ gained))
    assert sum(added) == pytest.approx(sum(foretold), rel=0.5)
