from __future__ import annotations

import re
from typing import Any

from app.lift_words import counted, sentence
from app.lifts import LiftLine
from app.metrics import ArmLine, CampaignMetrics
from domain.decision import Arm
from learning.lift import Telling


def told(**changes: object) -> LiftLine:
    given: dict[str, object] = {
        "arm": Arm.LEARNED,
        "what": "sql",
        "unit": "share",
        "telling": Telling.BETTER,
        "estimate": 0.013,
        "low": 0.004,
        "high": 0.022,
        "holdout_mean": 0.05,
        "more_contacts": 0,
        "variance_kept": 1.0,
        "reason": "",
    }
    return LiftLine.model_validate(given | changes)


def untold(reason: str, more: int = 53_769) -> LiftLine:
    nothing = dict.fromkeys(("estimate", "low", "high", "holdout_mean"))
    return told(telling=Telling.CANNOT_TELL, reason=reason, more_contacts=more, **nothing)


def test_a_lift_is_told_with_its_interval_and_what_the_holdout_did() -> None:
    said = sentence(told(), "USD")
    assert said == "better: +1.3 per 100 contacts, between +0.4 and +2.2; the holdout has 5.0"


def test_revenue_is_told_a_contact_in_whole_money() -> None:
    said = sentence(told(unit="cents", estimate=1_234.5, low=310.0, high=2_199.0), "EUR")
    assert said == "better: 12 EUR a contact, between 3 EUR and 22 EUR"


def test_what_cannot_be_told_has_no_number_but_the_contacts_missing() -> None:
    for reason in ("too_few", "too_wide", "nothing_yet"):
        said = sentence(untold(reason), "USD")
        assert re.findall(r"[\d,]+\d", said) == ["54,000"]
        assert said.startswith("cannot tell")


def test_without_a_holdout_it_says_what_to_do() -> None:
    assert "holdout_share" in sentence(untold("no_holdout"), "USD")


def test_wins_without_an_amount_in_the_goals_currency_say_why_there_is_no_revenue() -> None:
    reached = {"reply": 1, "meeting": 0, "mql": 0, "sql": 0, "opportunity": 0, "won": 3, "renewed": 0}
    of_arm: dict[str, Any] = {"arm": Arm.LEARNED, "reached": reached, "revenue_cents": 0}
    arm = ArmLine.model_construct(**of_arm)
    of_all: dict[str, Any] = {
        "window_days": 30,
        "currency": "USD",
        "arms": (arm,),
        "attributed_revenue_cents": 2_512_000,
    }
    found = CampaignMetrics.model_construct(**of_all)
    assert "Of the 3 won none has an amount in USD" in counted(found)
    assert counted(found).endswith("Purchases later than these 30 days count under attributed revenue alone.")
    nothing = found.model_copy(update={"attributed_revenue_cents": 0})
    assert "attributed" not in counted(nothing)
    paid = arm.model_copy(update={"revenue_cents": 5})
    assert "nobody told" not in counted(found.model_copy(update={"arms": (paid,)}))
