"""One message to one contact, because a member asks for it: what could be sent, a draft of it, or a proposal.

It goes the way every message goes: the campaign's conditions and the rules say whether it may, the same graph drafts
it, and a proposal waits for a reviewer like any other. A draft leaves nothing behind. A proposal's decision says of
itself that it was asked for (`Arm.ASKED`): it was no draw, so nothing is learned from it and nothing compared with it.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from app.campaign_shelf import campaign_texts
from app.choosing import knowledge_of
from app.configuration import as_last_run, note_campaign, note_changes
from app.decide import Decider, decision_id
from app.four_eyes import ASKED_FOR, LET_IN
from app.gaps import look_after_a_restore
from app.runs import new_run_id, refuse_another_campaign
from app.steering import require_active
from app.teaching import choosers_of
from domain.campaign import Autonomy, Campaign, EventCondition
from domain.content import ContentAsset
from domain.decision import Action, Alternative, Arm, Decision, Knowledge, action_of
from domain.errors import NotFound, StoreTrouble
from domain.people import Contact
from domain.run import ContactOutcome, Run, RunContact, RunStatus
from domain.schedule import CampaignState
from memory.crm.audience import AudienceReader, Person
from memory.crm.audit_records import COVERS_ROWS, decision_sha256, together
from policies.audience import event_holds, matches
from policies.eligibility import fits

if TYPE_CHECKING:
    from agents.state import OutreachState
    from app.carry import Carrier
    from app.wiring import House
    from domain.assistant import Asker
    from domain.review import DraftRecord

MOST_CAMPAIGNS = 10
"""So many active campaigns are tried where none is named; each is a look at the whole audience."""


@dataclass(frozen=True)
class Choice:
    """One message that may go: what it is expected to be worth, less its cost, and how sure that is; in cents."""

    action: Action
    value_cents: float | None
    uncertainty_cents: float | None

    @property
    def knowledge(self) -> Knowledge:
        """How sure the learner is of it."""
        if self.value_cents is None or self.uncertainty_cents is None:
            return Knowledge.GUESSING
        return knowledge_of(self.value_cents, self.uncertainty_cents)


@dataclass(frozen=True)
class Possible:
    """What a campaign may send one contact now, the best first; or why nothing, and by which rule."""

    campaign: Campaign
    contact: Contact
    choices: tuple[Choice, ...] = ()
    silence: Choice | None = None
    barred: str = ""
    rule_id: str | None = None
    learner_version: str = ""
    features_version: str = ""
    unit_cents: float | None = None

    @property
    def best(self) -> Choice | None:
        """The choice of the highest expected worth."""
        return self.choices[0] if self.choices else None


class _OnlyOne(AudienceReader):
    """An audience of one contact; everything else is read as for all."""

    def __init__(self, house: House, person: Person) -> None:
        super().__init__(house.engine, house.clock)
        self._person = person

    def people(self, many: int = 1) -> Iterator[list[Person]]:
        """Yield the one."""
        yield [self._person]


def possible_for(house: House, campaign: Campaign, contact_id: str) -> Possible:
    """Return what a campaign may send a contact now, by the very conditions, rules and beliefs of its runs.

    Raises:
        NotFound: there is no such contact.
        ContentMissing: the campaign names an asset that is not in the library.
    """
    now, library = house.clock(), house.crm.assets()
    dossier = house.crm.dossier(contact_id)
    person = (dossier.contact, dossier.account)
    # What is believed of every action is wanted, whoever would have drawn in a run.
    asked = campaign.model_copy(update={"explore_share": 0.0, "usual_share": 0.0})
    decided = Decider(
        audience=_OnlyOne(house, person),
        rules=house.rules,
        choosers=lambda table: choosers_of(house, asked, library, table, now),
        feed=house.features,
        campaign=asked,
        run=_run(campaign, "asked", now, is_dry_run=True),
        assets=library,
        now=now,
        global_holdout=house.settings.global_holdout_share,
    ).decide()
    found = Possible(campaign=campaign, contact=dossier.contact)
    if not decided.lines:
        return replace(found, barred=_not_meant(house, campaign, person, now))
    line = decided.lines[0]
    if line.outcome in {ContactOutcome.REFUSED, ContactOutcome.HELD_OUT, ContactOutcome.NOT_REACHED}:
        return replace(found, barred=line.reason, rule_id=line.rule_id)
    decision = decided.decisions[0]
    weighed = [
        Choice(action_of(one.action_key), one.value_cents, one.uncertainty_cents)
        for one in decision.alternatives
    ]
    weighed.sort(key=lambda one: (-(one.value_cents or 0.0), one.action.key))
    choices = tuple(one for one in weighed if not one.action.is_silence)
    return replace(
        found,
        choices=choices,
        silence=next((one for one in weighed if one.action.is_silence), None),
        barred="" if choices else "No content of this campaign fits this contact now.",
        learner_version=decision.learner_version,
        features_version=decision.features_version,
        unit_cents=decision.unit_cents,
    )


def best_campaign_for(house: House, contact_id: str) -> tuple[Possible | None, tuple[Possible, ...]]:
    """Return what the active campaign of the best message may send a contact, and what every one tried says."""
    library = {asset.id for asset in house.crm.assets()}
    tried = [
        possible_for(house, text.campaign, contact_id)
        for text in campaign_texts(house)
        if text.campaign is not None
        and not set(text.campaign.assets) - library
        and house.controls.standing(text.campaign.id).state is CampaignState.ACTIVE
    ][:MOST_CAMPAIGNS]
    able = [one for one in tried if one.best]
    best = max(able, key=lambda one: (one.best.value_cents or 0.0) if one.best else 0.0, default=None)
    return best, tuple(tried)


def why_not_sent(house: House, found: Possible, asset: ContentAsset) -> str:
    """Say why an asset is not among a contact's choices."""
    dossier, now = house.crm.dossier(found.contact.id), house.clock()
    if found.campaign.assets and asset.id not in found.campaign.assets:
        return f"Campaign {found.campaign.name!r} does not send {asset.title!r}."
    sent = house.audience.assets_sent(until=now).get(found.contact.id, {})
    standing = dossier.standing
    why = fits(asset, dossier.contact, dossier.account, sent, now.date(), house.rules, standing.consents)
    return f"{why}." if why else f"{asset.title!r} may not go to this contact now."


