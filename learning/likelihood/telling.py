"""Likelihoods in words: the strongest reasons, what would change them, and how to say "cannot tell"."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from domain.leads import Lever, Likelihood, Reason, Skill
from learning.likelihood.model import LikelihoodModel
from learning.likelihood.table import Ints, Table

Phrase = Callable[[str, Mapping[str, float | str]], str]
"""Says one signal of one case in words: its name, and its columns' values (NaN or "" where not known)."""
_LEAST_LOG_ODDS = 0.05
"""A reason that moves the odds by less than 5 % is left in the rest."""
_LEAST_MOVE = 0.005
"""A lever that moves the probability by less than half a point is not told."""


@dataclass(frozen=True)
class Change:
    """Something that could be brought about, as a change of numbers: the model says what it would do."""

    text: str
    adds: Mapping[str, float] = field(default_factory=dict)
    sets: Mapping[str, float] = field(default_factory=dict)


def signal_of(column: str) -> str:
    """A column's signal: `page_viewed:30d` and `page_viewed:recency` are one signal, told once."""
    return column.split(":", 1)[0]


def tell(
    model: LikelihoodModel,
    table: Table,
    rows: Ints,
    *,
    phrase: Phrase,
    changes: Sequence[Change],
    wants_more: bool,
    most: int = 3,
) -> list[Likelihood]:
    """Return each row's likelihood with its strongest reasons and what would move it the wanted way.

    Args:
        rows: shape (m,), row numbers of the table.
        changes: what could be brought about.
        wants_more: whether a higher likelihood is wanted (a hand-off) or a lower one (churn).
        most: of reasons, and of levers.
    """
    asked = table.take(rows)
    parts, now = model.contributions(asked), model.probabilities(asked)
    after = [model.with_change(asked, change.adds, change.sets) for change in changes]
    signals = [signal_of(name) for name in table.names]
    told = []
    for i in range(len(rows)):
        values: dict[str, dict[str, float | str]] = {}
        weights: dict[str, float] = {}
        for j, name in enumerate(table.names):
            p = len(table.number_names)
            value = float(asked.numbers[i, j]) if j < p else str(asked.words[i, j - p])
            values.setdefault(signals[j], {})[name] = value
            weights[signals[j]] = weights.get(signals[j], 0.0) + float(parts[i, j])
        strongest = sorted(weights, key=lambda signal: -abs(weights[signal]))[:most]
        reasons = tuple(
            Reason(signal=signal, text=phrase(signal, values[signal]), log_odds=weights[signal])
            for signal in strongest
            if abs(weights[signal]) >= _LEAST_LOG_ODDS
        )
        sign = 1 if wants_more else -1
        moves = sorted(
            (
                (sign * float(p[i] - now[i]), change, float(p[i]))
                for change, p in zip(changes, after, strict=True)
            ),
            key=lambda move: -move[0],
        )
        told.append(
            Likelihood(
                probability=float(now[i]),
                base=model.base,
                reasons=reasons,
                rest=sum(weights.values()) - sum(reason.log_odds for reason in reasons),
                levers=tuple(
                    Lever(text=change.text, probability=p)
                    for by, change, p in moves[:most]
                    # Percent are said: what would raise 10 % to 10 % is not.
                    if by >= _LEAST_MOVE and round(p, 2) != round(float(now[i]), 2)
                ),
            )
        )
    return told


def cannot_tell(skill: Skill, what: str, outcomes: str) -> str:
    """Say plainly that there is no list, why, and what would help.

    Args:
        what: cannot be told apart, such as "leads".
        outcomes: what is counted, such as "hand-offs that worked".
    """
    start = f"Cannot be told yet: nothing on record tells these {what} apart."
    if skill.auc is None:
        return (
            f"{start} On record: {skill.outcomes:,} {outcomes}, too few to judge anything by; "
            f"about {skill.more_outcomes:,} more would show a useful ranking if there is one."
        )
    seen = (
        f"Judged on {skill.judged:,} later cases, the ranking is right {skill.auc:.0%} of the time "
        f"({skill.auc_low:.0%} to {skill.auc_high:.0%}; a coin is right 50 %)."
    )
    if not skill.more_outcomes:
        return f"{start} {seen} More {outcomes} of the same kind will not help; other signals might."
    return f"{start} {seen} About {skill.more_outcomes:,} more {outcomes} would show a useful ranking if there is one."


def counted(signal: str, values: Mapping[str, float | str], words: tuple[str, str]) -> str:
    """Say a counted signal: `7 page visits in 30 days, the last 3 days ago`, or `no reply in 30 days`."""
    many, recency = values.get(f"{signal}:30d", 0.0), values.get(f"{signal}:recency", 0.0)
    assert isinstance(many, float)
    assert isinstance(recency, float)
    singular, plural = words
    days = round(-14 * np.log2(recency)) if recency > 0 else None
    last = "" if days is None else "today" if days == 0 else f"{days} day{'s' if days != 1 else ''} ago"
    if not many:
        return f"No {singular} in 30 days" + (f"; the last was {last}" if days is not None else "")
    told = f"{many:.0f} {singular if many == 1 else plural} in 30 days"
    return f"{told}, the last {last}" if days is not None else told
