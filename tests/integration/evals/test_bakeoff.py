"""The bake-off on two real sets, quickly: `python -m evals.bakeoff --quick`."""

from __future__ import annotations

import numpy as np
import pytest

from evals.bakeoff.__main__ import FAMILIES, QUICK_SETS, main
from evals.bakeoff.drift import Restarting
from evals.bakeoff.game import Ledger
from evals.bakeoff.players import ENTRIES, Floats
from evals.bakeoff.ranking import Ranking
from evals.bakeoff.sets import data_folder

pytestmark = pytest.mark.slow

needs_sets = pytest.mark.skipif(
    not (data_folder() / "bakeoff").is_dir(), reason=f"the bake-off's sets are not at {data_folder()}"
)


@pytest.fixture(scope="module")
def ranking(tmp_path_factory: pytest.TempPathFactory) -> Ranking:
    for peer in ("lightgbm", "vowpalwabbit", "mabwiser", "river", "bayesianbandits"):
        pytest.importorskip(peer, reason="the evals' peers and plots are not installed: make evals-setup")
    out = tmp_path_factory.mktemp("bakeoff") / "games.jsonl"
    assert main(["--quick", "--rows", "600", "--first-seed", "100", "--out", str(out)]) == 0
    return Ranking(Ledger(out).of(QUICK_SETS, [100]), FAMILIES)


@needs_sets
@pytest.mark.shared_data
@pytest.mark.slow
@pytest.mark.parametrize("name", QUICK_SETS)
def test_attune_beats_random_and_the_best_single_arm(ranking: Ranking, name: str) -> None:
    reward = ranking.rows["Attune", name].rewards.mean()
    assert reward > ranking.random[name]
    assert reward > ranking.rows["best single arm", name].rewards.mean()


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_every_player_learns_which_of_two_arms_is_right(entry: object) -> None:
    for library in ("vowpalwabbit", "mabwiser", "river", "bayesianbandits"):
        pytest.importorskip(library)
    player = entry.begin(2, 3, 5)  # type: ignore[attr-defined]
    rng = np.random.default_rng(0)
    won = []
    for _ in range(300):
        x = rng.normal(size=(1, 3))
        arm = player.choose(x)
        won.append(float(arm == int(x[0, 0] > 0)))
        player.learn(x, arm, won[-1])
    assert np.mean(won[-100:]) > 0.65


class Newborn:
    """Counts what it has learned."""

    def __init__(self) -> None:
        self.learned = 0

    def choose(self, x: Floats) -> int:
        return 0

    def learn(self, x: Floats, arm: int, reward: float) -> None:
        self.learned += 1


def test_the_restarting_player_begins_anew_when_rewards_fall() -> None:
    pytest.importorskip("river")
    player = Restarting(Newborn)
    for step in range(1_000):
        player.learn(np.zeros((1, 1)), 0, float(step < 500))
    assert isinstance(player.player, Newborn)
    assert player.player.learned < 600
