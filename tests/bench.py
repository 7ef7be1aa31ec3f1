"""A workbench on a real SQLite CRM, with the understudy, a mailbox and a clock one can set."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from sqlalchemy import Engine

from agents.compliance_reviewer import ComplianceReviewer
from agents.content_strategist import ContentStrategist
from agents.graph import build_graph
from agents.outreach_composer import OutreachComposer
from agents.signal_analyst import SignalAnalyst
from agents.workbench import Workbench
from app.carry import Carrier
from app.checkpoints import open_checkpoints
from app.choosing import Choosers
from app.decide import Decider
from app.feature_feed import FeatureFeed
from app.teaching import new_bandit, prior_units
from domain.campaign import Campaign
from domain.content import ContentAsset
from domain.ports import Channel, LanguageModel
from domain.run import Run, RunStatus
from learning import features
from memory.crm.audience import AudienceReader
from memory.crm.audit import AuditChain
from memory.crm.drafts import DraftStore
from memory.crm.engine import open_engine
from memory.crm.features_reader import FeatureReader
from memory.crm.outbox import OutboxStore
from memory.crm.proposals import ProposalStore
from memory.crm.reader import CrmStore
from memory.crm.runs import RunStore
from policies.rulebook import load_rulebook
from prompts.library import PromptLibrary
from tests.fakes.history import FakeHistory
from tests.neighbourhood import SENDER, TUESDAY
from tests.schema_template import upgrade
from tools.channels.mailbox import MailboxChannel
from tools.channels.mime import to_mime


@dataclass
class Shop:
    """Everything a test of the graph needs; `now` can be moved."""

    folder: Path
    model: LanguageModel | None = None
    channel: Channel | None = None
    now: datetime = TUESDAY
    engine: Engine = field(init=False)
    bench: Workbench = field(init=False)
    runs: RunStore = field(init=False)

    def __post_init__(self) -> None:
        self.engine = open_engine(f"sqlite:///{self.folder / 'attune.db'}")
        upgrade(self.engine)
        self.runs = RunStore(self.engine)
        prompts = PromptLibrary()
        self.bench = Workbench(
            clock=self.clock,
            crm=CrmStore(self.engine, self.clock),
            history=FakeHistory(),
            outbox=OutboxStore(self.engine, self.clock),
            proposals=ProposalStore(self.engine),
            archive=DraftStore(self.engine),
            audit=AuditChain(self.engine, self.clock),
            channel=self.channel or MailboxChannel(self.folder / "mailbox", self.clock),
            rules=load_rulebook(),
            sender=SENDER,
            link_key=b"k" * 32,
            render=to_mime,
            analyst=SignalAnalyst(self.model, prompts),
            strategist=ContentStrategist(self.model, prompts),
            composer=OutreachComposer(self.model, prompts),
            reviewer=ComplianceReviewer(self.model, prompts),
        )

    def clock(self) -> datetime:
        """The shop's time."""
        return self.now

    def decide(self, campaign: Campaign, run_id: str = "r_1") -> Run:
        """Begin a run and decide for everyone; an earlier one of the campaign is over by then."""
        if (earlier := self.runs.open_run(campaign.id)) and earlier.id != run_id:
            self.runs.finish(earlier.id, self.now)
        run = Run(
            id=run_id,
            campaign_id=campaign.id,
            status=RunStatus.DECIDING,
            autonomy=campaign.autonomy,
            seed=3,
            started_at=self.now,
        )
        run = self.runs.start(run, campaign)
        assets = CrmStore(self.engine, self.clock).assets()
        decider = Decider(
            audience=AudienceReader(self.engine, self.clock),
            rules=self.bench.rules,
            choosers=lambda table: explorers(campaign, assets, table, self.now),
            feed=FeatureFeed(FeatureReader(self.engine)),
            campaign=campaign.model_copy(update={"explore_share": 1.0}),
            run=run,
            assets=assets,
            now=self.now,
        )
        decided = decider.decide()
        self.runs.record(run.id, decided.decisions, decided.lines)
        return self.runs.get(run.id)

    @asynccontextmanager
    async def carrier(self) -> AsyncIterator[Carrier]:
        """What a process of this shop carries contacts with."""
        async with open_checkpoints(self.folder / "checkpoints.db", None) as saver:
            yield Carrier(graph=build_graph(saver), saver=saver, bench=self.bench, runs=self.runs)

    def mails(self) -> list[Path]:
        """What the mailbox holds."""
        return sorted((self.folder / "mailbox").glob("*.eml"))

    def close(self) -> None:
        """Give the database back."""
        self.engine.dispose()


def explorers(
    campaign: Campaign, assets: Sequence[ContentAsset], table: features.ActionTable, now: datetime
) -> Choosers:
    """Who decides where nothing is learned yet."""
    return Choosers(
        campaign=campaign,
        bandit=new_bandit(campaign, assets, table, now, 1.0),
        assets={asset.id: asset for asset in assets},
        labels=features.columns(),
        units=prior_units(campaign.goal),
    )
