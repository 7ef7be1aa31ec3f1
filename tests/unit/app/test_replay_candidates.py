"""Candidates and rule files: what each would do, row by row."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from app.replay_candidates import asset_set, candidate_of, silence, uniform
from app.replay_rule import Traits, read_rule
from app.replaying import Logged
from domain.campaign import Campaign, Goal, Outcome
from domain.errors import AttuneError, InvalidFile
from domain.learner import DecisionLog
from domain.people import LifecycleStage

KEYS = ("demo|email|morning", "demo|email|now", "guide|email|now", "silence")
CAMPAIGN = Campaign(id="spring", name="Spring", goal=Goal(outcome=Outcome.REPLY, worth_cents=1))
ODDS = np.array([[0.2, 0.2, 0.3, 0.3], [0.0, 0.0, 0.6, 0.4], [0.0, 0.0, 0.0, 1.0]])
RULE = """
name: What we did
rows:
  - when: {stage: [mql], topic: [pricing]}
    send: [demo, guide]
  - when: {stage: [mql]}
    send: [guide]
"""


def logged(*traits: Traits, odds: np.ndarray[tuple[int, int], np.dtype[np.float64]] = ODDS) -> Logged:
    n = len(odds)
    log = DecisionLog(
        action_keys=KEYS,
        features=np.zeros((n, 0)),
        probabilities=odds,
        actions=np.full(n, 3),
        rewards=np.zeros(n),
        at=np.full(n, np.datetime64("2026-03-01", "s")),
        contact_ids=np.array([f"c{i}" for i in range(n)]),
    )
    return Logged("spring", log, traits, ({},) * n, ("explorer-1",), 0)


def rule(tmp_path: Path, text: str = RULE) -> str:
    (tmp_path / "rule.yaml").write_text(text)
    return f"rule {tmp_path / 'rule.yaml'}"


PRICING = Traits(stage=LifecycleStage.MQL, topic="pricing")


def test_a_rule_that_sends_what_the_log_never_had_is_refused_and_not_taken_for_silence(
    tmp_path: Path,
) -> None:
    candidate = candidate_of(rule(tmp_path, "name: typo\nrows:\n  - send: [demo, pricing-giude]\n"), CAMPAIGN)
    with pytest.raises(AttuneError, match="never had pricing-giude to offer"):
        candidate(logged(PRICING))


def test_uniform_is_even_over_what_was_possible() -> None:
    assert uniform(logged())[1].tolist() == [0, 0, 0.5, 0.5]


def test_silence_is_all_on_the_last_action() -> None:
    assert silence(logged()).tolist() == [[0, 0, 0, 1]] * 3


def test_an_asset_set_keeps_logged_proportions_and_falls_silent_where_nothing_is_left() -> None:
    found = asset_set(["demo"])(logged())
    assert found[0] == pytest.approx([2 / 7, 2 / 7, 0, 3 / 7])
    assert found[1].tolist() == [0, 0, 0, 1]


def test_a_rule_takes_its_first_row_that_holds_and_its_first_asset_that_fits(tmp_path: Path) -> None:
    found = candidate_of(rule(tmp_path), CAMPAIGN)(logged(PRICING, PRICING, PRICING))
    assert found.tolist() == [[0.5, 0.5, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]


def test_a_rule_goes_on_to_the_next_row_and_ends_in_silence(tmp_path: Path) -> None:
    other, unknown = Traits(stage=LifecycleStage.MQL), Traits(topic="pricing")
    found = candidate_of(rule(tmp_path), CAMPAIGN)(logged(other, unknown, PRICING))
    assert found.tolist() == [[0, 0, 1, 0], [0, 0, 0, 1], [0, 0, 0, 1]]


def test_a_rule_with_a_slot_uses_that_slot_only(tmp_path: Path) -> None:
    found = candidate_of(rule(tmp_path, RULE + "slot: morning\n"), CAMPAIGN)(
        logged(PRICING, PRICING, PRICING)
    )
    assert found.argmax(axis=1).tolist() == [0, 3, 3]


def test_every_candidate_gives_rows_that_sum_to_one(tmp_path: Path) -> None:
    seen = logged(PRICING, Traits(), PRICING)
    names = ("explorer", "uniform", "silence", "best-single", "assets guide", rule(tmp_path))
    sums = {name: candidate_of(name, CAMPAIGN)(seen).sum(axis=1) for name in names}
    assert all(total == pytest.approx([1, 1, 1]) for total in sums.values())


def test_the_explorer_keeps_to_what_was_possible() -> None:
    found = candidate_of("explorer", CAMPAIGN)(logged())
    assert (found[:, :-1][ODDS[:, :-1] == 0] == 0).all()
    assert found[0] == pytest.approx([0.3, 0.3, 0.3, 0.1])


def test_a_learner_version_comes_from_the_port() -> None:
    found = candidate_of("learner v7", CAMPAIGN, learner_of=lambda name: {"v7": uniform}[name])
    assert found is uniform


@pytest.mark.parametrize("words", ["", "rule", "assets", "learner", "uniform please", "best"])
def test_words_that_name_no_candidate_are_refused_with_those_there_are(words: str) -> None:
    with pytest.raises(AttuneError, match="Candidates: explorer, uniform"):
        candidate_of(words, CAMPAIGN)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("rows: []", "name"),
        ("name: x\nrows: [{send: []}]", r"rows\.0\.send"),
        ("name: x\nrows: [{send: [a], when: {age: [3]}}]", "age"),
        ("{", "not YAML"),
    ],
)
def test_a_rule_file_that_is_none_is_named_with_what_is_wrong(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "rule.yaml").write_text(text)
    with pytest.raises(InvalidFile, match=told):
        read_rule(tmp_path / "rule.yaml")


def test_a_rule_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidFile, match="no such rule file"):
        read_rule(tmp_path / "none.yaml")
