"""The measured numbers as tables, with intervals that count the overlap of the halves."""

from __future__ import annotations

import numpy as np
from rich.console import Console
from rich.table import Table as Grid

from evals.hillstrom import held_out, online
from evals.hillstrom.experiment import ARMS, OUTCOMES, Experiment, Outcome
from evals.hillstrom.records import Records
from evals.hillstrom.worth import Interval, interval

SHOWN_IN: dict[Outcome, tuple[float, str]] = {
    "visit": (100.0, "visits, %"),
    "conversion": (100.0, "orders, %"),
    "spend": (1.0, "spend, cents"),
}
AT_STEPS = (300, 1000, 3000, 10_000)


def show(records: Records, experiment: Experiment, console: Console) -> None:
    """Print every table there are numbers for."""
    for outcome in OUTCOMES:
        if any(trial.outcome == outcome for trial in records.trials):
            console.print(_worths(records, outcome))
    if any(trial.outcome == "visit" for trial in records.trials):
        console.print(_effects(records))
    if records.lives:
        console.print(_steps(records, experiment))


def _grid(title: str, *columns: str) -> Grid:
    grid = Grid(title=title)
    for i, column in enumerate(columns):
        grid.add_column(column, justify="right" if i else "left")
    return grid


def _worths(records: Records, outcome: Outcome) -> Grid:
    scale, unit = SHOWN_IN[outcome]
    present = [t.who for t in records.trials if t.outcome == outcome]
    repeats = present.count(held_out.BAR)
    grid = _grid(
        f"{unit}: worth on the held-out half, {repeats} repeats",
        *("", "SNIPS ± plain ± corrected", "IPS", "DR", "minus best arm, SNIPS (corrected 95 %)"),
        *("minus best arm, DR (corrected 95 %)", "arms chosen, % (" + " / ".join(ARMS) + ")"),
    )
    for who in held_out.names():
        if who not in present:
            continue
        worth = {name: held_out.worths(records.trials, outcome, who, name) for name in ("snips", "ips", "dr")}
        found = interval(worth["snips"] * scale, test_share=1.0)
        of_who = [t.shares for t in records.trials if t.outcome == outcome and t.who == who]
        grid.add_row(
            who,
            f"{found.mean:.2f} ± {found.plain:.2f} ± {found.corrected:.2f}",
            f"{worth['ips'].mean() * scale:.2f}",
            f"{worth['dr'].mean() * scale:.2f}",
            _bracket(held_out.against(records.trials, outcome, who, estimator="snips"), scale),
            _bracket(held_out.against(records.trials, outcome, who, estimator="dr"), scale),
            " / ".join(f"{share * 100:.0f}" for share in np.mean(of_who, axis=0)),
        )
    return grid


def _bracket(found: Interval, scale: float) -> str:
    return f"{found.mean * scale:+.2f} [{found.low * scale:+.2f}, {found.high * scale:+.2f}]"


def _effects(records: Records) -> Grid:
    visits = [trial for trial in records.trials if trial.outcome == "visit"]
    seeds = sorted({trial.seed for trial in visits})
    grid = _grid(
        "What the womens e-mail adds to visits on held-out customers, percentage points, corrected 95 %",
        *("", "womens buyers", "others", "difference"),
    )
    truths = [records.truths[seed] for seed in seeds]
    pairs = np.array([[t.womens_buyers, t.others] for t in truths])
    grid.add_row("the experiment itself", *_effect_cells(pairs))
    for who in held_out.names():
        mine = sorted((t for t in visits if t.who == who), key=lambda t: t.seed)
        if not mine or any(t.womens_buyers is None for t in mine) or who == "Attune, as drawn":
            continue
        grid.add_row(who, *_effect_cells(np.array([[t.womens_buyers, t.others] for t in mine], dtype=float)))
    return grid


def _effect_cells(pairs: np.ndarray) -> list[str]:
    """Cells for shape (J, 2): buyers, others, and their difference."""
    columns = (pairs[:, 0], pairs[:, 1], pairs[:, 0] - pairs[:, 1])
    return [_bracket(interval(column, test_share=1.0), 100) for column in columns]


def _steps(records: Records, experiment: Experiment) -> Grid:
    best = online.best_rate(experiment)
    bar = online.ENOUGH * best
    shuffles = max(len(lives) for lives in records.lives.values())
    grid = _grid(
        f"Online replay, {shuffles} orders: steps until the running rate of visits stays above {bar * 100:.2f} %",
        *("", "expected rate: mean ± 95 %", "median (of those over)", "got there"),
        *("observed rate: median", *(f"rate at {t}, %" for t in AT_STEPS), "minus Attune, steps"),
    )
    steps = {who: _until(records, who, bar) for who in records.lives}
    for who, lives in records.lives.items():
        mine = steps[who]
        longest = max(len(life.expected) for life in lives.values())
        observed = [online.steps_until(life.rewards, bar) for life in lives.values()]
        rates = [
            f"{100 * np.mean([life.expected[:t].mean() for life in lives.values()]):.2f}"
            if t <= longest + 60
            else "-"
            for t in AT_STEPS
        ]
        shared = [seed for seed in lives if seed in records.lives.get("Attune", {})]
        later = np.array([steps[who][seed] - steps["Attune"][seed] for seed in shared], dtype=float)
        grid.add_row(
            who,
            _plain(np.array(list(mine.values()), dtype=float)),
            f"{np.median(list(mine.values())):.0f}",
            f"{sum(mine[seed] <= len(life.expected) for seed, life in lives.items())} of {len(lives)}",
            f"{np.median(observed):.0f}",
            *rates,
            "" if who == "Attune" else _plain(later),
        )
    return grid


def _until(records: Records, who: str, bar: float) -> dict[int, int]:
    return {seed: online.steps_until(life.expected, bar) for seed, life in records.lives[who].items()}


def _plain(values: np.ndarray) -> str:
    if len(values) < 2:
        return f"{values.mean():.0f}"
    found = interval(values, test_share=0.0)
    return f"{found.mean:.0f} ± {found.plain:.0f}"