def decision_of(found: Possible, choice: Choice, run_id: str, now: datetime) -> Decision:
    """Return the decision as it is logged: taken by a member, with certainty; no draw, so no other chances."""
    return Decision(
        id=decision_id(run_id, found.contact.id),
        run_id=run_id,
        campaign_id=found.campaign.id,
        contact_id=found.contact.id,
        arm=Arm.ASKED,
        action=choice.action,
        propensity=1.0,
        alternatives=(
            Alternative(
                action_key=choice.action.key,
                probability=1.0,
                value_cents=choice.value_cents,
                uncertainty_cents=choice.uncertainty_cents,
            ),
        ),
        reasons=("A member asked for this message; it was not drawn.",),
        knowledge=choice.knowledge,
        learner_version=f"asked({found.learner_version})",
        features_version=found.features_version,
        decided_at=now,
        unit_cents=found.unit_cents,
    )


class _Draft:
    """Lets the graph read a decision and a campaign that are on no record; everything else is the CRM's."""

    def __init__(self, house: House, campaign: Campaign, decision: Decision) -> None:
        self._crm, self._campaign, self._decision = house.crm, campaign, decision
        self.dossier, self.contact, self.asset = self._crm.dossier, self._crm.contact, self._crm.asset
        self.messages_before = self._crm.messages_before

    def decision(self, decision_id: str) -> Decision:
        """The one decision."""
        return self._decision

    def campaign(self, campaign_id: str) -> Campaign:
        """The one campaign."""
        return self._campaign


class _Nowhere:
    """Keeps no draft."""

    def keep(self, record: DraftRecord) -> None:
        """Let it go."""

    def made_for(self, decision_id: str) -> DraftRecord | None:
        """Nothing was made."""
        return None


async def drafted(
    house: House, carrier: Carrier, found: Possible, choice: Choice, hint: str
) -> OutreachState:
    """Draft a message through the outreach graph as a dry run does, and leave nothing behind but what it cost.

    Args:
        house: the desk's own.
        carrier: its open one.
        found: what may be sent to whom.
        choice: what of it.
        hint: what the draft should heed; empty for nothing.
    """
    from agents.graph import build_graph
    from agents.state import OutreachState

    now, campaign = house.clock(), found.campaign
    run = _run(campaign, _draft_id(found, choice, hint, now), now, is_dry_run=True)
    decision = decision_of(found, choice, run.id, now)
    bench = replace(
        carrier.bench,
        crm=_Draft(house, campaign, decision),
        archive=_Nowhere(),
        _contexts=OrderedDict(),
        _records=OrderedDict(),
    )
    house.budget.open(run.id, campaign.caps)
    house.begin_day(run.id, campaign)
    start = OutreachState(
        run_id=run.id,
        campaign_id=campaign.id,
        contact_id=found.contact.id,
        decision_id=decision.id,
        autonomy=campaign.autonomy,
        is_dry_run=True,
        hints=(hint,) if hint else (),
    )
    try:
        result = await build_graph().ainvoke(start, context=bench, version="v2")
    finally:
        house.count_draft(campaign.id, house.budget.close(run.id))
    return OutreachState.model_validate(result.value)


