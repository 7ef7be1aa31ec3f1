"""Open Bandit logs: two choosers ran side by side, so what one log says of the other can be checked.

Source: Saito, Aihara, Matsutani & Narita (2021), Open Bandit Dataset and Pipeline, NeurIPS Datasets and
Benchmarks. The small logs: 10,000 impressions each of the men's and women's campaigns.

Probabilities are per position (left, centre, right): the position is drawn first, the item within it, so the
candidate's probabilities depend on a row's position, and position is a feature of the reward model.

The random log's propensities are 1 / items. Thompson sampling's change every few minutes and the log only
holds those of the items shown, so for a candidate its odds are estimated, per position, from how often it
showed each item in its own log (clicks are not looked at). Averaged over the week that is what it did.
"""

from __future__ import annotations

import csv
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from domain.learner import DecisionLog

Array = NDArray[np.float64]

CAMPAIGNS = ("men", "women")
POSITIONS = 3
_SMOOTHING = 0.5


@dataclass(frozen=True)
class Shown:
    """One log: n impressions, each with one item at one position.

    items, positions, clicks: shape (n,). propensities: shape (n,), of the item at its position.
    users: shape (n, 4), hashed user features.
    """

    items: NDArray[np.int64]
    positions: NDArray[np.int64]
    clicks: Array
    propensities: Array
    users: NDArray[np.str_]
    items_known: int


def folder() -> Path | None:
    """Where the logs are, or None where they are not."""
    beside = Path(__file__).resolve().parents[3] / "shared" / "data"
    found = Path(os.environ.get("ATTUNE_SHARED_DATA") or beside) / "open_bandit"
    return found if found.is_dir() else None


def read(path: Path, items_known: int) -> Shown:
    """Read one log."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return Shown(
        items=np.array([int(row["item_id"]) for row in rows]),
        positions=np.array([int(row["position"]) - 1 for row in rows]),
        clicks=np.array([float(row["click"]) for row in rows]),
        propensities=np.array([float(row["propensity_score"]) for row in rows]),
        users=np.array([[row[f"user_feature_{i}"] for i in range(4)] for row in rows]),
        items_known=items_known,
    )


def pair(root: Path, campaign: str) -> dict[str, Shown]:
    """Return the two logs of a campaign, `random` and `bts` (Bernoulli Thompson sampling)."""
    with (root / "random" / campaign / "item_context.csv").open(encoding="utf-8") as file:
        items = sum(1 for _ in file) - 1
    return {name: read(root / name / campaign / f"{campaign}.csv", items) for name in ("random", "bts")}


def odds_by_position(shown: Shown) -> Array:
    """Shape (positions, items): how often each item was shown at each position, half a showing added to each."""
    counts = np.full((POSITIONS, shown.items_known), _SMOOTHING)
    np.add.at(counts, (shown.positions, shown.items), 1)
    return np.asarray(counts / counts.sum(axis=1, keepdims=True))


def log_of(shown: Shown) -> DecisionLog:
    """The log as replay reads it; rewards are clicks.

    Only the shown item's probability is in the file. The rest of each row is spread as the log showed items
    at that position, scaled to what is left: the estimate itself uses only the shown item's own.
    """
    rows = np.arange(len(shown.items))
    probabilities = odds_by_position(shown)[shown.positions]
    probabilities[rows, shown.items] = 0
    left = (1 - shown.propensities) / probabilities.sum(axis=1)
    probabilities *= left[:, None]
    probabilities[rows, shown.items] = shown.propensities
    return DecisionLog(
        action_keys=tuple(f"item-{i}" for i in range(shown.items_known)),
        features=np.hstack([np.eye(POSITIONS)[shown.positions], _one_hot(shown.users)]),
        probabilities=probabilities,
        actions=shown.items,
        rewards=shown.clicks,
        at=np.full(len(rows), np.datetime64("2019-11-24T00:00:00", "s")),
        # Impressions name no user: each counts as its own contact.
        contact_ids=rows.astype(np.str_),
    )


def _one_hot(users: NDArray[np.str_]) -> Array:
    """User features as columns of zeros and ones, the frequent values only (1 % of rows and more)."""
    columns = []
    for feature in users.T:
        values, counts = np.unique(feature, return_counts=True)
        columns += [feature == value for value in values[counts >= 0.01 * len(feature)]]
    return np.array(columns, dtype=np.float64).T
