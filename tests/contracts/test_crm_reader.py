"""What anyone may look up: dossiers and listings, each in its promised order."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine

from domain.errors import NotFound
from domain.events import Event, EventKind
from domain.message import OutboxStatus
from domain.people import BuyingRole, Consent, ConsentBasis, Deal, Suppression, SuppressionReason
from memory.crm import codec, reader
from memory.crm.journal import Journal
from memory.crm.outbox import OutboxStore
from memory.crm.reader import DOSSIER_EVENTS, CrmStore
from memory.crm.runs import RunStore
from memory.crm.statements import (
    BUYING_ROLES,
    CONSENTS,
    DEAL_STAGES,
    DEALS,
    SUPPRESSIONS,
    insert_all,
    writing,
)
from tests.contracts.crm_sample import (
    ACCOUNT,
    ADA,
    ASSET,
    BEN,
    CAMPAIGN,
    CLEO,
    DAY,
    HOUR,
    NOON,
    RUN,
    decision,
    entry,
    seed,
)

DEAL = Deal(id="x_1", account_id="a_1", name="Renewal", stage="open", amount_cents=10**12, created_at=NOON)
STOP = Suppression(
    address="ada@northwind.example", reason=SuppressionReason.HARD_BOUNCE, source="esp", since=NOON
)


def event(number: int, **changes: object) -> Event:
    viewed = Event(
        id=f"web:{number:04}",
        kind=EventKind.PAGE_VIEWED,
        at=NOON - number * HOUR,
        source="web",
        contact_id=ADA.id,
        account_id="a_1",
        topic="planning",
        properties={"path": "/a", "seconds": 3},
    )
    return viewed.model_copy(update=changes)


@pytest.fixture
def crm(engine: Engine) -> CrmStore:
    seed(engine)
    return CrmStore(engine, lambda: NOON)


def test_a_dossier_holds_everything_known(crm: CrmStore, engine: Engine) -> None:
    consents = [
        Consent(
            contact_id=ADA.id,
            basis=ConsentBasis.EXPRESS,
            is_granted=granted,
            recorded_at=NOON - days * DAY,
            source="form",
        )
        for days, granted in ((9, True), (1, False))
    ]
    role = BuyingRole(contact_id=ADA.id, deal_id="x_1")
    with writing(engine) as connection:
        insert_all(connection, DEALS, [codec.deal_row(DEAL)])
        insert_all(connection, BUYING_ROLES, [codec.role_row(role)])
        insert_all(connection, CONSENTS, [codec.consent_row(consent) for consent in consents])
        insert_all(connection, SUPPRESSIONS, [codec.suppression_row(STOP)])
    Journal(engine).append([event(2), event(1)])
    dossier = crm.dossier(ADA.id)
    assert (dossier.contact, dossier.account) == (ADA, ACCOUNT)
    assert (dossier.deals, dossier.roles) == ((DEAL,), (role,))
    assert dossier.events == (event(1), event(2))
    assert dossier.standing.consents == (consents[1], consents[0])
    assert dossier.standing.suppressions == (STOP,)
    assert (dossier.account_was_contacted, dossier.colleagues_known) == (False, 1)


def test_a_dossier_shows_the_newest_events_and_never_a_colleagues(crm: CrmStore, engine: Engine) -> None:
    of_account = event(0, id="crm:won", kind=EventKind.DEAL_WON, contact_id=None)
    Journal(engine).append(
        [*(event(number) for number in range(1, 251)), event(0, contact_id=BEN.id), of_account]
    )
    events = crm.dossier(ADA.id).events
    assert len(events) == DOSSIER_EVENTS
    assert events[:2] == (of_account, event(1))


@pytest.mark.parametrize(
    ("status", "was_contacted"),
    [
        (OutboxStatus.APPROVED, False),
        (OutboxStatus.SENDING, True),
        (OutboxStatus.UNKNOWN, True),
        (OutboxStatus.SENT, True),
        (OutboxStatus.REFUSED, False),
    ],
)
def test_an_account_was_contacted_once_anyone_there_may_have_got_a_message(
    crm: CrmStore, engine: Engine, status: OutboxStatus, was_contacted: bool
) -> None:
    from memory.crm.statements import OUTBOX

    with writing(engine) as connection:
        insert_all(connection, OUTBOX, [codec.entry_row(entry(BEN, status=status))])
    assert crm.dossier(ADA.id).account_was_contacted is was_contacted
    assert crm.dossier(CLEO.id).account_was_contacted is False
    is_open = status not in {OutboxStatus.SENT, OutboxStatus.REFUSED}
    assert crm.standing(BEN.id).open_campaigns == (("spring",) if is_open else ())


def test_a_send_another_system_told_of_counts_as_contact(crm: CrmStore, engine: Engine) -> None:
    Journal(engine).append([event(1, kind=EventKind.EMAIL_SENT, contact_id=BEN.id, account_id=None)])
    assert crm.dossier(ADA.id).account_was_contacted is True


def test_an_opt_out_follows_the_person_to_a_new_address_but_a_bounce_does_not(
    crm: CrmStore, engine: Engine
) -> None:
    opt_out = Suppression(
        address="ada@before.example",
        reason=SuppressionReason.UNSUBSCRIBED,
        source="web",
        since=NOON,
        contact_id=ADA.id,
    )
    bounce = opt_out.model_copy(update={"reason": SuppressionReason.HARD_BOUNCE})
    with writing(engine) as connection:
        insert_all(connection, SUPPRESSIONS, [codec.suppression_row(stop) for stop in (opt_out, bounce)])
    assert crm.standing(ADA.id).suppressions == (opt_out,)
    assert crm.suppressions() == (bounce, opt_out)


@pytest.mark.parametrize("key", ["c_ada", "ada@northwind.example", "ADA@northwind.example", "42"])
def test_a_contact_is_found_by_id_address_or_external_id(crm: CrmStore, key: str) -> None:
    assert crm.contact_by(key) == ADA


def test_what_is_not_there_is_said_so(crm: CrmStore) -> None:
    for look in (crm.dossier, crm.contact_by, crm.asset, crm.decision, crm.campaign, crm.account):
        with pytest.raises(NotFound, match="nothing_here"):
            look("nothing_here")


def test_listings_are_paged(crm: CrmStore) -> None:
    assert crm.contacts_of("a_1", limit=1) == (ADA,)
    assert (crm.assets(only_active=True), crm.asset("guide")) == ((ASSET,), ASSET)
    assert crm.campaigns() == (CAMPAIGN,)


def test_deals_and_their_stages_come_in_order(crm: CrmStore, engine: Engine) -> None:
    stages = [
        {"deal_id": "x_1", "stage": name, "entered_at": NOON + hours * HOUR}
        for name, hours in (("won", 2), ("open", 1))
    ]
    with writing(engine) as connection:
        insert_all(connection, DEALS, [codec.deal_row(DEAL)])
        insert_all(connection, DEAL_STAGES, stages)
    assert crm.deals("a_1") == crm.deals() == (DEAL,)
    assert [change.stage for change in crm.deal_stages("x_1")] == ["open", "won"]


def test_events_of_everyone_are_listed_newest_first(crm: CrmStore, engine: Engine) -> None:
    Journal(engine).append([event(3), event(1), event(2, kind=EventKind.NOTE_ADDED)])
    assert crm.events(EventKind.PAGE_VIEWED) == (event(1), event(3))
    assert crm.events(since=NOON - 2 * HOUR, limit=1) == (event(1),)


def test_decisions_of_a_contact_come_newest_first(crm: CrmStore, engine: Engine) -> None:
    runs = RunStore(engine)
    runs.record("r_1", [decision(ADA)], [])
    runs.finish("r_1", NOON)
    runs.start(RUN.model_copy(update={"id": "r_2"}), CAMPAIGN)
    later = decision(ADA, "r_2", decided_at=NOON + DAY)
    runs.record("r_2", [later], [])
    assert crm.decisions(ADA.id) == (later, decision(ADA))


def test_counts_name_every_table(crm: CrmStore, engine: Engine) -> None:
    OutboxStore(engine).put(entry(ADA))
    counts = crm.counts()
    assert (counts["contacts"], counts["accounts"], counts["outbox"], counts["reviews"]) == (3, 1, 1, 0)


def test_a_dossier_reads_the_journal_by_contact_and_by_account_only(crm: CrmStore, engine: Engine) -> None:
    if engine.dialect.name != "sqlite":
        pytest.skip("SQLite plans without statistics; PostgreSQL has them")
    crm.dossier(ADA.id)
    for query in (reader._COMPANY, reader._EVENTS):
        whose = query.params(contact_id=ADA.id, account_id="a_1")
        said = str(whose.compile(engine, compile_kwargs={"literal_binds": True}))
        with engine.connect() as connection:
            plan = [str(row[3]) for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {said}")]
        by = {line.partition("USING INDEX ")[2].partition(" ")[0] for line in plan if " events " in line}
        assert by == {"ix_events_contact_at", "ix_events_account_at"}, plan
