from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from domain.campaign import Autonomy, Outcome
from domain.content import AssetKind
from domain.decision import Alternative, Knowledge, chance_words
from domain.dossier import Dossier
from domain.leads import Outlook
from domain.message import Author, Finding, Severity, Signal, SignalBrief, Stakes, Verdict
from domain.people import Deal, DealKind, LifecycleStage, Seniority
from policies.stakes import assess, is_overdue
from tests.unit.policies.cases import ACCOUNT, ASSET, CONTACT, NOW, OFFER, RULES, decision, draft, standing

HELD = Verdict(findings=(Finding(rule_id="C-07", severity=Severity.HOLD, reason="a number nobody backs"),))
EXECUTIVE = CONTACT.model_copy(
    update={"seniority": Seniority.EXECUTIVE, "job_title": "Chief Financial Officer"}
)
MQL = CONTACT.model_copy(update={"lifecycle_stage": LifecycleStage.MQL})
WEAK = SignalBrief(signals=(Signal(text="one old visit", evidence=("E3",), strength="weak"),))


def deal(**changes: Any) -> Deal:
    return Deal(id="d", name="Northwind 2027", stage="open", amount_cents=10_000).model_copy(update=changes)


def stakes(contact: Any = CONTACT, autonomy: Autonomy = Autonomy.GUARDED, **changes: Any) -> Stakes:
    dossier = Dossier(
        standing=standing(contact),
        account=ACCOUNT,
        deals=changes.pop("deals", ()),
        account_was_contacted=changes.pop("known", True),
    )
    whole: dict[str, Any] = {
        "decision": decision(),
        "asset": ASSET,
        "draft": draft(),
        "verdict": Verdict(),
        "messages_before": 100,
        "rules": RULES,
        "now": NOW,
    }
    return assess(dossier=dossier, autonomy=autonomy, **(whole | changes))


def codes(found: Stakes) -> list[str]:
    return [reason.code for reason in found.reasons]


def test_a_routine_message_goes_alone_in_guarded() -> None:
    assert not stakes().asks_a_person


RENEWAL = deal(kind=DealKind.RENEWAL, closes_on=(NOW + timedelta(days=90)).date())
LEAVING = Outlook(contact_id="c_1", churn_probability=0.18, churn_lift=1.5, churn_reason="No call in 30 days")
READY = Outlook(contact_id="c_1", hand_off_probability=0.5, is_picked_for_hand_off=True)
CASES: list[tuple[str, dict[str, Any]]] = [
    ("executive", {"contact": EXECUTIVE}),
    ("first_contact", {"known": False}),
    ("renewal", {"deals": (RENEWAL,)}),
    ("renewal", {"deals": (deal(kind=DealKind.RENEWAL),)}),
    ("large_deal", {"deals": (deal(amount_cents=5_000_000),)}),
    ("large_deal", {"deals": (deal(amount_cents=500_000_000, currency="JPY"),)}),
    ("large_deal", {"deals": (deal(amount_cents=5_000_000, currency="XAU"),)}),
    ("hand_off", {"contact": MQL, "asset": ASSET.model_copy(update={"kind": AssetKind.MEETING})}),
    ("price", {"asset": ASSET.model_copy(update={"offer": OFFER})}),
    ("finding", {"verdict": HELD}),
    ("understudy", {"draft": draft(author=Author.UNDERSTUDY, stand_in_for="timeout")}),
    ("edited", {"draft": draft(author=Author.REVIEWER)}),
    ("churn_risk", {"outlook": LEAVING}),
    ("sales_ready", {"outlook": READY}),
    ("low_confidence", {"brief": WEAK}),
    ("cold_start", {"decision": decision(knowledge=Knowledge.GUESSING), "messages_before": 19}),
]


@pytest.mark.parametrize(("code", "changes"), CASES)
def test_each_stake_asks_a_person_in_guarded(code: str, changes: dict[str, Any]) -> None:
    assert codes(stakes(**changes)) == [code]


@pytest.mark.parametrize(("code", "changes"), CASES)
def test_autopilot_asks_for_the_locked_reasons_only(code: str, changes: dict[str, Any]) -> None:
    locked = code in RULES.stakes.locked
    assert codes(stakes(autonomy=Autonomy.AUTOPILOT, **changes)) == ([code] if locked else [])


def test_what_chance_drew_against_belief_is_said_to_be_exploration_first_and_in_a_currency() -> None:
    taken = decision()
    drawn = decision(
        propensity=0.009,
        alternatives=(
            Alternative(
                action_key=taken.action.key, probability=0.009, value_cents=-0.2, uncertainty_cents=40
            ),
            Alternative(action_key="silence", probability=0.953, value_cents=50, uncertainty_cents=20),
        ),
    )
    first, *_ = stakes(contact=EXECUTIVE, decision=drawn, currency="USD").reasons
    assert first.text == (
        "Chance drew this one to keep learning: it had 0.9%, silence 95.3%. It is not known yet whether this is "
        "worth sending: about 0.00 USD, give or take 0.40 USD"
    )


