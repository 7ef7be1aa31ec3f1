"""What single columns say: stages, firms, colleagues, deals, topics, each as of the moment asked about."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from domain.events import EventKind
from domain.people import Account, Contact, LifecycleStage, Seniority
from domain.traits import (
    AccountTraits,
    ContactTraits,
    DealPart,
    DealStep,
    DealTraits,
    Happening,
    StageChanges,
)
from learning.features import NAMES, FeatureBook, columns
from learning.features.acts import ACT_OF_KIND, HALF_LIFE_DAYS
from learning.features.columns import GROUPS
from learning.features.deals import Deals
from learning.features.events import happening
from learning.features.library import AssetBook
from learning.features.profiles import Profiles
from learning.features.roster import Roster
from learning.features.state import FeatureState
from learning.features.topics import NAMED, WIDTH, TopicBook, bucket
from tests.unit.learning.journal import DAY, HOUR, LIBRARY, NOON, book, bring, did

Seen = dict[str, float]


def seen(of: FeatureBook, contact_id: str, at: datetime = NOON) -> Seen:
    """The contact's vector by name."""
    return dict(zip(NAMES, of.matrix(of.rows([contact_id]), at)[0].tolist(), strict=True))


def stage_of(vector: Seen) -> str:
    (stage,) = [stage for stage in (*LifecycleStage, "unknown") if vector[f"stage:{stage}"] == 1]
    return str(stage)


def staged(record: ContactTraits, at: datetime, *changes: Happening) -> Seen:
    """The contact's vector at a moment, with everything the journal says of stages, later changes too."""
    roster, told = Roster(), []
    if changes:
        first = changes[0].properties or {}
        times = [one.at for one in changes]
        told = [StageChanges(record.id, first.get("from"), first.get("since"), times[0], max(times))]
    profiles = Profiles(roster, [record], [], told)
    of = FeatureBook(FeatureState(roster, AssetBook(TopicBook())), profiles, Deals(profiles.accounts, roster))
    bring(of, changes, at)
    return seen(of, record.id, at)


def changed(to: str, ago: timedelta, **told: object) -> Happening:
    return did("ada", EventKind.STAGE_CHANGED, ago, properties={"to": to, **told})


def test_the_stage_is_the_one_of_then_not_the_one_of_today() -> None:
    today = ContactTraits("ada", lifecycle_stage="customer", stage_since=NOON - 2 * DAY)
    change = changed("customer", 2 * DAY, **{"from": "mql"})
    assert stage_of(staged(today, NOON - 3 * DAY, change)) == "mql"
    assert stage_of(staged(today, NOON, change)) == "customer"


def test_a_change_without_a_date_of_its_own_takes_no_stage_back_to_the_old_date() -> None:
    today = ContactTraits("ada", lifecycle_stage="customer", stage_since=NOON - 60 * DAY)
    change = changed("customer", 2 * DAY, **{"from": "mql"})
    then = staged(today, NOON - 3 * DAY, change)
    assert stage_of(then) == "mql"
    assert then["stage:time"] == pytest.approx(np.log(58) / np.log(731), rel=1e-6)
    assert stage_of(staged(today, NOON, change)) == "customer"


def test_a_vector_of_before_a_change_is_the_one_seen_before_it() -> None:
    then, at = ContactTraits("ada", lifecycle_stage="mql", stage_since=NOON - 60 * DAY), NOON - 3 * DAY
    now = then._replace(lifecycle_stage="customer", stage_since=NOON - 2 * DAY)
    change = changed("customer", 2 * DAY, **{"from": "mql", "since": NOON - 60 * DAY})
    assert staged(now, at, change) == staged(then, at)
    undated = then._replace(stage_since=None)
    unknown = changed("customer", 2 * DAY, **{"from": "mql"})
    assert staged(now, at, unknown) == staged(undated, at)


def test_a_dated_record_without_a_history_says_nothing_about_before() -> None:
    today = ContactTraits("ada", lifecycle_stage="customer", stage_since=NOON - 2 * DAY)
    assert stage_of(staged(today, NOON - 3 * DAY)) == "unknown"
    assert stage_of(staged(today, NOON)) == "customer"


def test_time_in_stage_runs_from_the_change_and_is_missing_where_no_one_says() -> None:
    dated = staged(ContactTraits("ada", lifecycle_stage="sql"), NOON, changed("sql", 20 * DAY))
    assert dated["stage:time"] == pytest.approx(np.log(21) / np.log(731), rel=1e-6)
    assert dated["stage:time:unknown"] == 0
    undated = staged(ContactTraits("ada", lifecycle_stage="sql"), NOON)
    assert (stage_of(undated), undated["stage:time"], undated["stage:time:unknown"]) == ("sql", 0, 1)


