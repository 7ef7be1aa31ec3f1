"""Whole exports, from files to tables: real schemas where the data is, our own rows for what those lack."""

# ruff: noqa: E501 (a table is read as it stands in its file)
from __future__ import annotations

import csv
import os
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, Table, select
from sqlmodel import SQLModel

from domain.errors import ImportRefused
from domain.records import ImportSummary
from memory.crm.engine import open_engine
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
from tools.importers import Importer
from tools.importers.csv_file import CsvImporter
from tools.importers.hubspot import HubspotImporter
from tools.importers.mapping import Mapping
from tools.importers.salesforce import SalesforceImporter, to_18
from tools.importers.suggestion import suggest

SHARED = Path(os.environ.get("ATTUNE_SHARED_DATA") or Path(__file__).parents[3] / "shared" / "data")
EXPORTS = SHARED / "crm_exports"
needs_exports = pytest.mark.skipif(not EXPORTS.exists(), reason=f"the CRM exports are not at {EXPORTS}")


class Crm:
    """An empty store and what came into it."""

    def __init__(self, engine: Engine, rejects: Path) -> None:
        self.engine = engine
        self.rejects = rejects

    def take(self, importer: Importer, path: Path) -> ImportSummary:
        rows = importer.rows(path)
        return Intake(self.engine).take(rows, source_name=importer.name, rejects_path=self.rejects)

    def all(self, table: Table) -> list[Any]:
        with self.engine.connect() as connection:
            return list(connection.execute(select(table)))

    def contact(self, external_id: str) -> Any:
        ours = {row.external_id: row.internal_id for row in self.all(IDENTITIES) if row.noun == "contact"}
        return next(row for row in self.all(CONTACTS) if row.id == ours[external_id])

    def stops(self) -> set[tuple[str, str]]:
        return {(row.address, row.reason) for row in self.all(SUPPRESSIONS)}


@pytest.fixture
def crm(tmp_path: Path) -> Iterator[Crm]:
    engine = open_engine(f"sqlite:///{tmp_path / 'crm.db'}")
    SQLModel.metadata.create_all(engine)
    yield Crm(engine, tmp_path / "rejects.csv")
    engine.dispose()


def write(folder: Path, **tables: str) -> Path:
    folder.mkdir(exist_ok=True)
    for name, text in tables.items():
        lines = (line.strip() for line in text.strip().splitlines())
        (folder / f"{name}.csv").write_text("\n".join(lines) + "\n")
    return folder


def rows_in(file: Path) -> int:
    """Rows below the header that hold anything, counted by nothing of ours."""
    with file.open(encoding="utf-8-sig", newline="") as text:
        return sum(1 for row in csv.reader(text) if any(row)) - 1


@needs_exports
@pytest.mark.shared_data
@pytest.mark.parametrize(
    ("folder", "importer"), [("hubspot", HubspotImporter()), ("salesforce", SalesforceImporter())]
)
def test_every_row_of_every_table_of_a_real_export_is_accounted_for(
    crm: Crm, folder: str, importer: Importer
) -> None:
    files = sorted((EXPORTS / folder).glob("*.csv"))
    expected = {file.name: rows_in(file) for file in files}
    places = {row.place for row in importer.rows(EXPORTS / folder)}
    assert Counter(place.file for place in places) == Counter(expected)
    first = crm.take(importer, EXPORTS / folder)
    assert first.file_rows == sum(expected.values())
    assert first.rows == first.added + first.merged + first.rejected + first.skipped
    assert (first.changed, first.unchanged) == (0, 0)
    again = crm.take(importer, EXPORTS / folder)
    assert (again.added, again.changed, again.merged, again.suppressed) == (0, 0, 0, 0)
    assert again.unchanged == first.added + first.merged
    assert (again.rejected, again.skipped) == (first.rejected, first.skipped)


@needs_exports
@pytest.mark.shared_data
def test_hubspots_real_contacts_companies_and_deals_are_all_taken(crm: Crm) -> None:
    by_kind = crm.take(HubspotImporter(), EXPORTS / "hubspot").by_kind
    contacts = by_kind["contacts"]
    # One of the 22 contacts names three others among them as merged into it.
    assert (contacts["added"], contacts["merged"]) == (19, 3)
    assert contacts["added"] + contacts["merged"] == rows_in(EXPORTS / "hubspot" / "contact_data.csv")
    assert by_kind["accounts"] == {"added": rows_in(EXPORTS / "hubspot" / "company_data.csv")}
    assert by_kind["deals"] == {"added": rows_in(EXPORTS / "hubspot" / "deal_data.csv")}


