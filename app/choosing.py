"""Who decides for whom: the learner for most, an even-handed draw for some, the usual practice for some.

Every row leaves with the probabilities it was drawn from, whoever drew, so that all of them can be learned from and
judged by each other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from app.reasons import beside, exploring, for_and_against, is_nothing, name_of, odds, opening, silent
from app.replay_rule import Traits, row_words, rows_held, rule_probabilities
from domain.campaign import Campaign
from domain.content import ContentAsset
from domain.decision import Arm, Contribution, Knowledge, chance_words
from domain.learner import Choice
from domain.people import Contact
from learning import features
from learning.bandit import Bandit, Explanation, explain
from learning.bandit.bandit import EXPECT_ROWS
from learning.bandit.odds import draw
from learning.explorer import Explorer
from learning.units import UnitTable
from policies.stakes import RARELY

Floats = NDArray[np.float64]

CHUNK_ROWS = 5_000
"""Contacts are scored so many at a time: twelve numbers a pair of contact and action are wide."""

CONFIDENT, LEARNING = 0.5, 1.0
"""Standard deviation over expected worth up to which the learner is confident, or learning; above it, it guesses."""

MOST_REASONS = 10
LEAST_CENTS = 0.1
ONE_THING = {
    "seniority:": "their seniority",
    "stage:": "their stage",
    "industry:": "their industry",
    "country:": "their country",
}
"""Columns that together say one thing are told as one."""

UNIT_COLUMN = features.FeatureColumn("unit", "what an answer of theirs is worth", "worth")
"""What the contact's stage and the size of its company say of the worth of anything that comes of a message."""

BASE, REST = "base", "rest"
"""Groups of the first and the last contribution; those between are reasons."""


@dataclass(frozen=True)
class Scene:
    """What is known of n contacts and K actions at one moment.

    x: shape (n, d). fits: shape (n, K, m). allowed: shape (n, K). looked_at: n counts of topics, of 90 days.
    """

    contacts: tuple[Contact, ...]
    table: features.ActionTable
    x: Floats
    fits: Floats
    allowed: NDArray[np.bool_]
    looked_at: tuple[Mapping[str, int], ...]


@dataclass(frozen=True)
class Drawn:
    """One contact's draw with who drew it and why."""

    arm: Arm
    version: str
    action: int
    probabilities: Floats
    values: Floats | None
    uncertainties: Floats | None
    reasons: tuple[str, ...]
    contributions: tuple[Contribution, ...]
    knowledge: Knowledge
    unit_cents: float = 1.0


