"""One proposal's whole picture: everything a reviewer needs to decide about it, read in one go."""

from __future__ import annotations

from collections.abc import Mapping
from email import message_from_bytes
from email.policy import default
from typing import TYPE_CHECKING

from app.four_eyes import author_of, is_alone
from app.marked import Piece, marked
from app.queue_marks import expires_at
from app.who import names_of
from app.why import stored_why
from domain.base import Noun, UtcDatetime
from domain.content import ContentAsset
from domain.errors import NotFound
from domain.events import Event, EventKind
from domain.message import Draft, Evidence, EvidenceKind, Message, OutboxStatus
from domain.people import Account, Contact, Deal
from domain.review import Proposal, Review
from domain.review_queue import QueueLine
from domain.why import Why

if TYPE_CHECKING:
    from app.wiring import House

STORY_ITEMS = 40
"""So much of a contact's story is shown, besides what the message rests on."""


class Source(Noun):
    """One fact a message may rest on, in words for a reviewer; `event_id` where the story shows it.

    `is_used` where a sentence of the draft names it.
    """

    id: str
    what: str
    text: str
    ref: str
    at: UtcDatetime | None = None
    event_id: str | None = None
    is_tainted: bool = False
    is_private: bool = False
    is_used: bool = False


class StoryItem(Noun):
    """One thing that happened. `ours` marks what we sent, `is_source` what the message rests on."""

    id: str
    at: UtcDatetime
    kind: str
    text: str
    ours: bool = False
    is_source: bool = False
    is_machine: bool = False


class Picture(Noun):
    """A proposal with its grounds. `subject` and `text` are the message's, in pieces."""

    line: QueueLine
    proposal: Proposal
    contact: Contact
    account: Account | None
    deals: tuple[Deal, ...]
    asset: ContentAsset | None
    why: Why | None
    subject: tuple[Piece, ...]
    text: tuple[Piece, ...]
    sources: tuple[Source, ...]
    story: tuple[StoryItem, ...]
    reviews: tuple[Review, ...]
    outbox_status: OutboxStatus
    outbox_detail: str
    author: str | None
    is_alone: bool
    expires_at: UtcDatetime

    @property
    def known(self) -> dict[str, Source]:
        """The sources by id."""
        return {source.id: source for source in self.sources}


def picture_of(house: House, proposal_id: str) -> Picture:
    """Return everything there is to judge a proposal by. Raises `NotFound`."""
    line = house.review_queue.line(proposal_id)
    proposal = house.proposals.get(proposal_id)
    dossier = house.crm.dossier(proposal.contact_id)
    entry = house.outbox.get(house.proposals.outbox_id(proposal_id))
    asset = _asset(house, line.asset_id)
    cited = {fact.ref.removeprefix("event:").removesuffix(":notes") for fact in proposal.evidence}
    shown = {event.id for event in dossier.events}
    findings, sentences = proposal.verdict.findings, proposal.draft.sentences
    names = names_of(house.staff.members())
    return Picture(
        line=line,
        proposal=proposal,
        contact=dossier.contact,
        account=dossier.account,
        deals=dossier.deals,
        asset=asset,
        why=_why(house, proposal),
        subject=marked(proposal.message.subject, (), findings),
        text=marked(proposal.message.text, sentences, findings),
        sources=tuple(_source(fact, asset, shown, proposal.draft, names) for fact in proposal.evidence),
        story=_story(house, proposal, dossier.events, cited),
        reviews=house.proposals.reviews_of(proposal_id),
        outbox_status=entry.status,
        outbox_detail=entry.detail,
        author=author_of(house, proposal),
        is_alone=is_alone(house),
        expires_at=expires_at(house, proposal.created_at),
    )


def html_as_it_arrives(house: House, message: Message) -> str:
    """Return the HTML part of the very bytes that would leave now; the text part where there is no other.

    Raises:
        NotFound: the message cannot be written as a mail.
    """
    raw = house.bench.rendered(message)
    if raw is None:
        raise NotFound("message", message.message_id, "It cannot be written as a mail; see the findings.")
    part = message_from_bytes(raw, policy=default).get_body(("html", "plain"))
    return "" if part is None else str(part.get_content())


def _asset(house: House, asset_id: str | None) -> ContentAsset | None:
    try:
        return house.crm.asset(asset_id) if asset_id else None
    except NotFound:
        return None


def _why(house: House, proposal: Proposal) -> Why | None:
    try:
        return stored_why(house, house.crm.decision(proposal.decision_id))
    except NotFound:
        return None


def _source(
    fact: Evidence,
    asset: ContentAsset | None,
    known: set[str],
    draft: Draft,
    names: Mapping[str, str],
) -> Source:
    what = {
        EvidenceKind.EVENT: "Something they did",
        EvidenceKind.FIELD: "From the CRM",
        EvidenceKind.CLAIM: "Approved claim",
        EvidenceKind.OFFER: "Offer",
        EvidenceKind.MEMORY: "Remembered",
    }[fact.kind]
    if fact.kind is EvidenceKind.CLAIM and asset is not None:
        claim = next((one for one in asset.claims if fact.ref == f"claim:{one.id}"), None)
        if claim is not None:
            by = names.get(claim.approved_by, claim.approved_by)
            what = f"Approved claim: {claim.source}; {by}, {claim.approved_on:%-d %b %Y}"
    event_id = (
        fact.ref.removeprefix("event:").removesuffix(":notes") if fact.ref.startswith("event:") else None
    )
    return Source(
        what=what,
        event_id=event_id if event_id in known else None,
        is_used=any(fact.id in sentence.evidence for sentence in draft.sentences),
        **fact.model_dump(include={"id", "text", "ref", "at", "is_tainted", "is_private"}),
    )


def _story(
    house: House, proposal: Proposal, events: tuple[Event, ...], cited: set[str]
) -> tuple[StoryItem, ...]:
    """The newest things that happened, what the message rests on, and what we sent, newest first."""
    told = [
        StoryItem(
            id=event.id,
            at=event.at,
            kind=event.kind.value.replace("_", " "),
            text=_words(event)[:300],
            is_source=event.id in cited,
            is_machine=event.is_machine,
        )
        for place, event in enumerate(events)
        if place < STORY_ITEMS or event.id in cited
    ]
    told_of = {item.text for item in told if item.kind == "email sent"}
    ours = [
        StoryItem(id=entry.id, at=entry.updated_at, kind="we sent", text=entry.message.subject, ours=True)
        for entry in house.outbox.entries(contact_id=proposal.contact_id, status=OutboxStatus.SENT, limit=10)
        if entry.message.subject not in told_of
    ]
    return tuple(sorted([*told, *ours], key=lambda item: item.at, reverse=True))


def _words(event: Event) -> str:
    said = [event.subject or event.topic, event.text]
    if event.kind in {EventKind.STAGE_CHANGED, EventKind.DEAL_STAGE_CHANGED} and event.properties.get("to"):
        said.insert(0, f"to {event.properties['to']}")
    return " — ".join(part for part in said if part)