@needs_exports
@pytest.mark.shared_data
@pytest.mark.parametrize("importer", [HubspotImporter(), SalesforceImporter()])
def test_an_importer_recognises_its_own_export_only(importer: Importer) -> None:
    recognised = {folder.name for folder in EXPORTS.iterdir() if importer.recognises(folder)}
    assert recognised == {importer.name}


@needs_exports
@pytest.mark.shared_data
@pytest.mark.parametrize(
    ("name", "taken", "rejected"),
    [
        ("awkward_csv/import_excel.csv", 201, 0),
        ("awkward_csv/import_libreoffice.csv", 201, 0),
        ("awkward_csv/import_rfc_4180.csv", 201, 0),
        ("awkward_csv/import_rfc_4180_upsert.csv", 5, 0),
        ("awkward_csv/import_rfc_4180_with_status.csv", 4, 0),
        ("awkward_csv/import_malformed1.csv", 3, 0),
        ("awkward_csv/import_malformed2.csv", 0, 1),
        ("awkward_csv/import_with_data.csv", 2, 0),
        ("awkward_csv/keila_import_template.csv", 2, 0),
        ("awkward_csv/import_external_ids.csv", 4, 0),
        ("awkward_csv/import_external_ids_duplicate.csv", 3, 1),
        ("dittofeed/users.csv", 5, 0),
        ("dittofeed/missing-email-users.csv", 5, 0),
        ("dittofeed/missing-some-identifiers.csv", 3, 2),
        ("dittofeed/missing-identifiers.csv", 0, 5),
        ("dittofeed/subscription-group-actions.csv", 4, 1),
    ],
)
def test_awkward_files_import_by_their_suggested_mapping(
    crm: Crm, tmp_path: Path, name: str, taken: int, rejected: int
) -> None:
    file = EXPORTS / name
    (tmp_path / "m.yaml").write_text(suggest(file))
    importer = CsvImporter(tmp_path / "m.yaml")
    first = crm.take(importer, file)
    assert (first.added + first.merged + first.changed + first.unchanged, first.rejected) == (taken, rejected)
    assert first.file_rows == rows_in(file) == taken + rejected
    assert crm.rejects.exists() == bool(rejected)
    assert crm.take(importer, file).unchanged == taken


@needs_exports
@pytest.mark.shared_data
def test_a_file_without_a_header_and_a_spreadsheet_are_refused() -> None:
    with pytest.raises(ImportRefused, match="the header is missing"):
        suggest(EXPORTS / "dittofeed" / "missing-headers-users.csv")
    with pytest.raises(ImportRefused, match="is an OpenDocument spreadsheet"):
        suggest(EXPORTS / "awkward_csv" / "keila_import_template.ods")


@needs_exports
@pytest.mark.shared_data
def test_unsubscribed_rows_of_an_awkward_file_become_stops(crm: Crm, tmp_path: Path) -> None:
    file = EXPORTS / "awkward_csv" / "import_rfc_4180_with_status.csv"
    (tmp_path / "m.yaml").write_text(suggest(file))
    crm.take(CsvImporter(tmp_path / "m.yaml"), file)
    assert crm.stops() == {
        ("unsubscribed@example.com", "unsubscribed"),
        ("unreachable@example.com", "hard_bounce"),
    }


