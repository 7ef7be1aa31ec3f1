"""Each provider's words, mapped once. The records are written from the providers' documentation."""

from __future__ import annotations

import json
from typing import Any

import pytest

from app.drills.posting import Postmark, SendGrid, Ses
from domain.delivery import BounceClass, MailEvent, MailEventKind, WebhookRequest
from domain.people import SuppressionReason
from tests.unit.tools.webhooks.test_proof_of_origin import NOW, SES, hook_of
from tools.webhooks.bounces import bounce_class
from tools.webhooks.mailgun import MailgunWebhook
from tools.webhooks.postmark import PostmarkWebhook
from tools.webhooks.resend import ResendWebhook
from tools.webhooks.sendgrid import SendGridWebhook
from tools.webhooks.ses import SesWebhook

HARD, SOFT, BLOCK = BounceClass.HARD, BounceClass.SOFT, BounceClass.BLOCK
GONE: dict[str, Any] = {"delivery-status": {"code": 550, "message": "5.1.1 no account"}}
REFUSED = {"bounceType": "Transient", "bounceSubType": "ContentRejected"}
AT = "2026-11-26T08:59:00.123Z"


def sendgrid(**record: Any) -> MailEvent:
    told = {"email": "a@b.example", "timestamp": 1795683600, "sg_event_id": "x", **record}
    hook = hook_of(SendGrid())
    assert isinstance(hook, SendGridWebhook)
    return hook.read(WebhookRequest(headers={}, body=json.dumps([told]).encode()))[0]


def mailgun(**record: Any) -> MailEvent:
    told = {"id": "x", "timestamp": 1795683600.5, "recipient": "a@b.example", **record}
    body = json.dumps({"event-data": told}).encode()
    return MailgunWebhook("k").read(WebhookRequest(headers={}, body=body))[0]


def postmark(**record: Any) -> MailEvent:
    told = {
        "MessageID": "m",
        "ReceivedAt": "2026-11-26T08:59:00.1234567-05:00",
        "Recipient": "a@b.example",
        **record,
    }
    return PostmarkWebhook("u", "p").read(WebhookRequest(headers={}, body=json.dumps(told).encode()))[0]


def resend(type_: str, **data: Any) -> MailEvent:
    told = {"type": type_, "created_at": AT, "data": {"email_id": "m", "to": ["A <a@b.example>"], **data}}
    hook = ResendWebhook("whsec_YQ==")
    return hook.read(WebhookRequest(headers={"svix-id": "x"}, body=json.dumps(told).encode()))[0]


def ses(type_: str, **parts: Any) -> tuple[MailEvent, ...]:
    mail = {"messageId": "m", "timestamp": AT, "destination": ["a@b.example"]}
    told = {"eventType": type_, "mail": {**mail, **parts.pop("mail", {})}, **parts}
    hook = hook_of(SES)
    assert isinstance(hook, SesWebhook)
    return hook.read(SES.envelope(told, NOW, "x"))


@pytest.mark.parametrize(
    ("event", "kind", "bounce", "stops"),
    [
        (sendgrid(event="processed"), MailEventKind.QUEUED, None, None),
        (sendgrid(event="bounce", type="bounce", reason="550 5.1.1 no such user"), MailEventKind.BOUNCED, HARD, None),
        (sendgrid(event="bounce", type="blocked", reason="550 nope"), MailEventKind.BOUNCED, BLOCK, None),
        (
            sendgrid(event="bounce", type="bounce", bounce_classification="Mailbox Unavailable"),
            MailEventKind.BOUNCED,
            SOFT,
            None,
        ),
        (
            sendgrid(event="dropped", reason="Unsubscribed Address"),
            MailEventKind.REJECTED,
            None,
            SuppressionReason.UNSUBSCRIBED,
        ),
        (sendgrid(event="group_unsubscribe"), MailEventKind.UNSUBSCRIBED, None, None),
        (sendgrid(event="something new"), MailEventKind.UNKNOWN, None, None),
        (mailgun(event="accepted"), MailEventKind.QUEUED, None, None),
        (mailgun(event="failed", severity="temporary"), MailEventKind.DEFERRED, None, None),
        (
            mailgun(event="failed", severity="permanent", reason="bounce", **GONE),
            MailEventKind.BOUNCED,
            HARD,
            None,
        ),
        (mailgun(event="failed", severity="permanent", reason="old"), MailEventKind.BOUNCED, SOFT, None),
        (
            mailgun(event="failed", severity="permanent", reason="suppress-complaint"),
            MailEventKind.REJECTED,
            None,
            SuppressionReason.COMPLAINT,
        ),
        (mailgun(event="complained"), MailEventKind.COMPLAINED, None, None),
        (postmark(RecordType="Bounce", Type="HardBounce"), MailEventKind.BOUNCED, HARD, None),
        (postmark(RecordType="Bounce", Type="Transient"), MailEventKind.BOUNCED, SOFT, None),
        (postmark(RecordType="Bounce", Type="SpamNotification"), MailEventKind.BOUNCED, BLOCK, None),
        (postmark(RecordType="Bounce", Type="AutoResponder"), MailEventKind.AUTORESPONDED, None, None),
        (postmark(RecordType="SpamComplaint"), MailEventKind.COMPLAINED, None, None),
        (
            postmark(RecordType="SubscriptionChange", SuppressSending=True, SuppressionReason="ManualSuppression"),
            MailEventKind.UNSUBSCRIBED,
            None,
            None,
        ),
        (
            postmark(RecordType="SubscriptionChange", SuppressSending=True, SuppressionReason="HardBounce"),
            MailEventKind.UNKNOWN,
            None,
            SuppressionReason.HARD_BOUNCE,
        ),
        (postmark(RecordType="SubscriptionChange", SuppressSending=False), MailEventKind.SUBSCRIBED, None, None),
        (resend("email.delivery_delayed"), MailEventKind.DEFERRED, None, None),
        (resend("email.bounced", bounce={"type": "Permanent"}), MailEventKind.BOUNCED, HARD, None),
        (resend("email.bounced", bounce={"message": "the mailbox is full, 4.2.2"}), MailEventKind.BOUNCED, SOFT, None),
        (resend("email.suppressed"), MailEventKind.REJECTED, None, SuppressionReason.HARD_BOUNCE),
        (ses("Send", send={})[0], MailEventKind.SENT, None, None),
        (ses("Bounce", bounce={"bounceType": "Permanent"})[0], MailEventKind.BOUNCED, HARD, None),
        (ses("Bounce", bounce=REFUSED)[0], MailEventKind.BOUNCED, BLOCK, None),
        (ses("Bounce", bounce={"bounceType": "Undetermined"})[0], MailEventKind.BOUNCED, SOFT, None),
        (ses("Complaint", complaint={"complaintFeedbackType": "not-spam"})[0], MailEventKind.UNKNOWN, None, None),
        (ses("Reject", reject={"reason": "Bad content"})[0], MailEventKind.REJECTED, None, None),
    ],
)  # fmt: skip
def test_a_providers_word_has_one_of_ours(
    event: MailEvent, kind: MailEventKind, bounce: BounceClass | None, stops: SuppressionReason | None
) -> None:
    assert (event.kind, event.bounce, event.stops) == (kind, bounce, stops)
    assert event.address == "a@b.example"


