"""A mapping file says what a column means, and says where it is wrong."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from domain.errors import ImportRefused, InvalidFile
from domain.people import LifecycleStage, Seniority, SuppressionReason
from domain.records import ContactRow, DealRow, EventRow, RejectedRow, Row, SkippedRow
from tools.importers.csv_file import CsvImporter
from tools.importers.mapping import load_mapping
from tools.importers.suggestion import suggest

MAPPING = """
source: crm
time_zone: Europe/Berlin
outputs:
  - noun: contacts
    fields:
      external_id: Id
      email: {template: "{Id}@leads.example"}
      job_title: Title
      country: {constant: Germany}
      lifecycle_stage: {column: State, map: {won: customer, lost: null}, default: lead}
      is_opted_out: Out
      created_at: Since
    required: [external_id]
    attributes: [Origin]
  - noun: events
    when: {State: [won]}
    fields:
      provider_id: {template: "won:{Id}"}
      kind: {constant: deal_won}
      at: Since
      contact_external_id: Id
"""


def rows_of(tmp_path: Path, table: str, mapping: str = MAPPING) -> list[Row]:
    (tmp_path / "m.yaml").write_text(mapping)
    (tmp_path / "t.csv").write_text(table)
    return list(CsvImporter(tmp_path / "m.yaml").rows(tmp_path / "t.csv"))


def test_one_row_becomes_every_output_that_is_meant_for_it(tmp_path: Path) -> None:
    contact, event, other = rows_of(
        tmp_path, "id,title,state,out,since,origin\n7,CEO,WON,no,2024-07-01,web\n8,,open,yes,,\n"
    )
    assert isinstance(contact, ContactRow)
    assert (contact.email, contact.country, contact.seniority) == (
        "7@leads.example",
        "DE",
        Seniority.EXECUTIVE,
    )
    assert contact.lifecycle_stage is LifecycleStage.CUSTOMER
    assert contact.created_at == datetime(2024, 6, 30, 22, tzinfo=UTC)
    assert contact.attributes == {"Origin": "web"}
    assert isinstance(event, EventRow)
    assert (event.provider_id, event.contact_external_id, event.place.row) == ("won:7", "7", 2)
    assert isinstance(other, ContactRow)
    assert (other.is_opted_out, other.lifecycle_stage) == (True, LifecycleStage.LEAD)


def test_a_missing_required_field_rejects_the_row_with_its_cells(tmp_path: Path) -> None:
    (row,) = rows_of(tmp_path, "Id,Title,State,Out,Since,Origin\n,CEO,open,,,web\n")
    assert isinstance(row, RejectedRow)
    assert (row.place.row, row.reason) == (2, "no external_id, which this import needs")
    assert row.cells == {"Title": "CEO", "State": "open", "Origin": "web"}


@pytest.mark.parametrize(
    ("written", "since", "is_clear"),
    [
        ("perhaps", None, False),
        ("Yes please", None, False),
        ("unsubscribed", None, True),
        ("Opted out", None, True),
        ("do not email", None, True),
        ("2026-05-01", datetime(2026, 4, 30, 22, tzinfo=UTC), True),
    ],
)
def test_whatever_is_no_clear_no_in_an_opt_out_column_stops_the_contact(
    tmp_path: Path, written: str, since: datetime | None, is_clear: bool
) -> None:
    (row,) = rows_of(tmp_path, f"Id,Title,State,Out,Since,Origin\n1,CEO,open,{written},,\n")
    assert isinstance(row, ContactRow)
    assert (row.is_opted_out, row.opted_out_at, row.external_id) == (True, since, "1")
    told = f"is_opted_out: '{written}' is neither yes nor no; treated as opted out"
    assert row.doubts == (() if is_clear else (told,))


@pytest.mark.parametrize("written", ["no", "", "Subscribed", "opted in"])
def test_a_clear_no_in_an_opt_out_column_stops_nobody(tmp_path: Path, written: str) -> None:
    (row,) = rows_of(tmp_path, f"Id,Title,State,Out,Since,Origin\n1,CEO,open,{written},,\n")
    assert isinstance(row, ContactRow)
    assert (row.is_opted_out or False, row.doubts) == (False, ())


STOPS = """
source: crm
outputs:
- noun: contacts
  required: [email, external_id]
  fields:
    email: E
    external_id: I
