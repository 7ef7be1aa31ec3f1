"""What comes back: kept once, matched to our message, stopping whom it must, in whatever order it arrives."""

from __future__ import annotations

import random
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, select

from domain.delivery import BounceClass, MailEvent, MailEventKind, OnceToken
from domain.dossier import Standing
from domain.errors import WebhookRefused
from domain.events import Event, EventKind
from domain.message import OutboxEntry, OutboxStatus, Receipt, Severity, Verdict
from domain.people import EmailStatus, SuppressionReason
from memory.crm.audit import AuditChain
from memory.crm.delivery import DeliveryStore
from memory.crm.journal import Journal
from memory.crm.outbox import OutboxStore
from memory.crm.outcomes import OutcomeReader
from memory.crm.reader import CrmStore
from memory.crm.runs import RunStore
from memory.crm.statements import SUPPRESSIONS, WEBHOOK_EVENTS
from policies.contactable import may_contact
from policies.rulebook import load_rulebook
from tests.contracts.crm_sample import ADA, BEN, DAY, HOUR, NOON, decision, entry, seed, verdict

RULES = load_rulebook()
SENT_AT = NOON + HOUR
ENTRY = entry(ADA)


class Post:
    """A CRM with one sent message, and the store that takes what comes back."""

    def __init__(self, engine: Engine) -> None:
        seed(engine)
        self.engine = engine
        self.now = NOON + 2 * DAY
        RunStore(engine).record("r_1", [decision(ADA), decision(BEN)], [])
        self.outbox = OutboxStore(engine, lambda: self.now)
        self.audit = AuditChain(engine, lambda: self.now)
        self.store = DeliveryStore(engine, RULES.feedback, self.audit, lambda: self.now)
        self.token = self.reserve(ENTRY)

    def reserve(self, one: OutboxEntry) -> int:
        self.outbox.put(one)
        reserved = self.outbox.reserve(one.id, lambda _standing, _entry: Verdict(), SENT_AT)
        assert reserved is not None
        return reserved.fencing_token

    def confirm(self) -> None:
        receipt = Receipt(provider="sendgrid", provider_message_id="sg1", accepted_at=SENT_AT)
        self.outbox.confirm(ENTRY.id, self.token, receipt)

    def take(self, *events: MailEvent, once: OnceToken | None = None) -> Any:
        return self.store.take("sendgrid", events, once)

    def timeline(self, kind: EventKind) -> list[Event]:
        return [event for event in Journal(self.engine).timeline(ADA.id) if event.kind is kind]

    def stops(self) -> dict[tuple[str, str], datetime]:
        with self.engine.connect() as connection:
            rows = connection.execute(select(SUPPRESSIONS)).mappings()
            return {(row["address"], row["reason"]): row["since"] for row in rows}

    def refusal(self, contact_id: str = ADA.id) -> str | None:
        standing = CrmStore(self.engine, lambda: self.now).dossier(contact_id).standing
        consented = standing.model_copy(
            update={"contact": standing.contact.model_copy(update={"country": "US"})}
        )
        refusal = may_contact(consented, None, self.now, RULES)
        return refusal.rule_id if refusal else None


@pytest.fixture
def post(engine: Engine) -> Post:
    return Post(engine)


def told(kind: MailEventKind, number: int = 1, at: datetime = SENT_AT + HOUR, **changes: Any) -> MailEvent:
    event = MailEvent(provider="sendgrid", event_id=f"e{number}", kind=kind, at=at, address=ADA.email)
    return event.model_copy(update={"outbox_id": ENTRY.id, "raw": {"event": kind.value}, **changes})


def bounce(class_: BounceClass, number: int = 1, at: datetime = SENT_AT + HOUR, **changes: Any) -> MailEvent:
    return told(MailEventKind.BOUNCED, number, at, bounce=class_, **changes)


@pytest.mark.parametrize(
    "ids",
    [
        {"outbox_id": ENTRY.id},
        {"message_id": ENTRY.message.message_id},
        {"message_id": ENTRY.message.message_id.strip("<>")},
        {"provider_message_id": "sg1"},
    ],
)
def test_an_event_is_matched_by_our_id_by_message_id_or_by_the_providers(
    post: Post, ids: dict[str, str]
) -> None:
    post.confirm()
    nameless = {"outbox_id": None, "message_id": None, "provider_message_id": None, "address": None}
    post.take(told(MailEventKind.DELIVERED).model_copy(update={**nameless, **ids}))
    (event,) = post.timeline(EventKind.EMAIL_DELIVERED)
    assert event.asset_id == "guide"
    assert event.account_id == "a_1"
    assert event.properties["decision_id"] == ENTRY.decision_id
    assert event.properties["campaign_id"] == "spring"


