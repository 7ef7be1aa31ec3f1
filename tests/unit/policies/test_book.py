from __future__ import annotations

from policies.book import checks_of, every_id
from policies.explain import every_rule, sources_of
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
