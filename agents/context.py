"""What every agent is handed for one contact, and what it hands back.

One contact a context: agents never see a second one, so nothing can leak from one to another.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, Protocol, TypeVar

from domain.campaign import Campaign
from domain.content import ContentAsset
from domain.decision import Decision
from domain.dossier import Dossier
from domain.message import Author, Evidence, Usage
from domain.sender import SenderProfile

Work = TypeVar("Work")


class Grounds(Protocol):
    """What signals are read from; a drafting context is that and more."""

    @property
    def now(self) -> datetime:
        """Aware time as of which it is read."""
        ...

    @property
    def dossier(self) -> Dossier:
        """Everything on record."""
        ...

    @property
    def asset(self) -> ContentAsset:
        """The content the evidence was gathered for."""
        ...

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """The numbered facts."""
        ...


@dataclass(frozen=True)
class DraftingContext:
    """One contact, one decision, the facts.

    evidence: every fact a draft may rest on, ids `E1`, `E2`, … in a stable order.
    canary: a token unique to this contact, planted in the prompt; if it turns up in a draft of any
        other contact, contexts were mixed.
    hints: what reviewers said about earlier drafts of this very message, newest last.
    """

    run_id: str
    now: datetime
    campaign: Campaign
    sender: SenderProfile
    decision: Decision
    dossier: Dossier
    asset: ContentAsset
    evidence: tuple[Evidence, ...]
    canary: str
    hints: tuple[str, ...] = ()

    def evidence_by_id(self) -> dict[str, Evidence]:
        """The evidence, by its local id."""
        return {fact.id: fact for fact in self.evidence}


@dataclass(frozen=True)
class Made(Generic[Work]):
    """What an agent made, who made it, and what it took.

    stand_in_for: why the understudy did it although a model was asked; None if nothing failed.
    """

    work: Work
    author: Author
    usage: Usage = field(default_factory=Usage)
    prompt_id: str | None = None
    prompt_sha256: str | None = None
    model: str | None = None
    stand_in_for: str | None = None
