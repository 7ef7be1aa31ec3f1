"""Campaigns on the web: from a sentence to a live campaign; nothing starts by itself; nobody's change is lost."""

from __future__ import annotations

import asyncio
import re
import shutil
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
from fastapi import FastAPI

from app.campaign_board import campaign_page
from app.campaign_file import judge_campaign
from app.campaign_shelf import campaign_text
from app.rehearsing import SAMPLE, rehearse
from app.run_board import progress_of
from app.runs import ask, begin
from app.schedules import claim_due
from app.serving import Server
from app.settings import Settings
from app.steering import BREAKER, hold_every, pause, resume, stop
from app.web import make_app
from app.wiring import House, open_house
from domain.campaign import Autonomy
from domain.message import OutboxStatus
from domain.run import ContactOutcome, RunStatus
from domain.schedule import CampaignState
from domain.staff import Role
from evals.crowd import NOON
from tests.settled import settle
from tests.web import Visitor, id_of, signed_in

CROWD = 40
WISH = "More meetings from leads, nothing to Germany"


@pytest.fixture(scope="module")
def settled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("settled") / "ws"
    settle(folder, CROWD).close()
    return folder


@pytest.fixture
def house(settled: Path, tmp_path: Path) -> Iterator[House]:
    shutil.copytree(settled, tmp_path / "ws")
    house = open_house(Settings(_env_file=None, workspace=tmp_path / "ws", model=None), clock=lambda: NOON)
    yield house
    house.close()


@pytest.fixture
def app(house: House) -> FastAPI:
    return make_app(house)


@pytest.fixture
def marketer(house: House, app: FastAPI) -> Visitor:
    return signed_in(house, Role.MARKETER, app)


def fields(page: str, form: int = 0) -> dict[str, str | list[str]]:
    """What a browser would send of a page's form: hidden inputs, boxes that are ticked, what was chosen."""
    found: dict[str, list[str]] = {}
    html = re.findall(r"<form.*?</form>", page, re.S)[form]
    for tag in re.findall(r"<input[^>]*>", html):
        told = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
        if told.get("type") in {"checkbox", "radio"} and " checked" not in tag:
            continue
        if "name" in told:
            found.setdefault(told["name"], []).append(unescape(told.get("value", "")))
    for name, options in re.findall(r'<select[^>]*name="([^"]+)"[^>]*>(.*?)</select>', html, re.S):
        values = re.findall(r'<option value="([^"]*)"( selected)?>', options)
        chosen = next((value for value, is_chosen in values if is_chosen), values[0][0])
        found.setdefault(name, []).append(unescape(chosen))
    for name, text in re.findall(r'<textarea[^>]*name="([^"]+)"[^>]*>(.*?)</textarea>', html, re.S):
        found.setdefault(name, []).append(unescape(text.removeprefix("\n")))
    return {name: values if len(values) > 1 else values[0] for name, values in found.items()}


def at_the_form(page: str, action: str) -> dict[str, str | list[str]]:
    """The fields of the form that posts to `action`."""
    forms = re.findall(r"<form.*?</form>", page, re.S)
    return fields(page, next(i for i, form in enumerate(forms) if f'action="{action}"' in form))


def on(visitor: Visitor, page: str, step: str, **more: str | list[str]) -> str:
    """Go one step of the wizard on, with what the page's form holds and what is written into it."""
    answer = visitor.get(
        "/campaigns/new", params={**at_the_form(page, "/campaigns/new"), **more, "step": step}
    )
    assert answer.status_code == 200
    return answer.text


def through_the_wizard(visitor: Visitor, **more: str) -> str:
    """Answer every question and return the review page."""
    page = visitor.get("/campaigns/new").text
    page = on(visitor, page, "goal", wish=WISH)
    assert "Understood from your sentence" in page
    page = on(visitor, page, "audience", **{"name": "More meetings", "goal.worth": "400"})
    page = on(visitor, page, "content")
    page = on(visitor, page, "bounds")
    page = on(visitor, page, "autonomy", **{"caps.messages": "30", **more})
    return on(visitor, page, "review")


def rehearsed(house: House) -> None:
    asyncio.run(Server(house)._rehearse(1))