HUBSPOT = {
    "contact": """
        id,_fivetran_deleted,property_email,property_firstname,property_jobtitle,property_lifecyclestage,property_hubspot_owner_id,property_hs_email_optout,property_hs_email_hard_bounce_reason_enum,property_hs_lead_status,associatedcompanyid,property_country,property_createdate
        1,false,ann@acme.example,Ann,CEO,marketingqualifiedlead,9,false,,OPEN,50,Germany,2024-01-02 3:04:05.678
        2,false,bob@acme.example,Bob,,customer,9,true,,,50,,
        3,false,eve@acme.example,Eve,,lead,,,UNKNOWN_USER,,,,
        4,false,dan@acme.example,Dan,,lead,,perhaps,,,,,
        5,true,old@acme.example,Old,,lead,,true,,,,,""",
    "company": """
        id,is_deleted,property_name,property_domain,property_numberofemployees,property_annualrevenue,property_country
        50,false,Acme,www.acme.example,51-200,"1,000,000.50",United States""",
    "owner": "owner_id,email,first_name,last_name\n9,sue@us.example,Sue,Seller",
    "deal_pipeline": "pipeline_id,label\np1,Sales",
    "deal_pipeline_stage": "stage_id,label,closed_won,is_closed\ns1,Demo,false,false\ns2,Closed won,true,true",
    "deal": """
        deal_id,is_deleted,deal_pipeline_id,deal_pipeline_stage_id,owner_id,portal_id,property_dealname,property_amount,property_closedate,property_dealtype
        70,false,p1,s2,9,1,Acme renewal,1234.56,2024-06-30 00:00:00,existingbusiness""",
    "deal_stage": "deal_id,value,date_entered\n70,s1,2024-05-01 8:00:00\n70,s2,2024-06-01 8:00:00",
    "deal_company": "deal_id,company_id\n70,50",
    "deal_contact": "contact_id,deal_id,label\n1,70,Decision maker",
    "contact_merge_audit": "canonical_vid,contact_id,vid_to_merge\n1,1,99",
    "contact_form_submission": "timestamp,form_id,contact_id,conversion_id,page_url,title\n2024-03-01 10:00:00,f1,1,c1,https://x.example,Demo form",
    "engagement_note": "engagement_id,property_hs_note_body,property_hs_timestamp\n800,Wants a demo,2024-03-02 10:00:00",
    "engagement_meeting": "engagement_id,start_time,title,meeting_outcome\n801,2024-03-03 10:00:00,Demo,COMPLETED",
    "engagement_contact": "contact_id,engagement_id\n1,800\n1,801\n2,801",
    "email_event": """
        id,created,type,recipient,obsoleted_by_id,filtered_event,email_campaign_id
        e1,2024-04-01 10:00:00,SENT,ann@acme.example,,false,7
        e2,2024-04-01 10:01:00,OPEN,ann@acme.example,,true,7
        e3,2024-04-01 10:02:00,CLICK,Ann@acme.example,,false,7
        e4,2024-04-01 10:03:00,BOUNCE,eve@acme.example,,false,7
        e5,2024-04-01 10:04:00,BOUNCE,ann@acme.example,,false,7
        e6,2024-04-01 10:05:00,STATUSCHANGE,bob@acme.example,,false,7
        e7,2024-04-01 10:06:00,SPAMREPORT,nobody@x.example,,false,7
        e8,2024-04-01 10:07:00,PROCESSED,ann@acme.example,,false,7
        e9,2024-04-01 10:08:00,SENT,ann@acme.example,e1,false,7""",
    "email_event_click": "id,url\ne3,https://acme.example/pricing",
    "email_event_bounce": "id,category\ne4,UNKNOWN_USER\ne5,MAILBOX_FULL\nlost,THROTTLED",
    "email_event_status_change": "id,portal_subscription_status\ne6,UNSUBSCRIBED",
}


