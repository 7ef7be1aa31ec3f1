"""Choices on our pages, and mail that reached us: the same on both databases."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine

from domain.delivery import InboundKind, InboundMail
from domain.events import EventKind
from domain.people import SuppressionReason
from memory.crm.audit import AuditChain
from memory.crm.inbox import KEPT, InboxStore
from memory.crm.journal import Journal
from memory.crm.preferences import PreferenceStore
from memory.crm.reader import CrmStore
from tests.contracts.crm_sample import ADA, BEN, DAY, NOON
from tests.contracts.test_crm_delivery import ENTRY, Post

MAIL = InboundMail(
    id="m1",
    source="imap",
    message_id="<m1@northwind.example>",
    references=(ENTRY.message.message_id,),
    from_address="ada@northwind.example",
    subject="Re: A guide",
    text="Thanks!",
    at=NOON + 2 * DAY,
)


@pytest.fixture
def post(engine: Engine) -> Post:
    return Post(engine)


@pytest.fixture
def preferences(post: Post) -> PreferenceStore:
    return PreferenceStore(post.engine, post.audit, lambda: post.now)


@pytest.fixture
def inbox(post: Post) -> InboxStore:
    return InboxStore(post.engine, post.audit, lambda: post.now)


def reasons(post: Post, contact_id: str = ADA.id) -> list[SuppressionReason]:
    return [stop.reason for stop in CrmStore(post.engine).dossier(contact_id).standing.suppressions]


def test_an_opt_out_is_kept_once_with_its_event_its_consent_and_its_audit_line(
    post: Post, preferences: PreferenceStore
) -> None:
    for _ in range(2):
        known = preferences.opt_out(ENTRY.id, "one-click")
        assert known is not None
        assert known.is_opted_out
    assert reasons(post) == [SuppressionReason.UNSUBSCRIBED]
    assert [event.id for event in post.timeline(EventKind.EMAIL_UNSUBSCRIBED)] == [
        f"attune:{ENTRY.id}:unsubscribed"
    ]
    assert [line.kind for line in AuditChain(post.engine).lines()] == ["stop"]
    assert AuditChain(post.engine).verify() is None
    assert preferences.opt_out("o_unknown", "one-click") is None


def test_a_choice_of_topics_and_a_pause_is_kept_and_taken_back(
    post: Post, preferences: PreferenceStore
) -> None:
    chosen = preferences.choose(ENTRY.id, ["planning", "not offered"], ["planning", "prices"], 30)
    assert chosen is not None
    assert chosen.unwanted_topics == ("planning",)
    assert chosen.paused_until == post.now + 30 * DAY
    later = preferences.choose(ENTRY.id, [], ["planning", "prices"], 0)
    assert later is not None
    assert (later.unwanted_topics, later.paused_until) == ((), None)
    assert reasons(post) == []


def test_a_stop_follows_a_contact_that_was_merged(post: Post, preferences: PreferenceStore) -> None:
    from memory.crm.identities import merge_contacts
    from memory.crm.statements import writing

    with writing(post.engine) as connection:
        merge_contacts(connection, BEN.id, ADA.id)
    preferences.opt_out(ENTRY.id, "one-click")
    assert reasons(post, BEN.id) == [SuppressionReason.UNSUBSCRIBED]


def test_a_mail_is_taken_once_into_its_thread(post: Post, inbox: InboxStore) -> None:
    record = inbox.take(MAIL, InboundKind.REPLY)
    assert record is not None
    assert (record.contact_id, record.outbox_id) == (ADA.id, ENTRY.id)
    assert inbox.take(MAIL, InboundKind.REPLY) is None
    (event,) = [e for e in Journal(post.engine).timeline(ADA.id) if e.kind is EventKind.EMAIL_REPLIED]
    assert (event.text, event.asset_id) == ("Thanks!", "guide")


def test_a_reply_to_the_id_a_provider_put_in_place_of_ours_finds_its_thread(
    post: Post, inbox: InboxStore
) -> None:
    post.confirm()
    mail = MAIL.model_copy(update={"references": ("<sg1@eu-west-1.amazonses.com>",)})
    record = inbox.take(mail, InboundKind.REPLY)
    assert record is not None
    assert record.outbox_id == ENTRY.id


def test_an_unclear_mail_waits_until_a_person_settles_it(post: Post, inbox: InboxStore) -> None:
    inbox.take(MAIL, InboundKind.UNSURE, hold_reason="is it one?", span="no thanks")
    assert reasons(post) == [SuppressionReason.PAUSED]
    assert [record.id for record in inbox.records(only_waiting=True)] == ["m1"]
    inbox.settle("m1", KEPT, "rita")
    assert inbox.records(only_waiting=True) == ()
    assert reasons(post) == []


def test_a_mail_of_somebody_erased_leaves_no_trace(post: Post) -> None:
    inbox = InboxStore(post.engine, post.audit, lambda: post.now, lambda _connection, asked: asked)
    assert inbox.take(MAIL, InboundKind.OPT_OUT) is None
    assert inbox.records() == ()
    assert reasons(post) == []
