from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.content import ContentAsset
from domain.people import Suppression, SuppressionReason
from policies.send import check_send
from tests.unit.policies.cases import (
    ASSET,
    CONTACT,
    NOW,
    OFFER,
    RULES,
    SENDER,
    entry,
    message,
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
    return severities(check_send(standing(**parts), checked, SENDER, RULES, now))


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
    verdict = check_send(standing(), entry(bad), SENDER, RULES, NOW, asset=ASSET)
    assert ("A-05", "block") in severities(verdict)
    two = good.model_copy(
        update={"html": good.html.replace("</div>", '<p><a href="https://evil.example/">x</a></p></div>')}
    )
    assert ("A-05", "block") in found(said=two)


def still_true(asset: ContentAsset, now: datetime = NOW) -> set[tuple[str, str]]:
    return severities(check_send(standing(), entry(), SENDER, RULES, now, asset))


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
    verdict = check_send(standing(), entry(making_it), SENDER, RULES, NOW, asset)
    assert ("C-07", "block") in severities(verdict)
    without = said.model_copy(update={"text": said.text.replace(claim.text, "")})
    assert ("C-07", "block") not in severities(
        check_send(standing(), entry(without), SENDER, RULES, NOW, asset)
    )


def test_a_check_that_cannot_be_made_blocks() -> None:
    naive = NOW.replace(tzinfo=None)
    assert check_send(standing(), entry(), SENDER, RULES, naive).blocks
