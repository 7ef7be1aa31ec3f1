"""One contact as a person looks at it: may they be written to, what is known, what was decided and why not.

Each part is read by itself, so a page reads only what it shows. The chat and the command line may ask for the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.kept_lists import kept_lists
from app.prospects import Prospect, hand_off_of
from app.reasons import ARM_WORDS, name_of
from app.story_words import OUTCOME_WORDS, StoryLine, told
from domain.base import Noun, UtcDatetime
from domain.decision import Decision
from domain.errors import NotFound
from domain.history import Recalled
from domain.people import Account, BuyingRole, Consent, Contact, Deal, Suppression
from domain.rights import PrivacyRequest
from domain.run import ContactOutcome, RunContact
from domain.story import StoryKind, StoryPlace
from policies.contactable import may_contact
from policies.explain import describe
from policies.quiet_hours import next_open

if TYPE_CHECKING:
    from app.wiring import House

MOST_RUNS = 60
MOST_RECALLED = 30


class RuleWords(Noun):
    """A rule that refused: which, what it says, why it refused here, and what mends it."""

    rule_id: str
    title: str
    reason: str
    plain: str = ""
    mend: str = ""


class ContactHead(Noun):
    """Who this is, and whether they may be written to now.

    `refusal` is the first rule that says no; None where they may be. `opens_at` is when house hours let a message
    arrive, None where that is now. What a certain message, campaign or topic needs is asked again when it is decided.
    """

    contact: Contact
    account: Account | None = None
    refusal: RuleWords | None = None
    opens_at: UtcDatetime | None = None
    last_message_at: UtcDatetime | None = None
    messages_open: int = 0
    hand_off: Prospect

    @property
    def may_be_written_to(self) -> bool:
        """Tell whether no rule refuses a message now."""
        return self.refusal is None


class Fact(Noun):
    """One thing on record, and from where."""

    name: str
    value: str
    source: str
    at: UtcDatetime | None = None


class ContactFacts(Noun):
    """What is on record of a contact: fields with their source, deals and parts in them, consents, stops."""

    facts: tuple[Fact, ...]
    company: tuple[Fact, ...] = ()
    deals: tuple[Deal, ...] = ()
    roles: tuple[BuyingRole, ...] = ()
    consents: tuple[Consent, ...] = ()
    stops: tuple[Suppression, ...] = ()


class Told(Noun):
    """A page of the story in words; `older` begins the next."""

    lines: tuple[StoryLine, ...]
    older: StoryPlace | None = None


class RunLine(Noun):
    """What one run did with the contact: what was decided and how it ended, or which rule kept it from deciding.

    `earlier` runs just before it ended the very same way without deciding, the first of them at `first_at`.
    """

    run_id: str
    campaign_id: str
    campaign: str
    at: UtcDatetime
    is_dry_run: bool
    outcome: ContactOutcome
    outcome_words: str
    decided: str | None = None
    decided_by: str = ""
    decision: Decision | None = None
    rule: RuleWords | None = None
    reason: str = ""
    proposal_id: str | None = None
    earlier: int = 0
    first_at: UtcDatetime | None = None

    def repeats(self, other: RunLine) -> bool:
        """Tell whether nothing but the run differs, and neither decided anything."""
        mine, its = (
            (one.campaign_id, one.outcome, one.rule, one.reason, one.is_dry_run, one.decision)
            for one in (self, other)
        )
        return mine == its and self.decision is None


def head_of(house: House, contact_id: str) -> ContactHead:
    """Return who a contact is and whether they may be written to now. Raises `NotFound`."""
    standing, now = house.crm.standing(contact_id), house.clock()
    contact = standing.contact
    refused = may_contact(standing, None, now, house.rules)
    opens = next_open(contact, now, house.rules)
    return ContactHead(
        contact=contact,
        account=house.crm.account(contact.account_id) if contact.account_id else None,
        refusal=rule_words(house, refused.rule_id, refused.reason) if refused else None,
        opens_at=None if opens == now else opens,
        last_message_at=standing.sent_at[0] if standing.sent_at else None,
        messages_open=len(standing.open_messages),
        hand_off=hand_off_of(contact, standing.suppressions, kept_lists(house), house.rules.addresses),
    )


def facts_of(house: House, contact_id: str) -> ContactFacts:
    """Return what is on record of a contact, with where it is from. Raises `NotFound`."""
    dossier = house.crm.dossier(contact_id)
    contact, account, standing = dossier.contact, dossier.account, dossier.standing
    return ContactFacts(
        facts=tuple(_contact_facts(contact)),
        company=tuple(_account_facts(account)) if account else (),
        deals=dossier.deals,
        roles=dossier.roles,
        consents=standing.consents,
        stops=standing.suppressions,
    )


def story_of(
    house: House, contact_id: str, after: StoryPlace | None = None, kinds: tuple[StoryKind, ...] = ()
) -> Told:
    """Return a page of the story in words, newest first; nobody's is empty."""
    page = house.stories.page(contact_id, after, kinds=kinds)
    assets = {asset.id: asset for asset in house.crm.assets()}
    names = {member.member_id: member.name for member in house.staff.members()}
    lines = tuple(told(moment, assets, house.rules, names) for moment in page.moments)
    return Told(lines=lines, older=page.older)


