"""One run's results: plain data that is written as JSON and HTML, and compared with another run's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError

from domain.base import Noun, UtcDatetime
from domain.errors import InvalidFile
from evals.agents.measures import BY_NAME, interval


class Finding(Noun):
    """Why a measure of one result is not better."""

    measure: str
    span: str
    why: str


class Result(Noun):
    """What one writer made of one case. `problem` says why there is nothing, or why it does not count."""

    writer: str
    case: str
    title: str = ""
    subject: str = ""
    text: str = ""
    measures: dict[str, float] = Field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    problem: str = ""


class Summary(Noun):
    """One measure of one writer over its cases."""

    writer: str
    measure: str
    mean: float
    low: float | None = None
    high: float | None = None
    cases: int


class Report(Noun):
    """One run of one suite. `agreement` sets a judge's marks beside the deterministic scores."""

    suite: Literal["outreach", "assistant"]
    made_at: UtcDatetime
    source: str
    cases: int
    world_sha256: str
    prompts: dict[str, str] = Field(default_factory=dict)
    results: tuple[Result, ...] = ()
    agreement: dict[str, float] = Field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def writers(self) -> tuple[str, ...]:
        """Every writer that has a result, in order of appearance."""
        return tuple(dict.fromkeys(result.writer for result in self.results))

    @property
    def stale(self) -> tuple[Result, ...]:
        """Results whose recording does not fit what is asked today."""
        return tuple(result for result in self.results if "stale:" in result.problem)

    def values(self, writer: str, measure: str) -> dict[str, float]:
        """One measure of one writer, by case; results with a problem do not count."""
        return {
            result.case: result.measures[measure]
            for result in self.results
            if result.writer == writer and not result.problem and measure in result.measures
        }

    def summaries(self) -> tuple[Summary, ...]:
        """Every measure of every writer, as means with intervals."""
        found = []
        for writer in self.writers:
            for measure in BY_NAME:
                values = list(self.values(writer, measure).values())
                if values:
                    low, high = interval(values, is_share=BY_NAME[measure].unit == "share") or (None, None)
                    mean = sum(values) / len(values)
                    found.append(
                        Summary(
                            writer=writer, measure=measure, mean=mean, low=low, high=high, cases=len(values)
                        )
                    )
        return tuple(found)


def write_json(report: Report, file: Path) -> None:
    """Write a report with its summaries, for people and for `read_report`."""
    shown: dict[str, Any] = report.model_dump(mode="json")
    shown["summaries"] = [summary.model_dump(mode="json") for summary in report.summaries()]
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(shown, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def read_report(file: Path) -> Report:
    """Read what `write_json` wrote.

    Raises:
        InvalidFile: where it is missing, or no report.
    """
    try:
        shown = json.loads(file.read_text(encoding="utf-8"))
        shown.pop("summaries", None)
        return Report.model_validate(shown)
    except OSError as error:
        raise InvalidFile(file, f"cannot be read: {error.strerror}.") from error
    except (ValueError, AttributeError, TypeError, ValidationError) as error:
        raise InvalidFile(file, "is not a report of `attune eval`.", "Name a .json it wrote.") from error
