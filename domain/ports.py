"""Roles the rooms play for each other. `app/wiring.py` fills them; agents know nothing else.

Stores are synchronous (an embedded database answers in under a millisecond); models and channels
are asynchronous (they wait for a network).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from domain.campaign import Campaign
from domain.content import ContentAsset
from domain.decision import Decision
from domain.delivery import InboundMail, MailEvent, OnceToken, WebhookRequest
from domain.dossier import Dossier, Standing
from domain.history import MemoryKind, Recalled, Remembered
from domain.message import Message, OutboxEntry, Receipt, Verdict
from domain.model import Answer, ModelReply, ModelRequest, ToolSpec
from domain.people import Contact
from domain.review import DraftRecord, Proposal, Review
from domain.schedule import Pace
from domain.staff import Identity, SignInTry

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from domain.learner import Choice

    FloatMatrix = NDArray[np.float64]
    BoolMatrix = NDArray[np.bool_]

Clock = Callable[[], datetime]
"""Returns the current time, aware, in UTC."""


class Chooser(Protocol):
    """Draws one action for every contact of an audience at once."""

    @property
    def version(self) -> str:
        """Names the chooser and its state, so that a decision can be traced to it."""
        ...

    def choose(self, features: FloatMatrix, allowed: BoolMatrix, affinity: FloatMatrix, seed: int) -> Choice:
        """Draw one allowed action a row.

        Args:
            features: shape (n, d), one row a contact.
            allowed: shape (n, K), True where the action may be taken; each row has at least one.
            affinity: shape (n, K), in [0, 1], how well content fits what the contact does.
            seed: reproduces the draw.

        Raises:
            ValueError: if a row allows nothing, or shapes do not agree.

        """
        ...


class LanguageModel(Protocol):
    """Answers one question with a validated schema."""

    async def ask(self, request: ModelRequest[Answer]) -> ModelReply[Answer]:
        """Return a validated answer.

        Raises:
            ModelUnavailable: after every allowed retry.
            ModelRefused: the model declined.
            ModelAnswerInvalid: the answer did not fit the schema twice.
            BudgetSpent: the run's cap is reached; nothing was asked.

        """
        ...


class ContactHistory(Protocol):
    """What is remembered about contacts, recalled within one contact only."""

    def remember(self, items: Sequence[Remembered]) -> int:
        """Store what is new among `items` and return how many were; the same `ref` is kept once."""
        ...

    def recall(
        self,
        contact_id: str,
        about: str,
        *,
        now: datetime,
        limit: int = 5,
        kinds: Sequence[MemoryKind] = (),
        least_score: float | None = None,
    ) -> list[Recalled]:
        """Return what is remembered about this contact that bears on `about`, best first; maybe nothing.

        Args:
            least_score: below it nothing is recalled; None takes the embedder's own measured floor.

        """
        ...

    def forget(self, contact_id: str) -> int:
        """Remove everything about one contact; return how many items that was."""
        ...


class Channel(Protocol):
    """Carries a message out of the house."""

    @property
    def name(self) -> str:
        """What receipts call this channel."""
        ...

    async def send(self, message: Message) -> Receipt:
        """Hand over one message.

        Raises:
            NotSent: provably not taken.
            SendUnknown: taken or not, nobody can tell.

        """
        ...

    async def find(self, message: Message) -> bool | None:
        """Tell whether this very message went out before: True, False, or None if it cannot be told."""
        ...


class Webhook(Protocol):
    """Reads what one provider posts to us about messages we sent."""

    @property
    def name(self) -> str:
        """The provider, as events and addresses (`/webhooks/NAME`) call it."""
        ...

    def verify(self, request: WebhookRequest, now: datetime) -> OnceToken | None:
        """Make sure the raw request is the provider's own and fresh.

        Returns:
            a token that may be used for one body only, where the signature does not cover the body.

        Raises:
            WebhookRefused: forged, altered, or older than five minutes where the time is signed.

        """
        ...

    def read(self, request: WebhookRequest) -> tuple[MailEvent, ...]:
        """Return the events of a verified request.

        Raises:
            WebhookUnreadable: it is not in the provider's documented shape.

        """
        ...


class InboundHook(Protocol):
    """Reads the mail one provider posts to us."""

    @property
    def name(self) -> str:
        """The provider, as the address (`/inbound/NAME`) calls it."""
        ...

    def verify(self, request: WebhookRequest, now: datetime) -> OnceToken | None:
        """As `Webhook.verify`."""
        ...

    def read(self, request: WebhookRequest) -> tuple[InboundMail, ...]:
        """Return the mail of a verified request. Raises `WebhookUnreadable`."""
        ...


class Inbox(Protocol):
    """A mailbox replies arrive in."""

    @property
    def name(self) -> str:
        """What records call this mailbox."""
        ...

    def fetch(self, after: str | None, limit: int) -> Iterator[tuple[InboundMail, str]]:
        """Yield mail that came after a place in the mailbox, oldest first, each with its own place.

        The mailbox itself is left as it is: people may read it beside us.

        Args:
            after: the place of the last mail taken; None begins with what is there.
            limit: most mails.

        Raises:
            InboxUnavailable: the mailbox cannot be reached or refuses the login.

        """
        ...


class IdentityProvider(Protocol):
    """Vouches for members of the team (OpenID Connect)."""

    @property
    def name(self) -> str:
        """What the sign-in page calls it."""
        ...

    def begin(self, redirect_uri: str) -> SignInTry:
        """Return where to send the browser, and what to remember. Raises `IdentityRefused`."""
        ...

    def finish(
        self, redirect_uri: str, begun: SignInTry, answer: Mapping[str, str], now: datetime
    ) -> Identity:
        """Return who came back, proven, with a verified address. Raises `IdentityRefused`."""
        ...


class CrmReader(Protocol):
    """What agents may look up."""

    def dossier(self, contact_id: str) -> Dossier:
        """Everything known about one contact. Raises `NotFound`."""
        ...

    def contact(self, contact_id: str) -> Contact:
        """One contact. Raises `NotFound`."""
        ...

    def asset(self, asset_id: str) -> ContentAsset:
        """One content asset. Raises `NotFound`."""
        ...

    def decision(self, decision_id: str) -> Decision:
        """One decision. Raises `NotFound`."""
        ...

    def campaign(self, campaign_id: str) -> Campaign:
        """One campaign as last run. Raises `NotFound`."""
        ...

    def messages_before(self, decision: Decision) -> int:
        """How many messages of this campaign come before this decision's one; counted to 1,000.

        Those of earlier runs, and in this run those whose decision id is smaller: so the first ones are
        the same ones, however many contacts are worked on side by side.
        """
        ...


class Toolbox(Protocol):
    """Read-only tools over CRM data, bound to one contact and holding no outside text."""

    def tools_for(self, contact_id: str) -> tuple[ToolSpec, ...]:
        """Return the tools a planning agent may call for this contact."""
        ...


SendCheck = Callable[[Standing, OutboxEntry], Verdict]
"""The rules, checked again inside the send transaction on what stands then. Pure."""


class Outbox(Protocol):
    """At most once, nothing silently lost."""

    def put(self, entry: OutboxEntry) -> OutboxEntry:
        """Store a pending or approved entry; the same id again returns what is stored."""
        ...

    def get(self, entry_id: str) -> OutboxEntry:
        """Return one entry. Raises `NotFound`."""
        ...

    def reserve(
        self, entry_id: str, check: SendCheck, now: datetime, paces: Sequence[Pace] = ()
    ) -> OutboxEntry | None:
        """Move an approved, due entry to `sending` under a new fencing token, or return None.

        In one transaction: the campaign's state and the contact's standing are read again, `paces` are
        counted, `check` is asked, the approved hash is compared with the message's. Only the call that made
        the move gets the entry; for everyone else (`get` then says why: refused with the rule's id in its
        detail, not due, beyond a pace, taken by another, its campaign paused or stopped) None.
        """
        ...

    def wait(self, entry_id: str, until: datetime, detail: str) -> OutboxEntry:
        """Put an approved message off; any other is returned as it stands."""
        ...

    def hold(self, entry_id: str, detail: str) -> OutboxEntry:
        """Let an approved message wait for a person; any other is returned as it stands."""
        ...

    def confirm(self, entry_id: str, fencing_token: int, receipt: Receipt) -> OutboxEntry:
        """Mark `sent`, if the token is still the current one."""
        ...

    def release(
        self, entry_id: str, fencing_token: int, detail: str, *, retry_at: datetime | None
    ) -> OutboxEntry:
        """A provably unsent message: back to `approved` for `retry_at`, or `failed` where that is None."""
        ...

    def lose(self, entry_id: str, fencing_token: int, detail: str) -> OutboxEntry:
        """Mark `unknown`: nobody can tell whether it went out. It is never sent again by itself."""
        ...


class Proposals(Protocol):
    """What waits for a person."""

    def open(self, proposal: Proposal, entry: OutboxEntry) -> Proposal:
        """Store a proposal and its pending outbox entry together; a known id returns what is stored."""
        ...

    def get(self, proposal_id: str) -> Proposal:
        """Return one proposal. Raises `NotFound`."""
        ...

    def revise(self, proposal: Proposal, expected_sha256: str) -> Proposal:
        """Replace message, draft and verdict of a waiting proposal, or raise `ReviewRejected`."""
        ...

    def settle(self, review: Review, proposal: Proposal) -> Proposal:
        """Record the review and its effect on the outbox entry in one transaction, once."""
        ...


class Audit(Protocol):
    """Append-only record of what was decided, reviewed, sent and changed."""

    def append(self, kind: str, subject: str, detail: dict[str, Any]) -> None:
        """Add one line."""
        ...


class Embedder(Protocol):
    """Turns texts into unit vectors; recorded by name, because vectors of two embedders never mix."""

    @property
    def name(self) -> str:
        """Names the embedder and everything that changes its vectors, such as `lexical-v1-384`."""
        ...

    @property
    def dimensions(self) -> int:
        """Length of a vector."""
        ...

    @property
    def least_score(self) -> float:
        """Below this similarity two texts have nothing to do with each other (measured, not felt)."""
        ...

    def embed(self, texts: Sequence[str]) -> FloatMatrix:
        """Return shape (n, dimensions), rows of length one.

        Raises:
            ModelUnavailable: where the vectors come from a server that cannot be reached.
        """
        ...


Written = TypeVar("Written")


class Writes(Protocol):
    """Does a store's writes without making the event loop wait for the disk."""

    async def __call__(self, act: Callable[[], Written]) -> Written:
        """Do `act`, all or nothing, and return its answer once it is on the disk; raise what it raises."""
        ...


class DraftArchive(Protocol):
    """Keeps what was made for a decision, so that it can be inspected when the run is long over."""

    def keep(self, record: DraftRecord) -> None:
        """Store the record, replacing an earlier one of the same decision."""
        ...

    def made_for(self, decision_id: str) -> DraftRecord | None:
        """Return what was made for a decision, or None if nothing was."""
        ...
