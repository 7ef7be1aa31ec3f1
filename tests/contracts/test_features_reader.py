"""Features read from the CRM are those of its journal, on both databases, kept on or built anew."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import Engine, delete, insert, update

from app.feature_feed import FeatureFeed
from domain.decision import SILENCE, Action
from domain.events import Event, EventKind
from domain.traits import Happening
from learning.features import NAMES, ActionTable, FeatureBook
from memory.array_file import DamagedArrays, read_arrays
from memory.crm.features_reader import FeatureReader, Watermark
from memory.crm.journal import Journal
from memory.crm.statements import BUYING_ROLES, CONTACTS, DEAL_STAGES, DEALS, EVENTS
from tests.contracts.crm_sample import ADA, ASSET, BEN, CLEO, DAY, HOUR, NOON, seed

EVERYONE = (ADA.id, BEN.id, CLEO.id)


def event(number: int, kind: EventKind = EventKind.PAGE_VIEWED, **changes: object) -> Event:
    happened = Event(
        id=f"web:{number}",
        kind=kind,
        at=NOON - number * DAY,
        source="web",
        contact_id=ADA.id,
        topic="planning",
    )
    return happened.model_copy(update=changes)


def receive(engine: Engine, received_at: datetime, *events: Event) -> None:
    Journal(engine, lambda: received_at).append(events)


def read(engine: Engine, until: datetime = NOON, after: Watermark | None = None) -> list[Happening]:
    reader, start = FeatureReader(engine), after or Watermark()
    return list(reader.happenings(start, reader.newest(start, until)))


def vectors(book: FeatureBook, at: datetime = NOON) -> np.ndarray:
    return book.matrix(book.rows(EVERYONE), at)


@pytest.fixture(autouse=True)
def _sample(engine: Engine) -> None:
    seed(engine)


def test_the_journal_is_read_in_the_order_it_arrived_and_only_once(engine: Engine) -> None:
    receive(engine, NOON - HOUR, event(1))
    receive(engine, NOON - 2 * HOUR, event(3), event(2))
    first = FeatureReader(engine).newest(Watermark(), NOON - 2 * HOUR)
    assert [one.id for one in read(engine)] == ["web:2", "web:3", "web:1"]
    assert [one.id for one in read(engine, after=first)] == ["web:1"]
    assert read(engine, after=FeatureReader(engine).newest(Watermark(), NOON)) == []


def test_a_row_brings_what_features_need_and_no_more(engine: Engine) -> None:
    reply = event(1, EventKind.EMAIL_REPLIED, text="x" * 5_000, asset_id="guide", properties={"secret": "s"})
    stage = event(2, EventKind.STAGE_CHANGED, text="why", properties={"from": "lead", "to": "mql"})
    receive(engine, NOON, reply, stage, event(3, text="unasked"), event(4, is_machine=True))
    replied, changed, viewed = read(engine)
    assert replied == Happening(
        "web:1", "email_replied", NOON - DAY, ADA.id, NOON, "guide", "planning", "x" * 2_000
    )
    assert (changed.text, changed.properties) == (None, {"from": "lead", "to": "mql"})
    assert (viewed.text, viewed.properties) == (None, None)


def test_people_companies_and_deals_are_read_whole(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(
            insert(DEALS),
            {
                "id": "d1",
                "account_id": "a_1",
                "name": "Deal",
                "stage": "Proposal",
                "kind": "renewal",
                "amount_cents": 7,
                "created_at": NOON - DAY,
                "attributes": {},
                "currency": "USD",
                "is_closed": False,
                "is_won": False,
            },
        )
        connection.execute(
            insert(DEAL_STAGES), {"deal_id": "d1", "stage": "Proposal", "entered_at": NOON - HOUR}
        )
        connection.execute(insert(BUYING_ROLES), {"deal_id": "d1", "contact_id": ADA.id, "kind": "champion"})
    reader = FeatureReader(engine)
    ada = list(reader.contacts())[0]  # noqa: RUF015 (a stream left open is an error)
    assert ada == (ADA.id, "a_1", "director", "DE", None, "mql", None, None)
    assert [one.id for one in reader.accounts()] == ["a_1"]
    (deal,) = reader.deals()
    assert (deal.kind, deal.amount_cents, deal.created_at) == ("renewal", 7, NOON - DAY)
    assert [tuple(step) for step in reader.deal_steps()] == [("d1", NOON - HOUR)]
    assert [tuple(part) for part in reader.deal_parts()] == [(ADA.id, "d1", "champion")]


def test_the_first_change_that_reached_us_says_what_the_record_said_until_then(engine: Engine) -> None:
    since = (NOON - 50 * DAY).isoformat()
    first = event(1, EventKind.STAGE_CHANGED, properties={"from": "lead", "to": "mql", "from_since": since})
    late = event(9, EventKind.STAGE_CHANGED, properties={"from": "subscriber", "to": "lead"})
    bens = event(
        4, EventKind.STAGE_CHANGED, contact_id=BEN.id, properties={"to": "lead", "from_since": "soon"}
    )
    receive(engine, NOON - HOUR, first, bens)
    receive(engine, NOON, late)
    assert list(FeatureReader(engine).stage_changes()) == [
        (ADA.id, "lead", NOON - 50 * DAY, NOON - DAY, NOON - DAY),
        (BEN.id, None, None, NOON - 4 * DAY, NOON - 4 * DAY),
    ]


@pytest.mark.parametrize("ids", [("a", "b"), ("b", "a")], ids=["told first", "told last"])
def test_who_moves_on_later_looks_the_same_then_whatever_else_tells_of_it(
    engine: Engine, ids: tuple[str, str]
) -> None:
    """An import and the source's own event tell of one change; were "from" lost, no stage would tell of the future."""
    feed, then = FeatureFeed(FeatureReader(engine)), NOON - 2 * DAY
    book = feed.book([ASSET], then)
    decided_on = book.matrix(book.rows([ADA.id]), then)
    told = {"from": "mql", "to": "sql"}
    receive(
        engine,
        NOON,
        event(1, EventKind.STAGE_CHANGED, id=f"{ids[0]}:stage", properties={"to": "sql"}),
        event(1, EventKind.STAGE_CHANGED, id=f"{ids[1]}:stage", properties=told),
        event(0, EventKind.STAGE_CHANGED, properties={"from": "sql", "to": "opportunity"}),
    )
    with engine.begin() as connection:
        moved = {"lifecycle_stage": "opportunity", "stage_since": NOON}
        connection.execute(update(CONTACTS).where(CONTACTS.c.id == ADA.id).values(moved))
    x, _ = feed.past([ASSET], [ADA.id], [then], NOON, ActionTable.of((SILENCE,), {}))
    assert decided_on[0, NAMES.index("stage:mql")] == 1
    np.testing.assert_array_equal(x[0], decided_on[0])


