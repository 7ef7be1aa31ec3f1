"""Two campaigns, one contact, one place left: the message worth more goes, and the other says to whom it lost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from agents.dispatch import deliver
from domain.campaign import Autonomy
from domain.events import EventKind
from domain.message import OutboxEntry, OutboxStatus
from domain.run import ContactOutcome
from memory.crm.audience import AudienceReader
from memory.crm.content import ContentStore
from memory.crm.journal import Journal
from memory.crm.outbox import OutboxStore
from memory.crm.statements import DECISIONS, OUTBOX, writing
from policies.team import BannedPhrase, TeamRules
from tests.bench import Shop
from tests.neighbourhood import CASE_STUDY, OLA, TUESDAY, campaign, did, move_in


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    shop = Shop(tmp_path)
    move_in(shop.engine)
    yield shop
    shop.close()


async def waiting(shop: Shop, campaign_id: str) -> OutboxEntry:
    """A message of this campaign that waits for a person."""
    run = shop.decide(campaign(id=campaign_id, autonomy=Autonomy.ASSIST), run_id=f"r_{campaign_id}")
    async with shop.carrier() as carrier:
        assert await carrier.carry(run, OLA.id) is ContactOutcome.WAITING
    (entry,) = shop.bench.outbox.entries(run_id=run.id)  # type: ignore[attr-defined]
    stored: OutboxEntry = entry
    return stored


def expect(shop: Shop, entry: OutboxEntry, value_cents: float | None) -> None:
    """As if the learner had expected this much of the message."""
    decision = shop.bench.crm.decision(entry.decision_id)
    alternatives = [[decision.action.key, 1.0, value_cents, 1.0]]
    with writing(shop.engine) as connection:
        connection.execute(
            update(DECISIONS).where(DECISIONS.c.id == decision.id).values(alternatives=alternatives)
        )


def approve(shop: Shop, *entries: OutboxEntry) -> None:
    with writing(shop.engine) as connection:
        for entry in entries:
            connection.execute(
                update(OUTBOX)
                .where(OUTBOX.c.id == entry.id)
                .values(status=OutboxStatus.APPROVED.value, approved_sha256=entry.message.sha256)
            )


async def two_approved(shop: Shop, first_cents: float | None, second_cents: float | None) -> tuple[str, str]:
    first = await waiting(shop, "spring")
    expect(shop, first, first_cents)
    # Out of the way while the second is decided, or it would not be drafted at all.
    shop.bench.outbox.withdraw(first.id, "for this test")  # type: ignore[attr-defined]
    second = await waiting(shop, "autumn")
    expect(shop, second, second_cents)
    approve(shop, first, second)
    return first.id, second.id


async def test_the_message_worth_more_is_sent_although_the_other_is_asked_first(shop: Shop) -> None:
    first, second = await two_approved(shop, 100.0, 90_000.0)
    lost = await deliver(first, shop.bench)
    assert lost.status is OutboxStatus.REFUSED
    assert lost.detail.startswith("C-26")
    assert "'autumn'" in lost.detail
    assert "900.00" in lost.detail
    assert (await deliver(second, shop.bench)).status is OutboxStatus.SENT
    assert len(shop.mails()) == 1


async def test_where_no_worth_is_known_the_first_goes_and_the_second_keeps_to_the_limit(shop: Shop) -> None:
    first, second = await two_approved(shop, None, None)
    assert (await deliver(first, shop.bench)).status is OutboxStatus.SENT
    refused = await deliver(second, shop.bench)
    assert (refused.status, refused.detail[:4]) == (OutboxStatus.REFUSED, "C-26")


async def test_a_message_that_would_lose_is_not_even_drafted(shop: Shop) -> None:
    entry = await waiting(shop, "spring")
    expect(shop, entry, 90_000.0)
    other = CASE_STUDY.model_copy(update={"id": "guide", "title": "A guide to planning"})
    ContentStore(shop.engine).save_assets([other])
    run = shop.decide(campaign(id="autumn", assets=("guide",)), run_id="r_autumn")
    line = shop.runs.line(run.id, OLA.id)
    assert line is not None
    assert (line.outcome, line.rule_id) == (ContactOutcome.NOT_REACHED, "C-26")
    assert "'spring'" in line.reason


async def test_bulk_and_single_reads_see_the_same_messages_on_their_way(shop: Shop) -> None:
    entry = await waiting(shop, "spring")
    expect(shop, entry, 4_200.0)
    bulk = AudienceReader(shop.engine, shop.clock).standings([OLA.id], until=TUESDAY)[OLA.id]
    single = shop.bench.crm.dossier(OLA.id).standing
    assert bulk.open_messages == single.open_messages
    assert [(m.entry_id, m.is_approved, m.value_cents) for m in bulk.open_messages] == [
        (entry.id, False, 4_200.0)
    ]


async def test_an_address_that_bounced_softly_too_often_rests_in_bulk_and_at_the_send(shop: Shop) -> None:
    entry = await waiting(shop, "spring")
    approve(shop, entry)
    bounces = [did(OLA, EventKind.EMAIL_SOFT_BOUNCED, days, "automation") for days in (1, 4, 8)]
    Journal(shop.engine).append(bounces)
    bulk = AudienceReader(shop.engine, shop.clock).standings([OLA.id], until=TUESDAY)[OLA.id]
    single = shop.bench.crm.dossier(OLA.id).standing
    assert bulk.soft_bounced_at == single.soft_bounced_at == tuple(event.at for event in bounces)
    refused = await deliver(entry.id, shop.bench)
    assert (refused.status, refused.detail[:4]) == (OutboxStatus.REFUSED, "C-19")


async def test_a_phrase_banned_while_the_message_waited_stops_it(shop: Shop) -> None:
    entry = await waiting(shop, "spring")
    approve(shop, entry)
    word = entry.message.subject.split()[0]
    banned = TeamRules(banned_phrases=(BannedPhrase(id="T-01", phrase=word),))
    bench = replace(shop.bench, rules=shop.bench.rules.model_copy(update={"team": banned}))
    refused = await deliver(entry.id, bench)
    assert (refused.status, refused.detail[:4]) == (OutboxStatus.REFUSED, "T-01")


async def test_content_another_campaign_sent_meanwhile_is_not_sent_twice(shop: Shop) -> None:
    first, second = await two_approved(shop, None, None)
    assert (await deliver(first, shop.bench)).status is OutboxStatus.SENT
    shop.now = TUESDAY + timedelta(days=20)
    assert (await deliver(second, shop.bench)).status is OutboxStatus.HELD
    OutboxStore(shop.engine, shop.clock).let_go(second, "", shop.now)
    refused = await deliver(second, shop.bench)
    assert (refused.status, refused.detail[:4]) == (OutboxStatus.REFUSED, "H-07")
