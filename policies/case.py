"""One addressed message with everything the rules of its words look at."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cached_property, lru_cache

from domain.content import ContentAsset, Offer
from domain.message import Draft, Evidence, Finding, Message, Severity
from domain.sender import SenderProfile
from policies import markup
from policies.folding import folded
from policies.rulebook import RuleBook


@dataclass(frozen=True)
class Case:
    """A message, the draft it carries, and what it may rest on.

    `draft` and `asset` are None where a stranger's `.eml` file is judged: then the words are the whole
    message's, and nothing is approved.
    """

    message: Message
    draft: Draft | None
    asset: ContentAsset | None
    sender: SenderProfile
    rules: RuleBook
    today: date
    evidence: tuple[Evidence, ...] = ()
    is_reply: bool = False
    canary: str | None = None

    @property
    def offer(self) -> Offer | None:
        """The offer of the content, if it has one."""
        return self.asset.offer if self.asset else None

    @cached_property
    def subject(self) -> str:
        """The subject in plain letters."""
        return folded(self.message.subject)

    @cached_property
    def words(self) -> str:
        """Subject and body as drafted, or the whole message where no draft is known."""
        if self.draft is None:
            said = f"{self.message.subject}\n{markup.URL.sub(' ', self.message.text)}"
            return _without(said, self._not_drafted)
        return f"{self.draft.subject}\n{self.draft.body}"

    @cached_property
    def plain(self) -> str:
        """Everything that arrives to be read, in plain letters, without addresses: what law looks at."""
        said = f"{self.message.subject}\n{markup.URL.sub(' ', self.message.text)}"
        # The footer names the recipient's own address, which is nobody's claim.
        return folded(said.replace(self.message.to_address, " "))

    @property
    def _not_drafted(self) -> tuple[str, ...]:
        """What code writes below every message: whom it goes to, who sends it and from where."""
        message, sender = self.message, self.sender
        addresses = (message.to_address, message.from_address, message.reply_to, str(sender.from_email))
        return (sender.postal_address, *(one for one in addresses if one))

    @cached_property
    def approved(self) -> str:
        """What someone approved for this asset, in lower case."""
        asset = self.asset
        if asset is None:
            return ""
        offer = f"{asset.offer.name} {asset.offer.terms}" if asset.offer else ""
        parts = (asset.title, asset.summary, asset.call_to_action, offer, *(c.text for c in asset.claims))
        return " ".join(parts).lower()


def _without(text: str, parts: tuple[str, ...]) -> str:
    """The text without these parts, however their words are broken into lines."""
    for part in parts:
        words = r"\s+".join(map(re.escape, part.split()))
        text = re.sub(words, " ", text, flags=re.IGNORECASE) if words else text
    return text


def phrases_in(case: Case, phrases: tuple[str, ...]) -> Iterator[str]:
    """Yield each of the phrases that the message says and nobody approved."""
    found = _any_of(phrases).finditer(case.plain)
    for said in dict.fromkeys(match.group() for match in found):
        if said.lower() not in case.approved:
            yield said


@lru_cache(maxsize=32)
def _any_of(phrases: tuple[str, ...]) -> re.Pattern[str]:
    ways = (r"[\s-]+".join(map(re.escape, re.split(r"[\s-]+", phrase))) for phrase in phrases)
    return re.compile(rf"(?<!\w)(?:{'|'.join(sorted(ways, key=len, reverse=True))})(?!\w)", re.IGNORECASE)


def block(rule_id: str, reason: str, span: str | None = None, mend: str | None = None) -> Finding:
    """A finding that stops the message."""
    return Finding(rule_id=rule_id, severity=Severity.BLOCK, reason=reason, span=span, mend=mend)


def hold(rule_id: str, reason: str, span: str | None = None, mend: str | None = None) -> Finding:
    """A finding that sends the message to a person."""
    return Finding(rule_id=rule_id, severity=Severity.HOLD, reason=reason, span=span, mend=mend)


def warn(rule_id: str, reason: str, span: str | None = None, mend: str | None = None) -> Finding:
    """A finding that is only noted."""
    return Finding(rule_id=rule_id, severity=Severity.WARN, reason=reason, span=span, mend=mend)