def test_the_raw_record_is_kept_and_a_repeat_adds_nothing(post: Post) -> None:
    first = post.take(told(MailEventKind.DELIVERED), told(MailEventKind.DELIVERED))
    again = post.take(told(MailEventKind.DELIVERED))
    assert (first.new, first.repeats, again.new, again.repeats) == (1, 1, 0, 1)
    assert [row["raw"] for row in post.store.events_of(ENTRY.id)] == [{"event": "delivered"}]
    assert len(post.timeline(EventKind.EMAIL_DELIVERED)) == 1


def test_an_event_about_nobody_we_know_is_kept_and_its_stop_counts(post: Post) -> None:
    stranger = told(MailEventKind.COMPLAINED, outbox_id=None, address="Stranger@else.example")
    taken = post.take(stranger)
    assert (taken.unmatched, taken.stopped) == (1, 1)
    assert set(post.stops()) == {("stranger@else.example", "complaint")}


@pytest.mark.parametrize(
    "about",
    [
        {"address": "Ada Okafor <Ada@Northwind.example>"},
        {"address": None, "raw": {"to": ["Ada Okafor <ada@northwind.example>"]}},
    ],
)
def test_an_event_about_somebody_erased_is_dropped_however_it_names_them(
    post: Post, about: dict[str, object]
) -> None:
    def erased_among(_: object, asked: Collection[str]) -> set[str]:
        return {one for one in asked if one.lower() == "ada@northwind.example"}

    store = DeliveryStore(post.engine, RULES.feedback, post.audit, erased_among=erased_among)
    event = told(MailEventKind.OPENED, outbox_id=None).model_copy(update=about)
    taken = store.take("sendgrid", [event])
    assert (taken.new, taken.dropped) == (0, 1)


def test_an_address_with_a_name_before_it_is_stopped(post: Post) -> None:
    post.take(told(MailEventKind.COMPLAINED, outbox_id=None, address="Ada Okafor <Ada@Northwind.example>"))
    assert set(post.stops()) == {(ADA.email, "complaint")}


@pytest.mark.parametrize(
    ("event", "reason", "rule"),
    [
        (bounce(BounceClass.HARD), "hard_bounce", "C-19"),
        (told(MailEventKind.COMPLAINED), "complaint", "C-19"),
        (told(MailEventKind.UNSUBSCRIBED), "unsubscribed", "C-03"),
        (
            told(MailEventKind.REJECTED, stops=SuppressionReason.UNSUBSCRIBED),
            "unsubscribed",
            "C-03",
        ),
    ],
)
def test_a_hard_bounce_a_complaint_and_an_opt_out_stop_at_once(
    post: Post, event: MailEvent, reason: str, rule: str
) -> None:
    assert post.refusal() is None
    assert post.take(event).stopped == 1
    assert post.stops() == {(ADA.email, reason): event.at}
    assert post.refusal() == rule
    assert [line.kind for line in post.audit.lines()] == ["stop"]


def test_a_hard_bounce_marks_the_address_and_a_complaint_is_recorded_as_a_no(post: Post) -> None:
    post.take(bounce(BounceClass.HARD), told(MailEventKind.COMPLAINED, 2))
    standing = CrmStore(post.engine).dossier(ADA.id).standing
    assert standing.contact.email_status is EmailStatus.BOUNCED
    assert [(consent.is_granted, consent.source) for consent in standing.consents] == [
        (False, "webhook:sendgrid")
    ]


def test_a_stop_is_seen_by_the_next_reservation(post: Post) -> None:
    waiting = entry(BEN)
    post.outbox.put(waiting)
    post.take(told(MailEventKind.UNSUBSCRIBED, address=BEN.email, outbox_id=None))

    def check(standing: Standing, _entry: OutboxEntry) -> Verdict:
        return verdict("C-03", Severity.BLOCK) if standing.suppressions else Verdict()

    assert post.outbox.reserve(waiting.id, check, NOON + HOUR) is None
    assert post.outbox.get(waiting.id).status is OutboxStatus.REFUSED