def test_a_state_kept_in_a_file_goes_on_as_if_it_was_built_anew(engine: Engine, tmp_path: Path) -> None:
    kept = FeatureFeed(FeatureReader(engine), tmp_path / "features.npz")
    receive(engine, NOON - 3 * DAY, *(event(number) for number in range(4, 40)), event(-1))
    kept.book([ASSET], NOON - 2 * DAY)
    receive(
        engine, NOON - DAY, event(3), event(2, EventKind.EMAIL_CLICKED, contact_id=BEN.id, asset_id="guide")
    )
    on, anew = kept.book([ASSET], NOON), FeatureFeed(FeatureReader(engine)).book([ASSET], NOON)
    assert np.array_equal(vectors(on), vectors(anew))
    assert np.array_equal(on.state.sums[:3], anew.state.sums[:3])
    assert len(on.state.waiting) == len(anew.state.waiting) == 1


def test_people_alike_are_the_same_kept_built_anew_and_read_again_later(
    engine: Engine, tmp_path: Path
) -> None:
    """Over the start of a week, and with classes: what was decided on is what is read again."""
    kept = FeatureFeed(FeatureReader(engine), tmp_path / "features.npz")
    moments = [NOON - 9 * DAY, NOON - DAY, NOON]
    action = Action(asset_id=ASSET.id, channel="email")
    table = ActionTable.of((action, SILENCE), {ASSET.id: ASSET})
    decided = []
    for round_, moment in enumerate(moments):
        acts = [
            event(
                1_000 * round_ + number,
                at=moment - (number % 6 + 1) * HOUR,
                contact_id=EVERYONE[number % 3],
                topic="planning" if number % 3 else "other",
            )
            for number in range(40)
        ]
        receive(engine, moment - HOUR / 2, *acts)
        book = kept.book([ASSET], moment)
        anew = FeatureFeed(FeatureReader(engine)).book([ASSET], moment)
        fits, others = (one.dyads(one.rows(EVERYONE), table, moment) for one in (book, anew))
        assert book.state.classes is not None
        assert np.array_equal(fits, others)
        decided.append(fits)
    _, again = kept.past([ASSET], EVERYONE * 3, [m for m in moments for _ in EVERYONE], NOON, table)
    assert np.array_equal(again, np.concatenate(decided))


