"""One account's reads: parts in deals, acts by week, what happened, what waits, who objected."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine

from domain.events import Event, EventKind
from domain.people import BuyingRole, BuyingRoleKind, Deal, Suppression, SuppressionReason
from memory.crm import codec
from memory.crm.account_reader import AccountReader
from memory.crm.journal import Journal
from memory.crm.proposals import ProposalStore
from memory.crm.statements import BUYING_ROLES, DEALS, SUPPRESSIONS, insert_all, writing
from tests.contracts.crm_sample import ADA, BEN, CLEO, DAY, HOUR, NOON, pending, proposal, review, seed


@pytest.fixture
def reader(engine: Engine) -> AccountReader:
    seed(engine)
    return AccountReader(engine)


def acted(engine: Engine, *events: tuple[str, str | None, float, EventKind]) -> None:
    """Write events: id, contact (None: the account as a whole), days ago, kind."""
    told = [
        Event(
            id=f"web:{name}",
            kind=kind,
            at=NOON - days * DAY,
            source="web",
            contact_id=who,
            account_id=None if who else "a_1",
        )
        for name, who, days, kind in events
    ]
    Journal(engine, lambda: NOON).append(told)


def test_acts_are_counted_by_week_of_everyone_there_and_nobody_else(
    reader: AccountReader, engine: Engine
) -> None:
    viewed, opened = EventKind.PAGE_VIEWED, EventKind.EMAIL_OPENED
    acted(
        engine,
        ("now", ADA.id, 0, viewed),
        ("edge", BEN.id, 6.99, viewed),
        ("week", ADA.id, 7, viewed),
        ("firm", None, 13, viewed),
        ("old", ADA.id, 21, viewed),
        ("open", ADA.id, 1, opened),
        ("other", CLEO.id, 1, viewed),
    )
    machine = Event(id="web:m", kind=viewed, at=NOON - DAY, source="web", contact_id=ADA.id, is_machine=True)
    Journal(engine, lambda: NOON).append([machine])
    assert reader.weeks("a_1", NOON, 3) == (0, 2, 2)


def test_what_happened_is_told_newest_first_and_cut(reader: AccountReader, engine: Engine) -> None:
    kind = EventKind.PAGE_VIEWED
    acted(
        engine, ("a", ADA.id, 3, kind), ("b", BEN.id, 2, kind), ("c", None, 1, kind), ("x", CLEO.id, 0, kind)
    )
    both = Event(id="web:d", kind=kind, at=NOON - 4 * DAY, source="web", contact_id=ADA.id, account_id="a_1")
    Journal(engine, lambda: NOON).append([both])
    assert [event.id for event in reader.events("a_1")] == ["web:c", "web:b", "web:a", "web:d"]
    assert [event.id for event in reader.events("a_1", limit=2)] == ["web:c", "web:b"]


def test_parts_in_this_accounts_deals_are_told(reader: AccountReader, engine: Engine) -> None:
    deals = [
        Deal(id="x_1", account_id="a_1", name="Ours", stage="open"),
        Deal(id="x_2", name="Other", stage="open"),
    ]
    roles = [
        BuyingRole(contact_id=ADA.id, deal_id="x_1", kind=BuyingRoleKind.CHAMPION),
        BuyingRole(contact_id=ADA.id, deal_id="x_2"),
        BuyingRole(contact_id=CLEO.id, deal_id="x_1"),
    ]
    with writing(engine) as connection:
        insert_all(connection, DEALS, [codec.deal_row(deal) for deal in deals])
        insert_all(connection, BUYING_ROLES, [codec.role_row(role) for role in roles])
    assert reader.roles("a_1") == (roles[0], roles[2])


def test_only_what_still_waits_is_told(reader: AccountReader, engine: Engine) -> None:
    proposals = ProposalStore(engine)
    for contact in (ADA, BEN, CLEO):
        proposals.open(proposal(contact), pending(contact))
    proposals.settle(review(proposal(BEN)), proposal(BEN))
    assert [one.contact_id for one in reader.waiting("a_1")] == [ADA.id]


def test_all_have_objected_only_where_everyone_has(reader: AccountReader, engine: Engine) -> None:
    def object_to(address: str, contact_id: str | None) -> None:
        stop = Suppression(
            address=address, channel="all", reason=SuppressionReason.OBJECTION, source="x", since=NOON - HOUR,
            contact_id=contact_id,
        )  # fmt: skip
        with writing(engine) as connection:
            insert_all(connection, SUPPRESSIONS, [codec.suppression_row(stop)])

    assert not reader.have_all_objected("a_1")
    object_to(str(ADA.email), None)
    assert not reader.have_all_objected("a_1")
    object_to("ben@old.example", BEN.id)
    assert reader.have_all_objected("a_1")
    assert not reader.have_all_objected("a_none")
