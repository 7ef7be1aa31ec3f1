"""Mail that Postmark posts to us, with basic authentication. Source: Postmark docs, "Inbound webhook"."""

from __future__ import annotations

import json
from datetime import datetime

from domain.base import utc_now
from domain.delivery import InboundMail, OnceToken, WebhookRequest
from domain.ports import Clock
from tools.inbox.letters import read_mail
from tools.inbox.posted import put_together
from tools.webhooks.proof import an_object, need_basic_auth, part, readable


class PostmarkInbound:
    """Reads one mail a request; the whole mail where `RawEmail` is switched on."""

    name = "postmark"

    def __init__(self, username: str, password: str, clock: Clock = utc_now) -> None:
        self._username, self._password, self._clock = username, password, clock

    def verify(self, request: WebhookRequest, now: datetime) -> OnceToken | None:
        """See `domain.ports.InboundHook`."""
        need_basic_auth(self.name, request, self._username, self._password)
        return None

    def read(self, request: WebhookRequest) -> tuple[InboundMail, ...]:
        """See `domain.ports.InboundHook`."""
        with readable(self.name):
            told = an_object(json.loads(request.body))
            if told.get("RawEmail"):
                return (
                    read_mail(str(told["RawEmail"]).encode("utf-8", "replace"), self.name, self._clock()),
                )
            headers = [(str(one["Name"]), str(one["Value"])) for one in told.get("Headers") or ()]
            return (
                put_together(
                    [("Date", str(told.get("Date", ""))), *headers],
                    from_line=str(part(told, "FromFull").get("Email") or told["From"]),
                    to_line=str(told.get("To", "")),
                    subject=str(told.get("Subject", "")),
                    text=str(told.get("TextBody", "")),
                    markup=str(told.get("HtmlBody", "")),
                    source=self.name,
                    now=self._clock(),
                ),
            )
