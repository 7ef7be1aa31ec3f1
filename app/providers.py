"""Fills the ports of delivery from the settings: which channel, which webhooks, which mailbox."""

from __future__ import annotations

from pydantic import SecretStr

from app.settings import Settings
from domain.errors import SettingsInvalid
from domain.ports import Webhook


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


def needed(value: str | SecretStr | None, variable: str, what: str) -> str:
    """Return a setting's value. Raises `SettingsInvalid` where it is missing."""
    said = value.get_secret_value() if isinstance(value, SecretStr) else value
    if not said:
        raise SettingsInvalid(f"{variable} is missing, and {what} needs it. See .env.example.")
    return said
