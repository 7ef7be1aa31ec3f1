"""`attune replay` and `attune decisions`: what a candidate would have earned, and the log as a file."""

from __future__ import annotations

import math
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.amounts import rounded_up
from app.cli.days import Since, read_since
from app.cli.doors import doors
from app.cli.screen import AsJson, heading, line, listing, print_json
from domain.errors import WrongUsage

if TYPE_CHECKING:
    from app.goal_rewards import RewardsOf
    from app.replaying import Answered
    from app.wiring import House
    from learning.replay.report import Answer, Replay

app = typer.Typer(no_args_is_help=True, help="The log of decisions.")

From = Annotated[
    Since | None,
    typer.Option(
        parser=read_since,
        metavar="<day, time or days>",
        help="Decisions from then on: a UTC day or time such as 2026-09-01, or days such as 90d.",
    ),
]


class RewardKind(StrEnum):
    """Which account of rewards is asked."""

    VALUE = "value"
    GOAL = "goal"


PER = 1_000
"""Decisions that amounts are shown for."""


@app.command("export")
def export(
    path: Annotated[Path, typer.Argument(metavar="OUT.parquet", help="The file to write.")],
    campaign: Annotated[str | None, typer.Option(help="Only this campaign.")] = None,
    since: From = None,
    as_json: AsJson = False,
) -> None:
    """Write the log of decisions as Parquet, rule refusals beside it; docs/decision-log.md has the schema."""
    from app.campaign_shelf import ran
    from app.decision_file import export_decisions

    if path.suffix.lower() != ".parquet":
        raise WrongUsage(
            f"What is written is Parquet, and {path} does not end in .parquet. Nothing was written."
        )
    house = doors.house()
    only = None if campaign is None else ran(house, campaign).id
    start = since.on(house.clock()) if since else None
    done = export_decisions(house.decision_log, rewards_of(house), path, only, start)
    if as_json:
        print_json(done.__dict__)
        return
    line(f"{done.decisions:,} decisions, {done.mature:,} with a known reward, are in {done.decisions_file}.")
    line(f"{done.refusals:,} refusals by rule are in {done.refusals_file}.")


def replay(
    candidate: Annotated[
        list[str],
        typer.Option(
            help="What if we had used: explorer, uniform, silence, best-single, 'rule FILE.yaml', "
            "'assets a,b,c' or 'learner VERSION'. Give it again for more candidates."
        ),
    ],
    campaign: Annotated[str, typer.Option(help="The campaign whose log is asked.")],
    since: From = None,
    margin_cents: Annotated[
        float, typer.Option(min=0, help="How much worse a decision may be, in cents, and still be promoted.")
    ] = 0.0,
    reward: Annotated[
        RewardKind,
        typer.Option(help="What a decision earned: with early signals (value), or the goal alone (goal)."),
    ] = RewardKind.VALUE,
    level: Annotated[float, typer.Option(min=0.5, max=0.999, help="Of the intervals.")] = 0.95,
    as_json: AsJson = False,
) -> None:
    """Tell from the log what another chooser would have earned, or that the log cannot tell."""
    from app.campaign_shelf import ran
    from app.replay_candidates import candidate_of
    from app.replaying import ask, logged_of
    from app.scenes import SceneReader
    from app.trying import learner_candidate

    house = doors.house()
    known = ran(house, campaign)
    learner_of = partial(learner_candidate, house, known)
    asked = [(words, candidate_of(words, known, learner_of)) for words in candidate]
    logged = logged_of(
        house.decision_log,
        rewards_of(house, reward),
        SceneReader(house),
        known.id,
        since.on(house.clock()) if since else None,
    )
    answers = [ask(words, one, logged, margin_cents=margin_cents, level=level) for words, one in asked]
    if as_json:
        print_json([as_record(answered) for answered in answers])
        return
    for answered in answers:
        print_answer(answered, known.goal.currency)


def rewards_of(house: House, kind: RewardKind = RewardKind.VALUE) -> RewardsOf:
    """What decisions earned: the one place that says who fills this port."""
    from app.goal_rewards import GoalRewards, ValueRewards

    if kind is RewardKind.VALUE:
        return ValueRewards(house, house.clock())
    return GoalRewards(
        house.goal_outcomes, lambda campaign_id: house.crm.campaign(campaign_id).goal, house.clock()
    )


