"""Settings of how messages leave, what comes back, and the mailbox replies arrive in.

Every secret may stand in a file instead: `ATTUNE_SECRETS_DIR` names the folder, the file is called like the
variable in lower case (`attune_sendgrid_api_key`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, PositiveFloat, PositiveInt, SecretStr
from pydantic_settings import BaseSettings

ChannelName = Literal["mailbox", "smtp", "sendgrid", "mailgun", "postmark", "ses", "resend"]


class DeliverySettings(BaseSettings):
    """Part of `Settings`; see `app/settings.py`."""

    secrets_dir: Path | None = Field(
        None, description="Folder with one file a secret, such as Docker mounts."
    )

    channel: ChannelName = Field(
        "mailbox", description="`mailbox` writes .eml files into the workspace and sends nothing."
    )
    smtp_host: str | None = Field(None, description="SMTP server.")
    smtp_port: PositiveInt = Field(587, description="SMTP port.")
    smtp_username: str | None = Field(None, description="SMTP user.")
    smtp_password: SecretStr | None = Field(None, description="SMTP password.")
    smtp_tls: Literal["starttls", "tls", "none"] = Field(
        "starttls", description="How the connection is secured; certificates are always verified."
    )
    smtp_timeout_seconds: PositiveFloat = Field(30, description="Longest wait for one SMTP answer.")
    smtp_ca_file: Path | None = Field(None, description="Own certificate authority of the SMTP server (PEM).")

    dkim_selector: str | None = Field(None, description="DKIM selector; SMTP mail is signed where it is set.")
    dkim_key: SecretStr | None = Field(None, description="DKIM private key (PEM).")
    dkim_key_file: Path | None = Field(None, description="File with the DKIM private key (PEM).")

    provider_timeout_seconds: PositiveFloat = Field(30, description="Longest wait for one provider answer.")
    sendgrid_api_key: SecretStr | None = Field(None, description="SendGrid API key.")
    mailgun_api_key: SecretStr | None = Field(None, description="Mailgun sending key.")
    mailgun_domain: str | None = Field(None, description="Mailgun sending domain.")
    mailgun_base_url: str = Field(
        "https://api.mailgun.net", description="https://api.eu.mailgun.net for domains in the EU."
    )
    postmark_token: SecretStr | None = Field(None, description="Postmark server token.")
    postmark_stream: str = Field("broadcast", description="Postmark message stream.")
    ses_region: str | None = Field(None, description="AWS region of Amazon SES.")
    ses_access_key_id: str | None = Field(None, description="AWS access key id.")
    ses_secret_access_key: SecretStr | None = Field(None, description="AWS secret access key.")
    ses_session_token: SecretStr | None = Field(None, description="AWS session token, with temporary keys.")
    ses_configuration_set: str | None = Field(
        None, description="SES configuration set whose events reach us."
    )
    resend_api_key: SecretStr | None = Field(None, description="Resend API key.")

    sendgrid_webhook_key: str | None = Field(None, description="SendGrid's verification key (public).")
    mailgun_signing_key: SecretStr | None = Field(None, description="Mailgun's HTTP webhook signing key.")
    postmark_webhook_username: str | None = Field(None, description="User Postmark's webhook logs in with.")
    postmark_webhook_password: SecretStr | None = Field(None, description="Password of that user.")
    resend_webhook_secret: SecretStr | None = Field(None, description="Resend's signing secret (whsec_…).")
    ses_topic_arn: str | None = Field(None, description="SNS topic SES events come through.")
    inbound_username: str | None = Field(
        None, description="User with which Postmark and SendGrid post replies to /inbound/…"
    )
    inbound_password: SecretStr | None = Field(None, description="Password of that user.")

    imap_host: str | None = Field(None, description="IMAP server replies arrive at.")
    imap_port: PositiveInt = Field(993, description="IMAP port.")
    imap_username: str | None = Field(None, description="IMAP user.")
    imap_password: SecretStr | None = Field(None, description="IMAP password.")
    imap_folder: str = Field("INBOX", description="IMAP folder replies arrive in.")
    imap_tls: Literal["tls", "starttls"] = Field("tls", description="How the IMAP connection is secured.")
