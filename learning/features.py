"""One contact at one moment as one vector: what a chooser sees.

A first, small set; versioned, so that a logged decision names the features it was made on. Built for
a whole audience at once from tallies that end at the moment of the decision.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from domain.events import EventKind
from domain.people import Contact, LifecycleStage, Seniority

VERSION = "features-1"

_COUNTED = (
    EventKind.PAGE_VIEWED,
    EventKind.FORM_SUBMITTED,
    EventKind.CONTENT_DOWNLOADED,
    EventKind.WEBINAR_ATTENDED,
    EventKind.PRODUCT_USED,
    EventKind.EMAIL_CLICKED,
    EventKind.EMAIL_REPLIED,
    EventKind.MEETING_HELD,
)

NAMES: tuple[str, ...] = (
    *(f"count:{kind.value}" for kind in _COUNTED),
    *(f"recency:{kind.value}" for kind in _COUNTED),
    *(f"stage:{stage.value}" for stage in LifecycleStage),
    *(f"seniority:{seniority.value}" for seniority in Seniority),
)

Tally = tuple[int, datetime]
"""How many, and when the newest."""


def matrix(
    contacts: Sequence[Contact],
    tallies: Mapping[str, Mapping[EventKind, Tally]],
    now: datetime,
) -> NDArray[np.float64]:
    """Return shape (n, len(NAMES)): log counts, recencies in (0, 1] (half in 14 days), one-hots."""
    x = np.zeros((len(contacts), len(NAMES)))
    width = len(_COUNTED)
    stages = {stage: 2 * width + i for i, stage in enumerate(LifecycleStage)}
    seniorities = {s: 2 * width + len(stages) + i for i, s in enumerate(Seniority)}
    for row, contact in enumerate(contacts):
        seen = tallies.get(contact.id, {})
        for column, kind in enumerate(_COUNTED):
            if kind in seen:
                count, newest = seen[kind]
                days = max((now - newest).total_seconds() / 86_400, 0.0)
                x[row, column] = np.log1p(count)
                x[row, width + column] = 0.5 ** (days / 14)
        x[row, stages[contact.lifecycle_stage]] = 1
        x[row, seniorities[contact.seniority]] = 1
    return x


def affinity(
    topics_of_contacts: Sequence[Mapping[str, int]], topics_of_assets: Sequence[Sequence[str]]
) -> NDArray[np.float64]:
    """Return shape (contacts, assets) in [0, 1]: the share of a contact's interest an asset's topics cover.

    Args:
        topics_of_contacts: for each contact, how often each topic came up lately.
        topics_of_assets: for each asset, what it is about.
    """
    names = sorted({t for topics in topics_of_assets for t in topics})
    column = {topic: i for i, topic in enumerate(names)}
    about = np.zeros((len(topics_of_assets), len(names)))
    for row, asset_topics in enumerate(topics_of_assets):
        for topic in asset_topics:
            about[row, column[topic]] = 1
    interest = np.zeros((len(topics_of_contacts), len(names)))
    for row, contact_topics in enumerate(topics_of_contacts):
        total = sum(contact_topics.values())
        for topic, count in contact_topics.items():
            if topic in column:
                interest[row, column[topic]] = count / total
    return np.clip(interest @ about.T, 0, 1)
