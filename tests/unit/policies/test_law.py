"""Jurisdictions, soft opt-ins, resting addresses, state hours, deadlines: where each side of the line lies."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.events import Event, EventKind
from domain.people import ConsentBasis, ConsentGround, SuppressionReason
from domain.rights import PrivacyRequest, RequestKind
from policies.answering import may_answer, review_answer
from policies.bounces import rests_until, stops_after
from policies.consent import carries, refuses
from policies.deadlines import Asked, alarm, due_at, due_on, opt_out_alarm
from policies.folding import folded, invisible_mark, masked_word
from policies.jurisdiction import jurisdiction_of
from policies.quantities import other_units
from policies.quiet_hours import is_open
from policies.sending_domain import DomainCheck, judge_domain
from policies.suppression import may_profile
from tests.unit.policies.cases import ASSET, CONTACT, NOW, RULES, SENDER, consent
from tests.unit.policies.test_send import OPTED_OUT

EXPRESS, SOFT, IMPLIED = ConsentBasis.EXPRESS, ConsentBasis.SOFT_OPT_IN, ConsentBasis.IMPLIED


def living(**changes: Any) -> Any:
    return CONTACT.model_copy(update={"time_zone": None, **changes})


@pytest.mark.parametrize(
    ("changes", "countries", "needs"),
    [
        ({"country": "US"}, ("US",), False),
        ({"country": "US", "time_zone": "Europe/Berlin"}, ("US", "DE"), True),
        ({"country": "US", "email": "dana@firma.de"}, ("US", "DE"), True),
        ({"country": "GB", "email": "dana@firm.co.uk"}, ("GB",), True),
        ({"country": None, "time_zone": "America/New_York"}, ("unknown", "US"), True),
        ({"country": "US", "email": "dana@firm.io"}, ("US",), False),
    ],
)
def test_every_country_that_may_have_a_say_has_one(
    changes: dict[str, Any], countries: tuple[str, ...], needs: bool
) -> None:
    law = jurisdiction_of(living(**changes), RULES)
    assert (law.countries, law.needs_basis) == (countries, needs)


def test_what_is_accepted_is_what_every_country_accepts() -> None:
    law = jurisdiction_of(living(country="CA", time_zone="Europe/Paris"), RULES)
    assert law.accepts == {EXPRESS}


def test_other_channels_need_express_consent_everywhere() -> None:
    refusal = refuses(living(country="US"), (), NOW, RULES, channel="sms")
    assert refusal is not None
    assert refusal.rule_id == "C-09"
    yes = consent(channel="sms")
    assert refuses(living(country="US"), (yes,), NOW, RULES, channel="sms") is None


def test_a_soft_opt_in_covers_similar_goods_only() -> None:
    german = living(country="DE")
    about_quotes = ASSET.model_copy(update={"topics": ("quotes",)})
    about_yards = ASSET.model_copy(update={"topics": ("yards",)})
    assert refuses(german, (consent(SOFT),), NOW, RULES, asset=about_quotes) is None
    refusal = refuses(german, (consent(SOFT),), NOW, RULES, asset=about_yards)
    assert refusal is not None
    assert refusal.rule_id == "C-10"
    both = (consent(SOFT), consent(EXPRESS))
    assert refuses(german, both, NOW, RULES, asset=about_yards) is None


def test_the_newest_record_that_holds_is_what_a_message_rests_on() -> None:
    old, new = consent(EXPRESS, recorded_at=NOW - timedelta(days=90)), consent(EXPRESS, recorded_at=NOW)
    assert carries(living(country="DE"), (new, old), NOW, RULES) == new
    assert (
        carries(
            living(country="DE"),
            (consent(SOFT),),
            NOW,
            RULES,
            asset=ASSET.model_copy(update={"topics": ("yards",)}),
        )
        is None
    )
    assert carries(living(country="US"), (), NOW, RULES) is None
    assert carries(living(country="US"), (old,), NOW, RULES) == old
    lapsed = consent(IMPLIED, recorded_at=NOW - timedelta(days=800), ground=ConsentGround.PURCHASE)
    assert carries(living(country="US"), (lapsed,), NOW, RULES) is None


@pytest.mark.parametrize(
    ("ground", "days", "lapsed"),
    [
        (ConsentGround.PURCHASE, 729, False),
        (ConsentGround.PURCHASE, 731, True),
        (ConsentGround.INQUIRY, 179, False),
        (ConsentGround.INQUIRY, 181, True),
        (None, 179, False),
        (None, 181, True),
    ],
)
def test_implied_consent_lapses_by_what_implied_it(
    ground: ConsentGround | None, days: int, lapsed: bool
) -> None:
    record = consent(IMPLIED, recorded_at=NOW - timedelta(days=days), ground=ground)
    refusal = refuses(living(country="CA"), (record,), NOW, RULES)
    assert (refusal is not None) is lapsed


@pytest.mark.parametrize(
    ("region", "hour", "opens"),
    [("Texas", 14, False), ("TX", 15, True), ("Illinois", 14, True), (None, 14, False)],
)
def test_texas_opens_at_nine_and_an_unknown_state_of_its_zone_too(
    region: str | None, hour: int, opens: bool
) -> None:
    contact = living(country="US", time_zone="America/Chicago", region=region)
    assert is_open(contact, datetime(2026, 11, 25, hour, 30, tzinfo=UTC), RULES) is opens


def test_three_soft_bounces_within_thirty_days_make_an_address_rest() -> None:
    three = [NOW - timedelta(days=days) for days in (1, 5, 9)]
    assert rests_until(three, RULES.bounces) == NOW - timedelta(days=9) + timedelta(days=30)
    assert rests_until(three[:2], RULES.bounces) is None
    assert rests_until([NOW - timedelta(days=days) for days in (1, 20, 50)], RULES.bounces) is None


def test_events_that_stop_an_address_do_so_once_and_from_the_first() -> None:
    def event(name: str, kind: EventKind, days: int) -> Event:
        return Event(id=name, kind=kind, at=NOW - timedelta(days=days), source="esp", contact_id="c_1")

    stops = stops_after(
        [
            event("2", EventKind.EMAIL_COMPLAINED, 1),
            event("1", EventKind.EMAIL_COMPLAINED, 3),
            event("3", EventKind.EMAIL_SOFT_BOUNCED, 2),
            event("4", EventKind.EMAIL_BOUNCED, 2),
        ],
        " Dana@Northwind.example",
    )
    assert [(s.reason, s.since) for s in stops] == [
        (SuppressionReason.COMPLAINT, NOW - timedelta(days=3)),
        (SuppressionReason.HARD_BOUNCE, NOW - timedelta(days=2)),
    ]
    assert stops[0].address == "dana@northwind.example"


def test_an_objection_stops_profiling_and_an_opt_out_does_not() -> None:
    objected = OPTED_OUT.model_copy(update={"reason": SuppressionReason.OBJECTION})
    assert may_profile(CONTACT, (OPTED_OUT,)) is None
    refusal = may_profile(CONTACT, (objected,))
    assert refusal is not None
    assert refusal.rule_id == "C-13"


def test_a_request_is_due_in_a_month_and_alarms_before_and_after() -> None:
    asked = Asked(contact_id="c_1", kind=RequestKind.ACCESS, asked_at=NOW, country="DE")
    assert due_on(asked, RULES.deadlines) == (NOW + timedelta(days=30)).date()
    request = PrivacyRequest(
        id="q_1",
        kind=asked.kind,
        contact_id="c_1",
        person_hash="h",
        received_at=NOW,
        due_at=due_at(asked, RULES.deadlines),
    )
    said = [alarm(request, NOW + timedelta(days=days), RULES.deadlines) for days in (10, 25, 31)]
    assert [finding.severity.value if finding else None for finding in said] == [None, "warn", "block"]
    done = request.model_copy(update={"done_at": NOW + timedelta(days=5)})
    assert alarm(done, NOW + timedelta(days=99), RULES.deadlines) is None


def test_an_opt_out_that_takes_over_a_minute_is_an_alarm() -> None:
    minute = timedelta(seconds=61)
    assert opt_out_alarm(NOW, None, NOW + minute, RULES.deadlines) is not None
    assert opt_out_alarm(NOW, NOW + timedelta(seconds=2), NOW + minute, RULES.deadlines) is None


def test_a_domain_nobody_looked_at_is_not_sent_from() -> None:
    assert judge_domain(None, SENDER, NOW, RULES.domain).blocks
    check = DomainCheck(
        domain="acme.example",
        checked_at=NOW,
        has_spf=True,
        has_dkim=True,
        dmarc_policy="none",
        dkim_aligned=True,
    )
    verdict = judge_domain(check, SENDER, NOW, RULES.domain)
    assert not verdict.blocks
    assert [finding.severity.value for finding in verdict.findings] == ["warn"]


def test_a_machine_does_not_answer_a_machine_and_says_what_it_is() -> None:
    assert may_answer({"Auto-Submitted": "auto-replied"}) is not None
    assert may_answer({"From": "dana@x.example", "Auto-Submitted": "No"}) is None
    assert not list(review_answer("This is an automated reply."))
    assert list(review_answer("Hello, Mara here."))


def test_disguised_letters_read_as_what_they_look_like() -> None:
    assert folded("Аction") == "Action"
    assert folded("Ac\u200btion \uff2f\uff2b") == "Action OK"
    assert folded("Привет") == "Привет"
    assert masked_word("Привет Ελλάδα café") is None
    assert masked_word("Аction") == "Аction"
    assert invisible_mark("می\u200cخواهم") is None
    assert invisible_mark("a\u200cb") == "U+200C"


def test_a_number_keeps_its_unit() -> None:
    assert other_units("It takes 3 weeks.", "It takes 3 days.") == ("3 weeks",)
    assert other_units("From 74 minutes to 31 minutes.", "From 74 minutes to 31.") == ()
    assert other_units("It takes three days.", "It takes 3 days.") == ()