"""


@pytest.mark.parametrize(
    ("field", "written", "flags"),
    [
        ("suppression_reason", "cleaned", (True, None)),
        ("suppression_reason", "Active", (None, None)),
        ("is_bounced", "mailbox gone", (None, True)),
        ("is_bounced", "2024-05-01", (None, True)),
        ("opted_out_at", "2024-05-01", (True, None)),
        ("opted_out_at", "last spring", (True, None)),
    ],
)
def test_every_column_a_refusal_may_stand_in_is_read_in_the_contacts_favour(
    tmp_path: Path, field: str, written: str, flags: tuple[bool | None, bool | None]
) -> None:
    (row,) = rows_of(tmp_path, f"E,I,S\na@b.example,1,{written}\n", f"{STOPS}    {field}: S\n")
    assert isinstance(row, ContactRow)
    assert (row.is_opted_out, row.is_bounced) == flags


def test_a_row_that_cannot_be_stored_still_stops_its_address(tmp_path: Path) -> None:
    (row,) = rows_of(tmp_path, "E,I,S\na@b.example,,yes\n", f"{STOPS}    is_opted_out: S\n")
    assert isinstance(row, ContactRow)
    assert (row.email, row.is_opted_out, row.is_deleted) == ("a@b.example", True, True)
    assert row.doubts[0].startswith("no external_id, which this import needs; its stop is kept")


def test_an_unreadable_cell_is_kept_unread(tmp_path: Path) -> None:
    (kept,) = rows_of(tmp_path, "Id,Title,State,Out,Since,Origin\n2,,open,no,last spring,\n")
    assert isinstance(kept, ContactRow)
    assert (kept.created_at, kept.attributes) == (None, {"unread_created_at": "last spring"})


def test_a_row_no_output_is_meant_for_is_skipped(tmp_path: Path) -> None:
    mapping = "source: crm\noutputs:\n- noun: contacts\n  when: {Kind: person}\n  fields: {email: Email}\n"
    rows = rows_of(tmp_path, "Kind,Email\nperson,a@b.example\nrobot,c@d.example\n", mapping)
    assert [type(row) for row in rows] == [ContactRow, SkippedRow]


def test_a_column_the_file_lacks_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(
        ImportRefused, match=r"t.csv has no column 'Id', which the mapping names. It has: Email"
    ):
        rows_of(tmp_path, "Email\na@b.example\n")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            "source: crm\noutputs:\n  - noun: contacts\n    fields:\n      emial: Email\n",
            "line 3, outputs.0: contacts have no field 'emial'",
        ),
        (
            "source: crm\ntime_zone: Mars/Olympus\noutputs:\n- noun: contacts\n  fields: {email: E}\n",
            "line 2, time_zone: 'Mars/Olympus' is not a time zone",
        ),
        (
            "source: crm\noutputs:\n  - noun: deals\n    fields: {name: Name}\n",
            "deals need the field 'external_id'",
        ),
        ("source: crm\nfoo: 1\noutputs:\n- noun: contacts\n  fields: {email: E}\n", "line 2, foo"),
        ("source: [\n", "line 2: this is not valid YAML"),
        ("", "the mapping is empty"),
    ],
)
def test_a_wrong_mapping_names_line_and_field(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "m.yaml").write_text(text)
    with pytest.raises(InvalidFile) as refusal:
        load_mapping(tmp_path / "m.yaml")
    assert says in str(refusal.value)


def test_a_wrong_constant_is_refused_before_a_row_is_read(tmp_path: Path) -> None:
    mapping = "source: crm\noutputs:\n- noun: contacts\n  fields: {email: E, country: {constant: Atlantis}}\n"
    with pytest.raises(ImportRefused, match="country: 'Atlantis' is not a country"):
        rows_of(tmp_path, "E\na@b.example\n", mapping)


def test_a_suggested_mapping_imports_the_file_it_was_drafted_from(tmp_path: Path) -> None:
    table = tmp_path / "newsletter.csv"
    table.write_text(
        'Vorname;Nachname;E-Mail;Firma;Land;Status;Seit;Hobby: "x"\n'.replace('"', "")
        + "Ann;Lee;ann@acme.example;Acme;Germany;unsubscribed;31/12/2023;golf\n"
        + "Bob;Ray;bob@acme.example;Acme;US;active;01/02/2024;# not a comment\n"
    )
    (tmp_path / "m.yaml").write_text(suggest(table))
    mapping = load_mapping(tmp_path / "m.yaml")
    ann, bob = CsvImporter(mapping).rows(table)
    assert isinstance(ann, ContactRow)
    assert isinstance(bob, ContactRow)
    assert mapping.day_first
    assert (ann.email, ann.first_name, ann.account_name, ann.country) == (
        "ann@acme.example",
        "Ann",
        "Acme",
        "DE",
    )
    assert (ann.suppression_reason, bob.suppression_reason) == (SuppressionReason.UNSUBSCRIBED, None)
    assert bob.attributes["Hobby: x"] == "# not a comment"


def test_a_suggestion_for_a_table_of_deals_maps_deals(tmp_path: Path) -> None:
    table = tmp_path / "deals.csv"
    table.write_text("Deal ID,Deal Name,Deal Stage,Amount,Close Date\n1,Big,won,10,2024-01-01\n")
    (tmp_path / "m.yaml").write_text(suggest(table))
    assert load_mapping(tmp_path / "m.yaml").outputs[0].noun == "deals"


@pytest.mark.parametrize(
    "table",
    [
        "Opportunity Name,Account Name,Stage,Amount,Contact Email,Close Date\n"
        "Big,Acme,won,10,ann@acme.example,2024-01-01\nSmall,Acme,open,5,ann@acme.example,2024-02-01\n",
        "id,deal_name,deal_stage,amount,email\n1,Big,won,10,ann@acme.example\n2,Small,open,5,bob@acme.example\n",
    ],
)
def test_a_table_of_deals_that_names_its_contacts_is_still_one_of_deals(tmp_path: Path, table: str) -> None:
    (tmp_path / "deals.csv").write_text(table)
    (tmp_path / "m.yaml").write_text(suggest(tmp_path / "deals.csv"))
    big, small = CsvImporter(load_mapping(tmp_path / "m.yaml")).rows(tmp_path / "deals.csv")
    assert isinstance(big, DealRow)
    assert isinstance(small, DealRow)
    assert (big.name, big.stage, big.amount_cents) == ("Big", "won", 1_000)
    assert big.external_id != small.external_id


def test_a_table_of_what_people_did_becomes_events_and_what_nobody_knows_is_left_out(tmp_path: Path) -> None:
    table = tmp_path / "activity.csv"
    table.write_text(
        "Date,Activity Type,Contact Email,Subject,Owner\n"
        "2024-03-01 10:00,Opened Email,ann@acme.example,Spring news,Kim\n"
        "2024-03-01 10:05,Email Click,ann@acme.example,Spring news,Kim\n"
        "2024-03-02 09:00,Meeting,bob@acme.example,Intro,Kim\n"
        "2024-03-02 11:00,Fax,bob@acme.example,,Kim\n"
    )
    drafted = suggest(table)
    assert "left out, no kind of ours: Fax" in drafted
    (tmp_path / "m.yaml").write_text(drafted)
    *events, skipped = CsvImporter(load_mapping(tmp_path / "m.yaml")).rows(table)
    assert all(isinstance(event, EventRow) for event in events)
    assert [(event.kind.value, event.email) for event in events if isinstance(event, EventRow)] == [
        ("email_opened", "ann@acme.example"),
        ("email_clicked", "ann@acme.example"),
        ("meeting_held", "bob@acme.example"),
    ]
    assert len({event.provider_id for event in events if isinstance(event, EventRow)}) == 3
    assert isinstance(skipped, SkippedRow)


def test_a_table_of_contacts_with_a_type_is_not_taken_for_what_they_did(tmp_path: Path) -> None:
    table = tmp_path / "people.csv"
    table.write_text(
        "email,type,created_at\nann@acme.example,customer,2024-01-01\nbob@acme.example,lead,2024-01-02\n"
    )
    assert "noun: contacts" in suggest(table)


def test_a_table_without_anything_known_gets_no_suggestion(tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    table.write_text("foo,bar\na,b\na,b\n")
    with pytest.raises(ImportRefused, match="no column looks like"):
        suggest(table)
