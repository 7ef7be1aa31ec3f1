"""F-01: SIGKILL at each named step of a run, of a review and of a delivery; then the same command again.

A step is a function of the program and a side of it. It is armed in the drill's own child process by wrapping
that function: no code of the program knows of it.
"""

from __future__ import annotations

import functools
import inspect
import json
import random
import shutil
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

from app import loop
from app.drills.faults.seen import Fault, Seen, look
from app.drills.forks import fork, kill_self, settled, wait
from app.drills.sink import sinking
from app.wiring import House
from domain.campaign import Autonomy
from domain.review import Review, ReviewAct
from evals.crowd import NOON, campaign

CONTACTS = 4
TIMES_EACH = 20
LANES = 3
MOST_MISSES = 5
"""A run may pass a step less often than it was counted; it is then tried again."""

Side = Literal["before", "after"]


@dataclass(frozen=True)
class Step:
    """One place to die at: a function, and whether before it or after it. `needs`: the autonomy that leads there."""

    where: str
    side: Side
    needs: Autonomy = Autonomy.AUTOPILOT

    @property
    def name(self) -> str:
        """Such as `before reserve`."""
        return f"{self.side} {self.where.partition(':')[2]}"


ASSIST = Autonomy.ASSIST
BOTH: tuple[Side, ...] = ("before", "after")
STEPS: tuple[Step, ...] = (
    *(
        Step(f"memory.crm.runs:RunStore.{act}", side)
        for act in ("start", "record_parts", "finish")
        for side in BOTH
    ),
    *(Step("memory.crm.runs:RunStore.mark", side) for side in BOTH),
    *(Step("app.jobs:Jobs.add", side) for side in BOTH),
    *(Step(f"agents.graph:{node}", "after") for node in ("signals", "plan", "draft", "review", "stakes")),
    *(Step("agents.graph:send", side) for side in BOTH),
    *(Step("agents.graph:finish", side, Autonomy.SHADOW) for side in BOTH),
    *(
        Step(f"memory.crm.outbox:OutboxStore.{act}", side)
        for act in ("put", "reserve", "confirm")
        for side in BOTH
    ),
    Step("app.drills.sink:SinkChannel.send", "before"),
    *(Step("app.drills.sink:SinkChannel.take", side) for side in BOTH),
    Step("memory.crm.outbox:_mark_sent", "after"),
    *(Step("memory.crm.together:_end", side) for side in BOTH),
    *(Step("memory.crm.audit:AuditChain.append", side) for side in BOTH),
    *(Step("app.carry:Carrier._close", side) for side in BOTH),
    Step("app.runs:catch_up", "before"),
    *(Step("agents.graph:propose", side, ASSIST) for side in BOTH),
    Step("memory.crm.proposals:ProposalStore.open", "after", ASSIST),
    *(Step("app.carry:Carrier.resume", side, ASSIST) for side in BOTH),
    *(Step("memory.crm.proposals:ProposalStore.settle", side, ASSIST) for side in BOTH),
    Step("agents.graph:send", "before", ASSIST),
    Step("app.drills.sink:SinkChannel.take", "after", ASSIST),
)


def attempt(trials: int, folder: Path, seed: int) -> Seen:
    """Kill `trials` times, going through the steps in turn; each at a random passing of the step.

    Most of a trial is waiting, so several lanes go side by side, each with workspaces of its own.
    """
    settled(folder / "base", CONTACTS)
    # A sample takes steps from everywhere, not the first ones.
    order = random.Random(seed).sample(STEPS, len(STEPS))
    plan = [order[number % len(order)] for number in range(trials)]
    lanes = []
    for number in range(min(LANES, trials)):
        lane = folder / f"lane{number}"
        lane.mkdir()
        shutil.copytree(folder / "base", lane / "base")
        mine = sorted(plan[number::LANES], key=order.index)
        lanes.append((lane, fork(partial(_kill_all, lane, mine, seed + number), lane / "errors")))
    seen, passed = Seen(), set[str]()
    for lane, child in lanes:
        if code := wait(child, 60.0 * trials):
            seen.problems.append(f"a lane ended with {code}: {_tail(lane)}")
            continue
        told = json.loads((lane / "seen").read_text())
        passed |= set(told.pop("passed"))
        for name, value in told.items():
            setattr(seen, name, getattr(seen, name) + value)
    seen.notes.append(f"{len(passed)} of {len(STEPS)} steps")
    return seen