def test_a_kept_state_reads_only_what_is_new(engine: Engine, tmp_path: Path) -> None:
    feed = FeatureFeed(FeatureReader(engine), tmp_path / "features.npz")
    receive(engine, NOON - DAY, event(5))
    before = feed.book([ASSET], NOON - HOUR).state
    # Not told by any count: only a state that was kept still knows it.
    with engine.begin() as connection:
        connection.execute(EVENTS.update().values(kind=EventKind.NOTE_ADDED.value))
    after = feed.book([ASSET], NOON).state
    assert np.array_equal(after.sums[:3], before.sums[:3])


@pytest.mark.parametrize("damage", ["cut", "garbage", "version", "shuffled bytes"])
def test_a_damaged_or_foreign_file_is_built_again(engine: Engine, tmp_path: Path, damage: str) -> None:
    path = tmp_path / "features.npz"
    feed = FeatureFeed(FeatureReader(engine), path)
    receive(engine, NOON - DAY, event(5), event(6))
    expected = vectors(feed.book([ASSET], NOON))
    whole = path.read_bytes()
    middle = len(whole) // 2
    path.write_bytes(
        {
            "cut": whole[:middle],
            "garbage": b"not an archive",
            "version": whole.replace(b"features-3", b"features-2"),
            "shuffled bytes": whole[: middle - 40] + bytes(80) + whole[middle + 40 :],
        }[damage]
    )
    assert np.array_equal(vectors(feed.book([ASSET], NOON)), expected)
    assert read_arrays(path)[0]["version"] == "features-3"


def test_a_changed_past_is_built_again(engine: Engine, tmp_path: Path) -> None:
    feed = FeatureFeed(FeatureReader(engine), tmp_path / "features.npz")
    receive(engine, NOON - DAY, event(5), event(6))
    feed.book([ASSET], NOON)
    with engine.begin() as connection:
        connection.execute(delete(EVENTS).where(EVENTS.c.id == "web:5"))
    anew = FeatureFeed(FeatureReader(engine)).book([ASSET], NOON)
    assert np.array_equal(vectors(feed.book([ASSET], NOON)), vectors(anew))


def test_a_contact_who_is_gone_leaves_nothing_behind(engine: Engine, tmp_path: Path) -> None:
    feed = FeatureFeed(FeatureReader(engine), tmp_path / "features.npz")
    receive(engine, NOON - DAY, event(5, contact_id=CLEO.id))
    feed.book([ASSET], NOON)
    with engine.begin() as connection:
        connection.execute(EVENTS.update().values(contact_id=ADA.id))
        connection.execute(delete(CONTACTS).where(CONTACTS.c.id == CLEO.id))
    book = feed.book([ASSET], NOON)
    assert CLEO.id not in book.state.roster
    assert book.matrix(book.rows([ADA.id]), NOON)[0, NAMES.index("recency:visit")] > 0


