from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.people import Suppression, SuppressionReason
from policies.send import check_send
from tests.unit.policies.cases import ASSET, CONTACT, NOW, RULES, SENDER, entry, message, severities, standing

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
    verdict = check_send(standing(), entry(bad), SENDER, RULES, NOW, asset_url=str(ASSET.url))
    assert ("A-05", "block") in severities(verdict)
    two = good.model_copy(
        update={"html": good.html.replace("</div>", '<p><a href="https://evil.example/">x</a></p></div>')}
    )
    assert ("A-05", "block") in found(said=two)


def test_a_check_that_cannot_be_made_blocks() -> None:
    naive = NOW.replace(tzinfo=None)
    assert check_send(standing(), entry(), SENDER, RULES, naive).blocks
