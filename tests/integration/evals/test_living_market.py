"""The sample market living on: rows an importer could have brought, the same for the same decisions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache

import pytest

from domain.campaign import SendSlot
from domain.events import EventKind
from domain.records import ContactRow, DealRow, EventRow, Row
from evals.market.living import LivingMarket, Sending
from evals.market.sample import sample_assets, sample_market

START = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
WEEK = timedelta(days=7)


def sendings(market: LivingMarket, every: int = 3) -> list[Sending]:
    """The first asset for every third person, at most one a week each."""
    return [
        Sending(person.id, sample_assets()[i % 24].id, SendSlot.MORNING, market.now + timedelta(hours=i % 90))
        for i, person in enumerate(market.people)
        if i % every == 0
    ]


def weeks(count: int, *, sends: bool) -> list[Row]:
    market = LivingMarket(7, START)
    rows: list[Row] = []
    for _ in range(count):
        rows += market.turn(sendings(market) if sends else [], market.now + WEEK)
    return rows


@cache
def written_to() -> tuple[Row, ...]:
    return tuple(weeks(6, sends=True))


def events(rows: tuple[Row, ...] | list[Row]) -> list[EventRow]:
    return [row for row in rows if isinstance(row, EventRow)]


def test_the_same_decisions_bring_the_same_rows() -> None:
    assert tuple(weeks(2, sends=True)) == tuple(weeks(2, sends=True))


def test_its_people_are_the_sample_markets() -> None:
    known = {row.external_id for row in sample_market(7, START) if isinstance(row, ContactRow)}
    assert {person.id for person in LivingMarket(7, START).people} == known


def test_every_event_has_an_id_of_its_own_and_lies_in_the_weeks_lived() -> None:
    found = events(written_to())
    assert len({event.provider_id for event in found}) == len(found)
    assert all(START <= event.at < START + 6 * WEEK for event in found)


def test_messages_bring_human_and_machine_clicks_and_replies() -> None:
    found = events(written_to())
    clicks = [event for event in found if event.kind is EventKind.EMAIL_CLICKED]
    assert {event.is_machine for event in clicks} == {True, False}
    assert any(event.kind is EventKind.EMAIL_REPLIED and event.text for event in found)


def test_where_nothing_is_sent_nothing_comes_back_by_mail_and_deals_still_move() -> None:
    rows = weeks(6, sends=False)
    kinds = {event.kind for event in events(rows)}
    assert not {kind for kind in kinds if kind.value.startswith(("email", "meeting"))}
    assert {EventKind.PAGE_VIEWED, EventKind.STAGE_CHANGED, EventKind.DEAL_LOST} <= kinds
    assert any(isinstance(row, DealRow) for row in rows)


def test_what_a_deal_event_refers_to_is_a_deal_told_before_it() -> None:
    known = {row.external_id for row in sample_market(7, START) if isinstance(row, DealRow)}
    for row in written_to():
        if isinstance(row, DealRow):
            known.add(row.external_id)
        elif isinstance(row, EventRow) and row.deal_external_id:
            assert row.deal_external_id in known


def test_somebody_who_opted_out_brings_nothing() -> None:
    market = LivingMarket(7, START)
    gone = next(person for person in market.people if person.row.is_opted_out)
    assert market.respond([Sending(gone.id, sample_assets()[0].id, None, START)]) == []


def test_silence_brings_nothing() -> None:
    market = LivingMarket(7, START)
    assert market.respond([Sending(market.people[0].id, None, None, START)]) == []


def test_after_an_unsubscribe_nothing_comes_of_later_messages() -> None:
    left_at: dict[str, datetime] = {}
    for event in events(written_to()):
        if event.kind in {EventKind.EMAIL_UNSUBSCRIBED, EventKind.EMAIL_COMPLAINED}:
            left_at[event.contact_external_id or ""] = event.at
    later = [
        event
        for event in events(written_to())
        if event.kind is EventKind.EMAIL_CLICKED
        and event.contact_external_id in left_at
        and event.at > left_at[event.contact_external_id] + timedelta(days=2)
    ]
    assert left_at
    assert later == []


def test_time_passes_without_a_gap() -> None:
    market = LivingMarket(7, START)
    with pytest.raises(ValueError, match="go on from there"):
        market.live(START + WEEK, START + 2 * WEEK)


@pytest.mark.parametrize(
    ("contact", "asset", "at", "says"),
    [
        ("nobody", "demo-yard", START, "no contact"),
        ("con-00003", "nothing", START, "no asset"),
        ("con-00003", "demo-yard", START - timedelta(days=2), "not within"),
        ("con-00003", "demo-yard", START + timedelta(days=30), "not within"),
    ],
)
def test_a_decision_that_makes_no_sense_is_refused(contact: str, asset: str, at: datetime, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        LivingMarket(7, START).respond([Sending(contact, asset, None, at)])


def test_a_start_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        LivingMarket(7, START.replace(tzinfo=None))
