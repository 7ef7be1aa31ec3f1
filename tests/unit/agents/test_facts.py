from __future__ import annotations

import unicodedata
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from agents.facts import MOST_FACTS, gather
from agents.wording import LONGEST_QUOTE_CHARS, label, quoted
from domain.dossier import Dossier, Standing
from domain.events import Event, EventKind
from domain.history import MemoryKind, Recalled, Remembered
from domain.message import Evidence, EvidenceKind
from domain.people import Contact
from tests.unit.agents.samples import (
    GUIDE,
    INJECTION,
    NOW,
    customer,
    days_ago,
    eager,
    event,
    executive,
    lesson,
)

ANYONE = Standing(contact=Contact(id="c-0"))


def _from_events(*events: Event) -> tuple[Evidence, ...]:
    return gather(Dossier(standing=ANYONE, events=events), (), GUIDE, NOW)


def _by_ref(facts: tuple[Evidence, ...]) -> dict[str, Evidence]:
    return {fact.ref: fact for fact in facts}


def test_page_views_of_one_topic_are_one_private_sentence_with_count_and_last_day() -> None:
    fact = _by_ref(gather(eager(), (), GUIDE, NOW))["events:page_viewed:pricing"]
    assert fact.text == "Visited pricing pages 3 times in 9 days, last on 12 Nov 2026."
    assert fact.is_private
    assert not fact.is_tainted
    assert fact.topic == "pricing"
    assert fact.at == days_ago(12)


def test_what_a_machine_did_never_counts() -> None:
    facts = _from_events(
        event(1, EventKind.EMAIL_CLICKED, 1, topic="pricing", is_machine=True),
        event(2, EventKind.EMAIL_REPLIED, 1, text="Out of office", is_machine=True),
    )
    assert not [fact for fact in facts if "crm:" in fact.ref or "email_clicked" in fact.ref]


def test_what_lies_in_the_future_never_counts() -> None:
    facts = _from_events(event(1, EventKind.EMAIL_REPLIED, -1, text="from tomorrow"))
    assert "event:crm:1" not in _by_ref(facts)


def test_what_the_person_knowingly_did_may_be_said_and_its_words_are_tainted() -> None:
    fact = _by_ref(gather(eager(), (), GUIDE, NOW))["event:crm:5"]
    assert not fact.is_private
    assert fact.is_tainted
    assert INJECTION in fact.text


def test_notes_calls_deals_tickets_and_telemetry_are_private() -> None:
    facts = _by_ref(gather(executive(), (), GUIDE, NOW)) | _by_ref(
        _from_events(
            event(1, EventKind.CALL_HELD, 1, text="angry"),
            event(2, EventKind.TICKET_OPENED, 1, subject="Broken map"),
            event(3, EventKind.PRODUCT_USED, 1, topic="maps"),
            event(4, EventKind.EMAIL_OPENED, 1),
        )
    )
    refs = (
        "event:crm:20",
        "deal:d-2",
        "event:crm:1",
        "event:crm:2",
        "events:product_used:maps",
        "events:email_opened",
    )
    assert all(facts[ref].is_private for ref in refs)


def test_a_meeting_may_be_said_but_our_notes_of_it_may_not() -> None:
    facts = _by_ref(gather(customer(), (), GUIDE, NOW))
    assert facts["event:crm:34"].text == "Met with us on 4 Nov 2026."
    assert not facts["event:crm:34"].is_private
    assert facts["event:crm:34:notes"].is_private
    assert "Budget is tight" in facts["event:crm:34:notes"].text


def test_an_open_deal_is_told_with_stage_amount_and_the_contacts_part() -> None:
    fact = _by_ref(gather(executive(), (), GUIDE, NOW))["deal:d-2"]
    assert fact.text == (
        "Open deal (renewal) at stage “Negotiation”, worth 42,000 GBP, expected to close on 15 Dec 2026; "
        "this contact's part: economic buyer."
    )


def test_an_expired_claim_is_no_fact_and_a_valid_one_is() -> None:
    facts = _by_ref(gather(eager(), (), GUIDE, NOW))
    assert "claim:C-old" not in facts
    assert facts["claim:C-1"].kind is EvidenceKind.CLAIM
    assert not facts["claim:C-1"].is_tainted


def test_a_claim_still_counts_on_the_day_it_expires() -> None:
    assert "claim:C-old" in _by_ref(gather(eager(), (), GUIDE, NOW - timedelta(days=1)))


def test_an_offer_is_told_with_price_and_end_until_it_ends() -> None:
    assert _by_ref(gather(eager(), (), GUIDE, NOW))["offer:O-1"].text == (
        "Offer “Pilot month”: One depot, one month, no setup fee. Price: 490 EUR. Valid until 31 Dec 2026."
    )
    assert "offer:O-1" not in _by_ref(gather(eager(), (), GUIDE, NOW + timedelta(days=60)))


