"""A contact's story: everything that is on record, newest first, page by page without a gap or a repeat."""

from __future__ import annotations

from datetime import datetime

import pytest
from sqlalchemy import Engine

from domain.events import Event, EventKind
from domain.message import OutboxStatus, Receipt, Verdict
from domain.people import Consent, ConsentBasis, Suppression, SuppressionReason
from domain.run import ContactOutcome, Run, RunContact
from domain.story import StoryKind, StoryPlace
from memory.crm import codec
from memory.crm.journal import Journal
from memory.crm.outbox import OutboxStore
from memory.crm.proposals import ProposalStore
from memory.crm.runs import RunStore
from memory.crm.statements import CONSENTS, SUPPRESSIONS, insert_all, writing
from memory.crm.stories import StoryReader
from tests.contracts.crm_sample import (
    ADA,
    BEN,
    CAMPAIGN,
    DAY,
    HOUR,
    NOON,
    RUN,
    decision,
    pending,
    proposal,
    review,
    seed,
)


def happened(number: int, at: datetime, contact_id: str | None = ADA.id) -> Event:
    return Event(
        id=f"web:{number:04}",
        kind=EventKind.PAGE_VIEWED,
        at=at,
        source="web",
        contact_id=contact_id,
        account_id="a_1",
    )


@pytest.fixture
def stories(engine: Engine) -> StoryReader:
    """Ada: decided, asked about, approved and sent in one run, refused in the next; one consent, one stop."""
    seed(engine)
    runs = RunStore(engine)
    line = RunContact(
        run_id=RUN.id, contact_id=ADA.id, outcome=ContactOutcome.WAITING, decision_id="d_r_1_c_ada", updated_at=NOON
    )  # fmt: skip
    runs.record(RUN.id, [decision(ADA)], [line])
    runs.finish(RUN.id, NOON)
    later = Run(**{**RUN.model_dump(), "id": "r_2", "is_dry_run": True, "started_at": NOON + 2 * DAY})
    runs.start(later, CAMPAIGN)
    refused = RunContact(
        run_id="r_2", contact_id=ADA.id, outcome=ContactOutcome.REFUSED, rule_id="C-26", reason="too soon",
        updated_at=NOON + 2 * DAY,
    )  # fmt: skip
    runs.record("r_2", [], [refused])
    about = proposal(ADA)
    proposals = ProposalStore(engine)
    proposals.open(about, pending(ADA))
    proposals.settle(review(about), about)
    outbox = OutboxStore(engine, lambda: NOON)
    taken = outbox.reserve("o_r_1_c_ada", lambda _s, _e: Verdict(), NOON)
    assert taken is not None
    receipt = Receipt(provider="x", provider_message_id="1", accepted_at=NOON + HOUR)
    assert outbox.confirm(taken.id, taken.fencing_token, receipt).status is OutboxStatus.SENT
    consent = Consent(
        contact_id=ADA.id, basis=ConsentBasis.EXPRESS, is_granted=True, recorded_at=NOON - 50 * DAY, source="form"
    )  # fmt: skip
    stop = Suppression(
        address="ada@northwind.example", reason=SuppressionReason.UNSUBSCRIBED, source="page", contact_id=ADA.id,
        since=NOON + 3 * DAY,
    )  # fmt: skip
    with writing(engine) as connection:
        insert_all(connection, CONSENTS, [codec.consent_row(consent)])
        insert_all(connection, SUPPRESSIONS, [codec.suppression_row(stop)])
    return StoryReader(engine)


def test_a_story_tells_every_kind_of_thing_once_newest_first(stories: StoryReader) -> None:
    page = stories.page(ADA.id)
    told = [(moment.place.kind.value, moment.campaign_id) for moment in page.moments]
    assert told == [
        ("stop", None),
        ("line", "spring"),
        ("message", "spring"),
        ("review", "spring"),
        ("decision", "spring"),
        ("consent", None),
    ]
    assert page.older is None
    _, refused, message, reviewed, decided, consent = page.moments
    assert refused.line is not None
    assert (refused.line.rule_id, refused.is_rehearsal) == ("C-26", True)
    assert decided.decision is not None
    assert decided.line is not None
    assert (decided.line.run_id, decided.is_rehearsal) == ("r_1", False)
    assert message.message is not None
    assert message.message.message.subject == "A guide for you"
    assert reviewed.review is not None
    assert reviewed.review.reviewer == "rita"
    assert consent.consent is not None


def test_colleagues_acts_are_not_told_but_what_happened_to_the_company_is(
    stories: StoryReader, engine: Engine
) -> None:
    journal = Journal(engine, lambda: NOON)
    journal.append([happened(1, NOON, BEN.id), happened(2, NOON - HOUR, None), happened(3, NOON - DAY)])
    events = stories.page(ADA.id, kinds=[StoryKind.EVENT]).moments
    assert [moment.place.id for moment in events] == ["web:0002", "web:0003"]
    assert [m.place.id for m in stories.page(BEN.id).moments] == ["web:0001", "web:0002"]


def test_pages_join_to_the_whole_story_even_where_many_things_share_one_instant(
    stories: StoryReader, engine: Engine
) -> None:
    Journal(engine, lambda: NOON).append([happened(n, NOON) for n in range(9)])
    whole = [moment.place for moment in stories.page(ADA.id, limit=100).moments]
    assert len(whole) == 15
    for size in (1, 2, 4, 7):
        seen: list[StoryPlace] = []
        after: StoryPlace | None = None
        while True:
            page = stories.page(ADA.id, after, limit=size)
            seen += [moment.place for moment in page.moments]
            after = page.older
            if after is None:
                break
        assert seen == whole


def test_what_happens_meanwhile_moves_nothing_to_another_page(stories: StoryReader, engine: Engine) -> None:
    first = stories.page(ADA.id, limit=2)
    rest = stories.page(ADA.id, first.older, limit=10).moments
    Journal(engine, lambda: NOON).append([happened(1, NOON + 9 * DAY)])
    assert stories.page(ADA.id, first.older, limit=10).moments == rest


def test_nobodys_story_is_empty(stories: StoryReader) -> None:
    assert stories.page("c_nobody").moments == ()
