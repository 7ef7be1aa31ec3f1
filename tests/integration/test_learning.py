"""Learning in a workspace: what works is found, nothing is counted twice, and a person may try, pin and go back."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer
from sqlalchemy import delete

from app.cli.doors import doors
from app.cli.main import app
from app.decide import Decider
from app.settings import read_settings
from app.teaching import _is_part, choosers_of, prior_units, teach, widths
from app.wiring import House, open_house
from domain.campaign import Autonomy
from domain.decision import SILENCE, Arm, Decision, action_of
from domain.errors import AttuneError, InvalidFile
from domain.events import EventKind
from domain.run import Run, RunStatus
from learning import features
from learning.bandit import Bandit
from learning.bandit.bandit import FEW_ROWS
from learning.bandit.basis import Basis
from memory.crm.learners import pack, unpack
from memory.crm.statements import EVENTS, writing
from tests.learning_workspace import (
    CAMPAIGN,
    DAY,
    LATER,
    NOON,
    open_workspace,
    preferred,
    reply,
    run_draws,
    write,
)

CONTACTS = 320


@pytest.fixture(autouse=True)
def small_basis(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is tested is the workspace around the learner, not how fine its basis is."""
    monkeypatch.setattr(Basis, "of", lambda actions, features, dyads: Basis(features, dyads, 0))


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two runs over 320 contacts; the demo is answered ten times as often as the rest."""
    folder = tmp_path_factory.mktemp("learning") / "ws"
    opened = open_workspace(folder, CONTACTS)
    run_draws(opened, CONTACTS)
    opened.close()
    return folder


@pytest.fixture
def house(drawn: Path, tmp_path: Path) -> Iterator[House]:
    """A copy of that workspace, its clock standing two months later."""
    shutil.copytree(drawn, tmp_path / "ws")
    opened = open_house(read_settings(workspace=tmp_path / "ws"), lambda: LATER)
    doors.use(opened)
    yield opened
    doors.close()


def told(capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    capsys.readouterr()
    app(["learn", *words, "--json"], standalone_mode=False)
    return json.loads(capsys.readouterr().out)


def said(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    capsys.readouterr()
    app(["learn", *words], standalone_mode=False)
    return " ".join(capsys.readouterr().out.split())


# What is learned ------------------------------------------------------------------------------------------------


def test_after_teaching_the_learner_prefers_what_truly_works(house: House) -> None:
    teach(house, CAMPAIGN, LATER)
    assert preferred(house) == "demo"


def test_teaching_again_with_nothing_new_keeps_the_version(house: House) -> None:
    first, second = (teach(house, CAMPAIGN, LATER) for _ in range(2))
    assert first.version == second.version
    assert [one.version for one in house.learners.versions("spring")] == [first.version]
    assert len(house.audit.lines(subject="spring")) == 1


def test_decisions_of_late_narrow_the_doubt_until_it_is_told_what_came_of_them(house: House) -> None:
    from app.teaching import serving
    from learning import features

    early = teach(house, CAMPAIGN, NOON + 8 * DAY)
    assert (early.outcomes, early.awaited is not None) == (CONTACTS, True)
    table = features.ActionTable.of(
        list(map(action_of, early.actions)), {one.id: one for one in house.crm.assets()}
    )
    deciding = serving(house, CAMPAIGN, table, NOON + 8 * DAY)
    assert deciding.version == early.version
    assert deciding.awaited is not None
    assert deciding.awaited.counts.sum() == pytest.approx(CONTACTS)
    assert teach(house, CAMPAIGN, NOON + 8 * DAY).version == early.version
    late = teach(house, CAMPAIGN, LATER)
    assert (late.outcomes, late.awaited) == (2 * CONTACTS, None)


def test_what_is_still_to_come_does_not_crowd_out_what_is_known(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.curriculum.MOST_DECISIONS", 100)
    bandit = teach(house, CAMPAIGN, NOON + 8 * DAY)
    assert bandit.outcomes == 100
    assert bandit.awaited is not None
    assert bandit.awaited.counts.sum() == pytest.approx(100)


def test_a_corrected_outcome_changes_what_is_believed_and_taking_it_back_restores_it(house: House) -> None:
    before = teach(house, CAMPAIGN, LATER)
    correction = reply("c_0001", NOON + 2 * DAY)
    write(house.engine, [correction])
    corrected = teach(house, CAMPAIGN, LATER)
    assert corrected.version != before.version
    with writing(house.engine) as connection:
        connection.execute(delete(EVENTS).where(EVENTS.c.id == correction.id))
    assert teach(house, CAMPAIGN, LATER).version == before.version
    current = house.learners.current("spring")
    assert current is not None
    assert current.version == before.version


def test_a_changed_setting_decides_at_once_and_a_pinned_version_as_it_did(house: House) -> None:
    from app.teaching import serving
    from learning import features
    from tests.learning_workspace import ACTIONS

    table = features.ActionTable.of(ACTIONS, {one.id: one for one in house.crm.assets()})
    bolder = CAMPAIGN.model_copy(update={"learner": CAMPAIGN.learner.model_copy(update={"boldness": 2.0})})
    version = teach(house, CAMPAIGN, LATER).version
    assert teach(house, bolder, LATER).version == version
    assert serving(house, bolder, table, LATER).settings.boldness == 2.0
    house.learners.pin("spring", version)
    assert serving(house, bolder, table, LATER).settings.boldness == 0.1


# What a person is told ------------------------------------------------------------------------------------------


def test_before_anything_was_learned_it_is_guessing(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    (status,) = told(capsys, "status", "spring")
    assert (status["knowledge"], status["versions"]) == ("guessing: nothing learned yet", [])
    assert "attune learn run spring" in said(capsys, "status")


def test_a_run_says_what_changed_and_the_status_what_is_kept(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    (first,) = told(capsys, "run", "spring")
    assert (first["is_new"], first["outcomes"], first["outcomes_before"]) == (True, 2 * CONTACTS, 0)
    (again,) = told(capsys, "run")
    assert (again["is_new"], again["version"]) == (False, first["version"])
    assert "nothing new to learn" in said(capsys, "run", "spring")
    (status,) = told(capsys, "status")
    (version,) = status["versions"]
    assert (status["deciding"], version["version"]) == (first["version"], first["version"])
    assert version["size_bytes"] > 1_000
    assert status["knowledge"].split(":")[0] in {"confident", "learning", "guessing"}


def test_a_campaign_nobody_knows_is_named(house: House) -> None:
    with pytest.raises(AttuneError, match="autumn"):
        app(["learn", "status", "autumn"], standalone_mode=False)


# Going back -----------------------------------------------------------------------------------------------------


def test_a_roll_back_pins_and_unpinning_lets_the_newest_decide(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    old = teach(house, CAMPAIGN, LATER).version
    write(house.engine, [reply("c_0001", NOON + 2 * DAY)])
    new = teach(house, CAMPAIGN, LATER).version
    said(capsys, "rollback", "spring", old)
    (status,) = told(capsys, "status", "spring")
    assert (status["deciding"], [one["is_pinned"] for one in status["versions"]]) == (old, [False, True])
    assert "`attune learn unpin spring` lets them" in status["notes"][0]
    assert new in said(capsys, "run", "spring")
    said(capsys, "unpin", "spring")
    assert told(capsys, "status", "spring")[0]["deciding"] == new
    acts = [line.detail.get("act") for line in house.audit.lines(subject="spring")]
    assert {"rollback", "unpin"} <= set(acts)


def test_a_version_may_be_called_by_its_beginning_or_its_outcomes(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    versions = [teach(house, CAMPAIGN, LATER).version]
    write(house.engine, [reply("c_0001", NOON + 2 * DAY)])
    versions.append(teach(house, CAMPAIGN, LATER).version)
    many = str(house.learners.versions("spring")[0].outcomes)
    assert said(capsys, "rollback", "spring", versions[0][:-2]).startswith(
        f"{versions[0]} decides for spring"
    )
    assert told(capsys, "status", "spring")[0]["deciding"] == versions[0]
    for fits_both in ("bandit", many):
        with pytest.raises(AttuneError) as several:
            app(["learn", "rollback", "spring", fits_both], standalone_mode=False)
        assert f"{fits_both!r} fits 2 versions: {versions[1]}; {versions[0]}." in str(several.value)
    house.learners.keep("spring", "bandit-9(7:x)", 7, {"features_version": features.VERSION}, {}, LATER)
    assert said(capsys, "rollback", "spring", "7").startswith("bandit-9(7:x) decides for spring")
    with pytest.raises(AttuneError, match="No learner '8' here"):
        app(["learn", "rollback", "spring", "8"], standalone_mode=False)


# Files ----------------------------------------------------------------------------------------------------------


def test_a_learner_leaves_as_a_file_and_comes_back_only_unproven_where_the_log_is_short(
    house: House, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old = teach(house, CAMPAIGN, LATER).version
    path = tmp_path / "learner.npz"
    assert told(capsys, "export", "spring", str(path))["version"] == old
    with pytest.raises(AttuneError, match="decides for 'spring' already"):
        app(["learn", "import", "spring", str(path)], standalone_mode=False)
    write(house.engine, [reply("c_0001", NOON + 2 * DAY)])
    newest = teach(house, CAMPAIGN, LATER).version
    with writing(house.engine) as connection:
        connection.execute(delete(EVENTS).where(EVENTS.c.kind == EventKind.EMAIL_REPLIED.value))
    capsys.readouterr()
    # Outside of standalone mode an exit is returned.
    assert app(["learn", "import", "spring", str(path)], standalone_mode=False) == 1
    assert "Too thin to judge" in capsys.readouterr().out
    assert told(capsys, "status", "spring")[0]["deciding"] == newest
    assert told(capsys, "import", "spring", str(path), "--unproven") == {"version": old, "is_pinned": True}
    assert told(capsys, "status", "spring")[0]["deciding"] == old
    (line,) = [one for one in house.audit.lines(subject="spring") if one.detail.get("act") == "import"]
    assert line.detail["is_unproven"] is True


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"schema": 99}, "schema 99"),
        ({"features_version": "features-0"}, "was taught on features-0"),
        ({"actions": ["ghost|email|now", "guide|email|now", "news|email|now", "silence"]}, "ghost"),
        ({"actions": ["silence"]}, "cannot decide here"),
        ({"settings": {"floor": 0.0}}, "floor is out of bounds"),
        ({"features": 3}, "cannot decide here"),
        ({"scales": {}}, "lacks"),
        ({"apart": [99]}, "no 4 actions' indices"),
        ({"apart": [3, 3]}, "no 4 actions' indices"),
        ({"apart": "3"}, "`apart` is no list of indices"),
        ({"apart": [True]}, "`apart` is no list of indices"),
        ({"apart": [0]}, "only silence does"),
        ({"outcomes": -1}, "its `outcomes` are -1, which is no whole number of 0 or more"),
        ({"patterns": -1}, "its `patterns` are -1, which is no whole number of 0 or more"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_a_file_that_cannot_decide_here_is_refused_before_anything_is_stored(
    house: House, tmp_path: Path, change: dict[str, Any], why: str
) -> None:
    teach(house, CAMPAIGN, LATER)
    path = tmp_path / "learner.npz"
    app(["learn", "export", "spring", str(path)], standalone_mode=False)
    arrays = unpack(path.read_bytes())
    header = json.loads(bytes(arrays.pop("header")))
    path.write_bytes(pack(arrays, {**header, **change}))
    with pytest.raises(InvalidFile, match=why) as refused:
        app(["learn", "import", "spring", str(path), "--unproven"], standalone_mode=False)
    assert ".." not in str(refused.value).removeprefix(str(path))
    assert len(house.learners.versions("spring")) == 1


def test_a_learner_for_a_campaign_that_never_ran_is_taken_in_unproven_alone_and_it_says_how(
    house: House, tmp_path: Path
) -> None:
    teach(house, CAMPAIGN, LATER)
    path = tmp_path / "learner.npz"
    app(["learn", "export", "spring", str(path)], standalone_mode=False)
    text = (resources.files("app.cli") / "campaign_example.yaml").read_text()
    (house.workspace.campaigns / "autumn.yaml").write_text(text.replace("id: trial-to-meeting", "id: autumn"))
    with pytest.raises(AttuneError) as none:
        app(["learn", "import", "autumn", str(path)], standalone_mode=False)
    assert "Run it first: `attune run autumn`. Nothing was changed." in str(none.value)
    assert f"`attune learn import autumn {path} --unproven`" in str(none.value)
    assert house.learners.versions("autumn") == ()


def test_another_packed_file_is_no_learners_file(house: House, tmp_path: Path) -> None:
    path = tmp_path / "features.npz"
    path.write_bytes(pack({"sums": np.zeros(3)}, {"anchor": 1}))
    with pytest.raises(InvalidFile, match="is no learner's file"):
        app(["learn", "import", "spring", str(path)], standalone_mode=False)


def test_a_number_that_is_not_finite_is_refused(house: House, tmp_path: Path) -> None:
    teach(house, CAMPAIGN, LATER)
    path = tmp_path / "learner.npz"
    app(["learn", "export", "spring", str(path)], standalone_mode=False)
    arrays = unpack(path.read_bytes())
    header = json.loads(bytes(arrays.pop("header")))
    arrays["acts.moments"] = np.full_like(arrays["acts.moments"], np.nan)
    path.write_bytes(pack(arrays, header))
    with pytest.raises(InvalidFile, match="not finite"):
        app(["learn", "import", "spring", str(path), "--unproven"], standalone_mode=False)


@pytest.mark.parametrize("content", [None, b"", b"PK nothing"], ids=["missing", "empty", "other"])
def test_what_is_no_learners_file_is_refused(house: House, tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "learner.npz"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InvalidFile, match=r"learner\.npz"):
        app(["learn", "import", "spring", str(path)], standalone_mode=False)


# Trying ---------------------------------------------------------------------------------------------------------


def test_settings_are_promoted_only_with_evidence_which_the_audit_keeps(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    reckless = told(capsys, "try", "spring", "--floor", "1.0")
    assert reckless["is_promoted"] is False
    assert [line for line in house.audit.lines(subject="spring") if line.kind == "promotion"] == []
    found = told(capsys, "try", "spring", "--floor", "0.021", "--margin-cents", "200")
    assert found["is_promoted"] is True
    (line,) = [line for line in house.audit.lines(subject="spring") if line.kind == "promotion"]
    assert line.detail["settings"]["floor"] == 0.021
    assert line.detail["low_cents"] == found["low_cents"]
    assert house.crm.campaign("spring").learner == CAMPAIGN.learner


def test_a_promotion_says_which_lines_to_write(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    words = said(capsys, "try", "spring", "--floor", "0.021", "--margin-cents", "200")
    assert "learner: boldness: 0.1 floor: 0.021 half_life_days: 365" in words


def test_the_settings_as_they_are_need_no_trial(house: House) -> None:
    with pytest.raises(typer.BadParameter, match="already"):
        app(["learn", "try", "spring", "--boldness", "0.1"], standalone_mode=False)


def test_a_log_that_is_too_thin_promotes_nothing(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    with writing(house.engine) as connection:
        connection.execute(delete(EVENTS).where(EVENTS.c.kind == EventKind.EMAIL_REPLIED.value))
    found = told(capsys, "try", "spring", "--boldness", "0.5")
    assert found["is_promoted"] is False
    assert found["reason"].startswith("Too thin")


# Shifts ---------------------------------------------------------------------------------------------------------


def test_a_shift_of_the_market_is_told_in_runs_and_status_and_widens_the_draws(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    from app.runs import report
    from app.teaching import serving
    from learning import features
    from tests.learning_workspace import ACTIONS

    teach(house, CAMPAIGN, LATER)
    (kept,) = house.learners.versions("spring")
    record, arrays = house.learners.arrays("spring", kept.version)
    alarm = {"at": "2026-05-01T12:00:00Z", "action": None, "direction": "fewer", "evidence": 13.0}
    house.learners.keep("spring", "later", 500, {**record, "alarms": [alarm]}, arrays, LATER)
    run = house.runs.runs("spring", limit=1)[0].model_copy(update={"started_at": LATER})
    (words,) = report(house, run).shifts
    assert "people answered less than expected" in words
    earlier = run.model_copy(update={"started_at": NOON})
    assert report(house, earlier).shifts == ()
    (status,) = told(capsys, "status", "spring")
    assert status["market_shifts"] == [words]
    assert "the whole market less often" in status["alarms"][0]["words"]
    table = features.ActionTable.of(ACTIONS, {one.id: one for one in house.crm.assets()})
    assert serving(house, CAMPAIGN, table, LATER).settings.floor == pytest.approx(4 * CAMPAIGN.learner.floor)
    house.learners.pin("spring", kept.version)
    assert serving(house, CAMPAIGN, table, LATER).settings.floor == pytest.approx(4 * CAMPAIGN.learner.floor)


def test_a_version_is_replayed_with_the_odds_it_would_have_drawn_with(house: House) -> None:
    from app.goal_rewards import ValueRewards
    from app.replaying import logged_of
    from app.scenes import SceneReader
    from app.trying import learner_candidate, units_in

    bandit = teach(house, CAMPAIGN, LATER)
    logged = logged_of(house.decision_log, ValueRewards(house, LATER), SceneReader(house), "spring")
    odds = learner_candidate(house, CAMPAIGN, bandit.version)(logged)
    log = logged.log
    assert log.dyads is not None
    order = [log.action_keys.index(key) for key in bandit.actions]
    units = units_in(house.learners.arrays("spring", bandit.version)[0])
    assert units is not None
    bandit.forget_awaited()
    chosen = bandit.choose(
        log.features,
        (log.probabilities > 0)[:, order],
        log.dyads[:, order],
        units=units.of(log.features),
    )
    np.testing.assert_allclose(odds[:, order], chosen.probabilities, atol=1e-9)
    assert np.ptp(odds, axis=1).max() > 0.5


def test_a_shift_of_the_log_is_told_to_the_audit_once_with_its_evidence(tmp_path: Path) -> None:
    house = open_workspace(tmp_path / "ws", CONTACTS)
    run_draws(house, CONTACTS, rounds=6)
    decided = [one for page in house.decision_log.pages() for one in page]
    half = NOON + 20 * DAY
    answered = [one for one in decided if one.action_key != SILENCE.key and one.decided_at < half]
    write(house.engine, [reply(one.contact_id, one.decided_at + 2 * DAY) for one in answered[2:]])
    teach(house, CAMPAIGN, LATER)
    shifts = [line for line in house.audit.lines(limit=5_000) if line.kind == "drift"]
    assert shifts
    assert all(line.detail["evidence"] >= 12 and line.detail["direction"] for line in shifts)
    write(house.engine, [reply(answered[1].contact_id, answered[1].decided_at + 2 * DAY)])
    teach(house, CAMPAIGN, LATER + DAY)
    assert len(house.learners.versions("spring")) == 2
    assert [line.detail for line in house.audit.lines(limit=5_000) if line.kind == "drift"] == [
        line.detail for line in shifts
    ]
    newest, first = (one.record["alarms"] for one in house.learners.versions("spring"))
    assert newest != first
    house.close()


@pytest.mark.parametrize(
    ("known", "is_part"),
    [
        ({"action": None}, True),
        ({"action": "guide|email|now"}, True),
        ({"action": None, "direction": "more"}, False),
        ({"action": None, "at": "2026-03-01T12:00:00Z"}, False),
        ({"action": "news|email|now"}, False),
    ],
)
def test_one_contents_shift_is_part_of_the_markets_and_silences_is_not(
    known: dict[str, Any], is_part: bool
) -> None:
    shift = {
        "at": "2026-04-14T12:00:00Z",
        "action": "guide|email|now",
        "direction": "fewer",
        "evidence": 12.5,
    }
    assert _is_part(shift, {**shift, "at": "2026-03-31T12:00:00Z", **known}) is is_part
    of_silence = {**shift, "action": SILENCE.key}
    assert not _is_part(of_silence, {**shift, **known})
    assert _is_part(of_silence, of_silence)


def test_silence_shares_nothing_and_its_doubt_is_no_doubt_about_what_to_send(house: House) -> None:
    bandit = teach(house, CAMPAIGN, LATER)
    silence = bandit.actions.index(SILENCE.key)
    assert bandit.apart == (silence,)
    units = prior_units(CAMPAIGN.goal)
    told = widths(bandit, units)
    for belief in (bandit.acts, bandit.worth, bandit.loss):
        for part in (belief.sums.grams, belief.sums.moments, belief.sums.squares, belief.sums.counts):
            part[silence] = 0
        belief.forget_posterior()
    assert widths(bandit, units) == told, "nothing at all is known of silence now"


# Units ------------------------------------------------------------------------------------------------------------


def test_everything_is_learned_in_one_measure_whatever_the_unit_was_when_it_was_decided(house: House) -> None:
    """Were old outcomes measured in old units, a unit that shrank tenfold would make them worth a tenth."""
    from app.curriculum import lesson_of
    from memory.crm.statements import DECISIONS

    before = lesson_of(house, CAMPAIGN, LATER)
    np.testing.assert_array_equal(before.units, before.unit_table.of(before.x))
    with writing(house.engine) as connection:
        connection.execute(DECISIONS.update().values(unit_cents=77.0))
    after = lesson_of(house, CAMPAIGN, LATER)
    np.testing.assert_array_equal(after.units, before.units)
    assert (after.units != 77).all() and teach(house, CAMPAIGN, LATER).in_units


def test_a_run_keeps_the_unit_each_draw_was_valued_with(house: House) -> None:
    from app.runs import begin
    from app.teaching import serving_units

    run, _ = begin(house, CAMPAIGN, is_dry_run=False)
    decisions = [one for page in house.decision_log.pages("spring") for one in page if one.run_id == run.id]
    drawn = [one for one in decisions if one.alternatives]
    x, _ = house.features.past(
        house.crm.assets(), [one.contact_id for one in drawn], [one.decided_at for one in drawn], LATER
    )
    expected = serving_units(house, CAMPAIGN).of(x.astype(np.float64))
    np.testing.assert_allclose([one.unit_cents or 0 for one in drawn], expected, rtol=1e-6)
    assert all(one.unit_cents is None for one in decisions if not one.alternatives)


def test_a_version_of_before_there_were_units_decides_in_cents_and_the_next_is_in_units(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    from app.curriculum import lesson_of as read
    from app.teaching import new_bandit, prior_units, serving, serving_units, taught
    from learning import features
    from learning.bandit import Bandit, dump
    from tests.learning_workspace import ACTIONS

    lesson = read(house, CAMPAIGN, LATER)
    like = new_bandit(CAMPAIGN, house.crm.assets(), lesson.table, LATER, lesson.cost_cents)
    old = Bandit(
        like.actions,
        like.basis.features,
        dyads=like.basis.dyads,
        action_features=like.action_features,
        costs=like.costs,
    )
    old.learn(lesson.x, lesson.taken, lesson.gains, at=lesson.at, dyads=lesson.own_fits)
    meta, arrays = dump(old)
    record = {name: told for name, told in meta.items() if name != "in_units"}
    record |= {"schema": 1, "features_version": features.VERSION, "alarms": []}
    house.learners.keep("spring", old.version, old.outcomes, record, arrays, NOON)
    table = features.ActionTable.of(ACTIONS, {one.id: one for one in house.crm.assets()})
    deciding = serving(house, CAMPAIGN, table, LATER)
    assert (deciding.version, deciding.in_units) == (old.version, False)
    assert serving_units(house, CAMPAIGN) == prior_units(CAMPAIGN.goal)
    new = teach(house, CAMPAIGN, LATER)
    assert new.in_units
    assert serving_units(house, CAMPAIGN) == lesson.unit_table
    assert preferred(house) == "demo"
    fresh = new_bandit(CAMPAIGN, house.crm.assets(), lesson.table, LATER, lesson.cost_cents)
    taught(fresh, lesson)
    assert fresh.version == new.version
    said(capsys, "rollback", "spring", old.version)
    assert serving(house, CAMPAIGN, table, LATER).version == old.version


# A run is one batch ---------------------------------------------------------------------------------------------


def test_a_run_taken_in_parts_is_reckoned_with_whole_and_once(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[int | None] = []
    expect = Bandit.expect

    def listen(bandit: Bandit, *given: Any) -> None:
        told.append(given[4])
        expect(bandit, *given)

    monkeypatch.setattr(Bandit, "expect", listen)
    monkeypatch.setattr("app.decide.may_contact", lambda *_: None)
    run = Run(
        id="r_new",
        campaign_id=CAMPAIGN.id,
        status=RunStatus.DECIDING,
        autonomy=Autonomy.ASSIST,
        seed=5,
        started_at=LATER,
    )
    library = house.crm.assets()

    def decided(many: int) -> list[Decision]:
        decider = Decider(
            audience=house.audience,
            rules=house.rules,
            choosers=lambda table: choosers_of(house, CAMPAIGN, library, table, LATER),
            feed=house.features,
            campaign=CAMPAIGN,
            run=run,
            assets=library,
            now=LATER,
        )
        found = [one for part in decider.parts(many) for one in part.decisions]
        return [one for one in found if one.arm is Arm.LEARNED]

    whole, parts = decided(5_000), decided(80)
    assert len(told) == 2
    assert told[0] == len(whole) > FEW_ROWS
    assert told[1] == pytest.approx(len(whole), rel=0.15)
    chances = [
        [{a.action_key: a.probability for a in one.alternatives} for one in of] for of in (whole, parts)
    ]
    off = [abs(one[key] - other[key]) for one, other in zip(*chances, strict=True) for key in one]
    assert max(off) < 0.1
