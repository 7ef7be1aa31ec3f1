"""The bake-off's two pictures, as SVG."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from evals.bakeoff.ranking import BEST_ARM, Ranking

if TYPE_CHECKING:
    from evals.bakeoff.drift import DriftGame

OURS = "#c2410c"
REST = ("#1d4ed8", "#0f766e", "#7c3aed", "#64748b", "#a16207", "#be185d", "#111827")


def draw_shares(ranking: Ranking, to: Path) -> None:
    """Draw the share of the way by set, one mark a player."""
    plt = _pyplot()
    figure, axes = plt.subplots(figsize=(8, 4.2))
    families = [family for family in ranking.families if family != BEST_ARM]
    rest = iter(REST)
    for family in families:
        ours = family == "Attune"
        shares = ranking.shares(family)
        axes.plot(
            [ranking.sets.index(name) for name in shares],
            [values.mean() for values in shares.values()],
            "o" if ours else "_",
            color=OURS if ours else next(rest),
            markersize=7 if ours else 14,
            markeredgewidth=2,
            label=family,
        )
    axes.axhline(1, color="#999", linewidth=0.8)
    axes.set_xticks(range(len(ranking.sets)), ranking.sets, rotation=30, ha="right")
    axes.set_ylabel("share of the way\nrandom 0, best full-information learner 1")
    axes.set_ylim(0, 1.1)
    axes.legend(fontsize=8, ncol=4, loc="lower center", frameon=False)
    _save(figure, to)


def draw_drift(games: Sequence[DriftGame], flip_at: int, to: Path) -> None:
    """Draw mean rewards of blocks of 100 steps, over all sets and seeds."""
    plt = _pyplot()
    figure, axes = plt.subplots(figsize=(8, 4))
    rest = iter(REST)
    for player in dict.fromkeys(game.player for game in games):
        mine = [game for game in games if game.player == player and game.flipped]
        curve = np.mean([game.blocks for game in mine], axis=0)
        ours = player == "attune"
        axes.plot(
            (np.arange(len(curve)) - flip_at + 0.5) * 100,
            curve,
            color=OURS if ours else next(rest),
            linewidth=2.2 if ours else 1,
            label=player,
        )
    axes.axvline(0, color="#999", linewidth=0.8)
    axes.set_xlim(-2_500, None)
    axes.set_ylim(0, 1)
    axes.set_xlabel("steps after the flip")
    axes.set_ylabel("mean reward of 100 steps")
    axes.legend(fontsize=8, ncol=2, loc="lower left", frameon=False)
    _save(figure, to)


def _pyplot() -> Any:
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "attune"
    mpl.rcParams["svg.fonttype"] = "none"
    from matplotlib import pyplot

    return pyplot


def _save(figure: Any, to: Path) -> None:
    to.parent.mkdir(parents=True, exist_ok=True)
    figure.tight_layout()
    figure.savefig(to, metadata={"Date": None})
    text = to.read_text(encoding="utf-8")
    to.write_text("\n".join(line.rstrip() for line in text.splitlines()) + "\n", encoding="utf-8")
