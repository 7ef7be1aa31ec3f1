"""The whole audience at once says the same as one contact at a time, as of any moment."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine

from domain.events import Event, EventKind
from domain.message import Receipt, Verdict
from domain.people import Consent, ConsentBasis, Suppression, SuppressionReason
from memory.crm import codec
from memory.crm.audience import AudienceReader
from memory.crm.journal import Journal
from memory.crm.outbox import OutboxStore
from memory.crm.reader import CrmStore
from memory.crm.runs import RunStore
from memory.crm.statements import CONSENTS, SUPPRESSIONS, insert_all, writing
from tests.contracts.crm_sample import ACCOUNT, ADA, BEN, CLEO, DAY, HOUR, NOON, decision, entry, seed


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


@pytest.fixture
def audience(engine: Engine) -> AudienceReader:
    seed(engine)
    return AudienceReader(engine, lambda: NOON)


def test_everyone_comes_with_their_account(audience: AudienceReader) -> None:
    assert audience.contacts_with_accounts() == [(ADA, ACCOUNT), (BEN, ACCOUNT), (CLEO, None)]


def test_a_contact_built_without_validation_is_a_whole_noun(audience: AudienceReader) -> None:
    ada, account = audience.contacts_with_accounts()[0]
    assert ada.model_dump_json() == ADA.model_dump_json()
    assert ada.model_copy(update={"first_name": "Augusta"}).name == "Augusta Byron"
    assert account is not None
    assert account.model_dump_json() == ACCOUNT.model_dump_json()


def test_standings_are_those_of_the_reader(audience: AudienceReader, engine: Engine) -> None:
    def stop(address: str, reason: SuppressionReason) -> Suppression:
        return Suppression(address=address, reason=reason, source="web", since=NOON, contact_id=ADA.id)

    stops = [
        stop("ada@northwind.example", SuppressionReason.COMPLAINT),
        stop("ada@before.example", SuppressionReason.UNSUBSCRIBED),
        stop("ada@before.example", SuppressionReason.HARD_BOUNCE),
        stop("ben@northwind.example", SuppressionReason.HARD_BOUNCE),
    ]
    consents = [
        Consent(
            contact_id=BEN.id,
            basis=ConsentBasis.IMPLIED,
            is_granted=True,
            recorded_at=NOON - days * DAY,
            source="crm",
        )
        for days in (3, 1, 2)
    ]
    with writing(engine) as connection:
        insert_all(connection, SUPPRESSIONS, [codec.suppression_row(s) for s in stops])
        insert_all(connection, CONSENTS, [codec.consent_row(c) for c in consents])
    Journal(engine).append(
        [event(days, EventKind.EMAIL_SENT, topic=None) for days in (1, 59, 61)]
        + [event(5, EventKind.EMAIL_SENT, contact_id=None)]
    )
    outbox = OutboxStore(engine, lambda: NOON)
    for contact in (ADA, BEN, CLEO):
        outbox.put(entry(contact))
    outbox.reserve("o_r_1_c_ben", lambda _s, _e: Verdict(), NOON)
    outbox.withdraw("o_r_1_c_cleo", "not this time")
    reader = CrmStore(engine, lambda: NOON)
    everyone = {contact.id: reader.standing(contact.id) for contact in (ADA, BEN, CLEO)}
    assert audience.standings() == everyone
    assert audience.standings([BEN.id]) == {BEN.id: everyone[BEN.id]}
    assert everyone[ADA.id].sent_at == (NOON - DAY, NOON - 59 * DAY)


def test_counts_hold_only_what_the_person_did_by_then(audience: AudienceReader, engine: Engine) -> None:
    Journal(engine).append(
        [
            event(1),
            event(2, topic="pricing"),
            event(3),
            event(4, is_machine=True),
            event(5, EventKind.EMAIL_CLICKED, contact_id=BEN.id, topic=None),
            event(-1),
        ]
    )
    viewed = EventKind.PAGE_VIEWED
    assert audience.event_counts(viewed) == {ADA.id: 3}
    assert audience.event_counts(viewed, topic="planning") == {ADA.id: 2}
    assert audience.event_counts(viewed, since=NOON - 2 * DAY) == {ADA.id: 2}
    assert audience.event_counts(viewed, until=NOON - 2 * DAY) == {ADA.id: 2}
    assert audience.event_counts(EventKind.CALL_HELD) == {}
    assert audience.topic_counts() == {ADA.id: {"planning": 2, "pricing": 1}}
    assert audience.topic_counts(since=NOON - DAY, until=NOON) == {ADA.id: {"planning": 1}}


def test_assets_sent_come_from_our_outbox_and_from_what_others_told(
    audience: AudienceReader, engine: Engine
) -> None:
    RunStore(engine).record("r_1", [decision(ADA), decision(BEN), decision(CLEO)], [])
    outbox = OutboxStore(engine, lambda: NOON)
    for contact in (ADA, BEN, CLEO):
        outbox.put(entry(contact))
    outbox.reserve("o_r_1_c_ada", lambda _s, _e: Verdict(), NOON)
    receipt = Receipt(provider="mailbox", provider_message_id="1", accepted_at=NOON - HOUR)
    outbox.confirm("o_r_1_c_ada", 1, receipt)
    outbox.withdraw("o_r_1_c_cleo", "not this time")
    Journal(engine).append([event(40, EventKind.EMAIL_SENT, contact_id=CLEO.id, asset_id="webinar")])
    assert audience.assets_sent() == {
        ADA.id: {"guide": NOON.date()},
        BEN.id: {"guide": NOON.date()},
        CLEO.id: {"webinar": (NOON - 40 * DAY).date()},
    }
    assert audience.assets_sent(until=NOON - 2 * HOUR) == {CLEO.id: {"webinar": (NOON - 40 * DAY).date()}}
    assert CLEO.id not in audience.assets_sent(since=NOON - 30 * DAY)
