"""The HTTP channels against answers written from the providers' API documentation: what is sent, what a refusal means.

Nothing here was recorded from a provider: what they really answer is proven only where somebody has an account.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from email import message_from_bytes
from email.policy import SMTP as SMTP_POLICY
from typing import Any, NamedTuple

import httpx
import pytest

from domain.errors import NotSent, SendUnknown
from domain.ports import Channel
from tests.contracts.test_channels import NOW, message
from tools.channels.mailgun import MailgunChannel
from tools.channels.postmark import PostmarkChannel
from tools.channels.resend import ResendChannel
from tools.channels.sendgrid import SendGridChannel
from tools.channels.ses import SesChannel

SECRET = "s3cret-key"
Answer = Callable[[httpx.Request], httpx.Response]


class Provider(NamedTuple):
    """One provider: how its channel is made, what its documentation says it answers, whose id that gives."""

    make: Callable[[httpx.AsyncBaseTransport], Channel]
    yes: httpx.Response
    receipt: str


PROVIDERS = {
    "sendgrid": Provider(
        lambda transport: SendGridChannel(SECRET, 5, lambda: NOW, transport),
        httpx.Response(202, headers={"x-message-id": "sg-1"}),
        "sg-1",
    ),
    "mailgun": Provider(
        lambda transport: MailgunChannel(SECRET, "mg.acme.example", clock=lambda: NOW, transport=transport),
        httpx.Response(200, json={"id": "<m_1@acme.example>", "message": "Queued. Thank you."}),
        "m_1@acme.example",
    ),
    "postmark": Provider(
        lambda transport: PostmarkChannel(SECRET, clock=lambda: NOW, transport=transport),
        httpx.Response(
            200,
            json={
                "To": "dana@northwind.example",
                "SubmittedAt": "2026-11-24T15:00:00Z",
                "MessageID": "b7bc2f4a-e38e-4336-af7d-e6c392c2f817",
                "ErrorCode": 0,
                "Message": "OK",
            },
        ),
        "b7bc2f4a-e38e-4336-af7d-e6c392c2f817",
    ),
    "ses": Provider(
        lambda transport: SesChannel(
            "eu-west-1", "AKIDEXAMPLE", SECRET, "token", "events", clock=lambda: NOW, transport=transport
        ),
        httpx.Response(200, json={"MessageId": "0100018c-ses"}),
        "0100018c-ses",
    ),
    "resend": Provider(
        lambda transport: ResendChannel(SECRET, clock=lambda: NOW, transport=transport),
        httpx.Response(200, json={"id": "49a3999c-0ce1-4ea6-ab68-afcd6dc2e794"}),
        "49a3999c-0ce1-4ea6-ab68-afcd6dc2e794",
    ),
}


@pytest.fixture(params=PROVIDERS)
def provider(request: pytest.FixtureRequest) -> Provider:
    return PROVIDERS[request.param]


def answering(provider: Provider, answer: httpx.Response | Exception) -> tuple[Channel, list[httpx.Request]]:
    asked: list[httpx.Request] = []

    def serve(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        if isinstance(answer, Exception):
            raise answer
        return answer

    return provider.make(httpx.MockTransport(serve)), asked


async def test_a_message_is_handed_over_once_and_its_receipt_names_it(provider: Provider) -> None:
    channel, asked = answering(provider, provider.yes)
    receipt = await channel.send(message())
    assert (receipt.provider, receipt.provider_message_id) == (channel.name, provider.receipt)
    assert receipt.accepted_at == NOW
    assert len(asked) == 1
    assert asked[0].method == "POST"
    assert asked[0].url.scheme == "https"


@pytest.mark.parametrize(
    ("status", "is_transient"),
    [
        (400, False),
        (404, False),
        (413, False),
        (422, False),
        (401, True),
        (403, True),
        (429, True),
        (302, True),
    ],
)
async def test_a_refusal_is_provably_not_sent(provider: Provider, status: int, is_transient: bool) -> None:
    channel, _ = answering(provider, httpx.Response(status, text='{"message":"no\x1b[2J"}'))
    with pytest.raises(NotSent, match=f"said {status}") as refused:
        await channel.send(message())
    assert refused.value.is_transient is is_transient
    assert "\x1b" not in str(refused.value)


@pytest.mark.parametrize("status", [408, 409, 500, 502, 503, 504])
async def test_a_fault_at_the_provider_leaves_it_unknown(provider: Provider, status: int) -> None:
    channel, _ = answering(provider, httpx.Response(status))
    with pytest.raises(SendUnknown, match="not sent again"):
        await channel.send(message())


@pytest.mark.parametrize("problem", [httpx.ConnectError("refused"), httpx.ConnectTimeout("slow")])
async def test_a_provider_never_reached_may_be_tried_again(provider: Provider, problem: Exception) -> None:
    channel, _ = answering(provider, problem)
    with pytest.raises(NotSent) as failed:
        await channel.send(message())
    assert failed.value.is_transient


@pytest.mark.parametrize(
    "problem",
    [
        httpx.ReadTimeout("slow"),
        httpx.WriteTimeout("slow"),
        httpx.WriteError("broken"),
        httpx.ReadError("broken"),
        httpx.RemoteProtocolError("closed"),
    ],
)
async def test_a_break_after_the_request_began_leaves_it_unknown(
    provider: Provider, problem: Exception
) -> None:
    channel, _ = answering(provider, problem)
    with pytest.raises(SendUnknown, match="not sent again"):
        await channel.send(message())


async def test_a_yes_that_is_not_the_providers_leaves_it_unknown(provider: Provider) -> None:
    channel, _ = answering(provider, httpx.Response(200, text="<html>Welcome to the wireless network</html>"))
    with pytest.raises(SendUnknown):
        await channel.send(message())


async def test_the_secret_never_stands_in_an_error(provider: Provider) -> None:
    for answer in (httpx.Response(401, text="bad key"), httpx.Response(500), httpx.ReadError("broken")):
        channel, _ = answering(provider, answer)
        with pytest.raises((NotSent, SendUnknown)) as failed:
            await channel.send(message())
        assert SECRET not in str(failed.value)


async def test_a_subject_that_carries_a_header_reaches_no_provider(provider: Provider) -> None:
    channel, asked = answering(provider, provider.yes)
    with pytest.raises(NotSent, match="C-25"):
        await channel.send(message(subject="Hi=?UTF-8?Q?=0A?=Bcc: x@y.example"))
    assert asked == []


async def test_find_never_says_no(provider: Provider) -> None:
    for answer in (
        httpx.Response(200, json={"items": [], "TotalCount": 0}),
        httpx.Response(500),
        httpx.ReadError("x"),
    ):
        channel, _ = answering(provider, answer)
        assert await channel.find(message()) is None


@pytest.mark.parametrize(
    ("name", "told"), [("mailgun", {"items": [{"event": "accepted"}]}), ("postmark", {"TotalCount": 1})]
)
async def test_find_says_yes_where_the_provider_lists_the_message(name: str, told: dict[str, Any]) -> None:
    channel, asked = answering(PROVIDERS[name], httpx.Response(200, json=told))
    assert await channel.find(message()) is True
    assert "m_1" in str(asked[0].url)


async def sent_by(name: str) -> httpx.Request:
    channel, asked = answering(PROVIDERS[name], PROVIDERS[name].yes)
    await channel.send(message())
    return asked[0]


def says_everything(headers: dict[str, str]) -> bool:
    return headers.items() >= {**dict(message().headers), "Message-ID": "<m_1@acme.example>"}.items()


async def test_sendgrid_gets_every_field_and_header() -> None:
    request = await sent_by("sendgrid")
    told = json.loads(request.content)
    assert request.headers["authorization"] == f"Bearer {SECRET}"
    assert told["personalizations"] == [{"to": [{"email": "dana@northwind.example", "name": "Dana Ruiz"}]}]
    assert told["from"] == {"email": "anna@acme.example", "name": "Anna Berg"}
    assert told["reply_to"] == {"email": "replies@acme.example"}
    assert told["subject"] == message().subject
    assert [part["value"] for part in told["content"]] == [message().text, message().html]
    assert says_everything(told["headers"])
    assert told["custom_args"] == {"attune_outbox": "m_1"}
    assert told["tracking_settings"]["subscription_tracking"] == {"enable": False}


async def test_postmark_gets_every_field_and_header() -> None:
    request = await sent_by("postmark")
    told = json.loads(request.content)
    assert request.headers["x-postmark-server-token"] == SECRET
    assert (told["From"], told["To"]) == (
        "Anna Berg <anna@acme.example>",
        "Dana Ruiz <dana@northwind.example>",
    )
    assert (told["ReplyTo"], told["MessageStream"]) == ("replies@acme.example", "broadcast")
    assert (told["Subject"], told["TextBody"], told["HtmlBody"]) == (
        message().subject,
        message().text,
        message().html,
    )
    headers = {header["Name"]: header["Value"] for header in told["Headers"]}
    assert says_everything(headers)
    assert headers["X-PM-KeepID"] == "true"
    assert told["Metadata"] == {"attune_outbox": "m_1"}


async def test_resend_gets_every_field_and_our_id_as_the_key_of_the_message() -> None:
    request = await sent_by("resend")
    told = json.loads(request.content)
    assert request.headers["idempotency-key"] == "m_1"
    assert told["to"] == ["Dana Ruiz <dana@northwind.example>"]
    assert (told["subject"], told["text"], told["html"]) == (
        message().subject,
        message().text,
        message().html,
    )
    assert says_everything(told["headers"])
    assert told["tags"] == [{"name": "attune_outbox", "value": "m_1"}]


async def test_mailgun_and_amazon_get_the_mime_as_we_wrote_it() -> None:
    mailgun, ses = await sent_by("mailgun"), await sent_by("ses")
    assert str(mailgun.url) == "https://api.mailgun.net/v3/mg.acme.example/messages.mime"
    assert mailgun.headers["authorization"] == "Basic " + base64.b64encode(f"api:{SECRET}".encode()).decode()
    assert b'name="v:attune_outbox"\r\n\r\nm_1\r\n' in mailgun.content
    assert b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in mailgun.content
    told = json.loads(ses.content)
    raw = base64.b64decode(told["Content"]["Raw"]["Data"])
    assert raw in mailgun.content
    mail = message_from_bytes(raw, policy=SMTP_POLICY)
    assert mail["Subject"] == message().subject
    assert told["Destination"] == {"ToAddresses": ["dana@northwind.example"]}
    assert told["EmailTags"] == [{"Name": "attune_outbox", "Value": "m_1"}]
    assert told["ConfigurationSetName"] == "events"


async def test_amazon_gets_a_signature_of_version_four_and_no_secret() -> None:
    request = await sent_by("ses")
    assert request.headers["authorization"].startswith("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/")
    assert "/eu-west-1/ses/aws4_request" in request.headers["authorization"]
    assert request.headers["x-amz-security-token"] == "token"
    assert SECRET.encode() not in request.content
    assert SECRET not in str(request.headers)


@pytest.mark.parametrize(
    ("error", "is_transient"),
    [
        ("LimitExceededException", True),
        ("SendingPausedException:http://internal.amazon.com/coral/", True),
        ("MessageRejected", False),
        ("BadRequestException", False),
    ],
)
async def test_amazon_says_by_name_whether_the_message_or_the_account_is_at_fault(
    error: str, is_transient: bool
) -> None:
    answer = httpx.Response(400, headers={"x-amzn-errortype": error}, json={"message": "no"})
    channel, _ = answering(PROVIDERS["ses"], answer)
    with pytest.raises(NotSent) as refused:
        await channel.send(message())
    assert refused.value.is_transient is is_transient


async def test_a_postmark_error_inside_a_yes_is_a_no() -> None:
    answer = httpx.Response(200, json={"ErrorCode": 406, "Message": "Inactive recipient"})
    channel, _ = answering(PROVIDERS["postmark"], answer)
    with pytest.raises(NotSent, match="406 Inactive recipient"):
        await channel.send(message())
