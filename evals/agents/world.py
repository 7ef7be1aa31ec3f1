"""The world the cases are written in: frozen dossiers, the real contact history, the real rules, no clock but ours.

Built anew in a second or two for every run, and the same for a recording and its replay.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from agents.compliance_reviewer import ComplianceReviewer
from agents.content_strategist import ContentStrategist
from agents.outreach_composer import OutreachComposer
from agents.signal_analyst import SignalAnalyst
from agents.workbench import Workbench
from domain.campaign import Campaign, SendSlot
from domain.content import ContentAsset
from domain.decision import Action, Arm, Decision
from domain.dossier import Dossier
from domain.errors import NotFound
from domain.history import MemoryKind, Recalled, Remembered
from domain.people import Contact
from domain.ports import ContactHistory, LanguageModel
from domain.review import DraftRecord
from evals.agents.cases import NOW, OutreachCase
from evals.market.sample import sample_assets, sample_campaigns, sample_sender
from evals.recall.cases import Cases
from evals.recall.systems import history
from memory.history.story import remembered
from policies.rulebook import RuleBook, load_rulebook
from prompts.library import PromptLibrary
from tools.channels.mime import to_mime
from tools.crm import CrmToolbox
from tools.embedders.lexical import LexicalEmbedder

RUN = "eval-outreach"
LINK_KEY = b"evals of the agents, no secret.."


class FrozenCrm:
    """Implements `domain.ports.CrmReader` over the cases."""

    def __init__(self, cases: Sequence[OutreachCase]) -> None:
        self._cases = {case.contact_id: case for case in cases}

    def dossier(self, contact_id: str) -> Dossier:
        """Everything the case holds. Raises `NotFound`."""
        return self._case(contact_id).dossier

    def contact(self, contact_id: str) -> Contact:
        """The case's contact. Raises `NotFound`."""
        return self._case(contact_id).dossier.contact

    def asset(self, asset_id: str) -> ContentAsset:
        """Content of the sample market. Raises `NotFound`."""
        found = next((asset for asset in sample_assets() if asset.id == asset_id), None)
        if found is None:
            raise NotFound("asset", asset_id)
        return found

    def campaign(self, campaign_id: str) -> Campaign:
        """A campaign of the sample market. Raises `NotFound`."""
        found = next((one for one in sample_campaigns() if one.id == campaign_id), None)
        if found is None:
            raise NotFound("campaign", campaign_id)
        return found

    def decision(self, decision_id: str) -> Decision:
        """The case's decision, by `d-` and its contact. Raises `NotFound`."""
        case = self._case(decision_id.removeprefix("d-"))
        return Decision(
            id=decision_id,
            run_id=RUN,
            campaign_id=case.campaign_id,
            contact_id=case.contact_id,
            arm=Arm.EXPLORE,
            action=Action(asset_id=case.asset_id, channel="email", slot=SendSlot.MORNING),
            propensity=0.5,
            learner_version="eval",
            features_version="eval",
            decided_at=NOW,
        )

    def messages_before(self, decision: Decision) -> int:
        """As many as make no message a campaign's first."""
        return 1_000

    def _case(self, contact_id: str) -> OutreachCase:
        if contact_id not in self._cases:
            raise NotFound("contact", contact_id)
        return self._cases[contact_id]


class NothingRemembered:
    """Contact history with nothing in it: the same case without memory."""

    def remember(self, items: Sequence[Remembered]) -> int:
        """Keep nothing."""
        return 0

    def recall(
        self,
        contact_id: str,
        about: str,
        *,
        now: object,
        limit: int = 5,
        kinds: Sequence[MemoryKind] = (),
        least_score: float | None = None,
    ) -> list[Recalled]:
        """Recall nothing."""
        return []

    def forget(self, contact_id: str) -> int:
        """Nothing to forget."""
        return 0


@dataclass
class Kept:
    """Keeps what was made, by decision."""

    records: dict[str, DraftRecord] = field(default_factory=dict)

    def keep(self, record: DraftRecord) -> None:
        """Store a record."""
        self.records[record.decision_id] = record

    def made_for(self, decision_id: str) -> DraftRecord | None:
        """What was made for a decision."""
        return self.records.get(decision_id)


@dataclass(frozen=True)
class World:
    """What every writer of one run shares."""

    crm: FrozenCrm
    history: ContactHistory
    rules: RuleBook
    prompts: PromptLibrary

    def bench(self, model: LanguageModel | None, archive: Kept, *, with_memory: bool = True) -> Workbench:
        """The graph's workbench for a dry run: nothing in it can send or ask a person."""
        absent = cast("Any", None)
        toolbox = CrmToolbox(self.crm, lambda: NOW)
        return Workbench(
            clock=lambda: NOW,
            crm=self.crm,
            history=self.history if with_memory else NothingRemembered(),
            outbox=absent,
            proposals=absent,
            archive=archive,
            audit=absent,
            channel=absent,
            rules=self.rules,
            sender=sample_sender(),
            link_key=LINK_KEY,
            render=to_mime,
            analyst=SignalAnalyst(model, self.prompts),
            strategist=ContentStrategist(model, self.prompts, toolbox),
            composer=OutreachComposer(model, self.prompts),
            reviewer=ComplianceReviewer(model, self.prompts),
        )


@contextmanager
def open_world(cases: Sequence[OutreachCase]) -> Iterator[World]:
    """Build the world of these cases, contact history included, in a folder that goes with it."""
    memories = [memory for case in cases for memory in _memories(case)]
    with (
        tempfile.TemporaryDirectory() as folder,
        history(Cases(tuple(memories), ()), LexicalEmbedder(), Path(folder) / "world") as store,
    ):
        yield World(FrozenCrm(cases), store, load_rulebook(), PromptLibrary())


def _memories(case: OutreachCase) -> Iterator[Remembered]:
    for event in case.dossier.events:
        if memory := remembered(event):
            yield memory
    if case.planted:
        yield case.planted
