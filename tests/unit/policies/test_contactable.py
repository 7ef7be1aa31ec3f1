from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.people import ConsentBasis, EmailStatus, Suppression, SuppressionReason, topic_channel
from policies.contactable import may_contact
from policies.suppression import unwanted_topic
from tests.unit.policies.cases import CONTACT, NOW, RULES, consent, standing

EXPRESS, IMPLIED = ConsentBasis.EXPRESS, ConsentBasis.IMPLIED
SOFT, INTEREST = ConsentBasis.SOFT_OPT_IN, ConsentBasis.LEGITIMATE_INTEREST


def refused(campaign_id: str | None = "quotes", now: datetime = NOW, **standing_parts: Any) -> str | None:
    refusal = may_contact(standing(**standing_parts), campaign_id, now, RULES)
    return refusal.rule_id if refusal else None


def living_in(country: str | None, email: str = "dana@northwind.example") -> Any:
    return CONTACT.model_copy(update={"country": country, "email": email})


def test_a_contact_nothing_stands_against_may_be_written_to() -> None:
    assert refused() is None


@pytest.mark.parametrize(
    ("country", "basis", "rule"),
    [
        ("US", None, None),
        ("CA", None, "C-09"),
        ("CA", EXPRESS, None),
        ("CA", IMPLIED, None),
        ("DE", INTEREST, "C-09"),
        ("DE", EXPRESS, None),
        ("FR", INTEREST, "C-09"),
        ("FR", SOFT, None),
        ("GB", INTEREST, None),
        ("AU", IMPLIED, None),
        ("BR", None, "C-09"),
        ("BR", INTEREST, None),
        ("JP", SOFT, "C-09"),
        ("JP", EXPRESS, None),
        (None, None, "C-09"),
        (None, EXPRESS, None),
    ],
)
def test_the_country_says_which_basis_carries(
    country: str | None, basis: ConsentBasis | None, rule: str | None
) -> None:
    assert refused(contact=living_in(country), consents=(consent(basis),) if basis else ()) == rule


def test_a_private_address_in_britain_needs_more_than_interest() -> None:
    private = living_in("GB", "dana@gmail.com")
    assert refused(contact=private, consents=(consent(INTEREST),)) == "C-09"


def test_the_newest_record_counts() -> None:
    older, newer = datetime(2026, 9, 1, tzinfo=UTC), datetime(2026, 10, 1, tzinfo=UTC)
    no = consent(is_granted=False, recorded_at=newer)
    assert refused(consents=(consent(recorded_at=older), no)) == "C-09"
    assert refused(consents=(no, consent(recorded_at=newer + timedelta(days=1)))) is None


def test_a_withdrawal_and_a_yes_of_the_same_moment_refuse() -> None:
    assert refused(consents=(consent(), consent(is_granted=False))) == "C-09"


def test_a_consent_for_service_mail_or_another_channel_is_none() -> None:
    german = living_in("DE")
    assert refused(contact=german, consents=(consent(scope="transactional"),)) == "C-09"
    assert refused(contact=german, consents=(consent(channel="sms"),)) == "C-09"


@pytest.mark.parametrize("days", [179, 180])
def test_implied_consent_lapses_after_the_shorter_term(days: int) -> None:
    given = consent(IMPLIED, recorded_at=NOW - timedelta(days=days))
    assert refused(contact=living_in("CA"), consents=(given,)) == (None if days < 180 else "C-11")


def test_no_stated_end_carries_implied_consent_beyond_the_longer_term() -> None:
    given = consent(IMPLIED, recorded_at=NOW - timedelta(days=731), expires_at=NOW + timedelta(days=900))
    assert refused(contact=living_in("CA"), consents=(given,)) == "C-11"


def test_an_express_consent_without_its_wording_is_incomplete() -> None:
    assert refused(contact=living_in("DE"), consents=(consent(wording=" "),)) == "C-08"


