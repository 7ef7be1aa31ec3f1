"""The sample market: the same for a seed, plausible, labelled, and on reserved domains throughout."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import combinations, islice
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.content import AssetKind
from domain.events import EventKind
from domain.people import DealKind, LifecycleStage, Seniority
from domain.records import AccountRow, ContactRow, DealRow, DealStageRow, EventRow, RoleRow, Row
from evals.market.census import Census
from evals.market.chance import moment
from evals.market.sample import SAMPLE_LABEL, sample_assets, sample_campaigns, sample_market, sample_sender
from policies.audience import validate_fields
from policies.rulebook import load_rulebook

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
ENOUGH = 4_000
"""Rows that hold every account, contact and deal and the events of the first people."""

DISTANCE_OF_COLLEAGUES = 0.4
"""Mean total variation between the topics of two colleagues; the same mix for all would give near zero."""


@cache
def market(seed: int = 7) -> tuple[Row, ...]:
    return tuple(sample_market(seed, NOW))


@cache
def census() -> Census:
    return Census(NOW).take(market())


def events() -> list[EventRow]:
    return [row for row in market() if isinstance(row, EventRow)]


def test_a_seed_and_a_moment_give_the_same_market() -> None:
    assert tuple(islice(sample_market(7, NOW), ENOUGH)) == market()[:ENOUGH]


def test_another_seed_gives_another_market() -> None:
    ours = [row.name for row in market() if isinstance(row, AccountRow)]
    others = [row.name for row in islice(sample_market(8, NOW), 300) if isinstance(row, AccountRow)]
    assert ours != others


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        next(sample_market(7, datetime(2026, 11, 24)))  # noqa: DTZ001


def test_the_market_has_the_size_it_is_said_to_have() -> None:
    counts = Counter(type(row) for row in market())
    assert counts[AccountRow] == 300
    assert 1_100 <= counts[ContactRow] <= 1_300
    assert 14_000 <= counts[EventRow] <= 20_000
    assert len(sample_assets()) == 24


def test_the_market_is_labelled_as_generated() -> None:
    assert "Generated" in SAMPLE_LABEL
    assert all(row.attributes["sample"] for row in market() if isinstance(row, AccountRow))
    assert {row.source for row in market() if not hasattr(row, "reason")} == {"sample"}


def test_every_address_lies_on_a_reserved_domain_and_belongs_to_one_person() -> None:
    addresses = [row.email for row in market() if isinstance(row, ContactRow) and row.email]
    assert all(address.isascii() and address.endswith(".example") for address in addresses)
    assert len(set(addresses)) == len(addresses)
    assert str(sample_sender().from_email).endswith(".example")


def test_what_rows_refer_to_came_before_them() -> None:
    known: set[str | None] = {None}
    for row in market():
        if isinstance(row, AccountRow | ContactRow | DealRow):
            known.add(row.external_id)
        if isinstance(row, ContactRow | EventRow | DealRow):
            assert row.account_external_id in known
        if isinstance(row, EventRow | RoleRow):
            assert row.contact_external_id in known
        if isinstance(row, EventRow | RoleRow | DealStageRow):
            assert row.deal_external_id in known


def test_events_are_told_once_and_lie_in_the_ninety_days_before_now() -> None:
    assert len({event.provider_id for event in events()}) == len(events())
    assert all(NOW - timedelta(days=90) <= event.at <= NOW for event in events())


@given(
    st.datetimes(min_value=datetime(2025, 1, 1), max_value=datetime(2030, 1, 1)),  # noqa: DTZ001
    st.sampled_from(("Asia/Tokyo", "America/Los_Angeles", "Europe/Berlin", "Australia/Perth")),
    st.integers(),
    st.floats(0, 40),
)
def test_an_act_falls_into_a_working_hour_before_now_whenever_the_demo_starts(
    at: datetime, zone: str, seed: int, least_days: float
) -> None:
    now = at.replace(tzinfo=UTC)
    drawn = moment(random.Random(seed), now, ZoneInfo(zone), least_days)
    local = drawn.astimezone(ZoneInfo(zone))
    assert now - timedelta(days=90) <= drawn < now
    assert local.weekday() < 5
    assert 8 <= local.hour <= 18


def test_events_name_only_known_content_and_topics() -> None:
    assets = {asset.id for asset in sample_assets()}
    topics = {topic for asset in sample_assets() for topic in asset.topics}
    assert {event.asset_id for event in events()} <= assets | {None}
    assert {event.topic for event in events()} == topics | {None}


def test_what_we_sent_is_not_told_as_what_they_are_interested_in() -> None:
    assert {event.topic for event in events() if event.kind is EventKind.EMAIL_SENT} == {None}


def test_machines_open_and_click_and_are_marked() -> None:
    machine = Counter(event.kind for event in events() if event.is_machine)
    assert set(machine) == {EventKind.EMAIL_OPENED, EventKind.EMAIL_CLICKED}


def test_colleagues_look_at_different_things() -> None:
    topics: dict[str, Counter[str]] = defaultdict(Counter)
    for event in events():
        if event.contact_external_id and event.topic and not event.is_machine:
            topics[event.contact_external_id][event.topic] += 1
    staff: dict[str, list[Counter[str]]] = defaultdict(list)
    for row in census().contacts:
        if topics[row.external_id or ""].total() >= 4:
            staff[row.account_external_id or ""].append(topics[row.external_id or ""])
    distances = [_distance(one, other) for people in staff.values() for one, other in combinations(people, 2)]
    assert len(distances) > 300
    assert sum(distances) / len(distances) > DISTANCE_OF_COLLEAGUES


def _distance(one: Counter[str], other: Counter[str]) -> float:
    return sum(abs(one[t] / one.total() - other[t] / other.total()) for t in one | other) / 2


def test_every_kind_of_refusal_has_somebody() -> None:
    refused = census().refusals(load_rulebook())
    assert {"C-03", "C-09", "C-11", "C-19", "C-20", "C-26"} <= set(refused)
    assert refused[""] > 700


def test_there_are_executives_renewals_and_large_deals() -> None:
    deals = [row for row in market() if isinstance(row, DealRow)]
    soon = (NOW + timedelta(days=60)).date()
    renewals = [d for d in deals if d.kind is DealKind.RENEWAL and d.closes_on and d.closes_on <= soon]
    large = [d for d in deals if not d.is_closed and (d.amount_cents or 0) >= 5_000_000]
    assert sum(row.seniority is Seniority.EXECUTIVE for row in census().contacts) >= 20
    assert 10 <= len(renewals) <= 25
    assert 2 <= len(large) <= 8


def test_two_records_carry_orders_from_outside_and_say_so() -> None:
    marked = [event for event in events() if "sample" in event.properties]
    assert {event.kind for event in marked} == {EventKind.NOTE_ADDED, EventKind.FORM_SUBMITTED}


def test_every_claim_is_one_full_sentence_with_its_source() -> None:
    for asset in sample_assets():
        assert 2 <= len(asset.claims) <= 4, asset.id
        for claim in asset.claims:
            assert claim.text[0].isupper(), claim.text
            assert claim.text.endswith("."), claim.text
            assert "!" not in claim.text
            assert ". " not in claim.text, claim.text
            assert 5 <= len(claim.text.split()) <= 30, claim.text
            assert claim.source
            assert claim.approved_by


def test_every_asset_can_be_reached_and_every_stage_has_content() -> None:
    people = {(row.lifecycle_stage, row.seniority) for row in census().contacts}
    for asset in sample_assets():
        stages = asset.stages or tuple(LifecycleStage)
        seniorities = asset.seniorities or tuple(Seniority)
        assert any((stage, rank) in people for stage in stages for rank in seniorities), asset.id
    for stage in LifecycleStage:
        assert sum(not asset.stages or stage in asset.stages for asset in sample_assets()) >= 5, stage


def test_industries_of_content_are_industries_of_companies() -> None:
    industries = {account.industry for account in census().accounts.values()}
    assert {name for asset in sample_assets() for name in asset.industries} <= industries


def test_every_link_leads_to_the_senders_hosts() -> None:
    hosts = set(sample_sender().link_hosts)
    urls = [str(asset.url) for asset in sample_assets()] + [str(sample_sender().unsubscribe_url)]
    assert {urlsplit(url).hostname for url in urls} <= hosts
    assert all(host.endswith(".example") for host in hosts)


def test_there_is_one_priced_offer_and_one_meeting() -> None:
    kinds = Counter(asset.kind for asset in sample_assets())
    offers = [asset.offer for asset in sample_assets() if asset.offer]
    assert kinds[AssetKind.OFFER] == kinds[AssetKind.MEETING] == len(offers) == 1
    assert offers[0].price_cents


@pytest.mark.parametrize("campaign", sample_campaigns(), ids=lambda campaign: campaign.id)
def test_a_campaign_names_known_fields_and_content_and_means_somebody(campaign) -> None:  # type: ignore[no-untyped-def]
    validate_fields(campaign.audience)
    assert set(campaign.assets) <= {asset.id for asset in sample_assets()}
    refused = census().refusals(load_rulebook(), campaign)
    assert refused[""] >= 50
    assert len(refused) >= 4
