"""Learners are kept version by version, pinned and gone back to; past e-mails are those of others."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np
import pytest
from sqlalchemy import Engine

from domain.errors import AttuneError, NotFound
from domain.events import Event, EventKind
from memory.crm.journal import Journal
from memory.crm.learners import KEPT, LearnerStore, pack, unpack
from memory.crm.past_emails import PastEmailReader
from tests.contracts.crm_sample import ADA, BEN, DAY, NOON, seed

ARRAYS = {"acts.moments": np.arange(6.0).reshape(2, 3), "watch.since": np.array([[1, 2]], dtype=np.int64)}


@pytest.fixture
def store(engine: Engine) -> LearnerStore:
    return LearnerStore(engine)


def keep(store: LearnerStore, version: str, campaign: str = "spring", at: datetime = NOON) -> bool:
    return store.keep(campaign, version, int(version[1:]), {"schema": 1, "name": version}, ARRAYS, at)


def names(store: LearnerStore, campaign: str = "spring") -> list[str]:
    return [version.version for version in store.versions(campaign)]


def test_a_kept_version_comes_back_as_it_was(store: LearnerStore) -> None:
    assert keep(store, "v7")
    record, arrays = store.arrays("spring", "v7")
    assert record == {"schema": 1, "name": "v7"}
    assert {name: part.tolist() for name, part in arrays.items()} == {
        name: part.tolist() for name, part in ARRAYS.items()
    }
    (version,) = store.versions("spring")
    assert (version.outcomes, version.made_at, version.is_pinned) == (7, NOON, False)
    assert version.size_bytes == len(pack(ARRAYS))


def test_versions_come_newest_first_and_each_campaign_has_its_own(store: LearnerStore) -> None:
    for version in ("v1", "v3", "v2"):
        keep(store, version)
    keep(store, "v1", "autumn")
    assert (names(store), names(store, "autumn")) == (["v2", "v3", "v1"], ["v1"])
    assert [version.campaign_id for version in store.versions()] == ["autumn", "spring", "spring", "spring"]


def test_the_newest_version_again_is_nothing_new(store: LearnerStore) -> None:
    keep(store, "v1")
    assert not keep(store, "v1", at=NOON + DAY)
    assert [version.made_at for version in store.versions("spring")] == [NOON]


def test_an_older_version_reached_again_becomes_the_newest_and_keeps_its_pin(store: LearnerStore) -> None:
    keep(store, "v1")
    keep(store, "v2")
    store.pin("spring", "v1")
    assert keep(store, "v1", at=NOON + DAY)
    assert names(store) == ["v1", "v2"]
    assert store.versions("spring")[0].is_pinned


def test_the_newest_decides_unless_one_is_pinned(store: LearnerStore) -> None:
    assert store.current("spring") is None
    keep(store, "v1")
    keep(store, "v2")
    deciding = []
    for pinned in (None, "v1", "v2", "v1", None):
        store.pin("spring", pinned)
        current = store.current("spring")
        assert current is not None
        deciding.append(current.version)
    assert deciding == ["v2", "v1", "v2", "v1", "v2"]


def test_a_pin_is_of_its_campaign_alone(store: LearnerStore) -> None:
    for campaign in ("spring", "autumn"):
        keep(store, "v1", campaign)
    store.pin("spring", "v1")
    assert [version.is_pinned for version in store.versions("autumn")] == [False]


def test_the_oldest_go_and_a_pinned_one_stays(store: LearnerStore) -> None:
    keep(store, "v0")
    store.pin("spring", "v0")
    for i in range(1, KEPT + 4):
        keep(store, f"v{i}")
    assert names(store) == [*(f"v{i}" for i in range(KEPT + 3, 3, -1)), "v0"]


def test_a_version_that_is_not_there_is_named_and_no_pin_is_lost(store: LearnerStore) -> None:
    keep(store, "v1")
    store.pin("spring", "v1")
    with pytest.raises(NotFound, match="v9"):
        store.arrays("spring", "v9")
    with pytest.raises(NotFound, match="v9"):
        store.pin("spring", "v9")
    assert store.versions("spring")[0].is_pinned


@pytest.mark.parametrize("damaged", [b"", b"nothing of the kind", pack(ARRAYS)[:-40]])
def test_bytes_that_are_no_arrays_are_refused(damaged: bytes) -> None:
    with pytest.raises(AttuneError, match="no learner's file"):
        unpack(damaged)


def sent(days: float, contact_id: str | None = ADA.id, **changes: Any) -> Event:
    made = Event(
        id=f"mailer:{days}:{contact_id}",
        kind=EventKind.EMAIL_SENT,
        at=NOON + days * DAY,
        source="mailer",
        contact_id=contact_id,
        asset_id="guide",
    )
    return made.model_copy(update=changes)


def test_past_emails_are_those_of_other_tools_about_the_content_asked_for(engine: Engine) -> None:
    seed(engine)
    Journal(engine, lambda: NOON).append(
        [
            sent(-1, BEN.id),
            sent(-3),
            sent(-4, id="attune:1", source="attune"),
            sent(-5, asset_id="other"),
            sent(-6, asset_id=None),
            sent(-7, contact_id=None),
            sent(-8, id="mailer:click", kind=EventKind.EMAIL_CLICKED),
            sent(-9, id="mailer:robot", is_machine=True),
            sent(2),
        ]
    )
    reader = PastEmailReader(engine)
    found = reader.sent(["guide"], NOON)
    assert [(one.contact_id, one.at) for one in found] == [(ADA.id, NOON - 3 * DAY), (BEN.id, NOON - DAY)]
    assert (found[0].account_id, found[0].country) == ("a_1", "DE")
    assert [one.contact_id for one in reader.sent(["guide"], NOON, since=NOON - 2 * DAY)] == [BEN.id]
    assert [one.contact_id for one in reader.sent(["guide"], NOON, limit=1)] == [BEN.id]
