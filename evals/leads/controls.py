"""Negative controls: where there is nothing to learn, the answer has to be "no skill"; where there is, skill."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
from scipy.stats import beta

from domain.leads import Skill
from evals.leads.funnel import olist, telco
from evals.leads.hand_off import WINDOW_DAYS
from learning.likelihood.model import learn
from learning.likelihood.table import Floats, Table

Case = tuple[Table, Floats]


def lines(seeds: int) -> Iterator[str]:
    """Print, for each control, how many runs claimed skill; the bound for false claims is 2.5 % a run."""
    yield (
        f"{'control':<58} {'runs':>5} {'skill':>6} {'share [95 %]':>20}  {'AUC, 5 %..95 % of runs':>24} "
        f"{'p, median':>9}"
    )
    funnel, customers = olist(WINDOW_DAYS), telco()
    yield _told("Olist, outcomes shuffled", 2 * seeds, lambda rng: _shuffled(funnel, rng))
    yield _told("Olist, noise for features", 2 * seeds, lambda rng: _noise(funnel, rng))
    yield _told("Telco, outcomes shuffled", seeds, lambda rng: _shuffled(_some(customers, rng), rng))
    yield _told("Telco, noise for features", seeds, lambda rng: _noise(_some(customers, rng), rng))
    yield _told("weekly snapshots of 80 accounts, nothing in them", seeds, lambda rng: snapshots(rng, 0.0))
    yield _told("the same, with a clear signal", seeds, lambda rng: snapshots(rng, 1.2))
    # Not a null: features that tell accounts apart do predict, where accounts differ for good.
    yield _told("accounts differ for good, features only tell them apart", seeds, _differing)


def _told(name: str, seeds: int, make: Callable[[np.random.Generator], Case]) -> str:
    skills: list[Skill] = []
    for seed in range(seeds):
        table, outcomes = make(np.random.default_rng(seed))
        skills.append(learn(table, outcomes, seed).skill)
    claims = sum(skill.has_skill for skill in skills)
    low = float(beta.ppf(0.025, claims, seeds - claims + 1)) if claims else 0.0
    high = float(beta.ppf(0.975, claims + 1, seeds - claims)) if claims < seeds else 1.0
    areas = [skill.auc for skill in skills if skill.auc is not None]
    ends = np.quantile(areas, [0.05, 0.95]) if areas else [np.nan, np.nan]
    p_values = [skill.p_value for skill in skills if skill.p_value is not None]
    middle = float(np.median(p_values)) if p_values else np.nan
    share = f"{claims / seeds:.1%} [{low:.1%}, {high:.1%}]"
    return (
        f"{name:<58} {seeds:>5} {claims:>6} {share:>20}  {f'{ends[0]:.3f}..{ends[1]:.3f}':>24} {middle:>9.3f}"
    )


def _some(case: Case, rng: np.random.Generator, count: int = 800) -> Case:
    rows = rng.choice(len(case[0]), count, replace=False)
    return case[0].take(rows), case[1][rows]


def _shuffled(case: Case, rng: np.random.Generator) -> Case:
    """Outcomes dealt anew among all cases; times and features stay."""
    return case[0], rng.permutation(case[1])


def _noise(case: Case, rng: np.random.Generator) -> Case:
    """True outcomes; numbers drawn from a normal, words drawn from the true words of other cases."""
    table, outcomes = case
    words = np.column_stack([rng.permutation(column) for column in table.words.T])
    return replace(table, numbers=rng.normal(size=table.numbers.shape), words=words), outcomes


def _differing(rng: np.random.Generator) -> Case:
    return snapshots(rng, 0.0, differ=1.0)


def snapshots(
    rng: np.random.Generator, strength: float, accounts: int = 80, weeks: int = 24, *, differ: float = 0.0
) -> Case:
    """Return weekly snapshots: an account's features drift slowly, its outcome lasts for four weeks.

    Dependent rows are what a workspace has; a test that took them for independent would claim skill far too often.

    Args:
        strength: of the first feature, in log-odds a spread; 0 is nothing.
        differ: spread of the accounts' own lasting log-odds, which no feature holds.
    """
    week = np.timedelta64(7 * 86_400, "s")
    own = rng.normal(size=(accounts, 6))
    x = np.stack([own + 0.3 * rng.normal(size=own.shape) for _ in range(weeks)])
    leaning = differ * rng.normal(size=accounts)
    logits = -2.2 + leaning[None, :] + strength * x[:, :, 0]
    spells = rng.random((weeks // 4 + 1, accounts))
    drawn = spells[np.arange(weeks) // 4] < 1 / (1 + np.exp(-logits))
    at = np.datetime64("2026-01-05", "s") + np.repeat(np.arange(weeks), accounts) * week
    table = Table(
        number_names=tuple(f"x{i}" for i in range(6)),
        word_names=(),
        numbers=x.reshape(-1, 6),
        words=np.empty((weeks * accounts, 0), dtype=np.str_),
        at=at,
        known_at=at + 4 * week,
        entities=np.tile(np.arange(accounts).astype(np.str_), weeks),
    )
    return table, drawn.reshape(-1).astype(float)
