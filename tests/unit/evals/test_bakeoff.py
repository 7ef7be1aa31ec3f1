from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from evals.bakeoff.drift import common_recovery, recovery
from evals.bakeoff.game import Game, Ledger, best_arm, examine, play
from evals.bakeoff.players import Floats, RandomPlayer
from evals.bakeoff.ranking import RANDOM, Ranking, share_of_the_way
from evals.bakeoff.sets import ClassSet, read_arff, read_set

ARFF = """% a comment
@relation 'tiny one'
@attribute 'row id' {a, b}
@attribute colour {red, 'dark blue', green}
@attribute "size" REAL
@ATTRIBUTE class {yes,no}
@data
a, red, 1.0, yes
b, 'dark blue', ?, no

a, green, 3.0, no
"""


def arff(folder: Path) -> Path:
    path = folder / "tiny.arff"
    path.write_text(ARFF)
    return path


def clock(rows: int, arms: int = 4) -> ClassSet:
    """A set whose row says which arm is right."""
    y = np.random.default_rng(0).integers(arms, size=rows)
    return ClassSet("clock", np.eye(arms)[y] * np.sqrt(arms), y)


class Knowing:
    """Reads the right arm off the row."""

    def choose(self, x: Floats) -> int:
        return int(x[0].argmax())

    def learn(self, x: Floats, arm: int, reward: float) -> None:
        assert reward == 1.0


class Slow(Knowing):
    """Takes its time."""

    def choose(self, x: Floats) -> int:
        return sum(range(100_000)) * 0 + super().choose(x)


class Parrot:
    """Answers with the label it studied last; it studies every other row."""

    def __init__(self) -> None:
        self.last = 0

    def block(self, seen: int) -> int:
        return 2

    def answer(self, x: Floats) -> np.ndarray:
        return np.full(len(x), self.last)

    def study(self, x: Floats, y: np.ndarray) -> None:
        self.last = int(y[-1])


def test_arff_header_gives_names_and_nominal_values(tmp_path: Path) -> None:
    columns, _ = read_arff(arff(tmp_path))
    assert columns == [
        ("row id", ["a", "b"]),
        ("colour", ["red", "dark blue", "green"]),
        ("size", None),
        ("class", ["yes", "no"]),
    ]


def test_arff_rows_keep_quoted_cells_and_missing_ones(tmp_path: Path) -> None:
    _, rows = read_arff(arff(tmp_path))
    assert rows == [
        ["a", "red", "1.0", "yes"],
        ["b", "dark blue", "?", "no"],
        ["a", "green", "3.0", "no"],
    ]


def test_rows_of_a_set_have_mean_squared_length_d(tmp_path: Path) -> None:
    arff(tmp_path)
    over = read_set("tiny", tmp_path, seed=0)
    assert (over.x**2).sum(axis=1).mean() == pytest.approx(over.x.shape[1])


def test_a_seed_shuffles_rows_and_labels_together(tmp_path: Path) -> None:
    rows = "".join(f"{i},{'yes' if i >= 20 else 'no'}\n" for i in range(40))
    (tmp_path / "line.arff").write_text(f"@attribute size REAL\n@attribute class {{yes,no}}\n@data\n{rows}")
    one, other = read_set("line", tmp_path, seed=0), read_set("line", tmp_path, seed=1)
    assert (one.y != other.y).any()
    assert ((one.x[:, 0] > 0) == (one.y == 1)).all()
    assert ((other.x[:, 0] > 0) == (other.y == 1)).all()


def test_the_first_rows_of_a_set_keep_all_its_arms() -> None:
    assert ClassSet("tiny", np.zeros((3, 1)), np.array([0, 1, 2])).first(2).arms == 3


def test_share_of_the_way_is_0_at_random_and_1_at_the_reference() -> None:
    assert share_of_the_way(0.25, 0.25, 0.75) == 0
    assert share_of_the_way(0.75, 0.25, 0.75) == 1
    assert share_of_the_way(0.65, 0.25, 0.75) == pytest.approx(0.8)


def test_a_reference_no_better_than_random_gives_no_share() -> None:
    with pytest.raises(ValueError, match="not better than random"):
        share_of_the_way(0.5, 0.5, 0.5)


def test_a_player_that_knows_the_answer_gets_all() -> None:
    reward, _, rows = play(Knowing(), clock(200))
    assert (reward, rows) == (1.0, 200)


def test_random_gets_about_one_in_k() -> None:
    reward, _, _ = play(RandomPlayer(4, seed=1), clock(4_000))
    assert reward == pytest.approx(0.25, abs=0.03)


def test_a_game_over_its_time_is_stopped() -> None:
    _, _, rows = play(Slow(), clock(1_000), seconds_at_most=0.01)
    assert rows < 1_000


