"""Two runs of one suite, measure by measure: differences and ratios over the cases both have, paired by case."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import numpy as np

from domain.base import Noun
from domain.errors import AttuneError
from evals.agents.measures import BY_NAME, FEWEST, ROUNDS, SEED
from evals.agents.report import Report


class Change(Noun):
    """One measure of one writer in two runs.

    difference: second less first, over the cases both have; `low` and `high` its 95 % interval, None for too few.
    ratio: of the two means, with its interval; None where the first mean is 0.
    verdict: `better` or `worse` where the interval leaves out 0 and the measure has a better side.
    """

    writer: str
    measure: str
    cases: int
    first: float
    second: float
    difference: float
    low: float | None = None
    high: float | None = None
    ratio: float | None = None
    ratio_low: float | None = None
    ratio_high: float | None = None
    verdict: Literal["better", "worse", "not enough data to tell", "no change to tell", "differs"]


def compare(first: Report, second: Report) -> tuple[Change, ...]:
    """Compare two runs.

    Raises:
        AttuneError: where they are of two suites.
    """
    if first.suite != second.suite:
        raise AttuneError(
            f"These are reports of two suites, {first.suite} and {second.suite}. Compare two of one suite."
        )
    return tuple(_changes(first, second))


def caveats(first: Report, second: Report) -> tuple[str, ...]:
    """What a reader must know before trusting the comparison."""
    found = []
    if first.world_sha256 != second.world_sha256:
        found.append(
            "The two runs were made over different cases; only cases with the same number are paired."
        )
    names = sorted(first.prompts.keys() | second.prompts.keys())
    changed = [name for name in names if first.prompts.get(name) != second.prompts.get(name)]
    if changed:
        found.append(f"Other versions of these prompts: {', '.join(changed)}.")
    if first.source != second.source:
        found.append(f"First from {first.source}, second from {second.source}.")
    return tuple(found)


def _changes(first: Report, second: Report) -> Iterator[Change]:
    for writer in first.writers:
        for name in BY_NAME:
            before, after = first.values(writer, name), second.values(writer, name)
            both = sorted(before.keys() & after.keys())
            if both:
                yield _change(
                    writer, name, np.array([before[c] for c in both]), np.array([after[c] for c in both])
                )


def _change(writer: str, name: str, before: np.ndarray, after: np.ndarray) -> Change:
    """Paired percentile bootstrap over cases. Source: Efron (1979), Ann. Statist. 7(1)."""
    count = len(before)
    told = {
        "writer": writer,
        "measure": name,
        "cases": count,
        "first": float(before.mean()),
        "second": float(after.mean()),
        "difference": float(after.mean() - before.mean()),
        "ratio": float(after.mean() / before.mean()) if before.mean() else None,
    }
    if count < FEWEST:
        return Change.model_validate({**told, "verdict": "not enough data to tell"})
    drawn = np.random.default_rng(SEED).integers(0, count, size=(ROUNDS, count))
    befores, afters = before[drawn].mean(axis=1), after[drawn].mean(axis=1)
    low, high = (float(edge) for edge in np.quantile(afters - befores, [0.025, 0.975]))
    told |= {"low": low, "high": high}
    if told["ratio"] is not None and np.all(befores != 0):
        edges = np.quantile(afters / befores, [0.025, 0.975])
        told |= {"ratio_low": float(edges[0]), "ratio_high": float(edges[1])}
    return Change.model_validate({**told, "verdict": _verdict(name, low, high)})


def _verdict(name: str, low: float, high: float) -> str:
    if low <= 0 <= high:
        return "no change to tell"
    better = BY_NAME[name].better
    if better == "neither":
        return "differs"
    return "better" if (low > 0) == (better == "up") else "worse"