def test_soft_bounces_make_the_address_rest_at_the_third_and_stop_nobody_for_good(post: Post) -> None:
    post.now = SENT_AT + 12 * DAY
    post.take(*(bounce(BounceClass.SOFT, n, SENT_AT + n * DAY) for n in (1, 2)))
    assert post.refusal() is None
    post.take(bounce(BounceClass.BLOCK, 3, SENT_AT + 10 * DAY))
    assert post.refusal() == "C-19"
    assert post.stops() == {}
    post.now = SENT_AT + 41 * DAY
    assert post.refusal() is None


def test_an_unknown_message_a_provider_speaks_of_was_sent(post: Post) -> None:
    post.outbox.lose(ENTRY.id, post.token, "the connection broke")
    taken = post.take(bounce(BounceClass.SOFT))
    assert [settled.status for settled in taken.settled] == [OutboxStatus.SENT]
    assert post.outbox.get(ENTRY.id).status is OutboxStatus.SENT
    assert len(post.timeline(EventKind.EMAIL_SENT)) == 1


def test_a_message_lost_after_its_event_came_is_settled_by_reconciling(post: Post) -> None:
    post.take(told(MailEventKind.DELIVERED))
    assert post.store.was_taken(ENTRY.id) is True
    assert post.outbox.get(ENTRY.id).status is OutboxStatus.SENDING
    post.outbox.lose(ENTRY.id, post.token, "the connection broke")
    assert [settled.id for settled in post.store.reconcile()] == [ENTRY.id]
    assert post.store.reconcile() == []
    assert post.outbox.get(ENTRY.id).status is OutboxStatus.SENT


def test_nothing_heard_settles_nothing(post: Post) -> None:
    post.outbox.lose(ENTRY.id, post.token, "the connection broke")
    assert post.store.was_taken(ENTRY.id) is None
    assert post.store.reconcile() == []
    assert post.outbox.get(ENTRY.id).status is OutboxStatus.UNKNOWN


def test_sent_and_queued_are_no_second_sending(post: Post) -> None:
    post.confirm()
    post.take(told(MailEventKind.SENT), told(MailEventKind.QUEUED, 2))
    assert len(post.timeline(EventKind.EMAIL_SENT)) == 1
    assert len(CrmStore(post.engine, lambda: post.now).dossier(ADA.id).standing.sent_at) == 1


def test_a_scanners_click_is_marked_even_when_the_delivery_is_told_later_and_never_counts(post: Post) -> None:
    post.confirm()
    scanner = told(MailEventKind.CLICKED, 1, SENT_AT + HOUR, url="https://a.example/1")
    person = told(MailEventKind.CLICKED, 2, SENT_AT + HOUR + timedelta(minutes=4), url="https://a.example/1")
    post.take(scanner)
    assert [event.is_machine for event in post.timeline(EventKind.EMAIL_CLICKED)] == [False]
    post.take(person, told(MailEventKind.DELIVERED, 3, SENT_AT + HOUR - timedelta(seconds=3)))
    clicks = {event.id: event.is_machine for event in post.timeline(EventKind.EMAIL_CLICKED)}
    assert clicks == {"sendgrid:e1": True, "sendgrid:e2": False}
    acts = OutcomeReader(post.engine).acts([EventKind.EMAIL_CLICKED], post.now)
    assert [act.at for act in acts] == [person.at]


def test_what_a_provider_tells_reaches_the_outcomes_of_the_decision(post: Post) -> None:
    post.confirm()
    post.take(told(MailEventKind.COMPLAINED))
    (harm,) = OutcomeReader(post.engine).harm(post.now, "spring")
    assert (harm.contact_id, harm.reason) == (ADA.id, SuppressionReason.COMPLAINT)


def test_a_token_is_good_for_one_body_and_its_repeat(post: Post) -> None:
    once = OnceToken(token="t", body_sha256="a" * 64)
    assert post.take(told(MailEventKind.DELIVERED), once=once).new == 1
    assert post.take(told(MailEventKind.DELIVERED), once=once).repeats == 1
    forged = once.model_copy(update={"body_sha256": "b" * 64})
    with pytest.raises(WebhookRefused, match="used before"):
        post.take(told(MailEventKind.COMPLAINED, 2), once=forged)
    assert post.stops() == {}


