from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np

from domain.events import EventKind
from domain.people import Contact, LifecycleStage
from learning.features import NAMES, affinity, matrix

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


def test_recency_halves_every_fortnight_and_never_is_zero() -> None:
    contacts = [Contact(id="a"), Contact(id="b")]
    x = matrix(contacts, {"a": {EventKind.PAGE_VIEWED: (3, NOON - timedelta(days=14))}}, NOON)
    assert x[0, NAMES.index("recency:page_viewed")] == 0.5
    assert x[0, NAMES.index("count:page_viewed")] == np.log(4)
    assert x[1, NAMES.index("recency:page_viewed")] == 0


def test_a_contact_has_one_stage_and_one_seniority() -> None:
    x = matrix([Contact(id="a", lifecycle_stage=LifecycleStage.MQL)], {}, NOON)
    assert x[0, NAMES.index("stage:mql")] == 1
    assert x.sum() == 2


def test_affinity_is_the_share_of_interest_an_asset_covers() -> None:
    fit = affinity([{"pricing": 3, "security": 1}, {}], [("pricing",), ("security", "pricing"), ("other",)])
    assert fit.tolist() == [[0.75, 1.0, 0.0], [0.0, 0.0, 0.0]]
