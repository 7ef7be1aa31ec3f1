"""Intake on both databases: who is who, once, and nobody comes back who said no."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, Table, func, select

from domain.campaign import Autonomy
from domain.events import EventKind
from domain.people import (
    BuyingRoleKind,
    ConsentBasis,
    DealKind,
    LifecycleStage,
    SuppressionReason,
)
from domain.records import (
    AccountRow,
    ContactRow,
    DealRow,
    DealStageRow,
    EventRow,
    ImportSummary,
    MergeRow,
    Place,
    RejectedRow,
    RoleRow,
    Row,
    SkippedRow,
)
from memory.crm import intake as intake_module
from memory.crm.intake import Intake
from memory.crm.standing import standing_of
from memory.crm.statements import (
    ACCOUNTS,
    BUYING_ROLES,
    CAMPAIGNS,
    CONSENTS,
    CONTACTS,
    DEAL_STAGES,
    DEALS,
    EVENTS,
    IDENTITIES,
    RUN_CONTACTS,
    RUNS,
    SUPPRESSIONS,
)

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
EARLIER = datetime(2025, 6, 1, 8, 30, tzinfo=UTC)


def contact(row: int = 2, *, source: str = "crm", **given: Any) -> ContactRow:
    return ContactRow(place=Place(file="contacts.csv", row=row), source=source, **given)


def event(row: int = 2, *, kind: EventKind = EventKind.EMAIL_CLICKED, **given: Any) -> EventRow:
    given = {"provider_id": f"e{row}", "at": EARLIER, **given}
    return EventRow(place=Place(file="events.csv", row=row), source="crm", kind=kind, **given)


@pytest.fixture
def rejects(tmp_path: Path) -> Path:
    return tmp_path / "out" / "rejects.csv"


class Desk:
    """Takes rows in and looks at the tables."""

    def __init__(self, engine: Engine, rejects: Path) -> None:
        self.engine = engine
        self.rejects = rejects

    def take(self, *rows: Row) -> ImportSummary:
        return Intake(self.engine, lambda: NOW).take(rows, source_name="test", rejects_path=self.rejects)

    def all(self, table: Table) -> Sequence[Any]:
        with self.engine.connect() as connection:
            return connection.execute(select(table).order_by(*table.primary_key.columns)).all()

    def only(self, table: Table) -> Any:
        (row,) = self.all(table)
        return row

    def reasons(self, contact_id: str) -> list[str]:
        with self.engine.connect() as connection:
            return [stop.reason.value for stop in standing_of(connection, contact_id, NOW).suppressions]


@pytest.fixture
def desk(engine: Engine, rejects: Path) -> Desk:
    return Desk(engine, rejects)


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


@pytest.mark.parametrize("is_opted_out", [False, None])
def test_a_later_file_never_lifts_an_opt_out(desk: Desk, is_opted_out: bool | None) -> None:
    desk.take(contact(external_id="C1", email="a@b.example", is_opted_out=True))
    later = contact(
        external_id="C1",
        email="a@b.example",
        is_opted_out=is_opted_out,
        consent_basis=ConsentBasis.EXPRESS,
        is_bounced=False,
    )
    summary = desk.take(later)
    assert any(warning.startswith("kept suppressed") for warning in summary.warnings)
    assert desk.reasons(desk.only(CONTACTS).id) == ["unsubscribed"]
    assert not any(row.is_granted for row in desk.all(CONSENTS))


def test_an_opt_out_follows_the_person_to_an_address_found_later(desk: Desk) -> None:
    desk.take(contact(external_id="C1", is_opted_out=True))
    desk.take(contact(external_id="C1", email="new@b.example"))
    assert desk.reasons(desk.only(CONTACTS).id) == ["unsubscribed"]


def test_a_bounce_stays_with_the_address_not_with_the_person(desk: Desk) -> None:
    desk.take(contact(external_id="C1", email="old@b.example", is_bounced=True))
    assert desk.only(CONTACTS).email_status == "bounced"
    desk.take(contact(external_id="C1", email="new@b.example"))
    assert (desk.only(CONTACTS).email_status, desk.reasons(desk.only(CONTACTS).id)) == ("usable", [])
    desk.take(contact(external_id="C1", email="old@b.example"))
    assert desk.only(CONTACTS).email_status == "bounced"


def test_a_new_contact_with_a_stopped_address_is_stopped(desk: Desk) -> None:
    desk.take(event(email="a@b.example", kind=EventKind.EMAIL_BOUNCED))
    assert desk.take(contact(external_id="C1", email="a@b.example")).added == 1
    assert desk.only(CONTACTS).email_status == "bounced"
    assert desk.reasons(desk.only(CONTACTS).id) == ["hard_bounce"]


def test_an_erased_person_is_not_stored_again(desk: Desk) -> None:
    desk.take(contact(external_id="C1", email="a@b.example", suppression_reason=SuppressionReason.ERASED))
    summary = desk.take(contact(source="other", external_id="X", email="a@b.example"))
    assert summary.rejected == 1
    assert len(desk.all(CONTACTS)) == 1


def test_an_opted_out_row_deleted_in_the_source_still_stops_its_address(desk: Desk) -> None:
    summary = desk.take(contact(external_id="C1", email="a@b.example", is_opted_out=True, is_deleted=True))
    assert (summary.skipped, summary.suppressed, desk.all(CONTACTS)) == (1, 1, [])


def test_an_unusable_address_keeps_the_contact_only_if_it_has_an_id(desk: Desk) -> None:
    summary = desk.take(
        contact(2, external_id="C1", email="6528bb7211b1dc06"), contact(3, email="not an address"), contact(4)
    )
    assert (summary.added, summary.rejected, summary.warnings) == (1, 2, {"unusable e-mail address": 1})
    row = desk.only(CONTACTS)
    assert (row.email, row.email_status, row.attributes["unusable_email"]) == (
        None,
        "invalid",
        "6528bb7211b1dc06",
    )


def test_addresses_are_kept_in_one_form(desk: Desk) -> None:
    desk.take(
        contact(external_id="C1", email="  Ann.Lee@BÜCHER.example "),
        contact(3, email="ann.lee@xn--bcher-kva.example"),
    )
    assert desk.only(CONTACTS).email == "ann.lee@xn--bcher-kva.example"


def test_two_contacts_become_one_with_everything_told_about_both(desk: Desk) -> None:
    deal = DealRow(
        place=Place(file="d", row=2), source="crm", external_id="D1", contact_external_ids=("K", "M")
    )
    desk.take(
        contact(
            2, external_id="K", email="kept@b.example", consent_basis=ConsentBasis.EXPRESS, consent_at=EARLIER
        ),
        contact(
            3, external_id="M", email="gone@b.example", phone="7", is_opted_out=True, opted_out_at=EARLIER
        ),
        contact(4, external_id="B", email="third@b.example"),
        deal,
        event(5, contact_external_id="M"),
    )
    merge = MergeRow(place=Place(file="m", row=2), source="crm", kept_external_id="K", merged_external_id="M")
    first, second = desk.take(merge), desk.take(merge)
    assert (first.merged, second.unchanged) == (1, 1)
    kept = next(row for row in desk.all(CONTACTS) if row.email == "kept@b.example")
    assert len(desk.all(CONTACTS)) == 2
    assert (kept.phone, kept.attributes) == ("7", {"other_email": "gone@b.example"})
    assert desk.only(EVENTS).contact_id == kept.id
    assert [role.contact_id for role in desk.all(BUYING_ROLES)] == [kept.id]
    assert sorted(row.is_granted for row in desk.all(CONSENTS)) == [False, True]
    assert {row.contact_id for row in desk.all(CONSENTS)} == {kept.id}
    assert desk.reasons(kept.id) == ["unsubscribed"]
    assert {row.internal_id for row in desk.all(IDENTITIES) if row.external_id in ("K", "M")} == {kept.id}


def test_other_ids_of_a_row_merge_contacts_that_were_two(desk: Desk) -> None:
    desk.take(contact(2, external_id="K"), contact(3, external_id="M", email="m@b.example"))
    desk.take(contact(2, external_id="K", other_external_ids=("M", "N")))
    assert desk.only(CONTACTS).email == "m@b.example"
    assert {row.external_id for row in desk.all(IDENTITIES)} == {"K", "M", "N"}


def test_a_contact_known_only_by_its_address_is_the_one_who_has_it_in_the_crm(desk: Desk) -> None:
    desk.take(contact(2, source="form", email="a@b.example", phone="7"), contact(3, external_id="C1"))
    desk.take(contact(external_id="C1", email="a@b.example"))
    assert (desk.only(CONTACTS).email, desk.only(CONTACTS).phone) == ("a@b.example", "7")


def test_an_address_of_another_contact_of_the_crm_is_not_taken_away(desk: Desk) -> None:
    desk.take(
        contact(2, external_id="C1", email="a@b.example"), contact(3, external_id="C2", email="c@d.example")
    )
    summary = desk.take(contact(external_id="C2", email="a@b.example"))
    assert summary.warnings == {"e-mail address already belongs to another contact": 1}
    assert sorted(row.email for row in desk.all(CONTACTS)) == ["a@b.example", "c@d.example"]


def test_a_merged_contact_a_run_speaks_of_stays_as_a_shell(desk: Desk) -> None:
    desk.take(
        contact(2, external_id="K", email="k@b.example"), contact(3, external_id="M", email="m@b.example")
    )
    merged = next(row.id for row in desk.all(CONTACTS) if row.email == "m@b.example")
    with desk.engine.begin() as connection:
        connection.execute(
            CAMPAIGNS.insert().values(
                id="c", name="c", status="active", record={}, record_sha256="", updated_at=NOW
            )
        )
        connection.execute(
            RUNS.insert().values(
                id="r",
                campaign_id="c",
                status="finished",
                autonomy=Autonomy.ASSIST.value,
                is_dry_run=False,
                seed=1,
                started_at=NOW,
            )
        )
        connection.execute(
            RUN_CONTACTS.insert().values(
                run_id="r",
                contact_id=merged,
                outcome="silent",
                reason="",
                calls=0,
                input_tokens=0,
                cached_tokens=0,
                output_tokens=0,
                cost_micros=0,
                updated_at=NOW,
            )
        )
    desk.take(
        MergeRow(place=Place(file="m", row=2), source="crm", kept_external_id="K", merged_external_id="M")
    )
    shell = next(row for row in desk.all(CONTACTS) if row.id == merged)
    assert (shell.email, shell.email_status, list(shell.attributes)) == (None, "missing", ["merged_into"])


def test_accounts_are_found_by_id_then_domain_then_name_but_two_of_one_crm_stay_two(desk: Desk) -> None:
    place = Place(file="a", row=2)
    summary = desk.take(
        AccountRow(place=place, source="crm", external_id="A1", name="Acme", domain="acme.example"),
        AccountRow(place=place, source="crm", external_id="A2", name="Acme"),
        AccountRow(
            place=place, source="erp", external_id="7", name="ACME Inc", domain="acme.example", employees=9
        ),
        contact(3, external_id="C1", account_external_id="A2"),
        contact(4, external_id="C2", account_domain="acme.example", account_name="Whatever"),
        contact(5, external_id="C3", account_name="New Ltd"),
    )
    assert summary.by_kind["accounts"] == {"added": 2, "merged": 1}
    names = {row.id: row.name for row in desk.all(ACCOUNTS)}
    assert sorted(names.values()) == ["Acme", "Acme", "New Ltd"]
    of_contact = {row.id: row.account_id for row in desk.all(CONTACTS)}
    by_external = {row.external_id: row.internal_id for row in desk.all(IDENTITIES) if row.source == "crm"}
    assert of_contact[by_external["C1"]] == by_external["A2"]
    assert of_contact[by_external["C2"]] == by_external["A1"]
    assert names[of_contact[by_external["C3"]]] == "New Ltd"


def test_an_event_of_nobody_is_rejected_and_its_stop_still_counts(desk: Desk) -> None:
    summary = desk.take(event(email="stranger@b.example", kind=EventKind.EMAIL_UNSUBSCRIBED))
    assert (summary.rejected, summary.suppressed) == (1, 1)
    assert desk.only(SUPPRESSIONS).address == "stranger@b.example"
    with desk.rejects.open(encoding="utf-8-sig", newline="") as file:
        listed = list(csv.DictReader(file))
    assert (listed[0]["row"], listed[0]["reason"]) == ("2", "recipient is not among the contacts")


def test_a_drop_that_says_why_stops_for_that_reason(desk: Desk) -> None:
    desk.take(
        contact(external_id="C1", email="a@b.example"),
        event(email="a@b.example", kind=EventKind.EMAIL_DROPPED, properties={"suppress": "unsubscribed"}),
    )
    assert desk.reasons(desk.only(CONTACTS).id) == ["unsubscribed"]


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
