"""Everything the graph's nodes may use, filled in by the wiring; agents know the rest only as ports."""

from __future__ import annotations

import hashlib
import hmac
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, TypeVar

from agents.compliance_reviewer import ComplianceReviewer
from agents.content_strategist import ContentStrategist
from agents.context import DraftingContext
from agents.outreach_composer import OutreachComposer
from agents.pause import AS_REVIEWS, Answering
from agents.signal_analyst import SignalAnalyst
from agents.state import OutreachState
from domain.autonomy import ActionClass
from domain.content import ContentAsset
from domain.errors import NotSent
from domain.leads import Outlook
from domain.message import Message, OutboxEntry
from domain.ports import (
    Audit,
    Channel,
    Clock,
    ContactHistory,
    CrmReader,
    DraftArchive,
    Outbox,
    Proposals,
    Writes,
    Written,
)
from domain.schedule import Pace
from domain.sender import SenderProfile
from domain.tracing import NO_TRACING, Tracing
from policies.rulebook import RuleBook

Kept = TypeVar("Kept")

KEPT_CONTEXTS = 512
"""Contacts whose records stay at hand between two nodes; many more than run side by side."""


KEPT_RECORDS = 256
"""Assets and campaigns that stay at hand, a run's own each: what a run began with, it ends with."""


async def _at_once(act: Callable[[], Written]) -> Written:
    return act()


def _no_paces(entry: OutboxEntry, now: datetime) -> tuple[Pace, ...]:
    """Nothing bounds how fast messages leave."""
    return ()


def _no_doubt(entry: OutboxEntry) -> str | None:
    """Nothing speaks for a message having left already."""
    return None


def _since_boot() -> float:
    """Seconds on a clock that only goes forward, and goes on while the machine is suspended where it can."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


def _no_outlook(contact_id: str) -> Outlook | None:
    """Nobody asked hand-off and churn: nothing is known of any contact."""
    return None


def _nothing_earned(action_class: ActionClass, words: str) -> bool:
    """Nobody keeps what classes of messages have earned: every reason asks."""
    return False


@dataclass(frozen=True)
class Workbench:
    """Ports, rule book, sender and the four agents: the graph's runtime context."""

    clock: Clock
    crm: CrmReader
    history: ContactHistory
    outbox: Outbox
    proposals: Proposals
    archive: DraftArchive
    audit: Audit
    channel: Channel
    rules: RuleBook
    sender: SenderProfile
    link_key: bytes
    render: Callable[[Message, datetime], bytes]
    analyst: SignalAnalyst
    strategist: ContentStrategist
    composer: OutreachComposer
    reviewer: ComplianceReviewer
    write: Writes = _at_once
    outlook: Callable[[str], Outlook | None] = _no_outlook
    earned: Callable[[ActionClass, str], bool] = _nothing_earned
    paces: Callable[[OutboxEntry, datetime], tuple[Pace, ...]] = _no_paces
    doubt: Callable[[OutboxEntry], str | None] = _no_doubt
    seconds: Callable[[], float] = _since_boot
    answering: Answering = AS_REVIEWS
    tracing: Tracing = NO_TRACING
    _contexts: OrderedDict[tuple[str, str], DraftingContext] = field(default_factory=OrderedDict)
    _records: OrderedDict[tuple[str, str, str], Any] = field(default_factory=OrderedDict)

    def context(self, state: OutreachState) -> DraftingContext:
        """What the agents are handed: the records as they were first read in this run by this process.

        Its `now` is the decision's, so a restart words dates the same.
        """
        key = (state.run_id, state.contact_id)
        if key not in self._contexts:
            self._contexts[key] = self._read(state)
            while len(self._contexts) > KEPT_CONTEXTS:
                self._contexts.popitem(last=False)
        return replace(self._contexts[key], evidence=state.evidence, hints=state.hints)

    def kept(self, run_id: str, contact_id: str) -> DraftingContext | None:
        """What was read of a contact that is under way in this process."""
        return self._contexts.get((run_id, contact_id))

    def forget(self, state: OutreachState) -> None:
        """Let go of a contact whose way has ended, or paused."""
        self._contexts.pop((state.run_id, state.contact_id), None)

    def _read(self, state: OutreachState) -> DraftingContext:
        decision = self.crm.decision(state.decision_id)
        if decision.action.asset_id is None:
            raise ValueError(f"decision {decision.id} is silence; there is nothing to draft")
        return DraftingContext(
            run_id=state.run_id,
            now=decision.decided_at,
            campaign=self._kept(state.run_id, state.campaign_id, self.crm.campaign),
            sender=self.sender,
            decision=decision,
            dossier=self.crm.dossier(state.contact_id),
            asset=self.asset(state.run_id, decision.action.asset_id),
            evidence=state.evidence,
            canary=self.canary(state.run_id, state.contact_id),
        )

    def asset(self, run_id: str, asset_id: str) -> ContentAsset:
        """An asset as this run first read it in this process."""
        return self._kept(run_id, asset_id, self.crm.asset)

    def _kept(self, run_id: str, record_id: str, read: Callable[[str], Kept]) -> Kept:
        key = (run_id, read.__name__, record_id)
        if key not in self._records:
            self._records[key] = read(record_id)
            while len(self._records) > KEPT_RECORDS:
                self._records.popitem(last=False)
        record: Kept = self._records[key]
        return record

    def canary(self, run_id: str, contact_id: str) -> str:
        """A token only this contact's prompts carry."""
        digest = hmac.new(self.link_key, f"canary:{run_id}:{contact_id}".encode(), hashlib.sha256)
        return f"zq{digest.hexdigest()[:14]}"

    def rendered(self, message: Message) -> bytes | None:
        """The mail as it would leave now, or None where it cannot be written: the rules refuse that."""
        try:
            return self.render(message, self.now())
        except NotSent:
            return None

    def now(self) -> datetime:
        """The current time."""
        return self.clock()


def outbox_id(run_id: str, contact_id: str) -> str:
    """The one outbox entry a run can have for a contact: the same on every restart."""
    return "m_" + hashlib.sha256(f"{run_id}:{contact_id}".encode()).hexdigest()[:16]


def proposal_id(run_id: str, contact_id: str) -> str:
    """The one proposal a run can have for a contact: the same on every restart."""
    return "p_" + hashlib.sha256(f"{run_id}:{contact_id}".encode()).hexdigest()[:10]


def thread_id(run_id: str, contact_id: str) -> str:
    """The checkpoint thread of one contact in one run."""
    return f"{run_id}:{contact_id}"
