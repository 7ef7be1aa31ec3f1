"""Replay over a real database: draws with known odds, replies that depend on what was sent, every candidate asked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer

from app.cli.doors import doors
from app.cli.main import app
from app.decision_file import read_decisions
from app.replay_candidates import candidate_of
from app.replaying import ask, logged_of
from app.scenes import SceneReader
from app.settings import read_settings
from app.wiring import House, make_workspace, open_house
from domain.campaign import Autonomy, Campaign, Goal, Outcome, SendSlot
from domain.content import AssetKind, ContentAsset
from domain.decision import SILENCE, Action, Alternative, Arm, Decision
from domain.errors import AttuneError
from domain.events import Event, EventKind
from domain.people import Contact, LifecycleStage
from domain.run import Run, RunStatus
from learning.replay.report import Replay
from memory.crm import codec
from memory.crm.decision_log import DecisionLogReader
from memory.crm.statements import CONTACTS, EVENTS, insert_all, writing

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
DAY = timedelta(days=1)
CONTACTS_N, ROUNDS = 900, 3
REPLY_RATE = {"guide": 0.15, "demo": 0.45, "news": 0.15, None: 0.05}
CAMPAIGN = Campaign(
    id="spring",
    name="Spring",
    goal=Goal(outcome=Outcome.REPLY, worth_cents=10_000, window_days=5),
    slots=(SendSlot.NOW,),
)
ACTIONS = (
    *(Action(asset_id=name, channel="email", slot=SendSlot.NOW) for name in ("demo", "guide", "news")),
    SILENCE,
)
ODDS = (0.2, 0.4, 0.2, 0.2)
RULE = """
name: Demo for MQLs
rows:
  - when: {stage: [mql]}
    send: [demo]
  - send: [guide]
"""


def asset(name: str) -> ContentAsset:
    return ContentAsset(
        id=name,
        title=name,
        kind=AssetKind.GUIDE,
        url=f"https://www.example.com/{name}",
        summary="s",
        call_to_action="c",
        topics=(name,),
    )


def contact(i: int) -> Contact:
    stage = LifecycleStage.MQL if i % 2 else LifecycleStage.LEAD
    return Contact(id=f"c_{i:04}", lifecycle_stage=stage, stage_since=NOON - 90 * DAY)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Three runs over 900 contacts, a week apart; two months later."""
    settings = read_settings(workspace=tmp_path_factory.mktemp("replay") / "ws")
    make_workspace(settings)
    opened = open_house(settings, lambda: NOON + 60 * DAY)
    rng = np.random.default_rng(11)
    people = [contact(i) for i in range(CONTACTS_N)]
    opened.content.save_assets([asset(name) for name in ("demo", "guide", "news")])
    with writing(opened.engine) as connection:
        insert_all(connection, CONTACTS, [codec.contact_row(person) for person in people])
    events = []
    for round_ in range(ROUNDS):
        at = NOON + 7 * round_ * DAY
        decisions = []
        for person in people:
            action = ACTIONS[int(rng.choice(4, p=ODDS))]
            decisions.append(_decision(person, round_, at, action))
            if rng.random() < REPLY_RATE[action.asset_id]:
                events.append(
                    Event(
                        id=f"t:{person.id}:{round_}",
                        kind=EventKind.EMAIL_REPLIED,
                        at=at + DAY,
                        source="t",
                        contact_id=person.id,
                    )
                )
        run = Run(
            id=f"r_{round_}",
            campaign_id="spring",
            status=RunStatus.DECIDING,
            autonomy=Autonomy.ASSIST,
            seed=round_,
            started_at=at,
        )
        opened.runs.start(run, CAMPAIGN)
        opened.runs.record(run.id, decisions, [])
        opened.runs.finish(run.id, at)
    with writing(opened.engine) as connection:
        insert_all(connection, EVENTS, [codec.event_row(event, NOON) for event in events])
    doors.use(opened)
    yield opened
    doors.close()


def _decision(person: Contact, round_: int, at: datetime, action: Action) -> Decision:
    odds = {other.key: p for other, p in zip(ACTIONS, ODDS, strict=True)}
    return Decision(
        id=f"d_{round_}_{person.id}",
        run_id=f"r_{round_}",
        campaign_id="spring",
        contact_id=person.id,
        arm=Arm.EXPLORE,
        action=action,
        propensity=odds[action.key],
        alternatives=tuple(Alternative(action_key=key, probability=p) for key, p in odds.items()),
        learner_version="explorer-1",
        features_version="features-1",
        decided_at=at,
    )


def found(house: House, words: str) -> Replay:
    from app.cli.replaying import RewardKind, rewards_of

    reader, scenes = DecisionLogReader(house.engine, page_rows=500), SceneReader(house)
    logged = logged_of(reader, rewards_of(house, RewardKind.GOAL), scenes, "spring")
    answer = ask(words, candidate_of(words, CAMPAIGN), logged).found
    assert isinstance(answer, Replay)
    return answer


