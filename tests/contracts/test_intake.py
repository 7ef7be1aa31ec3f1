"""Intake on both databases: everything arrives, once, and what does not is listed."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from sqlalchemy import func, select

from domain.events import EventKind
from domain.people import (
    BuyingRoleKind,
    ConsentBasis,
    ConsentGround,
    DealKind,
    LifecycleStage,
)
from domain.records import (
    AccountRow,
    ContactRow,
    DealRow,
    DealStageRow,
    EventRow,
    MergeRow,
    Place,
    RejectedRow,
    RoleRow,
    Row,
    SkippedRow,
)
from memory.crm import codec
from memory.crm import intake as intake_module
from memory.crm.intake import Intake
from memory.crm.statements import (
    ACCOUNTS,
    BUYING_ROLES,
    CONSENTS,
    CONTACTS,
    DEAL_STAGES,
    DEALS,
    EVENTS,
    IDENTITIES,
    SUPPRESSIONS,
)
from tests.contracts.intake_desk import EARLIER, NOW, Desk, contact, event


def everything() -> list[Row]:
    place = Place(file="x.csv", row=2)
    return [
        AccountRow(
            place=place, source="crm", external_id="A1", name="Acme", domain="acme.example", employees=51
        ),
        contact(
            2, external_id="C1", email="Ann@Acme.example", account_external_id="A1", lifecycle_stage="mql"
        ),
        contact(3, external_id="C2", email="bob@acme.example", is_opted_out=True, opted_out_at=EARLIER),
        contact(4, external_id="C3", email="eve@acme.example", is_bounced=True),
        contact(5, external_id="C4", email="ann@acme.example", job_title="CEO"),
        contact(
            6, email="dan@acme.example", consent_basis=ConsentBasis.EXPRESS, consent_wording="Yes please"
        ),
        MergeRow(place=place, source="crm", kept_external_id="C1", merged_external_id="C9"),
        DealRow(
            place=place,
            source="crm",
            external_id="D1",
            name="Big",
            kind=DealKind.RENEWAL,
            stage="Won",
            amount_cents=123_456,
            is_closed=True,
            is_won=True,
            closes_on=date(2026, 1, 31),
            account_external_id="A1",
            contact_external_ids=("C1",),
        ),
        DealStageRow(place=place, source="crm", deal_external_id="D1", stage="Won", entered_at=EARLIER),
        RoleRow(
            place=place,
            source="crm",
            contact_external_id="C2",
            deal_external_id="D1",
            kind=BuyingRoleKind.CHAMPION,
        ),
        event(7, contact_external_id="C1", subject="Hello"),
        event(8, email="eve@acme.example", kind=EventKind.EMAIL_COMPLAINED),
        SkippedRow(place=Place(file="y.csv", row=2), reason="a reference table"),
        RejectedRow(place=Place(file="y.csv", row=3), reason="too few cells", cells={"a": "=1+1"}),
    ]


def test_every_kind_of_row_arrives(desk: Desk) -> None:
    summary = desk.take(*everything())
    assert summary.by_kind == {
        "accounts": {"added": 1},
        "contacts": {"added": 4, "merged": 1},
        "deals": {"added": 1},
        "events": {"added": 2},
        "merges": {"merged": 1},
        "roles": {"added": 1},
        "rows": {"rejected": 1, "skipped": 1},
        "stages": {"added": 1},
    }
    assert summary.rows == summary.added + summary.merged + summary.rejected + summary.skipped == 14
    deal = desk.only(DEALS)
    assert (deal.kind, deal.amount_cents, deal.is_won, deal.closes_on) == (
        "renewal",
        123_456,
        True,
        date(2026, 1, 31),
    )
    assert deal.account_id == desk.only(ACCOUNTS).id
    assert desk.only(DEAL_STAGES).entered_at == EARLIER
    assert sorted(role.kind for role in desk.all(BUYING_ROLES)) == ["champion", "other"]
    assert {row.email: row.email_status for row in desk.all(CONTACTS)} == {
        "ann@acme.example": "usable",
        "bob@acme.example": "usable",
        "eve@acme.example": "bounced",
        "dan@acme.example": "usable",
    }
    assert {(row.address, row.reason) for row in desk.all(SUPPRESSIONS)} == {
        ("bob@acme.example", "unsubscribed"),
        ("eve@acme.example", "hard_bounce"),
        ("eve@acme.example", "complaint"),
    }
    assert summary.suppressed == 3
    consents = {(row.is_granted, row.basis, row.proof) for row in desk.all(CONSENTS)}
    assert (True, "express", "contacts.csv, row 6") in consents
    assert sum(1 for row in desk.all(CONSENTS) if not row.is_granted) == 2


def test_the_same_import_again_changes_nothing(desk: Desk) -> None:
    desk.take(*everything())
    tables = (
        ACCOUNTS,
        CONTACTS,
        IDENTITIES,
        DEALS,
        DEAL_STAGES,
        BUYING_ROLES,
        EVENTS,
        CONSENTS,
        SUPPRESSIONS,
    )
    before = [desk.all(table) for table in tables]
    summary = desk.take(*everything())
    assert (summary.added, summary.changed, summary.merged, summary.suppressed) == (0, 0, 0, 0)
    assert (summary.unchanged, summary.rejected, summary.skipped) == (12, 1, 1)
    assert [desk.all(table) for table in tables] == before


def test_an_import_broken_off_between_batches_is_completed_by_running_it_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake_module, "BATCH_RECORDS", 2)
    rows = [contact(row, external_id=f"C{row}", email=f"p{row}@acme.example") for row in range(2, 9)]

    def broken() -> Iterator[Row]:
        yield from rows[:5]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Intake(desk.engine).take(broken(), source_name="test", rejects_path=desk.rejects)
    assert len(desk.all(CONTACTS)) == 4
    assert desk.take(*rows).added == 3
    assert not desk.rejects.exists()


def test_ids_are_the_same_on_every_machine(desk: Desk) -> None:
    desk.take(contact(external_id="C1", email="a@b.example"))
    assert desk.only(CONTACTS).id == "c_08256f671078"


def test_a_known_value_is_never_overwritten_by_an_empty_one_and_a_newer_one_wins(desk: Desk) -> None:
    desk.take(
        contact(external_id="C1", email="a@b.example", job_title="CEO", phone="1", attributes={"k": "1"})
    )
    summary = desk.take(
        contact(external_id="C1", email="", job_title="", phone="2", attributes={"k": "", "n": "2"})
    )
    row = desk.only(CONTACTS)
    assert (row.email, row.job_title, row.phone, row.attributes) == (
        "a@b.example",
        "CEO",
        "2",
        {"k": "1", "n": "2"},
    )
    assert summary.changed == 1


def test_two_rows_of_one_person_in_one_file_are_merged_and_stay_so(desk: Desk) -> None:
    rows = [
        contact(2, email="a@b.example", last_name="Milton"),
        contact(3, email=" A@B.example ", last_name="Nilton", phone="7"),
    ]
    first, second = desk.take(*rows), desk.take(*rows)
    assert (first.added, first.merged, second.unchanged) == (1, 1, 2)
    assert (desk.only(CONTACTS).last_name, desk.only(CONTACTS).phone) == ("Milton", "7")


def test_an_older_file_does_not_take_a_customer_back_to_a_lead(desk: Desk) -> None:
    old = contact(external_id="C1", lifecycle_stage=LifecycleStage.LEAD, stage_since=EARLIER)
    desk.take(old)
    changed = desk.take(contact(external_id="C1", lifecycle_stage=LifecycleStage.CUSTOMER, stage_since=NOW))
    assert (changed.changed, desk.take(old).unchanged) == (1, 1)
    assert desk.only(CONTACTS).lifecycle_stage == "customer"
    told = desk.only(EVENTS)
    came_from = {"from": "lead", "to": "customer", "from_since": EARLIER.isoformat()}
    assert (told.kind, told.at, told.properties) == ("stage_changed", NOW, came_from)


def test_a_higher_stage_counts_even_where_its_date_is_the_older_one(desk: Desk) -> None:
    rows = (
        contact(2, external_id="C1", lifecycle_stage=LifecycleStage.MQL, stage_since=NOW),
        contact(2, external_id="C1", lifecycle_stage=LifecycleStage.CUSTOMER, stage_since=EARLIER),
    )
    for row in rows:
        desk.take(row)
    assert [desk.take(row).unchanged for row in rows] == [1, 1]
    assert desk.only(CONTACTS).lifecycle_stage == "customer"


def test_rejected_rows_are_listed_with_their_cells_and_compute_nothing(desk: Desk) -> None:
    cells = {"Name": "=HYPERLINK(1)", "Note": '@SUM(A1),"q"\nline', "-col": "+1"}
    place = Place(file="=file.csv", row=7)
    summary = desk.take(RejectedRow(place=place, reason="too few cells", cells=cells))
    with desk.rejects.open(encoding="utf-8-sig", newline="") as file:
        header, row = list(csv.reader(file))
    assert header == ["file", "row", "reason", "Name", "Note", "'-col"]
    assert row == ["'=file.csv", "7", "too few cells", "'=HYPERLINK(1)", '\'@SUM(A1),"q"\nline', "'+1"]
    assert summary.rejects_file == str(desk.rejects)
    assert [path.name for path in desk.rejects.parent.iterdir()] == ["rejects.csv"]


def test_a_clean_import_takes_away_the_list_of_an_earlier_one(desk: Desk) -> None:
    desk.take(RejectedRow(place=Place(file="f", row=2), reason="bad"))
    assert desk.take(contact(email="a@b.example")).rejects_file is None
    assert not desk.rejects.exists()


def test_file_rows_are_counted_once_however_many_records_they_give(desk: Desk) -> None:
    place = Place(file="f.csv", row=2)
    summary = desk.take(
        ContactRow(place=place, source="crm", external_id="C1"),
        EventRow(
            place=place,
            source="crm",
            provider_id="1",
            kind=EventKind.PAGE_VIEWED,
            at=NOW,
            contact_external_id="C1",
        ),
    )
    assert (summary.files, summary.file_rows, summary.rows) == (1, 1, 2)


def test_a_deal_can_change_and_a_deleted_one_is_left_alone(desk: Desk) -> None:
    place = Place(file="d", row=2)
    desk.take(DealRow(place=place, source="crm", external_id="D1", name="Big", stage="open"))
    changed = desk.take(
        DealRow(place=place, source="crm", external_id="D1", stage="won", is_closed=True, is_won=True)
    )
    gone = desk.take(DealRow(place=place, source="crm", external_id="D1", stage="x", is_deleted=True))
    assert (changed.changed, gone.skipped) == (1, 1)
    assert (desk.only(DEALS).name, desk.only(DEALS).stage, desk.only(DEALS).is_won) == ("Big", "won", True)


def test_more_rows_than_one_batch_all_arrive(desk: Desk) -> None:
    rows = [contact(row, external_id=f"C{row}", email=f"p{row}@b.example") for row in range(5_200)]
    assert desk.take(*rows).added == 5_200
    with desk.engine.connect() as connection:
        assert connection.execute(select(func.count()).select_from(IDENTITIES)).scalar_one() == 5_200


def test_what_a_soft_opt_in_rests_on_is_stored_and_read_back(desk: Desk) -> None:
    rests_on: dict[str, Any] = {
        "consent_ground": ConsentGround.PURCHASE,
        "consent_ground_ref": "order 4711",
        "consent_goods": "quotes, approvals",
        "consent_opt_out_offered": True,
    }
    desk.take(contact(2, email="dan@acme.example", consent_basis=ConsentBasis.SOFT_OPT_IN, **rests_on))
    read = codec.consent_of(desk.only(CONSENTS)._mapping)
    assert (read.ground, read.ground_ref) == (ConsentGround.PURCHASE, "order 4711")
    assert (read.goods, read.opt_out_offered) == ("quotes, approvals", True)