def as_record(answered: Answered) -> dict[str, Any]:
    """Everything found, for a program; amounts in cents a decision."""
    from learning.replay.report import Refused

    found = answered.found
    record: dict[str, Any] = {
        "candidate": answered.candidate,
        "campaign": answered.logged.campaign_id,
        "learner_versions": list(answered.logged.learner_versions),
        "left_out": answered.logged.left_out,
        "open": len(answered.logged.log) - found.overlap.decisions,
        "overlap": found.overlap.__dict__,
        "is_promoted": answered.promotion.is_promoted,
        "promotion": answered.promotion.reason,
    }
    if isinstance(found, Refused):
        return {
            **record,
            "verdict": "refused",
            "lack": found.thin.lack.value,
            "reason": found.thin.reason,
            "more_decisions": found.thin.more_decisions,
        }
    return {
        **record,
        "verdict": verdict(found)[0],
        "logged": _bounds(found.logged),
        "estimate": _bounds(found.candidate),
        "difference": _bounds(found.difference),
        "other_estimates": {
            **{answer.estimate.name: _bounds(answer) for answer in found.others},
            **{one.name: {"cents": one.value, "setting": one.setting} for one in found.biased},
        },
    }


def print_answer(answered: Answered, currency: str) -> None:
    """Say it so that a marketer understands."""
    from learning.replay.report import Refused

    found, overlap = answered.found, answered.found.overlap
    heading(f"What if “{answered.candidate}” had decided in {answered.logged.campaign_id}?")
    still_open = len(answered.logged.log) - overlap.decisions
    waiting = f"; {still_open:,} more wait for their window to close" if still_open else ""
    line(f"  Asked of {overlap.decisions:,} decisions about {overlap.contacts:,} contacts{waiting}.")
    if isinstance(found, Refused):
        line(f"  The log cannot tell. {found.thin.reason}", style="yellow")
        return
    at = f"{found.candidate.interval.level:.0%} interval"
    listing(
        [
            _row("what was done", found.logged, currency),
            _row("the candidate", found.candidate, currency),
            _row("difference", found.difference, currency),
        ],
        {"what": f"  Per {PER:,} decisions", "value": "Worth>", "low": f"{at}, from>", "high": "to>"},
        as_json=False,
    )
    counts = f"{overlap.ess_expected:,.0f}"
    line(
        f"  For it, the log counts as {counts} decision{'' if counts == '1' else 's'} (effective sample size; "
        f"{overlap.ess_kish:,.0f} as drawn); the largest weight is "
        f"{overlap.max_weight:.1f}; {overlap.unsupported:.1%} of what it would do was never possible."
    )
    others = [f"{answer.estimate.name} {_money(answer.value, currency)}" for answer in found.others]
    others += [f"{one.name} {_money(one.value, currency)}" for one in found.biased]
    line(f"  Other estimators: {', '.join(others)}.", style="dim")
    word, sentence = verdict(found)
    line(f"  {sentence}", style={"better": "green", "worse": "red"}.get(word, "yellow"))
    may = "may" if answered.promotion.is_promoted else "may not"
    line(f"  It {may} replace what was used. {answered.promotion.reason}", style="dim")


def verdict(found: Replay) -> tuple[str, str]:
    """Better, worse or cannot tell; and the sentence for it."""
    gain, bounds = found.difference.value, found.difference.interval
    if bounds.high - bounds.low < 1e-9:
        return "same", "The same: it would have chosen as what was used did."
    if bounds.low > 0:
        return "better", "Better: even the low end of the difference is a gain."
    if bounds.high < 0:
        return "worse", "Worse: even the high end of the difference is a loss."
    half = (bounds.high - bounds.low) / 2
    more = found.overlap.decisions * ((half / gain) ** 2 - 1) if gain else float("inf")
    untold = "Cannot tell: gain and loss both fit the log."
    if more >= 100 * found.overlap.decisions:
        return "cannot tell", untold
    about = f"about {rounded_up(max(math.ceil(more), 2))} more decisions would show it"
    return "cannot tell", f"{untold} If the difference is what it looks like, {about}."


def _row(what: str, answer: Answer, currency: str) -> dict[str, str]:
    low, high = answer.interval.low, answer.interval.high
    amounts = {"value": answer.value, "low": low, "high": high}
    return {"what": f"  {what}", **{name: _money(cents, currency) for name, cents in amounts.items()}}


def _money(cents: float, currency: str) -> str:
    return f"{cents * PER / 100:,.0f} {currency}"


def _bounds(answer: Answer) -> dict[str, float]:
    bounds = answer.interval
    return {"cents": answer.value, "low": bounds.low, "high": bounds.high, "level": bounds.level}
