"""What a program's request with a key was answered: each token's own list, short, and never pushed out by another."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from fastapi import Response

from app.web.api.repeats import KEPT_FOR, MOST_BYTES, MOST_KEPT, KeyReused, Repeats

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)


class Desk:
    """Does requests, and counts them. `now` and `erased` can be set."""

    def __init__(self) -> None:
        self.now, self.erased, self.done = NOON, 0, 0
        self.repeats = Repeats(lambda: self.now, lambda: self.erased)
        self.gate: asyncio.Event | None = None

    async def ask(self, whose: str, which: str, answer: bytes = b"{}") -> Response:
        async def do() -> Response:
            self.done += 1
            if self.gate is not None:
                await self.gate.wait()
            return Response(answer, media_type="application/json")

        return await self.repeats.once(whose, which, b"body", do)


async def test_one_tokens_requests_push_no_other_tokens_out() -> None:
    desk = Desk()
    await desk.ask("ann", "k")
    for number in range(MOST_KEPT + 5):
        await desk.ask("bob", str(number))
    assert (await desk.ask("ann", "k")).headers["idempotency-replayed"] == "true"
    assert (await desk.ask("bob", str(MOST_KEPT + 4))).headers["idempotency-replayed"] == "true"
    done = desk.done
    await desk.ask("bob", "0")
    assert desk.done == done + 1


async def test_what_is_under_way_is_never_forgotten() -> None:
    desk = Desk()
    desk.gate = asyncio.Event()
    slow = asyncio.create_task(desk.ask("ann", "slow"))
    while not desk.done:
        await asyncio.sleep(0)
    gate, desk.gate = desk.gate, None
    for number in range(MOST_KEPT + 5):
        await desk.ask("ann", str(number))
    desk.now += KEPT_FOR + timedelta(minutes=1)
    with pytest.raises(KeyReused, match="under way"):
        await desk.ask("ann", "slow")
    gate.set()
    await slow


async def test_a_long_answer_is_not_kept_and_its_request_not_done_again() -> None:
    desk = Desk()
    await desk.ask("ann", "short", b"x" * MOST_BYTES)
    await desk.ask("ann", "long", b"x" * (MOST_BYTES + 1))
    assert len((await desk.ask("ann", "short")).body) == MOST_BYTES
    with pytest.raises(KeyReused, match="done before"):
        await desk.ask("ann", "long")
    assert desk.done == 2


@pytest.mark.parametrize("is_told", [True, False])
async def test_after_an_erasure_no_answer_is_remembered_and_nothing_done_twice(is_told: bool) -> None:
    desk = Desk()
    await desk.ask("ann", "k", b"about Dana")
    if is_told:
        desk.repeats.clear()
    else:
        desk.erased += 1
    with pytest.raises(KeyReused, match="somebody was erased"):
        await desk.ask("ann", "k", b"about Dana")
    assert desk.done == 1


async def test_an_answer_given_during_an_erasure_is_not_remembered() -> None:
    desk = Desk()
    desk.gate = asyncio.Event()
    asked = asyncio.create_task(desk.ask("ann", "k", b"about Dana"))
    while not desk.done:
        await asyncio.sleep(0)
    desk.erased += 1
    desk.gate.set()
    await asked
    with pytest.raises(KeyReused, match="somebody was erased"):
        await desk.ask("ann", "k", b"about Dana")