def test_a_topic_new_to_the_library_is_counted_from_the_beginning(engine: Engine, tmp_path: Path) -> None:
    feed = FeatureFeed(FeatureReader(engine), tmp_path / "features.npz")
    receive(engine, NOON - DAY, event(5, topic="security"))
    feed.book([ASSET], NOON)
    grown = [ASSET, ASSET.model_copy(update={"id": "other", "topics": ("security",)})]
    book = feed.book(grown, NOON)
    place = book.state.library.book.place("security")
    assert place < 12
    assert vectors(book)[0, NAMES.index(f"topic:{place}")] > 0


def test_a_moment_before_the_kept_state_is_built_anew_and_knows_no_later_event(
    engine: Engine, tmp_path: Path
) -> None:
    feed = FeatureFeed(FeatureReader(engine), tmp_path / "features.npz")
    receive(engine, NOON - 9 * DAY, event(10))
    then = vectors(feed.book([ASSET], NOON - 5 * DAY), NOON - 5 * DAY)
    receive(engine, NOON - DAY, event(2), event(8))
    feed.book([ASSET], NOON)
    assert np.array_equal(vectors(feed.book([ASSET], NOON - 5 * DAY), NOON - 5 * DAY), then)


def test_features_of_a_past_decision_read_later_are_those_it_was_made_on(
    engine: Engine, tmp_path: Path
) -> None:
    feed = FeatureFeed(FeatureReader(engine), tmp_path / "features.npz")
    then, actions = NOON - 5 * DAY, (Action(asset_id="guide", channel="email"), SILENCE)
    table = ActionTable.of(actions, {"guide": ASSET})
    receive(engine, NOON - 9 * DAY, *(event(number) for number in range(10, 30)))
    served = feed.book([ASSET], then)
    x, fits = vectors(served, then), served.dyads(served.rows(EVERYONE), table, then)
    # What comes to be known afterwards: acts, late arrivals, and that Ada became a customer.
    change = event(2, EventKind.STAGE_CHANGED, properties={"from": "mql", "to": "customer"})
    receive(
        engine, NOON - DAY, change, event(1, contact_id=BEN.id), event(20, EventKind.EMAIL_REPLIED, id="late")
    )
    with engine.begin() as connection:
        customer = {"lifecycle_stage": "customer", "stage_since": change.at}
        connection.execute(CONTACTS.update().where(CONTACTS.c.id == ADA.id).values(customer))
    at = [then] * 3 + [NOON]
    later, later_fits = feed.past([ASSET], (*EVERYONE, ADA.id), at, NOON, table)
    assert np.array_equal(later[:3], x)
    assert np.array_equal(later_fits[:3], fits)
    assert np.array_equal(later[3], vectors(feed.book([ASSET], NOON))[0])
    assert later[3, NAMES.index("stage:customer")] == 1


def test_imported_history_counts_from_when_it_happened_where_asked(engine: Engine) -> None:
    receive(engine, NOON, event(30))
    feed, column = FeatureFeed(FeatureReader(engine)), NAMES.index("recency:visit")
    past = {
        by_arrival: feed.past([ASSET], [ADA.id], [NOON - 20 * DAY], NOON, by_arrival=by_arrival)[0]
        for by_arrival in (True, False)
    }
    assert past[True][0, column] == 0
    assert past[False][0, column] == pytest.approx(0.5 ** (10 / 14), rel=1e-5)


def test_an_event_that_arrived_late_is_not_known_before(engine: Engine) -> None:
    receive(engine, NOON + timedelta(seconds=1), event(5))
    book = FeatureFeed(FeatureReader(engine)).book([ASSET], NOON)
    assert vectors(book)[0, NAMES.index("recency:visit")] == 0


def test_a_file_that_is_none_names_itself_and_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "features.npz"
    path.write_bytes(b"PK")
    with pytest.raises(DamagedArrays, match="built again"):
        read_arrays(path)
