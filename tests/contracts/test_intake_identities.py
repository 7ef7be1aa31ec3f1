"""Intake on both databases: who is who, by ids first and then by address."""

from __future__ import annotations

from domain.campaign import Autonomy
from domain.people import (
    ConsentBasis,
)
from domain.records import (
    AccountRow,
    DealRow,
    MergeRow,
    Place,
)
from memory.crm.statements import (
    ACCOUNTS,
    BUYING_ROLES,
    CAMPAIGNS,
    CONSENTS,
    CONTACTS,
    EVENTS,
    IDENTITIES,
    RUN_CONTACTS,
    RUNS,
)
from tests.contracts.intake_desk import EARLIER, NOW, Desk, contact, event


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
