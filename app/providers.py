"""Fills ports from the settings: which channel, which webhooks, which mailbox, who vouches for members."""

from __future__ import annotations

import os
import ssl
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import SecretStr

from app.settings import Settings
from domain.errors import SettingsInvalid
from domain.ports import Channel, Clock, IdentityProvider, InboundHook, Inbox, Webhook
from domain.tracing import Tracing
from policies.mail import unsigned_because
from tools.tracing import tracing_of

if TYPE_CHECKING:
    from tools.channels.signing import DkimSigner


def tracing_for(settings: Settings) -> Tracing:
    """Return where spans go; one for all houses of a process, so that one thread hands them over.

    Raises:
        SettingsInvalid: the environment asks for an exporter that is not here.
    """
    return _tracing(settings.trace_text)


@cache
def _tracing(shows_text: bool) -> Tracing:
    return tracing_of(os.environ, shows_text=shows_text)


def webhooks_of(settings: Settings) -> dict[str, Webhook]:
    """Return the webhooks whose secret is set, by provider.

    Raises:
        SettingsInvalid: a secret is not what the provider gives out.

    """
    found: list[Webhook] = []
    if settings.sendgrid_webhook_key:
        from tools.webhooks.sendgrid import SendGridWebhook

        found.append(SendGridWebhook(settings.sendgrid_webhook_key))
    if settings.mailgun_signing_key:
        from tools.webhooks.mailgun import MailgunWebhook

        found.append(MailgunWebhook(settings.mailgun_signing_key.get_secret_value()))
    if settings.postmark_webhook_username or settings.postmark_webhook_password:
        from tools.webhooks.postmark import PostmarkWebhook

        found.append(
            PostmarkWebhook(
                needed(settings.postmark_webhook_username, "ATTUNE_POSTMARK_WEBHOOK_USERNAME", "postmark"),
                needed(settings.postmark_webhook_password, "ATTUNE_POSTMARK_WEBHOOK_PASSWORD", "postmark"),
            )
        )
    if settings.resend_webhook_secret:
        from tools.webhooks.resend import ResendWebhook

        found.append(ResendWebhook(settings.resend_webhook_secret.get_secret_value()))
    if settings.ses_topic_arn:
        from tools.egress import fetch
        from tools.webhooks.ses import SesWebhook

        found.append(SesWebhook(settings.ses_topic_arn, fetch))
    return {hook.name: hook for hook in found}


def inbound_hooks_of(settings: Settings, clock: Clock) -> dict[str, InboundHook]:
    """Return the providers that may post mail to us, by name. Raises `SettingsInvalid`."""
    found: list[InboundHook] = []
    if settings.mailgun_signing_key:
        from tools.inbox.mailgun import MailgunInbound

        found.append(MailgunInbound(settings.mailgun_signing_key.get_secret_value(), clock))
    if settings.inbound_username or settings.inbound_password:
        from tools.inbox.postmark import PostmarkInbound
        from tools.inbox.sendgrid import SendGridInbound

        username = needed(settings.inbound_username, "ATTUNE_INBOUND_USERNAME", "inbound mail")
        password = needed(settings.inbound_password, "ATTUNE_INBOUND_PASSWORD", "inbound mail")
        found += [PostmarkInbound(username, password, clock), SendGridInbound(username, password, clock)]
    return {hook.name: hook for hook in found}


def inbox_of(settings: Settings, clock: Clock) -> Inbox | None:
    """Return the mailbox replies arrive in, or None where none is set. Raises `SettingsInvalid`."""
    if settings.imap_host is None:
        return None
    from tools.inbox.imap import ImapInbox

    return ImapInbox(
        settings.imap_host,
        settings.imap_port,
        needed(settings.imap_username, "ATTUNE_IMAP_USERNAME", "the mailbox"),
        needed(settings.imap_password, "ATTUNE_IMAP_PASSWORD", "the mailbox"),
        settings.imap_folder,
        settings.imap_tls,
        clock=clock,
    )


