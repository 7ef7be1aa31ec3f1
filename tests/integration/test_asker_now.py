"""A door left open for days: who asks has the rights they have by now."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.assistant.opened import as_now
from domain.assistant import Asker, Door
from domain.errors import WrongUsage
from domain.staff import Role
from tests.settled import settle


def test_a_role_is_the_one_of_now_and_who_left_asks_no_more(tmp_path: Path) -> None:
    house = settle(tmp_path / "ws", 0)
    ada = house.staff.join("ada@team.example", "Ada", Role.ADMIN, "UTC", how="test")
    mara = house.staff.join("mara@team.example", "Mara", Role.ADMIN, "UTC", how="test")
    asker = Asker(member_id=mara.member_id, name="Mara", role=Role.ADMIN, door=Door.TERMINAL)
    assert as_now(house, asker) == asker
    house.staff.set_role(mara.member_id, Role.MARKETER, ada.member_id)
    assert as_now(house, asker).role is Role.MARKETER
    house.staff.leave(mara.member_id, ada.member_id)
    with pytest.raises(WrongUsage, match="left the team"):
        as_now(house, asker)
    operator = Asker(member_id="root", name="root", role=Role.ADMIN, door=Door.TERMINAL)
    assert as_now(house, operator) == operator
    house.close()
