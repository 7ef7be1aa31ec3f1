"""Hand-off and churn as kept for pages: nobody who was forgotten while they were reckoned is in them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

import app.churn
from app.kept_lists import kept_lists, reckon_lists
from app.privacy.objection import object_to
from app.wiring import House
from domain.leads import ChurnList
from memory.crm.leads import LeadReader, Person
from tests.settled import settle


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = settle(tmp_path / "ws", 6)
    yield house
    house.close()


def test_who_objects_while_the_lists_are_reckoned_is_in_neither(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    leaving, known = app.churn.who_may_leave, []

    def meanwhile(reader: LeadReader, now: datetime) -> ChurnList:
        made = leaving(reader, now)
        known.append(len(reader.people()) - len(reader.objectors()))
        if len(known) == 1:
            object_to(house, house.crm.contact(reader.people()[0].id))
        return made

    monkeypatch.setattr(app.churn, "who_may_leave", meanwhile)
    made = reckon_lists(house)
    assert known == [6, 5]
    assert kept_lists(house) == made


def test_nobody_can_be_forgotten_between_the_look_and_the_keeping(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    people, could_write = LeadReader.people, []

    def looking(reader: LeadReader) -> list[Person]:
        other = sqlite3.connect(house.workspace.database, timeout=0, isolation_level=None)
        try:
            other.execute("BEGIN IMMEDIATE")
            could_write.append(True)
        except sqlite3.OperationalError:
            could_write.append(False)
        finally:
            other.close()
        return people(reader)

    monkeypatch.setattr(LeadReader, "people", looking)
    reckon_lists(house)
    assert could_write[-1] is False