@pytest.mark.parametrize(
    ("value", "silence", "said"),
    [
        (-23.0, -30.0, "about -0.23 USD, give or take 0.40 USD; silence is worth about -0.30 USD"),
        (-23.0, None, "about -0.23 USD, give or take 0.40 USD"),
        (23.0, -30.0, "about 0.23 USD, give or take 0.40 USD"),
    ],
)
def test_a_worth_below_zero_is_said_beside_that_of_silence(
    value: float, silence: float | None, said: str
) -> None:
    taken = decision()
    drawn = decision(
        propensity=0.5,
        alternatives=(
            Alternative(
                action_key=taken.action.key, probability=0.5, value_cents=value, uncertainty_cents=40
            ),
            Alternative(action_key="silence", probability=0.5, value_cents=silence),
        ),
    )
    texts = [one.text for one in stakes(decision=drawn, currency="USD").reasons]
    assert any(text.endswith(said) for text in texts), texts


def test_assist_asks_for_everything() -> None:
    assert codes(stakes(autonomy=Autonomy.ASSIST)) == ["assist"]


def test_what_is_closed_far_or_past_its_first_messages_asks_nobody() -> None:
    far = deal(kind=DealKind.RENEWAL, closes_on=(NOW + timedelta(days=91)).date())
    closed = deal(kind=DealKind.RENEWAL, is_closed=True, amount_cents=9_000_000)
    guessing = decision(knowledge=Knowledge.GUESSING)
    assert codes(stakes(deals=(far, closed), decision=guessing, messages_before=20)) == []


@pytest.mark.parametrize(("uncertainty", "asks"), [(101.0, True), (100.0, False)])
def test_a_worth_nobody_can_tell_from_nothing_asks(uncertainty: float, asks: bool) -> None:
    taken = decision()
    alternative = Alternative(
        action_key=taken.action.key, probability=0.4, value_cents=100, uncertainty_cents=uncertainty
    )
    found = stakes(decision=taken.model_copy(update={"alternatives": (alternative,)}))
    assert codes(found) == (["low_confidence"] if asks else [])


def test_a_reason_states_the_fact() -> None:
    found = stakes(EXECUTIVE, deals=(RENEWAL,))
    assert [r.text for r in found.reasons] == [
        "Dana Ruiz is Chief Financial Officer",
        "The renewal 'Northwind 2027' closes on 22 Feb 2027",
    ]


def test_a_renewal_that_is_overdue_is_said_to_be() -> None:
    overdue = deal(kind=DealKind.RENEWAL, closes_on=(NOW - timedelta(days=20)).date())
    found = stakes(deals=(overdue,))
    assert [r.text for r in found.reasons] == ["The renewal 'Northwind 2027' was to close on 4 Nov 2026"]


def test_a_question_stands_for_the_days_the_rule_book_gives_it() -> None:
    most = timedelta(days=RULES.stakes.proposal_days)
    assert not is_overdue(NOW, NOW + most - timedelta(seconds=1), RULES)
    assert is_overdue(NOW, NOW + most, RULES)


@pytest.mark.parametrize(
    "outlook",
    [
        Outlook(contact_id="c_1"),
        LEAVING.model_copy(update={"churn_lift": 1.49}),
        READY.model_copy(update={"hand_off_probability": 0.49}),
        READY.model_copy(update={"is_picked_for_hand_off": False}),
    ],
)
def test_an_ordinary_outlook_asks_nobody(outlook: Outlook) -> None:
    assert codes(stakes(outlook=outlook)) == []


def test_a_churn_risk_is_told_with_its_figure_and_its_reason() -> None:
    [reason] = stakes(outlook=LEAVING).reasons
    assert reason.text == "Northwind may leave: 18%, 1.5 times the average customer (No call in 30 days)"


def test_a_campaign_about_renewals_asks_whatever_the_deals_say() -> None:
    assert "renewal" in codes(stakes(autonomy=Autonomy.AUTOPILOT, goal=Outcome.RENEWED))
    assert "renewal" not in codes(stakes(autonomy=Autonomy.AUTOPILOT, goal=Outcome.MEETING))


def test_a_chance_too_small_to_tell_is_not_told_as_none() -> None:
    assert [chance_words(p) for p in (0.0, 0.0002, 0.0005, 0.014, 1.0)] == [
        "0.0%",
        "under 0.1%",
        "0.1%",
        "1.4%",
        "100.0%",
    ]
