"""Intake on both databases: nobody comes back who said no."""

from __future__ import annotations

import csv

import pytest

from domain.events import EventKind
from domain.people import (
    ConsentBasis,
    SuppressionReason,
)
from memory.crm.statements import (
    CONSENTS,
    CONTACTS,
    SUPPRESSIONS,
)
from tests.contracts.intake_desk import Desk, contact, event


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
