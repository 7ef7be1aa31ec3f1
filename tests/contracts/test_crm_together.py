"""Writes that wait together are committed together, and each is still answered, or refused, for itself."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from sqlalchemy import Engine, event

from memory.crm.audit import AuditChain
from memory.crm.engine import is_sqlite
from memory.crm.statements import writing
from memory.crm.together import CommitGroup
from tests.contracts.crm_sample import NOON


class Refused(Exception):
    """A write that gives up after it wrote something."""


@pytest.fixture
def audit(engine: Engine) -> AuditChain:
    return AuditChain(engine, lambda: NOON)


def add(audit: AuditChain, subject: str, *, refuse: bool = False) -> Callable[[], str]:
    def act() -> str:
        audit.append("test", subject, {})
        if refuse:
            raise Refused(subject)
        return subject

    return act


def kept(audit: AuditChain) -> set[str]:
    return {line.subject for line in audit.lines(limit=1_000)}


async def test_every_write_gets_its_own_answer_and_is_stored(engine: Engine, audit: AuditChain) -> None:
    write, names = CommitGroup(engine), [f"w{number}" for number in range(30)]
    assert await asyncio.gather(*(write(add(audit, name)) for name in names)) == names
    assert kept(audit) == set(names)
    assert audit.verify() is None


async def test_a_write_is_on_the_disk_when_it_is_answered(engine: Engine, audit: AuditChain) -> None:
    write = CommitGroup(engine)

    async def write_and_look(name: str) -> bool:
        await write(add(audit, name))
        return name in kept(audit)  # read by another connection

    assert all(await asyncio.gather(*(write_and_look(f"w{number}") for number in range(20))))


async def test_a_write_that_fails_leaves_nothing_behind_and_the_others_whole(
    engine: Engine, audit: AuditChain
) -> None:
    write = CommitGroup(engine)
    acts = [add(audit, f"w{number}", refuse=number % 3 == 0) for number in range(9)]
    answers = await asyncio.gather(*(write(act) for act in acts), return_exceptions=True)
    assert [isinstance(answer, Refused) for answer in answers] == [n % 3 == 0 for n in range(9)]
    assert kept(audit) == {"w1", "w2", "w4", "w5", "w7", "w8"}
    assert audit.verify() is None


async def test_nobody_hears_of_success_when_the_database_took_the_transaction_back(
    engine: Engine, audit: AuditChain
) -> None:
    if not is_sqlite(engine):
        pytest.skip("on PostgreSQL every write has a transaction of its own")
    write = CommitGroup(engine)

    def lose_everything() -> None:
        with writing(engine) as connection:
            connection.exec_driver_sql("ROLLBACK")  # as SQLite itself does when a disk is full
        raise OSError("disk full")

    acts: list[Callable[[], object]] = [add(audit, "before"), lose_everything, add(audit, "after")]
    answers = await asyncio.gather(*(write(act) for act in acts), return_exceptions=True)
    assert [type(answer) for answer in answers] == [OSError, OSError, OSError]
    assert kept(audit) == set()
    await write(add(audit, "later"))
    assert kept(audit) == {"later"}


async def test_writes_that_wait_together_share_a_commit(engine: Engine, audit: AuditChain) -> None:
    if not is_sqlite(engine):
        pytest.skip("on PostgreSQL every write has a transaction of its own")
    commits: list[object] = []
    event.listen(engine, "commit", commits.append)
    write = CommitGroup(engine)
    await asyncio.gather(*(write(add(audit, f"w{number}")) for number in range(16)))
    assert len(commits) == 2


async def test_whoever_stops_waiting_does_not_stop_the_others(engine: Engine, audit: AuditChain) -> None:
    write = CommitGroup(engine)
    waiting = [asyncio.ensure_future(write(add(audit, f"w{number}"))) for number in range(4)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    answers = await asyncio.gather(*waiting, return_exceptions=True)
    assert answers[1:] == ["w1", "w2", "w3"]


def test_a_group_serves_one_event_loop_after_another(engine: Engine, audit: AuditChain) -> None:
    write = CommitGroup(engine)
    asyncio.run(write(add(audit, "first")))
    asyncio.run(write(add(audit, "second")))
    assert kept(audit) == {"first", "second"}
