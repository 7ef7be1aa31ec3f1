"""What learners believe, as answers: of one campaign or of each; what changed; whom a run left in silence."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from app.lift_words import revenue_words, sentence, side_by_side
from app.metrics import metrics_of
from app.results.silence import newest_silences
from app.wiring import House
from domain.campaign import Autonomy, Campaign
from domain.decision import SILENCE, Action, Alternative, Arm, Decision, Knowledge
from domain.run import ContactOutcome, Run, RunContact, RunStatus
from memory.crm.learners import LearnerStore
from tests.assistant_desk import look
from tests.learning_workspace import ACTIONS, CAMPAIGN, NOON, open_workspace
from tests.told_workspace import CAMPAIGN as TOLD
from tests.told_workspace import told_workspace

DEMO, GUIDE = (action.key for action in ACTIONS[:2])
AUTUMN = CAMPAIGN.model_copy(update={"id": "autumn", "name": "Autumn"})


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = open_workspace(tmp_path / "w", contacts=60)
    yield house
    house.close()


def decision(
    run: Run, i: int, arm: Arm, action: Action, worth: float | None = None, others: int = 2
) -> Decision:
    """A decision between silence, worth nothing, and `others` messages worth this much."""
    values = [(SILENCE.key, 0.0), *((key, worth) for key in (DEMO, GUIDE)[:others])]
    return Decision(
        id=f"d_{run.id}_{i:04}",
        run_id=run.id,
        campaign_id=run.campaign_id,
        contact_id=f"c_{i:04}",
        arm=arm,
        action=action,
        propensity=1.0 if arm is Arm.HOLDOUT else 1 / len(values),
        alternatives=()
        if arm is Arm.HOLDOUT
        else tuple(
            Alternative(
                action_key=key,
                probability=1 / len(values),
                value_cents=value if arm is Arm.LEARNED else None,
                uncertainty_cents=5.0 if arm is Arm.LEARNED else None,
            )
            for key, value in values
        ),
        knowledge=Knowledge.LEARNING,
        learner_version="bandit-1(9:abc)",
        features_version="features-1",
        decided_at=run.started_at,
    )


def ran(
    house: House,
    campaign: Campaign,
    name: str,
    at: datetime,
    drawn: Sequence[tuple[Arm, Action, float | None, int]],
    refused: int = 0,
    *,
    dry: bool = False,
) -> Run:
    """A run with these decisions, and contacts kept back by rule C-03 behind them."""
    run = Run(
        id=name,
        campaign_id=campaign.id,
        status=RunStatus.DECIDING,
        autonomy=Autonomy.GUARDED,
        is_dry_run=dry,
        seed=1,
        started_at=at,
    )
    house.runs.start(run, campaign)
    made = [decision(run, i, *one) for i, one in enumerate(drawn)]
    ends = {True: ContactOutcome.SILENT, False: ContactOutcome.SENT}
    lines = [
        RunContact(
            run_id=name,
            contact_id=one.contact_id,
            outcome=ContactOutcome.HELD_OUT if one.arm is Arm.HOLDOUT else ends[one.action.is_silence],
            decision_id=one.id,
            updated_at=at,
        )
        for one in made
    ]
    lines += [
        RunContact(
            run_id=name,
            contact_id=f"c_{len(made) + i:04}",
            outcome=ContactOutcome.REFUSED,
            rule_id="C-03",
            reason="unsubscribed",
            updated_at=at,
        )
        for i in range(refused)
    ]
    house.runs.record(name, made, lines)
    house.runs.finish(name, at + timedelta(hours=1))
    return run


NEWEST = (
    *[(Arm.LEARNED, SILENCE, -20.0, 2)] * 12,
    *[(Arm.LEARNED, SILENCE, 30.0, 2)] * 3,
    *[(Arm.LEARNED, SILENCE, None, 0)] * 2,
    *[(Arm.LEARNED, ACTIONS[0], 30.0, 2)] * 4,
    *[(Arm.USUAL, SILENCE, None, 2)] * 5,
    (Arm.USUAL, ACTIONS[1], None, 2),
    (Arm.EXPLORE, SILENCE, None, 2),
    *[(Arm.HOLDOUT, SILENCE, None, 2)] * 6,
)


def test_where_nothing_was_decided_it_is_said(house: House) -> None:
    assert "No campaign has decided anything yet" in look(house, "learning_show").words
    ran(house, CAMPAIGN, "r_dry", NOON, NEWEST, dry=True)
    assert "No campaign has decided anything yet" in look(house, "learning_show").words


def test_the_only_campaign_that_decided_is_shown_without_being_named(house: House) -> None:
    ran(house, CAMPAIGN, "r_1", NOON, NEWEST)
    house.content.save_campaign(AUTUMN)
    assert look(house, "learning_show") == look(house, "learning_show", campaign=CAMPAIGN.id)
    assert look(house, "learning_show").facts["campaign"] == "[campaign:spring]"


def test_silence_is_told_by_what_the_newest_run_kept(house: House) -> None:
    ran(house, CAMPAIGN, "r_1", NOON, [(Arm.LEARNED, ACTIONS[0], 30.0, 2)] * 9)
    ran(house, CAMPAIGN, "r_2", NOON + timedelta(days=7), NEWEST, refused=8)
    ran(house, CAMPAIGN, "r_dry", NOON + timedelta(days=8), NEWEST[:3], dry=True)
    ran(house, CAMPAIGN, "r_asked", NOON + timedelta(days=9), [(Arm.ASKED, ACTIONS[0], None, 2)])
    found = newest_silences(house, CAMPAIGN.id)
    assert found is not None
    assert found.run_id == "r_2"
    assert (found.decided, found.written, found.silent) == (28, 5, 23)
    assert (found.none_promised, found.drawn, found.none_fits, found.unread) == (12, 3, 2, 0)
    assert (found.by_usual, found.by_chance, found.held_out, found.refused) == (5, 1, 6, 8)
    assert found.silent == sum(
        (found.none_promised, found.drawn, found.none_fits, found.by_usual, found.by_chance)
    )
    silence = look(house, "learning_show").facts["silence"]
    assert silence["run"] == "[run:r_2]"
    assert silence["worth"].startswith("Silence is believed to be worth nothing")
    assert (
        "23 of the 28 people decided about were left in silence (82%), and for 5 a message was chosen"
        in silence["told"]
    )
    assert "for 12 no message promised more than silence" in silence["told"]
    assert "6 were held out" in silence["told"]
    assert "8 were kept back by rules (most by C-03 " in silence["told"]


def test_words_hold_what_silence_is_worth_and_how_many_got_it(house: House) -> None:
    ran(house, CAMPAIGN, "r_1", NOON, NEWEST)
    answer = look(house, "learning_show")
    assert answer.facts["silence"]["in_short"] in answer.words
    assert "for 12 no message" not in answer.words
    assert [record.mark for record in answer.records] == ["[campaign:spring]", "[run:r_1]"]


def test_where_nobody_was_left_in_silence_it_is_said(house: House) -> None:
    ran(house, CAMPAIGN, "r_1", NOON, [(Arm.LEARNED, ACTIONS[0], 30.0, 2)] * 9)
    assert "nobody of the 9 people decided about was left in silence" in look(house, "learning_show").words


def test_what_shifted_is_said_and_that_nothing_did(house: House) -> None:
    ran(house, CAMPAIGN, "r_1", NOON, NEWEST)
    keep(house, [])
    answer = look(house, "learning_show")
    assert answer.facts["changed"] in answer.words
    assert answer.facts["changed"].startswith("No shift of the market was noticed so far")
    alarm: dict[str, object] = {
        "at": "2026-03-20T00:00:00+00:00",
        "action": None,
        "direction": "fewer",
        "evidence": 12.0,
    }
    keep(house, [alarm])
    answer = look(house, "learning_show")
    assert answer.facts["changed"] in answer.words
    assert "until 2026-03-20: something came of the whole market less often" in answer.facts["changed"]
    assert "It learned from 40 outcomes so far." in answer.words


def keep(house: House, alarms: Sequence[dict[str, object]]) -> None:
    """A learner's newest version that noticed these."""
    LearnerStore(house.engine).keep(
        CAMPAIGN.id, f"bandit-1({len(alarms)}:abc)", 40, {"alarms": list(alarms)}, {}, house.clock()
    )


