"""`python -m evals.market.knowing`: how well players know people on the first day of a game.

What each contact has shown itself, and what people like it look at and answer (`learning/features/alike.py`), beside
the hidden truth: Pearson correlations over all pairs of contact and asset, of interest in its topics and of taste for
its form.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evals.market.loop import Game, Scenario
from evals.market.players.player import Random
from evals.market.response import match
from evals.market.view import DYAD_NAMES

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Known:
    """How many classes there are; correlations with the truth of what one has shown, and of people alike."""

    classes: int
    interest_own: float
    interest_alike: float
    taste_own: float
    taste_alike: float


def known_at_start(seed: int, contacts: int = 3_000) -> Known:
    """Live the sixty days before a game, and compare."""
    game = Game(seed, Scenario(contacts=contacts), Random)
    game.live_history()
    view, hidden, catalogue = game.view, game.world.hidden, game.catalogue
    dyads = view.dyads()[:, : catalogue.silence]
    asset = catalogue.asset_of(np.arange(catalogue.silence))
    interest = match(hidden.interest, catalogue.topics)[:, asset]
    taste = hidden.taste[:, catalogue.form[asset]]
    classes = view.classes

    def goes_with(dyad: str, truth: Floats) -> float:
        return float(np.corrcoef(dyads[:, :, DYAD_NAMES.index(dyad)].ravel(), truth.ravel())[0, 1])

    return Known(
        classes=0 if classes is None else len(classes.weights),
        interest_own=goes_with("topic_affinity", interest),
        interest_alike=goes_with("alike_interest", interest),
        taste_own=goes_with("form_affinity", taste),
        taste_alike=goes_with("alike_answers", taste),
    )


def main() -> None:
    """Print a line a market."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--first-seed", type=int, default=9_101)
    asked = parser.parse_args()
    print(f"{'seed':<7}{'classes':>8}{'interest: own':>15}{'alike':>7}{'taste: own':>13}{'alike':>7}")
    for seed in range(asked.first_seed, asked.first_seed + asked.seeds):
        known = known_at_start(seed)
        print(
            f"{seed:<7}{known.classes:>8}{known.interest_own:>15.2f}{known.interest_alike:>7.2f}"
            f"{known.taste_own:>13.2f}{known.taste_alike:>7.2f}"
        )


if __name__ == "__main__":
    main()
