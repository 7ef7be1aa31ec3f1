"""Checkpoints that end nowhere, as a killed process may leave them, are removed, and the contact begins anew."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from app.jobs import Worker
from app.runs import begin
from domain.run import ContactOutcome
from evals.crowd import campaign
from tests.settled import settle


async def test_a_contact_whose_checkpoints_end_nowhere_begins_anew_and_is_sent_to_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = settle(tmp_path / "ws", 1)
    run, _ = begin(house, campaign(), is_dry_run=False)
    (line,) = house.runs.queued(run.id)
    async with house.open_carrier() as carrier:
        graph = type(carrier.graph)
        whole = graph.ainvoke
        ended: list[int] = []

        async def broken_once(self: Any, start: Any, *given: Any, **named: Any) -> Any:
            result = await whole(self, start, *given, **named)
            if not ended:
                ended.append(1)
                result.value.outcome = None
            return result

        monkeypatch.setattr(graph, "ainvoke", broken_once)
        assert await Worker(house.runs, carrier, run).work(run.id, line.contact_id) == "sent"
    assert ended
    assert house.runs.counts(run.id) == {ContactOutcome.SENT: 1}
    assert len(list(house.workspace.mailbox.glob("*.eml"))) == 1
    house.close()
