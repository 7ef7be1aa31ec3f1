"""The compliance evaluation in small: nothing planted is missed, nothing clean is blocked."""

from __future__ import annotations

import json

import pytest

from evals.compliance.__main__ import is_good, main
from evals.compliance.planted import HELD_OUT, message_faults
from evals.compliance.scores import Results, run
from policies.rulebook import RuleBook, load_rulebook

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def results() -> Results:
    return run(seed=3, scenes_per_fault=1, clean_scenes=40)


def test_every_planted_fault_is_found_at_every_door(results: Results) -> None:
    missed = {rule_id: tally.missed for rule_id, tally in results.rules.items() if tally.missed}
    assert missed == {}
    assert len(results.rules) >= 28


def test_clean_messages_and_near_misses_are_not_stopped(results: Results) -> None:
    assert (results.false_blocks, results.near_blocks) == ([], [])
    assert len(results.false_holds) + len(results.near_holds) <= 0.01 * (results.clean + results.near_misses)


def test_every_compliance_rule_is_tried_at_some_door(results: Results) -> None:
    tried = results.rules.keys() | results.doors.keys()
    assert {f"C-{number:02}" for number in range(1, 27)} <= tried


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """A twelfth of what is planted and no near misses: enough where every question is asked elsewhere."""
    planted = list(message_faults())[::12]
    monkeypatch.setattr("evals.compliance.scores.message_faults", lambda: planted)
    monkeypatch.setattr("evals.compliance.scores.held_out_faults", list)
    monkeypatch.setattr("evals.compliance.scores._near_misses", lambda *_: iter(()))
    monkeypatch.setitem(HELD_OUT, "near_misses", [])


@pytest.mark.usefixtures("few")
def test_the_same_seed_gives_the_same_answer(capsys: pytest.CaptureFixture[str]) -> None:
    told = []
    for seed in ("3", "3", "4"):
        main(["--scenes", "1", "--clean", "4", "--seed", seed, "--json"])
        told.append(json.loads(capsys.readouterr().out))
    assert told[0] == told[1]
    assert told[0]["confusion"]
    assert told[0] != told[2]


@pytest.mark.usefixtures("few")
def test_a_rule_book_that_sees_less_fails_the_evaluation(monkeypatch: pytest.MonkeyPatch) -> None:
    book = load_rulebook()
    content = book.content.model_copy(update={"special_words": ("nothing at all",), "opt_out_days": 1})
    blind: RuleBook = book.model_copy(update={"content": content})
    # Of all that is planted, what those two words and days have to find.
    planted = [fault for fault in message_faults() if fault.rule_id in {"C-02", "C-12"}]
    monkeypatch.setattr("evals.compliance.scores.message_faults", lambda: planted)
    assert is_good(run(seed=3, scenes_per_fault=1, clean_scenes=1))
    found = run(seed=3, scenes_per_fault=1, clean_scenes=1, rules=blind)
    assert not is_good(found)
    assert found.rules["C-12"].missed
    assert found.rules["C-02"].missed


def test_it_prints_its_tables(
    results: Results, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("evals.compliance.__main__.run", lambda *_: results)
    assert main([]) == 0
    assert "False stops" in capsys.readouterr().out
