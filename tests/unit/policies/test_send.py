from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.content import ContentAsset
from domain.message import Finding, Severity, Verdict
from domain.people import Suppression, SuppressionReason
from policies.team import BannedPhrase, TeamRules
from tests.unit.policies.cases import (
    ASSET,
    CONTACT,
    NOW,
    OFFER,
    RULES,
    draft,
    entry,
    made,
    message,
    rendered,
    send_verdict,
    severities,
    standing,
)

OPTED_OUT = Suppression(
    address="dana.ruiz@northwind.example", reason=SuppressionReason.UNSUBSCRIBED, source="link", since=NOW
)


def found(
    now: datetime = NOW, said: Any = None, entry_parts: Any = None, **parts: Any
) -> set[tuple[str, str]]:
    checked = entry(said, **(entry_parts or {}))
    return severities(send_verdict(standing(**parts), checked, now))


def test_a_due_approved_message_passes_although_its_own_campaign_is_open() -> None:
    assert found(open_campaigns=("quotes",)) == set()


def test_an_opt_out_that_came_while_the_draft_waited_blocks() -> None:
    assert ("C-03", "block") in found(suppressions=(OPTED_OUT,))


def test_another_campaigns_message_in_between_blocks() -> None:
    assert ("C-26", "block") in found(sent_at=(NOW - timedelta(hours=1),))


def test_a_message_whose_slot_is_still_closed_is_not_due() -> None:
    assert ("H-06", "block") in found(entry_parts={"not_before": NOW + timedelta(minutes=1)})


def test_outside_house_hours_nothing_goes_out() -> None:
    assert ("C-18", "block") in found(now=datetime(2026, 11, 25, 3, tzinfo=UTC))


@pytest.mark.parametrize(
    "contact",
    [
        CONTACT.model_copy(update={"email": "dana@elsewhere.example"}),
        CONTACT.model_copy(update={"id": "c_2"}),
    ],
)
def test_a_message_for_another_recipient_is_blocked(contact: Any) -> None:
    assert ("A-02", "block") in found(contact=contact)


def test_the_envelope_is_checked_again() -> None:
    assert ("C-21", "block") in found(said=message(headers=()))
    assert ("C-02", "block") in found(said=message(html="<p>Hello</p>"))


def test_with_the_assets_link_at_hand_no_other_link_passes() -> None:
    good = message()
    bad = good.model_copy(
        update={
            "text": good.text.replace(str(ASSET.url), "https://evil.example/x"),
            "html": good.html.replace(str(ASSET.url), "https://evil.example/x"),
        }
    )
    verdict = send_verdict(carried=entry(bad))
    assert ("A-05", "block") in severities(verdict)
    two = good.model_copy(
        update={"html": good.html.replace("</div>", '<p><a href="https://evil.example/">x</a></p></div>')}
    )
    assert ("A-05", "block") in found(said=two)


def still_true(asset: ContentAsset, now: datetime = NOW) -> set[tuple[str, str]]:
    return severities(send_verdict(now=now, asset=asset))


def test_content_as_it_was_approved_passes() -> None:
    assert still_true(ASSET) == set()


def test_content_withdrawn_while_the_draft_waited_is_not_sent() -> None:
    assert still_true(ASSET.model_copy(update={"is_active": False})) == {("H-07", "block")}


def test_an_offer_that_ended_while_the_draft_waited_is_not_sent() -> None:
    yesterday = OFFER.model_copy(update={"valid_until": NOW.date() - timedelta(days=1)})
    today = OFFER.model_copy(update={"valid_until": NOW.date()})
    assert still_true(ASSET.model_copy(update={"offer": yesterday})) == {("C-05", "block")}
    assert still_true(ASSET.model_copy(update={"offer": today})) == set()


def test_a_claim_that_expired_blocks_only_the_message_that_makes_it() -> None:
    claim = ASSET.claims[0].model_copy(update={"expires_on": NOW.date() - timedelta(days=1)})
    asset = ASSET.model_copy(update={"claims": (claim,)})
    said = message()
    making_it = said.model_copy(update={"text": claim.text + said.text})
    verdict = send_verdict(carried=entry(making_it), asset=asset)
    assert ("C-07", "block") in severities(verdict)
    without = said.model_copy(update={"text": said.text.replace(claim.text, "")})
    silent = made(draft("Would it help to see where yours wait?"), without)
    assert ("C-07", "block") not in severities(send_verdict(carried=entry(without), asset=asset, made=silent))


def test_a_check_that_cannot_be_made_blocks() -> None:
    naive = NOW.replace(tzinfo=None)
    assert send_verdict(now=naive).blocks


def test_what_is_missing_blocks() -> None:
    assert send_verdict(made=None).blocks
    assert send_verdict(raw=None).blocks
    assert send_verdict(asset=None).blocks


def test_a_draft_on_record_of_another_message_blocks() -> None:
    other = made(said=message(subject="Another"))
    assert ("C-07", "block") in severities(send_verdict(made=other))


def test_bytes_that_say_something_else_block() -> None:
    raw = rendered(message())
    assert raw is not None
    assert ("C-25", "block") in severities(send_verdict(raw=raw.replace(b"quotes", b"quitos")))
    assert ("C-25", "block") in severities(send_verdict(raw=b"Bcc: x@evil.example\r\n" + raw))


def test_the_words_are_judged_again_by_the_rules_of_now() -> None:
    banned = RULES.model_copy(update={"team": TeamRules(banned_phrases=(BannedPhrase(phrase="finance"),))})
    assert ("T-00", "block") in severities(send_verdict(rules=banned))


def test_a_hold_a_person_approved_passes_and_a_new_one_does_not() -> None:
    of = draft("Action required on your part.")
    said = message(of)
    hold = Finding(rule_id="C-06", severity=Severity.HOLD, reason="seen", span="Action required")
    seen = made(of, said, verdict=Verdict(findings=(hold,)))
    assert send_verdict(carried=entry(said), made=seen).findings == ()
    assert severities(send_verdict(carried=entry(said), made=made(of, said))) == {("C-06", "hold")}
