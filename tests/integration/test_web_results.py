"""The results pages: the numbers are those of `attune metrics`, and what cannot be told is said in words."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import re
from collections.abc import Iterator
from datetime import timedelta
from html import unescape
from pathlib import Path

import pytest

from app.lift_words import sentence
from app.lifts import LiftLine
from app.metrics import metrics_of
from app.results.ahead import count_ahead
from app.results.kept import FACT, BeingCounted, ResultsShelf
from app.settings import read_settings
from app.web import make_app
from app.web.charts import _drawn
from app.web.results import draw_ahead
from app.wiring import House, open_house
from domain.assistant import Asker, Door, ToolCall
from domain.errors import AttuneError
from domain.events import EventKind
from domain.staff import Role
from learning.lift import Telling
from tests.integration.shell import Shell
from tests.learning_workspace import event, open_workspace, write
from tests.told_workspace import CAMPAIGN, NOW, told_workspace
from tests.web import Visitor, signed_in


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A workspace whose lift can be told. Tests here only read it."""
    house = told_workspace(tmp_path_factory.mktemp("told") / "w")
    yield house
    house.close()


@pytest.fixture(scope="module")
def boss(told: House) -> Visitor:
    return signed_in(told, Role.MARKETER)


def words_of(html: str) -> str:
    """What a reader reads: without tags, charts and more than one space."""
    bare = re.sub(r"<svg.*?</svg>", " ", html, flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", bare)).split())


def rows_of(visitor: Visitor, path: str) -> list[dict[str, str]]:
    answer = visitor.get(path)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/csv")
    return list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))


