"""A conversation pauses, is pruned to where it stands and goes on, whichever database keeps its checkpoints."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest

from app.checkpoints import open_checkpoints
from domain.assistant import ChangeDecision
from tests.fakes.talk import ScriptedTalker, call
from tests.talk import Talk, asker, kinds, seal_of

FIND = call("contact_find", name="Ada")
LABEL = call("label_set", "l1", contact_id="c-1", label="warm")


@pytest.fixture(params=["sqlite", "postgres"])
def talk(request: pytest.FixtureRequest, tmp_path: Path) -> Talk:
    url = request.getfixturevalue("postgres_url") if request.param == "postgres" else None

    class Kept(Talk):
        def saver(self) -> AbstractAsyncContextManager[Any]:
            return open_checkpoints(tmp_path / "checkpoints.db", url)

    return Kept(tmp_path, ScriptedTalker((FIND,), "Ada.", (LABEL,), "Done."))


async def test_a_pruned_conversation_goes_on_from_its_pause(talk: Talk) -> None:
    await talk.said("Who is Ada?")
    assert kinds(await talk.said("Label her", "t_1"))[-1] == "asking"
    async with talk.saver() as saver:
        assert len([one async for one in saver.alist({"configurable": {"thread_id": "chat:t_1"}})]) == 1
    yes = ChangeDecision(call_id="l1", is_yes=True, seal=seal_of("c-1", "new", "warm"))
    assert kinds(await talk.decided(yes)) == ["found", "answered"]
    assert talk.market.done == [("c-1", "warm")]
    assert [one.asked for one in await talk.assistant.exchanges(asker(), "t_1")] == [
        "Who is Ada?",
        "Label her",
    ]
    await talk.assistant.forget(asker(), "t_1")
    async with talk.saver() as saver:
        assert [one async for one in saver.alist({"configurable": {"thread_id": "chat:t_1"}})] == []
