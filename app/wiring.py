"""Joins the rooms: knows who fills which port (`providers.py` picks among a port's providers for it).

Over 400 lines on purpose: one property a part, and no part is wired anywhere else.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine

from app.feature_feed import FeatureFeed
from app.link_key import begin_key, check_key, link_key_of
from app.locks import Locks
from app.pacing import Pacer
from app.providers import (
    channel_of,
    identity_provider_of,
    inbound_hooks_of,
    inbox_of,
    tracing_for,
    webhooks_of,
)
from app.settings import Settings
from app.workspace import Workspace
from domain.autonomy import ActionClass, GrantState
from domain.base import utc_now
from domain.campaign import Campaign, Caps
from domain.errors import AttuneError
from domain.leads import Outlook
from domain.message import OutboxEntry, Usage
from domain.ports import Channel, Clock, Embedder, IdentityProvider, InboundHook, Inbox, Webhook
from domain.review import Proposal, Review, ReviewAct
from domain.run import Run
from domain.sender import SenderProfile
from domain.tracing import Tracing
from memory.crm.account_reader import AccountReader
from memory.crm.audience import AudienceReader
from memory.crm.audit import AuditChain
from memory.crm.autonomy import AutonomyStore
from memory.crm.content import ContentStore
from memory.crm.content_use import ContentUseReader
from memory.crm.controls import ControlStore
from memory.crm.conversations import ConversationStore
from memory.crm.decision_log import DecisionLogReader
from memory.crm.delivery import DeliveryStore
from memory.crm.drafts import DraftStore
from memory.crm.engine import open_engine
from memory.crm.erased import ErasedPeople
from memory.crm.features_reader import FeatureReader
from memory.crm.finder import Finder
from memory.crm.goal_outcomes import GoalOutcomes
from memory.crm.intake import Intake
from memory.crm.journal import Journal
from memory.crm.leads import LeadReader
from memory.crm.learners import LearnerStore
from memory.crm.migrate import head, is_current, revision_of, upgrade
from memory.crm.outbox import OutboxStore
from memory.crm.privacy_requests import PrivacyRequests
from memory.crm.proposals import ProposalStore
from memory.crm.reader import CrmStore
from memory.crm.reputation import ReputationReader
from memory.crm.review_figures import ReviewFigureReader
from memory.crm.review_queue import ReviewQueue
from memory.crm.runs import RunStore
from memory.crm.staff import StaffStore
from memory.crm.stories import StoryReader
from memory.crm.tallies import TallyStore
from memory.crm.together import CommitGroup
from memory.history.clients import Lease, embedded, served
from memory.history.reindex import reindex
from memory.history.store import ChromaHistory
from policies.autonomy import may_go_alone
from policies.pacing import day_of
from policies.rulebook import RuleBook, load_rulebook
from policies.team_file import load_team_rules
from prompts.library import PromptLibrary
from tools import embedders
from tools.channels.mime import to_mime
from tools.crm import CrmToolbox
from tools.models.budget import RunBudget
from tools.smith import keep_text_back

if TYPE_CHECKING:
    from dns.resolver import Resolver

    # Agents, graph and models of leads take seconds to import, and most commands need none of them.
    from agents.workbench import Workbench
    from app.assistant.talk import Assistant
    from app.carry import Carrier
    from app.desk import Desk
    from tools.models.openai_chat import OpenAIChat
    from tools.models.openai_talk import OpenAITalk
    from tools.toolset import Toolset

EMBEDDER_FACT = "embedder-setting"
LABEL_FACT = "label"


@dataclass(frozen=True)
class House:
    """One workspace, opened. Parts are made when first asked for, so a listing starts fast."""

    settings: Settings
    workspace: Workspace
    clock: Clock = utc_now

    @cached_property
    def database_url(self) -> str | None:
        """The PostgreSQL URL, or None where the workspace's SQLite files are used."""
        return self.settings.database_url.get_secret_value() if self.settings.database_url else None

    @cached_property
    def engine(self) -> Engine:
        """The CRM's database."""
        return open_engine(self.database_url or f"sqlite:///{self.workspace.database}")

    @cached_property
    def link_key(self) -> bytes:
        """The secret behind opt-out links, canaries and the hashes of erased people."""
        return link_key_of(self.settings, self.workspace)

    @cached_property
    def locks(self) -> Locks:
        """Who may do what this moment."""
        return Locks(self.workspace, self.engine)

    @cached_property
    def crm(self) -> CrmStore:
        """Reads of the CRM."""
        return CrmStore(self.engine, self.clock)

    @cached_property
    def finder(self) -> Finder:
        """Searches of contacts and accounts."""
        return Finder(self.engine, self.clock)

    @cached_property
    def stories(self) -> StoryReader:
        """Contacts' stories, page by page."""
        return StoryReader(self.engine)

    @cached_property
    def account_reader(self) -> AccountReader:
        """Reads of one account."""
        return AccountReader(self.engine)

    @cached_property
    def content(self) -> ContentStore:
        """Assets, campaigns, named facts."""
        return ContentStore(self.engine, self.clock)

    @cached_property
    def content_use(self) -> ContentUseReader:
        """How content fares."""
        return ContentUseReader(self.engine)

    @cached_property
    def audience(self) -> AudienceReader:
        """Bulk reads for runs."""
        return AudienceReader(self.engine, self.clock)

    @cached_property
    def lead_reader(self) -> LeadReader:
        """Bulk reads for hand-off and churn."""
        return LeadReader(self.engine, self.clock)

    @cached_property
    def runs(self) -> RunStore:
        """Runs and their ledgers."""
        return RunStore(self.engine)

    @cached_property
    def outbox(self) -> OutboxStore:
        """Messages on their way."""
        return OutboxStore(self.engine, self.clock)

    @cached_property
    def controls(self) -> ControlStore:
        """Campaigns' states, and claims of their scheduled runs."""
        return ControlStore(self.engine)

    @cached_property
    def reputation(self) -> ReputationReader:
        """What came back of campaigns' messages."""
        return ReputationReader(self.engine)

    @cached_property
    def tallies(self) -> TallyStore:
        """What was counted against the bounds of a day, an hour, a minute."""
        return TallyStore(self.engine)

    @cached_property
    def proposals(self) -> ProposalStore:
        """What waits for a person."""
        return ProposalStore(self.engine)

    @cached_property
    def review_queue(self) -> ReviewQueue:
        """Proposals as reviewers work through them."""
        return ReviewQueue(self.engine)

    @cached_property
    def review_figures(self) -> ReviewFigureReader:
        """Figures of reviewers' work."""
        return ReviewFigureReader(self.engine)

    @cached_property
    def autonomy(self) -> AutonomyStore:
        """What classes of messages have earned."""
        return AutonomyStore(self.engine)

    def _earned(self, action_class: ActionClass, words: str) -> bool:
        grant = self.autonomy.grant(action_class)
        if grant is None or grant.state is not GrantState.GRANTED:
            return False
        today = self.autonomy.day(action_class, self.clock())
        return may_go_alone(grant, today, action_class.level, words, self.rules.autonomy)

    @cached_property
    def archive(self) -> DraftStore:
        """What was made for each decision."""
        return DraftStore(self.engine)

    @cached_property
    def audit(self) -> AuditChain:
        """The append-only chain."""
        return AuditChain(self.engine, self.clock)

    @cached_property
    def staff(self) -> StaffStore:
        """The team."""
        return StaffStore(self.engine, self.audit, self.clock)

    @cached_property
    def conversations(self) -> ConversationStore:
        """Whose conversation with the assistant is whose."""
        return ConversationStore(self.engine, self.clock)

    @cached_property
    def journal(self) -> Journal:
        """Events."""
        return Journal(self.engine, self.clock)

    @cached_property
    def intake(self) -> Intake:
        """Stores what importers read."""
        return Intake(self.engine, self.clock, self.erased)

    @cached_property
    def erased(self) -> ErasedPeople:
        """Who asked to be erased, by keyed hash."""
        return ErasedPeople(self.engine, self.link_key)

    @cached_property
    def privacy_requests(self) -> PrivacyRequests:
        """What people asked for under their rights."""
        return PrivacyRequests(self.engine)

    @cached_property
    def goal_outcomes(self) -> GoalOutcomes:
        """When goals were reached."""
        return GoalOutcomes(self.engine)

    @cached_property
    def learners(self) -> LearnerStore:
        """What was learned, version by version."""
        return LearnerStore(self.engine)

    @cached_property
    def features(self) -> FeatureFeed:
        """What decisions are made on."""
        return FeatureFeed(FeatureReader(self.engine), self.workspace.features)

    @cached_property
    def decision_log(self) -> DecisionLogReader:
        """Every decision, in bulk."""
        return DecisionLogReader(self.engine)

    @cached_property
    def outlooks(self) -> dict[str, Outlook]:
        """What is expected of contacts (hand-off, churn), where anything can be told; learned when first asked for."""
        from app.churn import who_may_leave
        from app.handoff import whom_to_hand_off
        from app.outlook import outlooks

        now = self.clock()
        hand_off = whom_to_hand_off(self.lead_reader, now, self.rules.addresses)
        return outlooks(hand_off, who_may_leave(self.lead_reader, now), self.audience.account_of())

    def _outlook(self, contact_id: str) -> Outlook | None:
        return self.outlooks.get(contact_id)

    def _doubt(self, entry: OutboxEntry) -> str | None:
        from app.gaps import doubt

        return doubt(self, entry)

    def _objects(self, proposal: Proposal, review: Review) -> str | None:
        """Four eyes, asked of every approval whatever door it came through (W-03, A-10)."""
        from app.four_eyes import needs_another

        return needs_another(self, proposal, review.reviewer) if review.act is ReviewAct.APPROVE else None

    @cached_property
    def rules(self) -> RuleBook:
        """The rule book, the team's own rules in it. Raises `InvalidFile` naming what is wrong with those."""
        team = load_team_rules(self.workspace.team_rules_file)
        return load_rulebook().model_copy(update={"team": team})

    @cached_property
    def sender(self) -> SenderProfile:
        """The team's own profile."""
        return self.workspace.sender()

    def reread(self) -> None:
        """Go by the team's rules and sender profile as the files are now: a serving process lives for weeks.

        A file that cannot be read is told by whoever asks for it next, and nothing goes out until it is mended.
        """
        files = (self.workspace.team_rules_file, self.workspace.sender_file)
        now = tuple(file.stat().st_mtime_ns if file.exists() else 0 for file in files)
        if self.__dict__.setdefault("_read_at", now) != now:
            self.__dict__["_read_at"] = now
            for held in ("rules", "sender", "delivery", "bench"):
                self.__dict__.pop(held, None)

    @cached_property
    def prompts(self) -> PromptLibrary:
        """What models are told."""
        return PromptLibrary()

    @cached_property
    def label(self) -> str:
        """What this workspace's data is, if it is not a team's own ("Generated sample market …")."""
        return str((self.content.get_fact(LABEL_FACT) or {}).get("text", ""))

    @cached_property
    def embedder(self) -> Embedder:
        """The embedder this workspace was made with, or was moved to."""
        chosen = self.content.get_fact(EMBEDDER_FACT)
        return self._embedder(str(chosen["name"]) if chosen else self.settings.embedder)

    @cached_property
    def history(self) -> ChromaHistory:
        """The memory of contact history."""
        return ChromaHistory(self.engine, self._open_chroma, self.embedder)

    @cached_property
    def remembered(self) -> ChromaHistory:
        """The same memory for a reader who holds nothing: a page must not keep its folder from a run.

        A folder's vectors are left alone; one contact's few texts are embedded on the spot.
        """
        nothing_held = Lease(None, lambda: None)
        opened = self._open_chroma if self.settings.chroma_url else lambda: nothing_held
        return ChromaHistory(self.engine, opened, self.embedder)

    @cached_property
    def channel(self) -> Channel:
        """Carries messages out of the house."""
        return channel_of(self.settings, self.workspace.mailbox, self.clock)

    @cached_property
    def delivery(self) -> DeliveryStore:
        """What providers tell about our messages."""
        return DeliveryStore(
            self.engine, self.rules.feedback, self.audit, self.clock, erased_among=self.erased_addresses
        )

    def erased_addresses(self, connection: Connection, addresses: Iterable[str]) -> set[str]:
        """Those of the addresses that are erased people's: nothing that comes back may bring one back."""
        return self.erased.among(connection, addresses, [])[0]

    @cached_property
    def webhooks(self) -> dict[str, Webhook]:
        """The webhooks whose secret is set, by provider."""
        return webhooks_of(self.settings)

    @cached_property
    def resolver(self) -> Resolver | None:
        """Who is asked for DNS records; None is the system's resolver."""
        return None

    @cached_property
    def inbound_hooks(self) -> dict[str, InboundHook]:
        """The providers that may post mail to us, by name."""
        return inbound_hooks_of(self.settings, self.clock)

    @cached_property
    def inbox(self) -> Inbox | None:
        """The mailbox replies arrive in, where one is set."""
        return inbox_of(self.settings, self.clock)

    @cached_property
    def identity_provider(self) -> IdentityProvider | None:
        """Who vouches for members, where one is set."""
        return identity_provider_of(self.settings)

    @cached_property
    def tracing(self) -> Tracing:
        """Where spans go: nowhere, unless the usual `OTEL_*` variables say."""
        return tracing_for(self.settings)

    @cached_property
    def budget(self) -> RunBudget:
        """Caps and usage per run."""
        return RunBudget()

    @cached_property
    def model(self) -> OpenAIChat | None:
        """The language model, or None: then the understudy plays every part."""
        if not self.settings.model_is_on:
            return None
        from tools.models.openai_chat import ChatEndpoint, OpenAIChat
        from tools.models.prices import read_prices
        from tools.models.retry import RetryRule

        settings, key = self.settings, self.settings.openai_api_key
        endpoint = ChatEndpoint(
            models={"default": settings.model or "", **settings.models},
            api_key=key.get_secret_value() if key else None,
            base_url=settings.openai_base_url,
            structured_output=settings.structured_output,
            timeout_seconds=settings.model_timeout_seconds,
            concurrency=settings.model_concurrency,
            calls_per_minute=settings.model_calls_per_minute,
            retry=RetryRule(attempts=settings.model_attempts),
        )
        return OpenAIChat(endpoint, self.budget, read_prices(settings.prices), tracing=self.tracing)

    @cached_property
    def talker(self) -> OpenAITalk | None:
        """The language model as the assistant talks with it, or None: then its understudy answers what it knows."""
        if self.model is None:
            return None
        from tools.models.openai_talk import OpenAITalk

        return OpenAITalk(self.model)

    @cached_property
    def model_currency(self) -> str:
        """The currency of what models cost: the price list's."""
        from tools.models.prices import read_prices

        return read_prices(self.settings.prices).currency

    @cached_property
    def bench(self) -> Workbench:
        """What the graph's nodes may use."""
        from agents.compliance_reviewer import ComplianceReviewer
        from agents.content_strategist import ContentStrategist
        from agents.outreach_composer import OutreachComposer
        from agents.pause import Answering
        from agents.signal_analyst import SignalAnalyst
        from agents.workbench import Workbench

        return Workbench(
            clock=self.clock,
            crm=self.crm,
            history=self.history,
            outbox=self.outbox,
            proposals=self.proposals,
            archive=self.archive,
            audit=self.audit,
            channel=self.channel,
            rules=self.rules,
            sender=self.sender,
            link_key=self.link_key,
            render=to_mime,
            analyst=SignalAnalyst(self.model, self.prompts),
            strategist=ContentStrategist(self.model, self.prompts, CrmToolbox(self.crm)),
            composer=OutreachComposer(self.model, self.prompts),
            outlook=self._outlook,
            earned=self._earned,
            reviewer=ComplianceReviewer(self.model, self.prompts),
            write=CommitGroup(self.engine),
            doubt=self._doubt,
            answering=Answering(objects=self._objects),
            tracing=self.tracing,
            paces=Pacer(
                self.settings, self.tallies, self.rules.delivery, self.channel.name, self.crm.campaign
            ),
        )

    @asynccontextmanager
    async def open_carrier(self) -> AsyncIterator[Carrier]:
        """Yield what carries contacts, bound to the running event loop."""
        from agents.graph import build_graph
        from app.carry import Carrier
        from app.checkpoints import open_checkpoints

        async with open_checkpoints(self.workspace.checkpoints, self.database_url) as saver:
            try:
                yield Carrier(graph=build_graph(saver), saver=saver, bench=self.bench, runs=self.runs)
            finally:
                if self.model is not None:
                    await self.model.aclose()

    def begin_budget(self, run: Run, caps: Caps) -> None:
        """Set a run's caps; a resumed run keeps what it had spent, calls and minutes alike."""
        gone = (self.clock() - run.started_at).total_seconds() / 60
        self.budget.open(run.id, caps, spent=self.runs.usage(run.id), minutes_gone=gone)
        self.refresh_day(run)

    def refresh_day(self, run: Run) -> None:
        """Tell the budget what the campaign's models took today, other runs and workers included."""
        self.begin_day(run.id, self.crm.campaign(run.campaign_id))

    def begin_day(self, run_id: str, campaign: Campaign) -> None:
        """Tell the budget what a campaign's models took today, drafts to look at included."""
        caps = campaign.daily
        if caps.model_calls is None and caps.model_cost_cents is None:
            return
        day, _ = day_of(self.clock(), self.settings.zone)
        drafts = Usage(
            calls=self.tallies.many(f"drafts:calls:{campaign.id}", day),
            cost_micros=self.tallies.many(f"drafts:micros:{campaign.id}", day),
        )
        self.budget.begin_day(run_id, caps, day, self.runs.usage_since(campaign.id, day) + drafts)

    def count_draft(self, campaign_id: str, usage: Usage) -> None:
        """Count what a draft to look at took in the campaign's day; it stands in no run."""
        if usage.calls:
            day, _ = day_of(self.clock(), self.settings.zone)
            took = {
                f"drafts:calls:{campaign_id}": usage.calls,
                f"drafts:micros:{campaign_id}": usage.cost_micros,
            }
            self.tallies.add(took, day)

    def reindex(self, name: str, progress: Callable[[int, int], None]) -> int:
        """Move the contact history to another embedder and remember the choice; return vectors written."""
        self.release_history()
        # Not through `history`: a move that was cut off must not need the embedder it moves away from.
        written = reindex(self.engine, self._open_chroma, self._embedder(name), progress)
        self.content.set_fact(EMBEDDER_FACT, {"name": name})
        self.__dict__.pop("embedder", None)
        return written

    def release_history(self) -> None:
        """Give the contact history's files back; it is opened again when asked for."""
        if "history" in self.__dict__:
            self.__dict__.pop("history").close()
            self.__dict__.pop("bench", None)

    def _open_chroma(self) -> Lease:
        url = self.settings.chroma_url
        return (served(url) if url else embedded(self.workspace.history))()

    def _embedder(self, name: str) -> Embedder:
        return embedders.choose(name, self.settings)

    @cached_property
    def desk(self) -> Desk:
        """Where reviewers' acts are carried out beside whatever else this process does."""
        from app.desk import Desk

        return Desk(self)

    @cached_property
    def toolset(self) -> Toolset:
        """The assistant's tools, the same behind every door."""
        from app.assistant.toolset import toolset_of

        return toolset_of(self)

    @cached_property
    def assistant(self) -> Assistant:
        """The assistant, as every door calls it."""
        from app.assistant.opened import assistant_of

        return assistant_of(self)

    def close(self) -> None:
        """Close what was opened."""
        if "desk" in self.__dict__:
            self.desk.close()
        self.release_history()
        if "engine" in self.__dict__:
            self.engine.dispose()


