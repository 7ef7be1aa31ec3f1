"""What hand-off and churn read: everyone's acts, stages, deals, as of a moment."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import Engine

from domain.events import Event, EventKind
from domain.people import BuyingRole, Deal, DealKind, Suppression, SuppressionReason
from memory.crm import codec
from memory.crm.journal import Journal
from memory.crm.leads import Act, LeadReader, StageEntry
from memory.crm.statements import BUYING_ROLES, DEALS, SUPPRESSIONS, insert_all, writing
from tests.contracts.crm_sample import ACCOUNT, ADA, CLEO, DAY, NOON, seed

DEAL = Deal(
    id="d_1",
    account_id=ACCOUNT.id,
    name="Northwind renewal",
    kind=DealKind.RENEWAL,
    stage="open",
    amount_cents=900_00,
    closes_on=date(2026, 5, 1),
    created_at=NOON - 30 * DAY,
)


def event(number: int, kind: EventKind, **changes: object) -> Event:
    happened = Event(id=f"crm:{number}", kind=kind, at=NOON - number * DAY, source="crm", contact_id=ADA.id)
    return happened.model_copy(update=changes)


@pytest.fixture
def reader(engine: Engine) -> LeadReader:
    seed(engine)
    with writing(engine) as connection:
        insert_all(connection, DEALS, [codec.deal_row(DEAL)])
        insert_all(connection, BUYING_ROLES, [codec.role_row(BuyingRole(contact_id=ADA.id, deal_id=DEAL.id))])
    Journal(engine, lambda: NOON).append(
        [
            event(1, EventKind.PAGE_VIEWED),
            event(2, EventKind.EMAIL_CLICKED, is_machine=True),
            event(3, EventKind.STAGE_CHANGED, properties={"from": "lead", "to": "mql"}),
            event(4, EventKind.DEAL_LOST, contact_id=None, deal_id=DEAL.id),
            event(5, EventKind.PAGE_VIEWED, contact_id=CLEO.id),
            event(-1, EventKind.PAGE_VIEWED),
        ]
    )
    return LeadReader(engine, lambda: NOON)


def test_acts_are_peoples_own_up_to_now_oldest_first_with_the_account_they_belong_to(
    reader: LeadReader,
) -> None:
    assert reader.acts() == [
        Act("page_viewed", NOON - 5 * DAY, CLEO.id, None, None),
        Act("deal_lost", NOON - 4 * DAY, None, ACCOUNT.id, DEAL.id),
        Act("stage_changed", NOON - 3 * DAY, ADA.id, ACCOUNT.id, None),
        Act("page_viewed", NOON - DAY, ADA.id, ACCOUNT.id, None),
    ]


def test_nothing_after_the_moment_is_read(reader: LeadReader) -> None:
    assert [act.kind for act in reader.acts(NOON - 4 * DAY)] == ["page_viewed", "deal_lost"]
    assert reader.stages(NOON - 4 * DAY) == []


def test_a_stage_says_what_was_left_and_what_was_entered(reader: LeadReader) -> None:
    assert reader.stages() == [StageEntry(ADA.id, NOON - 3 * DAY, "lead", "mql")]


def test_a_deal_comes_with_the_people_in_it(reader: LeadReader) -> None:
    [deal] = reader.deals()
    assert (deal.kind, deal.amount_cents, deal.contact_ids) == (DealKind.RENEWAL, 900_00, (ADA.id,))
    assert (deal.created_at, deal.closes_on) == (DEAL.created_at, DEAL.closes_on)


def test_people_and_companies_come_by_id_with_gaps_as_gaps(reader: LeadReader) -> None:
    ada, _, cleo = reader.people()
    assert (ada.name, ada.seniority, ada.stage, ada.created_at) == (
        "Ada Byron",
        "director",
        "mql",
        ADA.created_at,
    )
    assert (cleo.account_id, cleo.seniority) == (None, "")
    [company] = reader.companies()
    assert (company.name, company.industry, company.employees) == ("Northwind GmbH", "", None)


@pytest.mark.parametrize(
    ("reason", "never"),
    [
        (SuppressionReason.OBJECTION, {ADA.id}),
        (SuppressionReason.ERASED, {ADA.id}),
        (SuppressionReason.UNSUBSCRIBED, set()),
    ],
)
def test_who_objected_or_was_erased_is_never_to_be_scored(
    reader: LeadReader, engine: Engine, reason: SuppressionReason, never: set[str]
) -> None:
    assert ADA.email is not None
    stop = Suppression(address=ADA.email, reason=reason, source="mail", since=NOON)
    with writing(engine) as connection:
        insert_all(connection, SUPPRESSIONS, [codec.suppression_row(stop)])
    assert reader.objectors() == never