def test_hubspots_connector_columns_arrive_in_our_tables(crm: Crm, tmp_path: Path) -> None:
    summary = crm.take(HubspotImporter(), write(tmp_path / "export", **HUBSPOT))
    ann, bob = crm.contact("1"), crm.contact("2")
    account = crm.all(ACCOUNTS)[0]
    assert (ann.lifecycle_stage, ann.owner, ann.country, ann.seniority) == (
        "mql",
        "Sue Seller",
        "DE",
        "executive",
    )
    assert ann.created_at == datetime(2024, 1, 2, 3, 4, 5, 678_000, tzinfo=UTC)
    assert (ann.account_id, ann.attributes["lead_status"]) == (account.id, "OPEN")
    assert (bob.lifecycle_stage, crm.contact("3").email_status, crm.contact("99").id) == (
        "customer",
        "bounced",
        ann.id,
    )
    assert (account.domain, account.employees, account.annual_revenue_cents) == (
        "acme.example",
        51,
        100_000_050,
    )
    (deal,) = crm.all(DEALS)
    assert (deal.stage, deal.pipeline, deal.is_won, deal.is_closed) == ("Closed won", "Sales", True, True)
    assert (deal.kind, deal.amount_cents, deal.owner, deal.account_id) == (
        "expansion",
        123_456,
        "Sue Seller",
        account.id,
    )
    assert {row.stage for row in crm.all(DEAL_STAGES)} == {"Demo", "Closed won"}
    assert [(row.contact_id, row.kind) for row in crm.all(BUYING_ROLES)] == [(ann.id, "decision_maker")]
    assert crm.stops() == {
        ("bob@acme.example", "unsubscribed"),
        ("eve@acme.example", "hard_bounce"),
        ("old@acme.example", "unsubscribed"),
        ("nobody@x.example", "complaint"),
    }
    assert {row.contact_id for row in crm.all(CONSENTS)} == {bob.id}
    assert Counter(row.kind for row in crm.all(EVENTS) if row.contact_id == ann.id) == Counter(
        email_sent=1,
        email_opened=1,
        email_clicked=1,
        email_soft_bounced=1,
        form_submitted=1,
        note_added=1,
        meeting_held=1,
    )
    events = {row.id: row for row in crm.all(EVENTS)}
    assert events["hubspot:e2"].is_machine
    assert events["hubspot:e3"].properties["url"] == "https://acme.example/pricing"
    assert events["hubspot:engagement:800"].text == "Wants a demo"
    assert events["hubspot:engagement:801:2"].contact_id == bob.id
    with crm.rejects.open(encoding="utf-8-sig", newline="") as file:
        reasons = {(row["file"], row["row"]): row["reason"] for row in csv.DictReader(file)}
    assert reasons == {
        ("contact.csv", "5"): "opted_out: 'perhaps' is neither yes nor no",
        ("email_event.csv", "8"): "recipient is not among the contacts",
        (
            "email_event_bounce.csv",
            "4",
        ): "email_event has no line with this id, so nobody knows whom it is about",
    }
    assert summary.file_rows == sum(rows_in(file) for file in (tmp_path / "export").glob("*.csv"))
    again = crm.take(HubspotImporter(), tmp_path / "export")
    assert (again.added, again.changed, again.merged) == (0, 0, 0)


def test_hubspots_web_pages_export_the_same(crm: Crm, tmp_path: Path) -> None:
    folder = write(
        tmp_path / "export",
        people="""
            Record ID,First Name,Last Name,Email,Contact owner,Lifecycle Stage,Unsubscribed from all email,Email hard bounce reason,Associated Company,Country/Region,Merged Contact IDs
            1,Ann,Lee,ann@acme.example,Sue Seller,Sales Qualified Lead,Yes,,Acme,France,98;99
            2,Bob,Ray,bob@acme.example,,Lead,,Unknown user,,,""",
        deals="""
            Record ID,Deal Name,Deal Stage,Pipeline,Amount,Close Date,Deal owner,Associated Contact IDs
            70,Big,Closed Won,Sales,"1,000.10",2024-06-30 12:00,Sue Seller,1;2""",
    )
    importer = HubspotImporter()
    assert importer.recognises(folder / "people.csv")
    crm.take(importer, folder)
    ann = crm.contact("98")
    assert (ann.last_name, ann.owner, ann.lifecycle_stage, ann.country) == ("Lee", "Sue Seller", "sql", "FR")
    assert crm.all(ACCOUNTS)[0].name == "Acme"
    assert crm.stops() == {("ann@acme.example", "unsubscribed"), ("bob@acme.example", "hard_bounce")}
    (deal,) = crm.all(DEALS)
    assert (deal.stage, deal.is_won, deal.amount_cents) == ("Closed Won", True, 100_010)
    assert len(crm.all(BUYING_ROLES)) == 2


