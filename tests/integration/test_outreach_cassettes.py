"""Thirteen contacts through all four agents on recorded HTTP: what the agents make of a model's answers.

The replies were written by hand at a stand-in endpoint that speaks chat completions, each for the request in
hand and as a capable model would answer it; no hosted model was asked. So this proves the prompts' shape, the
wire, the rules and the graph, and nothing about how well any model writes. A timeout cannot be recorded: it is
a loopback socket that takes the request and never answers.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from domain.review import DraftRecord
from domain.run import ContactOutcome, RunContact
from tests.cassettes.tape import endpoint, is_recording, tape
from tests.desk_contacts import BY_NAME, PEOPLE, Someone, decide, open_desk
from tools.models.openai_chat import OpenAIChat

NAMES = tuple(someone.name for someone in PEOPLE)


@dataclass(frozen=True)
class Carried:
    """How far one contact came, and what was made on the way."""

    someone: Someone
    line: RunContact
    record: DraftRecord
    statuses: tuple[int, ...]
    requests_left: int
    waits: tuple[float, ...]
    mails: tuple[Path, ...]


async def carry(folder: Path, name: str) -> Carried:
    """One contact through the graph, the model's part from `outreach/<name>.yaml`."""
    someone = BY_NAME[name]
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    with tape(f"outreach/{name}", is_brief=True) as cassette:
        model = OpenAIChat(endpoint(timeout_seconds=3600.0 if is_recording() else 60.0), sleep=sleep)
        shop = open_desk(folder, model)
        run = decide(shop, someone)
        async with shop.carrier() as carrier:
            await carrier.carry(run, someone.contact.id)
        await model.aclose()
    line = shop.runs.line(run.id, someone.contact.id)
    assert line is not None
    assert line.decision_id is not None
    record = shop.bench.archive.made_for(line.decision_id)
    assert record is not None
    shop.close()
    return Carried(
        someone=someone,
        line=line,
        record=record,
        statuses=tuple(response["status"]["code"] for response in cassette.responses),
        requests_left=len(cassette) - cassette.play_count,
        waits=tuple(waits),
        mails=tuple(shop.mails()),
    )


@pytest.fixture(scope="module")
def carried(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Carried]:
    """Each contact once, however many tests look at it."""
    known: dict[str, Carried] = {}

    def of(name: str) -> Carried:
        if name not in known:
            known[name] = asyncio.run(carry(tmp_path_factory.mktemp(name), name))
        return known[name]

    return of


@pytest.mark.parametrize("name", NAMES)
def test_every_contact_reaches_an_outcome(name: str, carried: Callable[[str], Carried]) -> None:
    one = carried(name)
    assert one.line.outcome in {ContactOutcome.SENT, ContactOutcome.WAITING, ContactOutcome.BLOCKED}