def test_a_sentence_becomes_a_file_a_dry_run_shows_drafts_then_it_goes_live(
    house: House, app: FastAPI, marketer: Visitor
) -> None:
    review = through_the_wizard(marketer)
    file = house.workspace.campaigns / "more-meetings.yaml"
    assert not file.exists()
    assert "<ins>+  outcome: meeting</ins>" in review
    answer = marketer.post("/campaigns/new", data=at_the_form(review, "/campaigns/new"))
    assert (answer.status_code, answer.headers["location"]) == (303, "/campaigns/more-meetings")
    campaign, mistakes = judge_campaign(file.read_text(encoding="utf-8"))
    assert campaign is not None, mistakes
    said = campaign.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    assert said["goal"] == {"outcome": "meeting", "worth_cents": 40000}
    assert said["audience"]["none"] == [
        {"field": "country", "in": ["DE"]},
        {"field": "account.country", "in": ["DE"]},
    ]
    assert house.controls.standing("more-meetings").state is CampaignState.PAUSED
    page = marketer.get("/campaigns/more-meetings").text
    assert "not live yet" in page

    asked = marketer.post("/campaigns/more-meetings/rehearse", data={"csrf": marketer.token()})
    run_id = asked.headers["location"].removeprefix("/runs/")
    assert "Deciding for the whole audience" in marketer.get(f"/runs/{run_id}").text
    rehearsed(house)
    progress = progress_of(house, run_id)
    assert progress.run.status is RunStatus.FINISHED
    counts = house.runs.counts(run_id)
    assert 0 < counts[ContactOutcome.SHADOWED] <= SAMPLE
    shown = marketer.get(f"/runs/{run_id}").text
    assert shown.count("sample-draft") == sum(
        counts.get(one, 0) for one in (ContactOutcome.SHADOWED, ContactOutcome.BLOCKED)
    )
    assert not list(house.workspace.mailbox.glob("*.eml"))
    assert house.outbox.entries() == ()
    assert house.proposals.waiting() == ()
    assert house.runs.usage_since("more-meetings", house.clock().replace(hour=0)).calls == 0

    page = marketer.get("/campaigns/more-meetings").text
    live = at_the_form(page, "/campaigns/more-meetings/live")
    went = marketer.post("/campaigns/more-meetings/live", data={**live, "run": "now"})
    assert went.status_code == 303
    assert house.controls.standing("more-meetings").state is CampaignState.ACTIVE
    run = house.runs.get(went.headers["location"].removeprefix("/runs/"))
    assert not run.is_dry_run
    asyncio.run(Server(house)._work(1))
    assert house.runs.get(run.id).status is RunStatus.FINISHED
    assert house.proposals.waiting(campaign_id="more-meetings")
    noted, me = house.audit.newest_of("more-meetings", ("campaign",)), id_of(marketer)
    assert [(line.detail.get("state") or line.detail["file"], line.detail["by"]) for line in noted] == [
        ("active", me),
        ("created", me),
        ("paused", me),
    ]


def test_a_new_campaign_with_a_schedule_waits_for_go_live(house: House, marketer: Visitor) -> None:
    daily = {"schedule.rhythm": "daily", "schedule.at": "00:00"}
    review = through_the_wizard(marketer, **daily)
    marketer.post("/campaigns/new", data=at_the_form(review, "/campaigns/new"))
    claim_due(house, "one")
    later = House(
        house.settings, house.workspace, lambda: house.clock().replace(hour=23, minute=59).replace(day=26)
    )
    assert claim_due(later, "one") == []
    newest = later.controls.newest("more-meetings")
    assert newest is not None and "not live yet" in newest.detail
    later.close()


def test_without_a_dry_run_it_goes_live_only_on_an_explicit_word(house: House, marketer: Visitor) -> None:
    review = through_the_wizard(marketer)
    marketer.post("/campaigns/new", data=at_the_form(review, "/campaigns/new"))
    page = marketer.get("/campaigns/more-meetings").text
    live = {**at_the_form(page, "/campaigns/more-meetings/live"), "run": "schedule"}
    refused = marketer.post("/campaigns/more-meetings/live", data=live)
    assert refused.status_code == 422 and "No dry run went by" in refused.text
    assert house.controls.standing("more-meetings").state is CampaignState.PAUSED
    assert (
        marketer.post("/campaigns/more-meetings/live", data={**live, "unrehearsed": "yes"}).status_code == 303
    )
    assert house.controls.standing("more-meetings").state is CampaignState.ACTIVE


