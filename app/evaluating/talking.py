"""Runs the assistant's tasks: each on its own copy of the workspace, through the same assistant every door calls."""

from __future__ import annotations

import asyncio
import hashlib
import json
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from pydantic import SecretStr

from app.evaluating.truths import standing_of, truths_of
from app.evaluating.world import build, copied, opened
from app.wiring import House
from domain.assistant import (
    Answered,
    Asker,
    Asking,
    Broken,
    ChangeAsked,
    ChangeDecision,
    Door,
    Found,
    Happening,
    RecordRef,
)
from domain.errors import AttuneError
from domain.message import Usage
from evals.agents.report import Finding, Report, Result
from evals.agents.talking.checking import Observed, check
from evals.agents.talking.tasks import Task, Truths, filled
from evals.agents.tape import KEPT_MODEL, Mode, Tape, Upstream
from memory.crm.conversations import ConversationStore

ASSISTANT = "assistant"
UNDERSTUDY = "understudy"


@dataclass(frozen=True)
class Source:
    """Where the assistant's model comes from: a tape, or an endpoint asked live. With neither, only the understudy."""

    tape: Tape | None = None
    mode: Mode = Mode.REPLAY
    live: Upstream | None = None
    wait_seconds: float = 60.0

    def settings(self, task: Task) -> dict[str, object] | None:
        """What a house needs to ask it about one task; None where there is nothing to ask."""
        told: dict[str, object] = {
            "openai_api_key": SecretStr("none"),
            "model": KEPT_MODEL,
            "model_attempts": 1,
            "model_timeout_seconds": self.wait_seconds,
        }
        if self.live:
            key = SecretStr(self.live.api_key or "none")
            return told | {
                "openai_base_url": self.live.base_url,
                "model": self.live.model,
                "openai_api_key": key,
            }
        if self.tape is None or (self.mode is Mode.REPLAY and not self.tape.has(task.id, ASSISTANT)):
            return None
        return told | {"openai_base_url": self.tape.base_url(task.id, ASSISTANT)}

    def problem(self, task: Task) -> str:
        """What could not be answered from the tape."""
        return self.tape.problem(task.id, ASSISTANT) if self.tape else ""

    def close(self, task: Task) -> None:
        """The task is through."""
        if self.tape:
            self.tape.close_case(task.id, ASSISTANT)


@dataclass
class _Heard:
    """What was heard of one conversation, in order."""

    words: list[str] = field(default_factory=list)
    found: list[Found] = field(default_factory=list)
    asked: list[ChangeAsked] = field(default_factory=list)
    records: list[RecordRef] = field(default_factory=list)
    usage: Usage = field(default_factory=Usage)
    problem: str = ""

    def hear(self, happening: Happening) -> None:
        """Take one in."""
        if isinstance(happening, Found):
            self.found.append(happening)
        elif isinstance(happening, Asking):
            self.asked += happening.changes
        elif isinstance(happening, Answered):
            self.records += happening.records
            self.words.append(happening.words)
            self.usage += happening.usage
            if happening.stand_in_for:
                self.problem = f"the understudy stood in: {happening.stand_in_for}"
        elif isinstance(happening, Broken):
            self.words.append(happening.words)


async def run_tasks(
    tasks: Sequence[Task],
    source: Source,
    *,
    told: str,
    made_at: datetime,
    at_once: int = 4,
    progress: Callable[[str], None] = lambda words: None,
) -> Report:
    """Build the workspace, run every task by the understudy and, where there is one, by the model; report.

    Args:
        tasks: which ones.
        source: the model's.
        told: how the report names the source.
        made_at: aware time, for the report.
        at_once: tasks under way side by side.
        progress: told what is done.
    """
    with tempfile.TemporaryDirectory() as scratch:
        base = Path(scratch) / "workspace"
        progress("Making the workspace")
        await asyncio.to_thread(build, base)
        with opened(base) as house:
            truths = truths_of(house)
            changing = frozenset(card.name for card in house.toolset.cards(asker_of("admin")) if card.changes)
            version = house.prompts.latest("assistant")
        gate = asyncio.Semaphore(at_once)

        async def one(task: Task, writer: str) -> Result:
            async with gate:
                result = await _one(task, writer, source, base, Path(scratch), truths, changing)
                progress(f"{writer}: {task.id}")
                return result

        results = await asyncio.gather(*(one(task, w) for task in tasks for w in (UNDERSTUDY, ASSISTANT)))
    return Report(
        suite="assistant",
        made_at=made_at,
        source=told,
        cases=len(tasks),
        world_sha256=_fingerprint(tasks, truths),
        prompts={"assistant": version},
        results=tuple(results),
    )