@pytest.mark.parametrize("seed_", range(3))
def test_the_order_of_events_changes_nothing(engine: Engine, seed_: int) -> None:
    post = Post(engine)
    post.confirm()
    events = [
        told(MailEventKind.DELIVERED, 1, SENT_AT + timedelta(seconds=30)),
        told(MailEventKind.CLICKED, 2, SENT_AT + timedelta(seconds=33), url="https://a.example/1"),
        told(MailEventKind.UNSUBSCRIBED, 3, SENT_AT + 3 * HOUR),
        told(MailEventKind.UNSUBSCRIBED, 4, SENT_AT + 2 * HOUR),
        told(MailEventKind.COMPLAINED, 5, SENT_AT + 4 * HOUR, address="alias@else.example"),
        *(bounce(BounceClass.SOFT, 10 + n, SENT_AT + n * DAY) for n in range(4)),
    ]
    shuffled = events * 3
    random.Random(seed_).shuffle(shuffled)
    for event in shuffled:
        post.take(event)
    assert post.stops() == {
        (ADA.email, "unsubscribed"): SENT_AT + 2 * HOUR,
        (ADA.email, "complaint"): SENT_AT + 4 * HOUR,
        ("alias@else.example", "complaint"): SENT_AT + 4 * HOUR,
    }
    assert [event.is_machine for event in post.timeline(EventKind.EMAIL_CLICKED)] == [True]
    assert len(ids(post.store.events_of(ENTRY.id))) == len(events)


def ids(rows: Sequence[Any]) -> set[str]:
    return {row["id"] for row in rows}


def test_a_bounce_of_an_old_address_says_nothing_of_the_contact(post: Post) -> None:
    post.take(bounce(BounceClass.HARD, address="old@else.example"))
    assert set(post.stops()) == {("old@else.example", "hard_bounce")}
    assert post.refusal() is None


def test_what_is_told_of_somebody_erased_leaves_no_trace(engine: Engine) -> None:
    post = Post(engine)
    store = DeliveryStore(
        engine,
        RULES.feedback,
        post.audit,
        lambda: post.now,
        lambda _connection, asked: set(asked) & {"gone@else.example"},
    )
    gone = told(MailEventKind.COMPLAINED, 1, outbox_id=None, address="gone@else.example")
    taken = store.take("sendgrid", [gone, told(MailEventKind.DELIVERED, 2)])
    assert (taken.new, taken.dropped) == (1, 1)
    assert post.stops() == {}
    with engine.connect() as connection:
        assert connection.execute(select(WEBHOOK_EVENTS.c.id)).scalars().all() == ["sendgrid:e2"]


def test_a_raw_record_with_characters_no_text_column_takes_is_kept_whole(post: Post) -> None:
    raw: dict[str, Any] = {"reason": "bad\x00word", "half": "\ud800", "deep": [[[{}]]]}
    assert post.take(told(MailEventKind.DELIVERED, raw=raw)).new == 1


def test_many_webhooks_at_once_count_once_and_do_not_stand_in_each_others_way(post: Post) -> None:
    post.confirm()
    events = [
        told(MailEventKind.DELIVERED, 1),
        told(MailEventKind.UNSUBSCRIBED, 2, SENT_AT + 2 * HOUR),
        told(MailEventKind.UNSUBSCRIBED, 3, SENT_AT + 3 * HOUR),
        told(MailEventKind.COMPLAINED, 4, address="alias@else.example"),
        bounce(BounceClass.HARD, 5),
        *(
            told(MailEventKind.CLICKED, 10 + n, SENT_AT + n * HOUR, url="https://a.example/1")
            for n in range(1, 6)
        ),
    ]

    def tell(number: int) -> int:
        mixed = list(events)
        random.Random(number).shuffle(mixed)
        return sum(post.take(*mixed[start : start + 4]).new for start in range(0, len(mixed), 4))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(tell, range(24)))
    assert len(post.store.events_of(ENTRY.id)) == len(events)
    assert post.stops()[ADA.email or "", "unsubscribed"] == SENT_AT + 2 * HOUR
    assert len(post.timeline(EventKind.EMAIL_CLICKED)) == 5
    assert post.audit.verify() is None
