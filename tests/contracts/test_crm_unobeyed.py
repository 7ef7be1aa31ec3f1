"""An opt-out, a complaint or a hard bounce in the journal stops its person, whoever forgot to write the stop down."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, select

from domain.dossier import Standing
from domain.events import Event, EventKind
from domain.message import OutboxEntry, Severity, Verdict
from domain.people import Suppression, SuppressionReason
from memory.crm import codec
from memory.crm.audience import AudienceReader
from memory.crm.audit import AuditChain
from memory.crm.journal import Journal
from memory.crm.outbox import OutboxStore
from memory.crm.reader import CrmStore
from memory.crm.runs import RunStore
from memory.crm.standing import objectors
from memory.crm.statements import SUPPRESSIONS, insert_all, writing
from memory.crm.unobeyed import OptOutWatch
from policies import suppression
from policies.suppression import may_profile
from tests.contracts.crm_sample import ADA, BEN, DAY, HOUR, NOON, decision, entry, seed, verdict


def happened(engine: Engine, kind: EventKind) -> None:
    """As a source of a team's own would tell it: an event, and nothing else."""
    event = Event(id=f"own:{kind.value}", kind=kind, at=NOON - HOUR, source="own", contact_id=ADA.id)
    Journal(engine, lambda: NOON).append([event])


def stopped(engine: Engine, reason: SuppressionReason, address: str = "ada@northwind.example") -> None:
    stop = Suppression(address=address, reason=reason, source="x", since=NOON - DAY, contact_id=ADA.id)
    with writing(engine) as connection:
        insert_all(connection, SUPPRESSIONS, [codec.suppression_row(stop)])


def refusal(standing: Standing) -> str | None:
    found = suppression.refuses(standing.contact, standing.suppressions, NOON)
    return found.rule_id if found else None


def stops(engine: Engine) -> set[tuple[str, str]]:
    with engine.connect() as connection:
        return {(row.address, row.reason) for row in connection.execute(select(SUPPRESSIONS))}


CALLS = [
    (EventKind.EMAIL_UNSUBSCRIBED, "C-03", SuppressionReason.UNSUBSCRIBED),
    (EventKind.EMAIL_COMPLAINED, "C-19", SuppressionReason.COMPLAINT),
    (EventKind.EMAIL_BOUNCED, "C-19", SuppressionReason.HARD_BOUNCE),
]


@pytest.mark.parametrize(("kind", "rule_id", "reason"), CALLS)
def test_a_stop_nobody_wrote_down_refuses_in_the_audience_and_inside_the_send(
    engine: Engine, kind: EventKind, rule_id: str, reason: SuppressionReason
) -> None:
    seed(engine)
    RunStore(engine).record("r_1", [decision(ADA), decision(BEN)], [])
    outbox = OutboxStore(engine, lambda: NOON)
    happened(engine, kind)
    standings = AudienceReader(engine, lambda: NOON).standings()
    assert (refusal(standings[ADA.id]), refusal(standings[BEN.id])) == (rule_id, None)
    assert refusal(CrmStore(engine, lambda: NOON).dossier(ADA.id).standing) == rule_id

    def check(standing: Standing, _entry: OutboxEntry) -> Verdict:
        return verdict(rule_id, Severity.BLOCK) if refusal(standing) else Verdict()

    for contact in (ADA, BEN):
        outbox.put(entry(contact))
    assert outbox.reserve(entry(ADA).id, check, NOON) is None
    assert outbox.reserve(entry(BEN).id, check, NOON) is not None


@pytest.mark.parametrize(("kind", "rule_id", "reason"), CALLS)
def test_it_is_written_down_once_and_told_to_the_audit(
    engine: Engine, kind: EventKind, rule_id: str, reason: SuppressionReason
) -> None:
    seed(engine)
    happened(engine, kind)
    audit = AuditChain(engine, lambda: NOON)
    watch = OptOutWatch(engine, audit)
    asked = [one.subject for one in watch.unobeyed(NOON + HOUR)]
    assert asked == ([] if kind is EventKind.EMAIL_BOUNCED else [f"event own:{kind.value}"])
    assert (watch.obey(NOON + HOUR), watch.obey(NOON + HOUR)) == (1, 0)
    assert stops(engine) == {("ada@northwind.example", reason.value)}
    assert watch.unobeyed(NOON + HOUR) == []
    assert [line.kind for line in audit.lines(limit=10)] == ["stop"]
    assert refusal(CrmStore(engine, lambda: NOON).dossier(ADA.id).standing) == rule_id


def test_a_bounce_of_an_address_the_person_no_longer_has_stops_the_new_one_not(engine: Engine) -> None:
    seed(engine)
    stopped(engine, SuppressionReason.HARD_BOUNCE, "old@northwind.example")
    happened(engine, EventKind.EMAIL_BOUNCED)
    assert refusal(AudienceReader(engine, lambda: NOON).standings()[ADA.id]) is None
    assert OptOutWatch(engine, AuditChain(engine)).obey(NOON + HOUR) == 0


@pytest.mark.parametrize("reason", list(SuppressionReason))
def test_whoever_must_not_be_profiled_is_the_same_to_the_rule_and_to_the_readers_of_models(
    engine: Engine, reason: SuppressionReason
) -> None:
    seed(engine)
    stopped(engine, reason)
    standing = AudienceReader(engine, lambda: NOON).standings()[ADA.id]
    with engine.connect() as connection:
        never = set(connection.execute(objectors()).scalars())
    assert (ADA.id in never) is (may_profile(ADA, standing.suppressions) is not None)
