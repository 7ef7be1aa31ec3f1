"""How fast the learner scores and chooses, beside the bare matrix product, VowpalWabbit and MABWiser in the same run.

`python -m evals.benchmarks.choice_speed`. What is timed is interleaved: every repeat times each thing once, so that
whatever else the machine does falls on all alike; ratios are taken within a repeat. Batches are told in processor time
of this process, all threads; with `OPENBLAS_NUM_THREADS=1` that is what one core needs.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table as Grid

from learning.bandit import Bandit

Floats = NDArray[np.float64]

WIDTHS = (20, 100, 500)
ARMS = (10, 100)
TAUGHT = 4_000
"""Outcomes each learner has learned from before it is timed."""

SCORED = 20_000
CHOSEN = 4_000
PEERS_CHOOSE = 100
ALONE = 300
MOST_SECONDS = 8.0
"""A peer that took so long is not timed again."""
LEARNED = 300
PEERS_ALONE = 30
READY = 64
"""Asked for so many contacts once, a learner is ready for an audience."""


@dataclass
class Timings:
    """Seconds by name, one number a repeat. rows: how many rows a number stands for."""

    rows: dict[str, int] = field(default_factory=dict)
    seconds: dict[str, list[float]] = field(default_factory=dict)

    def take(self, name: str, rows: int, act: Callable[[], object]) -> None:
        """Time `act` once."""
        began = time.process_time()
        act()
        self.seconds.setdefault(name, []).append(time.process_time() - began)
        self.rows[name] = rows

    def micros(self, name: str) -> Floats:
        """Shape (repeats,): microseconds a row."""
        return np.array(self.seconds[name]) / self.rows[name] * 1e6

    def ratio(self, name: str, other: str) -> Floats:
        """Shape (repeats,): time a row of `name` over that of `other`, within each repeat."""
        one, two = self.micros(name), self.micros(other)
        both = min(len(one), len(two))
        return np.asarray(one[:both] / two[:both])

    def spent(self, name: str) -> float:
        """Seconds that `name` took so far."""
        return sum(self.seconds.get(name, []))


@dataclass
class Case:
    """One shape: a taught learner, what it chooses for, and the peers.

    x: shape (n, d). theta: shape (d, K) for the bare product. inputs: shape (n, P), theta_wide: shape (P, K).
    """

    width: int
    arms: int
    bandit: Bandit
    x: Floats
    theta: Floats
    inputs: Floats
    theta_wide: Floats


def case(width: int, arms: int, rows: int, seed: int, patterns: int | None = None) -> Case:
    """Teach a learner with d features and K arms, on rewards that follow a line with noise.

    patterns: how many the learner looks at besides; None for as many as it takes by itself.
    """
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(max(rows, TAUGHT), width))
    theta = rng.normal(size=(width, arms)) / np.sqrt(width)
    bandit = Bandit([f"arm {k}" for k in range(arms)], width, patterns=patterns)
    chosen = rng.integers(0, arms, TAUGHT)
    odds = 0.1 + 0.05 * np.tanh(x[:TAUGHT] @ theta)[np.arange(TAUGHT), chosen]
    bandit.learn(x[:TAUGHT], chosen, (rng.random(TAUGHT) < odds).astype(float))
    bandit.values(x[:READY])
    inputs = bandit.basis.inputs(x[:rows])
    return Case(width, arms, bandit, x[:rows], theta, inputs, rng.normal(size=(inputs.shape[1], arms)))


def measure(given: Case, repeats: int, peers: bool) -> Timings:
    """Time everything once a repeat, in turn."""
    found = Timings()
    bandit, x = given.bandit, given.x
    few = x[:CHOSEN]
    allowed = np.ones((len(few), given.arms), dtype=bool)
    mab = _mab(given) if peers else None
    vw, lines = (_vw(given), _lines(given, x[:PEERS_CHOOSE])) if peers else (None, [])
    for _ in range(repeats):
        found.take("product d x K", len(x), lambda: x @ given.theta)
        found.take("product P x K", len(x), lambda: given.inputs @ given.theta_wide)
        found.take("score", len(x), lambda: bandit.score(x))
        found.take("values", len(few), lambda: bandit.values(few))
        found.take("choose", len(few), lambda: bandit.choose(few, allowed))
        if mab is not None and found.spent("MABWiser LinTS") < MOST_SECONDS:
            found.take("MABWiser LinTS", PEERS_CHOOSE, lambda: mab.predict(x[:PEERS_CHOOSE]))
        if vw is not None and found.spent("VowpalWabbit") < MOST_SECONDS:
            found.take("VowpalWabbit", len(lines), lambda: [vw.predict(line) for line in lines])
    return found


def _mab(given: Case) -> Any:
    from mabwiser.mab import MAB, LearningPolicy

    mab = MAB(list(range(given.arms)), LearningPolicy.LinTS(alpha=0.25), seed=0)
    rng = np.random.default_rng(0)
    rows = min(len(given.x), TAUGHT)
    mab.fit(rng.integers(0, given.arms, rows), (rng.random(rows) < 0.1).astype(float), given.x[:rows])
    return mab


def _vw(given: Case) -> Any:
    from vowpalwabbit import Workspace

    vw = Workspace("--cb_explore_adf --squarecb -q xa --quiet")
    rng = np.random.default_rng(0)
    for lines in _lines(given, given.x[:200]):
        arm = int(rng.integers(given.arms))
        vw.learn([lines[0], *(f"0:{-int(rng.random() < 0.1)}:0.1 {line}" if k == arm else line
                              for k, line in enumerate(lines[1:]))])  # fmt: skip
    return vw


def _lines(given: Case, x: Floats) -> list[list[str]]:
    actions = [f"|a arm{k}:1" for k in range(given.arms)]
    return [
        ["shared |x " + " ".join(f"{i}:{v:.4f}" for i, v in enumerate(row)), *actions] for row in x.tolist()
    ]


def alone(given: Case) -> tuple[Floats, Floats]:
    """Milliseconds for one decision about one contact, each timed by itself: of wall time, of processor time."""
    allowed = np.ones((1, given.arms), dtype=bool)
    wall, processor = [], []
    for i in range(ALONE):
        row = given.x[i : i + 1]
        began, began_processor = time.perf_counter(), time.process_time()
        given.bandit.choose(row, allowed, seed=i)
        processor.append(time.process_time() - began_processor)
        wall.append(time.perf_counter() - began)
    return np.array(wall) * 1000, np.array(processor) * 1000


def in_a_run(given: Case) -> tuple[float, float]:
    """Processor time where a run of `CHOSEN` is reckoned with: ms to get ready, microseconds a contact then."""
    few = given.x[:CHOSEN]
    allowed = np.ones((len(few), given.arms), dtype=bool)
    took = []
    for begins in (True, False):
        began = time.process_time()
        if begins:
            given.bandit.expect(few, allowed)
        given.bandit.choose(few, allowed)
        took.append(time.process_time() - began)
    given.bandit.expect(few[:0], allowed[:0])
    return (took[0] - took[1]) * 1e3, took[1] / len(few) * 1e6


def after_an_outcome(given: Case) -> Floats:
    """Milliseconds of processor time for one decision, each right after another outcome was learned."""
    allowed, rng = np.ones((1, given.arms), dtype=bool), np.random.default_rng(2)
    found = []
    for i in range(LEARNED):
        row = given.x[i : i + 1]
        given.bandit.learn(row, rng.integers(0, given.arms, 1), (rng.random(1) < 0.1).astype(float))
        began = time.process_time()
        given.bandit.choose(row, allowed, seed=i)
        found.append(time.process_time() - began)
    return np.array(found) * 1000


def peers_alone(given: Case) -> tuple[float, float]:
    """Median milliseconds of processor time in which MABWiser and VowpalWabbit decide about one contact."""
    mab, vw = _mab(given), _vw(given)
    lines = _lines(given, given.x[:PEERS_ALONE])
    acts: tuple[Callable[[int], object], ...] = (
        lambda i: mab.predict(given.x[i : i + 1]),
        lambda i: vw.predict(lines[i]),
    )
    medians = []
    for act in acts:
        times = []
        for i in range(PEERS_ALONE):
            began = time.process_time()
            act(i)
            times.append(time.process_time() - began)
        medians.append(float(np.median(times)) * 1000)
    return medians[0], medians[1]


def learning(given: Case) -> tuple[float, float]:
    """Return microseconds of processor time a row: learned one by one, and in one batch."""
    rng = np.random.default_rng(1)
    x, arms = given.x[:LEARNED], rng.integers(0, given.arms, LEARNED)
    rewards = (rng.random(LEARNED) < 0.1).astype(float)
    given.bandit.values(x[:1])
    began = time.process_time()
    for i in range(LEARNED):
        given.bandit.learn(x[i : i + 1], arms[i : i + 1], rewards[i : i + 1])
    one_by_one = time.process_time() - began
    began = time.process_time()
    given.bandit.learn(x, arms, rewards)
    given.bandit.values(x[:1])
    return one_by_one / LEARNED * 1e6, (time.process_time() - began) / LEARNED * 1e6


def state_megabytes(bandit: Bandit) -> float:
    """Size of the sums, which is what a saved learner holds."""
    parts = (bandit.acts.sums, bandit.worth.sums)
    return sum(s.grams.nbytes + s.moments.nbytes + s.squares.nbytes + s.counts.nbytes for s in parts) / 1e6


def _spread(values: Floats, form: str = ".2f") -> str:
    low, middle, high = np.quantile(values, [0.1, 0.5, 0.9])
    return f"{middle:{form}} ({low:{form}}-{high:{form}})"


def report(
    cases: list[tuple[int, int, int | None]], rows: int, repeats: int, peers: bool, console: Console
) -> None:
    """Measure each shape and print four tables."""
    batch = Grid(
        title=f"Batch, microseconds a contact, median (10-90 %) of {repeats} repeats, {rows} contacts"
    )
    versus = Grid(title="Times as long as ...; peers: how many times longer than `choose` and `score`")
    single = Grid(title=f"One contact ({ALONE} decisions), learning, size")
    for column in ("d", "K", "P", "product d x K", "product P x K", "score", "values", "choose"):
        batch.add_column(column, justify="right")
    for column in ("d", "K", "P", "score / d x K", "score / P x K", "choose / P x K", "LinTS / choose", "VW / choose",
                   "LinTS / score", "VW / score"):  # fmt: skip
        versus.add_column(column, justify="right")
    for column in ("d", "K", "P", "p50 ms", "p99 ms", "p50 ms, processor", "p99 ms, processor",
                   "p50, p99 after an outcome", "LinTS p50", "VW p50", "learn one, us", "learn batch, us/row",
                   "state MB"):  # fmt: skip
        single.add_column(column, justify="right")
    runs = Grid(title=f"A run of {CHOSEN}, outcomes on their way reckoned with")
    for column in ("d", "K", "P", "getting ready, ms", "choose, us a contact"):
        runs.add_column(column, justify="right")
    for width, arms, patterns in cases:
        given = case(width, arms, rows, seed=width + arms, patterns=patterns)
        found = measure(given, repeats, peers)
        shape = (str(width), str(arms), str(given.bandit.basis.width))
        names = ("product d x K", "product P x K", "score", "values", "choose")
        batch.add_row(*shape, *(_spread(found.micros(name)) for name in names))
        pairs = [("score", names[0]), ("score", names[1]), ("choose", names[1])]
        if peers:
            pairs += [
                (peer, ours) for ours in ("choose", "score") for peer in ("MABWiser LinTS", "VowpalWabbit")
            ]
        versus.add_row(*shape, *(_spread(found.ratio(*pair), ".1f") for pair in pairs))
        ready, each = in_a_run(given)
        runs.add_row(*shape, f"{ready:.0f}", f"{each:.1f}")
        wall, processor = alone(given)
        theirs = peers_alone(given) if peers else ()
        moved = after_an_outcome(given)
        one, many = learning(given)
        single.add_row(
            *shape,
            *(f"{np.quantile(wall, q):.2f}" for q in (0.5, 0.99)),
            *(f"{np.quantile(processor, q):.2f}" for q in (0.5, 0.99)),
            ", ".join(f"{np.quantile(moved, q):.2f}" for q in (0.5, 0.99)),
            *([f"{time:.2f}" for time in theirs] or ["", ""]),
            *(f"{one:.0f}", f"{many:.0f}", f"{state_megabytes(given.bandit):.1f}"),
        )
    for grid in (batch, versus, runs, single):
        console.print(grid)


def million(console: Console, width: int = 20, arms: int = 10, rows: int = 1_000_000) -> None:
    """Score for a million contacts five times beside the bare products, choose for them once, and say what it took."""
    given = case(width, arms, 2, seed=7)
    x = np.random.default_rng(8).normal(size=(rows, width))
    found = Timings()
    for _ in range(5):
        # The first product also pays for fresh memory from the system; the median does not show it.
        found.take("bare product d x K", rows, lambda: x @ given.theta)
        found.take("score", rows, lambda: given.bandit.score(x))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    found.take("choose", rows, lambda: given.bandit.choose(x, np.ones((rows, arms), dtype=bool)))
    last = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    grid = Grid(title=f"{rows:,} contacts x {arms} actions, d = {width}")
    for column in ("", "processor s", "times the product d x K", "peak memory of the process so far, MB"):
        grid.add_column(column, justify="right" if column else "left")
    for name in found.seconds:
        took = np.array(found.seconds[name])
        ratio = took / np.median(found.seconds["bare product d x K"])
        grid.add_row(name, _spread(took), _spread(ratio, ".1f"), f"{last if name == 'choose' else peak:.0f}")
    console.print(grid)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=SCORED)
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--no-peers", action="store_true", help="only our own and the bare product")
    parser.add_argument("--no-million", action="store_true")
    parser.add_argument("--only", type=int, nargs=2, metavar=("D", "K"))
    parser.add_argument("--patterns", type=int, help="how many; by itself a learner takes as many as fit")
    given = parser.parse_args()
    shapes = [tuple(given.only)] if given.only else [(d, k) for d in WIDTHS for k in ARMS]
    cases = [(d, k, given.patterns) for d, k in shapes]
    console = Console(width=170)
    report(cases, given.rows, given.repeats, not given.no_peers, console)
    if not given.no_million:
        million(console)


if __name__ == "__main__":
    main()
