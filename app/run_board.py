"""One run as a team looks at it: how far it is, who ended where and why, what it would say. Reads only."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from app import who
from app.run_words import NOT_DRAFTED, WORDS
from app.runs import report
from app.who import standing_words
from app.wiring import House
from domain.base import Noun
from domain.content import ContentAsset
from domain.decision import Decision
from domain.errors import NotFound
from domain.message import Usage
from domain.review import DraftRecord
from domain.run import ContactOutcome, Run, RunContact, RunStatus
from domain.schedule import CampaignStanding

NOBODY_CAME = timedelta(seconds=20)
"""A run that waits so long to be decided has no serving process to take it up."""

MOST_SAMPLES = 24
MOST_PARKED = 50


class Stage(Noun):
    """How many contacts of a run stand where, in words."""

    outcome: ContactOutcome
    word: str
    means: str
    many: int


class Progress(Noun):
    """How far a run is. `share` is of those who get a message; None while nobody is decided about."""

    run: Run
    standing: CampaignStanding
    stages: tuple[Stage, ...]
    considered: int
    drafting: int
    done: int
    says: str

    @property
    def is_open(self) -> bool:
        """Tell whether anything may still change by itself."""
        return self.run.status in {RunStatus.DECIDING, RunStatus.RUNNING}

    @property
    def share(self) -> float | None:
        """How much of the drafting is done, in [0, 1]."""
        if self.run.status is RunStatus.DECIDING:
            return None
        return self.done / self.drafting if self.drafting else 1.0


class Sample(Noun):
    """One message a run drafted: to whom, about what, what the review said, whether a person would be asked."""

    contact_id: str
    contact: str
    asset: str
    made: DraftRecord
    reasons: tuple[str, ...] = ()


class Parked(Noun):
    """One contact whose job failed three times, with the reason."""

    contact_id: str
    contact: str
    reason: str


class RunPage(Noun):
    """Everything one run's page shows."""

    progress: Progress
    campaign_name: str
    refusals: tuple[tuple[str, int], ...]
    usage: Usage
    shifts: tuple[str, ...]
    parked: tuple[Parked, ...]
    samples: tuple[Sample, ...]


def progress_of(house: House, run_id: str) -> Progress:
    """How far a run is. Raises `NotFound`."""
    run = house.runs.get(run_id)
    counts = house.runs.counts(run_id)
    stages = tuple(
        Stage(outcome=one, word=word, means=MEANS.get(one, means), many=counts[one])
        for one, (word, means) in WORDS.items()
        if counts.get(one)
    )
    drafting = sum(
        many for one, many in counts.items() if one not in NOT_DRAFTED | {ContactOutcome.NOT_REACHED}
    )
    queued = counts.get(ContactOutcome.QUEUED, 0)
    standing = house.controls.standing(run.campaign_id)
    return Progress(
        run=run,
        standing=standing,
        stages=stages,
        considered=sum(counts.values()),
        drafting=drafting,
        done=drafting - queued,
        says=_says(house, run, standing, queued, drafting),
    )


MEANS = {
    ContactOutcome.WAITING: "for a person, in the inbox",
    ContactOutcome.DECIDED_BEFORE: "already decided lately: that silence still holds",
    ContactOutcome.QUEUED: "still to be carried",
    ContactOutcome.NOT_REACHED: "a cap, a dry run’s sample, or a stop came first",
    ContactOutcome.UNKNOWN: "cut off while sending; never sent again by itself. A person settles it",
}
"""Where a page says it otherwise than a terminal does."""


def run_page(house: House, run_id: str) -> RunPage:
    """Return everything of one run. Raises `NotFound`."""
    progress = progress_of(house, run_id)
    told = report(house, progress.run)
    parked = house.runs.ledger(run_id, outcome=ContactOutcome.PARKED, limit=MOST_PARKED)
    return RunPage(
        progress=progress,
        campaign_name=told.campaign.name,
        refusals=tuple(told.refusals.items()),
        usage=told.usage,
        shifts=told.shifts,
        parked=tuple(
            Parked(contact_id=line.contact_id, contact=_name(house, line.contact_id), reason=line.reason)
            for line in parked
        ),
        samples=samples_of(house, progress.run) if progress.run.is_dry_run else (),
    )


def samples_of(house: House, run: Run) -> tuple[Sample, ...]:
    """What a dry run would say, to whom, and whether it would be asked about."""
    titles = {asset.id: asset for asset in house.crm.assets()}
    return tuple(_sample(house, made, titles) for made in house.archive.samples(run.id, limit=MOST_SAMPLES))


def contacts_of(
    house: House, run_id: str, outcome: ContactOutcome | None, rule_id: str | None, after: str, limit: int
) -> tuple[tuple[RunContact, str], ...]:
    """Lines of a run's ledger with the contacts' names, from the one after contact `after`."""
    lines = house.runs.ledger(run_id, outcome=outcome, rule_id=rule_id, after=after, limit=limit)
    return tuple((line, _name(house, line.contact_id)) for line in lines)


def _sample(house: House, made: DraftRecord, assets: dict[str, ContentAsset]) -> Sample:
    asset = assets.get(_decision(house, made).action.asset_id or "")
    line = house.runs.line(made.run_id, made.contact_id)
    blocked = (line.reason,) if line and line.outcome is ContactOutcome.BLOCKED and line.reason else ()
    asked = tuple(reason.text for reason in made.stakes.reasons) if made.stakes else ()
    return Sample(
        contact_id=made.contact_id,
        contact=_name(house, made.contact_id),
        asset=asset.title if asset else "",
        made=made,
        reasons=blocked or asked,
    )


def _decision(house: House, made: DraftRecord) -> Decision:
    return house.crm.decision(made.decision_id)


def names_of(house: House, contact_ids: Sequence[str]) -> dict[str, str]:
    """What contacts are called, by id; one that is erased has no name any more."""
    return {contact_id: _name(house, contact_id) for contact_id in dict.fromkeys(contact_ids)}


def _name(house: House, contact_id: str) -> str:
    try:
        return house.crm.contact(contact_id).name or contact_id
    except NotFound:
        return "(erased)"


def _says(house: House, run: Run, standing: CampaignStanding, queued: int, drafting: int) -> str:
    """Where the run is, in one sentence."""
    if run.status is RunStatus.DECIDING:
        if house.clock() - run.started_at > NOBODY_CAME:
            return "Waiting to be taken up. `attune serve` or `attune scheduler` does it; one run is carried at a time."
        return "Deciding for the whole audience: who may be written to, who is held out, what each one gets."
    if run.status is RunStatus.STOPPED:
        return "Given up. What was sent is sent; whoever was still queued is not reached."
    if run.status is RunStatus.FINISHED:
        return "Finished."
    if standing.state.waits and not run.is_dry_run:
        words = standing_words(standing, who.names_of(house.staff.members()))
        return f"The campaign is {words}: nothing leaves, and the run goes on when it is resumed."
    return f"Drafting: {drafting - queued:,} of {drafting:,} done."