def channel_of(settings: Settings, mailbox: Path, clock: Clock) -> Channel:
    """Return the channel the settings name.

    Args:
        settings: `channel` says which; each needs settings of its own.
        mailbox: where the mailbox channel puts its files.
        clock: dates what is sent.

    Raises:
        SettingsInvalid: what the channel needs is missing or malformed.

    """
    name, wait = settings.channel, settings.provider_timeout_seconds
    if name == "smtp":
        return _smtp(settings, clock)
    if name == "sendgrid":
        from tools.channels.sendgrid import SendGridChannel

        return SendGridChannel(
            needed(settings.sendgrid_api_key, "ATTUNE_SENDGRID_API_KEY", name), wait, clock
        )
    if name == "mailgun":
        from tools.channels.mailgun import MailgunChannel

        return MailgunChannel(
            needed(settings.mailgun_api_key, "ATTUNE_MAILGUN_API_KEY", name),
            needed(settings.mailgun_domain, "ATTUNE_MAILGUN_DOMAIN", name),
            settings.mailgun_base_url,
            wait,
            clock,
        )
    if name == "postmark":
        from tools.channels.postmark import PostmarkChannel

        token = needed(settings.postmark_token, "ATTUNE_POSTMARK_TOKEN", name)
        return PostmarkChannel(token, settings.postmark_stream, wait, clock)
    if name == "ses":
        from tools.channels.ses import SesChannel

        session = settings.ses_session_token
        return SesChannel(
            needed(settings.ses_region, "ATTUNE_SES_REGION", name),
            needed(settings.ses_access_key_id, "ATTUNE_SES_ACCESS_KEY_ID", name),
            needed(settings.ses_secret_access_key, "ATTUNE_SES_SECRET_ACCESS_KEY", name),
            session.get_secret_value() if session else None,
            settings.ses_configuration_set,
            wait,
            clock,
        )
    if name == "resend":
        from tools.channels.resend import ResendChannel

        return ResendChannel(needed(settings.resend_api_key, "ATTUNE_RESEND_API_KEY", name), wait, clock)
    from tools.channels.mailbox import MailboxChannel

    return MailboxChannel(mailbox, clock)


def _smtp(settings: Settings, clock: Clock) -> Channel:
    from tools.channels.smtp import SmtpChannel

    password = settings.smtp_password.get_secret_value() if settings.smtp_password else None
    return SmtpChannel(
        needed(settings.smtp_host, "ATTUNE_SMTP_HOST", "ATTUNE_CHANNEL=smtp"),
        settings.smtp_port,
        settings.smtp_username,
        password,
        settings.smtp_tls,
        settings.smtp_timeout_seconds,
        clock,
        tls_context(settings),
        signer_of(settings),
        unsigned_because,
    )


def identity_provider_of(settings: Settings) -> IdentityProvider | None:
    """Return who vouches for members, or None where no issuer is set. Raises `SettingsInvalid`."""
    if settings.oidc_issuer is None:
        return None
    from tools.identity import OpenIdProvider

    return OpenIdProvider(
        settings.oidc_issuer,
        needed(settings.oidc_client_id, "ATTUNE_OIDC_CLIENT_ID", "signing in by OpenID Connect"),
        needed(settings.oidc_client_secret, "ATTUNE_OIDC_CLIENT_SECRET", "signing in by OpenID Connect"),
        settings.oidc_name,
    )


def tls_context(settings: Settings) -> ssl.SSLContext | None:
    """The trust of an SMTP server's own certificate authority, or None for the system's."""
    if settings.smtp_ca_file is None:
        return None
    try:
        return ssl.create_default_context(cafile=settings.smtp_ca_file)
    except (OSError, ssl.SSLError) as problem:
        raise SettingsInvalid(
            f"ATTUNE_SMTP_CA_FILE: {settings.smtp_ca_file} cannot be read ({problem})."
        ) from problem


def signer_of(settings: Settings) -> DkimSigner | None:
    """What signs SMTP mail, or None where no selector is set. Raises `SettingsInvalid`."""
    if settings.dkim_selector is None:
        if settings.dkim_key or settings.dkim_key_file:
            raise SettingsInvalid("ATTUNE_DKIM_SELECTOR is missing, and a DKIM key is set. See .env.example.")
        return None
    from tools.channels.signing import DkimSigner

    key = settings.dkim_key.get_secret_value() if settings.dkim_key else None
    if key is None and settings.dkim_key_file is not None:
        try:
            key = settings.dkim_key_file.read_text(encoding="ascii")
        except (OSError, UnicodeError) as problem:
            raise SettingsInvalid(
                f"ATTUNE_DKIM_KEY_FILE: {settings.dkim_key_file} cannot be read ({problem})."
            ) from problem
    return DkimSigner(settings.dkim_selector, needed(key, "ATTUNE_DKIM_KEY_FILE", "DKIM signing"))


def needed(value: str | SecretStr | None, variable: str, what: str) -> str:
    """Return a setting's value. Raises `SettingsInvalid` where it is missing."""
    said = value.get_secret_value() if isinstance(value, SecretStr) else value
    if not said:
        raise SettingsInvalid(f"{variable} is missing, and {what} needs it. See .env.example.")
    return said
