"""Everything the graph's nodes may use, filled in by the wiring; agents know the rest only as ports."""

from __future__ import annotations

import hashlib
import hmac
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime

from agents.compliance_reviewer import ComplianceReviewer
from agents.content_strategist import ContentStrategist
from agents.context import DraftingContext
from agents.outreach_composer import OutreachComposer
from agents.signal_analyst import SignalAnalyst
from agents.state import OutreachState
from domain.dossier import Dossier
from domain.ports import (
    Audit,
    Channel,
    Clock,
    ContactHistory,
    CrmReader,
    DraftArchive,
    Outbox,
    Proposals,
)
from domain.sender import SenderProfile
from policies.rulebook import RuleBook

KEPT_DOSSIERS = 512
"""Contacts whose dossier stays at hand between two nodes; many more than run side by side."""


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
    analyst: SignalAnalyst
    strategist: ContentStrategist
    composer: OutreachComposer
    reviewer: ComplianceReviewer
    _dossiers: OrderedDict[tuple[str, str], Dossier] = field(default_factory=OrderedDict)

    def dossier(self, state: OutreachState) -> Dossier:
        """The contact's dossier as it was first read in this run, so that all four agents see the same."""
        key = (state.run_id, state.contact_id)
        if key not in self._dossiers:
            self._dossiers[key] = self.crm.dossier(state.contact_id)
            while len(self._dossiers) > KEPT_DOSSIERS:
                self._dossiers.popitem(last=False)
        return self._dossiers[key]

    def context(self, state: OutreachState) -> DraftingContext:
        """What the agents are handed. Its `now` is the decision's, so a restart words dates the same."""
        decision = self.crm.decision(state.decision_id)
        if decision.action.asset_id is None:
            raise ValueError(f"decision {decision.id} is silence; there is nothing to draft")
        return DraftingContext(
            run_id=state.run_id,
            now=decision.decided_at,
            campaign=self.crm.campaign(state.campaign_id),
            sender=self.sender,
            decision=decision,
            dossier=self.dossier(state),
            asset=self.crm.asset(decision.action.asset_id),
            evidence=state.evidence,
            canary=self.canary(state.run_id, state.contact_id),
            hints=state.hints,
        )

    def canary(self, run_id: str, contact_id: str) -> str:
        """A token only this contact's prompts carry."""
        digest = hmac.new(self.link_key, f"canary:{run_id}:{contact_id}".encode(), hashlib.sha256)
        return f"zq{digest.hexdigest()[:14]}"

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
