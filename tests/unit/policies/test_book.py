from __future__ import annotations

import pytest

from policies.book import NOT_YET, Check, checks_of, every_id
from policies.explain import every_rule, sources_of
from tests.unit.policies.calls import is_come_to
from tests.unit.policies.cases import RULES

COMPLIANCE = [f"C-{number:02}" for number in range(1, 27)]


def test_every_compliance_rule_has_a_text_and_a_function() -> None:
    assert set(COMPLIANCE) <= set(RULES.texts)
    assert [rule_id for rule_id in COMPLIANCE if not checks_of(rule_id)] == []


def test_the_register_and_the_book_name_the_same_rules() -> None:
    assert set(every_id()) == set(RULES.texts)


def test_every_rule_says_what_it_does_when_it_is_asked_and_what_mends_it() -> None:
    for rule in every_rule(RULES):
        assert rule.verdict and rule.when and rule.mend


def test_every_pack_has_a_source_and_a_date() -> None:
    for rule_id in ("C-09", "C-18"):
        packs = sources_of(rule_id, RULES)
        assert len(packs) >= 4
        assert all(pack["source"] and pack["set_on"] for pack in packs)


IDLE = {check for _, checks in NOT_YET.values() for check in checks}
EVERY_CHECK = sorted(
    {(rule_id, check) for rule_id in every_id() for check in checks_of(rule_id)},
    key=lambda pair: (pair[0], pair[1].__qualname__),
)


@pytest.mark.parametrize(
    ("rule_id", "check"), EVERY_CHECK, ids=[f"{rule_id}-{check.__name__}" for rule_id, check in EVERY_CHECK]
)
def test_what_the_register_says_is_asked_is_asked_by_what_acts(rule_id: str, check: Check) -> None:
    assert is_come_to(check) is (check not in IDLE)


def test_a_rule_nothing_asks_says_so_to_whoever_reads_it() -> None:
    said = {rule.id: rule.when for rule in every_rule(RULES)}
    assert said["C-16"] == "asked by nothing yet: no channel carries text messages"
    assert said["C-22"].startswith("draft, send, model (review_answer is asked by nothing yet")
    assert "yet" not in said["C-03"]
