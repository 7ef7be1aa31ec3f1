"""Two runs are compared case by case, and a report survives being written and read."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from domain.errors import AttuneError, InvalidFile
from evals.agents.compare import Change, caveats, compare
from evals.agents.measures import interval
from evals.agents.outreach import agreement, spearman
from evals.agents.page import write_comparison, write_page
from evals.agents.report import Finding, Report, Result, read_report, write_json

AT = datetime(2026, 11, 24, tzinfo=UTC)


def report(values: dict[str, float], measure: str = "grounded", **more: object) -> Report:
    results = tuple(
        Result(writer="agents", case=case, measures={measure: value}) for case, value in values.items()
    )
    told = {"suite": "outreach", "made_at": AT, "source": "test", "cases": len(results), "world_sha256": "w"}
    return Report.model_validate({**told, "results": results, **more})


def only(first: Report, second: Report) -> Change:
    (change,) = compare(first, second)
    return change


CASES = [f"{number:02d}" for number in range(20)]


def test_a_steady_gain_on_every_case_is_better_however_much_the_cases_differ() -> None:
    before = {case: 0.3 + 0.02 * place for place, case in enumerate(CASES)}
    change = only(report(before), report({case: value + 0.1 for case, value in before.items()}))
    assert change.verdict == "better"
    assert change.difference == pytest.approx(0.1)
    assert change.low == pytest.approx(0.1)
    assert change.high == pytest.approx(0.1)
    assert change.ratio is not None
    assert change.ratio > 1


def test_a_loss_is_worse_and_fewer_faults_are_better() -> None:
    before, after = dict.fromkeys(CASES, 1.0), dict.fromkeys(CASES, 0.5)
    assert only(report(before), report(after)).verdict == "worse"
    assert only(report(before, "unsupported"), report(after, "unsupported")).verdict == "better"
    assert only(report(before, "words"), report(after, "words")).verdict == "differs"


def test_a_difference_that_chance_makes_is_no_change_to_tell() -> None:
    before = {case: float(place % 2) for place, case in enumerate(CASES)}
    after = {case: float((place + place // 10) % 2) for place, case in enumerate(CASES)}
    assert only(report(before), report(after)).verdict == "no change to tell"


def test_two_cases_are_too_few_and_only_common_cases_count() -> None:
    change = only(report({"01": 1.0, "02": 0.0, "03": 1.0}), report({"02": 1.0, "03": 1.0, "09": 0.0}))
    assert change.cases == 2
    assert change.verdict == "not enough data to tell"
    assert change.low is None


def test_results_with_a_problem_do_not_count() -> None:
    broken = report(dict.fromkeys(CASES, 1.0))
    stale = broken.model_copy(
        update={"results": tuple(r.model_copy(update={"problem": "stale: x"}) for r in broken.results)}
    )
    assert compare(broken, stale) == ()
    assert len(stale.stale) == len(CASES)


def test_a_mean_of_nothing_has_no_ratio() -> None:
    change = only(report(dict.fromkeys(CASES, 0.0)), report(dict.fromkeys(CASES, 0.5)))
    assert change.ratio is None
    assert change.verdict == "better"


def test_other_cases_and_other_prompts_are_told() -> None:
    first = report({"01": 1.0}, prompts={"composer": "v1"})
    second = report({"01": 1.0}, prompts={"composer": "v2"}, world_sha256="other")
    told = " ".join(caveats(first, second))
    assert "different cases" in told
    assert "composer" in told
    assert caveats(first, first) == ()


def test_two_suites_are_not_compared() -> None:
    with pytest.raises(AttuneError, match="two suites"):
        compare(report({"01": 1.0}), report({"01": 1.0}, suite="assistant"))


def test_a_report_is_read_as_it_was_written(tmp_path: Path) -> None:
    written = report(dict.fromkeys(CASES, 0.5), agreement={"judge and code": 0.4})
    write_json(written, tmp_path / "sub" / "outreach.json")
    assert read_report(tmp_path / "sub" / "outreach.json") == written
    summaries = json.loads((tmp_path / "sub" / "outreach.json").read_text())["summaries"]
    assert summaries[0]["mean"] == 0.5


@pytest.mark.parametrize("text", ["", "[]", "{}", "null", '{"suite": "outreach"}'])
def test_what_is_no_report_is_refused_in_one_line(tmp_path: Path, text: str) -> None:
    file = tmp_path / "x.json"
    file.write_text(text)
    with pytest.raises(InvalidFile, match=r"x\.json"):
        read_report(file)
    with pytest.raises(InvalidFile, match="cannot be read"):
        read_report(tmp_path / "missing.json")


def test_the_page_shows_strangers_words_as_words(tmp_path: Path) -> None:
    nasty = "<script>alert(1)</script>"
    result = Result(
        writer="agents",
        case="01",
        title=nasty,
        subject=nasty,
        text=nasty,
        findings=(Finding(measure="grounded", span=nasty, why=nasty),),
        measures={"grounded": 1.0},
    )
    whole = report({}).model_copy(update={"results": (result,), "notes": (nasty,), "source": nasty})
    write_page(whole, tmp_path / "page.html")
    write_comparison(compare(whole, whole), (nasty,), tmp_path / "compared.html")
    for name in ("page.html", "compared.html"):
        assert "<script" not in (tmp_path / name).read_text()
        assert "&lt;script&gt;" in (tmp_path / name).read_text()


def test_rank_correlation_averages_ties_and_needs_some_pairs() -> None:
    assert spearman([(float(n), float(n * n)) for n in range(10)]) == pytest.approx(1)
    assert spearman([(float(n), float(-n)) for n in range(10)]) == pytest.approx(-1)
    assert spearman([(1.0, 2.0)] * 10) is None
    assert spearman([(1.0, 2.0), (2.0, 3.0)]) is None
    # Source of the figure: scipy.stats.spearmanr of the same pairs.
    tied = [(1.0, 1.0), (1.0, 2.0), (2.0, 2.0), (3.0, 2.0), (4.0, 5.0), (5.0, 4.0), (6.0, 6.0), (6.0, 7.0)]
    assert spearman(tied) == pytest.approx(0.9268, abs=1e-3)


def test_the_judge_stands_beside_the_code_with_how_far_they_agree() -> None:
    results = [
        Result(
            writer="agents",
            case=case,
            measures={"judge_grounded": 1.0 + place % 5, "grounded": place % 5 / 4},
        )
        for place, case in enumerate(CASES)
    ]
    assert agreement(results) == {"judge grounded and grounded": pytest.approx(1)}


def test_six_out_of_six_leave_room_for_a_failure_and_other_means_are_bootstrapped() -> None:
    all_right = interval([1.0] * 6, is_share=True)
    assert all_right is not None
    assert all_right[0] < 0.7
    assert all_right[1] == 1
    assert interval([1.0] * 6, is_share=False) == (1, 1)
    spread = interval([0.1, 0.5, 0.9, 0.4], is_share=True)
    assert spread is not None
    assert 0.1 <= spread[0] < 0.475 < spread[1] <= 0.9
    assert interval([1.0, 0.0], is_share=True) is None
