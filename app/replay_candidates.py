"""Candidates a person can name on the command line: choosers, fixed choices, rules, asset sets."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.replay_rule import read_rule, rule_probabilities
from app.replaying import Candidate, Logged
from domain.campaign import Campaign, UsualRule
from domain.errors import AttuneError, WrongUsage
from learning import features
from learning.explorer import Explorer
from learning.replay.best_single import best_single

Array = NDArray[np.float64]

KINDS = ("explorer", "uniform", "silence", "best-single", "rule FILE", "assets A,B,C", "learner VERSION")

LearnerOf = Callable[[str], Candidate]
"""The port for learner versions: from a version's name to its probabilities; raises `NotFound`."""


def candidate_of(
    words: str,
    campaign: Campaign,
    learner_of: LearnerOf | None = None,
) -> Candidate:
    """Return the candidate a person named, such as `uniform`, `rule usual.yaml` or `assets demo,guide`.

    Raises:
        WrongUsage: for words that name none.
        AttuneError: for a learner where none is kept.
        InvalidFile: for a rule file that is not one.
    """
    kind, _, rest = words.strip().partition(" ")
    rest = rest.strip()
    if kind == "learner" and rest:
        if learner_of is None:
            raise AttuneError(
                f"There is no learner {rest!r} to ask here. "
                "Candidates now: explorer, uniform, silence, best-single, rule FILE, assets A,B,C."
            )
        return learner_of(rest)
    if kind == "rule" and rest:
        return _rule(read_rule(Path(rest)))
    if kind == "assets" and rest:
        return asset_set([name.strip() for name in rest.split(",") if name.strip()])
    named: Mapping[str, Candidate] = {
        "explorer": lambda logged: _explorer(logged, campaign),
        "uniform": uniform,
        "silence": silence,
        "best-single": lambda logged: best_single(logged.log),
    }
    if rest or kind not in named:
        raise WrongUsage(f"No candidate {words!r}. Candidates: {', '.join(KINDS)}.")
    return named[kind]


def allowed(logged: Logged) -> NDArray[np.bool_]:
    """Shape (n, K): what was possible, read off the logged odds; silence always is."""
    possible: NDArray[np.bool_] = logged.log.probabilities > 0
    possible[:, -1] = True
    return possible


def uniform(logged: Logged) -> Array:
    """Every possible action alike."""
    possible = allowed(logged)
    return np.asarray(possible / possible.sum(axis=1, keepdims=True), dtype=np.float64)


def silence(logged: Logged) -> Array:
    """Never write."""
    chosen = np.zeros(logged.log.probabilities.shape)
    chosen[:, -1] = 1
    return chosen


def _on_offer(logged: Logged, names: Iterable[str]) -> None:
    """Refuse content the log never had: a candidate would be silent where it is named. Raises `WrongUsage`."""
    known = {key.split("|")[0] for key in logged.log.action_keys[:-1]}
    if unknown := sorted(set(names) - known):
        raise WrongUsage(
            f"The log of {logged.campaign_id!r} never had {', '.join(unknown)} to offer. "
            f"It had: {', '.join(sorted(known))}."
        )


def _rule(rule: UsualRule) -> Candidate:
    def candidate(logged: Logged) -> Array:
        _on_offer(logged, (asset for row in rule.rows for asset in row.send))
        return rule_probabilities(rule, logged.traits, allowed(logged), logged.log.action_keys)

    return candidate


def asset_set(names: Sequence[str]) -> Candidate:
    """The logged choices among these assets and silence only, in their logged proportions."""

    def candidate(logged: Logged) -> Array:
        keys = logged.log.action_keys
        _on_offer(logged, names)
        kept = np.array([*(key.split("|")[0] in names for key in keys[:-1]), True])
        odds = logged.log.probabilities * kept
        odds[odds.sum(axis=1) <= 0, -1] = 1
        return np.asarray(odds / odds.sum(axis=1, keepdims=True), dtype=np.float64)

    return candidate


def _explorer(logged: Logged, campaign: Campaign) -> Array:
    fits = logged.log.dyads
    shape = logged.log.probabilities.shape
    affinity = np.zeros(shape) if fits is None else fits[:, :, features.TOPIC_AFFINITY]
    return Explorer(silence_share=campaign.silence_share).probabilities(allowed(logged), affinity)