def open_house(settings: Settings, clock: Clock = utc_now) -> House:
    """Open a workspace.

    Raises:
        WorkspaceMissing: there is none at the place the settings name.
        AttuneError: its database belongs to another release.
        LinkKeyDiffers: its database was begun with another key.
    """
    keep_text_back(os.environ, shows_text=settings.trace_text)
    house = House(settings, Workspace(settings.workspace).require(), clock)
    if not is_current(house.engine):
        at = revision_of(house.engine) or "empty"
        house.close()
        raise AttuneError(
            f"The database of {settings.workspace} is at {at}, this release needs {head()}. "
            "Nothing was changed. Bring it up to date with `attune init`."
        )
    try:
        check_key(house)
    except AttuneError:
        house.close()
        raise
    return house


def make_workspace(settings: Settings, *, new_link_key: bool = False) -> tuple[bool, str]:
    """Make or update a workspace; return whether it is new, and its database revision.

    Raises:
        LinkKeyMissing, LinkKeyDiffers: the database has its key already, and it is not this machine's.
    """
    workspace = Workspace(settings.workspace)
    is_new = workspace.lay()
    house = House(settings, workspace)
    try:
        upgrade(house.engine)
        begin_key(house, anew=new_link_key)
        if house.content.get_fact(EMBEDDER_FACT) is None:
            house.content.set_fact(EMBEDDER_FACT, {"name": settings.embedder})
        return is_new, head()
    finally:
        house.close()