def test_an_expert_answers_a_block_before_it_sees_its_labels() -> None:
    over = ClassSet("tiny", np.zeros((6, 1)), np.array([0, 1, 1, 1, 0, 1]))
    # Answers 0 0, then 1 1, then 1 1.
    assert examine(Parrot(), over)[0] == pytest.approx(4 / 6)


def test_the_best_single_arm_is_the_commonest_class() -> None:
    assert best_arm(ClassSet("tiny", np.zeros((4, 1)), np.array([0, 2, 2, 1]))) == 0.5


def games() -> list[Game]:
    rewards = {
        RANDOM: (0.5, 0.5),
        "expert: good": (0.9, 0.9),
        "expert: poor": (0.6, 0.6),
        "ours": (0.8, 0.84),
        "theirs, well tuned": (0.7, 0.7),
        "theirs": (0.6, 0.6),
        "half played": (0.99,),
    }
    return [
        Game("one", seed, player, 100, reward, 0.0)
        for player, of_seeds in rewards.items()
        for seed, reward in enumerate(of_seeds)
    ]


FAMILIES = {"ours": "We", "theirs": "They", "theirs, well tuned": "They", "half played": "Half"}


def test_the_best_expert_is_the_reference() -> None:
    assert Ranking(games(), FAMILIES).reference_name == {"one": "good"}


def test_a_family_is_shown_at_its_best() -> None:
    row = Ranking(games(), FAMILIES).rows["They", "one"]
    assert (row.player, row.shares.tolist()) == ("theirs, well tuned", pytest.approx([0.5, 0.5]))


def test_who_did_not_play_every_seed_is_not_ranked() -> None:
    assert "Half" not in Ranking(games(), FAMILIES).families


def test_first_is_whoever_has_the_highest_mean_reward() -> None:
    ranking = Ranking(games(), FAMILIES)
    assert ranking.first_on("We", ranking.families) == ["one"]
    assert ranking.first_on("They", ranking.families) == []


def test_one_setting_is_the_entry_that_is_best_over_all_sets() -> None:
    swapped = {"theirs": 0.65, "theirs, well tuned": 0.5}
    played = [
        *games(),
        *(replace(g, set_name="two", reward=swapped.get(g.player, g.reward)) for g in games()),
    ]
    ranking = Ranking(played, FAMILIES)
    ranking.add_one_setting("They", played, FAMILIES)
    # Mean shares: (0.25 + 0.375) / 2 against (0.5 + 0) / 2.
    assert ranking.rows["They", "one"].player == "theirs, well tuned"
    assert ranking.rows["They, one setting", "one"].player == "theirs"


def test_ratio_is_of_mean_shares_with_its_interval() -> None:
    ratio = Ranking(games(), FAMILIES).ratio("We", "They")
    # (0.75 + 0.85) / 2 over 0.5; with one set only the seeds are drawn anew.
    assert ratio.mean == pytest.approx(1.6)
    assert [ratio.low, ratio.high] == pytest.approx([1.5, 1.7])


def test_a_ledger_goes_on_where_it_stopped_and_the_newest_game_counts(tmp_path: Path) -> None:
    path = tmp_path / "games.jsonl"
    for reward in (0.1, 0.2):
        Ledger(path).add(Game("one", 0, "ours", 10, reward, 0.0))
    assert [game.reward for game in Ledger(path).of(["one"], [0])] == [0.2]


def test_a_stopped_game_counts_in_no_table(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "games.jsonl")
    ledger.add(Game("one", 0, "slow", 10, 0.9, 40.0, stopped_at=3))
    assert ledger.of(["one"], [0]) == []
    assert ledger.was_stopped("one", "slow")


def test_recovery_is_the_first_step_whose_trailing_mean_is_back() -> None:
    rewards = np.concatenate([np.zeros(300), np.ones(700)])
    # 0.9 x 0.8 of 200 rewards are 144 ones.
    assert recovery(rewards, before=0.8) == 300 + 144


def test_recovery_takes_at_least_the_trail() -> None:
    assert recovery(np.ones(1_000), before=0.8) == 200


def test_recovery_that_never_comes_is_none() -> None:
    assert recovery(np.zeros(1_000), before=0.8) is None


def test_recovery_to_one_level_counts_whole_blocks_after_the_flip() -> None:
    blocks = [1.0, 1.0, 0.0, 0.5, 0.9, 0.9]
    assert common_recovery(blocks, flip_at=2, level=1.0) == 400
    assert common_recovery(blocks, flip_at=2, level=0.7) == 300
    assert common_recovery(blocks[:4], flip_at=2, level=1.0) is None
