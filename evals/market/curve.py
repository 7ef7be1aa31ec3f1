"""Draws the learning curve of a comparison: true worth of each week's messages, one line a player."""

from __future__ import annotations

from pathlib import Path

from evals.market.comparison import Comparison


def draw_curve(comparison: Comparison, to: Path) -> None:
    """Write an SVG. Needs matplotlib (the `evals` dependency group)."""
    import matplotlib as mpl

    mpl.use("svg")
    # The same bytes for the same numbers.
    mpl.rcParams["svg.hashsalt"] = "attune"
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(7.5, 4.2))
    for player in comparison.games:
        weekly = comparison.weekly(player) / 100
        axes.plot(range(1, len(weekly) + 1), weekly, marker="o", markersize=3, label=player)
    axes.set_xlabel("week")
    axes.set_ylabel("true expected worth of the week's messages, USD")
    seeds = len(next(iter(comparison.games.values())))
    axes.set_title(f"Closed loop in the simulated market, mean of {seeds} seeds")
    axes.grid(alpha=0.3)
    axes.legend(frameon=False)
    figure.tight_layout()
    figure.savefig(to, format="svg", metadata={"Date": None})
    plt.close(figure)