def _draft_id(found: Possible, choice: Choice, hint: str, now: datetime) -> str:
    """The id of a draft's run: made of what is drafted and when, so that a recording of its requests fits again."""
    parts = (found.campaign.id, found.contact.id, choice.action.key, hint, now.isoformat())
    return f"draft-{hashlib.sha256(chr(31).join(parts).encode()).hexdigest()[:12]}"


def put_on_record(house: House, found: Possible, choice: Choice, asker: Asker) -> Run:
    """Put a run of this one message on record; `propose` carries it.

    Raises:
        CampaignHeld: the campaign is paused or stopped.
        RunOpen: a run of this campaign as it was before is under way.
    """
    from agents.workbench import proposal_id

    campaign, contact_id, now = found.campaign, found.contact.id, house.clock()
    look_after_a_restore(house, campaign.id)
    require_active(house, campaign.id)
    note_changes(house)
    refuse_another_campaign(house, campaign)
    # Closed from the start: a run of the whole campaign must neither wait for it nor be taken for it.
    run = _run(campaign, new_run_id(now), now, is_dry_run=False)
    decision = decision_of(found, choice, run.id, now)
    line = RunContact(
        run_id=run.id,
        contact_id=contact_id,
        outcome=ContactOutcome.QUEUED,
        decision_id=decision.id,
        updated_at=now,
    )
    before = as_last_run(house, campaign.id)
    house.runs.start_decided(run, campaign, decision, line)
    note_campaign(house, before, campaign)
    by = {"by": asker.member_id, "door": asker.door.value}
    told = {"campaign": campaign.id, "dry_run": False, "seed": run.seed, "asked_for": True}
    house.audit.append("run", run.id, {**told, **by})
    sha256 = together([decision_sha256(decision)])
    house.audit.append("decisions", run.id, {"count": 1, "sha256": sha256, "covers": COVERS_ROWS})
    proposal = proposal_id(run.id, contact_id)
    house.audit.append("review", proposal, {"act": ASKED_FOR, **by})
    if asker.made_by:
        link = {"act": LET_IN, "does": ASKED_FOR, "by": asker.member_id, "link_of": asker.made_by}
        house.audit.append("review", proposal, link)
    return run


async def propose(house: House, carrier: Carrier, run: Run, contact_id: str, hint: str) -> RunContact:
    """Carry the one contact of such a run to its pause for a reviewer, and return how it stands.

    Raises:
        StoreTrouble: the database or the disk failed; nothing was proposed.
    """
    from app.jobs import Worker
    from memory.crm.locks import ContactLocks

    house.begin_budget(run, house.crm.campaign(run.campaign_id).caps)
    carrying = replace(carrier, hints=(hint,) if hint else ())
    worker = Worker(house.runs, carrying, run, ContactLocks(house.engine))
    try:
        with house.locks.sending():
            await worker.work(run.id, contact_id)
    finally:
        worker.locks.close()
    if worker.trouble:
        raise StoreTrouble(run.id, worker.trouble)
    line = house.runs.line(run.id, contact_id)
    if line is None:
        raise NotFound("contact", contact_id, "Somebody erased or merged it meanwhile.")
    return line


def _run(campaign: Campaign, run_id: str, now: datetime, *, is_dry_run: bool) -> Run:
    return Run(
        id=run_id,
        campaign_id=campaign.id,
        status=RunStatus.FINISHED,
        autonomy=Autonomy.ASSIST,
        is_dry_run=is_dry_run,
        seed=0,
        started_at=now,
        finished_at=now,
    )


def _not_meant(house: House, campaign: Campaign, person: Person, now: datetime) -> str:
    """Which conditions of a campaign leave this contact out."""
    from app.audience_form import condition_says

    contact, account = person
    counts: dict[EventCondition, int] = {}

    def many(condition: EventCondition) -> int:
        if condition not in counts:
            since = now - timedelta(days=condition.within_days) if condition.within_days else None
            of_all = house.audience.event_counts(
                condition.event, topic=condition.topic, since=since, until=now
            )
            counts[condition] = of_all.get(contact.id, 0)
        return counts[condition]

    failing = []
    for part, must_hold in ((campaign.audience.all, True), (campaign.audience.none, False)):
        for condition in part:
            if isinstance(condition, EventCondition):
                holds = event_holds(condition, many(condition))
            else:
                alone = campaign.audience.model_copy(update={"all": (condition,), "none": ()})
                holds = matches(alone, contact, account, many)
            if holds is not must_hold:
                said = condition_says(condition)
                failing.append(f"“{said}” {'does not hold' if must_hold else 'holds, and must not'}")
    return (
        f"Not in the audience of {campaign.name!r}: {'; '.join(failing) or 'its conditions leave them out'}."
    )
