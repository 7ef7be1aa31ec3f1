from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from domain.campaign import SendSlot
from domain.decision import SILENCE
from domain.people import LifecycleStage, Seniority
from policies.eligibility import actions_for, fits
from tests.unit.policies.cases import ACCOUNT, ASSET, CAMPAIGN, CLAIM, CONTACT, OFFER, RULES, TODAY


def reason(contact: Any = CONTACT, account: Any = ACCOUNT, **asset: Any) -> str | None:
    return fits(ASSET.model_copy(update=asset), contact, account, {}, TODAY, RULES)


def test_an_asset_without_limits_fits() -> None:
    assert reason() is None


@pytest.mark.parametrize(
    ("asset", "words"),
    [
        ({"is_active": False}, "not active"),
        ({"stages": (LifecycleStage.CUSTOMER,)}, "stage lead"),
        ({"seniorities": (Seniority.EXECUTIVE,)}, "seniority director"),
        ({"industries": ("retail",)}, "industry software"),
        (
            {"claims": (CLAIM.model_copy(update={"expires_on": TODAY - timedelta(days=1)}),)},
            "every approved claim",
        ),
        (
            {"offer": OFFER.model_copy(update={"valid_until": TODAY - timedelta(days=1)})},
            "ended on 2026-11-23",
        ),
    ],
)
def test_an_asset_that_does_not_fit_says_why(asset: dict[str, Any], words: str) -> None:
    found = reason(**asset)
    assert found is not None
    assert words in found


def test_unknown_seniority_and_language_fit_and_an_unknown_industry_does_not() -> None:
    unknown = CONTACT.model_copy(update={"seniority": Seniority.UNKNOWN})
    assert reason(unknown, seniorities=(Seniority.EXECUTIVE,)) is None
    assert reason(account=None, industries=("software",)) is not None
    assert reason(CONTACT.model_copy(update={"language": "pt-BR"})) is not None
    assert reason(CONTACT.model_copy(update={"language": "en_GB"})) is None


@pytest.mark.parametrize(("days", "fits_again"), [(89, False), (90, True)])
def test_the_same_content_waits_its_time(days: int, fits_again: bool) -> None:
    sent = {ASSET.id: TODAY - timedelta(days=days)}
    assert (fits(ASSET, CONTACT, ACCOUNT, sent, TODAY, RULES) is None) is fits_again


def test_actions_are_every_active_asset_in_every_slot_and_silence_last() -> None:
    other = ASSET.model_copy(update={"id": "a-guide"})
    off = ASSET.model_copy(update={"id": "off", "is_active": False})
    campaign = CAMPAIGN.model_copy(update={"slots": (SendSlot.NOW, SendSlot.MORNING)})
    keys = [action.key for action in actions_for(campaign, (ASSET, other, off))]
    assert keys == [
        "a-guide|email|now",
        "a-guide|email|morning",
        "quote-checklist|email|now",
        "quote-checklist|email|morning",
        "silence",
    ]
    chosen = CAMPAIGN.model_copy(update={"assets": ("a-guide",)})
    assert {a.asset_id for a in actions_for(chosen, (ASSET, other))} == {"a-guide", None}
    assert actions_for(chosen, ())[-1] is SILENCE