def test_who_pauses_one_that_never_ran_sees_it_paused_and_not_as_new(house: House, marketer: Visitor) -> None:
    review = through_the_wizard(marketer)
    marketer.post("/campaigns/new", data=at_the_form(review, "/campaigns/new"))
    resume(house, "more-meetings", "ops", "")
    page = marketer.get("/campaigns/more-meetings").text
    marketer.post("/campaigns/more-meetings/pause", data=at_the_form(page, "/campaigns/more-meetings/pause"))
    page = marketer.get("/campaigns/more-meetings").text
    assert ">not live yet<" not in page
    assert campaign_page(house, "more-meetings").card.state == "paused"


def test_going_live_is_refused_for_a_file_that_changed_since_it_was_seen(
    house: House, marketer: Visitor
) -> None:
    review = through_the_wizard(marketer)
    marketer.post("/campaigns/new", data=at_the_form(review, "/campaigns/new"))
    page = marketer.get("/campaigns/more-meetings").text
    live = {**at_the_form(page, "/campaigns/more-meetings/live"), "run": "now", "unrehearsed": "yes"}
    file = house.workspace.campaigns / "more-meetings.yaml"
    file.write_text(
        file.read_text(encoding="utf-8").replace("messages: 30", "messages: 3000"), encoding="utf-8"
    )
    assert marketer.post("/campaigns/more-meetings/live", data=live).status_code == 409
    assert house.controls.standing("more-meetings").state is CampaignState.PAUSED


@pytest.mark.parametrize(
    ("step", "wrong", "says"),
    [
        ("audience", {"goal.worth": "a lot"}, "Must be an amount above zero|must be an amount above zero"),
        ("audience", {"name": ""}, "is missing"),
    ],
)
def test_a_step_with_a_mistake_is_shown_again_with_it(
    marketer: Visitor, step: str, wrong: dict[str, str], says: str
) -> None:
    page = on(marketer, marketer.get("/campaigns/new").text, "goal", wish=WISH)
    page = on(marketer, page, step, **{"goal.worth": "400", **wrong})
    assert 'aria-current="step">Worth' in page
    assert re.search(says, page)


def test_the_sentence_the_readme_shows_is_understood_whole(marketer: Visitor) -> None:
    wish = "First meetings with people who compare prices, worth 400 USD each"
    page = on(marketer, marketer.get("/campaigns/new").text, "goal", wish=wish)
    assert "one is worth 400 USD" in page and "nothing was made of" not in page
    answers = at_the_form(page, "/campaigns/new")
    assert (answers["goal.worth"], answers["goal.currency"]) == ("400", "USD")
    said = on(marketer, on(marketer, page, "audience"), "content")
    asked = {name: value for name, value in at_the_form(said, "/campaigns/new").items() if name[:2] == "c0"}
    assert asked == {
        "c0.part": "all",
        "c0.on": "event:page_viewed",
        "c0.how": "at_least",
        "c0.value": "1",
        "c0.topic": "pricing",
        "c0.days": "",
    }


@pytest.mark.parametrize("wish", ["make it pop", ""])
def test_a_sentence_that_names_no_outcome_leads_on_in_plain_words(marketer: Visitor, wish: str) -> None:
    page = on(marketer, marketer.get("/campaigns/new").text, "goal", wish=wish)
    assert 'aria-current="step">Outcome' in page
    assert "No outcome is chosen yet: choose what you want more of" in page
    assert "must be one of" not in page.lower() and "it is &#39;" not in page


def test_a_long_sentence_gives_a_name_that_ends_with_a_word(marketer: Visitor) -> None:
    wish = "More meetings from companies in the UK who looked at our pricing pages, not customers"
    page = on(marketer, marketer.get("/campaigns/new").text, "goal", wish=wish)
    named = at_the_form(page, "/campaigns/new")["name"]
    assert named == "More meetings from companies in the UK who looked at our…"


