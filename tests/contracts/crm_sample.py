"""A small CRM for contract tests: one account, two colleagues, a loner, one asset, one campaign, one run."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import Engine

from domain.campaign import Autonomy, Campaign, Goal, Outcome, SendSlot
from domain.content import ApprovedClaim, AssetKind, ContentAsset
from domain.decision import Action, Alternative, Arm, Decision
from domain.message import (
    Author,
    Draft,
    DraftParagraph,
    DraftSentence,
    Finding,
    Message,
    OutboxEntry,
    OutboxStatus,
    Severity,
    Stakes,
    Verdict,
)
from domain.people import Account, Contact, EmailStatus, LifecycleStage, Seniority
from domain.review import Proposal, Review, ReviewAct
from domain.run import Run, RunStatus
from memory.crm import codec
from memory.crm.content import ContentStore
from memory.crm.runs import RunStore
from memory.crm.statements import ACCOUNTS, CONTACTS, IDENTITIES, insert_all, writing

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

ACCOUNT = Account(id="a_1", name="Northwind GmbH", domain="northwind.example", external_ids={"hubspot": "90"})
ADA = Contact(
    id="c_ada",
    account_id="a_1",
    email="ada@northwind.example",
    email_status=EmailStatus.USABLE,
    first_name="Ada",
    last_name="Byron",
    job_title="Head of Operations",
    seniority=Seniority.DIRECTOR,
    country="DE",
    lifecycle_stage=LifecycleStage.MQL,
    created_at=NOON - 90 * DAY,
    external_ids={"hubspot": "42"},
    attributes={"plan": "pro"},
)
BEN = Contact(id="c_ben", account_id="a_1", email="ben@northwind.example", first_name="Ben")
CLEO = Contact(id="c_cleo", email="cleo@solo.example", first_name="Cleo")

ASSET = ContentAsset(
    id="guide",
    title="The guide",
    kind=AssetKind.GUIDE,
    url="https://www.example.com/guide",
    summary="How to.",
    call_to_action="Read it",
    topics=("planning",),
    claims=(
        ApprovedClaim(
            id="C-1", text="It works.", source="study", approved_by="Eve", approved_on=date(2026, 1, 2)
        ),
    ),
)
CAMPAIGN = Campaign(id="spring", name="Spring", goal=Goal(outcome=Outcome.REPLY, worth_cents=5_000))
RUN = Run(
    id="r_1",
    campaign_id="spring",
    status=RunStatus.DECIDING,
    autonomy=Autonomy.ASSIST,
    seed=2**40,
    started_at=NOON,
)


def seed(engine: Engine) -> None:
    """Fill an empty CRM with the sample."""
    with writing(engine) as connection:
        insert_all(connection, ACCOUNTS, [codec.account_row(ACCOUNT)])
        insert_all(connection, CONTACTS, [codec.contact_row(contact) for contact in (ADA, BEN, CLEO)])
        insert_all(
            connection,
            IDENTITIES,
            codec.identity_rows("contact", ADA) + codec.identity_rows("account", ACCOUNT),
        )
    ContentStore(engine, lambda: NOON).save_assets([ASSET])
    RunStore(engine).start(RUN, CAMPAIGN)


def decision(contact: Contact, run_id: str = "r_1", **changes: Any) -> Decision:
    made = Decision(
        id=f"d_{run_id}_{contact.id}",
        run_id=run_id,
        campaign_id="spring",
        contact_id=contact.id,
        arm=Arm.EXPLORE,
        action=Action(asset_id="guide", channel="email", slot=SendSlot.MORNING),
        propensity=0.25,
        alternatives=(
            Alternative(action_key="silence", probability=0.75, value_cents=1.5, uncertainty_cents=0.5),
            Alternative(action_key="guide|email|morning", probability=0.25),
        ),
        reasons=("drawn at random",),
        learner_version="explorer-v1",
        features_version="f1",
        decided_at=NOON,
    )
    return made.model_copy(update=changes)


def message(contact: Contact, text: str = "Hello.", key: str = "r_1") -> Message:
    return Message(
        contact_id=contact.id,
        to_address=contact.email or "",
        from_address="eve@example.com",
        from_name="Eve",
        subject="A guide for you",
        text=text,
        html=f"<p>{text}</p>",
        headers=(("List-Unsubscribe", "<https://example.com/u>"),),
        message_id=f"<{key}.{contact.id}@example.com>",
    )


def entry(
    contact: Contact, *, run_id: str = "r_1", campaign_id: str = "spring", **changes: Any
) -> OutboxEntry:
    """An approved entry that is due at noon."""
    sent = message(contact, key=run_id)
    approved = OutboxEntry(
        id=f"o_{run_id}_{contact.id}",
        run_id=run_id,
        campaign_id=campaign_id,
        contact_id=contact.id,
        decision_id=f"d_{run_id}_{contact.id}",
        message=sent,
        status=OutboxStatus.APPROVED,
        not_before=NOON,
        approved_sha256=sent.sha256,
        updated_at=NOON,
    )
    return approved.model_copy(update=changes)


def pending(contact: Contact) -> OutboxEntry:
    return entry(contact, status=OutboxStatus.PENDING, approved_sha256=None)


def proposal(contact: Contact) -> Proposal:
    about = message(contact)
    sentence = DraftSentence(text="Hello.")
    return Proposal(
        id=f"p_r_1_{contact.id}",
        run_id="r_1",
        campaign_id="spring",
        decision_id=f"d_r_1_{contact.id}",
        contact_id=contact.id,
        thread_id=f"t_{contact.id}",
        message=about,
        message_sha256=about.sha256,
        draft=Draft(
            subject=about.subject,
            paragraphs=(DraftParagraph(sentences=(sentence,)),),
            author=Author.UNDERSTUDY,
        ),
        evidence=(),
        verdict=Verdict(),
        stakes=Stakes(),
        not_before=NOON,
        created_at=NOON,
    )


def review(of: Proposal, act: ReviewAct = ReviewAct.APPROVE, **changes: Any) -> Review:
    record = Review(
        proposal_id=of.id,
        act=act,
        reviewer="rita",
        message_sha256=of.message_sha256,
        reason="not now" if act in {ReviewAct.REJECT, ReviewAct.ANSWER} else "",
        subject="Another subject" if act is ReviewAct.EDIT else None,
        at=NOON,
    )
    return record.model_copy(update=changes)


def verdict(rule_id: str, severity: Severity) -> Verdict:
    return Verdict(findings=(Finding(rule_id=rule_id, severity=severity, reason="because"),))
