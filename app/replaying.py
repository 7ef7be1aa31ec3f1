"""Asks the log of one campaign what a candidate would have earned.

Two ports are open: `RewardsOf` (what a decision earned) and `FeaturesOf` (what its chooser saw). A candidate
is a `Candidate`: from what was known at each decision to probabilities.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from app.goal_rewards import RewardsOf
from app.replay_rule import Traits
from domain.errors import AttuneError
from domain.learner import DecisionLog
from learning.replay.promotion import MARGIN_CENTS, Promotion, promote
from learning.replay.report import Refused, Replay, replay
from memory.crm.decision_log import DecisionLogReader, LoggedDecision
from memory.crm.sparse_log import SparseLogs

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Scene:
    """What was known of the contacts of a page of decisions, at the moment of each.

    features: shape (n, d). fits: shape (n, K, m), how each action fitted.
    traits: n.
    topics: n mappings from topic to how often it came up lately.
    """

    features: Array
    fits: Array
    traits: tuple[Traits, ...]
    topics: tuple[dict[str, int], ...]


FeaturesOf = Callable[[Sequence[LoggedDecision], Sequence[str]], Scene]
"""From draws and the K names of actions, silence last."""


@dataclass(frozen=True)
class Logged:
    """One campaign's draws with what was known then and what came of them.

    learner_versions: who drew, in order of appearance.
    left_out: decisions that were no draw (holdout, usual practice, dry and shadow runs).
    """

    campaign_id: str
    log: DecisionLog
    traits: tuple[Traits, ...]
    topics: tuple[dict[str, int], ...]
    learner_versions: tuple[str, ...]
    left_out: int


Candidate = Callable[[Logged], Array]
"""Returns shape (n, K): each row sums to one; silence is column K-1."""


class NothingDrawn(AttuneError):
    """A log was asked that holds no draw of a campaign, or none since a time."""

    def __init__(self, campaign_id: str, left_out: int, since: datetime | None = None) -> None:
        span = f" since {since:%Y-%m-%d %H:%M} UTC" if since else ""
        if left_out:
            said = f"what it decided, {left_out:,} times, were holdouts, usual practice, dry or shadow runs"
            step = f"A real run draws: `attune run {campaign_id}`."
        elif since:
            said = "it decided nothing since then"
            step = "An earlier `--since`, or none, asks of more."
        else:
            said = "it decided nothing yet"
            step = f"Run it first: `attune run {campaign_id}`."
        super().__init__(f"Campaign {campaign_id!r} has no logged draw{span}: {said}. {step}")


@dataclass(frozen=True)
class Answered:
    """What the log says about a candidate, and whether it may replace what was used."""

    candidate: str
    logged: Logged
    found: Replay | Refused
    promotion: Promotion


def logged_of(
    reader: DecisionLogReader,
    rewards_of: RewardsOf,
    features_of: FeaturesOf,
    campaign_id: str,
    since: datetime | None = None,
) -> Logged:
    """Read one campaign's draws into memory.

    Raises:
        NothingDrawn: where there are none.
    """
    logs = SparseLogs()
    drawn: list[LoggedDecision] = []
    rewards: list[Array] = []
    versions: dict[str, None] = {}
    for page in reader.pages(campaign_id, since):
        draws = logs.add(page)
        if not draws:
            continue
        rewards.append(rewards_of(draws))
        drawn.extend(draws)
        versions.update(dict.fromkeys(draw.learner_version for draw in draws))
    sparse = logs.of(campaign_id)
    if sparse is None:
        raise NothingDrawn(campaign_id, logs.left_out, since)
    scene = features_of(drawn, sparse.action_keys)
    return Logged(
        campaign_id=campaign_id,
        log=DecisionLog(
            action_keys=sparse.action_keys,
            features=scene.features,
            dyads=scene.fits,
            probabilities=sparse.probabilities(),
            actions=sparse.actions,
            rewards=np.concatenate(rewards),
            at=sparse.at,
            contact_ids=sparse.contact_ids,
            units=np.array([np.nan if one.unit_cents is None else one.unit_cents for one in drawn]),
        ),
        traits=scene.traits,
        topics=scene.topics,
        learner_versions=tuple(versions),
        left_out=logs.left_out,
    )


def ask(
    name: str,
    candidate: Candidate,
    logged: Logged,
    *,
    margin_cents: float = MARGIN_CENTS,
    level: float = 0.95,
) -> Answered:
    """Replay a candidate and judge it against the logged choices themselves."""
    probabilities = candidate(logged)
    return Answered(
        candidate=name,
        logged=logged,
        found=replay(logged.log, probabilities, level),
        promotion=promote(logged.log, probabilities, margin_cents=margin_cents, level=level),
    )
