"""Units: what an answer of a contact is worth, known before anything is decided about them.

A click of someone with an open deal may be worth a hundred of a cold contact's. That is known from the value model and
need not be learned again from outcomes: rewards are divided by it, and the learner finds out who answers what.

An answer is taken to raise the log odds of the goal by one. At a chance p that is worth about p (1 - p) of what the
goal brings; p is the chance of the contact's lifecycle stage, and the goal brings more at a large company. That this
is only roughly so does no harm: how many units come of an answer is learned, by stage and size as by everything else.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.campaign import Outcome
from domain.people import LifecycleStage
from learning.deal_size import DealSizes
from learning.features import NAMES
from learning.features.vectors import EMPLOYEES_DIGITS
from learning.signs import ACTS, LADDER, STAGE_OF_LIFECYCLE
from learning.value import ValueModel

Floats = NDArray[np.float64]

STAGES = tuple(LifecycleStage)
_FIRST_STAGE = NAMES.index(f"stage:{STAGES[0].value}")
_EMPLOYEES, _EMPLOYEES_UNKNOWN = NAMES.index("firm:employees"), NAMES.index("firm:employees:unknown")

LEAST_CHANCE = 1e-3
"""No stage is taken to be further from the goal, nor surer of it, than this."""

LEAST_CENTS = 1.0


@dataclass(frozen=True)
class UnitTable:
    """Cents a unit by lifecycle stage at a company of usual size, and what other companies bring.

    stage_cents: in the order of `LifecycleStage`; a contact of unknown stage counts as one of the first.
    """

    stage_cents: tuple[float, ...]
    sizes: DealSizes = field(default_factory=DealSizes)

    def of(self, features: Floats) -> Floats:
        """Return shape (n,), cents a unit, at least `LEAST_CENTS`, from features of shape (n, d)."""
        stage = np.asarray(features[:, _FIRST_STAGE : _FIRST_STAGE + len(STAGES)], dtype=np.float64)
        cents = stage @ np.array(self.stage_cents)
        cents = np.where(stage.any(axis=1), cents, self.stage_cents[0])
        column = np.asarray(features[:, _EMPLOYEES], dtype=np.float64)
        employees = np.where(
            features[:, _EMPLOYEES_UNKNOWN] > 0, np.nan, 10 ** (column * EMPLOYEES_DIGITS) - 1
        )
        return np.maximum(cents * self.sizes.of(employees), LEAST_CENTS)

    def filled(self, known: Floats, features: Floats) -> Floats:
        """Return units as they were kept, shape (n,), and reckoned from features where `known` is NaN."""
        return np.where(np.isnan(known), self.of(features), known)

    def as_record(self) -> dict[str, Any]:
        """Plain values, as a learner's version keeps them."""
        return {"stage_cents": list(self.stage_cents), "sizes": asdict(self.sizes)}

    @classmethod
    def from_record(cls, told: dict[str, Any]) -> UnitTable:
        """Read `as_record` back.

        Raises:
            ValueError: for a record of another kind.
        """
        try:
            table = cls(tuple(float(cents) for cents in told["stage_cents"]), DealSizes(**told["sizes"]))
            numbers = [*table.stage_cents, table.sizes.power, table.sizes.usual_employees]
        except (KeyError, TypeError) as missing:
            raise ValueError(f"its units are no such table: {missing}") from missing
        if len(table.stage_cents) != len(STAGES) or not all(np.isfinite(one) and one >= 0 for one in numbers):
            raise ValueError("its units are no table of cents by stage")
        return table


def unit_table(model: ValueModel, outcome: Outcome, sizes: DealSizes | None = None) -> UnitTable:
    """Return what the value model says of each stage.

    Where the goal is an act (a reply, a meeting) an answer is worth the same at every stage. A stage that is the goal
    or beyond it counts as none: what could be gained there was gained.
    """
    chance = np.clip(model.level_cents / model.cap_cents, LEAST_CHANCE, 1 - LEAST_CHANCE)
    cents = chance * (1 - chance) * model.cap_cents

    def of(stage: LifecycleStage) -> float:
        reached = STAGE_OF_LIFECYCLE.get(stage)
        level = 0 if reached is None or outcome in ACTS else 1 + LADDER.index(reached)
        return float(cents[0 if model.is_goal[level] else level])

    return UnitTable(tuple(of(stage) for stage in STAGES), sizes or DealSizes())