def test_the_size_of_an_audience_follows_its_conditions(marketer: Visitor) -> None:
    asked = {"c0.part": "all", "c0.on": "field:lifecycle_stage", "c0.how": "in", "c0.value": "lead"}
    told = marketer.get("/campaigns/new/audience-size", params=asked).text
    assert f'<span class="left">{CROWD}</span>' in told
    assert f'<span class="left">{CROWD // 2}</span>' in told
    wrong = marketer.get("/campaigns/new/audience-size", params={**asked, "c0.value": "leadd"})
    assert wrong.status_code == 200 and "Did you mean" in unescape(wrong.text)
    empty = marketer.get("/campaigns/new/audience-size", params={**asked, "c0.value": ""})
    assert "write which values of “Lifecycle stage” are meant" in unescape(empty.text)
    ages = {"c0.part": "all", "c0.on": "event:page_viewed", "c0.how": "at_least", "c0.days": "99999999999"}
    endless = marketer.get("/campaigns/new/audience-size", params=ages)
    assert endless.status_code == 200 and "leave it out to mean ever" in endless.text


# Editing ------------------------------------------------------------------------------------------------


def edited(visitor: Visitor, **changes: str) -> tuple[int, str]:
    page = visitor.get("/campaigns/crowd/edit").text
    answer = visitor.post(
        "/campaigns/crowd/edit", data={**at_the_form(page, "/campaigns/crowd/edit"), **changes}
    )
    return answer.status_code, answer.text


def test_an_edit_is_shown_before_it_is_saved_and_pauses_the_campaign(house: House, marketer: Visitor) -> None:
    before = campaign_text(house, "crowd").text
    code, page = edited(marketer, name="Another name", act="preview")
    assert code == 200 and "Another name</ins>" in page
    assert campaign_text(house, "crowd").text == before
    saved = marketer.post("/campaigns/crowd/edit", data={**fields(page, 0), "act": "save"})
    assert saved.status_code == 303
    after = campaign_text(house, "crowd")
    assert after.campaign is not None and after.campaign.name == "Another name"
    standing = house.controls.standing("crowd")
    assert (standing.state, standing.by) == (CampaignState.PAUSED, id_of(marketer))


def test_the_audit_names_what_was_changed_and_never_its_words(house: House, marketer: Visitor) -> None:
    _, page = edited(marketer, brief="Nothing about prices to Ann Lee, ann.lee@brook.example", act="preview")
    marketer.post("/campaigns/crowd/edit", data={**fields(page, 0), "act": "save"})
    (told,) = (line.detail for line in house.audit.latest("campaign", 5) if "file" in line.detail)
    assert told["changed"] == ["brief"]
    assert "ann" not in str(told).casefold()


def test_a_saved_change_stays_live_only_where_that_was_said(house: House, marketer: Visitor) -> None:
    _, page = edited(marketer, name="Another name", act="preview")
    marketer.post("/campaigns/crowd/edit", data={**fields(page, 0), "act": "save_live"})
    assert house.controls.standing("crowd").state is CampaignState.ACTIVE


@pytest.mark.parametrize("hold", ["pause", "trip", "stop"])
def test_stay_live_on_an_old_page_lets_nothing_go_on_that_was_held_since(
    house: House, marketer: Visitor, hold: str
) -> None:
    _, page = edited(marketer, name="Another name", act="preview")
    if hold == "pause":
        pause(house, "crowd", "somebody else", "legal asked")
    elif hold == "trip":
        hold_every(house, BREAKER, "C-24")
    else:
        asyncio.run(stop(house, "crowd", "somebody else", "over"))
    held = house.controls.standing("crowd").state
    assert held is not CampaignState.ACTIVE
    answer = marketer.post("/campaigns/crowd/edit", data={**fields(page, 0), "act": "save_live"})
    assert answer.status_code == 303
    assert house.controls.standing("crowd").state is held
    assert "Saved, and paused until it goes live" in unescape(marketer.get("/campaigns/crowd").text)