def decisions_of(house: House, contact_id: str) -> tuple[RunLine, ...]:
    """Return what each run decided, or why it did not, the newest run first; at most 60 runs."""
    lines = house.runs.lines_of(contact_id, limit=MOST_RUNS)
    if not lines:
        return ()
    decided = {one.id: one for one in house.crm.decisions(contact_id, limit=2 * MOST_RUNS)}
    proposals = {
        one.decision_id: one.id
        for one in house.proposals.proposals(contact_id=contact_id, limit=2 * MOST_RUNS)
    }
    names = {campaign.id: campaign.name for campaign in house.crm.campaigns(limit=500)}
    assets = {asset.id: asset for asset in house.crm.assets()}

    def line_of(line: RunContact) -> RunLine:
        run = house.runs.get(line.run_id)
        decision = decided.get(line.decision_id or "")
        return RunLine(
            run_id=run.id,
            campaign_id=run.campaign_id,
            campaign=names.get(run.campaign_id, run.campaign_id),
            at=decision.decided_at if decision else line.updated_at,
            is_dry_run=run.is_dry_run,
            outcome=line.outcome,
            outcome_words=OUTCOME_WORDS[line.outcome],
            decided=name_of(decision.action, assets) if decision else None,
            decided_by=ARM_WORDS[decision.arm] if decision else "",
            decision=decision,
            rule=rule_words(house, line.rule_id, line.reason) if line.rule_id else None,
            reason=line.reason,
            proposal_id=proposals.get(line.decision_id or ""),
        )

    told: list[RunLine] = []
    for one in map(line_of, lines):
        if told and told[-1].repeats(one):
            last = told[-1]
            told[-1] = last.model_copy(update={"earlier": last.earlier + 1, "first_at": one.at})
        else:
            told.append(one)
    return tuple(told)


def recalled_of(house: House, contact_id: str, about: str = "") -> tuple[Recalled, ...]:
    """Return what contact history remembers that bears on `about`, best first; without words, the newest."""
    return tuple(house.remembered.recall(contact_id, about, now=house.clock(), limit=MOST_RECALLED))


def requests_of(house: House, contact_id: str) -> tuple[PrivacyRequest, ...]:
    """Return what the person asked for under their rights: open ones first."""
    return house.privacy_requests.of(contact_id)


def rule_words(house: House, rule_id: str, reason: str) -> RuleWords:
    """Return a rule in words; one of another day, no longer in the book, has its id and reason only."""
    try:
        text = describe(rule_id, house.rules)
    except NotFound:
        return RuleWords(rule_id=rule_id, title="", reason=reason)
    return RuleWords(rule_id=rule_id, title=text.title, reason=reason, plain=text.plain, mend=text.mend)


def _contact_facts(contact: Contact) -> list[Fact]:
    source = sources_of(contact.external_ids)
    email = f"{contact.email} ({contact.email_status.value})" if contact.email else None
    told = {
        "E-mail": email or f"none ({contact.email_status.value})",
        "Job title": contact.job_title,
        "Department": contact.department,
        "Seniority": contact.seniority.value if contact.job_title else None,
        "Country": contact.country,
        "Region": contact.region,
        "Time zone": contact.time_zone,
        "Language": contact.language,
        "Phone": contact.phone,
        "Owner": contact.owner,
    }
    facts = [Fact(name=name, value=value, source=source) for name, value in told.items() if value]
    stage = contact.lifecycle_stage.value
    facts.insert(1, Fact(name="Lifecycle stage", value=stage, source=source, at=contact.stage_since))
    if contact.created_at:
        facts.append(Fact(name="On record since", value="", source=source, at=contact.created_at))
    return facts + [Fact(name=name, value=value, source=source) for name, value in contact.attributes.items()]


def _account_facts(account: Account) -> list[Fact]:
    source = sources_of(account.external_ids)
    told = {
        "Company": account.name,
        "Domain": account.domain,
        "Industry": account.industry,
        "Employees": f"{account.employees:,}" if account.employees else None,
        "Country": ", ".join(part for part in (account.city, account.region, account.country) if part),
        "Owner": account.owner,
    }
    return [Fact(name=name, value=value, source=source) for name, value in told.items() if value]


def sources_of(external_ids: dict[str, str]) -> str:
    """Where a record is from: `hubspot 42, salesforce 003…`."""
    return ", ".join(f"{source} {key}" for source, key in external_ids.items()) or "entered here"
