from __future__ import annotations

import copy
import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from domain.errors import InvalidFile, NotFound
from policies.explain import describe, every_rule
from policies.rulebook import OWN_RULES, load_rulebook
from tests.unit.policies.cases import RULES

RAW = yaml.safe_load(OWN_RULES.read_text(encoding="utf-8"))
NUMBERS = [(section, name) for section, named in RAW["numbers"].items() for name in named]


def broken(tmp_path: Path, change: Any) -> Path:
    raw = copy.deepcopy(RAW)
    change(raw)
    path = tmp_path / "rules.yaml"
    path.write_text(json.dumps(raw, default=str), encoding="utf-8")  # JSON is YAML, and quicker to write
    return path


@pytest.mark.parametrize("part", ["value", "unit", "source", "set_on"])
def test_a_number_lacking_a_part_does_not_load(tmp_path: Path, part: str) -> None:
    path = broken(tmp_path, lambda raw: raw["numbers"]["pressure"]["messages"].pop(part))
    with pytest.raises(InvalidFile, match=part):
        load_rulebook(path)


@pytest.mark.parametrize(
    "change",
    [
        lambda raw: raw["numbers"]["pressure"].update(unread=raw["numbers"]["pressure"]["messages"]),
        lambda raw: raw["numbers"].update(unread=raw["numbers"]["pressure"]),
        lambda raw: raw["numbers"]["pressure"].pop("messages"),
        lambda raw: raw["countries"].pop("unknown"),
        lambda raw: raw["rules"]["C-26"].update(numbers=["pressure.nothing"]),
        lambda raw: raw.update(extra=1),
    ],
)
def test_a_number_nobody_reads_and_a_gap_do_not_load(tmp_path: Path, change: Any) -> None:
    with pytest.raises(InvalidFile, match="not a rule book"):
        load_rulebook(broken(tmp_path, change))


def test_what_is_no_yaml_or_not_there_is_named(tmp_path: Path) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text("a: [", encoding="utf-8")
    for path in (bad, tmp_path / "gone.yaml"):
        with pytest.raises(InvalidFile, match=path.name):
            load_rulebook(path)


def test_every_number_is_read_by_the_model_and_explained_by_a_rule() -> None:
    explained = {number for text in every_rule() for number in text.numbers}
    unread = [(s, n) for s, n in NUMBERS if n not in type(getattr(RULES, s)).model_fields]
    assert unread == []
    assert {f"{section}.{name}" for section, name in NUMBERS} == explained


def test_every_number_is_used_somewhere() -> None:
    source = "".join(path.read_text(encoding="utf-8") for path in sorted(OWN_RULES.parent.glob("*.py")))
    assert [f"{section}.{name}" for section, name in NUMBERS if f".{name}" not in source] == []


def test_every_rule_a_finding_can_name_is_explained() -> None:
    room = OWN_RULES.parent
    named = {
        found
        for path in room.glob("*.py")
        for found in re.findall(r'"([ACH]-\d{2})"', path.read_text(encoding="utf-8"))
    }
    assert named <= set(RULES.texts)
    assert len(named) > 20


def test_a_rule_is_described_with_its_numbers_and_their_source() -> None:
    text = describe("C-26")
    assert text.title == "Contact pressure"
    assert text.numbers["pressure.messages"].value == 2
    assert text.numbers["pressure.messages"].source
    with pytest.raises(NotFound, match="'C-99'"):
        describe("C-99")


def test_a_country_without_a_line_takes_the_strictest() -> None:
    assert RULES.country("ZZ") == RULES.country(None) == RULES.countries["unknown"]
    assert RULES.country("NO") == RULES.countries["EU"]
