"""What a small list can tell sooner than its goal: denser stages, or a larger change; the goal's number stays."""

from __future__ import annotations

from typing import Any

from app.lifts import LiftLine
from app.metrics import ArmLine, CampaignMetrics
from app.results.headline import Pace, headline_of
from domain.campaign import Outcome
from domain.decision import Arm
from tests.unit.app.test_metrics_words import told, untold

SLOW = Pace(weeks=4, contacts_a_week=10)


def metrics(*lifts: LiftLine, contacts: int = 425, held: int = 40) -> CampaignMetrics:
    counts: Any = {"written_to": 0, "closed_windows": 0, "reached": {}}
    arms = tuple(
        ArmLine.model_construct(arm=arm, contacts=many, **counts)
        for arm, many in ((Arm.LEARNED, contacts - held), (Arm.HOLDOUT, held))
    )
    of_all: Any = {
        "goal": Outcome.MEETING,
        "currency": "USD",
        "lifts": lifts,
        "arms": arms,
        "contacts": contacts,
    }
    return CampaignMetrics.model_construct(**of_all)


def lacks(what: str, more: int, reason: str = "too_few") -> LiftLine:
    return untold(reason).model_copy(update={"what": what, "more_contacts": more})


def test_a_goal_out_of_reach_of_the_list_leads_to_what_can_be_told_sooner() -> None:
    lines = (
        lacks("meeting", 170_000),
        lacks("reply", 1_500),
        lacks("opportunity", 51_000),
        lacks("won", 160_000),
        lacks("mql to sql", 230),
        lacks("sql", 400, "nothing_yet"),
    )
    found = headline_of(metrics(*lines), SLOW)
    assert "About 170,000 more contacts are needed." in found.verdict
    assert found.sooner == (
        "A list of 425 contacts is too small to tell a difference of a fifth in meetings.",
        "Told sooner: replies after about 1,500 more contacts, and opportunities after about 51,000 more contacts. "
        "Whoever is left alone has nothing to reply to: replies say that messages are answered, not that they sell.",
        "With the contacts there are, a change in replies shows only from about 50\N{NO-BREAK SPACE}% on.",
        "Holding out half instead of 9% takes about 34% of these numbers; they get no message.",
    )


def test_what_is_nearer_and_still_far_is_not_promised() -> None:
    found = headline_of(metrics(lacks("meeting", 170_000), lacks("opportunity", 51_000)), SLOW)
    assert found.sooner[1] == "Nearer, and still far: opportunities after about 51,000 more contacts."


def test_where_nothing_is_denser_only_the_size_and_the_holdout_are_said() -> None:
    found = headline_of(metrics(lacks("meeting", 900_000), lacks("won", 800_000), held=210), SLOW)
    assert found.sooner == (
        "A list of 425 contacts is too small to tell a difference of a fifth in meetings.",
    )


def test_a_goal_that_is_near_or_told_leads_nowhere_else() -> None:
    assert headline_of(metrics(lacks("meeting", 2_000), lacks("reply", 10)), SLOW).sooner == ()
    assert headline_of(metrics(told(what="meeting")), SLOW).sooner == ()
    assert headline_of(metrics(lacks("meeting", 170_000, "no_holdout")), SLOW).sooner == ()
