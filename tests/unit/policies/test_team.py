from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.workspace import TEAM_RULES_TEMPLATE
from domain.errors import InvalidFile
from domain.people import LifecycleStage
from policies.contactable import may_contact
from policies.explain import describe, every_rule
from policies.quiet_hours import is_open, next_open
from policies.rulebook import RuleBook
from policies.team import TeamRules
from policies.team_file import load_team_rules, read_team_rules
from tests.unit.policies.cases import (
    ASSET,
    CLAIM,
    CONTACT,
    NOW,
    RULES,
    draft,
    entry,
    made,
    message,
    send_verdict,
    severities,
    standing,
)
from tests.unit.policies.cases import judged as judged_by

WHOLE = """
banned_phrases:
  - game changer
  - phrase: best in class
    verdict: hold
    why: legal asked for proof
claims_needing_sign_off:
  - {phrase: ISO 27001, sign_off: legal}
competitors: [Globex]
brand_voice:
  - {phrase: utilize, instead: use}
blackouts:
  - {from: 2026-12-24, to: 2027-01-01, countries: [US]}
caps:
  - {messages: 1, days: 14, stages: [customer]}
"""


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "policies.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def book(tmp_path: Path, text: str = WHOLE) -> RuleBook:
    return RULES.model_copy(update={"team": load_team_rules(written(tmp_path, text))})


@pytest.mark.parametrize(
    ("sentence", "found"),
    [
        ("It is a Game-Changer.", ("T-01", "block")),
        ("It is a gаme changer.", ("T-01", "block")),  # a Cyrillic letter
        ("It is best in class.", ("T-02", "hold")),
        ("It is ISO 27001 ready.", ("T-03", "hold")),
        ("Better than Globex.", ("T-04", "hold")),
        ("Utilize it.", ("T-05", "warn")),
    ],
)
def test_a_teams_words_are_judged_at_the_draft_and_at_the_send(
    tmp_path: Path, sentence: str, found: tuple[str, str]
) -> None:
    rules, of = book(tmp_path), draft(sentence)
    assert found in severities(judged_by(of, rules=rules))
    at_send = send_verdict(carried=entry(message(of)), made=made(of), rules=rules)
    assert found in severities(at_send)


def test_a_claim_the_right_person_approved_needs_no_second_sign_off(tmp_path: Path) -> None:
    claim = CLAIM.model_copy(update={"text": "We are ISO 27001 certified.", "approved_by": "Legal"})
    asset = ASSET.model_copy(update={"claims": (claim,)})
    rules = book(tmp_path)
    of = draft("We are ISO 27001 certified.")
    assert "T-03" not in {rule for rule, _ in severities(judged_by(of, rules=rules, asset=asset))}
    other = asset.model_copy(update={"claims": (claim.model_copy(update={"approved_by": "sales"}),)})
    assert ("T-03", "hold") in severities(judged_by(of, rules=rules, asset=other))


def test_nothing_goes_out_on_a_blackout_day_of_the_recipient(tmp_path: Path) -> None:
    rules = book(tmp_path)
    eve = datetime(2026, 12, 24, 16, tzinfo=UTC)
    assert is_open(CONTACT, eve, RULES)
    assert not is_open(CONTACT, eve, rules)
    assert next_open(CONTACT, eve, rules) == datetime(2027, 1, 4, 13, tzinfo=UTC)  # Monday, eight in New York
    german = CONTACT.model_copy(update={"country": "DE", "time_zone": "Europe/Berlin"})
    assert is_open(german, eve.replace(hour=10), rules)


def test_a_cap_of_a_segment_holds_for_that_segment(tmp_path: Path) -> None:
    rules, sent = book(tmp_path), (NOW - timedelta(days=9),)
    customer = CONTACT.model_copy(update={"lifecycle_stage": LifecycleStage.CUSTOMER})
    refusal = may_contact(standing(customer, sent_at=sent), None, NOW, rules)
    assert refusal is not None
    assert refusal.rule_id == "T-07"
    assert may_contact(standing(sent_at=sent), None, NOW, rules) is None


