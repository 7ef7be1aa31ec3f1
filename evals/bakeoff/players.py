"""Who plays: Attune and well-known libraries, each seeing only the reward of the arm it chose.

Every library plays through its public interface. What a library offers to be tuned is tuned here in hindsight (the
best of its `family` a set is shown); Attune plays one default setting everywhere.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from learning.bandit import Bandit, Settings

Floats = NDArray[np.float64]


class Player(Protocol):
    """Chooses an arm for a row and learns what that arm brought."""

    def choose(self, x: Floats) -> int:
        """Return an arm in [0, K) for x, shape (1, d)."""
        ...

    def learn(self, x: Floats, arm: int, reward: float) -> None:
        """Take in the reward, 0 or 1, of the arm that was chosen last."""
        ...


@dataclass(frozen=True)
class Entry:
    """A player before the game: who it belongs to and how it begins, given arms K, features d and a seed."""

    name: str
    family: str
    begin: Callable[[int, int, int], Player]


class RandomPlayer:
    """Draws every arm alike."""

    def __init__(self, arms: int, seed: int) -> None:
        self.arms, self.rng = arms, np.random.default_rng(seed)

    def choose(self, x: Floats) -> int:
        return int(self.rng.integers(self.arms))

    def learn(self, x: Floats, arm: int, reward: float) -> None:
        """Random learns nothing."""


class Attune:
    """`learning.bandit`, as the product uses it."""

    def __init__(
        self, arms: int, features: int, seed: int, *, watched: bool = True, settings: Settings | None = None
    ) -> None:
        self.bandit = Bandit([str(k) for k in range(arms)], features, settings=settings)
        if not watched:
            self.bandit.watch.threshold = np.inf
        self.allowed = np.ones((1, arms), dtype=bool)
        self.rng = np.random.default_rng(seed)

    def choose(self, x: Floats) -> int:
        return int(self.bandit.choose(x, self.allowed, seed=int(self.rng.integers(2**31))).actions[0])

    def learn(self, x: Floats, arm: int, reward: float) -> None:
        self.bandit.learn(x, np.array([arm]), np.array([reward]))


class VowpalWabbit:
    """`--cb_explore_adf`, every feature crossed with the arm; costs are 1 - reward."""

    def __init__(self, options: str, arms: int, seed: int) -> None:
        from vowpalwabbit import Workspace

        self.vw = Workspace(f"--cb_explore_adf {options} -q sa --quiet --random_seed {seed + 1}")
        self.arms = [f"|a {k}" for k in range(arms)]
        self.rng = np.random.default_rng(seed)
        self.shared, self.odds = "", np.empty(0)

    def choose(self, x: Floats) -> int:
        row = x[0]
        self.shared = "shared |s 1 " + " ".join(f"{j}:{row[j]:.5g}" for j in np.flatnonzero(row))
        odds = np.maximum(self.vw.predict([self.shared, *self.arms]), 0)
        self.odds = odds / odds.sum()
        return int(self.rng.choice(len(odds), p=self.odds))

    def learn(self, x: Floats, arm: int, reward: float) -> None:
        lines = self.arms.copy()
        lines[arm] = f"0:{1 - reward:g}:{self.odds[arm]:.6f} {lines[arm]}"
        self.vw.learn([self.shared, *lines])


class MabWiser:
    """LinTS and LinUCB of MABWiser; a column of ones is added, because it has no intercept of its own."""

    def __init__(self, kind: str, alpha: float, arms: int, features: int, seed: int) -> None:
        from mabwiser.mab import MAB, LearningPolicy

        self.mab = MAB(list(range(arms)), getattr(LearningPolicy, kind)(alpha=alpha), seed=seed)
        # It must be fitted before it predicts: one empty row an arm carries no knowledge.
        self.mab.fit(list(range(arms)), [0.0] * arms, np.zeros((arms, features + 1)))

    def choose(self, x: Floats) -> int:
        return int(self.mab.predict(_with_one(x)))

    def learn(self, x: Floats, arm: int, reward: float) -> None:
        self.mab.partial_fit([arm], [reward], _with_one(x))


class River:
    """LinUCBDisjoint of river; a feature that is always 1 is added."""

    def __init__(self, beta: float, seed: int) -> None:
        from river.bandit import LinUCBDisjoint

        self.bandit: Any = LinUCBDisjoint(alpha=1.0, beta=beta, seed=seed)
        self.arms: list[int] = []

    @classmethod
    def over(cls, beta: float, arms: int, seed: int) -> River:
        """Begin with K arms."""
        player = cls(beta, seed)
        player.arms = list(range(arms))
        return player

    def choose(self, x: Floats) -> int:
        return int(self.bandit.pull(self.arms, context=_by_name(x)))

    def learn(self, x: Floats, arm: int, reward: float) -> None:
        self.bandit.update(arm, _by_name(x), reward)


class BayesianBandits:
    """The contextual agent of bayesianbandits with Thompson's rule; a column of ones is added."""

    def __init__(self, regressor: str, arms: int, seed: int) -> None:
        import bayesianbandits as library

        learners = [getattr(library, regressor)() for _ in range(arms)]
        self.agent: Any = library.ContextualAgent(
            [library.Arm(k, learner=learner) for k, learner in enumerate(learners)],
            library.ThompsonSampling(),
            random_seed=seed,
        )

    def choose(self, x: Floats) -> int:
        return int(self.agent.pull(_with_one(x))[0])

    def learn(self, x: Floats, arm: int, reward: float) -> None:
        self.agent.select_for_update(arm).update(_with_one(x), np.array([reward]))


