"""From evidence to one message: what agents pass to each other, and what leaves the house."""

from __future__ import annotations

import hashlib
import json
from enum import StrEnum
from typing import Literal

from pydantic import Field

from domain.base import Noun, Sha256, UtcDatetime


class EvidenceKind(StrEnum):
    """Where a fact comes from."""

    EVENT = "event"
    FIELD = "field"
    CLAIM = "claim"
    OFFER = "offer"
    MEMORY = "memory"


class Evidence(Noun):
    """One fact a draft may rest on.

    `id` is short and local to one drafting context (`E1`, `E2`, …); `ref` names the record
    (`event:hubspot:42`, `contact:job_title`, `claim:C-7`). `is_tainted` marks words that came from
    outside: they are quoted as data and never followed. `is_private` marks what may steer a message
    but must not be said in it (a sales note, a tracked page view by name).
    """

    id: str
    kind: EvidenceKind
    ref: str
    text: str
    at: UtcDatetime | None = None
    topic: str | None = None
    is_tainted: bool = False
    is_private: bool = False


class Signal(Noun):
    """One thing the evidence says about this contact now."""

    text: str
    evidence: tuple[str, ...] = Field(min_length=1)
    strength: Literal["weak", "clear", "strong"] = "clear"


class SignalBrief(Noun):
    """What the signal analyst found: signals with their evidence, strongest first."""

    signals: tuple[Signal, ...]
    topic: str | None = None
    intent: str = ""
    caution: str = ""


class PlanPoint(Noun):
    """One point the message will make, and what backs it."""

    text: str
    evidence: tuple[str, ...] = ()


class MessagePlan(Noun):
    """What to say: one angle, a few points, one thing to ask."""

    angle: str
    points: tuple[PlanPoint, ...]
    call_to_action: str
    tone: str = ""


class DraftSentence(Noun):
    """One sentence as it stands in the body. One that states a fact carries its evidence."""

    text: str
    evidence: tuple[str, ...] = ()


class DraftParagraph(Noun):
    """Sentences that stand together."""

    sentences: tuple[DraftSentence, ...] = Field(min_length=1)


class Author(StrEnum):
    """Who wrote a draft."""

    MODEL = "model"
    UNDERSTUDY = "understudy"
    REVIEWER = "reviewer"


class Usage(Noun):
    """What model calls took. `cost_micros` are millionths of the currency unit of the price list."""

    calls: int = 0
    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    cost_micros: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            calls=self.calls + other.calls,
            input_tokens=self.input_tokens + other.input_tokens,
            cached_tokens=self.cached_tokens + other.cached_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            cost_micros=self.cost_micros + other.cost_micros,
        )

    def beyond(self, other: Usage) -> Usage:
        """What this took more than `other`; never negative."""
        return Usage(
            **{name: max(getattr(self, name) - getattr(other, name), 0) for name in Usage.model_fields}
        )


class Draft(Noun):
    """One message before it is addressed: subject and body, each sentence with its evidence.

    Greeting, call-to-action link, sign-off, postal address and opt-out are not in it: code adds them.
    `stand_in_for` says why the understudy wrote although a model was asked.
    """

    subject: str
    paragraphs: tuple[DraftParagraph, ...] = Field(min_length=1)
    author: Author
    revision: int = 0
    prompt_id: str | None = None
    prompt_sha256: Sha256 | None = None
    model: str | None = None
    stand_in_for: str | None = None

    @property
    def body(self) -> str:
        """The paragraphs as plain text, a blank line between them."""
        return "\n\n".join(" ".join(s.text for s in p.sentences) for p in self.paragraphs)

    @property
    def sentences(self) -> tuple[DraftSentence, ...]:
        """Every sentence in order."""
        return tuple(sentence for paragraph in self.paragraphs for sentence in paragraph.sentences)


class Severity(StrEnum):
    """What a finding does: stops the message, sends it to a person, or is only noted."""

    BLOCK = "block"
    HOLD = "hold"
    WARN = "warn"


class Finding(Noun):
    """One thing wrong with a message: the rule, why, the words concerned, what would mend it."""

    rule_id: str
    severity: Severity
    reason: str
    span: str | None = None
    mend: str | None = None
    found_by: Literal["rule", "model"] = "rule"


class Verdict(Noun):
    """What the compliance review says of one message. No findings means it may go on."""

    findings: tuple[Finding, ...] = ()

    @property
    def blocks(self) -> bool:
        """Tell whether the message must not go out as it is."""
        return any(f.severity is Severity.BLOCK for f in self.findings)

    @property
    def holds(self) -> bool:
        """Tell whether a person has to look."""
        return any(f.severity is Severity.HOLD for f in self.findings)


class StakesReason(Noun):
    """One reason why a person decides.

    `is_locked` means no autonomy level ever waives it; `is_minor` that it is about learning to trust the
    system, not about this contact.
    """

    code: str
    text: str
    is_locked: bool = False
    is_minor: bool = False


class StakesLevel(StrEnum):
    """How much hangs on one message: minor reasons only, some other, or one that is locked."""

    LOW = "low"
    ORDINARY = "ordinary"
    HIGH = "high"


OWN_EDIT = "edited"
"""The reason that says a reviewer's words need approving: it asks, and makes nothing high by itself."""


class Stakes(Noun):
    """Whether a message may go alone. Any reason means a person is asked.

    `waived` are reasons that would have asked, were it not for autonomy its class has earned.
    """

    reasons: tuple[StakesReason, ...] = ()
    waived: tuple[StakesReason, ...] = ()

    @property
    def asks_a_person(self) -> bool:
        """Tell whether a person has to approve."""
        return bool(self.reasons)

    @property
    def level(self) -> StakesLevel:
        """How high the stakes are, waived reasons included."""
        every = (*self.reasons, *self.waived)
        if any(reason.is_locked and reason.code != OWN_EDIT for reason in every):
            return StakesLevel.HIGH
        if all(reason.is_minor for reason in every):
            return StakesLevel.LOW
        return StakesLevel.ORDINARY


class Message(Noun):
    """One message exactly as it will arrive: the only thing an approval is bound to.

    `not_before` is when the send slot opens; it is not part of the hash, because waiting longer
    does not change what is said to whom.
    """

    contact_id: str
    channel: Literal["email"] = "email"
    to_address: str
    to_name: str = ""
    from_address: str
    from_name: str
    reply_to: str | None = None
    subject: str
    text: str
    html: str
    headers: tuple[tuple[str, str], ...] = ()
    message_id: str

    @property
    def sha256(self) -> str:
        """Hash of every field, so any change of word, recipient or header voids an approval."""
        canonical = json.dumps(self.model_dump(mode="json"), sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(canonical.encode()).hexdigest()


class OutboxStatus(StrEnum):
    """Where a message stands on its way out. Uniqueness covers all but the last three.

    `held` is approved but so long overdue that a person has to say whether it still goes out.
    """

    PENDING = "pending"
    APPROVED = "approved"
    HELD = "held"
    SENDING = "sending"
    SENT = "sent"
    UNKNOWN = "unknown"
    FAILED = "failed"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class OutboxEntry(Noun):
    """One message in the outbox."""

    id: str
    run_id: str
    campaign_id: str
    contact_id: str
    decision_id: str
    message: Message
    status: OutboxStatus
    not_before: UtcDatetime
    approved_sha256: Sha256 | None = None
    fencing_token: int = 0
    attempts: int = 0
    detail: str = ""
    updated_at: UtcDatetime


class Receipt(Noun):
    """A provider took the message."""

    provider: str
    provider_message_id: str
    accepted_at: UtcDatetime
    detail: str = ""