def test_the_page_s_numbers_are_those_of_attune_metrics(
    told: House, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = str(told.workspace.folder)
    now_house = open_house(read_settings(workspace=Path(folder)))
    visitor = signed_in(now_house, Role.REVIEWER)
    code, said = shell("-w", folder, "metrics", "--json")
    assert code == 0
    (found,) = json.loads(said)["campaigns"]
    arms = {row["Who decided"]: row for row in rows_of(visitor, "/results/spring/arms.csv")}
    names = {
        "learned": "Attune",
        "usual": "Usual practice",
        "explore": "Drawn at random",
        "holdout": "Holdout",
    }
    assert len(arms) == len(found["arms"]) == 4
    for arm in found["arms"]:
        row = arms[names[arm["arm"]]]
        assert (int(row["Contacts"]), int(row["Written to"]), int(row["Window closed"])) == (
            arm["contacts"],
            arm["written_to"],
            arm["closed_windows"],
        )
        assert int(row["Meetings"]) == arm["reached"]["meeting"]
        assert float(row["Revenue (USD)"]) == arm["revenue_cents"] / 100
        assert float(row["Worth a contact (USD)"]) == pytest.approx(
            arm["reward_cents_per_contact"] / 100, abs=0.006
        )
    compared = rows_of(visitor, "/results/spring/lift.csv")
    lifts = [row for row in compared if row["Against"] == "the holdout"]
    others = [row for row in compared if row["Against"] != "the holdout"]
    assert [row["In words"] for row in others] == [
        sentence(LiftLine(**one), "USD") for one in found["contests"]
    ]
    assert {row["Against"] for row in others} == {"usual practice", "what is drawn at random"}
    assert [row["Difference in share"] for row in lifts] == [
        f"{one['estimate']:.6g}" if one["unit"] == "share" and one["estimate"] is not None else ""
        for one in found["lifts"]
    ]
    page = words_of(visitor.get("/results/spring").text)
    assert "Handled alone" in page
    assert "lived fast" not in page
    goal = next(one for one in found["lifts"] if one["arm"] == "learned" and one["what"] == "meeting")
    assert goal["telling"] == "better"
    assert (
        f"More meetings than without: {goal['estimate'] * 100:+.1f} in 100 contacts, "
        f"between {goal['low'] * 100:+.1f} and {goal['high'] * 100:+.1f}"
    ) in page
    assert f"{found['attributed_revenue_cents'] / 100:,.0f} USD" in page
    now_house.close()


def test_what_cannot_be_told_has_words_and_no_number(told: House, boss: Visitor) -> None:
    metrics = metrics_of(told, CAMPAIGN)
    lines = (*metrics.lifts, *metrics.contests)
    untold = [line for line in lines if line.telling is Telling.CANNOT_TELL]
    assert untold
    for line, row in zip(lines, rows_of(boss, "/results/spring/lift.csv"), strict=True):
        numbers = [
            row[name] for name in row if "from" in name.lower() or "to" in name.lower() or "iffer" in name
        ]
        if line in untold:
            assert row["Verdict"] == "cannot tell yet"
            assert not any(re.fullmatch(r"-?[\d.]+", number) for number in numbers)
            assert "more contacts" in row["In words"]
    page = words_of(boss.get("/results/spring").text)
    assert "Incremental, from the holdout: cannot tell yet" in page


def test_a_cost_of_one_more_outcome_is_given_with_its_interval(boss: Visitor) -> None:
    row = next(
        row for row in rows_of(boss, "/results/spring/costs.csv") if row["What"].startswith("One more")
    )
    low, middle, high = (float(row[name]) for name in ("From (USD)", "Cost (USD)", "To (USD)"))
    assert 0 < low < middle < high
    sent = rows_of(boss, "/results/spring/costs.csv")[0]
    assert float(sent["Cost (USD)"]) == pytest.approx(int(sent["How many"]) * 0.25)


def test_money_of_another_currency_is_in_no_sum_and_said_to_be_left_out(boss: Visitor) -> None:
    page = words_of(boss.get("/results/spring").text)
    assert "900 EUR in 1 deal" in page and "1 without an amount" in page
    total = rows_of(boss, "/results/spring/attribution.csv")[-1]
    assert total["Content"] == "All content"
    sums = {float(total[f"{rule} (USD)"]) for rule in ("Last touch", "Position-based", "Time decay")}
    assert sums == {1_200.0}


def test_words_of_a_file_are_never_a_formula(boss: Visitor) -> None:
    named = {row["Content"] for row in rows_of(boss, "/results/spring/beliefs.csv?by=size")}
    assert "'=SUM(1+1) the guide" in named and "=SUM(1+1) the guide" not in named


def test_names_are_escaped_on_every_page(boss: Visitor) -> None:
    for path in ("/results", "/results/spring", "/learning/spring"):
        html = boss.get(path).text
        assert "Spring &amp; &lt;b&gt;more&lt;/b&gt;" in html
        assert "<b>more" not in html


def test_charts_have_axes_with_units_a_name_and_a_table(boss: Visitor) -> None:
    html = boss.get("/results/spring").text
    for axis in ("of 100 contacts", "answered of 100 messages, four weeks up to each", "USD a decision"):
        assert axis in html
    assert html.count('role="img"') == html.count("<svg role") >= 8
    ids = re.findall(r'\bid="([^"]+)"', html)
    assert len(ids) == len(set(ids))
    assert "style=" not in html
    assert html.count("The numbers as a table") >= 3
    learning = boss.get("/learning/spring").text
    assert "rules and settings" in learning and "Rules changed: pressure.most" in learning


def test_the_assistant_tells_what_the_page_tells_and_its_pictures_are_there(
    told: House, boss: Visitor
) -> None:
    asker = Asker(member_id="m", name="Mara", role=Role.MARKETER, door=Door.WEB)
    answers = {
        name: asyncio.run(told.toolset.look(asker, ToolCall(id="1", name=name, arguments=given)))
        for name, given in (
            ("result_show", {"campaign": CAMPAIGN.id}),
            ("result_funnel", {}),
            ("learning_show", {"campaign": CAMPAIGN.id}),
        )
    }
    shown = answers["result_show"]
    assert " between " in shown.words
    assert shown.words.removeprefix(f"{CAMPAIGN.name}: ").split(". ")[0] in words_of(
        boss.get(f"/results/{CAMPAIGN.id}").text
    )
    assert shown.facts["result"] in {"better", "worse"}
    pictures = [one for found in answers.values() for one in found.pictures]
    assert len(pictures) >= 3
    for picture in pictures:
        answer = boss.get(picture.path)
        assert answer.status_code == 200, picture.path
        assert answer.text.count("<svg") == 2
    assert boss.get(f"/results/{CAMPAIGN.id}/chart/nothing").status_code == 404
    assert all(len(json.dumps(found.facts)) < 5_000 for found in answers.values())


def test_beliefs_say_what_is_worth_more_and_how_sure_that_is(boss: Visitor) -> None:
    rows = rows_of(boss, "/results/spring/beliefs.csv")
    best = next(row for row in rows if row["Segment (stage)"] == "everyone")
    assert (best["Content"], float(best["Expected worth a message (USD)"])) == ("The demo", 3.0)
    assert best["State of knowledge"] == "confident"
    assert {row["Segment (stage)"] for row in rows} == {"everyone", "lead", "mql"}
    by_size = rows_of(boss, "/results/spring/beliefs.csv?by=size")
    assert {row["Segment (size)"] for row in by_size} == {"everyone", "under 50", "1,000 and more"}


def test_a_campaign_that_decided_nothing_teaches_what_to_do(boss: Visitor) -> None:
    assert "Nothing decided yet; dry runs do not count." in words_of(boss.get("/results").text)
    for path in ("/results/quiet", "/learning/quiet"):
        page = words_of(boss.get(path).text)
        assert "attune run quiet" in page and "yet" in page
    assert boss.get("/results/quiet/arms.csv").status_code == 404


def test_a_campaign_that_has_only_a_file_yet_is_no_dead_end(tmp_path: Path) -> None:
    house = open_workspace(tmp_path / "w", contacts=1)
    text = "id: autumn\nname: Autumn\ngoal: {outcome: reply, worth_cents: 100}\n"
    (house.workspace.campaigns / "autumn.yaml").write_text(text, encoding="utf-8")
    visitor = signed_in(house, Role.MARKETER)
    for path in ("/results/autumn", "/learning/autumn"):
        answer = visitor.get(path)
        assert answer.status_code == 200 and "attune run autumn" in words_of(answer.text)
    house.close()


def test_an_empty_workspace_says_how_to_begin(tmp_path: Path) -> None:
    house = open_workspace(tmp_path / "w", contacts=1)
    visitor = signed_in(house, Role.MARKETER)
    assert "No campaign has been run yet" in words_of(visitor.get("/results").text)
    house.close()


@pytest.mark.parametrize(
    "path", ["/results/none", "/learning/none", "/results/none/arms.csv", "/results/spring/x.csv"]
)
def test_what_is_not_there_is_a_kind_404(boss: Visitor, path: str) -> None:
    answer = boss.get(path)
    assert answer.status_code == 404
    assert "Traceback" not in answer.text


def test_an_unknown_segmentation_is_a_kind_answer(boss: Visitor) -> None:
    assert boss.get("/learning/spring?by=shoe-size").status_code in {400, 422}


@pytest.mark.parametrize("role", list(Role))
def test_every_role_may_look_and_nobody_else(told: House, role: Role) -> None:
    app = make_app(told)
    for path in (
        "/results",
        "/results/spring",
        "/learning/spring",
        "/results/spring/arms.csv",
        "/results/_/funnel.csv",
    ):
        assert signed_in(told, role, app).get(path).status_code == 200, path
        assert Visitor(app).get(path).status_code == 303, path


def test_looking_writes_nothing(told: House, boss: Visitor) -> None:
    boss.get("/results")
    with told.engine.connect() as connection:
        # SQLite's own word for whether any other connection has written since.
        before = connection.exec_driver_sql("PRAGMA data_version").scalar()
        for path in ("/results", "/results/spring", "/learning/spring", "/results/spring/curve.csv"):
            assert boss.get(path).status_code == 200
        assert connection.exec_driver_sql("PRAGMA data_version").scalar() == before


def test_what_is_heard_is_counted_at_the_next_look(tmp_path: Path) -> None:
    house = told_workspace(tmp_path / "w")
    shelf = ResultsShelf(house)
    before = shelf.campaign(CAMPAIGN)
    assert before is shelf.campaign(CAMPAIGN)
    write(house.engine, [event(EventKind.EMAIL_REPLIED, "c_0001", NOW - timedelta(days=1))], NOW)
    after = shelf.campaign(CAMPAIGN)
    assert after is not None and before is not None
    assert after is not before and after.freshness != before.freshness
    house.close()


def test_a_large_workspace_is_counted_ahead_and_never_on_a_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = told_workspace(tmp_path / "w")
    monkeypatch.setattr("app.results.kept.LIVE_DECISIONS", 10)
    visitor = signed_in(house, Role.MARKETER)
    assert visitor.get("/results/spring").status_code == 503
    assert "Being counted in the background" in words_of(visitor.get("/results").text)
    with pytest.raises(BeingCounted):
        ResultsShelf(house).campaign(CAMPAIGN)
    assert ResultsShelf(house).due()
    assert ResultsShelf(house).recount() == 11
    assert not ResultsShelf(house).due()
    page = visitor.get("/results/spring")
    assert page.status_code == 200 and "More meetings than without" in page.text
    _drawn.cache_clear()
    draw_ahead(house)
    drawn = _drawn.cache_info().misses
    assert drawn and visitor.get("/results/spring").status_code == 200
    assert _drawn.cache_info().misses == drawn
    house.content.set_fact(
        f"{FACT}:campaign:spring", {"at": "2026-01-01T00:00:00Z", "shape": "of an earlier release"}
    )
    assert ResultsShelf(house).recount() == 1
    house.close()


def test_counting_ahead_is_not_due_in_a_small_workspace(told: House) -> None:
    assert not count_ahead(told)


def test_a_count_ahead_that_fails_is_told_and_leaves_what_was_kept(
    told: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ResultsShelf, "due", lambda _: True)
    gone = House(
        told.settings.model_copy(update={"workspace": tmp_path / "gone"}), told.workspace, told.clock
    )
    with pytest.raises(AttuneError, match="could not be counted ahead"):
        count_ahead(gone)