def test_every_recipient_of_an_amazon_bounce_is_an_event_of_its_own() -> None:
    people = [{"emailAddress": "a@b.example"}, {"emailAddress": "c@d.example"}]
    events = ses("Bounce", bounce={"bounceType": "Permanent", "bouncedRecipients": people})
    assert [event.address for event in events] == ["a@b.example", "c@d.example"]
    assert len({event.id for event in events}) == 2


def test_what_a_provider_knows_to_be_a_machine_is_marked() -> None:
    assert sendgrid(event="open", sg_machine_open=True).is_machine
    assert mailgun(event="opened", **{"client-info": {"bot": "apple"}}).is_machine
    assert not mailgun(
        event="opened", **{"client-info": {"bot": "", "user-agent": "Mozilla/5.0 Firefox"}}
    ).is_machine


def test_our_message_is_named_by_whatever_id_the_provider_gives_back() -> None:
    assert sendgrid(event="open", attune_outbox="o_1", sg_message_id="abc.filter1.0").outbox_id == "o_1"
    assert sendgrid(event="open", sg_message_id="abc.filter1.0").provider_message_id == "abc"
    assert (
        mailgun(event="opened", message={"headers": {"message-id": "o_1@acme.example"}}).message_id
        == "o_1@acme.example"
    )
    assert resend("email.sent", tags=[{"name": "attune_outbox", "value": "o_1"}]).outbox_id == "o_1"
    assert ses("Send", send={}, mail={"tags": {"attune_outbox": ["o_1"]}})[0].outbox_id == "o_1"
    assert ses("Send", send={}, mail={"commonHeaders": {"messageId": "<o_1@acme.example>"}})[0].message_id


def test_text_no_store_can_keep_is_cleaned_and_a_postmark_repeat_is_known_by_what_makes_it_this_event() -> (
    None
):
    event = sendgrid(event="bounce", reason="bad\x00words\ud800")
    assert event.detail == "badwords"
    one, again = postmark(RecordType="Open"), postmark(RecordType="Open", Platform="Desktop")
    other = postmark(RecordType="Open", ReceivedAt="2026-11-26T09:59:00Z")
    assert one.event_id == again.event_id != other.event_id
    assert Postmark.name == one.provider
    assert Ses.name == "ses"


@pytest.mark.parametrize(
    ("said", "is_permanent", "expected"),
    [
        ("550 5.1.1 User unknown", True, HARD),
        ("smtp; 550 5.7.1 Blocked by policy", True, BLOCK),
        ("550 5.7.1 recipient address rejected: user unknown", True, HARD),
        ("552 5.2.2 mailbox full", True, SOFT),
        ("452 4.2.2 over quota", True, SOFT),
        ("550 no such user here", False, HARD),
        ("554 message refused as spam", True, BLOCK),
        ("421 try again later", True, SOFT),
        ("", True, HARD),
        ("", False, SOFT),
    ],
)
def test_the_receivers_words_say_how_final_a_bounce_is(
    said: str, is_permanent: bool, expected: BounceClass
) -> None:
    assert bounce_class(said, is_permanent) is expected
