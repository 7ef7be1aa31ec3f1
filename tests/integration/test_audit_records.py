"""The chain against the records it speaks of: a byte changed in a decision, a message or a review is told."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import Connection, delete, select, update

from app import loop
from app.configuration import note_campaign, note_changes
from app.heads import keep_head, verify
from app.privacy.erasing import erase_person
from app.results.changes import told_of
from app.reviews import review
from app.runs import begin, carry_on
from app.settings import Settings
from app.wiring import House, open_house
from domain.campaign import Audience, Autonomy, FieldCondition
from domain.errors import InvalidFile
from domain.review import Review, ReviewAct
from evals.crowd import NOON, campaign
from memory.crm.statements import AUDIT, DECISIONS, OUTBOX, REVIEWS, writing
from tests.settled import settle


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with two contacts decided about, asked about, written to."""
    folder = tmp_path_factory.mktemp("written") / "ws"
    house = settle(folder, 2)
    run, _ = begin(house, campaign().model_copy(update={"autonomy": Autonomy.ASSIST}), is_dry_run=False)
    loop.run(carry_on(house, run))
    for waiting in house.proposals.waiting():
        given = Review(
            proposal_id=waiting.id,
            act=ReviewAct.APPROVE,
            reviewer="rita",
            message_sha256=waiting.message_sha256,
            reason="good",
            at=NOON,
        )
        loop.run(review(house, given))
    house.close()
    return folder


@pytest.fixture
def house(tmp_path: Path, written: Path) -> Iterator[House]:
    shutil.copytree(written, tmp_path / "ws")
    settings = Settings(_env_file=None, workspace=tmp_path / "ws", model=None)
    house = open_house(settings, clock=lambda: NOON)
    yield house
    house.close()


def test_what_was_done_is_as_the_chain_says(house: House) -> None:
    report = verify(house)
    assert report.is_sound, report
    assert {line.kind for line in house.audit.lines(limit=1_000)} >= {
        "decisions",
        "review",
        "send",
        "rules",
        "settings",
        "sender",
    }


def _other_reason(connection: Connection) -> None:
    row = connection.execute(select(DECISIONS)).mappings().first()
    assert row is not None
    connection.execute(
        update(DECISIONS).where(DECISIONS.c.id == row["id"]).values(reasons=[*row["reasons"], "and more"])
    )


def _one_less(connection: Connection) -> None:
    connection.execute(update(DECISIONS).values(propensity=DECISIONS.c.propensity * 0.5))


def _other_words(connection: Connection) -> None:
    row = connection.execute(select(OUTBOX)).mappings().first()
    assert row is not None
    told = {**row["message"], "subject": row["message"]["subject"] + " "}
    connection.execute(update(OUTBOX).where(OUTBOX.c.id == row["id"]).values(message=told))


def _other_reviewer(connection: Connection) -> None:
    connection.execute(update(REVIEWS).values(reviewer="ritb"))


def _no_review(connection: Connection) -> None:
    connection.execute(delete(REVIEWS))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (_other_reason, "decisions of run"),
        (_one_less, "decisions of run"),
        (_other_words, "is not the one that was sent"),
        (_other_reviewer, "is not as it was given"),
        (_no_review, "is not as it was given"),
    ],
)
def test_a_changed_record_is_told(house: House, change: Callable[[Connection], None], told: str) -> None:
    with writing(house.engine) as connection:
        change(connection)
    report = verify(house)
    assert not report.is_sound
    assert any(told in fault for fault in report.faults), report


def test_after_an_erasure_what_is_left_still_stands_and_a_missing_row_is_still_told(house: House) -> None:
    loop.run(erase_person(house, "person0@co0.example"))
    assert verify(house).is_sound
    with writing(house.engine) as connection:
        _one_less(connection)
    assert not verify(house).is_sound


def test_a_tail_cut_after_a_verify_is_told_by_the_head_kept_beside_the_database(house: House) -> None:
    keep_head(house)
    seq, _ = house.audit.tip()
    with writing(house.engine) as connection:
        connection.execute(delete(AUDIT).where(AUDIT.c.seq == seq))
    report = verify(house)
    assert report.broken_at == seq
    assert "cut" in report.why
    house.workspace.heads.write_text("nonsense\n")
    with pytest.raises(InvalidFile):
        verify(house)


def test_a_tail_cut_after_a_run_is_told_without_a_verify_in_between(house: House) -> None:
    run, _ = begin(house, campaign(), is_dry_run=False)
    loop.run(carry_on(house, run))
    seq, _ = house.audit.tip()
    with writing(house.engine) as connection:
        connection.execute(delete(AUDIT).where(AUDIT.c.seq > seq - 3))
    report = verify(house)
    assert report.broken_at == seq - 2
    assert "cut" in report.why


def test_a_changed_setting_or_rule_is_told_once_and_a_secret_never(house: House) -> None:
    assert note_changes(house) == []
    other = house.settings.model_copy(
        update={"contacts_at_once": 7, "smtp_password": SecretStr("hunter2-secret")}
    )
    changed = House(settings=other, workspace=house.workspace, clock=house.clock)
    rules = house.rules
    changed.__dict__["rules"] = rules.model_copy(
        update={"stakes": rules.stakes.model_copy(update={"cold_start_messages": 0})}
    )
    assert note_changes(changed) == ["rules", "settings"]
    lines = {line.subject: line for line in house.audit.lines(limit=1_000) if line.kind.endswith(" changed")}
    assert lines["rules"].detail["changed"] == {"stakes.cold_start_messages": ["20", "0"]}
    assert lines["settings"].detail["changed"]["contacts_at_once"] == ["64", "7"]
    assert "hunter2" not in str([line.detail for line in house.audit.lines(limit=1_000)])
    assert note_changes(changed) == []
    changed.close()


def test_a_changed_campaign_is_told_in_numbers_and_never_in_its_words(house: House) -> None:
    named = "ann.lee@brook.example"
    of_her = FieldCondition.model_validate({"field": "email", "in": [named]})
    before = campaign(3)
    after = before.model_copy(
        update={"holdout_share": 0.2, "brief": f"Be kind to {named}", "audience": Audience(all=(of_her,))}
    )
    note_campaign(house, before, after)
    (line,) = house.audit.latest("campaign changed", 1)
    assert line.detail["changed"]["holdout_share"] == ["0.0", "0.2"]
    assert sorted(line.detail["changed"]) == ["audience", "brief", "holdout_share"]
    assert named not in str(line.detail)
    assert told_of([line], before.id, {})[0].words == "The campaign changed: audience, brief, holdout_share"
