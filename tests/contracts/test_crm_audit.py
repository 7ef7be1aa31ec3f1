"""The audit chain shows every line that was changed, removed or put in, whoever did it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import Engine, delete, update

from memory.crm.audit import GENESIS, AuditChain
from memory.crm.statements import AUDIT, writing
from tests.contracts.crm_sample import NOON


@pytest.fixture
def audit(engine: Engine) -> AuditChain:
    chain = AuditChain(engine, lambda: NOON + timedelta(microseconds=17))
    for number in range(1, 5):
        chain.append("sent", f"o_{number}", {"to": "Zoë\u0000", "score": 0.1, "n": [1, None]})
    return chain


def test_an_untouched_chain_is_sound(audit: AuditChain) -> None:
    assert audit.verify() is None
    assert [line.seq for line in audit.lines(after=1, limit=2)] == [2, 3]
    assert [line.seq for line in audit.lines(subject="o_4")] == [4]
    assert audit.tip() == (4, audit.lines(after=3)[0].sha256)


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "approved"},
        {"subject": "o_9"},
        {"detail": {"to": "someone else"}},
        {"at": NOON},
        {"previous_sha256": GENESIS},
        {"sha256": "f" * 64},
        {"seq": 99},
    ],
    ids=lambda change: next(iter(change)),
)
def test_any_changed_field_is_found(audit: AuditChain, engine: Engine, change: dict[str, object]) -> None:
    with writing(engine) as connection:
        connection.execute(update(AUDIT).where(AUDIT.c.seq == 3).values(**change))
    assert audit.verify() == 3


def test_a_removed_line_is_found(audit: AuditChain, engine: Engine) -> None:
    with writing(engine) as connection:
        connection.execute(delete(AUDIT).where(AUDIT.c.seq == 2))
    assert audit.verify() == 2


def test_a_line_stands_or_falls_with_the_transaction_it_is_part_of(audit: AuditChain, engine: Engine) -> None:
    with pytest.raises(ZeroDivisionError), writing(engine) as connection:
        audit.append_in(connection, "sent", "o_5", {})
        raise ZeroDivisionError
    assert audit.tip()[0] == 4


def test_writers_at_once_make_one_chain(audit: AuditChain) -> None:
    with ThreadPoolExecutor(8) as writers:
        list(writers.map(lambda number: audit.append("sent", f"o_{number}", {}), range(24)))
    assert (audit.verify(), audit.tip()[0]) == (None, 28)


def test_a_detail_json_cannot_keep_is_refused(audit: AuditChain) -> None:
    with pytest.raises(ValueError, match="JSON"):
        audit.append("sent", "o_5", {"score": float("nan")})


def test_an_empty_chain_is_sound(engine: Engine) -> None:
    assert (AuditChain(engine).verify(), AuditChain(engine).tip()) == (None, (0, GENESIS))
