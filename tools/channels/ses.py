"""Amazon SES through its v2 API, with the MIME as we wrote it, signed with AWS Signature Version 4.

SES puts its own Message-ID and Date in place of ours and signs with its own DKIM key; our id travels as a
message tag and comes back with every event. Source: AWS docs, SES API v2 `SendEmail`, "Header fields".
"""

from __future__ import annotations

import base64
import json

import httpx
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from domain.base import utc_now
from domain.delivery import OUTBOX_ARGUMENT
from domain.message import Message, Receipt
from domain.ports import Clock
from tools.channels.mime import to_mime
from tools.channels.provider_api import ProviderApi, answer_id, answer_object, outbox_id_in

_LATER = (
    "TooManyRequests",
    "LimitExceeded",
    "Throttling",
    "SendingPaused",
    "AccountSuspended",
    "NotVerified",
)
"""Parts of error names that speak of the account, not of the message."""


class SesChannel:
    """Hands messages to Amazon SES. `find` cannot tell: SES keeps no list to ask."""

    name = "ses"

    def __init__(
        self,
        region: str,
        access_key_id: str,
        secret_access_key: str,
        session_token: str | None = None,
        configuration_set: str | None = None,
        timeout_seconds: float = 30.0,
        clock: Clock = utc_now,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._url = f"https://email.{region}.amazonaws.com/v2/email/outbound-emails"
        self._signer = SigV4Auth(Credentials(access_key_id, secret_access_key, session_token), "ses", region)
        self._configuration_set = configuration_set
        self._clock = clock
        self._api = ProviderApi("Amazon SES", timeout_seconds, transport)

    async def send(self, message: Message) -> Receipt:
        """See `domain.ports.Channel`."""
        now = self._clock()
        raw = to_mime(message, now)
        fields = {
            "FromEmailAddress": message.from_address,
            "Destination": {"ToAddresses": [message.to_address]},
            "Content": {"Raw": {"Data": base64.b64encode(raw).decode()}},
            "EmailTags": [{"Name": OUTBOX_ARGUMENT, "Value": outbox_id_in(message)}],
            **({"ConfigurationSetName": self._configuration_set} if self._configuration_set else {}),
        }
        body = json.dumps(fields).encode()
        request = AWSRequest("POST", self._url, headers={"Content-Type": "application/json"}, data=body)
        self._signer.add_auth(request)
        answer = await self._api.post(
            self._url, is_transient=_is_transient, headers=dict(request.headers.items()), content=body
        )
        told = answer_object("Amazon SES", answer)
        return Receipt(
            provider=self.name,
            provider_message_id=answer_id("Amazon SES", told.get("MessageId")),
            accepted_at=now,
            detail=str(answer.status_code),
        )

    async def find(self, message: Message) -> bool | None:
        """Always None."""
        return None


def _is_transient(answer: httpx.Response) -> bool:
    name = answer.headers.get("x-amzn-errortype", "")
    return any(part in name for part in _LATER)