def test_a_teams_rules_stand_beside_the_law(tmp_path: Path) -> None:
    rules = book(tmp_path)
    listed = [rule for rule in every_rule(rules) if rule.origin == "team"]
    assert [rule.id for rule in listed] == [f"T-0{number}" for number in range(1, 8)]
    assert "legal asked for proof" in describe("t-02", rules).plain


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            "banned_phrase:\n  - x\n",
            "line 1, banned_phrase: there is no such field; did you mean 'banned_phrases'?",
        ),
        ("caps:\n  - messages: 1\n    days: 0\n", "line 3, caps[1].days"),
        ("caps:\n  - messages: many\n    days: 3\n", "line 2, caps[1].messages"),
        ("banned_phrases:\n  - ok then\n  - phrase: x\n", "line 3, banned_phrases[2].phrase"),
        (
            "blackouts:\n  - from: 2026-12-24\n    to: 2026-12-01\n",
            "line 2, blackouts[1]: `to` lies before `from`",
        ),
        ("blackouts:\n  - from: 2026-12-24\n    until: 2026-12-31\n", "blackouts[1].to"),
        ("blackouts:\n  - from: 2026-01-01\n    to: 2030-01-01\n", "at most 366 days"),
        ("brand_voice:\n  - phrase: utilize\n    insted: use\n", "did you mean 'instead'?"),
        ("caps: [\n", "is not YAML"),
        ("- a list\n", "must hold sections"),
        (
            "competitors:\n  - {name: Globex, id: T-05}\n  - {name: Initech, id: T-05}\n",
            "the id T-05 is given twice",
        ),
    ],
)
def test_a_mistake_is_named_with_its_line_and_field(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(InvalidFile) as error:
        load_team_rules(written(tmp_path, text))
    assert says in str(error.value)
    assert "\n" not in str(error.value)


def test_every_mistake_is_told_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    text = (
        "caps:\n  - {messages: many, days: 0}\n  - {days: 3}\nblackouts:\n"
        "  - {from: soon, to: 2026-12-01, countries: [de]}\n"
        "banned_phrases:\n  - {phrase: x, verdict: blok, id: T1}\n"
    )
    _, mistakes = read_team_rules(written(tmp_path, text))
    assert [mistake.in_words for mistake in mistakes] == [
        "line 2, caps[1].messages: must be a whole number (it is 'many')",
        "line 2, caps[1].days: must be more than 0 (it is 0)",
        "line 3, caps[2].messages: is missing",
        "line 5, blackouts[1].from: must be a date such as 2026-12-24 (it is 'soon')",
        "line 5, blackouts[1].countries[1]: must be a country's two capital letters, such as DE (it is 'de')",
        "line 7, banned_phrases[1].id: must be T and two or three digits, such as T-07 (it is 'T1')",
        "line 7, banned_phrases[1].phrase: needs at least 2 characters (it is 'x')",
        "line 7, banned_phrases[1].verdict: must be one of block, hold, warn (it is 'blok'); did you mean 'block'?",
    ]


def test_one_line_tells_them_all_and_no_words_of_the_validator(tmp_path: Path) -> None:
    with pytest.raises(InvalidFile) as error:
        load_team_rules(written(tmp_path, "caps:\n  - 7\nbrand_voice: utilize\ncompetitors: [3]\n"))
    said = str(error.value)
    assert "line 2, caps[1]: must hold fields, such as {name: value} (it is 7)" in said
    assert "line 3, brand_voice: must be a list" in said
    assert "line 4, competitors[1]: must hold fields" in said
    assert "nput should" not in said and "Team" not in said


def test_no_file_and_the_example_are_a_team_without_rules(tmp_path: Path) -> None:
    assert every_rule(book(tmp_path, "")) == every_rule(RULES)
    assert load_team_rules(tmp_path / "gone.yaml") == load_team_rules(written(tmp_path, TEAM_RULES_TEMPLATE))


def test_the_example_holds_once_its_marks_are_taken_away(tmp_path: Path) -> None:
    prose = ("# Your", "# They", "# docs", "# Words", "# Names", "# How", "# Days", "# At most")
    lines = [
        line.removeprefix("# ")
        for line in TEAM_RULES_TEMPLATE.splitlines()
        if line.startswith("# ") and not line.startswith(prose)
    ]
    team = load_team_rules(written(tmp_path, "\n".join(lines)))
    assert team.banned_phrases and team.claims_needing_sign_off and team.competitors
    assert team.brand_voice and team.blackouts and team.caps


def test_a_country_written_as_people_write_it_is_the_one_that_is_meant() -> None:
    told = TeamRules.model_validate(
        {"blackouts": [{"from": "2026-11-20", "to": "2026-11-27", "countries": ["UK"]}]}
    )
    assert told.blackouts[0].countries == ("GB",)
