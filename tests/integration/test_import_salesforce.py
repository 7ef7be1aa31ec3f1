"""What Salesforce exports, by connectors, reports and Data Loader, and where each column arrives."""

# ruff: noqa: E501 (a table is read as it stands in its file)
from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from memory.crm.statements import (
    BUYING_ROLES,
    DEAL_STAGES,
    DEALS,
    EVENTS,
    SUPPRESSIONS,
)
from tests.integration.exports import Crm, rows_in, write
from tools.importers.salesforce import SalesforceImporter, to_18

SALESFORCE = {
    "sf_user_data": "id,name\n005000000000001AAA,Sue Seller",
    "sf_account_data": "id,is_deleted,name,website,owner_id\n001000000000001AAA,false,Acme,https://acme.example,005000000000001AAA",
    "sf_contact_data": """
        id,is_deleted,account_id,email,last_name,title,owner_id,has_opted_out_of_email,is_email_bounced,email_bounced_date,master_record_id
        003000000000001AAA,false,001000000000001AAA,ann@acme.example,Lee,VP Sales,005000000000001AAA,false,false,,
        003000000000002AAA,false,,bob@acme.example,Ray,,,true,false,,
        003000000000006AAA,false,,zoe@acme.example,Zed,,,maybe,2024-02-03,,
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
        ("zoe@acme.example", "unsubscribed"),
        ("zoe@acme.example", "hard_bounce"),
        ("ann@acme.example", "unsubscribed"),
        ("twin@acme.example", "unsubscribed"),
    }
    assert summary.unclear == {"opted out": 1}
    bounced = next(row for row in crm.all(SUPPRESSIONS) if row.address == "eve@acme.example")
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
