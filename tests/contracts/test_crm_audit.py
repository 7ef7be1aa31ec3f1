"""The audit chain shows every line that was changed, removed or put in, whoever did it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import Engine, delete, update
from sqlalchemy.exc import DBAPIError

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


def test_every_flipped_byte_of_every_column_is_found(audit: AuditChain, engine: Engine) -> None:
    """Byte by byte through one line. PostgreSQL refuses what is no letter, no JSON or no time: those are not stored."""
    is_sqlite = engine.dialect.name == "sqlite"
    names = ("at", "kind", "subject", "detail", "previous_sha256", "sha256")
    tried = 0
    for name in names:
        kept = _raw(engine, name)
        for place in range(len(kept)):
            for mask in (0x01, 0x20, 0x80):
                flipped = bytes([*kept[:place], kept[place] ^ mask, *kept[place + 1 :]])
                if not _write_raw(engine, name, flipped):
                    continue
                tried += 1
                report = audit.check()
                assert report.broken_at == 3, (name, place, hex(mask), flipped)
                assert report.lines == 2
                assert report.why
                _write_raw(engine, name, kept)
    assert audit.verify() is None
    assert tried > (600 if is_sqlite else 300)


def _raw(engine: Engine, name: str) -> bytes:
    with engine.connect() as connection:
        return str(
            connection.exec_driver_sql(f"SELECT CAST({name} AS TEXT) FROM audit WHERE seq = 3").scalar()
        ).encode()


def _write_raw(engine: Engine, name: str, raw: bytes) -> bool:
    """Put these very bytes into the column; False where the database does not take them."""
    try:
        with engine.begin() as connection:
            if engine.dialect.name == "sqlite":
                connection.exec_driver_sql(f"UPDATE audit SET {name} = CAST(? AS TEXT) WHERE seq = 3", (raw,))
                return True
            kind = {"at": "timestamptz", "detail": "json"}.get(name, "text")
            before = _raw(engine, name)
            connection.exec_driver_sql(
                f"UPDATE audit SET {name} = CAST(%s AS {kind}) WHERE seq = 3", (raw.decode("utf-8"),)
            )
            # A time spelled otherwise is the same time in a database that keeps no spelling.
            now = connection.exec_driver_sql(f"SELECT CAST({name} AS TEXT) FROM audit WHERE seq = 3").scalar()
            return str(now).encode() != before or name == "detail"
    except (DBAPIError, UnicodeDecodeError, ValueError):
        return False


def test_a_cut_tail_is_found_by_a_head_that_was_kept(audit: AuditChain, engine: Engine) -> None:
    head = audit.tip()
    with writing(engine) as connection:
        connection.execute(delete(AUDIT).where(AUDIT.c.seq >= 3))
    assert audit.check().is_sound
    report = audit.check([head])
    assert (report.broken_at, report.lines) == (3, 2)
    assert "cut" in report.why


def test_a_chain_written_anew_is_found_by_a_head_that_was_kept(audit: AuditChain, engine: Engine) -> None:
    head = audit.tip()
    with writing(engine) as connection:
        connection.execute(delete(AUDIT))
    for number in range(1, 5):
        audit.append("sent", f"o_{number + 1}", {})
    assert audit.check().is_sound
    assert audit.check([head]).broken_at == 4