def test_a_second_editor_never_overwrites_the_first(house: House, app: FastAPI, marketer: Visitor) -> None:
    other = signed_in(house, Role.MARKETER, app, "Other Person")
    _, mine = edited(marketer, name="Mine", act="preview")
    _, theirs = edited(other, name="Theirs", act="preview")
    assert other.post("/campaigns/crowd/edit", data={**fields(theirs, 0), "act": "save"}).status_code == 303
    late = marketer.post("/campaigns/crowd/edit", data={**fields(mine, 0), "act": "save"})
    assert late.status_code == 409
    assert "was changed by somebody else meanwhile" in late.text
    assert "<del>-name: Theirs</del>" in late.text and "<ins>+name: Mine</ins>" in late.text
    kept = campaign_text(house, "crowd").campaign
    assert kept is not None and kept.name == "Theirs"


def test_a_broken_file_is_shown_kindly_and_mended_on_the_page(house: House, marketer: Visitor) -> None:
    file = house.workspace.campaigns / "crowd.yaml"
    good = file.read_text(encoding="utf-8")
    file.write_text(good.replace("outcome: ", "outcome: x").replace("name:", "nmae:"), encoding="utf-8")
    listed = unescape(marketer.get("/campaigns").text)
    assert "cannot be read" in listed
    page = unescape(marketer.get("/campaigns/crowd/edit").text)
    assert "must be one of reply, meeting" in page
    assert "nmae" in page and "did you mean 'name'?" in page
    assert "nput should" not in page
    form = at_the_form(marketer.get("/campaigns/crowd/edit").text, "/campaigns/crowd/edit")
    still = marketer.post("/campaigns/crowd/edit", data={**form, "act": "save"})
    assert still.status_code == 422 and file.read_text(encoding="utf-8") != good
    shown = marketer.post("/campaigns/crowd/edit", data={**form, "text": good, "act": "preview"})
    saved = marketer.post("/campaigns/crowd/edit", data={**fields(shown.text, 0), "act": "save"})
    assert saved.status_code == 303, saved.text
    assert file.read_text(encoding="utf-8") == good


@pytest.mark.parametrize(
    "text", ["", ":", "a: [", "- 1", "\x00", "id: " + "x" * 300_000, "&a [*a, *a]", "id: " + "[" * 5_000]
)
def test_no_text_whatever_breaks_the_editor(marketer: Visitor, text: str) -> None:
    form = at_the_form(marketer.get("/campaigns/crowd/edit?as=yaml").text, "/campaigns/crowd/edit")
    for act in ("preview", "save"):
        answer = marketer.post("/campaigns/crowd/edit", data={**form, "as": "yaml", "text": text, "act": act})
        assert answer.status_code in {409, 422}, (act, answer.status_code, answer.text[-2000:])


# Autonomy, holding, stopping -----------------------------------------------------------------------------


def test_more_autonomy_is_an_admins_to_give(house: House, app: FastAPI, marketer: Visitor) -> None:
    file = house.workspace.campaigns / "crowd.yaml"
    text = file.read_text(encoding="utf-8")
    file.write_text(re.sub("autonomy: .*", "autonomy: assist", text), encoding="utf-8")
    _, page = edited(marketer, autonomy="autopilot", act="preview")
    assert "only an admin gives" in page
    refused = marketer.post("/campaigns/crowd/edit", data={**fields(page, 0), "act": "save"})
    assert refused.status_code == 422 and "an admin decides that" in refused.text
    admin = signed_in(house, Role.ADMIN, app)
    _, page = edited(admin, autonomy="autopilot", act="preview")
    assert admin.post("/campaigns/crowd/edit", data={**fields(page, 0), "act": "save"}).status_code == 303
    kept = campaign_text(house, "crowd").campaign
    assert kept is not None and kept.autonomy is Autonomy.AUTOPILOT


