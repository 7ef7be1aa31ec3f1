"""The writers of one case: the four agents on a model, the understudy, one prompt, a mail merge; then the judge."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from agents.context import DraftingContext
from agents.graph import build_graph
from agents.state import OutreachState
from domain.campaign import Autonomy
from domain.errors import ModelError
from domain.message import Draft, Evidence, Usage
from domain.ports import LanguageModel
from evals.agents import judge as judging
from evals.agents import mail_merge, one_prompt
from evals.agents.cases import OutreachCase
from evals.agents.judge import Judgement
from evals.agents.world import RUN, Kept, World
from evals.agents.writing import Written, addressed, judged_by_rules
from prompts.library import PromptLibrary

AGENTS = "agents"
AGENTS_BARE = "agents_without_memory"
UNDERSTUDY = "understudy"
UNDERSTUDY_BARE = "understudy_without_memory"
ONE_PROMPT = "one_prompt"
MAIL_MERGE = "mail_merge"
JUDGE = "judge"

COMPARED = (AGENTS, UNDERSTUDY, ONE_PROMPT, MAIL_MERGE)
"""Whose messages stand side by side, and before the judge."""

ON_A_MODEL = (AGENTS, ONE_PROMPT, JUDGE, AGENTS_BARE)
"""Whose part needs a model or a recording."""


class Models(Protocol):
    """Where a writer's model comes from: a recording, an endpoint, or nowhere."""

    def model(self, case: str, writer: str) -> LanguageModel | None:
        """The model this writer of this case asks; None where there is none."""
        ...

    def problem(self, case: str, writer: str) -> str:
        """Why it could not answer; empty where it did."""
        ...

    async def close(self, case: str, writer: str) -> None:
        """Say that a writer is through with a case, well or not."""
        ...

    async def finish(self) -> None:
        """Let go of every connection."""
        ...


class NoModels:
    """No model and no recording: understudy and mail merge alone."""

    def model(self, case: str, writer: str) -> LanguageModel | None:
        """There is none."""
        return None

    def problem(self, case: str, writer: str) -> str:
        """There is no model."""
        return "no model and no recording"

    async def close(self, case: str, writer: str) -> None:
        """Nothing to close."""

    async def finish(self) -> None:
        """Nothing to let go of."""


@dataclass(frozen=True)
class CaseResult:
    """Everything made for one case, by writer."""

    case: OutreachCase
    written: dict[str, Written]
    judgement: Judgement = field(default_factory=lambda: Judgement(problem="not asked"))


async def write_all(
    cases: Sequence[OutreachCase], world: World, models: Models, wanted: Collection[str], at_once: int = 10
) -> list[CaseResult]:
    """Let every wanted writer write every case; the order of the results is the cases'."""
    gate = asyncio.Semaphore(at_once)

    async def one(case: OutreachCase) -> CaseResult:
        async with gate:
            return await write_case(case, world, models, wanted)

    try:
        return list(await asyncio.gather(*(one(case) for case in cases)))
    finally:
        await models.finish()


async def write_case(case: OutreachCase, world: World, models: Models, wanted: Collection[str]) -> CaseResult:
    """Every wanted writer on one case; models are asked side by side, the judge last."""
    prompts = PromptLibrary(one_prompt.PROMPTS)
    understudy = await _graph(case, world, UNDERSTUDY, None, with_memory=True)
    bench = world.bench(None, Kept())
    ctx = replace(bench.context(_input(case)), evidence=understudy.evidence)
    written = {UNDERSTUDY: understudy}
    written[MAIL_MERGE] = _plain(MAIL_MERGE, case, ctx, mail_merge.write(ctx), Usage(), world)
    if case.planted:
        written[UNDERSTUDY_BARE] = await _graph(case, world, UNDERSTUDY_BARE, None, with_memory=False)
    asked = [AGENTS] * (AGENTS in wanted) + [AGENTS_BARE] * (
        AGENTS_BARE in wanted and case.planted is not None
    )
    made = await asyncio.gather(
        *(_agents(case, world, models, writer) for writer in asked),
        *([_one_prompt(case, ctx, world, models, prompts)] if ONE_PROMPT in wanted else []),
    )
    written |= {one.writer: one for one in made}
    judgement = Judgement(problem="not asked")
    if JUDGE in wanted:
        judgement = await _judge(case, ctx, written, models, prompts)
    return CaseResult(case, written, judgement)


