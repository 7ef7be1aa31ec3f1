"""Draws the running rate of each learner in the replay, and the held-out differences to the best single arm."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from evals.hillstrom import held_out, online
from evals.hillstrom.experiment import OUTCOMES, Experiment
from evals.hillstrom.records import Records
from evals.hillstrom.tables import SHOWN_IN

FIRST_STEP = 100


def draw(records: Records, experiment: Experiment, folder: Path) -> None:
    """Write `hillstrom-online.svg` and `hillstrom-held-out.svg`, as far as there are numbers for them."""
    import matplotlib as mpl

    mpl.use("svg")
    # The same numbers give the same file: no dates, no random ids.
    mpl.rcParams["svg.hashsalt"] = "attune"
    if records.lives:
        _online(records, experiment, folder / "hillstrom-online.svg")
    if records.trials:
        _held_out(records, folder / "hillstrom-held-out.svg")


def _online(records: Records, experiment: Experiment, path: Path) -> None:
    from matplotlib import pyplot as plt

    best = online.best_rate(experiment)
    figure, axes = plt.subplots(figsize=(8, 4.5))
    for who, lives in records.lives.items():
        length = min(len(life.expected) for life in lives.values())
        curves = np.array([online.running(life.expected[:length]) for life in lives.values()]) * 100
        steps = np.unique(np.geomspace(FIRST_STEP, length, 200).astype(int))
        middle = curves.mean(axis=0)[steps - 1]
        error = 1.96 * curves.std(axis=0, ddof=1)[steps - 1] / np.sqrt(len(curves)) if len(curves) > 1 else 0
        ours = who == "Attune"
        (line,) = axes.plot(steps, middle, label=who, linewidth=2.5 if ours else 1.2, zorder=3 if ours else 2)
        axes.fill_between(steps, middle - error, middle + error, color=line.get_color(), alpha=0.12)
    axes.axhline(best * 100, color="black", linewidth=0.8)
    axes.axhline(best * online.ENOUGH * 100, color="black", linewidth=0.8, linestyle="--")
    axes.annotate("best arm", (FIRST_STEP, best * 100), va="bottom", fontsize=8)
    axes.annotate("95 % of it", (FIRST_STEP, best * online.ENOUGH * 100), va="bottom", fontsize=8)
    axes.set_xscale("log")
    axes.set_xlabel("steps (customers whose outcome was learned)")
    axes.set_ylabel("running expected visit rate, %")
    axes.legend(fontsize=8, frameon=False)
    _save(figure, path)


def _held_out(records: Records, path: Path) -> None:
    from matplotlib import pyplot as plt

    present = [outcome for outcome in OUTCOMES if any(t.outcome == outcome for t in records.trials)]
    figure, panels = plt.subplots(
        1, len(present), figsize=(4 * len(present), 3.6), sharey=True, squeeze=False
    )
    shown = [who for who in held_out.names() if who != held_out.BAR]
    for axes, outcome in zip(panels[0], present, strict=True):
        scale, unit = SHOWN_IN[outcome]
        for row, who in enumerate(reversed(shown)):
            found = held_out.against(records.trials, outcome, who)
            color = "tab:blue" if who.startswith("Attune") else "tab:gray"
            axes.errorbar(found.mean * scale, row, xerr=found.corrected * scale, fmt="o", color=color)
        axes.axvline(0, color="black", linewidth=0.8)
        axes.set_xlabel(f"{unit}, minus best single arm")
    panels[0][0].set_yticks(range(len(shown)), list(reversed(shown)), fontsize=8)
    _save(figure, path)


def _save(figure: object, path: Path) -> None:
    from matplotlib.figure import Figure

    assert isinstance(figure, Figure)
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