def _kill_all(folder: Path, plan: Sequence[Step], seed: int) -> None:
    """Do one lane's trials, those of one step after each other, and write what was seen."""
    luck, seen = random.Random(seed), Seen()
    passings: dict[Step, int] = {}
    for step in plan:
        if step not in passings:
            passings[step] = _count(folder, step)
        if passings[step] == 0:
            seen.problems.append(f"nothing passes {step.name}")
            continue
        for _ in range(MOST_MISSES):
            workspace = _fresh(folder)
            nth = luck.randint(1, passings[step])
            if wait(_begin(folder, workspace, step, nth)) == -signal.SIGKILL:
                break
        else:
            seen.problems.append(f"{step.name} could not be met")
            continue
        seen.trials += 1
        if code := wait(_begin(folder, workspace, step, None)):
            seen.problems.append(f"after {step.name} the run did not go on ({code}): {_tail(folder)}")
        look(workspace, folder / "sink", seen, contacts=CONTACTS)
    told = {**vars(seen), "passed": sorted({step.name + step.needs.value for step in passings})}
    (folder / "seen").write_text(json.dumps(told))


def _fresh(folder: Path) -> Path:
    workspace = folder / "run"
    shutil.rmtree(workspace, ignore_errors=True)
    shutil.copytree(folder / "base", workspace)
    (folder / "sink").unlink(missing_ok=True)
    return workspace


def _count(folder: Path, step: Step) -> int:
    """How often a run passes a step when nobody kills it."""
    workspace, told = _fresh(folder), folder / "passings"
    told.unlink(missing_ok=True)

    def counted() -> None:
        passed: list[int] = []
        _arm(step, lambda: passed.append(1))
        _carry(workspace, folder / "sink", step.needs)
        told.write_text(str(len(passed)))

    wait(fork(counted, folder / "errors"))
    return int(told.read_text()) if told.exists() else 0


def _begin(folder: Path, workspace: Path, step: Step, nth: int | None) -> int:
    def carried() -> None:
        if nth is not None:
            left = iter(range(nth - 1, -1, -1))
            _arm(step, lambda: None if next(left, 1) else kill_self())
        _carry(workspace, folder / "sink", step.needs)

    return fork(carried, folder / "errors")


def _carry(workspace: Path, sink: Path, autonomy: Autonomy) -> None:
    """What a team does: run, look at what waits, approve it; over and over, until nothing is left to do."""
    from app.runs import begin, carry_on

    house = sinking(workspace, sink, NOON)
    open_run = house.runs.open_run("crowd")
    if open_run is not None or not house.runs.runs("crowd"):
        run, _ = begin(house, campaign().model_copy(update={"autonomy": autonomy}), is_dry_run=False)
        loop.run(carry_on(house, run))
    loop.run(_review_all(house))


async def _review_all(house: House) -> None:
    from app.deliver import deliver_due
    from app.reviews import review

    await deliver_due(house)
    for proposal in house.proposals.waiting():
        given = Review(
            proposal_id=proposal.id,
            act=ReviewAct.APPROVE,
            reviewer="ann",
            message_sha256=proposal.message_sha256,
            at=house.clock(),
        )
        await review(house, given)
    await deliver_due(house)


def _arm(step: Step, passing: Callable[[], object]) -> None:
    """Wrap the step's function so that `passing` is called on its side of it."""
    module, _, path = step.where.partition(":")
    owner: Any = import_module(module)
    *parents, name = path.split(".")
    for parent in parents:
        owner = getattr(owner, parent)
    function = getattr(owner, name)

    @functools.wraps(function)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        if step.side == "before":
            passing()
        result = function(*args, **kwargs)
        if step.side == "after":
            passing()
        return result

    @functools.wraps(function)
    async def wrapped_async(*args: Any, **kwargs: Any) -> Any:
        if step.side == "before":
            passing()
        result = await function(*args, **kwargs)
        if step.side == "after":
            passing()
        return result

    setattr(owner, name, wrapped_async if inspect.iscoroutinefunction(function) else wrapped)


def _tail(folder: Path) -> str:
    errors = folder / "errors"
    return errors.read_text()[-600:] if errors.exists() else ""


FAULT = Fault("F-01", "SIGKILL at each named step", len(STEPS) * TIMES_EACH, 10, attempt)