async def _one(
    task: Task,
    writer: str,
    source: Source,
    base: Path,
    scratch: Path,
    truths: Truths,
    changing: frozenset[str],
) -> Result:
    asked = filled(task, truths)
    settings = {} if writer == UNDERSTUDY else source.settings(task)
    if settings is None:
        return Result(writer=writer, case=task.id, title=asked.ask, problem=f"not recorded: {writer}")
    with copied(base, scratch / f"{task.id}-{writer}", **settings) as house:
        seen = await observe(asked, house)
    problem = ""
    if writer == ASSISTANT:
        problem = source.problem(task) or seen.problem
        if not problem:
            source.close(task)
    scores = check(asked, seen, changing)
    usage = seen.usage
    cost = {"calls": usage.calls, "input_tokens": usage.input_tokens, "output_tokens": usage.output_tokens}
    return Result(
        writer=writer,
        case=task.id,
        title=f"{asked.part}: {asked.ask}",
        text=_told(seen),
        measures=scores.measures | {name: float(value) for name, value in cost.items()},
        findings=tuple(Finding(measure=n.measure, span=n.span, why=n.why) for n in scores.notes),
        problem=problem,
    )


async def observe(task: Task, house: House) -> Observed:
    """Ask, answer what waits as the task says, and look at what is different afterwards."""
    asker = asker_of(task.role.value)
    before = standing_of(house)
    # A model's request holds a mark made of the conversation's id: one drawn anew would fit no recording.
    house.__dict__["conversations"] = ConversationStore(
        house.engine, house.clock, new_id=lambda: f"t_eval-{task.id}"
    )
    conversation = house.assistant.begin(asker)
    heard = _Heard()
    try:
        for words in task.before:
            async for _ in house.assistant.say(asker, conversation.id, words):
                pass
        async for happening in house.assistant.say(asker, conversation.id, task.ask):
            heard.hear(happening)
        if heard.asked and task.then != "leave":
            decisions = [
                ChangeDecision(call_id=change.call.id, is_yes=task.then == "yes", seal=change.effect.seal)
                for change in heard.asked
            ]
            async for happening in house.assistant.decide(asker, conversation.id, decisions):
                heard.hear(happening)
    except AttuneError as error:
        heard.problem = str(error)
    finally:
        await house.assistant.finish()
        if house.model is not None:
            await house.model.aclose()
    after = standing_of(house)
    return Observed(
        words="\n".join(heard.words),
        found=tuple(heard.found),
        asked=tuple(heard.asked),
        records=tuple(heard.records),
        changed=tuple(sorted(after - before)),
        facts=after,
        usage=heard.usage,
        problem=heard.problem,
    )


def asker_of(role: str) -> Asker:
    """Who asks the tasks, in this role."""
    return Asker.model_validate(
        {
            "member_id": f"eval-{role}",
            "name": "Erin",
            "role": role,
            "door": Door.TERMINAL,
            "zone": "Europe/London",
        }
    )


def _told(seen: Observed) -> str:
    calls = [f"→ {one.call.name} {json.dumps(one.call.arguments, ensure_ascii=False)}" for one in seen.found]
    waits = [f"? {one.effect.title}" for one in seen.asked]
    return "\n".join([*calls, *waits, seen.words])


def _fingerprint(tasks: Sequence[Task], truths: Truths) -> str:
    text = json.dumps([[task.model_dump(mode="json") for task in tasks], dict(truths)], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
