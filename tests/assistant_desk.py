"""Asking the assistant's tools as a member would."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from app.wiring import House
from domain.assistant import Asker, Door, ToolAnswer, ToolCall
from domain.staff import Role

MIA = Asker(member_id="m_1", name="Mia", role=Role.MARKETER, door=Door.TERMINAL, zone="Europe/Berlin")


def look(house: House, name: str, asker: Asker = MIA, /, **arguments: Any) -> ToolAnswer:
    """Call a tool that looks; what it answers is checked against what every answer must hold."""
    answer = asyncio.run(house.toolset.look(asker, ToolCall(id="call_1", name=name, arguments=arguments)))
    told = json.dumps(answer.facts, ensure_ascii=False)
    assert len(told) <= 4_800, f"{name} tells a model {len(told):,} characters"
    named = {record.mark for record in answer.records}
    for table in answer.tables:
        assert all(len(row) == len(table.columns) for row in table.rows), f"{name}: {table.title}"
    assert len(named) == len(answer.records)
    return answer
