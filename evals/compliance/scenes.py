"""Clean messages with everything the rules look at, drawn from a seed: contact, consent, content, draft, mail.

A scene is clean by construction: its claims are quoted from the content they cite, its contact may be written to
under the law of its country, its hour is open. What is planted later is the only thing wrong with it.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from agents import letter
from domain.campaign import Campaign, Goal, Outcome
from domain.content import ContentAsset, Offer
from domain.dossier import Standing
from domain.errors import NotSent
from domain.message import (
    Author,
    Draft,
    DraftParagraph,
    DraftSentence,
    Evidence,
    EvidenceKind,
    Finding,
    Message,
    OutboxEntry,
    OutboxStatus,
    Verdict,
)
from domain.people import (
    Account,
    Consent,
    ConsentBasis,
    ConsentGround,
    Contact,
    EmailStatus,
    LifecycleStage,
    Seniority,
)
from domain.review import DraftRecord
from domain.sender import SenderProfile
from evals.market.sample import sample_assets
from policies.contactable import may_contact
from policies.content import review_message
from policies.quiet_hours import next_open
from policies.rulebook import RuleBook
from policies.send import check_send
from tools.channels.mime import to_mime

KEY = b"compliance evaluation"
TODAY = date(2026, 11, 24)
OUTBOX_ID = "m_0123456789abcdef"
CAMPAIGN = Campaign(
    id="autumn", name="Autumn", goal=Goal(outcome=Outcome.MEETING, worth_cents=50_000), autonomy="guarded"
)
VOICES: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("voices.yaml").read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Scene:
    """One message on its way, and what stands around it. `said` and `raw` override what follows from the draft."""

    contact: Contact
    consents: tuple[Consent, ...]
    asset: ContentAsset
    sender: SenderProfile
    draft: Draft
    evidence: tuple[Evidence, ...]
    now: datetime
    rules: RuleBook
    standing_parts: dict[str, Any] = field(default_factory=dict)
    said: Message | None = None
    entry_parts: dict[str, Any] = field(default_factory=dict)
    change_raw: Callable[[bytes], bytes] | None = None

    @property
    def message(self) -> Message:
        """What would arrive."""
        return self.said or letter.address(
            self.draft,
            contact=self.contact,
            asset=self.asset,
            campaign=CAMPAIGN,
            sender=self.sender,
            outbox_id=OUTBOX_ID,
            link_key=KEY,
        )

    @property
    def raw(self) -> bytes | None:
        """The mail in bytes, or None where it cannot be written."""
        try:
            raw = to_mime(self.message, self.now)
        except NotSent:
            return None
        return self.change_raw(raw) if self.change_raw else raw

    @property
    def standing(self) -> Standing:
        """What decides whether the contact may be written to."""
        industry = self.asset.industries[0] if self.asset.industries else None
        account = Account(id="a_1", name="Northwind", industry=industry)
        known = {"contact": self.contact, "consents": self.consents, "account": account}
        parts = {**known, **self.standing_parts}
        return Standing(**parts)

    def at_draft(self) -> tuple[Finding, ...]:
        """Everything found when the contact was chosen and the message drafted."""
        refusal = may_contact(self.standing, None, self.now, self.rules, self.asset)
        verdict = review_message(
            self.message,
            self.draft,
            self.evidence,
            self.asset,
            self.sender,
            self.rules,
            self.now.date(),
            raw=self.raw,
        )
        refused = Verdict(findings=()) if refusal is None else _refused(refusal.rule_id, refusal.reason)
        return (*refused.findings, *verdict.findings)

    def at_send(self) -> tuple[Finding, ...]:
        """Everything found inside the sending transaction, where nothing was found before."""
        message = self.message
        entry = OutboxEntry(
            id=OUTBOX_ID,
            run_id="r_1",
            campaign_id=CAMPAIGN.id,
            contact_id=self.contact.id,
            decision_id="d_1",
            message=message,
            status=OutboxStatus.APPROVED,
            not_before=self.now,
            approved_sha256=message.sha256,
            updated_at=self.now,
        ).model_copy(update=self.entry_parts)
        made = DraftRecord(
            decision_id="d_1",
            run_id="r_1",
            contact_id=self.contact.id,
            evidence=self.evidence,
            draft=self.draft,
            verdict=Verdict(),
            message=message,
            kept_at=self.now,
        )
        return check_send(
            self.standing,
            entry,
            self.sender,
            self.rules,
            self.now,
            asset=self.asset,
            made=made,
            raw=self.raw,
        ).findings

    def saying(self, *sentences: DraftSentence | str, subject: str | None = None) -> Scene:
        """The same scene with sentences put into the draft, and maybe another subject."""
        added = tuple(DraftSentence(text=s) if isinstance(s, str) else s for s in sentences)
        first, *rest = self.draft.paragraphs
        paragraphs = (DraftParagraph(sentences=(*first.sentences, *added)), *rest)
        update = {"paragraphs": paragraphs, "subject": self.draft.subject if subject is None else subject}
        return replace(self, draft=self.draft.model_copy(update=update))

    def with_message(self, **changes: Any) -> Scene:
        """The same scene with fields of the message itself changed."""
        return replace(self, said=self.message.model_copy(update=changes))


def clean_scene(rng: random.Random, rules: RuleBook, *, with_offer: bool = False) -> Scene:
    """Draw one scene nothing is wrong with."""
    asset = rng.choice(_offering() if with_offer else _plain_assets())
    contact, consents = _person(rng, asset)
    claim = rng.choice(asset.claims)
    evidence = (
        Evidence(id="E1", kind=EvidenceKind.CLAIM, ref=f"claim:{claim.id}", text=claim.text),
        Evidence(
            id="E2",
            kind=EvidenceKind.EVENT,
            ref="event:crm:1",
            text="Filled in a form on 3 November 2026: “How do other sites handle late trucks?”.",
            is_tainted=True,
        ),
        Evidence(
            id="E3",
            kind=EvidenceKind.EVENT,
            ref="events:page_viewed:pricing",
            text="Visited pricing pages 6 times in 3 days, last on 20 November 2026.",
            is_private=True,
        ),
    )
    opener = rng.choice(VOICES["openers"])
    said = (
        DraftSentence(text=opener["text"], evidence=tuple(opener.get("cites", ()))),
        DraftSentence(text=claim.text, evidence=("E1",)),
        DraftSentence(text=rng.choice(VOICES["middles"])),
    )
    closing = DraftParagraph(sentences=(DraftSentence(text=rng.choice(VOICES["questions"])),))
    draft = Draft(
        subject=rng.choice(VOICES["subjects"]),
        paragraphs=(DraftParagraph(sentences=said), closing),
        author=Author.MODEL,
        prompt_id="outreach_composer/v2",
        prompt_sha256="0" * 64,
        model="stand-in",
    )
    start = datetime(2026, 11, 24, 6, tzinfo=UTC) + timedelta(minutes=rng.randrange(600))
    return Scene(
        contact=contact,
        consents=consents,
        asset=asset,
        sender=rng.choice(_senders()),
        draft=draft,
        evidence=evidence,
        now=next_open(contact, start, rules),
        rules=rules,
    )


def _refused(rule_id: str, reason: str) -> Verdict:
    from policies.case import block

    return Verdict(findings=(block(rule_id, reason),))


def _person(rng: random.Random, asset: ContentAsset) -> tuple[Contact, tuple[Consent, ...]]:
    where = rng.choice(VOICES["places"])
    first, last = rng.choice(VOICES["people"])
    contact = Contact(
        id="c_1",
        account_id="a_1",
        email=rng.choice(VOICES["addresses"]),
        email_status=EmailStatus.USABLE,
        first_name=first,
        last_name=last,
        country=where.get("country"),
        region=where.get("region"),
        time_zone=where.get("zone"),
        lifecycle_stage=asset.stages[0] if asset.stages else LifecycleStage.LEAD,
        seniority=asset.seniorities[0] if asset.seniorities else Seniority.MANAGER,
    )
    basis = rng.choice(where["bases"])
    return contact, () if basis == "none" else (consent(ConsentBasis(basis), asset),)


def consent(basis: ConsentBasis, asset: ContentAsset, days: int = 60, **changes: Any) -> Consent:
    """A complete record of this basis, so many days old at the evaluation's day."""
    at = datetime(2026, 11, 24, tzinfo=UTC) - timedelta(days=days)
    record = Consent(
        contact_id="c_1",
        basis=basis,
        is_granted=True,
        recorded_at=at,
        source="form on the website",
        wording="Yes, write to me about yard management.",
        proof="forms.csv, row 12",
    )
    if basis is ConsentBasis.SOFT_OPT_IN:
        bought = {
            "ground": ConsentGround.PURCHASE,
            "ground_ref": "order 4711",
            "goods": ", ".join(asset.topics),
            "opt_out_offered": True,
        }
        record = record.model_copy(update=bought)
    return record.model_copy(update=changes)


OFFER = Offer(
    id="O-9",
    name="Autumn plan",
    terms="20% off the first year for existing customers.",
    price_cents=120_000,
    currency="EUR",
    discount_percent=20,
    valid_until=date(2026, 12, 31),
)


@cache
def _plain_assets() -> Sequence[ContentAsset]:
    fitting = [a for a in sample_assets() if a.claims and a.offer is None and a.topics]
    return tuple(a for a in fitting if all(c.expires_on is None or c.expires_on > TODAY for c in a.claims))


@cache
def _offering() -> Sequence[ContentAsset]:
    return tuple(asset.model_copy(update={"offer": OFFER}) for asset in _plain_assets())


@cache
def _senders() -> Sequence[SenderProfile]:
    return tuple(SenderProfile.model_validate(values) for values in VOICES["senders"])
