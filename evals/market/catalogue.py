"""What can be said, as arrays: assets by topic, form and declared fit, and the actions made of them.

Everything here stands in the content library and is known to every player.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from domain.content import AssetKind, ContentAsset
from domain.people import LifecycleStage, Seniority

STAGES = ("lead", "mql", "sql", "opportunity", "customer")
LEAD, MQL, SQL, OPPORTUNITY, CUSTOMER = range(5)
TOPICS = (
    "automation",
    "compliance",
    "forecasting",
    "integrations",
    "migration",
    "onboarding",
    "pricing",
    "reporting",
    "security",
)
FORMATS = tuple(kind.value for kind in AssetKind)
SENIORITIES = tuple(seniority.value for seniority in Seniority)
DEPARTMENTS = ("Logistics", "Finance", "Procurement", "IT", "Compliance", "Customer service", "Management")
INDUSTRIES = (
    "Building materials",
    "Chemicals",
    "Food distribution",
    "Healthcare",
    "Logistics",
    "Manufacturing",
    "Pharma",
    "Retail",
    "Transport",
)
SLOTS = ("morning", "midday", "afternoon")

_SHORT = {"calculator": 1.0, "checklist": 1.0, "comparison": 1.0, "offer": 0.5, "meeting": 0.5}
_LONG = {"guide": -1.0, "webinar": -1.0, "report": -1.0, "case_study": 0.0, "demo": 0.0}
BREVITY = np.array([{**_SHORT, **_LONG}[form] for form in FORMATS])
"""Shape (formats,), in [-1, 1]: how quickly a form is taken in."""

_STAGE_OF = {
    LifecycleStage.SUBSCRIBER: LEAD,
    LifecycleStage.LEAD: LEAD,
    LifecycleStage.MQL: MQL,
    LifecycleStage.SQL: SQL,
    LifecycleStage.OPPORTUNITY: OPPORTUNITY,
    LifecycleStage.CUSTOMER: CUSTOMER,
}


def stage_index(stage: LifecycleStage | None) -> int:
    """Return where a stage stands in `STAGES`; a subscriber counts as a lead."""
    return _STAGE_OF[stage or LifecycleStage.LEAD]


@dataclass(frozen=True)
class Catalogue:
    """A assets in S send slots, and silence: K = A * S + 1 actions; action a * S + s, silence last.

    topics: shape (A, T), 0 or 1. form: shape (A,), index into FORMATS. for_stage: shape (A, 5), bool,
    declared fit; for_seniority: shape (A, seniorities), bool; for_industry: shape (A, industries), bool.
    """

    asset_ids: tuple[str, ...]
    slots: tuple[str, ...]
    topics: NDArray[np.float64]
    form: NDArray[np.int64]
    for_stage: NDArray[np.bool_]
    for_seniority: NDArray[np.bool_]
    for_industry: NDArray[np.bool_]

    @classmethod
    def of(cls, assets: Sequence[ContentAsset], slots: Sequence[str] = SLOTS[:1]) -> Catalogue:
        """Read the library; `slots` are names out of SLOTS.

        Raises:
            ValueError: if there is no slot or no asset.
        """
        if not assets or not slots:
            raise ValueError("a catalogue needs at least one asset and one send slot")

        def fit(declared: Sequence[object], known: Sequence[str], *always: str) -> list[bool]:
            names = {str(name) for name in declared} | set(always)
            return [not declared or name in names for name in known]

        stages = [
            [not a.stages or i in {stage_index(s) for s in a.stages} for i in range(len(STAGES))]
            for a in assets
        ]
        return cls(
            asset_ids=tuple(a.id for a in assets),
            slots=tuple(slots),
            topics=np.array([[float(t in a.topics) for t in TOPICS] for a in assets]),
            form=np.array([FORMATS.index(a.kind.value) for a in assets]),
            for_stage=np.array(stages),
            for_seniority=np.array([fit(a.seniorities, SENIORITIES, "unknown") for a in assets]),
            for_industry=np.array([fit(a.industries, INDUSTRIES) for a in assets]),
        )

    @property
    def n_assets(self) -> int:
        """A."""
        return len(self.asset_ids)

    @property
    def silence(self) -> int:
        """Index of silence: K - 1."""
        return self.n_assets * len(self.slots)

    @property
    def n_actions(self) -> int:
        """K."""
        return self.silence + 1

    @cached_property
    def action_names(self) -> tuple[str, ...]:
        """K names, `asset|slot`, silence last."""
        return (*(f"{a}|{s}" for a in self.asset_ids for s in self.slots), "silence")

    @cached_property
    def action_feature_names(self) -> tuple[str, ...]:
        """Q names of the columns of `action_features`."""
        return (
            *(f"topic:{topic}" for topic in TOPICS),
            *(f"form:{form}" for form in FORMATS),
            "brevity",
            *(f"for:{stage}" for stage in STAGES[:4]),
            *(f"slot:{slot}" for slot in self.slots),
            "is_silence",
        )

    @cached_property
    def action_features(self) -> NDArray[np.float64]:
        """Shape (K, q): what is declared about each action; silence is all zero but its own column."""
        told = np.hstack(
            [
                self.topics / np.maximum(self.topics.sum(axis=1, keepdims=True), 1),
                np.eye(len(FORMATS))[self.form],
                BREVITY[self.form][:, None],
                # A content for all stages says nothing about any of them.
                self.for_stage[:, :4] * ~self.for_stage[:, :4].all(axis=1, keepdims=True),
            ]
        )
        slots = np.tile(np.eye(len(self.slots)), (self.n_assets, 1))
        speaking = np.hstack([np.repeat(told, len(self.slots), axis=0), slots, np.zeros((self.silence, 1))])
        silent = np.zeros((1, speaking.shape[1]))
        silent[0, -1] = 1
        return np.vstack([speaking, silent])

    def asset_of(self, actions: NDArray[np.int64]) -> NDArray[np.int64]:
        """Index of the asset of speaking actions."""
        return actions // len(self.slots)

    def slot_of(self, actions: NDArray[np.int64]) -> NDArray[np.int64]:
        """Index of the slot of speaking actions."""
        return actions % len(self.slots)
