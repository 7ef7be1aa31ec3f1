"""`attune eval`: how good the agents are, from a recording, from an endpoint being recorded, or live."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.doors import doors
from app.cli.screen import AsJson, line, listing
from domain.base import utc_now
from domain.errors import AttuneError

if TYPE_CHECKING:
    from evals.agents.models import Live, Taped
    from evals.agents.report import Report
    from evals.agents.tape import Upstream
    from tools.models.prices import PriceList

app = typer.Typer(
    no_args_is_help=True, help="How good the agents are, beside baselines; comparable between runs."
)

MODEL_WAIT_SECONDS = 3_600.0
"""How long a recording waits for one answer: a person may be writing it."""

Cases = Annotated[str, typer.Option(help="Which cases: 1-10 or 3,7,12-14. All, if left out.")]
Record = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR",
        help="Ask the endpoint of OPENAI_BASE_URL and keep each case's answers here; what is kept is not asked again.",
    ),
]
Replay = Annotated[
    Path | None, typer.Option(metavar="DIR", help="Where the recording is; the shipped one, if left out.")
]
IsLive = Annotated[bool, typer.Option("--live", help="Ask the endpoint of OPENAI_BASE_URL and keep nothing.")]
Out = Annotated[Path, typer.Option(metavar="DIR", help="Where SUITE.json and SUITE.html are written.")]
AtOnce = Annotated[int, typer.Option(min=1, max=40, help="Cases under way side by side.")]


@app.command("outreach")
def outreach(
    cases: Cases = "",
    record: Record = None,
    replay: Replay = None,
    is_live: IsLive = False,
    writers: Annotated[
        str, typer.Option(help="Of agents, one_prompt, judge, agents_without_memory: who asks a model.")
    ] = "agents,one_prompt,judge",
    out: Out = Path("eval"),
    at_once: AtOnce = 10,
) -> None:
    """Forty contacts, written to by our agents, the understudy, one prompt and a mail merge; scored, judged."""
    from evals.agents.cases import chosen
    from evals.agents.models import recordings
    from evals.agents.outreach import run_outreach
    from evals.agents.writers import ON_A_MODEL

    wanted = [name.strip() for name in writers.split(",") if name.strip()]
    if strange := [name for name in wanted if name not in ON_A_MODEL]:
        raise AttuneError(f"--writers: nobody is called {strange[0]!r}. Known: {', '.join(ON_A_MODEL)}.")
    picked = chosen(cases)

    async def run(models: Taped | Live, source: str) -> Report:
        return await run_outreach(picked, models, wanted, source=source, made_at=utc_now(), at_once=at_once)

    with recordings("outreach", record, replay, _upstream() if record or is_live else None, _prices()) as (
        models,
        source,
    ):
        report = asyncio.run(run(models, source))
    _show(report, out)


@app.command("assistant")
def assistant(
    cases: Annotated[
        str, typer.Option(help="Which tasks: 1-10, or names such as why-message. All, if left out.")
    ] = "",
    record: Record = None,
    replay: Replay = None,
    is_live: IsLive = False,
    out: Out = Path("eval"),
    at_once: AtOnce = 4,
) -> None:
    """Questions with checkable end states over a sample market: by the understudy, and by the recorded model."""
    from app.evaluating.talking import Source, run_tasks
    from evals.agents.models import CASSETTES
    from evals.agents.talking.tasks import chosen_tasks
    from evals.agents.tape import Mode, Tape

    tasks = chosen_tasks(cases)
    upstream = _upstream() if record or is_live else None

    def run(source: Source, told: str) -> Report:
        return asyncio.run(run_tasks(tasks, source, told=told, made_at=utc_now(), at_once=at_once))

    if upstream and record is None:
        _show(run(Source(live=upstream, wait_seconds=MODEL_WAIT_SECONDS), f"{upstream.model}, live"), out)
        return
    mode = Mode.RECORD if record else Mode.REPLAY
    with Tape(record or replay or CASSETTES / "assistant", mode, upstream) as tape:
        wait = MODEL_WAIT_SECONDS if record else 60.0
        report = run(Source(tape, mode, wait_seconds=wait), "a new recording" if record else "a recording")
    _show(report, out)


@app.command("compare")
def compare(
    first: Annotated[Path, typer.Argument(metavar="A.json", help="The run to compare with.")],
    second: Annotated[Path, typer.Argument(metavar="B.json", help="The run in question.")],
    out: Annotated[
        Path | None, typer.Option(metavar="FILE.html", help="Write the comparison as a page too.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Measure by measure: what the second run does better or worse than the first, with intervals."""
    from evals.agents import compare as comparing
    from evals.agents.measures import BY_NAME
    from evals.agents.page import amount, spread, write_comparison
    from evals.agents.report import read_report

    before, after = read_report(first), read_report(second)
    changes = comparing.compare(before, after)
    if not changes:
        raise AttuneError("The two reports have no scored case of the same writer in common.")
    for caveat in () if as_json else comparing.caveats(before, after):
        line(caveat)
    rows = [
        {
            **change.model_dump(mode="json"),
            "title": BY_NAME[change.measure].title,
            "before": amount(change.first, BY_NAME[change.measure]),
            "after": amount(change.second, BY_NAME[change.measure]),
            "by": amount(change.difference, BY_NAME[change.measure]),
            "between": spread(change.low, change.high, BY_NAME[change.measure]),
            "times": "" if change.ratio is None else f"{change.ratio:.2f}",
        }
        for change in changes
    ]
    columns = {
        "writer": "writer",
        "title": "measure",
        "cases": "cases>",
        "before": "first>",
        "after": "second>",
    }
    listing(
        rows,
        columns | {"by": "difference>", "between": "95 %", "times": "ratio>", "verdict": ""},
        as_json=as_json,
    )
    if out:
        write_comparison(changes, comparing.caveats(before, after), out)


