"""The outreach suite: forty contacts, every writer, every score, one report."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

import numpy as np

from domain.message import Usage
from evals.agents import one_prompt
from evals.agents.cases import OutreachCase, outreach_cases
from evals.agents.judge import MARKS, Judged
from evals.agents.report import Finding, Report, Result
from evals.agents.scoring import Scores
from evals.agents.scoring.compliance import compliance, recall
from evals.agents.scoring.grounding import grounding
from evals.agents.scoring.individuality import fact_distance, individuality
from evals.agents.scoring.planning import planning
from evals.agents.scoring.tone import tone
from evals.agents.world import World, open_world
from evals.agents.writers import COMPARED, JUDGE, CaseResult, Models, write_all
from evals.agents.writing import Written
from policies.rulebook import RuleBook
from prompts.library import PromptLibrary

PROMPTS = ("signal_analyst", "content_strategist", "outreach_composer", "compliance_reviewer")
FEWEST_FOR_AGREEMENT = 8


async def run_outreach(
    cases: Sequence[OutreachCase],
    models: Models,
    wanted: Collection[str],
    *,
    source: str,
    made_at: datetime,
    at_once: int = 10,
) -> Report:
    """Write, judge and score the cases.

    Args:
        cases: which ones; a pair of which only one is there has no swap test.
        models: where the writers' models come from.
        wanted: the writers that need a model and shall run; understudy and mail merge always do.
        source: how the report names that place.
        made_at: aware time, for the report.
        at_once: cases under way side by side.
    """
    with open_world(outreach_cases()) as world:
        results = await write_all(cases, world, models, wanted, at_once)
        return report_of(results, world, source=source, made_at=made_at)


def report_of(results: Sequence[CaseResult], world: World, *, source: str, made_at: datetime) -> Report:
    """Score what was written."""
    by_case = {result.case.id: result for result in results}
    lines = []
    for result in results:
        colleague = next(
            (other for other in results if other.case.pair == result.case.pair and other is not result), None
        )
        for writer, written in result.written.items():
            beside = colleague.written.get(writer) if colleague else None
            lines.append(_result(written, beside, result.judgement.by_writer.get(writer), world.rules))
        if result.judgement.problem not in ("", "not asked"):
            lines.append(Result(writer=JUDGE, case=result.case.id, problem=result.judgement.problem))
    scored = [line for line in lines if line.writer in COMPARED]
    return Report(
        suite="outreach",
        made_at=made_at,
        source=source,
        cases=len(results),
        world_sha256=_fingerprint([result.case for result in results]),
        prompts=_prompts(world),
        results=tuple(lines),
        agreement=agreement(scored) | facts_and_messages(by_case),
    )


def _result(written: Written, beside: Written | None, judged: Judged | None, rules: RuleBook) -> Result:
    case = written.case
    title = f"{case.dossier.contact.job_title or 'no title'}, {case.asset.title}"
    if written.draft is None:
        return Result(writer=written.writer, case=case.id, title=title, problem=written.problem)
    scores = score(written, beside, rules)
    if judged:
        scores.measures |= {f"judge_{mark}": float(value) for mark, value in judged.marks.items()}
        scores.measures["judge_best"] = float(judged.is_best)
    findings = [Finding(measure=n.measure, span=n.span, why=n.why) for n in scores.notes]
    if judged:
        findings += [Finding(measure=f"judge_{q.mark}", span=q.quote, why=q.why) for q in judged.quotes]
    return Result(
        writer=written.writer,
        case=case.id,
        title=title,
        subject=written.draft.subject,
        text=written.draft.body,
        measures=scores.measures,
        findings=tuple(findings),
        problem=written.problem,
    )


def score(written: Written, beside: Written | None, rules: RuleBook) -> Scores:
    """Every deterministic score of one message; the colleague's is needed for the swap test only."""
    assert written.draft is not None
    scores = Scores()
    scores.add(grounding(written, rules))
    if beside is not None and beside.draft is not None and not beside.problem:
        scores.add(individuality(written, beside))
    scores.add(planning(written))
    scores.add(tone(written.draft))
    scores.add(compliance(written))
    scores.add(recall(written))
    scores.measures |= _cost(written.usage)
    return scores


def _cost(usage: Usage) -> dict[str, float]:
    told = {
        "calls": float(usage.calls),
        "input_tokens": float(usage.input_tokens),
        "output_tokens": float(usage.output_tokens),
    }
    # Without a price list a call costs an unknown sum, not nothing.
    if usage.cost_micros or not usage.calls:
        told["cost_micros"] = float(usage.cost_micros)
    return told


def agreement(results: Sequence[Result]) -> dict[str, float]:
    """How far the judge's marks and the deterministic scores go together, over all messages: Spearman's rho."""
    found = {}
    for mark, measure in (
        ("grounded", "grounded"),
        ("individual", "names_own_fact"),
        ("voice", "tone_checks"),
    ):
        both = [
            (result.measures[f"judge_{mark}"], result.measures[measure])
            for result in results
            if not result.problem and f"judge_{mark}" in result.measures and measure in result.measures
        ]
        rho = spearman(both)
        if rho is not None:
            found[f"judge {mark} and {measure}"] = rho
    assert set(MARKS) >= {"grounded", "individual", "voice"}
    return found


def facts_and_messages(by_case: Mapping[str, CaseResult]) -> dict[str, float]:
    """Whether messages of one writer differ more where the facts differ more: rho over all pairs of cases.

    Fact distances are taken among contacts who got the same content, so that the content is no help.
    """
    found = {}
    for writer in COMPARED:
        own = [
            result.written[writer]
            for result in by_case.values()
            if writer in result.written
            and result.written[writer].draft
            and not result.written[writer].problem
        ]
        both = [
            (fact_distance(one, other), individuality(one, other).measures["distance"])
            for place, one in enumerate(own)
            for other in own[place + 1 :]
            if one.case.asset_id == other.case.asset_id
        ]
        rho = spearman(both)
        if rho is not None:
            found[f"{writer}: facts and messages differ together"] = rho
    return found


def spearman(pairs: Sequence[tuple[float, float]]) -> float | None:
    """Rank correlation with tied ranks averaged; None for too few pairs or where one side never changes."""
    if len(pairs) < FEWEST_FOR_AGREEMENT:
        return None
    left, right = (_ranks(np.asarray(side, dtype=float)) for side in zip(*pairs, strict=True))
    if np.ptp(left) == 0 or np.ptp(right) == 0:
        return None
    return float(np.corrcoef(left, right)[0, 1])


def _ranks(values: np.ndarray) -> np.ndarray:
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    middles: np.ndarray = (ends - (counts - 1) / 2)[inverse]
    return middles


def _prompts(world: World) -> dict[str, str]:
    """The versions this run is asked with: the product's, the baseline's and the judge's."""
    own = PromptLibrary(one_prompt.PROMPTS)
    named = {name: world.prompts.latest(name) for name in PROMPTS}
    return named | {name: own.latest(name) for name in own.names()}


def _fingerprint(cases: Sequence[OutreachCase]) -> str:
    text = "\n".join(case.model_dump_json() for case in cases)
    return hashlib.sha256(text.encode()).hexdigest()