@dataclass(frozen=True)
class Choosers:
    """The three who decide."""

    campaign: Campaign
    bandit: Bandit
    assets: Mapping[str, ContentAsset]
    labels: Sequence[features.FeatureColumn]
    """Of the d features."""
    units: UnitTable

    def draw(self, scene: Scene, arms: Sequence[Arm], seed: int) -> list[Drawn]:
        """Draw for every row by its arm."""
        found: list[Drawn | None] = [None] * len(arms)
        for arm, play in (
            (Arm.LEARNED, self._learned),
            (Arm.EXPLORE, self._explored),
            (Arm.USUAL, self._usual),
        ):
            rows = np.array([i for i, own in enumerate(arms) if own is arm], dtype=np.int64)
            for start in range(0, len(rows), CHUNK_ROWS):
                part = rows[start : start + CHUNK_ROWS]
                units = self.units.of(scene.x[part]).tolist()
                drawn = play(scene, part, seed + start)
                for row, one, cents in zip(part.tolist(), drawn, units, strict=True):
                    found[row] = replace(one, unit_cents=cents)
        return [one for one in found if one is not None]

    def expect(self, scene: Scene, arms: Sequence[Arm], of_all: float) -> bool:
        """Let the learner reckon with a whole run of which this scene is a part; tell whether it has any say here.

        of_all: above 0, how many times as many contacts the run considers as this scene comes from.
        """
        rows = np.array([i for i, own in enumerate(arms) if own is Arm.LEARNED], dtype=np.int64)
        if not len(rows):
            return False
        some = rows[:: -(-len(rows) // EXPECT_ROWS)]
        fits, allowed, _ = self._given(scene, some)
        units = self.units.of(scene.x[some]) if self.bandit.in_units else None
        self.bandit.expect(scene.x[some], allowed, fits, units, round(len(rows) * of_all))
        return True

    # The learner -----------------------------------------------------------------------------------------------

    def _learned(self, scene: Scene, rows: NDArray[np.int64], seed: int) -> list[Drawn]:
        fits, allowed, columns = self._given(scene, rows)
        units = self.units.of(scene.x[rows]) if self.bandit.in_units else None
        choice = self.bandit.choose(scene.x[rows], allowed, fits, seed, units)
        return self._told(scene, rows, _narrowed(choice, columns), columns, fits)

    def _given(
        self, scene: Scene, rows: NDArray[np.int64]
    ) -> tuple[Floats, NDArray[np.bool_], NDArray[np.int64]]:
        """Fits, shape (n, K, m), and what is allowed, shape (n, K), by the learner's actions; places of the scene's."""
        place = {key: i for i, key in enumerate(self.bandit.actions)}
        columns = np.array([place[action.key] for action in scene.table.actions], dtype=np.int64)
        n, k = len(rows), len(self.bandit.actions)
        fits = np.zeros((n, k, scene.fits.shape[2]))
        fits[:, columns] = scene.fits[rows]
        allowed = np.zeros((n, k), dtype=bool)
        allowed[:, columns] = scene.allowed[rows]
        return fits, allowed, columns

    def _told(
        self, scene: Scene, rows: NDArray[np.int64], choice: Choice, columns: NDArray[np.int64], fits: Floats
    ) -> list[Drawn]:
        values, spreads = choice.values, choice.uncertainties
        assert values is not None
        assert spreads is not None
        typical, typical_fits = scene.x[rows].mean(axis=0), fits.mean(axis=0)
        units = self.units.of(scene.x[rows]) if self.bandit.in_units else None
        drawn, version = [], self.bandit.version
        for i, row in enumerate(rows.tolist()):
            action = int(choice.actions[i])
            column = int(columns[action])
            told = explain(
                self.bandit,
                column,
                scene.x[row],
                fits[i, column],
                typical,
                typical_fits[column],
                None if units is None else float(units[i]),
                None if units is None else float(units.mean()),
            )
            parts = contributions_of(self.labels, told)
            drawn.append(
                Drawn(
                    arm=Arm.LEARNED,
                    version=version,
                    action=action,
                    probabilities=choice.probabilities[i],
                    values=values[i],
                    uncertainties=spreads[i],
                    reasons=self._reasons(scene, i, row, choice, told.rate, told.worth, parts),
                    contributions=parts,
                    knowledge=self._knowledge(scene, i, row, choice),
                )
            )
        return drawn

    @staticmethod
    def _knowledge(scene: Scene, i: int, row: int, choice: Choice) -> Knowledge:
        """How sure what was chosen is. Silence that is worth nothing says nothing: there the doubt is about the best
        of what could have been sent.
        """
        values, spreads, action = choice.values, choice.uncertainties, int(choice.actions[i])
        assert values is not None
        assert spreads is not None
        if scene.table.actions[action].is_silence and is_nothing(float(values[i, action])):
            others = np.where(scene.allowed[row], values[i], -np.inf)
            others[action] = -np.inf
            if np.isfinite(others.max()):
                action = int(others.argmax())
        return knowledge_of(float(values[i, action]), float(spreads[i, action]))

    def _reasons(
        self,
        scene: Scene,
        i: int,
        row: int,
        choice: Choice,
        rate: float,
        worth: float,
        parts: Sequence[Contribution],
    ) -> tuple[str, ...]:
        values, spreads = choice.values, choice.uncertainties
        assert values is not None
        assert spreads is not None
        action = int(choice.actions[i])
        possible = int(scene.allowed[row].sum())
        if possible == 1:
            return ("Silence: no content in this campaign fits this contact now.",)
        currency, value, doubt = (
            self.campaign.goal.currency,
            float(values[i, action]),
            float(spreads[i, action]),
        )
        is_silence, knowledge = (
            scene.table.actions[action].is_silence,
            self._knowledge(scene, i, row, choice),
        )
        others = np.where(scene.allowed[row], values[i], -np.inf)
        others[action] = -np.inf
        second = int(others.argmax())
        said = [
            silent(float(choice.propensities[i]), possible)
            if is_silence and is_nothing(value)
            else opening(
                is_silence=is_silence,
                chance=float(choice.propensities[i]),
                possible=possible,
                value=value,
                doubt=doubt,
                knowledge=knowledge,
                currency=currency,
            )
        ]
        if not is_silence:
            taken = self.bandit.actions.index(scene.table.actions[action].key)
            said.append(odds(rate, worth, knowledge, currency, float(self.bandit.costs[taken])))
        if not (is_silence and is_nothing(value)):
            said += for_and_against(parts[1:-1], value, knowledge, currency)
        likeliest = int(choice.probabilities[i].argmax())
        if choice.propensities[i] < RARELY and values[i, likeliest] > value:
            name = name_of(scene.table.actions[likeliest], self.assets)
            said.insert(
                0, exploring(float(choice.propensities[i]), name, float(choice.probabilities[i, likeliest]))
            )
        if np.isfinite(others[second]):
            name = name_of(scene.table.actions[second], self.assets)
            said.append(beside(name, float(others[second]), value, doubt, knowledge, currency))
        return tuple(said)

    # The others ------------------------------------------------------------------------------------------------

    def _explored(self, scene: Scene, rows: NDArray[np.int64], seed: int) -> list[Drawn]:
        explorer = Explorer(silence_share=self.campaign.silence_share)
        kin = scene.fits[rows][:, :, features.TOPIC_AFFINITY]
        choice = explorer.choose(scene.x[rows], scene.allowed[rows], kin, seed)
        drawn = []
        for i, row in enumerate(rows.tolist()):
            action = scene.table.actions[int(choice.actions[i])]
            asset = self.assets[action.asset_id] if action.asset_id else None
            drawn.append(
                Drawn(
                    arm=Arm.EXPLORE,
                    version=explorer.version,
                    action=int(choice.actions[i]),
                    probabilities=choice.probabilities[i],
                    values=None,
                    uncertainties=None,
                    reasons=_exploring(asset, choice, i, scene.looked_at[row]),
                    contributions=(),
                    knowledge=Knowledge.GUESSING,
                )
            )
        return drawn

    def _usual(self, scene: Scene, rows: NDArray[np.int64], seed: int) -> list[Drawn]:
        rule = self.campaign.usual
        assert rule is not None
        traits = [
            Traits(
                stage=scene.contacts[row].lifecycle_stage,
                topic=max(sorted(seen), key=seen.__getitem__) if (seen := scene.looked_at[row]) else None,
            )
            for row in rows.tolist()
        ]
        keys = [action.key for action in scene.table.actions]
        probabilities = rule_probabilities(rule, traits, scene.allowed[rows], keys)
        actions = draw(probabilities, seed)
        held = rows_held(rule, traits, scene.allowed[rows], keys)
        return [
            Drawn(
                arm=Arm.USUAL,
                version=f"usual({rule.name})",
                action=int(actions[i]),
                probabilities=probabilities[i],
                values=None,
                uncertainties=None,
                reasons=(row_words(rule, traits[i], held[i]),),
                contributions=(),
                knowledge=Knowledge.GUESSING,
            )
            for i in range(len(rows))
        ]


def contributions_of(labels: Sequence[features.FeatureColumn], told: Explanation) -> tuple[Contribution, ...]:
    """Return the base, the strongest reasons, and the rest in one; they sum to the value."""
    names, groups, cents = _merged(labels, told)
    order = np.argsort(-np.abs(cents), kind="stable")
    strong = [i for i in order[:MOST_REASONS].tolist() if abs(cents[i]) >= LEAST_CENTS]
    rest = float(cents.sum() - cents[strong].sum())
    return (
        Contribution(label="for a typical contact of this audience", group=BASE, cents=round(told.base, 4)),
        *(Contribution(label=names[i], group=groups[i], cents=round(float(cents[i]), 4)) for i in strong),
        Contribution(label="everything else together", group=REST, cents=round(rest, 4)),
    )


def _merged(
    labels: Sequence[features.FeatureColumn], told: Explanation
) -> tuple[list[str], list[str], Floats]:
    """Labels, groups and cents with what says one thing in several columns (a stage, an industry) in one."""
    sums: dict[tuple[str, str], float] = {}
    cents = np.concatenate([told.features, told.dyads, [told.unit]])
    for column, part in zip((*labels, *features.DYAD_COLUMNS, UNIT_COLUMN), cents.tolist(), strict=True):
        said = next(
            (label for start, label in ONE_THING.items() if column.name.startswith(start)), column.label
        )
        if column.name.startswith("stage:time"):
            said = "time in their stage"
        sums[said, column.group] = sums.get((said, column.group), 0.0) + part
    return [label for label, _ in sums], [group for _, group in sums], np.array(list(sums.values()))


def knowledge_of(value: float, spread: float) -> Knowledge:
    """How sure a value is, from how wide the belief is beside it."""
    if spread <= CONFIDENT * abs(value):
        return Knowledge.CONFIDENT
    return Knowledge.LEARNING if spread <= LEARNING * abs(value) else Knowledge.GUESSING


def _narrowed(choice: Choice, columns: NDArray[np.int64]) -> Choice:
    """The choice over some of its actions; the others were not allowed."""
    back = {int(column): i for i, column in enumerate(columns)}
    assert choice.values is not None
    assert choice.uncertainties is not None
    return Choice(
        actions=np.array([back[int(action)] for action in choice.actions], dtype=np.int64),
        propensities=choice.propensities,
        probabilities=choice.probabilities[:, columns],
        values=choice.values[:, columns],
        uncertainties=choice.uncertainties[:, columns],
        doubts=None if choice.doubts is None else choice.doubts[:, columns],
    )


def _exploring(
    asset: ContentAsset | None, choice: Choice, row: int, looked_at: Mapping[str, int]
) -> tuple[str, ...]:
    possible = int(np.count_nonzero(choice.probabilities[row]))
    if possible == 1 and asset is None:
        return ("Silence: no content in this campaign fits this contact now.",)
    if possible == 1:
        return (
            "The only content that fits this contact now, and those who explore here are never left in silence.",
        )
    odds = (
        f"with probability {chance_words(float(choice.propensities[row]))} among {possible} allowed actions"
    )
    if asset is None:
        return (f"Silence, drawn {odds}: now and then nobody is written to here, as the campaign says.",)
    drawn = f"Drawn {odds}, to find out what works: this contact is in the exploring share."
    total = sum(looked_at.values())
    shared = [topic for topic in asset.topics if topic in looked_at]
    if not shared:
        return (drawn, "None of its topics came up in what this contact did in 90 days.")
    parts = ", ".join(f"{topic} ({looked_at[topic] / total:.0%})" for topic in shared)
    return (drawn, f"It is about what this contact looked at in the last 90 days: {parts}.")
