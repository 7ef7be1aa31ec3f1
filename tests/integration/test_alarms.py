"""Deadlines of the law that are missed: told by the server's health, by the doctor, and once to the audit."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from app.alarms import alarms
from app.doctor import examine
from app.inbox import take_mail
from app.privacy.requests import answered, register
from app.runs import begin
from app.serving import Server
from app.settings import Settings
from app.wiring import House, open_house
from domain.delivery import InboundMail
from domain.events import Event, EventKind
from domain.rights import RequestKind
from domain.run import ContactOutcome
from evals.crowd import NOON, campaign
from memory.crm.statements import SUPPRESSIONS, writing
from tests.integration.test_serving import Hands
from tests.settled import settle

MINUTE = timedelta(seconds=61)


@pytest.fixture
def hands() -> Hands:
    hands = Hands()
    hands.now = NOON
    return hands


@pytest.fixture
def house(tmp_path: Path, hands: Hands) -> Iterator[House]:
    settle(tmp_path / "ws", 2).close()
    house = open_house(Settings(_env_file=None, workspace=tmp_path / "ws", model=None), clock=hands)
    yield house
    house.close()


def ana(house: House) -> str:
    return house.crm.contact_by("person0@co0.example").id


def told(house: House) -> list[str]:
    return [line.subject for line in house.audit.lines(limit=1_000) if line.kind == "alarm"]


def look(server: Server) -> list[str]:
    """One minute's look, and what `/health` names after it."""
    assert asyncio.run(server._watch(1))
    failing: list[str] = server.health.as_record(server.house.clock())["failing"]
    return failing


def test_an_opt_out_that_stops_nobody_for_a_minute_is_told_and_obeyed(house: House, hands: Hands) -> None:
    event = Event(id="own:1", kind=EventKind.EMAIL_UNSUBSCRIBED, at=NOON, source="own", contact_id=ana(house))
    house.journal.append([event])
    assert alarms(house) == []
    hands.now = NOON + MINUTE
    (found,) = [one for one in examine_words(house) if "C-03" in one]
    assert "61 s" in found
    server = Server(house, schedules=False)
    assert look(server) == ["C-03"]
    assert told(house) == ["event own:1"]
    assert look(server) == []
    assert told(house) == ["event own:1"]
    run, _ = begin(house, campaign(), is_dry_run=False)
    line = house.runs.line(run.id, ana(house))
    assert line is not None
    assert (line.outcome, line.rule_id) == (ContactOutcome.REFUSED, "C-03")


def test_a_mail_that_asked_to_stop_is_watched_too(house: House, hands: Hands) -> None:
    mail = InboundMail(
        id="m1",
        source="imap",
        from_address="person0@co0.example",
        subject="please",
        text="Unsubscribe me.",
        at=NOON,
    )
    take_mail(house, mail)
    hands.now = NOON + MINUTE
    assert alarms(house) == []
    with writing(house.engine) as connection:
        connection.execute(SUPPRESSIONS.delete())
    assert [one.subject for one in alarms(house)] == ["mail m1"]
    server = Server(house, schedules=False)
    assert (look(server), look(server)) == (["C-03"], [])


def test_a_request_that_comes_near_is_told_and_one_that_is_overdue_fails(house: House, hands: Hands) -> None:
    asked = register(house, ana(house), RequestKind.ACCESS, NOON - timedelta(days=39))
    server = Server(house, schedules=False)
    assert look(server) == []
    assert told(house) == [asked.id]
    hands.now = NOON + timedelta(days=7)
    assert look(server) == ["C-14"]
    server.health.ticked_at = hands.now
    record = server.health.as_record(hands.now)
    assert record["ok"], "a new process mends no missed deadline"
    assert told(house) == [asked.id, asked.id]
    assert any(f"{asked.id} is overdue" in words for words in examine_words(house))
    answered(house, asked, "exported")
    assert look(server) == []
    assert look(server) == []
    assert told(house) == [asked.id, asked.id]


def test_what_failed_stands_until_its_part_has_worked_again(house: House) -> None:
    server = Server(house, schedules=False)
    ticks = []

    async def part(tick: int) -> bool:
        ticks.append(server.health.problems.get("part"))
        if tick == 1:
            raise ValueError("broken")
        if tick == 3:
            server.stop()
        return tick == 3

    async def at_once(_seconds: float) -> None:
        pass

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("app.serving.asyncio.sleep", at_once)
        asyncio.run(server._keep_doing(part))
    assert ticks == [None, "ValueError('broken')", "ValueError('broken')"]
    assert server.health.problems == {}


def examine_words(house: House) -> list[str]:
    """What the doctor finds missing, at the house's own time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("app.wiring.open_house", lambda _settings: house)
        patch.setattr(House, "close", lambda _self: None)
        return [f"{one.says}" for one in examine(house.settings) if one.state == "missing"]
