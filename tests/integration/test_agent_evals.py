"""The agents' evaluation is recorded once, replays the same, and says when a recording no longer fits."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner, Result

from app.cli import evaluating
from domain.errors import AttuneError
from evals.agents.cases import NOW, OutreachCase, chosen, outreach_cases
from evals.agents.models import CASSETTES, recordings
from evals.agents.outreach import run_outreach
from evals.agents.report import Report, read_report
from evals.agents.tape import Upstream
from evals.agents.world import open_world
from evals.agents.writers import AGENTS, JUDGE, MAIL_MERGE, ONE_PROMPT, UNDERSTUDY, NoModels, write_all
from tests.answering import answering
from tools.models.prices import PriceList

pytestmark = pytest.mark.slow

ALL = (AGENTS, ONE_PROMPT, JUDGE)
PAIR = chosen("1-2")
KEY = "sk-not-to-be-kept"


async def run(folder: Path, cases: tuple[OutreachCase, ...] = PAIR, endpoint: str | None = None) -> Report:
    upstream = Upstream(endpoint, "asked-model", KEY, 30.0) if endpoint else None
    record, replay = (folder, None) if endpoint else (None, folder)
    with recordings("outreach", record, replay, upstream, PriceList()) as (models, source):
        return await run_outreach(cases, models, ALL, source=source, made_at=NOW)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Report]:
    """Two colleagues, recorded once."""
    folder = tmp_path_factory.mktemp("cassettes")
    with answering() as (endpoint, bodies):
        report = asyncio.run(run(folder, endpoint=endpoint))
    assert len(bodies) == 2 * 6
    return folder, report


async def test_a_replay_gives_what_the_recording_gave(recorded: tuple[Path, Report]) -> None:
    folder, first = recorded
    again = await run(folder)
    assert again.results == first.results
    assert again.source != first.source
    assert [r.problem for r in again.results if r.writer in ALL] == [""] * 4
    assert {r.writer for r in again.results if "judge_best" in r.measures} == {
        AGENTS,
        UNDERSTUDY,
        ONE_PROMPT,
        MAIL_MERGE,
    }


async def test_what_is_on_record_is_not_asked_again(recorded: tuple[Path, Report]) -> None:
    folder, _ = recorded
    with answering() as (endpoint, bodies):
        await run(folder, endpoint=endpoint)
    assert bodies == []


def test_a_cassette_holds_neither_key_nor_model_nor_prompt(recorded: tuple[Path, Report]) -> None:
    folder, _ = recorded
    text = (folder / "01.yaml").read_text(encoding="utf-8")
    assert all(
        word not in text for word in (KEY, "asked-model", "somebody's model", "signal analyst", "127.0.0.1")
    )


async def test_a_changed_request_is_stale_and_is_not_scored(
    recorded: tuple[Path, Report], tmp_path: Path
) -> None:
    folder, _ = recorded
    cassette = yaml.safe_load((folder / "01.yaml").read_text(encoding="utf-8"))
    for entry in cassette["requests"]:
        if entry["answers"] == "OnePromptAnswer":
            entry["sha256"] = "0" * 64
            entry["parts"]["messages"][0] = "system 0000"
    (tmp_path / "01.yaml").write_text(yaml.safe_dump(cassette), encoding="utf-8")
    report = await run(tmp_path, PAIR[:1])
    one = next(r for r in report.results if r.writer == ONE_PROMPT)
    assert one.problem == "stale: one_prompt OnePromptAnswer was recorded with another system message (no. 1)"
    assert report.stale == (one, *[r for r in report.stale if r is not one])
    assert report.values(ONE_PROMPT, "grounded") == {}
    assert report.values(AGENTS, "grounded") != {}


async def test_what_was_never_recorded_says_so(tmp_path: Path) -> None:
    report = await run(tmp_path, PAIR[:1])
    problems = {r.writer: r.problem for r in report.results if r.problem}
    assert problems[AGENTS] == "not recorded: agents"
    assert report.values(UNDERSTUDY, "grounded") != {}


async def test_an_endpoint_that_fails_is_kept_out_of_the_recording(tmp_path: Path) -> None:
    with answering(status=503) as (endpoint, _):
        report = await run(tmp_path, PAIR[:1], endpoint)
    agents = next(r for r in report.results if r.writer == AGENTS)
    assert "HTTP 503" in agents.problem
    assert not list(tmp_path.iterdir())


async def test_history_brings_back_what_only_it_knows() -> None:
    planted = tuple(case for case in outreach_cases() if case.planted)
    with open_world(outreach_cases()) as world:
        results = await write_all(planted, world, NoModels(), ())
    recalled = [
        any(case.planted and fact.ref == case.planted.ref for fact in result.written[writer].evidence)
        for writer in (UNDERSTUDY, "understudy_without_memory")
        for case, result in zip(planted, results, strict=True)
    ]
    with_memory, without = recalled[: len(planted)], recalled[len(planted) :]
    assert sum(with_memory) >= 10
    assert not any(without)


async def test_the_shipped_recording_fits_what_is_asked_today() -> None:
    names = {file.stem for file in (CASSETTES / "outreach").glob("*.yaml")}
    assert names == {case.id for case in outreach_cases()}
    cases = outreach_cases()[:4]
    report = await run(CASSETTES / "outreach", cases)
    assert [r.problem for r in report.results if r.writer in (AGENTS, ONE_PROMPT) and r.problem] == []


def test_cases_are_chosen_by_number() -> None:
    assert [case.id for case in chosen("3,7,12-14")] == ["03", "07", "12", "13", "14"]
    assert len(chosen("")) == len(outreach_cases()) >= 40
    for wrong in ("0", "41", "a", "5-", "9-8"):
        with pytest.raises(AttuneError, match="--cases"):
            chosen(wrong)


def test_the_command_asks_live_writes_both_reports_and_compares_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with answering() as (endpoint, bodies):
        monkeypatch.setenv("OPENAI_BASE_URL", endpoint)
        monkeypatch.setenv("ATTUNE_MODEL", "asked-model")
        live = call(
            "outreach", "--cases", "1-2", "--live", "--writers", "one_prompt", "--out", str(tmp_path / "a")
        )
    assert live.exit_code == 0, live.output
    assert {body["model"] for body in bodies} == {"asked-model"}
    assert "understudy" in live.output
    bare = call("outreach", "--cases", "1-2", "--replay", str(tmp_path), "--out", str(tmp_path / "b"))
    assert "not recorded: agents" in bare.output
    first, second = (tmp_path / name / "outreach.json" for name in "ab")
    assert read_report(first).values(ONE_PROMPT, "calls") == {"01": 1, "02": 1}
    assert (tmp_path / "a" / "outreach.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    compared = call("compare", str(first), str(second), "--json", "--out", str(tmp_path / "c.html"))
    changes = json.loads(compared.output)
    assert {UNDERSTUDY, MAIL_MERGE} <= {change["writer"] for change in changes}
    assert ONE_PROMPT not in {change["writer"] for change in changes}
    assert all(change["difference"] == 0 for change in changes)
    assert (tmp_path / "c.html").exists()


def test_what_cannot_be_run_is_said_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    for arguments, told in (
        (("outreach", "--live"), "OPENAI_BASE_URL"),
        (("outreach", "--cases", "99"), "cases 1 to 40"),
        (("outreach", "--writers", "nobody"), "nobody is called"),
        (("assistant", "--cases", "nonsense"), "there is no task"),
        (("compare", str(tmp_path / "a"), str(tmp_path / "b")), "cannot be read"),
    ):
        failed = call(*arguments)
        assert isinstance(failed.exception, AttuneError)
        assert told in str(failed.exception)


def call(*arguments: str) -> Result:
    return CliRunner().invoke(evaluating.app, list(arguments))