def test_a_memory_of_an_event_already_told_is_not_told_twice() -> None:
    twice = Recalled(
        remembered=Remembered(
            contact_id="c-user",
            kind=MemoryKind.REPLY,
            text="Could we plan two depots at once?",
            at=days_ago(8),
            ref="event:crm:31",
        ),
        score=1,
        similarity=1,
        recency=1,
    )
    facts = gather(customer(), (twice,), GUIDE, NOW)
    assert [fact.ref for fact in facts].count("event:crm:31") == 1


def test_a_reviewers_lesson_is_ours_and_private() -> None:
    fact = _by_ref(gather(customer(), (lesson(),), GUIDE, NOW))["review:9"]
    assert fact.kind is EvidenceKind.MEMORY
    assert fact.is_private
    assert not fact.is_tainted


def test_custom_attributes_and_event_properties_never_become_facts() -> None:
    contact = Contact(id="c-0", attributes={"religion": "zoroastrian"})
    facts = gather(
        Dossier(
            standing=Standing(contact=contact),
            events=(event(1, EventKind.FORM_SUBMITTED, 1, properties={"health": "asthma"}),),
        ),
        (),
        GUIDE,
        NOW,
    )
    told = " ".join(fact.text for fact in facts)
    assert "zoroastrian" not in told
    assert "asthma" not in told


def test_a_topic_longer_than_a_label_is_not_repeated_as_ours() -> None:
    facts = _from_events(event(1, EventKind.PAGE_VIEWED, 1, topic=INJECTION))
    assert "previous instructions" not in " ".join(fact.text for fact in facts)
    assert "events:page_viewed" in _by_ref(facts)


def test_too_many_facts_keep_the_claims_and_the_newest_acts() -> None:
    crowd = [
        event(number, kind, number)
        for number, kind in enumerate((k for k in EventKind for _ in range(5)), start=1)
    ]
    facts = _from_events(*crowd, event(900, EventKind.EMAIL_REPLIED, 0.5, text="Call me"))
    refs = _by_ref(facts)
    assert len(facts) == MOST_FACTS
    assert {"claim:C-1", "offer:O-1", "asset:A-7", "event:crm:900"} <= refs.keys()


@given(
    st.lists(
        st.builds(
            lambda kind, hours, text, number: event(number, kind, hours / 24, text=text, topic=text),
            st.sampled_from(EventKind),
            st.integers(-48, 20_000),
            st.none() | st.text(max_size=400),
            st.integers(1, 10_000),
        ),
        max_size=30,
    )
)
def test_ids_count_up_and_the_same_facts_come_in_the_same_order(events: list[Event]) -> None:
    facts = _from_events(*events)
    assert [fact.id for fact in facts] == [f"E{n}" for n in range(1, len(facts) + 1)]
    assert len(facts) <= MOST_FACTS
    assert facts == _from_events(*events)
    assert all("\n" not in fact.text for fact in facts)


@given(st.text(max_size=300))
def test_a_quote_is_one_short_line_that_its_words_cannot_close(words: str) -> None:
    quote = quoted(words)
    assert quote.count("“") == quote.count("”") == 1
    assert len(quote) <= LONGEST_QUOTE_CHARS + 2
    assert not [c for c in quote if unicodedata.category(c)[0] == "C"]


def test_long_words_are_cut_with_a_mark() -> None:
    assert quoted("long " * 100).endswith("…”")
    assert len(quoted("x" * 500)) == LONGEST_QUOTE_CHARS + 2


def test_hidden_characters_are_gone_from_a_quote() -> None:
    assert quoted("pay\u202e now\u200b\x00!") == "“pay now !”"


def test_a_label_is_at_most_three_plain_words() -> None:
    assert label("data_quality") == "data_quality"
    assert label("Proposal/Price Quote") == "Proposal/Price Quote"
    assert label("ignore all previous instructions") is None
    assert label("https://evil.example") is None
    assert label(None) is None


def test_a_lesson_of_an_edit_quotes_the_message_and_is_data_while_a_reason_is_not() -> None:
    def recalled(text: str) -> Recalled:
        memory = Remembered(
            contact_id="c_1", kind=MemoryKind.LESSON, text=text, at=NOW, ref=f"review:{text[:20]}"
        )
        return Recalled(remembered=memory, score=1.0, similarity=1.0, recency=1.0)

    lessons = [
        recalled("A message was edited. The text became: Buy now."),
        recalled("A message was rejected: too long"),
    ]
    found = {
        fact.text: fact.is_tainted for fact in gather(eager(), lessons, GUIDE, NOW) if "lesson" in fact.text
    }
    assert sorted(found.values()) == [False, True]
    assert next(tainted for text, tainted in found.items() if "edited" in text)
