"""Text messages: written consent, who writes, and how to stop, in every one (C-16).

No channel of Attune carries text messages yet; whoever adds one asks here, at the draft and in the sending
transaction, as e-mail does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime

from domain.message import Finding
from domain.people import Consent, Contact
from domain.sender import SenderProfile
from policies import consent
from policies.case import block
from policies.folding import folded
from policies.rulebook import RuleBook

_STOP = re.compile(
    r"\b(?:reply|text|send|txt)\s+['\"“]?stop\b|\bstop (?:to|=|2) (?:opt out|end|quit|stop|unsubscribe)\b",
    re.I,
)


def review_sms(
    body: str,
    contact: Contact,
    consents: Sequence[Consent],
    sender: SenderProfile,
    now: datetime,
    rules: RuleBook,
) -> Iterator[Finding]:
    """Yield what stands against this text message to this contact at `now`."""
    refusal = consent.refuses(contact, consents, now, rules, channel="sms")
    if refusal:
        yield block("C-16", f"{refusal.reason} ({refusal.rule_id})", mend="ask for written consent to texts")
    said = folded(body)
    if sender.organisation.casefold() not in said.casefold():
        yield block("C-16", f"the text does not say that {sender.organisation} writes", mend="name the brand")
    if not _STOP.search(said):
        yield block("C-16", "the text does not say how to stop", mend="end it with: Reply STOP to opt out")
