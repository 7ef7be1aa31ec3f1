"""Nouns survive their rows: what is written is what is read."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from domain.decision import SILENCE, Arm, Decision
from domain.message import Usage
from domain.people import Account, Consent, ConsentBasis, Contact, Deal, DealKind, LifecycleStage, Seniority
from domain.run import ContactOutcome, RunContact
from memory.crm import codec
from memory.crm.statements import CONTACTS, DEALS, DECISIONS, RUN_CONTACTS

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
CONTACT = Contact(
    id="c_1",
    email="a@example.com",
    seniority=Seniority.EXECUTIVE,
    lifecycle_stage=LifecycleStage.CUSTOMER,
    stage_since=NOON,
    external_ids={"hubspot": "7"},
    attributes={"plan": "pro"},
)
DEAL = Deal(id="x_1", name="Renewal", kind=DealKind.RENEWAL, stage="open", closes_on=date(2026, 4, 1))
SILENT = Decision(
    id="d_1",
    run_id="r_1",
    campaign_id="spring",
    contact_id="c_1",
    arm=Arm.HOLDOUT,
    action=SILENCE,
    propensity=1.0,
    learner_version="v1",
    features_version="f1",
    decided_at=NOON,
)
LINE = RunContact(
    run_id="r_1",
    contact_id="c_1",
    outcome=ContactOutcome.SENT,
    usage=Usage(calls=1, cost_micros=5),
    updated_at=NOON,
)


def test_a_contact_and_a_deal_survive_with_their_external_ids() -> None:
    assert codec.contact_of(codec.contact_row(CONTACT), CONTACT.external_ids) == CONTACT
    assert codec.deal_of(codec.deal_row(DEAL)) == DEAL


def test_identity_rows_name_source_and_noun() -> None:
    account = Account(id="a_1", name="N", external_ids={"hubspot": "7", "salesforce": "00Q"})
    assert [(row["source"], row["noun"]) for row in codec.identity_rows("account", account)] == [
        ("hubspot", "account"),
        ("salesforce", "account"),
    ]


def test_silence_survives_without_asset_channel_or_slot() -> None:
    row = codec.decision_row(SILENT)
    assert (row["action_key"], row["asset_id"], row["slot"]) == ("silence", None, None)
    assert codec.decision_of(row) == SILENT


def test_a_ledger_line_survives_with_its_usage() -> None:
    assert codec.run_contact_of(codec.run_contact_row(LINE)) == LINE


def test_a_consent_survives() -> None:
    consent = Consent(
        contact_id="c_1",
        basis=ConsentBasis.SOFT_OPT_IN,
        is_granted=True,
        recorded_at=NOON,
        source="shop",
    )
    assert codec.consent_of(codec.consent_row(consent)) == consent


@pytest.mark.parametrize(
    ("table", "row"),
    [
        (CONTACTS, codec.contact_row(CONTACT)),
        (DEALS, codec.deal_row(DEAL)),
        (DECISIONS, codec.decision_row(SILENT)),
        (RUN_CONTACTS, codec.run_contact_row(LINE)),
    ],
)
def test_every_column_is_filled(table: Any, row: dict[str, Any]) -> None:
    assert set(row) == {column.name for column in table.columns}