def test_several_campaigns_are_told_in_a_line_each(house: House) -> None:
    ran(house, CAMPAIGN, "r_1", NOON, NEWEST)
    ran(house, AUTUMN, "r_2", NOON + timedelta(days=1), NEWEST[:20])
    answer = look(house, "learning_show")
    assert answer.words.startswith("Each of the 2 campaigns that decided has a learner of its own: ")
    assert "Autumn: guessing" in answer.words
    assert "In the newest run of Autumn, of 11 Mar 2026, 17 of the 20 people" in answer.words
    (table,) = answer.tables
    rows = {row[0].id: row for row in table.rows}  # type: ignore[union-attr]
    assert rows["spring"][1:] == ("guessing", "none noticed", rows["spring"][3], "23 of 28")
    assert "The demo" in str(rows["spring"][3]) or "silence" in str(rows["spring"][3])
    assert rows["autumn"][4] == "17 of 20"
    assert {one["campaign"] for one in answer.facts["campaigns"]} == {
        "[campaign:spring]",
        "[campaign:autumn]",
    }


# Beside usual practice, and deals -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A workspace whose lift can be told."""
    house = told_workspace(tmp_path_factory.mktemp("told") / "w")
    yield house
    house.close()


def test_results_hold_the_learner_against_usual_practice_and_chance(told: House) -> None:
    metrics = metrics_of(told, TOLD)
    beside = side_by_side(metrics)
    contest = {one.against: one for one in metrics.contests if one.what == "meeting"}
    for other, name in ((Arm.USUAL, "usual practice"), (Arm.EXPLORE, "what is drawn at random")):
        said = sentence(contest[other], metrics.currency)
        assert f"Attune against {name}, in meetings: {said}." in beside
    for given in ({"campaign": TOLD.id}, {}, {"campaign": TOLD.id, "since": "2026-01-01"}):
        answer = look(told, "result_show", **given)
        assert beside in answer.words
        assert "usual_practice" not in answer.facts


def test_revenue_is_told_with_what_would_have_come_anyway_or_that_nobody_knows(told: House) -> None:
    metrics = metrics_of(told, TOLD)
    said = revenue_words(metrics)
    assert said.startswith(
        f"{metrics.attributed_revenue_cents / 100:,.0f} USD of won deals had a message of "
    )
    for given in ({"campaign": TOLD.id}, {}):
        assert look(told, "result_show", **given).facts["revenue"] == said
    known = metrics.model_copy(update={"incremental_revenue_cents": (90_000, 10_000, 200_000)})
    said = revenue_words(known)
    assert said.endswith(" it brought 900 USD, between 100 USD and 2,000 USD.")


def test_deals_are_counted_from_a_day_on_and_renewals_are_none(told: House) -> None:
    every = look(told, "result_funnel").facts
    assert every["deals"] in look(told, "result_funnel").words
    assert every["deals"].startswith("Deals: 3 closed, 3 of them won; 0 are open now.")
    later = look(told, "result_funnel", since="2026-12-01")
    assert later.facts["deals"].startswith("Deals: none closed since 1 Dec 2026; ")
    assert json.dumps(every["pipeline"]).count("won_deals") == len(every["pipeline"])