def test_each_candidate_is_worth_what_its_replies_are_worth(house: House, tmp_path: Path) -> None:
    (tmp_path / "rule.yaml").write_text(RULE)
    truths = {
        "uniform": 2_000,
        "silence": 500,
        "best-single": 4_500,
        "assets guide,news": 1_250,
        f"rule {tmp_path / 'rule.yaml'}": 3_000,
        # Nobody looked at anything: the explorer is even over three assets, and silent one time in ten.
        "explorer": 0.9 * 2_500 + 0.1 * 500,
    }
    missed = {
        words: truth for words, truth in truths.items() if truth not in found(house, words).candidate.interval
    }
    assert missed == {}


def test_a_better_candidate_is_called_better_and_may_replace(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    (record,) = told(
        capsys, "replay", "--reward", "goal", "--campaign", "spring", "--candidate", "best-single"
    )
    assert (record["verdict"], record["is_promoted"]) == ("better", True)
    assert record["learner_versions"] == ["explorer-1"]
    assert record["overlap"]["contacts"] == CONTACTS_N
    (record,) = told(capsys, "replay", "--reward", "goal", "--campaign", "spring", "--candidate", "silence")
    assert (record["verdict"], record["is_promoted"]) == ("worse", False)


def test_a_short_log_is_refused_with_its_reason(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("--reward", "goal", "--campaign", "spring", "--candidate", "silence", "--since", "2026-03-20")
    (record,) = told(capsys, "replay", *words)
    assert record["verdict"] == "refused"
    assert record["more_decisions"] > 0


def test_a_log_without_a_decision_since_then_says_so_of_a_campaign_that_ran(house: House) -> None:
    words = ["replay", "--campaign", "spring", "--candidate", "silence", "--since", "2030-01-01"]
    with pytest.raises(AttuneError) as none:
        app(words, standalone_mode=False)
    assert str(none.value) == (
        "Campaign 'spring' has no logged draw since 2030-01-01 00:00 UTC: it decided nothing since then. "
        "An earlier `--since`, or none, asks of more."
    )


def test_the_answer_is_said_in_words(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    app(
        [
            "replay",
            "--reward",
            "goal",
            "--campaign",
            "spring",
            "--candidate",
            "assets demo",
            "--level",
            "0.9",
        ],
        standalone_mode=False,
    )
    said = " ".join(capsys.readouterr().out.split())
    assert "Better: even the low end of the difference is a gain." in said
    assert "2,700 decisions about 900 contacts" in said


def test_the_exported_log_is_the_log(
    house: House, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record: Any = told(capsys, "decisions", "export", str(tmp_path / "log.parquet"))
    logged = [decision for page in DecisionLogReader(house.engine).pages() for decision in page]
    # No message of this log ever left, so only silence has a reward.
    silent = sum(decision.action_key == SILENCE.key for decision in logged)
    assert (record["decisions"], record["mature"]) == (2_700, silent)
    assert [decision for decision, _ in read_decisions(tmp_path / "log.parquet")] == logged


@pytest.mark.parametrize(
    ("words", "told_why", "code"),
    [
        ("nonsense", "Candidates: explorer", 2),
        ("learner v9", "No learner 'v9' here", 3),
        ("assets demo,ghost", "never had ghost", 2),
    ],
)
def test_a_candidate_that_cannot_be_is_named(house: House, words: str, told_why: str, code: int) -> None:
    with pytest.raises(AttuneError, match=told_why) as told:
        app(["replay", "--campaign", "spring", "--candidate", words], standalone_mode=False)
    assert told.value.exit_code == code


@pytest.mark.parametrize(
    ("name", "why", "code"),
    [("log.jsonl", r"does not end in \.parquet", 2), ("none/log.parquet", "no such folder", 4)],
)
def test_a_log_that_cannot_be_written_so_is_not_written(
    house: House, tmp_path: Path, name: str, why: str, code: int
) -> None:
    with pytest.raises(AttuneError, match=why) as told:
        app(["decisions", "export", str(tmp_path / name)], standalone_mode=False)
    assert told.value.exit_code == code
    assert not (tmp_path / name).exists()


@pytest.mark.parametrize("said", ["yesterday", "2026-01-31T25:00:00"])
def test_a_day_that_is_none_is_said_to_be_none(house: House, said: str) -> None:
    with pytest.raises(
        typer.BadParameter,
        match=r"is not a day such as 2026-01-31, a time such as .* or days such as 90d",
    ):
        app(["decisions", "export", "log.parquet", "--since", said], standalone_mode=False)


def told(capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    app([*words, "--json"], standalone_mode=False)
    return json.loads(capsys.readouterr().out)