def test_a_pause_holds_and_a_resume_lets_go_on(house: House, marketer: Visitor) -> None:
    csrf = marketer.token()
    run, _ = begin(
        house, campaign_text(house, "crowd").require([a.id for a in house.crm.assets()]), is_dry_run=False
    )
    told = marketer.post("/campaigns/crowd/pause", data={"csrf": csrf, "reason": "prices change"})
    assert told.status_code == 303
    asyncio.run(Server(house)._work(1))
    assert house.runs.get(run.id).status is RunStatus.RUNNING
    assert house.outbox.entries(status=OutboxStatus.SENT) == ()
    assert "paused by Marketer: prices change" in marketer.get("/campaigns").text
    assert "by Marketer" in marketer.get("/campaigns/crowd").text
    assert house.controls.standing("crowd").by == id_of(marketer)
    chain = [line.model_dump_json() for line in house.audit.lines(limit=1_000)]
    assert not [line for line in chain if "marketer@team.example" in line]
    assert marketer.post("/campaigns/crowd/run", data={"csrf": csrf}).status_code == 409
    seen = campaign_text(house, "crowd").sha256
    assert marketer.post("/campaigns/crowd/resume", data={"csrf": csrf, "sha256": seen}).status_code == 303
    asyncio.run(Server(house)._work(1))
    assert house.runs.get(run.id).status is RunStatus.FINISHED


def test_a_resume_sets_no_changed_file_live(house: House, marketer: Visitor) -> None:
    crowd = campaign_text(house, "crowd")
    begin(house, crowd.require([a.id for a in house.crm.assets()]), is_dry_run=False)
    pause(house, "crowd", "ann", "legal asked")
    file = house.workspace.campaigns / crowd.file
    file.write_text(re.sub("name: .*", "name: Another", crowd.text), encoding="utf-8")
    for seen in ({}, {"sha256": crowd.sha256}, {"sha256": campaign_text(house, "crowd").sha256}):
        refused = marketer.post("/campaigns/crowd/resume", data={"csrf": marketer.token(), **seen})
        assert (refused.status_code, "go live with it there" in refused.text) == (422, True)
        assert house.controls.standing("crowd").state is CampaignState.PAUSED


def test_a_stop_gives_the_run_up(house: House, marketer: Visitor) -> None:
    run, _ = begin(
        house, campaign_text(house, "crowd").require([a.id for a in house.crm.assets()]), is_dry_run=False
    )
    marketer.post("/campaigns/crowd/stop", data={"csrf": marketer.token(), "reason": "over"})
    assert house.runs.get(run.id).status is RunStatus.STOPPED
    assert house.controls.standing("crowd").state is CampaignState.STOPPED


def test_a_run_is_cancelled_though_another_carries_it(house: House, marketer: Visitor) -> None:
    run, _ = begin(
        house, campaign_text(house, "crowd").require([a.id for a in house.crm.assets()]), is_dry_run=False
    )
    with house.workspace.only_worker():
        assert marketer.post(f"/runs/{run.id}/cancel", data={"csrf": marketer.token()}).status_code == 303
    assert house.runs.get(run.id).status is RunStatus.STOPPED
    assert house.runs.counts(run.id).get(ContactOutcome.QUEUED, 0) == 0


def test_a_dry_run_that_was_broken_off_goes_on_where_it_was(house: House, marketer: Visitor) -> None:
    asked = marketer.post("/campaigns/crowd/rehearse", data={"csrf": marketer.token()})
    again = marketer.post("/campaigns/crowd/rehearse", data={"csrf": marketer.token()})
    assert asked.headers["location"] == again.headers["location"]
    run_id = asked.headers["location"].removeprefix("/runs/")
    ended = Server(house)
    ended.stop()
    asyncio.run(ended._rehearse(1))
    assert house.runs.get(run_id).status is RunStatus.DECIDING
    rehearsed(house)
    assert house.runs.get(run_id).status is RunStatus.FINISHED