async def _agents(case: OutreachCase, world: World, models: Models, writer: str) -> Written:
    model = models.model(case.id, writer)
    if model is None:
        return Written(writer, case, (), problem=models.problem(case.id, writer))
    made = await _graph(case, world, writer, model, with_memory=writer == AGENTS)
    await models.close(case.id, writer)
    return replace(made, problem=models.problem(case.id, writer) or made.problem)


async def _graph(
    case: OutreachCase, world: World, writer: str, model: LanguageModel | None, *, with_memory: bool
) -> Written:
    """One contact through the product's own graph, as a dry run."""
    archive = Kept()
    bench = world.bench(model, archive, with_memory=with_memory)
    state = OutreachState.model_validate(await build_graph().ainvoke(_input(case), context=bench))
    record = archive.made_for(state.decision_id)
    if record is None or record.draft is None or record.message is None:
        return Written(writer, case, state.evidence, usage=state.usage, problem=f"no message: {state.reason}")
    stood_in = f"the understudy stood in: {'; '.join(state.stood_in)}" if state.stood_in else ""
    return Written(
        writer=writer,
        case=case,
        evidence=record.evidence,
        draft=record.draft,
        message=record.message,
        verdict=record.verdict or judged_by_rules(record.draft, record.message, case, record.evidence, bench),
        brief=record.brief,
        plan=record.plan,
        usage=state.usage,
        cites=True,
        problem=stood_in,
    )


async def _one_prompt(
    case: OutreachCase, ctx: DraftingContext, world: World, models: Models, prompts: PromptLibrary
) -> Written:
    model = models.model(case.id, ONE_PROMPT)
    if model is None:
        return Written(ONE_PROMPT, case, ctx.evidence, problem=models.problem(case.id, ONE_PROMPT))
    try:
        draft, reply = await one_prompt.write(model, ctx, prompts)
    except ModelError as error:
        problem = models.problem(case.id, ONE_PROMPT) or str(error)
        return Written(ONE_PROMPT, case, ctx.evidence, usage=error.usage, problem=problem)
    finally:
        await models.close(case.id, ONE_PROMPT)
    return _plain(ONE_PROMPT, case, ctx, draft, reply.usage, world)


def _plain(
    writer: str, case: OutreachCase, ctx: DraftingContext, draft: Draft, usage: Usage, world: World
) -> Written:
    """A message of a writer that cites nothing, addressed and judged as any other."""
    bench = world.bench(None, Kept())
    message = addressed(draft, case, bench)
    evidence: tuple[Evidence, ...] = ctx.evidence
    return Written(
        writer=writer,
        case=case,
        evidence=evidence,
        draft=draft,
        message=message,
        verdict=judged_by_rules(draft, message, case, evidence, bench),
        usage=usage,
    )


async def _judge(
    case: OutreachCase,
    ctx: DraftingContext,
    written: dict[str, Written],
    models: Models,
    prompts: PromptLibrary,
) -> Judgement:
    missing = [writer for writer in COMPARED if writer not in written or written[writer].draft is None]
    if written.get(AGENTS) is None or AGENTS in missing or written[AGENTS].problem:
        return Judgement(problem=f"not asked: no message of {AGENTS}")
    model = models.model(case.id, JUDGE)
    if model is None:
        return Judgement(problem=models.problem(case.id, JUDGE))
    try:
        compared = [written[writer] for writer in COMPARED if writer not in missing]
        judgement = await judging.judge(model, ctx, compared, prompts)
    except ModelError as error:
        return Judgement(usage=error.usage, problem=models.problem(case.id, JUDGE) or str(error))
    finally:
        await models.close(case.id, JUDGE)
    return judgement


def _input(case: OutreachCase) -> OutreachState:
    return OutreachState(
        run_id=RUN,
        campaign_id=case.campaign_id,
        contact_id=case.contact_id,
        decision_id=f"d-{case.contact_id}",
        autonomy=Autonomy.SHADOW,
        is_dry_run=True,
    )


def is_own(written: Written) -> bool:
    """Tell whether a message is this writer's own and can be scored: not stale, not stood in for."""
    return written.draft is not None and not written.problem
