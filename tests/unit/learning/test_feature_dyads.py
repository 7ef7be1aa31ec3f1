"""How an action fits a contact, and what an action is like."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from domain.campaign import SendSlot
from domain.content import ApprovedClaim, AssetKind, Offer
from domain.decision import SILENCE, Action
from domain.events import EventKind
from domain.people import LifecycleStage, Seniority
from learning.features import DYAD_COLUMNS, DYAD_NAMES, ActionTable, FeatureBook
from learning.features.actions import ACTION_NAMES, action_columns, action_matrix
from learning.features.topics import TopicBook
from tests.unit.learning.journal import DAY, DEMO, GUIDE, HOUR, LIBRARY, NOON, book, bring, did, stream

CASE = GUIDE.model_copy(
    update={
        "id": "case",
        "kind": AssetKind.CASE_STUDY,
        "topics": (),
        "stages": (LifecycleStage.MQL,),
        "seniorities": (Seniority.DIRECTOR,),
        "industries": ("retail ", "Pharma"),
    }
)
ASSETS = {asset.id: asset for asset in (*LIBRARY, CASE)}
ACTIONS = (
    *(Action(asset_id=name, channel="email", slot=SendSlot.MORNING) for name in ("guide", "demo", "case")),
    Action(asset_id="guide", channel="email", slot=SendSlot.NOW),
    Action(asset_id="guide", channel="email", slot=SendSlot.AFTERNOON),
    SILENCE,
)
TABLE = ActionTable.of(ACTIONS, ASSETS)
GUIDE_ONE, DEMO_ONE, CASE_ONE, GUIDE_NOW, GUIDE_LATE, SILENT = range(6)


def fit(of: FeatureBook, contact_id: str, action: int, name: str) -> float:
    return float(of.dyads(of.rows([contact_id]), TABLE, NOON)[0, action, DYAD_NAMES.index(name)])


def a_book() -> FeatureBook:
    return book(assets=tuple(ASSETS.values()))


def test_topic_affinity_is_the_share_of_interest_an_assets_topics_cover() -> None:
    of = a_book()
    visits = [
        did("ada", EventKind.PAGE_VIEWED, HOUR, topic) for topic in ("pricing", "pricing", "security", "x")
    ]
    bring(of, visits, NOON)
    assert fit(of, "ada", GUIDE_ONE, "topic_affinity") == pytest.approx(0.5)
    assert fit(of, "ada", DEMO_ONE, "topic_affinity") == pytest.approx(0.75)
    assert fit(of, "ada", CASE_ONE, "topic_affinity") == 0
    assert fit(of, "ben", GUIDE_ONE, "topic_affinity") == 0


def test_interest_fades_so_that_the_newer_topic_weighs_more() -> None:
    of = a_book()
    old, new = (
        did("ada", EventKind.PAGE_VIEWED, 65 * DAY, "security"),
        did("ada", EventKind.PAGE_VIEWED, DAY, "pricing"),
    )
    bring(of, [old, new], NOON)
    assert fit(of, "ada", GUIDE_ONE, "topic_affinity") == pytest.approx(2 / 3, rel=1e-6)


def test_the_same_share_of_more_interest_is_more_evidence() -> None:
    of = a_book()
    bring(
        of, [did(who, EventKind.PAGE_VIEWED, HOUR, "pricing") for who in ("ada", "ben", "ben", "ben")], NOON
    )
    assert fit(of, "ada", GUIDE_ONE, "topic_affinity") == fit(of, "ben", GUIDE_ONE, "topic_affinity") == 1
    assert fit(of, "ada", GUIDE_ONE, "topic_evidence") < fit(of, "ben", GUIDE_ONE, "topic_evidence") < 1


@pytest.mark.parametrize("name", ["stage_fit", "seniority_fit", "industry_fit"])
def test_a_fit_is_one_where_named_half_where_open_and_nought_where_others_are_named(name: str) -> None:
    of = a_book()
    assert fit(of, "ada", CASE_ONE, name) == 1
    assert fit(of, "ada", GUIDE_ONE, name) == 0.5
    assert fit(of, "dora", CASE_ONE, name) == (0.5 if name == "industry_fit" else 0)


def test_an_unknown_seniority_or_industry_fits_half() -> None:
    of = a_book()
    assert fit(of, "cleo", CASE_ONE, "seniority_fit") == 0.5
    assert fit(of, "cleo", CASE_ONE, "industry_fit") == 0.5


def test_an_asset_sent_or_answered_before_is_remembered_with_its_age() -> None:
    of = a_book()
    bring(
        of,
        [
            did("ada", EventKind.EMAIL_SENT, 64 * DAY, asset_id="guide"),
            did("ada", EventKind.EMAIL_CLICKED, 32 * DAY, asset_id="guide"),
            did("ben", EventKind.EMAIL_SENT, DAY, asset_id="demo"),
        ],
        NOON,
    )
    assert fit(of, "ada", GUIDE_ONE, "asset_sent") == pytest.approx(0.5)
    assert fit(of, "ada", GUIDE_ONE, "asset_answered") == pytest.approx(0.5**0.5)
    assert fit(of, "ada", DEMO_ONE, "asset_sent") == 0
    assert fit(of, "ada", GUIDE_ONE, "kind_sent") == pytest.approx(np.log(1.5) / np.log(9), rel=1e-5)
    assert fit(of, "ben", GUIDE_ONE, "kind_sent") == 0


def test_kind_affinity_is_a_share_of_answers_drawn_to_even() -> None:
    of = a_book()
    assert fit(of, "ada", GUIDE_ONE, "kind_affinity") == pytest.approx(0.1)
    bring(of, [did("ada", EventKind.CONTENT_DOWNLOADED, HOUR, asset_id="demo") for _ in range(3)], NOON)
    assert fit(of, "ada", DEMO_ONE, "kind_affinity") == pytest.approx(3.1 / 4, rel=1e-3)
    assert fit(of, "ada", GUIDE_ONE, "kind_affinity") == pytest.approx(0.1 / 4, rel=1e-3)


def test_a_slot_habit_is_kept_in_the_contacts_own_time() -> None:
    of = a_book()
    # 14:00 UTC is 15:00 in Berlin and 9:00 in New York.
    visits = [did(who, EventKind.PAGE_VIEWED, 22 * HOUR) for who in ("ada", "dora", "cleo") for _ in range(3)]
    bring(of, visits, NOON)
    habit = {
        (who, one): fit(of, who, one, "slot_habit") for who in ("ada", "dora", "cleo") for one in (0, 3, 4)
    }
    assert habit["ada", GUIDE_LATE] == pytest.approx(3.25 / 4, rel=1e-2)
    assert habit["ada", GUIDE_ONE] == pytest.approx(0.25 / 4, rel=1e-2)
    assert habit["dora", GUIDE_ONE] == pytest.approx(3.25 / 4, rel=1e-2)
    # Now is noon UTC: 13:00 in Berlin, 7:00 in New York.
    assert habit["ada", GUIDE_NOW] == pytest.approx(0.25 / 4, rel=1e-2)
    assert habit["dora", GUIDE_NOW] == pytest.approx(3.25 / 4, rel=1e-2)
    assert [habit["cleo", one] for one in (0, 3, 4)] == [0.25] * 3


def test_silence_fits_nobody_and_everything_else_lies_between_nought_and_one() -> None:
    of = a_book()
    bring(of, stream(3, 2_000), NOON)
    found = of.dyads(np.arange(4), TABLE, NOON)
    assert found.shape == (4, len(ACTIONS), len(DYAD_COLUMNS))
    assert not found[:, SILENT].any()
    assert found.min() >= 0
    assert found.max() <= 1
    assert np.array_equal(of.affinity(np.arange(4), TABLE, NOON), found[:, :, 0].astype(float))


def test_one_contact_alone_fits_as_it_does_among_all() -> None:
    of = a_book()
    bring(of, stream(4, 800), NOON)
    everyone = of.dyads(np.arange(4), TABLE, NOON)
    for row in range(4):
        assert np.array_equal(of.dyads(np.array([row]), TABLE, NOON)[0], everyone[row])


def test_a_future_event_changes_no_fit() -> None:
    past = stream(6, 300)
    clean, spoilt = a_book(), a_book()
    bring(clean, past, NOON)
    bring(
        spoilt, [*past, *(did("ada", kind, -HOUR, "security", asset_id="guide") for kind in EventKind)], NOON
    )
    assert np.array_equal(clean.dyads(np.arange(4), TABLE, NOON), spoilt.dyads(np.arange(4), TABLE, NOON))


def test_an_action_is_described_by_its_asset_and_its_slot() -> None:
    claim = ApprovedClaim(id="c", text="t", source="s", approved_by="a", approved_on=date(2026, 10, 25))
    offer = Offer(id="o", name="n", terms="t", price_cents=100)
    meeting = DEMO.model_copy(
        update={
            "id": "talk",
            "kind": AssetKind.MEETING,
            "offer": offer,
            "claims": (claim,),
            "stages": CASE.stages,
        }
    )
    topics = TopicBook.of(["pricing", "security"])
    table = ActionTable.of(
        [Action(asset_id="talk", channel="email", slot=SendSlot.MIDDAY), SILENCE], {"talk": meeting}
    )
    z = action_matrix(table, topics, NOON.date())
    told = {name for name, value in zip(ACTION_NAMES, z[0].tolist(), strict=True) if value == 1}
    assert told == {
        "kind:meeting",
        f"topic:{topics.place('pricing')}",
        f"topic:{topics.place('security')}",
        "stage:mql",
        *(f"seniority:{level.value}" for level in Seniority if level is not Seniority.UNKNOWN),
        "channel:email",
        "slot:midday",
        "offer:price",
        "meeting",
    }
    assert z[0, ACTION_NAMES.index("age")] == pytest.approx(np.log(31) / np.log(731), rel=1e-6)
    assert np.flatnonzero(z[1]).tolist() == [ACTION_NAMES.index("silence")]
    assert len({column.label for column in action_columns(topics)}) == len(ACTION_NAMES)