def _upstream() -> Upstream:
    """The endpoint of the settings. Raises `AttuneError` where none is set."""
    from evals.agents.tape import Upstream

    settings = doors.settings()
    if settings.openai_base_url is None and settings.openai_api_key is None:
        raise AttuneError(
            "There is no endpoint to ask. Set OPENAI_BASE_URL or OPENAI_API_KEY, and ATTUNE_MODEL."
        )
    key = settings.openai_api_key
    return Upstream(
        base_url=settings.openai_base_url or "https://api.openai.com/v1",
        model=settings.model or "default",
        api_key=key.get_secret_value() if key else None,
        wait_seconds=MODEL_WAIT_SECONDS,
    )


def _prices() -> PriceList:
    from tools.models.prices import read_prices

    return read_prices(doors.settings().prices)


def _show(report: Report, out: Path) -> None:
    from evals.agents.measures import BY_NAME
    from evals.agents.page import amount, write_page
    from evals.agents.report import write_json

    write_json(report, out / f"{report.suite}.json")
    write_page(report, out / f"{report.suite}.html")
    writers = [writer for writer in report.writers if any(s.writer == writer for s in report.summaries())]
    rows: dict[str, dict[str, str]] = {}
    for summary in report.summaries():
        measure = BY_NAME[summary.measure]
        row = rows.setdefault(summary.measure, {"part": measure.part, "measure": measure.title})
        row[summary.writer] = f"{amount(summary.mean, measure)} ({summary.cases})"
    columns = {"part": "part", "measure": "measure"} | {
        name: f"{name.replace('_', ' ')}>" for name in writers
    }
    listing([rows[name] for name in BY_NAME if name in rows], columns, as_json=False)
    line("Means; how many cases in brackets. Intervals are in the report.", style="dim")
    for name, rho in report.agreement.items():
        line(f"{name}: rho {rho:.2f}")
    missing = [result for result in report.results if result.problem]
    for result in missing[:10]:
        line(f"Not scored: {result.writer}, case {result.case}: {result.problem}")
    if len(missing) > 10:
        line(f"… and {len(missing) - 10} more; the page lists them.")
    line(f"Report: {out / f'{report.suite}.html'} and .json")