def test_what_is_missing_of_a_firm_is_told_by_columns_of_its_own() -> None:
    ada, cleo, dora = (seen(book(), name) for name in ("ada", "cleo", "dora"))
    missing = ("firm:employees:unknown", "firm:revenue:unknown", "industry:unknown")
    assert [ada[name] for name in (*missing, "firm:unknown")] == [0, 0, 0, 0]
    assert [dora[name] for name in (*missing, "firm:unknown")] == [1, 1, 1, 0]
    assert [cleo[name] for name in (*missing, "firm:unknown", "country:unknown")] == [1, 1, 1, 1, 1]
    assert ada["firm:employees"] == pytest.approx(np.log10(901) / 5, rel=1e-6)
    assert ada["firm:revenue"] == pytest.approx(np.log10(90_000_001) / 10, rel=1e-6)


def test_a_colleagues_act_shows_with_the_others_and_not_as_ones_own() -> None:
    of = book()
    bring(of, [did("ada", EventKind.PAGE_VIEWED, 4 * DAY), did("dora", EventKind.PAGE_VIEWED)], NOON)
    ada, ben, dora = (seen(of, name) for name in ("ada", "ben", "dora"))
    assert ben["colleagues:16d"] == pytest.approx(np.log1p(0.5**0.25) / np.log(1_001), rel=1e-5)
    assert ben["colleagues:active"] == pytest.approx(np.log(2) / np.log(11), rel=1e-6)
    assert ben["colleagues:senior"] == pytest.approx(np.log(2) / np.log(6), rel=1e-6)
    assert ben["recency:visit"] == 0
    alone = ("colleagues:16d", "colleagues:64d", "colleagues:active", "colleagues:senior")
    assert [ada[name] for name in alone] == [0] * 4
    assert [dora[name] for name in (*alone, "colleagues:known")] == [0] * 5


def test_a_colleague_who_last_acted_long_ago_is_not_active() -> None:
    of = book()
    bring(of, [did("ada", EventKind.FORM_SUBMITTED, 31 * DAY)], NOON)
    assert seen(of, "ben")["colleagues:active"] == 0
    assert seen(of, "ben")["colleagues:64d"] > 0


def with_deals(
    *deals: DealTraits, steps: tuple[DealStep, ...] = (), parts: tuple[DealPart, ...] = ()
) -> FeatureBook:
    of = book(deals=())
    laid = Deals(of.profiles.accounts, of.state.roster, deals, steps, parts, read_at=NOON - HOUR)
    return FeatureBook(of.state, of.profiles, laid)


def test_a_deal_is_open_from_its_making_to_the_day_it_closed() -> None:
    won = DealTraits(
        "d", "north", "new", 99_00, True, True, (NOON - 10 * DAY).date(), created_at=NOON - 50 * DAY
    )
    for ago, is_open, is_won in ((51, 0, 0), (49, 1, 0), (10, 1, 0), (9, 0, 1)):
        vector = seen(with_deals(won), "ada", NOON - ago * DAY)
        assert (vector["deals:open"] > 0, vector["deals:won"] > 0) == (is_open, is_won), ago
        assert vector["deals:amount"] == pytest.approx(is_open * np.log10(100) / 7, rel=1e-6)


def test_a_win_no_one_dated_explains_no_decision_before_the_crm_was_read() -> None:
    undated = DealTraits("d", "north", is_closed=True, is_won=True)
    assert seen(with_deals(undated), "ada", NOON - DAY)["deals:won"] == 0
    assert seen(with_deals(undated), "ada", NOON)["deals:won"] > 0


def test_a_renewal_is_nearer_the_sooner_it_ends() -> None:
    renewal = DealTraits(
        "d", "north", "renewal", closes_on=(NOON + 30 * DAY).date(), created_at=NOON - 300 * DAY
    )
    vector = seen(with_deals(renewal), "ben")
    assert vector["deals:renewal"] == pytest.approx(0.5 ** (30.5 / 30), rel=1e-5)
    assert vector["deals:amount:unknown"] == 1
    assert seen(with_deals(renewal), "dora")["deals:renewal"] == 0


def test_the_age_of_a_deals_stage_counts_from_the_last_one_entered_by_then() -> None:
    deal = DealTraits("d", "north", created_at=NOON - 80 * DAY)
    steps = tuple(DealStep("d", NOON - days * DAY) for days in (80, 20, -5))
    of = with_deals(deal, steps=steps)
    assert seen(of, "ada", NOON)["deals:stage_age"] == pytest.approx(np.log(21) / np.log(366), rel=1e-6)
    assert seen(with_deals(deal), "ada")["deals:stage_age:unknown"] == 1


def test_a_part_is_played_only_while_its_deal_is_open() -> None:
    over = DealTraits("d", "north", "new", 1, True, False, (NOON - 5 * DAY).date(), NOON - 50 * DAY)
    of = with_deals(over, parts=(DealPart("ben", "d", "economic_buyer"), DealPart("ada", "d", "user")))
    assert seen(of, "ben", NOON - 9 * DAY)["part:decision_maker"] == 1
    assert seen(of, "ben", NOON)["part:decision_maker"] == 0
    assert seen(of, "ada", NOON)["part:champion"] == 0