def _with_one(x: Floats) -> Floats:
    return np.hstack([x, np.ones((1, 1))])


def _by_name(x: Floats) -> dict[str, float]:
    return {"one": 1.0} | {str(j): float(value) for j, value in enumerate(x[0])}


_QUADRATIC = "-q ss --interactions ssa"
VW_GRID = (
    "--squarecb -l 2",
    "--squarecb --gamma_scale 100 -l 0.5",
    "--squarecb --gamma_scale 1000 -l 0.5",
    f"--squarecb --gamma_scale 1000 -l 0.5 {_QUADRATIC}",
    "--regcb --mellowness 0.01 -l 2",
    "--regcbopt --mellowness 0.01 -l 0.5",
    "--regcbopt --mellowness 0.001 -l 2",
    f"--regcbopt --mellowness 0.001 -l 2 {_QUADRATIC}",
    "--cover 4 --nounif --psi 0.1 -l 2",
    "--bag 5 --greedify -l 0.5",
    "--bag 5 --greedify -l 2",
)
"""`-l` is the learning rate; the quadratic ones cross features with one another as well."""

MOST_QUADRATIC = 64
"""With more features than this the quadratic VowpalWabbit entries do not play."""


def _attune(arms: int, features: int, seed: int) -> Player:
    return Attune(arms, features, seed)


def _vw(options: str) -> Entry:
    return Entry(f"vw {options}", "VowpalWabbit", lambda arms, _, seed: VowpalWabbit(options, arms, seed))


def _mabwiser(kind: str, alpha: float) -> Entry:
    def begin(arms: int, features: int, seed: int) -> Player:
        return MabWiser(kind, alpha, arms, features, seed)

    return Entry(f"mabwiser {kind} alpha={alpha:g}", f"MABWiser {kind}", begin)


def _river(beta: float) -> Entry:
    return Entry(
        f"river LinUCB beta={beta:g}", "river LinUCB", lambda arms, _, seed: River.over(beta, arms, seed)
    )


def _bayesianbandits(regressor: str) -> Entry:
    return Entry(
        f"bayesianbandits {regressor}",
        "bayesianbandits",
        lambda arms, _, seed: BayesianBandits(regressor, arms, seed),
    )


ENTRIES = (
    Entry("attune", "Attune", _attune),
    *(_vw(options) for options in VW_GRID),
    *(_mabwiser(kind, alpha) for kind in ("LinTS", "LinUCB") for alpha in (0.25,)),
    *(_river(beta) for beta in (1.0, 25.0)),
    *(_bayesianbandits(name) for name in ("NormalInverseGammaRegressor",)),
)


def may_play(entry: Entry, features: int) -> bool:
    """Tell whether an entry takes part at d features."""
    return not (_QUADRATIC in entry.name and features > MOST_QUADRATIC)