@pytest.mark.parametrize(
    ("reason", "rule"),
    [
        (SuppressionReason.UNSUBSCRIBED, "C-03"),
        (SuppressionReason.MANUAL, "C-03"),
        (SuppressionReason.ERASED, "C-03"),
        (SuppressionReason.OBJECTION, "C-13"),
        (SuppressionReason.HARD_BOUNCE, "C-19"),
        (SuppressionReason.COMPLAINT, "C-19"),
        (SuppressionReason.PAUSED, "C-03"),
    ],
)
def test_every_suppression_refuses(reason: SuppressionReason, rule: str) -> None:
    stop = Suppression(address="dana.ruiz@northwind.example", reason=reason, source="import", since=NOW)
    assert refused(suppressions=(stop,)) == rule


def test_a_pause_holds_until_its_end_and_no_longer() -> None:
    pause = Suppression(
        address="dana.ruiz@northwind.example",
        reason=SuppressionReason.PAUSED,
        source="preference page",
        since=NOW - timedelta(days=30),
        until=NOW,
    )
    assert refused(suppressions=(pause,), now=NOW - timedelta(seconds=1)) == "C-03"
    assert refused(suppressions=(pause,), now=NOW) is None


def test_a_stop_of_one_topic_leaves_the_contact_reachable_and_closes_the_topic() -> None:
    stop = Suppression(
        address="dana.ruiz@northwind.example",
        channel=topic_channel("pricing"),
        reason=SuppressionReason.TOPIC,
        source="preference page",
        since=NOW,
    )
    assert refused(suppressions=(stop,)) is None
    assert unwanted_topic(("planning", "pricing"), (stop,), NOW) == "pricing"
    assert unwanted_topic(("planning",), (stop,), NOW) is None


def test_a_bounce_of_an_address_left_behind_is_passed_over_and_an_opt_out_is_not() -> None:
    old = Suppression(
        address="dana@oldjob.example",
        reason=SuppressionReason.HARD_BOUNCE,
        source="import",
        since=NOW,
        contact_id="c_1",
    )
    assert refused(suppressions=(old,)) is None
    opted_out = old.model_copy(update={"reason": SuppressionReason.UNSUBSCRIBED})
    assert refused(suppressions=(opted_out,)) == "C-03"


def test_a_stop_of_another_channel_holds_only_where_it_is_an_objection() -> None:
    stop = Suppression(
        address="+15550100", channel="sms", reason=SuppressionReason.UNSUBSCRIBED, source="x", since=NOW
    )
    assert refused(suppressions=(stop,)) is None
    objected = stop.model_copy(update={"reason": SuppressionReason.OBJECTION})
    assert refused(suppressions=(objected,)) == "C-13"


@pytest.mark.parametrize(
    ("email", "status"),
    [
        (None, EmailStatus.MISSING),
        ("x@y.example", EmailStatus.BOUNCED),
        ("x@y.example", EmailStatus.INVALID),
        ("not an address", EmailStatus.USABLE),
        ("info@northwind.example", EmailStatus.USABLE),
        ("Sales+eu@northwind.example", EmailStatus.USABLE),
        ("dana@mailinator.com", EmailStatus.USABLE),
        ("dana@eu.mailinator.com", EmailStatus.USABLE),
    ],
)
def test_an_address_that_is_no_persons_own_refuses(email: str | None, status: EmailStatus) -> None:
    contact = CONTACT.model_copy(update={"email": email, "email_status": status})
    assert refused(contact=contact) == "C-20"


def test_a_message_on_its_way_refuses_a_second_one_of_the_same_campaign_only() -> None:
    assert refused(open_campaigns=("quotes",)) == "H-01"
    assert refused(open_campaigns=("other",)) is None
    assert refused(None, open_campaigns=("quotes",)) is None


def test_pressure_counts_every_campaign() -> None:
    assert refused(sent_at=(NOW - timedelta(hours=15),)) == "C-26"
    assert refused(sent_at=(NOW - timedelta(hours=16),)) is None
    assert refused(sent_at=(NOW - timedelta(days=2), NOW - timedelta(days=5))) == "C-26"


def test_a_refusal_says_why_in_words() -> None:
    refusal = may_contact(standing(sent_at=(NOW - timedelta(hours=1),)), "quotes", NOW, RULES)
    assert refusal is not None
    assert refusal.reason == (
        "Dana Ruiz may hear from us at most 1 in 16 hours; the last message was on 2026-11-24 14:00 UTC"
    )
