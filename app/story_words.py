"""A contact's story in a marketer's words: one line a moment, with where it is known from.

`about` and `text` may be words from outside. Whoever shows a line escapes them; nobody takes them for more than words.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from app.reasons import name_of
from domain.base import Noun, UtcDatetime
from domain.content import ContentAsset
from domain.decision import Arm, Decision
from domain.errors import NotFound
from domain.events import Event, EventKind
from domain.message import OutboxEntry, OutboxStatus
from domain.people import Consent, Suppression
from domain.review import Review, ReviewAct
from domain.run import ContactOutcome, RunContact
from domain.story import Moment, StoryKind
from policies.explain import describe
from policies.rulebook import RuleBook


class Teller(StrEnum):
    """Whose doing a line is."""

    THEIRS = "theirs"
    OURS = "ours"
    TEAM = "team"
    RECORD = "record"


class StoryLine(Noun):
    """One moment as a person reads it. `marks` are short labels, such as `by a machine` or `dry run`.

    `decision_id` and `proposal_id` lead to where more of it stands.
    """

    at: UtcDatetime
    kind: StoryKind
    teller: Teller
    title: str
    about: str = ""
    text: str = ""
    source: str = ""
    marks: tuple[str, ...] = ()
    campaign_id: str | None = None
    decision_id: str | None = None
    proposal_id: str | None = None


EVENT_WORDS: dict[EventKind, str] = {
    EventKind.EMAIL_SENT: "Another tool wrote to them",
    EventKind.EMAIL_DELIVERED: "E-mail delivered",
    EventKind.EMAIL_OPENED: "Opened an e-mail",
    EventKind.EMAIL_CLICKED: "Clicked a link in an e-mail",
    EventKind.EMAIL_REPLIED: "Replied",
    EventKind.EMAIL_FORWARDED: "Forwarded an e-mail",
    EventKind.EMAIL_BOUNCED: "E-mail bounced for good",
    EventKind.EMAIL_SOFT_BOUNCED: "E-mail bounced for now",
    EventKind.EMAIL_COMPLAINED: "Reported an e-mail as spam",
    EventKind.EMAIL_UNSUBSCRIBED: "Unsubscribed",
    EventKind.EMAIL_DEFERRED: "E-mail put off by the receiver",
    EventKind.EMAIL_DROPPED: "E-mail dropped by the provider",
    EventKind.PAGE_VIEWED: "Viewed a page",
    EventKind.FORM_SUBMITTED: "Filled in a form",
    EventKind.CONTENT_DOWNLOADED: "Downloaded content",
    EventKind.WEBINAR_ATTENDED: "Attended a webinar",
    EventKind.TRIAL_STARTED: "Started a trial",
    EventKind.PRODUCT_USED: "Used the product",
    EventKind.MEETING_BOOKED: "Booked a meeting",
    EventKind.MEETING_HELD: "Met with us",
    EventKind.CALL_HELD: "Call held",
    EventKind.NOTE_ADDED: "Note",
    EventKind.TASK_ADDED: "Task",
    EventKind.TICKET_OPENED: "Opened a support ticket",
    EventKind.STAGE_CHANGED: "Stage changed",
    EventKind.DEAL_CREATED: "A deal was opened",
    EventKind.DEAL_STAGE_CHANGED: "A deal moved on",
    EventKind.DEAL_WON: "A deal was won",
    EventKind.DEAL_LOST: "A deal was lost",
    EventKind.CUSTOMER_LOST: "The company left us",
    EventKind.RENEWED: "The company renewed",
}

MESSAGE_WORDS: dict[OutboxStatus, str] = {
    OutboxStatus.PENDING: "A message waits for a person",
    OutboxStatus.APPROVED: "A message is approved and waits for its time",
    OutboxStatus.HELD: "An approved message is overdue and waits for a person",
    OutboxStatus.SENDING: "A message is being sent",
    OutboxStatus.SENT: "We wrote to them",
    OutboxStatus.UNKNOWN: "A message may or may not have gone out",
    OutboxStatus.FAILED: "A message could not be sent",
    OutboxStatus.REFUSED: "A rule stopped a message at the last moment",
    OutboxStatus.WITHDRAWN: "A message was withdrawn",
}

OUTCOME_WORDS: dict[ContactOutcome, str] = {
    ContactOutcome.REFUSED: "refused by a rule",
    ContactOutcome.HELD_OUT: "held out, to be compared with",
    ContactOutcome.SILENT: "stayed silent",
    ContactOutcome.DECIDED_BEFORE: "an earlier silence still held",
    ContactOutcome.QUEUED: "about to be drafted",
    ContactOutcome.WAITING: "waits for a person",
    ContactOutcome.SCHEDULED: "approved, waits for its time",
    ContactOutcome.SENT: "sent",
    ContactOutcome.SHADOWED: "drafted only: the campaign runs in shadow",
    ContactOutcome.BLOCKED: "blocked by the review",
    ContactOutcome.REJECTED: "rejected by a person",
    ContactOutcome.NOT_SENT: "not sent",
    ContactOutcome.UNKNOWN: "nobody can tell whether it went out",
    ContactOutcome.PARKED: "put aside after failing three times",
    ContactOutcome.NOT_REACHED: "the run ended before their turn",
}

_REVIEW_WORDS = {
    ReviewAct.APPROVE: "approved a message",
    ReviewAct.EDIT: "edited a message",
    ReviewAct.REJECT: "rejected a message",
    ReviewAct.ANSWER: "asked for another draft",
}

_OURS = frozenset({EventKind.EMAIL_SENT, EventKind.NOTE_ADDED, EventKind.TASK_ADDED})


def told(
    moment: Moment, assets: Mapping[str, ContentAsset], rules: RuleBook, names: Mapping[str, str]
) -> StoryLine:
    """Put one moment into words; `names` of members by their id."""
    if moment.event:
        return _event(moment, moment.event)
    if moment.message:
        return _message(moment, moment.message)
    if moment.decision:
        return _decision(moment, moment.decision, assets)
    if moment.line:
        return _line(moment, moment.line, rules)
    if moment.review:
        return _review(moment, moment.review, names)
    if moment.consent:
        return _consent(moment, moment.consent)
    if moment.stop:
        return _stop(moment, moment.stop)
    raise ValueError(f"the moment {moment.place} holds nothing")


def _event(moment: Moment, event: Event) -> StoryLine:
    title = EVENT_WORDS[event.kind]
    if event.kind is EventKind.STAGE_CHANGED and event.properties.get("to"):
        left = event.properties.get("from")
        title = f"Stage changed{f' from {left}' if left else ''} to {event.properties['to']}"
    about = event.subject or event.topic or event.asset_id or ""
    topic = f"topic {event.topic}" if event.topic and event.subject else ""
    return StoryLine(
        at=event.at,
        kind=StoryKind.EVENT,
        teller=Teller.OURS if event.kind in _OURS else Teller.THEIRS,
        title=title,
        about=about,
        text=event.text or "",
        source=event.source,
        marks=tuple(mark for mark in ("by a machine" if event.is_machine else "", topic) if mark),
    )


def _message(moment: Moment, entry: OutboxEntry) -> StoryLine:
    return StoryLine(
        at=moment.place.at,
        kind=StoryKind.MESSAGE,
        teller=Teller.OURS,
        title=MESSAGE_WORDS[entry.status],
        about=entry.message.subject,
        text=entry.detail if entry.status not in {OutboxStatus.SENT, OutboxStatus.APPROVED} else "",
        source="outbox",
        campaign_id=entry.campaign_id,
        decision_id=entry.decision_id,
    )


def _decision(moment: Moment, decision: Decision, assets: Mapping[str, ContentAsset]) -> StoryLine:
    is_held_out = decision.arm is Arm.HOLDOUT
    outcome = moment.line.outcome if moment.line else None
    says_more = outcome not in {None, ContactOutcome.HELD_OUT, ContactOutcome.SILENT}
    said = OUTCOME_WORDS[outcome] if outcome and says_more else ""
    return StoryLine(
        at=decision.decided_at,
        kind=StoryKind.DECISION,
        teller=Teller.OURS,
        title="Held out" if is_held_out else f"Decided: {name_of(decision.action, assets)}",
        # The first reason says how it was drawn; the rest stands behind "why".
        text=decision.reasons[0] if decision.reasons else "",
        source=decision.learner_version,
        marks=tuple(mark for mark in ("dry run" if moment.is_rehearsal else "", said) if mark),
        campaign_id=decision.campaign_id,
        decision_id=decision.id,
    )


def _line(moment: Moment, line: RunContact, rules: RuleBook) -> StoryLine:
    return StoryLine(
        at=moment.place.at,
        kind=StoryKind.LINE,
        teller=Teller.OURS,
        title=f"No decision: {OUTCOME_WORDS[line.outcome]}",
        about=f"{line.rule_id} {title_of(line.rule_id, rules)}" if line.rule_id else "",
        text=line.reason,
        source="rules" if line.rule_id else "",
        marks=("dry run",) if moment.is_rehearsal else (),
        campaign_id=moment.campaign_id,
    )


def _review(moment: Moment, review: Review, names: Mapping[str, str]) -> StoryLine:
    return StoryLine(
        at=review.at,
        kind=StoryKind.REVIEW,
        teller=Teller.TEAM,
        title=f"{names.get(review.reviewer, review.reviewer)} {_REVIEW_WORDS[review.act]}",
        about=review.subject or "",
        text=review.reason,
        campaign_id=moment.campaign_id,
        proposal_id=review.proposal_id,
    )


def _consent(moment: Moment, consent: Consent) -> StoryLine:
    said = "Consent given" if consent.is_granted else "Consent refused or withdrawn"
    return StoryLine(
        at=consent.recorded_at,
        kind=StoryKind.CONSENT,
        teller=Teller.RECORD,
        title=f"{said}: {consent.basis.value.replace('_', ' ')}, {consent.channel}",
        text=consent.wording or "",
        source=consent.source,
    )


def _stop(moment: Moment, stop: Suppression) -> StoryLine:
    return StoryLine(
        at=stop.since,
        kind=StoryKind.STOP,
        teller=Teller.RECORD,
        title=f"Stopped: {stop.reason.value.replace('_', ' ')}",
        about=stop.channel if stop.channel not in {"all", "email"} else "",
        source=stop.source,
    )


def title_of(rule_id: str, rules: RuleBook) -> str:
    """A rule's title; empty where a rule of another day is no longer in the book."""
    try:
        return describe(rule_id, rules).title
    except NotFound:
        return ""
