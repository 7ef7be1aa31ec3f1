"""Draws the sample market is made of: each thing has its own stream, so that one more changes no other."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from domain.records import Place

SOURCE = "sample"
MOST_DAYS = 86.0
"""How far back acts are drawn; moving one to a working hour takes it at most three days further."""

_WORK_HOURS = (8, 9, 9, 10, 10, 11, 11, 13, 14, 14, 15, 15, 16, 17)
_JUST_NOW = timedelta(minutes=10)


@cache
def read(name: str) -> dict[str, Any]:
    """Return one of this folder's YAML files."""
    found = yaml.safe_load(Path(__file__).with_name(f"{name}.yaml").read_text(encoding="utf-8"))
    if not isinstance(found, dict):
        raise TypeError(f"{name}.yaml is not a mapping")
    return found


def place(kind: str, number: int) -> Place:
    """Say where a generated row stands, as if each kind came in a file of its own."""
    return Place(file=f"sample market, {kind}", row=number + 1)


def stream(seed: int, *names: object) -> random.Random:
    """Return the draws of one thing."""
    return random.Random("|".join(map(str, (seed, *names))))


def pick(rng: random.Random, weights: Mapping[str, float]) -> str:
    """Draw one name."""
    return rng.choices(list(weights), weights=list(weights.values()))[0]


def how_many(rng: random.Random, mean: float) -> int:
    """Draw a Poisson number. Source: Knuth (1969), The Art of Computer Programming 2, 3.4.1."""
    limit, product, count = math.exp(-mean), rng.random(), 0
    while product > limit:
        product *= rng.random()
        count += 1
    return count


def moment(
    rng: random.Random, now: datetime, zone: ZoneInfo, least_days: float = 0.0, most_days: float = MOST_DAYS
) -> datetime:
    """Draw a working hour of a working day in `zone`, likelier a recent one, in UTC and before `now`.

    Args:
        rng: the draws.
        now: aware time.
        zone: whose working hours.
        least_days: about how long ago at least.
        most_days: about how long ago at most.

    """
    days = rng.triangular(least_days, most_days, least_days + (most_days - least_days) * 0.2)
    at = (now - timedelta(days=days)).astimezone(zone)
    at = at.replace(hour=rng.choice(_WORK_HOURS), minute=rng.randrange(60), second=rng.randrange(60))
    at = at.replace(microsecond=0, fold=0)
    while at.weekday() > 4 or at.astimezone(UTC) > now - _JUST_NOW:
        at -= timedelta(days=1)
    return at.astimezone(UTC)