def test_interest_comes_from_the_event_its_asset_and_the_words_said_each_once() -> None:
    of = book()
    told = did("ada", EventKind.EMAIL_REPLIED, HOUR, "Pricing", asset_id="demo", text="Security? SECURITY!")
    bring(of, [told], NOON)
    vector, topics = seen(of, "ada"), of.state.library.book
    once = np.log1p(0.5 ** (1 / 24 / 64)) / np.log(21)
    for topic in ("pricing", "security"):
        assert vector[f"topic:{topics.place(topic)}"] == pytest.approx(once, rel=1e-5)
    assert sum(vector[f"topic:{place}"] > 0 for place in range(WIDTH)) == 2


def test_what_we_sent_is_pressure_and_no_interest() -> None:
    of = book()
    bring(of, [did("ada", EventKind.EMAIL_SENT, HOUR, "pricing", asset_id="guide")], NOON)
    vector = seen(of, "ada")
    assert vector["count:sent:4d"] > 0
    assert not any(vector[f"topic:{place}"] for place in range(WIDTH))
    assert not any(value for name, value in vector.items() if name.startswith("answered:"))


def test_the_answer_rate_is_answers_over_messages_and_one() -> None:
    of = book()
    sent = [did("ada", EventKind.EMAIL_SENT, HOUR, id=str(i)) for i in range(3)]
    bring(of, [*sent, did("ada", EventKind.EMAIL_CLICKED, HOUR)], NOON)
    assert seen(of, "ada")["answer_rate"] == pytest.approx(0.25, abs=1e-3)


def test_a_library_topic_has_a_column_of_its_own_and_keeps_it_as_the_library_grows() -> None:
    first = TopicBook.of([f"topic {i}" for i in range(8)])
    grown = TopicBook.of([f"topic {i}" for i in range(11)], earlier=first)
    places = [grown.place(f"Topic {i} ") for i in range(11)]
    assert len(set(places)) == 11
    assert places[:8] == [first.place(f"topic {i}") for i in range(8)]
    assert max(places) < NAMED


def test_a_topic_the_library_does_not_know_is_hashed_into_the_shared_columns() -> None:
    full = TopicBook.of([f"topic {i:02}" for i in range(14)])
    for unknown in ("topic 12", "topic 13", "a form's title"):
        assert NAMED <= full.place(unknown) < WIDTH


def test_hashing_is_the_same_on_every_machine() -> None:
    assert [bucket(name, 1_000) for name in ("retail", "DE", "größe")] == [955, 970, 705]


def test_every_column_is_told_in_words_and_belongs_to_a_group() -> None:
    labelled = columns(TopicBook.of(["pricing"]))
    assert "interest in pricing" in {column.label for column in labelled}
    assert {column.group for column in labelled} == set(GROUPS)
    assert len(labelled) == 110


def test_every_kind_of_event_a_person_can_answer_with_is_an_act() -> None:
    uncounted = {kind for kind in EventKind if kind not in ACT_OF_KIND}
    assert not {kind.value.split("_")[0] for kind in uncounted} - {
        "email",
        "task",
        "stage",
        "deal",
        "customer",
        "renewed",
    }
    assert EventKind.EMAIL_OPENED in ACT_OF_KIND
    assert all(max(HALF_LIFE_DAYS) % days == 0 for days in HALF_LIFE_DAYS)


def test_nouns_and_rows_of_the_crm_give_the_same_features() -> None:
    roster, account = Roster(), Account(id="a", name="A", industry="Retail", employees=5, country="FR")
    person = Contact(id="p", account_id="a", seniority=Seniority.MANAGER, lifecycle_stage=LifecycleStage.SQL)
    profiles = Profiles.of(roster, [(person, account)])
    of = FeatureBook(
        FeatureState(roster, AssetBook(TopicBook(), LIBRARY)), profiles, Deals(profiles.accounts, roster)
    )
    traits = ContactTraits("p", "a", "manager", None, None, "sql")
    same = book([traits], [AccountTraits("a", "Retail", 5, None, "FR")], [])
    assert seen(of, "p") == seen(same, "p")


def test_an_event_of_1969_or_of_nobody_is_left_out() -> None:
    of = book()
    ancient = datetime(1969, 7, 20, tzinfo=UTC)
    bring(of, [did("ada", EventKind.PAGE_VIEWED, at=ancient), did("", EventKind.PAGE_VIEWED)], NOON)
    assert not of.state.sums.any()


def test_an_event_noun_is_transcribed_like_a_row() -> None:
    from domain.events import Event

    event = Event(
        id="w:1", kind=EventKind.PAGE_VIEWED, at=NOON - timedelta(days=1), source="w", contact_id="ada"
    )
    assert happening(event) == Happening("w:1", "page_viewed", NOON - DAY, "ada", properties={})


def test_one_rare_act_weighs_more_than_one_common_one() -> None:
    of = book()
    bring(of, [did("ada", EventKind.EMAIL_REPLIED, HOUR), did("ada", EventKind.PAGE_VIEWED, HOUR)], NOON)
    vector = seen(of, "ada")
    assert vector["count:reply:64d"] > 2 * vector["count:visit:64d"] > 0
