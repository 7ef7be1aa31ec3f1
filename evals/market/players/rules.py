"""Usual practice: a lead-scoring, persona and stage decision tree, written in good faith and tuned.

It is what a capable team builds in a marketing automation tool:

1. Score the lead from recent acts (form, download, page, click, reply); three tiers by two thresholds.
2. The tier sets the cadence; an MQL is written to more often than a lead of the same tier; who left the
   last messages unanswered hears from us less often (a sunset rule).
3. Topic: of the last page seen; else the topic most seen; else the one usual for the persona (department).
4. Form: by stage (top, middle, bottom of the funnel) and, if asked, by persona; never the same asset
   again soon while another fits.

Its numbers were chosen for revenue by `python -m evals.market.tuning` on seeds no result is reported on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from domain.learner import Choice
from evals.market.catalogue import DEPARTMENTS, FORMATS, TOPICS
from evals.market.players.player import Briefing, certain

Floats = NDArray[np.float64]

SCORES: Mapping[str, float] = {"form": 8.0, "download": 4.0, "page": 1.0, "click": 3.0, "reply": 10.0}

PLANS: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "classic": (
        ("guide", "report", "webinar", "checklist", "case_study", "calculator"),
        ("case_study", "comparison", "demo", "calculator", "webinar", "guide"),
        ("meeting", "offer", "case_study", "demo", "comparison"),
    ),
    "educational": (
        ("webinar", "guide", "checklist", "report", "case_study", "demo"),
        ("demo", "case_study", "calculator", "comparison", "checklist", "guide"),
        ("case_study", "meeting", "demo", "offer", "checklist"),
    ),
    "direct": (
        ("comparison", "calculator", "case_study", "guide", "checklist", "demo"),
        ("comparison", "demo", "offer", "meeting", "case_study", "calculator"),
        ("meeting", "offer", "case_study", "demo", "comparison"),
    ),
}
"""Forms by stage (lead, MQL, later), the preferred first."""

PERSONAS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "Logistics": ("automation", ("case_study", "demo", "report")),
    "Finance": ("pricing", ("calculator", "comparison", "report")),
    "Procurement": ("pricing", ("comparison", "offer", "calculator")),
    "IT": ("integrations", ("guide", "demo", "webinar")),
    "Compliance": ("compliance", ("checklist", "guide", "case_study")),
    "Customer service": ("onboarding", ("webinar", "report", "guide")),
    "Management": ("pricing", ("report", "case_study", "calculator")),
}
"""Usual topic and usual forms of each department."""


@dataclass(frozen=True)
class RuleSet:
    """The tree's numbers. Days between messages are for cold, warm and hot; leads wait `lead_factor` as long.

    warm, hot: least score of the tier. sunset: unanswered messages after which the wait is `sunset_factor`
    as long. persona_weight: how much a persona's usual forms count beside the stage's plan. topic_weight:
    how much the topic counts beside the form. fresh_days: how long a page seen decides the topic.
    rest_days: how long the same asset is avoided.
    """

    days: tuple[float, float, float] = (4.0, 4.0, 2.0)
    warm: float = 2.0
    hot: float = 6.0
    lead_factor: float = 2.0
    sunset: int = 6
    sunset_factor: float = 2.0
    plan: str = "direct"
    persona_weight: float = 0.5
    topic_weight: float = 3.0
    fresh_days: float = 21.0
    rest_days: float = 28.0


class Rules:
    """Plays a rule set on the observable columns."""

    name = "rules"

    def __init__(self, briefing: Briefing, rules: RuleSet | None = None) -> None:
        self.rules = rules or RuleSet()
        self._k = len(briefing.action_names)
        self._at = {name: i for i, name in enumerate(briefing.feature_names)}
        self._dyad = {name: i for i, name in enumerate(briefing.dyad_names)}
        column = {name: i for i, name in enumerate(briefing.action_feature_names)}
        told = briefing.action_features[:-1]
        self._topics = told[:, [column[f"topic:{topic}"] for topic in TOPICS]] > 0
        self._form = told[:, [column[f"form:{form}"] for form in FORMATS]].argmax(axis=1)
        self._by_stage = np.array([_ranks(plan) for plan in PLANS[self.rules.plan]])[:, self._form]
        self._by_persona = np.array([_ranks(PERSONAS[name][1]) for name in DEPARTMENTS])[:, self._form]
        usual = [self._topics[:, TOPICS.index(PERSONAS[name][0])] for name in DEPARTMENTS]
        self._usual_topic = np.array(usual, dtype=float)

    def choose(self, features: Floats, allowed: NDArray[np.bool_], dyads: Floats, seed: int) -> Choice:
        """Walk everyone through the tree."""
        score = sum(
            weight * np.expm1(features[:, self._at[f"count:{act}"]]) for act, weight in SCORES.items()
        )
        tier = np.digitize(score, (self.rules.warm, self.rules.hot))
        wait = np.array(self.rules.days)[tier]
        wait = wait * np.where(features[:, self._at["stage:lead"]] > 0, self.rules.lead_factor, 1.0)
        unanswered = np.expm1(features[:, self._at["pressure:unanswered"]])
        wait = wait * np.where(unanswered >= self.rules.sunset, self.rules.sunset_factor, 1.0)
        # The recency column is 0.5 ** (days / 14).
        since = -14 * np.log2(np.maximum(features[:, self._at["recency:sent"]], 1e-9))
        is_due = since >= wait - 0.5
        merit = self._merit(features, dyads)
        merit[~allowed[:, :-1]] = -np.inf
        best = merit.argmax(axis=1)
        sends = is_due & np.isfinite(merit[np.arange(len(best)), best])
        return certain(np.where(sends, best, self._k - 1), self._k)

    def _merit(self, features: Floats, dyads: Floats) -> Floats:
        """Shape (n, K - 1): topic first, then form, then what was not had lately."""
        stage = np.select(
            [features[:, self._at["stage:lead"]] > 0, features[:, self._at["stage:mql"]] > 0], [0, 1], 2
        )
        departments = features[:, [self._at[f"department:{name}"] for name in DEPARTMENTS]]
        last = dyads[:, :-1, self._dyad["topic_last"]]
        is_fresh = last > 0.5 ** (self.rules.fresh_days / 14)
        knows = np.expm1(features[:, self._at["topic:evidence"]]) > 0.7
        affinity = dyads[:, :-1, self._dyad["topic_affinity"]]
        usual = departments @ self._usual_topic
        by_topic = np.where(
            is_fresh.any(axis=1, keepdims=True),
            is_fresh + 0.5 * affinity,
            np.where(knows[:, None], 1.5 * affinity, usual),
        )
        form = self._by_stage[stage] + self.rules.persona_weight * (departments @ self._by_persona)
        had = dyads[:, :-1, self._dyad["had_before"]] > 0.5 ** (self.rules.rest_days / 45)
        return np.asarray(self.rules.topic_weight * by_topic + form - 10.0 * had)

    def learn(
        self,
        features: Floats,
        actions: NDArray[np.int64],
        rewards: Floats,
        propensities: Floats,
        at: NDArray[np.datetime64],
        dyads: Floats,
    ) -> None:
        """Take no notice: people change rules, outcomes do not."""


def _ranks(preferred: tuple[str, ...]) -> Floats:
    """Shape (formats,): 1 for the first, falling to 0 for those not named."""
    found = np.zeros(len(FORMATS))
    for place, form in enumerate(preferred):
        found[FORMATS.index(form)] = 1 - place / len(preferred)
    return found
