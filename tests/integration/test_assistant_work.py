"""The assistant's tools about campaigns, messages, proposals, results, content and rules, over settled houses."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from agents.told_plainly import to_the_person
from app.assistant.campaign_changes import CampaignsChanged
from app.assistant.campaigns import MOST_FILE_CHARS
from app.assistant.drafting import question
from app.assistant.toolset import toolset_of
from app.reviews import review
from app.settings import Settings
from app.steering import resume
from app.wiring import House, open_house
from domain.assistant import Asker, Door, Effect, ToolAnswer, ToolCall
from domain.campaign import Caps
from domain.errors import AttuneError, CampaignHeld, DaySpent, EffectChanged, ToolRefused
from domain.message import OutboxStatus, StakesLevel, Usage
from domain.review import ProposalStatus, Review, ReviewAct
from domain.review_queue import QueueFilter
from domain.run import RunStatus
from domain.schedule import CampaignState
from domain.staff import Member, Role
from evals.crowd import NOON, campaign
from tests.review_workspace import CONTACTS_IN_ALL, lines, make_reviewing
from tools.campaigns import CampaignResume
from tools.toolset import Toolset

FACTS_CHARS = 5_000
KEY = campaign().id


class Hands:
    """A clock one can set."""

    now = NOON


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("working") / "ws"
    make_reviewing(folder)
    return folder


@pytest.fixture
def house(template: Path, tmp_path: Path, hands: Hands) -> Iterator[House]:
    shutil.copytree(template, tmp_path / "ws")
    opened = open_house(
        Settings(_env_file=None, workspace=tmp_path / "ws", model=None), clock=lambda: hands.now
    )
    yield opened
    opened.close()


@pytest.fixture
def tools(house: House) -> Toolset:
    return toolset_of(house)


def member(house: House, role: Role, name: str = "") -> Member:
    name = name or role.value
    email = f"{name}@team.example"
    return house.staff.by_email(email) or house.staff.join(email, name, role, "Europe/Berlin", how="test")


def asker(house: House, role: Role, name: str = "", **more: Any) -> Asker:
    found = member(house, role, name)
    return Asker(
        **{
            "member_id": found.member_id,
            "name": found.name,
            "role": role,
            "door": Door.WEB,
            "zone": found.zone,
            **more,
        }
    )


def call(tool: str, **arguments: Any) -> ToolCall:
    return ToolCall(id="1", name=tool, arguments=arguments)


def look(tools: Toolset, who: Asker, tool: str, **arguments: Any) -> ToolAnswer:
    found = asyncio.run(tools.look(who, call(tool, **arguments)))
    assert found.words
    assert len(json.dumps(found.facts)) < FACTS_CHARS, tool
    return found


def plan(tools: Toolset, who: Asker, tool: str, **arguments: Any) -> Effect:
    return asyncio.run(tools.plan(who, call(tool, **arguments)))


def do(tools: Toolset, who: Asker, effect: Effect, tool: str, **arguments: Any) -> ToolAnswer:
    return asyncio.run(tools.carry_out(who, call(tool, **arguments), effect.seal))


def yes(tools: Toolset, who: Asker, tool: str, **arguments: Any) -> ToolAnswer:
    return do(tools, who, plan(tools, who, tool, **arguments), tool, **arguments)


def file_of(house: House) -> Path:
    return house.workspace.campaigns / "crowd.yaml"


def base_of(tools: Toolset, who: Asker) -> str:
    return str(look(tools, who, "campaign_show", campaign=KEY).facts["base"])


def notes(house: House, tool: str) -> list[dict[str, Any]]:
    told = [line.detail for line in house.audit.lines(limit=5_000) if line.kind == "assistant"]
    return [one for one in told if one["tool"] == tool]


# Looking ------------------------------------------------------------------------------------------------------


def test_campaigns_are_listed_and_shown_with_standing_audience_and_file(house: House, tools: Toolset) -> None:
    mara = asker(house, Role.MARKETER)
    listed = look(tools, mara, "campaign_list")
    assert listed.facts["campaigns"][0]["waiting_for_a_person"] == CONTACTS_IN_ALL
    shown = look(tools, mara, "campaign_show", campaign=campaign().name)
    assert shown.texts[0].kind == "yaml"
    assert shown.texts[0].text == file_of(house).read_text(encoding="utf-8")
    assert shown.facts["base"]
    with pytest.raises(AttuneError, match="no-such"):
        look(tools, mara, "campaign_show", campaign="no-such")


def test_the_file_reaches_whoever_is_to_change_it(house: House, tools: Toolset) -> None:
    mara = asker(house, Role.MARKETER)
    text = file_of(house).read_text(encoding="utf-8")
    assert look(tools, mara, "campaign_show", campaign=KEY).facts["file"] == text
    longer = text + "".join(f"# line {number} of a long remark\n" for number in range(500))
    file_of(house).write_text(longer, encoding="utf-8")
    found = asyncio.run(tools.look(mara, call("campaign_show", campaign=KEY)))
    assert longer.startswith(found.facts["file"])
    assert len(found.facts["file"]) == MOST_FILE_CHARS
    assert "Do not save it" in found.facts["file_is_cut"]


def test_what_facts_name_is_brought_as_a_record_with_a_name(house: House, tools: Toolset) -> None:
    mara = asker(house, Role.MARKETER)
    one = lines(house)[0]
    for tool, given in (
        ("campaign_list", {}),
        ("campaign_show", {"campaign": KEY}),
        ("run_list", {}),
        ("run_show", {"run": "last", "outcome": "waiting"}),
        ("proposal_list", {}),
        ("proposal_show", {"proposal": one.proposal_id}),
        ("decision_list", {"run": house.runs.runs()[0].id}),
        ("decision_list", {"who": one.contact_id}),
        ("account_show", {"account": house.crm.contact(one.contact_id).account_id}),
        ("contact_story", {"who": one.contact_id}),
        ("rule_list", {}),
        ("rule_explain", {"rule": "C-26"}),
        ("content_list", {}),
    ):
        found = asyncio.run(tools.look(mara, call(tool, **given)))
        marks = set(re.findall(r"\[[a-z]+:[^\[\]]+\]", json.dumps(found.facts, ensure_ascii=False)))
        assert marks <= {record.mark for record in found.records}, tool
        assert all(record.label and record.id != record.label for record in found.records), tool


def test_proposals_come_in_pages_and_are_called_by_name_and_subject(house: House, tools: Toolset) -> None:
    mara = asker(house, Role.MARKETER)
    first = lines(house)[0]
    found = look(tools, mara, "proposal_list")
    label = next(one.label for one in found.records if one.id == first.proposal_id)
    assert label.startswith(f"{first.contact_name}: {first.subject}"[:40])
    page = house.review_queue.page(QueueFilter(), house.clock(), 2, 4)
    assert [one.proposal_id for one in page.lines] == [one.proposal_id for one in lines(house)][4:8]


def test_an_audience_is_counted_condition_by_condition(house: House, tools: Toolset) -> None:
    mara = asker(house, Role.MARKETER)
    of_conditions = look(
        tools, mara, "campaign_count", all=[{"field": "lifecycle_stage", "in": ["mql"]}], none=[]
    )
    assert of_conditions.facts["reached"] == CONTACTS_IN_ALL // 2
    whole = look(tools, mara, "campaign_count", campaign=KEY)
    assert whole.facts["steps"][0] == {"condition": "Everybody", "left": CONTACTS_IN_ALL}
    with pytest.raises(ToolRefused, match="one of the two"):
        look(tools, mara, "campaign_count")


def test_runs_are_listed_and_shown_with_outcomes_and_who_ended_so(house: House, tools: Toolset) -> None:
    mara = asker(house, Role.MARKETER)
    assert look(tools, mara, "run_list").facts["total"] == 1
    shown = look(tools, mara, "run_show", run="last", outcome="waiting")
    assert shown.facts["stages"] == {"waiting": CONTACTS_IN_ALL}
    assert len(shown.facts["contacts"]) == CONTACTS_IN_ALL
    assert any(table.title.startswith("Contacts that ended") for table in shown.tables)


def test_proposals_are_narrowed_as_the_inbox_narrows_them(house: House, tools: Toolset) -> None:
    mara = asker(house, Role.MARKETER)
    low = look(tools, mara, "proposal_list", stakes="low")
    assert low.facts["total"] == 6
    assert low.facts["waiting_by_stakes"] == {"high": 1, "ordinary": 2, "low": 6}
    shown = look(tools, mara, "proposal_show", proposal=low.facts["proposals"][0]["proposal"])
    assert shown.texts[0].text.startswith("Subject: ")
    assert shown.facts["version"] == 1
    assert shown.facts["rests_on"]


def test_no_facts_hold_the_words_of_a_message_or_of_strangers(house: House, tools: Toolset) -> None:
    mara = asker(house, Role.MARKETER)
    for line in lines(house):
        proposal = house.proposals.get(line.proposal_id)
        found = look(tools, mara, "proposal_show", proposal=line.proposal_id)
        listed = look(tools, mara, "proposal_list")
        told = json.dumps([found.facts, listed.facts, found.words, listed.words])
        assert proposal.message.subject not in told
        outside = [fact.text for fact in proposal.evidence if fact.is_tainted or fact.is_private]
        assert not [words for words in outside if words in told]
        assert not [one for one in proposal.draft.sentences if one.text in told and not one.evidence]


def test_results_say_that_there_is_not_enough_data_to_tell(
    house: House, tools: Toolset, hands: Hands
) -> None:
    mara = asker(house, Role.MARKETER)
    hands.now = NOON + timedelta(days=1)
    told = look(tools, mara, "result_show", campaign=KEY)
    assert "tell" in told.words
    assert told.facts["contacts"] == CONTACTS_IN_ALL
    assert look(tools, mara, "result_show").facts["campaigns"][0]["campaign"] == f"[campaign:{KEY}]"
    assert look(tools, mara, "result_show", campaign=KEY, since="2027-01-01").facts["contacts"] == 0
    assert look(tools, mara, "result_show", campaign=KEY, since="2026-11-01").facts["since"] == "2026-11-01"
    begun = look(tools, mara, "result_show", campaign=KEY, since="2026-11-01", until="2026-12-31")
    assert begun.facts["contacts"] == CONTACTS_IN_ALL
    assert begun.facts["until"] == "2026-12-31"
    october = {"since": "2026-10-01", "until": "2026-10-31"}
    assert look(tools, mara, "result_show", campaign=KEY, **october).facts["contacts"] == 0
    assert "no decision from 2026-10-01 to 2026-10-31" in look(tools, mara, "result_show", **october).words
    with pytest.raises(ToolRefused, match="until comes before since"):
        look(tools, mara, "result_show", since="2026-10-02", until="2026-10-01")
    assert look(tools, mara, "result_funnel").words
    assert "guessing" in look(tools, mara, "learning_show", campaign=KEY).words


def test_content_and_rules_are_listed_and_explained(house: House, tools: Toolset) -> None:
    mara = asker(house, Role.MARKETER)
    listed = look(tools, mara, "content_list", words="pricing")
    shown = look(tools, mara, "content_show", content=listed.facts["content"][0]["content"])
    assert shown.facts["claims"]
    assert look(tools, mara, "rule_list", words="pressure").facts["total"] >= 1
    rule = look(tools, mara, "rule_explain", rule="C-26")
    assert rule.facts["numbers"]
    assert rule.records[0].mark == "[rule:C-26]"


# Campaigns ----------------------------------------------------------------------------------------------------


def test_a_change_is_shown_as_a_difference_and_saved_paused_on_yes(house: House, tools: Toolset) -> None:
    mara = asker(house, Role.MARKETER)
    before = file_of(house).read_text(encoding="utf-8")
    after = before.replace("holdout_share: 0.0", "holdout_share: 0.2") + "brief: Be kind.\n"
    after = after if "brief: ''" not in before else before.replace("brief: ''", "brief: Be kind.")
    told = {"yaml": after, "base": base_of(tools, mara)}
    effect = plan(tools, mara, "campaign_save", **told)
    assert file_of(house).read_text(encoding="utf-8") == before
    assert effect.texts[0].kind == "diff"
    assert "+brief: Be kind." in effect.texts[0].text
    assert any(f"of {CONTACTS_IN_ALL} contacts" in line for line in effect.lines)
    do(tools, mara, effect, "campaign_save", **told)
    assert file_of(house).read_text(encoding="utf-8") == after
    assert house.controls.standing(KEY).state is CampaignState.PAUSED
    assert notes(house, "campaign_save") == [{"tool": "campaign_save", "by": mara.member_id, "door": "web"}]


def test_mistakes_come_back_in_words_so_that_they_can_be_mended(house: House, tools: Toolset) -> None:
    mara = asker(house, Role.MARKETER)
    wrong = file_of(house).read_text(encoding="utf-8") + "holdout: 3\n"
    with pytest.raises(ToolRefused, match="holdout"):
        plan(tools, mara, "campaign_save", yaml=wrong, base=base_of(tools, mara))


def test_a_new_campaign_is_made_paused(house: House, tools: Toolset) -> None:
    mara = asker(house, Role.MARKETER)
    text = file_of(house).read_text(encoding="utf-8").replace(f"id: {KEY}", "id: second-one")
    text = text.replace("autonomy: autopilot", "autonomy: assist")
    yes(tools, mara, "campaign_save", yaml=text)
    assert (house.workspace.campaigns / "second-one.yaml").exists()
    assert house.controls.standing("second-one").state is CampaignState.PAUSED


def test_a_file_changed_between_plan_and_yes_is_not_written_over(house: House, tools: Toolset) -> None:
    mara = asker(house, Role.MARKETER)
    before = file_of(house).read_text(encoding="utf-8")
    told = {"yaml": f"# mine\n{before}", "base": base_of(tools, mara)}
    effect = plan(tools, mara, "campaign_save", **told)
    file_of(house).write_text(f"# theirs\n{before}", encoding="utf-8")
    with pytest.raises(AttuneError, match="changed by somebody else"):
        do(tools, mara, effect, "campaign_save", **told)
    assert file_of(house).read_text(encoding="utf-8") == f"# theirs\n{before}"
    with pytest.raises(ToolRefused, match="base"):
        plan(tools, mara, "campaign_save", yaml=f"# mine\n{before}")


def test_wider_autonomy_is_an_admins_to_give(house: House, tools: Toolset) -> None:
    text = house.workspace.campaigns / "crowd.yaml"
    own = text.read_text(encoding="utf-8")
    wide = own.replace(f"autonomy: {campaign().autonomy.value}", "autonomy: autopilot").replace(
        f"id: {KEY}", "id: wide"
    )
    assert "autonomy: autopilot" in wide
    with pytest.raises(ToolRefused, match="an admin decides"):
        plan(tools, asker(house, Role.MARKETER), "campaign_save", yaml=wide)
    token = asker(house, Role.ADMIN, token_id="t1", door=Door.API)
    with pytest.raises(ToolRefused, match="an admin decides"):
        plan(tools, token, "campaign_save", yaml=wide)
    yes(tools, asker(house, Role.ADMIN), "campaign_save", yaml=wide)
    assert house.controls.standing("wide").state is CampaignState.PAUSED


def test_pause_resume_and_stop_say_what_they_do_and_do_it(house: House, tools: Toolset) -> None:
    mara = asker(house, Role.MARKETER)
    file_of(house).write_text(_as_run(house), encoding="utf-8")
    effect = plan(tools, mara, "campaign_pause", campaign=KEY, reason="prices change")
    assert any("prices change" in line for line in effect.lines)
    do(tools, mara, effect, "campaign_pause", campaign=KEY, reason="prices change")
    assert house.controls.standing(KEY).state is CampaignState.PAUSED
    with pytest.raises(EffectChanged):
        stopping = plan(tools, mara, "campaign_stop", campaign=KEY)
        resume(house, KEY, "omar", "")
        do(tools, mara, stopping, "campaign_stop", campaign=KEY)
    yes(tools, mara, "campaign_pause", campaign=KEY)
    yes(tools, mara, "campaign_resume", campaign=KEY)
    assert house.controls.standing(KEY).state is CampaignState.ACTIVE
    stopping = plan(tools, mara, "campaign_stop", campaign=KEY)
    assert f"{CONTACTS_IN_ALL} proposals close" in stopping.lines[0]
    do(tools, mara, stopping, "campaign_stop", campaign=KEY)
    assert house.proposals.waiting() == ()
    with pytest.raises(ToolRefused, match="stopped already"):
        plan(tools, mara, "campaign_stop", campaign=KEY)


def test_a_changed_campaign_goes_live_only_after_a_dry_run_or_the_members_word(
    house: House, tools: Toolset
) -> None:
    mara = asker(house, Role.MARKETER)
    yes(tools, mara, "campaign_pause", campaign=KEY)
    with pytest.raises(AttuneError, match="No dry run went by") as refused:
        plan(tools, mara, "campaign_resume", campaign=KEY)
    to_people = to_the_person(str(refused.value))
    assert "Make one and look at its drafts, or go live without one on the campaign's page." in to_people
    assert not re.search(r"\w_\w|=", to_people)
    yes(tools, mara, "campaign_resume", campaign=KEY, unrehearsed=True)
    assert house.controls.standing(KEY).state is CampaignState.ACTIVE


def test_a_run_is_put_on_record_once_and_says_that_nobody_carries_it(
    house: House, tools: Toolset, hands: Hands
) -> None:
    mara = asker(house, Role.MARKETER)
    hands.now = NOON + timedelta(hours=1)
    effect = plan(tools, mara, "run_start", campaign=KEY, dry=True)
    assert any("sends nothing" in line for line in effect.lines)
    assert any("No serving process" in line for line in effect.lines)
    do(tools, mara, effect, "run_start", campaign=KEY, dry=True)
    (run,) = house.runs.open_samples()
    assert run.status is RunStatus.DECIDING
    with pytest.raises(ToolRefused, match="under way already"):
        do(tools, mara, effect, "run_start", campaign=KEY, dry=True)
    assert len(house.runs.open_samples()) == 1
    yes(tools, mara, "campaign_pause", campaign=KEY)
    with pytest.raises(AttuneError, match=r"changed since|paused"):
        plan(tools, mara, "run_start", campaign=KEY, dry=False)


def test_a_real_run_of_a_held_campaign_is_refused(house: House, tools: Toolset) -> None:
    mara = asker(house, Role.MARKETER)
    yes(tools, mara, "campaign_pause", campaign=KEY)
    with pytest.raises(CampaignHeld):
        plan(tools, mara, "run_start", campaign=KEY, dry=False)


# Proposals ----------------------------------------------------------------------------------------------------


def test_a_reviewer_approves_one_and_it_is_told_with_the_door(house: House, tools: Toolset) -> None:
    rita = asker(house, Role.REVIEWER, "rita")
    line = lines(house, StakesLevel.LOW)[0]
    given = {"proposal": line.proposal_id, "version": 1}
    effect = plan(tools, rita, "proposal_approve", **given)
    assert effect.stakes is StakesLevel.LOW
    assert house.proposals.get(line.proposal_id).message.text in effect.texts[0].text
    do(tools, rita, effect, "proposal_approve", **given)
    assert house.proposals.get(line.proposal_id).status is ProposalStatus.APPROVED
    assert house.outbox.counts()[OutboxStatus.SENT] == 1
    assert notes(house, "proposal_approve")[0]["by"] == rita.member_id
    with pytest.raises(ToolRefused, match="approved already"):
        do(tools, rita, effect, "proposal_approve", **given)


def test_words_edited_between_plan_and_yes_are_not_approved(house: House, tools: Toolset) -> None:
    rita = asker(house, Role.REVIEWER, "rita")
    line = lines(house, StakesLevel.LOW)[0]
    given = {"proposal": line.proposal_id, "version": 1}
    effect = plan(tools, rita, "proposal_approve", **given)
    edit = Review(
        proposal_id=line.proposal_id,
        act=ReviewAct.EDIT,
        reviewer="omar",
        message_sha256=line.message_sha256,
        subject="Other words",
        at=NOON,
    )
    house.desk.do(lambda own, carrier: review(own, edit, carrier), drafts=True)
    with pytest.raises(ToolRefused, match="other words"):
        do(tools, rita, effect, "proposal_approve", **given)
    with pytest.raises(EffectChanged):
        do(tools, rita, effect, "proposal_approve", **{**given, "version": 2})
    assert house.proposals.get(line.proposal_id).status is ProposalStatus.WAITING


def test_a_marketer_reviews_nothing_and_no_program_approves_at_high_stakes(
    house: House, tools: Toolset
) -> None:
    (line,) = lines(house, StakesLevel.HIGH)
    given = {"proposal": line.proposal_id, "version": 1}
    with pytest.raises(ToolRefused, match="may not decide about proposals"):
        plan(tools, asker(house, Role.MARKETER), "proposal_approve", **given)
    for more in ({"token_id": "t1", "door": Door.API}, {"door": Door.MCP}):
        with pytest.raises(ToolRefused, match="high, and a program"):
            plan(tools, asker(house, Role.REVIEWER, "rita", **more), "proposal_approve", **given)
    assert house.proposals.get(line.proposal_id).status is ProposalStatus.WAITING


def test_another_draft_takes_the_place_of_the_one_that_was_seen(house: House, tools: Toolset) -> None:
    rita = asker(house, Role.REVIEWER, "rita")
    line = lines(house, StakesLevel.LOW)[0]
    given = {"proposal": line.proposal_id, "version": 1, "hint": "shorter"}
    effect = plan(tools, rita, "proposal_redraft", **given)
    assert any("shorter" in told for told in effect.lines)
    answer = do(tools, rita, effect, "proposal_redraft", **given)
    assert answer.facts["version"] == 2
    assert answer.texts[0].text != effect.texts[0].text
    assert house.proposals.get(line.proposal_id).status is ProposalStatus.WAITING


def test_at_high_stakes_who_had_a_hand_in_the_words_does_not_approve_them(
    house: House, tools: Toolset
) -> None:
    rita, omar = (asker(house, Role.REVIEWER, name) for name in ("rita", "omar"))
    (line,) = lines(house, StakesLevel.HIGH)
    edit = Review(
        proposal_id=line.proposal_id,
        act=ReviewAct.EDIT,
        reviewer=rita.member_id,
        message_sha256=line.message_sha256,
        subject="A guide to cost, and a word on it",
        at=NOON,
    )
    house.desk.do(lambda own, carrier: review(own, edit, carrier), drafts=True)
    given = {"proposal": line.proposal_id, "version": 2}
    with pytest.raises(ToolRefused, match="somebody else"):
        plan(tools, rita, "proposal_approve", **given)
    yes(tools, omar, "proposal_approve", **given)
    assert house.proposals.get(line.proposal_id).status is ProposalStatus.APPROVED


def test_a_rejection_carries_the_members_reason(house: House, tools: Toolset) -> None:
    rita = asker(house, Role.REVIEWER, "rita")
    line = lines(house)[0]
    given = {"proposal": line.proposal_id, "version": 1, "reason": "Wrong moment"}
    assert any("Wrong moment" in told for told in plan(tools, rita, "proposal_reject", **given).lines)
    yes(tools, rita, "proposal_reject", **given)
    (kept,) = house.proposals.reviews_of(line.proposal_id)
    assert (kept.act, kept.reason, kept.reviewer) == (ReviewAct.REJECT, "Wrong moment", rita.member_id)


# Messages -----------------------------------------------------------------------------------------------------


def _as_run(house: House) -> str:
    """The campaign file as its run went by it."""
    import yaml

    return yaml.safe_dump(
        house.crm.campaign(KEY).model_dump(mode="json", exclude_none=True), allow_unicode=True
    )


@pytest.fixture
def free(house: House, tools: Toolset) -> str:
    """A contact with nothing on its way: its proposal was rejected."""
    rita = asker(house, Role.REVIEWER, "rita")
    line = lines(house, StakesLevel.LOW)[0]
    yes(tools, rita, "proposal_reject", proposal=line.proposal_id, version=1, reason="Wrong content")
    file_of(house).write_text(_as_run(house).replace("guide-pricing", "guide-security"), encoding="utf-8")
    return line.contact_id


def test_a_draft_shows_message_findings_and_why_and_leaves_nothing(
    house: House, tools: Toolset, free: str
) -> None:
    mara = asker(house, Role.MARKETER)
    before = (house.outbox.counts(), len(house.proposals.waiting()), len(house.runs.runs()))
    found = look(tools, mara, "message_draft", contact=free, hint="shorter")
    assert found.texts[0].text.startswith("Subject: ")
    assert found.facts["drafted"]
    assert "guide-security" in found.facts["content"]
    assert found.facts["why"]
    told = json.dumps(found.facts)
    assert f"Hello {house.crm.contact(free).first_name}," in found.texts[0].text
    greeting = next(words for words in found.texts[0].text.split("\n") if words.startswith("Hello "))
    assert greeting not in told
    after = (house.outbox.counts(), len(house.proposals.waiting()), len(house.runs.runs()))
    assert after == before


def test_a_question_has_two_drafts_and_each_counts_in_its_conversation_and_its_members_day(
    house: House, tools: Toolset, free: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    mara, took = asker(house, Role.MARKETER), Usage(calls=4, input_tokens=900, output_tokens=100)

    def draft() -> ToolAnswer:
        return look(tools, mara, "message_draft", contact=free)

    def billed(*args: Any, **given: Any) -> Any:
        return desk_do(*args, **given).model_copy(update={"usage": took})

    desk_do = house.desk.do
    monkeypatch.setattr(house.desk, "do", billed)
    with question("chat:t_1"):
        draft()
        draft()
        with pytest.raises(ToolRefused, match="2 drafts were begun for this question"):
            draft()
    assert house.budget.spent("chat:t_1") == took + took
    house.budget.open("chat:t_1", Caps(model_tokens=2_000))
    with question("chat:t_1"), pytest.raises(ToolRefused, match="budget is spent"):
        draft()
    draft()
    bound = house.settings.model_copy(update={"assistant_member_daily_tokens": 3_000})
    object.__setattr__(house, "settings", bound)
    with pytest.raises(DaySpent):
        draft()


def test_who_has_a_message_on_its_way_gets_no_second_draft(house: House, tools: Toolset) -> None:
    mara = asker(house, Role.MARKETER)
    with pytest.raises(ToolRefused, match="H-01"):
        look(tools, mara, "message_draft", contact=lines(house)[0].contact_id)


def test_a_proposed_message_waits_in_the_inbox_until_a_reviewer_decides(
    house: House, tools: Toolset, free: str
) -> None:
    mara = asker(house, Role.MARKETER)
    effect = plan(tools, mara, "message_propose", contact=free, campaign=KEY, hint="shorter")
    assert any("a reviewer decides" in line for line in effect.lines)
    assert any("shorter" in line for line in effect.lines)
    done = do(tools, mara, effect, "message_propose", contact=free, campaign=KEY, hint="shorter")
    mark = done.facts["proposal"]
    shown = look(tools, mara, "proposal_show", proposal=mark)
    assert shown.facts["status"] == "waiting"
    assert OutboxStatus.SENT not in house.outbox.counts()
    assert notes(house, "message_propose")[0]["by"] == mara.member_id
    with pytest.raises(ToolRefused, match="H-01"):
        do(tools, mara, effect, "message_propose", contact=free, campaign=KEY, hint="shorter")
    with pytest.raises(ToolRefused, match="may not make, change"):
        plan(tools, asker(house, Role.REVIEWER, "rita"), "message_propose", contact=free)


def test_one_yes_given_three_times_at_once_proposes_one_message(
    house: House, tools: Toolset, free: str
) -> None:
    mara = asker(house, Role.MARKETER)
    given = {"contact": free, "campaign": KEY}
    effect, before = plan(tools, mara, "message_propose", **given), len(house.runs.runs())

    async def thrice() -> list[Any]:
        one = (tools.carry_out(mara, call("message_propose", **given), effect.seal) for _ in range(3))
        return await asyncio.gather(*one, return_exceptions=True)

    told = asyncio.run(thrice())
    assert len(house.runs.runs()) == before + 1
    assert [type(one) for one in told].count(ToolAnswer) == 1
    assert all(isinstance(one, ToolAnswer | ToolRefused) for one in told)


def test_a_change_acts_on_what_was_sealed_though_it_changed_after_it_was_told_again(
    house: House, tools: Toolset
) -> None:
    mara = asker(house, Role.MARKETER)
    yes(tools, mara, "campaign_pause", campaign=KEY)
    effect = plan(tools, mara, "campaign_resume", campaign=KEY, unrehearsed=True)
    file_of(house).write_text(file_of(house).read_text().replace("autonomy:", "# changed\nautonomy:", 1))
    desk = CampaignsChanged(house)
    with pytest.raises(EffectChanged):
        desk.resume(mara, CampaignResume(campaign=KEY, unrehearsed=True), effect.seal)
    assert house.controls.standing(KEY).state is CampaignState.PAUSED


def test_what_was_told_is_sealed_word_by_word(house: House, tools: Toolset) -> None:
    mara = asker(house, Role.MARKETER)
    effect = plan(tools, mara, "run_start", campaign=KEY, dry=True)
    more = house.settings.model_copy(update={"global_holdout_share": 0.3})
    object.__setattr__(house, "settings", more)
    with pytest.raises(EffectChanged):
        do(tools, mara, effect, "run_start", campaign=KEY, dry=True)
    assert plan(tools, mara, "run_start", campaign=KEY, dry=True).seal != effect.seal