SALESFORCE = {
    "sf_user_data": "id,name\n005000000000001AAA,Sue Seller",
    "sf_account_data": "id,is_deleted,name,website,owner_id\n001000000000001AAA,false,Acme,https://acme.example,005000000000001AAA",
    "sf_contact_data": """
        id,is_deleted,account_id,email,last_name,title,owner_id,has_opted_out_of_email,is_email_bounced,email_bounced_date,master_record_id
        003000000000001AAA,false,001000000000001AAA,ann@acme.example,Lee,VP Sales,005000000000001AAA,false,false,,
        003000000000002AAA,false,,bob@acme.example,Ray,,,true,false,,
        003000000000003AAA,false,,eve@acme.example,Eve,,,false,,2024-02-03 4:05:06,
        003000000000004AAA,true,,twin@acme.example,Lee,,,true,,,003000000000001AAA
        003000000000005AAA,true,,,Lee,,,false,,,003000000000001AAA""",
    "sf_lead_data": """
        id,is_deleted,email,company,status,is_converted,converted_contact_id,converted_opportunity_id,converted_date
        00Q000000000001AAA,false,ann@acme.example,Acme,Closed - Converted,true,003000000000001AAA,006000000000001AAA,2024-01-05
        00Q000000000002AAA,false,new@lead.example,Lead Ltd,Working - Contacted,false,,,""",
    "sf_opportunity_data": """
        id,is_deleted,account_id,name,stage_name,amount,is_won,is_closed,close_date,type,owner_id
        006000000000001AAA,false,001000000000001AAA,Acme 2025,Closed Won,1000.5,true,true,2024-12-31 00:00:00,Renewal,005000000000001AAA""",
    "sf_opportunity_history_data": """
        id,opportunity_id,stage_name,created_date,is_deleted
        h1,006000000000001AAA,Qualification,2024-03-01 9:00:00,false""",
    "sf_opportunity_contact_role_data": """
        id,contact_id,opportunity_id,role,is_deleted
        r1,003000000000001AAA,006000000000001AAA,Economic Buyer,false""",
    "sf_task_data": """
        id,who_id,what_id,subject,description,task_subtype,is_closed,activity_date,is_deleted
        00T000000000001AAA,003000000000001AAA,006000000000001AAA,Call,Likes it,Call,true,2024-03-02,false
        00T000000000002AAA,00Q000000000001AAA,,Mail,Hello,Email,true,2024-03-03,false
        00T000000000003AAA,003000000000001AAA,,Later,,Task,false,2024-03-04,false
        00T000000000004AAA,003000000000001AAA,,Gone,,Call,true,2024-03-04,true""",
    "sf_event_data": """
        id,who_id,subject,start_date_time,type,is_deleted
        00U000000000001AAA,003000000000002AAA,Demo,2024-03-05 10:00:00,Meeting,false""",
}


def test_salesforces_connector_columns_arrive_in_our_tables(crm: Crm, tmp_path: Path) -> None:
    folder = write(tmp_path / "export", **SALESFORCE)
    summary = crm.take(SalesforceImporter(), folder)
    ann = crm.contact("003000000000001AAA")
    assert crm.contact("00Q000000000001AAA").id == ann.id
    assert crm.contact("003000000000004AAA").id == ann.id
    assert crm.contact("003000000000005AAA").id == ann.id
    assert (ann.email, ann.lifecycle_stage, ann.owner) == ("ann@acme.example", "opportunity", "Sue Seller")
    assert (ann.seniority, crm.contact("003000000000003AAA").email_status) == ("executive", "bounced")
    assert crm.contact("00Q000000000002AAA").lifecycle_stage == "lead"
    assert crm.stops() == {
        ("bob@acme.example", "unsubscribed"),
        ("eve@acme.example", "hard_bounce"),
        ("ann@acme.example", "unsubscribed"),
        ("twin@acme.example", "unsubscribed"),
    }
    bounced = next(row for row in crm.all(SUPPRESSIONS) if row.reason == "hard_bounce")
    assert bounced.since == datetime(2024, 2, 3, 4, 5, 6, tzinfo=UTC)
    (deal,) = crm.all(DEALS)
    assert (deal.kind, deal.stage, deal.amount_cents, deal.is_won) == ("renewal", "Closed Won", 100_050, True)
    assert [row.stage for row in crm.all(DEAL_STAGES)] == ["Qualification"]
    assert [(row.contact_id, row.kind) for row in crm.all(BUYING_ROLES)] == [(ann.id, "economic_buyer")]
    kinds = {
        row.id.removeprefix("salesforce:"): (row.kind, row.contact_id == ann.id) for row in crm.all(EVENTS)
    }
    assert kinds == {
        "task:00T000000000001AAA": ("call_held", True),
        "task:00T000000000002AAA": ("email_sent", True),
        "task:00T000000000003AAA": ("task_added", True),
        "event:00U000000000001AAA": ("meeting_held", False),
    }
    assert summary.file_rows == sum(rows_in(file) for file in folder.glob("*.csv"))
    again = crm.take(SalesforceImporter(), folder)
    assert (again.added, again.changed, again.merged, again.suppressed) == (0, 0, 0, 0)


