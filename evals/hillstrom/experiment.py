"""Hillstrom's e-mail experiment: 64,000 customers, three arms drawn evenly, what each customer did within two weeks.

Source: K. Hillstrom (2008), "The MineThatData E-Mail Analytics and Data Mining Challenge". Read from the evaluation
data, which is not part of this repository.
"""

from __future__ import annotations

import csv
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

Outcome = Literal["visit", "conversion", "spend"]
OUTCOMES: tuple[Outcome, ...] = ("visit", "conversion", "spend")

ARMS = ("mens", "womens", "none")
MENS, WOMENS, NONE = range(3)
PROPENSITY = 1 / 3
"""Every customer got each arm with this probability."""

_SEGMENTS = {"Mens E-Mail": MENS, "Womens E-Mail": WOMENS, "No E-Mail": NONE}
_FILE = "Kevin_Hillstrom_MineThatData_E-MailAnalytics_DataMiningChallenge_2008.03.20.csv"


@dataclass(frozen=True)
class Experiment:
    """n customers.

    features: shape (n, d), known before the e-mail, standardised over all customers (outcomes play no part).
    names: d names. arms: shape (n,), in [0, 3). outcomes: name to shape (n,): visit and conversion 0 or 1,
        spend in cents. bought_womens: shape (n,), bought from the womens' range in the year before.
    """

    features: Floats
    names: tuple[str, ...]
    arms: Ints
    outcomes: dict[Outcome, Floats]
    bought_womens: Bools

    def __len__(self) -> int:
        """How many customers."""
        return len(self.arms)

    def rows(self, at: Ints) -> Experiment:
        """Return the customers at these positions, in this order."""
        kept: dict[Outcome, Floats] = {name: values[at] for name, values in self.outcomes.items()}
        return Experiment(self.features[at], self.names, self.arms[at], kept, self.bought_womens[at])


def folder() -> Path:
    """Where the evaluation data is: `ATTUNE_SHARED_DATA`, or beside the repository."""
    given = os.environ.get("ATTUNE_SHARED_DATA")
    return Path(given) if given else Path(__file__).parents[3] / "shared" / "data"


def read_experiment(path: Path | None = None) -> Experiment:
    """Read the experiment; `path` is the CSV file, by default in the evaluation data.

    Raises:
        FileNotFoundError: the evaluation data is not there.
    """
    with (path or folder() / "hillstrom" / _FILE).open(encoding="utf-8", newline="") as lines:
        records = list(csv.DictReader(lines))

    def column(name: str) -> Floats:
        return np.array([float(record[name]) for record in records])

    columns = {
        "recency": column("recency"),
        "history": np.log(column("history")),
        "mens": column("mens"),
        "womens": column("womens"),
        "newbie": column("newbie"),
    }
    for name in ("zip_code", "channel"):
        for value in sorted({record[name] for record in records}):
            columns[f"{name}={value}"] = np.array([float(record[name] == value) for record in records])
    x = np.column_stack(list(columns.values()))
    return Experiment(
        features=(x - x.mean(axis=0)) / x.std(axis=0),
        names=tuple(columns),
        arms=np.array([_SEGMENTS[record["segment"]] for record in records], dtype=np.int64),
        outcomes={
            "visit": column("visit"),
            "conversion": column("conversion"),
            "spend": np.round(column("spend") * 100),
        },
        bought_womens=columns["womens"] > 0,
    )
