"""What HubSpot exports, by its connectors and its web pages, and where each column arrives."""

# ruff: noqa: E501 (a table is read as it stands in its file)
from __future__ import annotations

import csv
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

from memory.crm.statements import (
    ACCOUNTS,
    BUYING_ROLES,
    CONSENTS,
    DEAL_STAGES,
    DEALS,
    EVENTS,
)
from tests.integration.exports import Crm, rows_in, write
from tools.importers.hubspot import HubspotImporter

HUBSPOT = {
    "contact": """
        id,_fivetran_deleted,property_email,property_firstname,property_jobtitle,property_lifecyclestage,property_hubspot_owner_id,property_hs_email_optout,property_hs_email_optout_date,property_hs_email_hard_bounce_reason_enum,property_hs_lead_status,associatedcompanyid,property_country,property_createdate
        1,false,ann@acme.example,Ann,CEO,marketingqualifiedlead,9,false,,,OPEN,50,Germany,2024-01-02 3:04:05.678
        2,false,bob@acme.example,Bob,,customer,9,true,,,,50,,
        3,false,eve@acme.example,Eve,,lead,,,,UNKNOWN_USER,,,,
        4,false,dan@acme.example,Dan,,lead,,perhaps,,,,,,
        5,true,old@acme.example,Old,,lead,,true,,,,,,
        6,false,kim@acme.example,Kim,,lead,,,2024-05-01,,,,,""",
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
        ("dan@acme.example", "unsubscribed"),
        ("kim@acme.example", "unsubscribed"),
        ("eve@acme.example", "hard_bounce"),
        ("old@acme.example", "unsubscribed"),
        ("nobody@x.example", "complaint"),
    }
    assert {row.contact_id for row in crm.all(CONSENTS)} == {
        crm.contact(external_id).id for external_id in ("2", "4", "6")
    }
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
        ("contact.csv", "5"): "opted_out: 'perhaps' is neither yes nor no; treated as opted out",
        ("email_event.csv", "8"): "recipient is not among the contacts",
        (
            "email_event_bounce.csv",
            "4",
        ): "email_event has no line with this id, so nobody knows whom it is about",
    }
    assert (summary.rejected, summary.unclear) == (2, {"opted out": 1})
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
