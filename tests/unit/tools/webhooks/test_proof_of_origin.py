"""W-06: what is forged, altered, stale or from elsewhere is refused before anything in it is looked at."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from app.drills.posting import (
    CERTIFICATE_URL,
    TOPIC,
    Mailgun,
    Poster,
    Postmark,
    Resend,
    SendGrid,
    Ses,
    Told,
)
from domain.delivery import MailEventKind, WebhookRequest
from domain.errors import SettingsInvalid, WebhookRefused, WebhookUnreadable
from domain.ports import Webhook
from tools.webhooks.mailgun import MailgunWebhook
from tools.webhooks.postmark import PostmarkWebhook
from tools.webhooks.proof import moment, need_fresh
from tools.webhooks.resend import ResendWebhook
from tools.webhooks.sendgrid import SendGridWebhook
from tools.webhooks.ses import SesWebhook

NOW = datetime(2026, 11, 26, 9, tzinfo=UTC)
TOLD = Told("e1", MailEventKind.DELIVERED, NOW, "dana@northwind.example", "o_1")
SES = Ses()


def hook_of(poster: Poster) -> Webhook:
    said = poster.settings()
    if isinstance(poster, SendGrid):
        return SendGridWebhook(said["sendgrid_webhook_key"])
    if isinstance(poster, Mailgun):
        return MailgunWebhook(said["mailgun_signing_key"])
    if isinstance(poster, Postmark):
        return PostmarkWebhook(said["postmark_webhook_username"], said["postmark_webhook_password"])
    if isinstance(poster, Resend):
        return ResendWebhook(said["resend_webhook_secret"])
    assert isinstance(poster, Ses)
    return SesWebhook(said["ses_topic_arn"], poster.fetch)


@pytest.fixture(params=[SendGrid(), Mailgun(), Postmark(), Resend(), SES], ids=lambda poster: poster.name)
def poster(request: pytest.FixtureRequest) -> Poster:
    found: Poster = request.param
    return found


def test_a_genuine_request_is_taken_and_says_what_happened(poster: Poster) -> None:
    hook = hook_of(poster)
    (request,) = poster.post([TOLD], NOW)
    hook.verify(request, NOW)
    (event,) = hook.read(request)
    assert (event.provider, event.kind, event.at) == (poster.name, MailEventKind.DELIVERED, NOW)
    assert (event.address, event.outbox_id) == ("dana@northwind.example", "o_1")


def test_the_same_request_again_has_the_same_event_id(poster: Poster) -> None:
    hook = hook_of(poster)
    ids = {hook.read(request)[0].event_id for _ in range(2) for request in poster.post([TOLD], NOW)}
    assert len(ids) == 1


def test_one_changed_byte_is_refused(poster: Poster) -> None:
    if isinstance(poster, Postmark | Mailgun):
        pytest.skip("the signature does not cover the body; see the tests of each")
    hook = hook_of(poster)
    (request,) = poster.post([TOLD], NOW)
    altered = request.model_copy(update={"body": request.body.replace(b"dana@", b"diana@", 1)})
    with pytest.raises(WebhookRefused):
        hook.verify(altered, NOW)


def test_without_its_headers_or_signature_it_is_refused(poster: Poster) -> None:
    hook = hook_of(poster)
    (request,) = poster.post([TOLD], NOW)
    body = request.body.replace(b'"signature"', b'"s"').replace(b'"Signature"', b'"S"')
    with pytest.raises(WebhookRefused):
        hook.verify(WebhookRequest(headers={}, body=body), NOW)


@pytest.mark.parametrize("minutes", [-5.1, 5.1])
def test_a_request_signed_at_another_time_is_a_replay(poster: Poster, minutes: float) -> None:
    if isinstance(poster, Postmark):
        pytest.skip("Postmark signs no time; a replay is a repeat and changes nothing")
    hook = hook_of(poster)
    (request,) = poster.post([TOLD], NOW)
    if isinstance(poster, Ses) and minutes > 0:
        hook.verify(request, NOW + timedelta(minutes=59))
        minutes = 60.1
    with pytest.raises(WebhookRefused, match="minutes away"):
        hook.verify(request, NOW + timedelta(minutes=minutes))


def test_the_key_of_another_is_refused(poster: Poster) -> None:
    if isinstance(poster, Postmark | Mailgun | Resend):
        pytest.skip("a shared secret, tried below")
    (request,) = type(poster)().post([TOLD], NOW)
    with pytest.raises(WebhookRefused, match="does not fit"):
        hook_of(poster).verify(request, NOW)


@pytest.mark.parametrize(
    ("hook", "poster"),
    [
        (MailgunWebhook("another"), Mailgun()),
        (ResendWebhook("whsec_YW5vdGhlcg=="), Resend()),
        (PostmarkWebhook("hook", "another"), Postmark()),
        (PostmarkWebhook("other", "a long secret"), Postmark()),
    ],
)
def test_another_shared_secret_is_refused(hook: Webhook, poster: Poster) -> None:
    (request,) = poster.post([TOLD], NOW)
    with pytest.raises(WebhookRefused):
        hook.verify(request, NOW)


@pytest.mark.parametrize(
    "body", [b"", b"[", b"{}", b"null", b"[1]", b'{"event-data": 3}', b"\xff", b"[" * 9_000]
)
def test_a_body_of_another_shape_is_one_clear_error(poster: Poster, body: bytes) -> None:
    with pytest.raises(WebhookUnreadable, match=poster.name):
        if poster.name in {"mailgun", "ses"} and not isinstance(_parsed(body), dict):
            hook_of(poster).verify(WebhookRequest(headers={}, body=body), NOW)
        hook_of(poster).read(WebhookRequest(headers={"svix-id": "m"}, body=body))


def _parsed(body: bytes) -> object:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def test_a_mailgun_token_names_the_one_body_it_is_good_for() -> None:
    hook, (request,) = hook_of(Mailgun()), Mailgun().post([TOLD], NOW)
    other = request.model_copy(update={"body": request.body.replace(b"delivered", b"complained")})
    first, second = hook.verify(request, NOW), hook.verify(other, NOW)
    assert first is not None
    assert second is not None
    assert first.token == second.token
    assert first.body_sha256 != second.body_sha256


@pytest.mark.parametrize(
    "url",
    [
        "https://sns.eu-west-1.amazonaws.com.evil.example/SimpleNotificationService-0123456789abcdef.pem",
        "https://evil.example/SimpleNotificationService-0123456789abcdef.pem",
        "http://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem",
        "https://sns.eu-west-1.amazonaws.com@evil.example/SimpleNotificationService-0123456789abcdef.pem",
        "https://sns.eu-west-1.amazonaws.com:8443/SimpleNotificationService-0123456789abcdef.pem",
        "https://sns.eu-west-1.amazonaws.com/other.pem",
        "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem",
        "file:///etc/passwd",
    ],
)
def test_amazons_certificate_is_fetched_from_its_own_host_and_nowhere_else(url: str) -> None:
    amazon = Ses()
    request = amazon.envelope({}, NOW, "m1", SigningCertURL=url)
    with pytest.raises(WebhookRefused, match="certificate is not at"):
        hook_of(amazon).verify(request, NOW)
    assert amazon.asked == []


def test_an_envelope_of_another_topic_is_refused_unseen() -> None:
    amazon = Ses()
    request = amazon.envelope({}, NOW, "m1", TopicArn=TOPIC.replace("attune", "other"))
    with pytest.raises(WebhookRefused, match="another topic"):
        hook_of(amazon).verify(request, NOW)
    assert amazon.asked == []


def test_a_subscription_is_confirmed_at_an_address_built_here_never_at_the_one_given() -> None:
    amazon = Ses()
    hook = hook_of(amazon)
    request = amazon.envelope(
        "",
        NOW,
        "m1",
        Type="SubscriptionConfirmation",
        Token="t0ken&x=y",
        SubscribeURL="https://evil.example/",
    )
    hook.verify(request, NOW)
    assert hook.read(request) == ()
    assert amazon.asked == [
        CERTIFICATE_URL,
        "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription"
        "&TopicArn=arn%3Aaws%3Asns%3Aeu-west-1%3A123456789012%3Aattune-events&Token=t0ken%26x%3Dy",
    ]


@pytest.mark.parametrize(
    "make",
    [
        lambda: SendGridWebhook("not base64!"),
        lambda: SendGridWebhook("aGVsbG8="),
        lambda: ResendWebhook("whsec_"),
        lambda: SesWebhook("arn:aws:sqs:eu-west-1:123456789012:queue", lambda _: b""),
    ],
)
def test_a_secret_that_cannot_be_one_is_named(make: object) -> None:
    with pytest.raises(SettingsInvalid, match="ATTUNE_"):
        make()  # type: ignore[operator]


@pytest.mark.parametrize("seconds", ["999999999999", "99999999999", "-1", "soon", ""])
def test_a_signed_time_beyond_all_years_is_refused_like_any_stale_one(seconds: str) -> None:
    with pytest.raises(WebhookRefused):
        need_fresh("mailgun", seconds, NOW)


@pytest.mark.parametrize(
    "value",
    [
        67_768_036_191_676_800,
        -1e15,
        1e300,
        float("inf"),
        float("nan"),
        "soon",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
    ],
)
def test_what_is_no_date_is_told_as_such_on_every_platform(value: object) -> None:
    with pytest.raises(ValueError, match=r"no date|isoformat"):
        moment(value)