def test_salesforces_reports_name_the_same_things(crm: Crm, tmp_path: Path) -> None:
    folder = write(
        tmp_path / "export",
        report1="""
            Contact ID,First Name,Last Name,Title,Account Name,Email,Email Opt Out,Contact Owner
            003A0000012bCdE,Ann,Lee,CEO,Acme,ann@acme.example,1,Sue Seller""",
        report2="""
            Opportunity ID,Opportunity Name,Stage,Amount,Close Date,Type,Opportunity Owner
            006A0000012bCdE,Acme 2025,Closed Won,"1,000.50",12/31/2024,Renewal,Sue Seller""",
    )
    crm.take(SalesforceImporter(), folder)
    ann = crm.contact(to_18("003A0000012bCdE") or "")
    assert (ann.first_name, ann.owner, ann.seniority) == ("Ann", "Sue Seller", "executive")
    assert crm.stops() == {("ann@acme.example", "unsubscribed")}
    (deal,) = crm.all(DEALS)
    assert (deal.is_won, deal.kind, deal.closes_on.isoformat()) == (True, "renewal", "2024-12-31")


def test_data_loaders_names_are_known_too(crm: Crm, tmp_path: Path) -> None:
    folder = write(
        tmp_path / "export",
        Contact="""
            Id,IsDeleted,AccountId,Email,FirstName,LastName,HasOptedOutOfEmail,IsEmailBounced,OwnerId
            003000000000001AAA,false,,ann@acme.example,Ann,Lee,true,false,005000000000001AAA""",
        User="Id,FirstName,LastName,Email\n005000000000001AAA,Sue,Seller,sue@us.example",
    )
    crm.take(SalesforceImporter(), folder)
    assert (crm.contact("003000000000001AAA").first_name, crm.contact("003000000000001AAA").owner) == (
        "Ann",
        "Sue Seller",
    )
    assert crm.stops() == {("ann@acme.example", "unsubscribed")}


def test_a_15_character_id_becomes_the_18_characters_salesforce_gives_it() -> None:
    assert to_18("0015500000Xyy06") == "0015500000Xyy06AAB"
    assert to_18("006q000000Hddoh") == "006q000000HddohAAB"
    assert to_18("0015500000Xyy06AAB") == "0015500000Xyy06AAB"


@pytest.mark.parametrize("importer", [HubspotImporter(), SalesforceImporter()])
def test_a_folder_of_other_things_is_refused(importer: Importer, tmp_path: Path) -> None:
    folder = write(tmp_path / "export", people="Name,Email\nAnn,ann@acme.example")
    assert not importer.recognises(folder)
    with pytest.raises(ImportRefused, match="is not a"):
        list(importer.rows(folder))
    (tmp_path / "none").mkdir()
    with pytest.raises(ImportRefused, match=r"no \.csv file here"):
        list(importer.rows(tmp_path / "none"))


def test_a_mapped_file_of_events_finds_contacts_of_the_same_source(crm: Crm, tmp_path: Path) -> None:
    folder = write(
        tmp_path / "export",
        people="Id,Email\n1,ann@acme.example",
        seen="Who,When,Page\n1,2024-05-01 10:00,pricing\n2,2024-05-01 10:00,home",
    )
    people = Mapping.model_validate(
        {
            "source": "site",
            "outputs": [{"noun": "contacts", "fields": {"external_id": "Id", "email": "Email"}}],
        }
    )
    seen = Mapping.model_validate(
        {
            "source": "site",
            "outputs": [
                {
                    "noun": "events",
                    "fields": {
                        "provider_id": {"template": "{Who}-{When}"},
                        "kind": {"constant": "page_viewed"},
                        "at": "When",
                        "contact_external_id": "Who",
                        "topic": "Page",
                    },
                }
            ],
        }
    )
    crm.take(CsvImporter(people), folder / "people.csv")
    summary = crm.take(CsvImporter(seen), folder / "seen.csv")
    assert summary.by_kind == {"events": {"added": 1, "rejected": 1}}
    assert crm.all(EVENTS)[0].topic == "pricing"