def test_a_dry_run_cut_off_between_drafts_drafts_the_rest_the_next_time(house: House) -> None:
    crowd = campaign_text(house, "crowd").require([asset.id for asset in house.crm.assets()])
    run, _ = ask(house, crowd, "ann", is_dry_run=True, sample=SAMPLE)
    one_by_one = open_house(house.settings.model_copy(update={"contacts_at_once": 1}), clock=house.clock)
    cut_off = asyncio.run(rehearse(one_by_one, run, until=lambda: len(house.runs.queued(run.id)) < SAMPLE))
    one_by_one.close()
    assert cut_off.status is RunStatus.RUNNING
    assert len(house.runs.queued(run.id)) == SAMPLE - 1
    another = open_house(house.settings, clock=house.clock)
    ended = asyncio.run(rehearse(another, cut_off))
    another.close()
    assert ended.status is RunStatus.FINISHED
    counts = house.runs.counts(run.id)
    assert counts.get(ContactOutcome.SHADOWED, 0) + counts.get(ContactOutcome.BLOCKED, 0) == SAMPLE
    assert house.outbox.entries() == ()


def test_a_run_is_told_live_and_the_stream_ends_with_it(house: House, marketer: Visitor) -> None:
    asked = marketer.post("/campaigns/crowd/rehearse", data={"csrf": marketer.token()})
    path = asked.headers["location"]
    assert f'data-stream="{path}/events"' in marketer.get(path).text
    rehearsed(house)
    told = marketer.get(f"{path}/events")
    assert told.headers["content-type"].startswith("text/event-stream")
    assert "event: progress" in told.text and "data: <dl" in told.text
    assert told.text.rstrip().endswith("event: end\ndata: ended")
    assert "data-stream" not in marketer.get(path).text


def test_parked_contacts_are_shown_with_their_reason_and_tried_again(house: House, marketer: Visitor) -> None:
    run, _ = begin(
        house, campaign_text(house, "crowd").require([a.id for a in house.crm.assets()]), is_dry_run=False
    )
    line = house.runs.queued(run.id, limit=1)[0]
    parked = line.model_copy(update={"outcome": ContactOutcome.PARKED, "reason": "The disk <b>ached</b>."})
    house.runs.mark(parked)
    page = marketer.get(f"/runs/{run.id}").text
    assert "The disk &lt;b&gt;ached&lt;/b&gt;." in page
    marketer.post(f"/runs/{run.id}/retry", data={"csrf": marketer.token()})
    assert line.contact_id in {one.contact_id for one in house.runs.queued(run.id)}


# Who may ------------------------------------------------------------------------------------------------

READING = (
    "/campaigns",
    "/campaigns/crowd",
    "/campaigns/crowd/audience-size",
    "/content",
    "/rules",
    "/rules/C-09",
)
WRITING = ("/campaigns/new", "/campaigns/crowd/edit")
ACTS = tuple(
    f"/campaigns/crowd/{act}" for act in ("pause", "resume", "stop", "rehearse", "live", "run", "edit")
)


@pytest.mark.parametrize("role", list(Role))
def test_who_may_look_and_who_may_act(house: House, app: FastAPI, role: Role) -> None:
    visitor = signed_in(house, role, app)
    may_write = role is not Role.REVIEWER
    for path in READING:
        assert visitor.get(path).status_code == 200, path
    for path in WRITING:
        assert visitor.get(path).status_code == (200 if may_write else 403), path
    for path in ACTS:
        refused = visitor.post(path, data={"csrf": "forged"})
        assert refused.status_code == 403, path
    assert house.controls.standing("crowd").state is CampaignState.ACTIVE
    assert ("New campaign" in visitor.get("/campaigns").text) is may_write
    assert ("/campaigns/crowd/edit" in visitor.get("/campaigns/crowd").text) is may_write


def test_nobody_gets_in_without_signing_in(app: FastAPI) -> None:
    stranger = Visitor(app)
    for path in (*READING, *WRITING, "/runs/r1", "/runs/r1/events", "/content/new"):
        answer = stranger.get(path)
        assert urlsplit(answer.headers["location"]).path == "/sign-in", path
        assert dict(parse_qsl(urlsplit(answer.headers["location"]).query))["next"] == path


def test_what_is_not_there_is_said_so(marketer: Visitor) -> None:
    for path in (
        "/campaigns/nope",
        "/campaigns/nope/edit",
        "/runs/nope",
        "/runs/nope/events",
        "/content/nope",
    ):
        assert marketer.get(path).status_code == 404, path
    near = marketer.get("/rules/C-99")
    assert near.status_code == 404 and "Near it" in near.text
