"""A workspace with one message that was sent, and its door: what the web tests start from."""

from __future__ import annotations

from pathlib import Path

import yaml
from starlette.testclient import TestClient

from agents.letter import unsubscribe_token
from app.web import make_app
from app.wiring import House
from domain.message import Message, OutboxEntry, OutboxStatus, Receipt, Verdict
from domain.people import EmailStatus
from domain.run import Run, RunStatus
from memory.crm import codec
from memory.crm.statements import CONTACTS, insert_all, writing
from tests.desk_content import SENDER
from tests.learning_workspace import CAMPAIGN, DAY, NOON, contact, open_workspace

DANA = contact(900).model_copy(
    update={
        "id": "c_dana",
        "email": "dana@northwind.example",
        "email_status": EmailStatus.USABLE,
        "country": "US",
    }
)
OUTBOX_ID = "o_dana"


def open_door(folder: Path, **settings: object) -> House:
    """Make a workspace in which Dana was sent one message two days ago."""
    house = open_workspace(folder, contacts=2, at=NOON + 2 * DAY)
    if settings:
        house.__dict__["settings"] = house.settings.model_copy(update=settings)
    house.workspace.sender_file.write_text(yaml.safe_dump(SENDER.model_dump(mode="json")), encoding="utf-8")
    with writing(house.engine) as connection:
        insert_all(connection, CONTACTS, [codec.contact_row(DANA)])
    run = Run(
        id="r_door",
        campaign_id=CAMPAIGN.id,
        status=RunStatus.DECIDING,
        autonomy=CAMPAIGN.autonomy,
        seed=1,
        started_at=NOON,
    )
    house.runs.start(run, CAMPAIGN)
    message = Message(
        contact_id=DANA.id,
        to_address="dana@northwind.example",
        from_address=str(SENDER.from_email),
        from_name=SENDER.from_name,
        subject="A guide for you",
        text="Hello.",
        html="<p>Hello.</p>",
        message_id=f"<{OUTBOX_ID}@{str(SENDER.from_email).rpartition('@')[2]}>",
    )
    entry = OutboxEntry(
        id=OUTBOX_ID,
        run_id=run.id,
        campaign_id=run.campaign_id,
        contact_id=DANA.id,
        decision_id="d_dana",
        message=message,
        status=OutboxStatus.APPROVED,
        not_before=NOON,
        approved_sha256=message.sha256,
        updated_at=NOON,
    )
    house.outbox.put(entry)
    reserved = house.outbox.reserve(entry.id, lambda _standing, _entry: Verdict(), NOON)
    assert reserved is not None
    receipt = Receipt(provider="mailbox", provider_message_id=message.message_id, accepted_at=NOON)
    house.outbox.confirm(entry.id, reserved.fencing_token, receipt)
    return house


def caller(house: House) -> TestClient:
    """Somebody who calls at the door, without cookies, following no redirect."""
    return TestClient(make_app(house), raise_server_exceptions=False, follow_redirects=False)


def token(house: House, outbox_id: str = OUTBOX_ID) -> str:
    """The signed id that stands in a message's links."""
    return unsubscribe_token(outbox_id, house.link_key)
