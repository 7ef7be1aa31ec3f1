"""F-05: a model that times out, refuses, errs, answers garbage or a megabyte: nothing goes out unreviewed."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from pathlib import Path

from app import loop
from app.drills.faults.seen import Fault, Seen, look
from app.drills.forks import fork, settled, wait
from app.drills.sink import arrived, sinking
from domain.run import ContactOutcome
from evals.crowd import NOON, campaign

FAULTS = ("timeout", "429", "500", "cut", "garbage", "refusal", "megabyte")


def attempt(trials: int, folder: Path, seed: int) -> Seen:
    """Carry `trials` contacts against a model that fails in each of the seven ways."""
    del seed
    seen = Seen()
    for kind in FAULTS:
        base = folder / kind / "ws"
        base.parent.mkdir()
        settled(base, trials)
        port_file, errors = folder / kind / "port", folder / "errors"
        server = fork(lambda kind=kind, told=port_file: asyncio.run(_serve(kind, told)), errors)  # type: ignore[misc]
        try:
            code = wait(fork(lambda base=base, told=port_file: _carry(base, told), errors), 600)  # type: ignore[misc]
        finally:
            os.kill(server, signal.SIGKILL)
            os.waitpid(server, 0)
        if code:
            seen.problems.append(
                f"{kind}: the run ended with {code}: {errors.read_text()[-300:] if errors.exists() else ''}"
            )
        look(base, base.with_name("sink"), seen, contacts=trials)
        unreviewed = len(arrived(base.with_name("sink")))
        seen.unapproved += unreviewed
        seen.trials += trials
    return seen


def _carry(base: Path, port_file: Path) -> None:
    from app.runs import begin, carry_on

    while not port_file.exists():
        pass
    url = f"http://127.0.0.1:{port_file.read_text()}/v1"
    house = sinking(
        base,
        base.with_name("sink"),
        NOON,
        model="faulty",
        openai_base_url=url,
        model_timeout_seconds=0.5,
        model_attempts=2,
    )
    run, _ = begin(house, campaign(), is_dry_run=False)
    report = loop.run(carry_on(house, run))
    ended = {ContactOutcome.WAITING, ContactOutcome.BLOCKED}
    assert set(report.counts) <= ended, report.counts


async def _serve(kind: str, port_file: Path) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:
            writer.close()  # the client left before it asked
            return
        length = next(
            (int(h.split(b":")[1]) for h in head.lower().split(b"\r\n") if h.startswith(b"content-length")), 0
        )
        await reader.readexactly(length)
        if kind == "timeout":
            await asyncio.sleep(30)
        status, body = _reply(kind)
        told = len(body) + (100 if kind == "cut" else 0)
        headers = f"content-type: application/json\r\ncontent-length: {told}\r\nconnection: close"
        lines = f"HTTP/1.1 {status} X\r\n{headers}\r\n\r\n"
        writer.write(lines.encode() + body)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    waiting = port_file.with_suffix(".new")
    waiting.write_text(str(server.sockets[0].getsockname()[1]))
    waiting.replace(port_file)
    await server.serve_forever()


def _reply(kind: str) -> tuple[int, bytes]:
    if kind == "429":
        return 429, b'{"error": {"message": "slow down", "code": "rate_limit"}}'
    if kind == "500":
        return 500, b'{"error": {"message": "oh"}}'
    content = {"garbage": '{"subject": ]', "megabyte": "x" * 1_000_000}.get(kind, "{}")
    message: dict[str, object] = {"role": "assistant", "content": content}
    if kind == "refusal":
        message = {"role": "assistant", "content": None, "refusal": "I will not."}
    choice = {"index": 0, "finish_reason": "stop", "message": message}
    body = {"id": "c", "object": "chat.completion", "created": 0, "model": "faulty", "choices": [choice]}
    return 200, json.dumps(body).encode()


FAULT = Fault("F-05", "model: seven ways to fail (trials each)", 100, 2, attempt)
