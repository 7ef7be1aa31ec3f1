"""The review inbox over HTTP: every act, bound to what was shown; two reviewers; roles; what a page may load."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import update

from app.four_eyes import needs_another
from app.queue_marks import snooze
from app.settings import Settings
from app.web import make_app
from app.wiring import House, open_house
from domain.message import OutboxStatus, StakesLevel
from domain.review import ProposalStatus, Review, ReviewAct
from domain.review_queue import QueueFilter, QueueLine
from domain.staff import Role
from evals.crowd import NOON
from memory.crm.statements import CONTACTS, writing
from tests.review_workspace import CONTACTS_IN_ALL, lines, make_reviewing
from tests.web import SITE, Visitor, member, shell_of, signed_in


class Hands:
    """A clock one can set."""

    now = NOON


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("reviewing") / "ws"
    make_reviewing(folder)
    return folder


@pytest.fixture
def house(template: Path, tmp_path: Path, hands: Hands) -> Iterator[House]:
    shutil.copytree(template, tmp_path / "ws")
    house = open_house(
        Settings(_env_file=None, workspace=tmp_path / "ws", model=None), clock=lambda: hands.now
    )
    yield house
    house.close()


@pytest.fixture
def app(house: House) -> FastAPI:
    app = make_app(house)
    member(app, Role.REVIEWER, "Omar Okafor")
    return app


@pytest.fixture
def rita(house: House, app: FastAPI) -> Visitor:
    return signed_in(house, Role.REVIEWER, app, "Rita Reyes")


@pytest.fixture
def omar(house: House, app: FastAPI) -> Visitor:
    return signed_in(house, Role.REVIEWER, app, "Omar Okafor")


def act(
    visitor: Visitor, line: QueueLine, what: str, *, sha: str | None = None, query: str = "", **more: str
) -> Any:
    """Post one of a proposal's forms as its page would."""
    form = {"csrf": visitor.token(), "sha": sha or line.message_sha256, "query": query, **more}
    return visitor.post(f"/inbox/{line.proposal_id}/{what}", data=form)


def notice(visitor: Visitor, answer: Any) -> str:
    """What the next page says."""
    page = visitor.get(answer.headers["location"]).text
    found = re.search(r'class="notice \w+"[^>]*><span>(.*?)</span>', page, re.S)
    assert found, page[:2_000]
    return unescape(found[1])


def status(house: House, line: QueueLine) -> ProposalStatus:
    return house.proposals.get(line.proposal_id).status


# The queue ----------------------------------------------------------------------------------------------


def test_the_queue_shows_who_what_why_and_by_stakes(rita: Visitor, house: House) -> None:
    page = rita.get("/inbox").text
    first, *_ = lines(house)
    assert first.level is StakesLevel.HIGH
    assert f"{CONTACTS_IN_ALL} messages wait for a person" in page
    assert page.index(first.contact_name) < page.index(lines(house)[-1].contact_name)
    assert "is CEO" in page
    levels = [line.level for line in lines(house)]
    assert [levels.count(level) for level in StakesLevel] == [6, 2, 1]


def test_only_low_ones_can_be_ticked(rita: Visitor, house: House) -> None:
    ticked = re.findall(r'name="item" value="(\w+)@', rita.get("/inbox").text)
    assert set(ticked) == {line.proposal_id for line in lines(house, StakesLevel.LOW)}


def test_the_queue_is_narrowed_by_its_address_and_nonsense_is_passed_over(rita: Visitor) -> None:
    assert len(re.findall("data-row", rita.get("/inbox?stakes=low").text)) == 6
    assert len(re.findall("data-row", rita.get("/inbox?q=person8").text)) == 1
    assert (
        len(re.findall("data-row", rita.get("/inbox?stakes=x&sort=y&who=&page=zz").text)) == CONTACTS_IN_ALL
    )
    assert "Nothing fits" in rita.get("/inbox?q=nobodyatall").text
    assert "The inbox is empty" not in rita.get("/inbox?status=approved").text


def test_a_marketer_looks_and_does_not_act(house: House, app: FastAPI) -> None:
    marketer = signed_in(house, Role.MARKETER, app)
    line = lines(house)[0]
    page = marketer.get(f"/inbox/{line.proposal_id}").text
    assert "reviewers decide" in page
    assert "/approve" not in page
    assert 'name="item"' not in marketer.get("/inbox").text
    for what in ("approve", "reject", "redraft", "edit", "recheck", "snooze", "assign"):
        assert act(marketer, line, what).status_code == 403
    assert marketer.post("/inbox/batch", data={"csrf": marketer.token()}).status_code == 403
    assert status(house, line) is ProposalStatus.WAITING


# One proposal -------------------------------------------------------------------------------------------


def test_a_proposal_is_shown_with_its_grounds(rita: Visitor, house: House) -> None:
    line = lines(house)[0]
    proposal = house.proposals.get(line.proposal_id)
    page = unescape(rita.get(f"/inbox/{line.proposal_id}").text)
    assert proposal.message.subject in page
    assert proposal.message.to_address in page
    assert all(reason.text in page for reason in proposal.stakes.reasons)
    cited = {one for sentence in proposal.draft.sentences for one in sentence.evidence}
    assert cited
    for fact in proposal.evidence:
        if fact.id in cited:
            assert f'href="#source-{fact.id}"' in page
            assert f'id="source-{fact.id}"' in page
    assert house.crm.decision(proposal.decision_id).reasons[0] in page
    assert proposal.message_sha256[:12] in page
    assert "Their story" in page
    assert rita.get("/inbox/p_nobody").status_code == 404


def test_the_message_is_framed_as_it_arrives_and_can_load_and_run_nothing(
    rita: Visitor, house: House
) -> None:
    line = lines(house)[0]
    answer = rita.get(f"/inbox/{line.proposal_id}/message")
    policy = answer.headers["content-security-policy"]
    assert policy == "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'self'"
    assert answer.headers["x-frame-options"] == "SAMEORIGIN"
    assert (
        answer.text.replace("\r\n", "\n").strip()
        == house.proposals.get(line.proposal_id).message.html.strip()
    )
    page = rita.get(f"/inbox/{line.proposal_id}").text
    assert f'sandbox="" src="/inbox/{line.proposal_id}/message"' in page


def test_an_approval_sends_exactly_what_was_shown_and_leads_to_the_next(rita: Visitor, house: House) -> None:
    first, second, *_ = lines(house)
    answer = act(rita, first, "approve")
    assert (answer.status_code, answer.headers["location"]) == (303, f"/inbox/{second.proposal_id}")
    assert "Approved and sent to" in notice(rita, answer)
    entry = house.outbox.get(house.proposals.outbox_id(first.proposal_id))
    assert (entry.status, entry.approved_sha256) == (OutboxStatus.SENT, first.message_sha256)
    assert len(list(house.workspace.mailbox.glob("*.eml"))) == 1
    given = house.proposals.reviews_of(first.proposal_id)
    assert rita.member is not None
    assert [one.reviewer for one in given] == [rita.member.member_id]


def test_the_next_is_the_next_of_the_same_view(rita: Visitor, house: House) -> None:
    low = lines(house, StakesLevel.LOW)
    answer = act(rita, low[-1], "approve", query="stakes=low&evil=//x.example")
    assert answer.headers["location"] == f"/inbox/{low[0].proposal_id}?stakes=low"
    for line in low[:-1]:
        answer = act(rita, line, "reject", query="stakes=low", reason="wrong moment")
    assert answer.headers["location"] == "/inbox?stakes=low"


def test_an_approval_of_words_that_changed_is_refused_in_words(
    rita: Visitor, omar: Visitor, house: House
) -> None:
    line = lines(house)[1]
    act(omar, line, "edit", subject="Another subject", body=house.proposals.get(line.proposal_id).draft.body)
    answer = act(rita, line, "approve")
    said = notice(rita, answer)
    assert answer.headers["location"] == f"/inbox/{line.proposal_id}"
    assert "Omar Okafor edited it" in said
    assert "other words than you saw (version 2 now)" in said
    assert status(house, line) is ProposalStatus.WAITING


def test_the_second_reviewer_is_told_who_decided_what(rita: Visitor, omar: Visitor, house: House) -> None:
    line = lines(house)[0]
    act(omar, line, "reject", reason="wrong moment")
    said = notice(rita, act(rita, line, "approve"))
    assert said == "Omar Okafor rejected it at 18:00. Your approval was not carried out."
    assert status(house, line) is ProposalStatus.REJECTED
    assert not list(house.workspace.mailbox.glob("*.eml"))


def test_of_reviewers_at_the_same_moment_one_acts(rita: Visitor, omar: Visitor, house: House) -> None:
    line = lines(house)[0]
    asked = [(rita, "approve"), (omar, "reject")] * 3
    tokens = {id(visitor): visitor.token() for visitor in (rita, omar)}

    def go(one: tuple[Visitor, str]) -> int:
        visitor, what = one
        form = {"csrf": tokens[id(visitor)], "sha": line.message_sha256, "reason": "no", "query": ""}
        return visitor.post(f"/inbox/{line.proposal_id}/{what}", data=form).status_code

    with ThreadPoolExecutor(6) as pool:
        assert set(pool.map(go, asked)) == {303}
    settled = [
        one
        for one in house.proposals.reviews_of(line.proposal_id)
        if one.act in {ReviewAct.APPROVE, ReviewAct.REJECT}
    ]
    assert len(settled) == 1
    mails = len(list(house.workspace.mailbox.glob("*.eml")))
    assert mails == (1 if settled[0].act is ReviewAct.APPROVE else 0)


def test_a_rejection_needs_its_reason_and_teaches_with_it(rita: Visitor, house: House) -> None:
    line = lines(house)[0]
    assert "needs a reason" in notice(rita, act(rita, line, "reject", reason="  "))
    assert status(house, line) is ProposalStatus.WAITING
    assert "remembered" in notice(rita, act(rita, line, "reject", reason="Wrong tone: far too eager"))
    told = house.history.recall(line.contact_id, "far too eager tone", now=house.clock(), least_score=-1.0)
    assert any("A message was rejected: Wrong tone: far too eager" in one.remembered.text for one in told)


def test_another_draft_is_written_with_the_hint_and_waits(rita: Visitor, house: House) -> None:
    line = lines(house)[0]
    before = house.proposals.get(line.proposal_id)
    answer = act(rita, line, "redraft", reason="shorter")
    after = house.proposals.get(line.proposal_id)
    assert answer.headers["location"] == f"/inbox/{line.proposal_id}"
    said = notice(rita, answer)
    if after.version == before.version:
        assert "no other draft" in said
    else:
        assert said == "Here is another draft."
        assert after.status is ProposalStatus.WAITING
        assert after.message_sha256 != before.message_sha256


# Edits --------------------------------------------------------------------------------------------------


def test_a_recheck_says_what_the_edit_will_be_told_and_changes_nothing(rita: Visitor, house: House) -> None:
    line = lines(house)[0]
    before = house.proposals.get(line.proposal_id)
    words = {"subject": "Re: your plans", "body": f"{before.draft.body}\n\nThis saves 40% of everything."}
    part = rita.post(
        f"/inbox/{line.proposal_id}/recheck",
        data={"csrf": rita.token(), "sha": line.message_sha256, **words},
    )
    told = unescape(part.text)
    assert "Stopped by a rule" in told
    assert "<ins>" in told
    assert house.proposals.get(line.proposal_id) == before
    assert act(rita, line, "edit", do="save", **words).status_code == 303
    after = house.proposals.get(line.proposal_id)
    rules = {finding.rule_id for finding in after.verdict.findings}
    assert {"C-05", "C-07"} <= rules
    assert rules == set(re.findall(r'class="strong">([A-Z]-\d\d)<', told))


def test_without_a_script_the_words_are_checked_on_the_page_and_kept_in_the_form(
    rita: Visitor, house: House
) -> None:
    line = lines(house)[0]
    page = act(rita, line, "edit", do="check", subject="Plainly", body="Short words. They say little.")
    assert page.status_code == 200
    assert "The checks pass" in page.text
    assert 'value="Plainly"' in page.text
    assert house.proposals.get(line.proposal_id).version == 1


def test_an_edit_is_saved_and_approved_at_once_where_nothing_stands_against_it(
    rita: Visitor, house: House
) -> None:
    low = lines(house, StakesLevel.LOW)[0]
    body = house.proposals.get(low.proposal_id).draft.body
    answer = act(rita, low, "edit", do="approve", subject="Plainly said", body=body)
    assert "Approved and sent" in notice(rita, answer)
    assert house.outbox.get(house.proposals.outbox_id(low.proposal_id)).message.subject == "Plainly said"


def test_an_edit_the_checks_hold_is_kept_and_not_approved(rita: Visitor, house: House) -> None:
    low = lines(house, StakesLevel.LOW)[0]
    body = f"{house.proposals.get(low.proposal_id).draft.body} It cuts waiting by 55%."
    said = notice(rita, act(rita, low, "edit", do="approve", subject=low.subject, body=body))
    assert said == "Your words were kept but not approved: C-07 stands against them."
    assert status(house, low) is ProposalStatus.WAITING


@pytest.mark.parametrize(
    ("words", "said"),
    [({"subject": " ", "body": "x"}, "subject is empty"), ({}, "You changed no word")],
)
def test_an_edit_that_is_none_is_told_and_the_words_stay(
    rita: Visitor, house: House, words: dict[str, str], said: str
) -> None:
    line = lines(house)[0]
    draft = house.proposals.get(line.proposal_id).draft
    page = act(rita, line, "edit", do="save", **({"subject": draft.subject, "body": draft.body} | words))
    assert page.status_code == 409
    assert said in unescape(page.text)
    assert house.proposals.get(line.proposal_id).version == 1


def test_at_high_stakes_somebody_else_approves_ones_own_words(
    rita: Visitor, omar: Visitor, house: House
) -> None:
    high = lines(house)[0]
    body = house.proposals.get(high.proposal_id).draft.body
    said = notice(rita, act(rita, high, "edit", do="approve", subject="My own words", body=body))
    assert "somebody else has to approve them" in said
    edited = house.review_queue.line(high.proposal_id)
    page = rita.get(f"/inbox/{high.proposal_id}").text
    assert "somebody else has to approve them" in page
    assert re.search(r'data-key="a"[^>]* disabled', page)
    assert "somebody else has to approve them" in notice(rita, act(rita, edited, "approve"))
    assert status(house, high) is ProposalStatus.WAITING
    assert "Approved and sent" in notice(omar, act(omar, edited, "approve"))


def test_an_api_token_approves_nothing_at_high_stakes(
    rita: Visitor, omar: Visitor, app: FastAPI, house: House
) -> None:
    assert omar.member is not None
    _, secret = shell_of(app).sessions.make_token(omar.member, "nightly")
    high, *_, low = lines(house)
    for line, after in ((high, ProposalStatus.WAITING), (low, ProposalStatus.APPROVED)):
        told = {"sha": line.message_sha256}
        bearer = {"authorization": f"Bearer {secret}"}
        Visitor(app).post(f"/inbox/{line.proposal_id}/approve", data=told, headers=bearer)
        assert status(house, line) is after


def test_whoever_asked_for_words_at_high_stakes_does_not_approve_them(
    rita: Visitor, omar: Visitor, house: House
) -> None:
    high = lines(house)[0]
    before = house.proposals.get(high.proposal_id)
    told = {"proposal_id": before.id, "act": ReviewAct.ANSWER, "at": NOON}
    given = Review(
        **told, reviewer="x", message_sha256=before.message_sha256, reason="Write exactly: Buy now"
    )
    assert rita.member is not None
    house.proposals.settle(given.model_copy(update={"reviewer": rita.member.member_id}), before)
    assert needs_another(house, before, rita.member.member_id) is None, "the hint led to no other draft"
    message = before.message.model_copy(update={"subject": "Buy now"})
    house.proposals.revise(
        before.model_copy(update={"message": message, "message_sha256": message.sha256}),
        before.message_sha256,
    )
    asked = house.review_queue.line(high.proposal_id)
    said = notice(rita, act(rita, asked, "approve"))
    assert "You asked for these words" in said
    assert status(house, high) is ProposalStatus.WAITING
    assert omar.member is not None
    assert needs_another(house, house.proposals.get(before.id), omar.member.member_id) is None


def by_a_link(app: FastAPI, maker: Visitor, whom: Visitor) -> Visitor:
    """A browser in which the maker of a one-time link signed in as whom it is for."""
    assert maker.member is not None and whom.member is not None
    path = f"/team/{whom.member.member_id}/link"
    page = maker.post(path, data={"csrf": maker.token("/team")}).text
    (link,) = re.findall(r"https://attune\.test(/sign-in/link/[\w-]{43})", page)
    browser = Visitor(app)
    browser.member = whom.member
    assert browser.post(link, headers={"origin": SITE}).status_code == 303
    return browser


@pytest.mark.parametrize("edits_as", ["self", "the other"])
def test_who_signs_in_as_another_by_a_link_they_made_stays_one_pair_of_eyes(
    house: House, app: FastAPI, omar: Visitor, edits_as: str
) -> None:
    ann = signed_in(house, Role.ADMIN, app, "Ann Admin")
    as_omar = by_a_link(app, ann, omar)
    first, second = (ann, as_omar) if edits_as == "self" else (as_omar, ann)
    high = lines(house)[0]
    body = house.proposals.get(high.proposal_id).draft.body
    act(first, high, "edit", do="save", subject="My own words", body=body)
    edited = house.review_queue.line(high.proposal_id)
    assert re.search(r'data-key="a"[^>]* disabled', second.get(f"/inbox/{high.proposal_id}").text)
    act(second, edited, "approve")
    assert status(house, high) is ProposalStatus.WAITING
    zoe = signed_in(house, Role.REVIEWER, app, "Zoe")
    assert "Approved and sent" in notice(zoe, act(zoe, edited, "approve"))


def test_who_came_by_anothers_link_makes_no_lasting_way_in(house: House, app: FastAPI, omar: Visitor) -> None:
    ann, bob = signed_in(house, Role.ADMIN, app, "Ann"), signed_in(house, Role.ADMIN, app, "Bob")
    as_omar, as_bob = by_a_link(app, ann, omar), by_a_link(app, ann, bob)
    assert "Ann made the link you came in by" in as_omar.get("/me").text
    assert "made the link you came in by" not in omar.get("/me").text
    assert omar.member is not None
    for path, more in (
        ("/me/password", {"new": "four words do very well"}),
        ("/me/tokens", {"token": "export", "lasts": ""}),
    ):
        refused = as_omar.post(path, data={"csrf": as_omar.token(), **more})
        assert (refused.status_code, "makes no lasting way in" in refused.text) == (422, True), path
    staff = shell_of(app).staff
    assert staff.password_hash(omar.member.member_id) is None
    told = {"csrf": as_bob.token("/team")}
    refused = as_bob.post(f"/team/{omar.member.member_id}/link", data=told)
    assert (refused.status_code, "/sign-in/link/" in refused.text) == (422, False)
    assert omar.post(
        "/me/password", data={"csrf": omar.token(), "new": "four words do very well"}
    ).is_redirect


def test_who_joins_by_an_invitation_counts_as_who_invited_until_they_sign_in_by_themselves(
    house: House, app: FastAPI
) -> None:
    ann = signed_in(house, Role.ADMIN, app, "Ann")
    assert ann.member is not None
    _, token = shell_of(app).staff.invite("ines@team.example", Role.REVIEWER, ann.member.member_id)
    ines = Visitor(app)
    told = {"name": "Ines", "zone": "Europe/Berlin"}
    assert ines.post(f"/sign-in/link/{token}", data=told, headers={"origin": SITE}).status_code == 303
    own = {"csrf": ines.token(), "new": "four words do very well"}
    assert ines.post("/me/password", data=own).status_code == 303
    high = lines(house)[0]
    body = house.proposals.get(high.proposal_id).draft.body
    act(ann, high, "edit", do="save", subject="My own words", body=body)
    edited = house.review_queue.line(high.proposal_id)
    act(ines, edited, "approve")
    assert status(house, high) is ProposalStatus.WAITING
    again = {"email": "ines@team.example", "password": own["new"]}
    assert ines.post("/sign-in", data=again, headers={"origin": SITE}).status_code == 303
    assert "Approved and sent" in notice(ines, act(ines, edited, "approve"))


def test_whoever_is_nobody_of_the_team_does_not_approve_a_members_words_at_high_stakes(
    rita: Visitor, omar: Visitor, house: House
) -> None:
    from app import loop
    from app.reviews import review
    from domain.errors import ReviewRejected

    assert rita.member is not None and omar.member is not None
    high = lines(house)[0]
    act(rita, high, "edit", do="save", subject="My own words", body="Dear all. A word.")
    sha = house.review_queue.line(high.proposal_id).message_sha256

    def given(who: str) -> Review:
        told = {"proposal_id": high.proposal_id, "message_sha256": sha, "reviewer": who}
        return Review(act=ReviewAct.APPROVE, at=NOON, **told)

    # The name the command line signs with where none is set: Rita's login, which is no member's.
    with pytest.raises(ReviewRejected, match="'rita' is nobody of the team"):
        loop.run(review(house, given("rita")))
    with pytest.raises(ReviewRejected, match="You wrote these words"):
        loop.run(review(house, given(rita.member.email.upper())))
    loop.run(review(house, given(omar.member.email)))
    assert status(house, high) is ProposalStatus.APPROVED


def test_words_longer_than_any_message_are_neither_checked_nor_kept(rita: Visitor, house: House) -> None:
    line = lines(house)[0]
    for what, do in (("edit", "check"), ("edit", "save"), ("recheck", "")):
        answer = act(rita, line, what, do=do, subject="Plainly", body="a b " * 10_000)
        assert answer.status_code == 409
        assert "longer than 20,000 characters" in answer.text
    assert house.proposals.get(line.proposal_id).version == 1


def test_what_is_too_long_to_compare_is_shown_as_gone_and_new() -> None:
    from app.rechecking import ChangeKind, changes

    before, after = "one two " * 200, "a b " * 4_000
    assert [(one.kind, one.text) for one in changes(before, after)] == [
        (ChangeKind.GONE, before),
        (ChangeKind.NEW, after),
    ]


def test_who_is_alone_may_approve_own_words_and_the_audit_chain_says_so(house: House) -> None:
    admin = signed_in(house, Role.ADMIN, make_app(house))
    high = lines(house)[0]
    body = house.proposals.get(high.proposal_id).draft.body
    act(admin, high, "edit", do="save", subject="My own words", body=body)
    assert "You are the only one here who may decide" in admin.get(f"/inbox/{high.proposal_id}").text
    assert "Approved and sent" in notice(
        admin, act(admin, house.review_queue.line(high.proposal_id), "approve")
    )
    acts = [line.detail.get("act") for line in house.audit.lines(subject=high.proposal_id)]
    assert "own words, nobody else" in acts


# Marks --------------------------------------------------------------------------------------------------


def test_what_is_put_off_comes_back_when_its_time_has_come(rita: Visitor, house: House, hands: Hands) -> None:
    first, second, *_ = lines(house)
    answer = act(rita, first, "snooze", until="tomorrow")
    assert answer.headers["location"] == f"/inbox/{second.proposal_id}"
    assert notice(rita, answer).startswith("Put off until Wed 25 Nov 2026, 09:00 CET")
    assert first.proposal_id not in {line.proposal_id for line in lines(house)}
    assert "data-row" in rita.get("/inbox?off=yes").text
    hands.now = NOON + timedelta(hours=16)
    assert lines(house)[0].proposal_id == first.proposal_id
    rita = signed_in(house, Role.REVIEWER, rita.app, "Rita Reyes")  # type: ignore[arg-type]
    assert notice(rita, act(rita, first, "snooze", until="back")) == "It is back in the queue."
    assert "Choose until when" in notice(rita, act(rita, first, "snooze", until="never"))


def test_nothing_is_put_off_beyond_the_day_it_closes_by_itself(
    rita: Visitor, house: House, hands: Hands
) -> None:
    first = lines(house)[0]
    hands.now = NOON + timedelta(days=13)
    again = signed_in(house, Role.REVIEWER, rita.app, "Rita Reyes")  # type: ignore[arg-type]
    assert "It closes by itself on" in notice(again, act(again, first, "snooze", until="days"))


def test_a_proposal_is_given_to_somebody_who_reviews(rita: Visitor, house: House, app: FastAPI) -> None:
    line = lines(house)[0]
    omar, marketer = member(app, Role.REVIEWER, "Omar Okafor"), member(app, Role.MARKETER, "Mia Marsh")
    assert notice(rita, act(rita, line, "assign", to=omar.member_id)) == "It is Omar Okafor’s now."
    assert house.review_queue.page(QueueFilter(assignee=omar.member_id), NOON).total == 1
    assert "does not review here" in notice(rita, act(rita, line, "assign", to=marketer.member_id))
    assert notice(rita, act(rita, line, "assign", to="")) == "It is nobody’s now."
    told = [one.detail["act"] for one in house.audit.lines(subject=line.proposal_id) if one.kind == "queue"]
    assert told == ["assign", "assign"]


def test_a_mark_that_cannot_be_told_is_not_made(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    line = lines(house)[0]

    def broken(*_: object) -> None:
        raise RuntimeError("no line, no mark")

    monkeypatch.setattr(type(house.audit), "append_in", broken)
    with pytest.raises(RuntimeError):
        snooze(house, line.proposal_id, house.clock() + timedelta(hours=1), "rita")
    assert lines(house)[0].proposal_id == line.proposal_id


# Batches ------------------------------------------------------------------------------------------------


def batch(visitor: Visitor, what: str, chosen: list[QueueLine], reason: str = "") -> Any:
    items = [f"{line.proposal_id}@{line.message_sha256}" for line in chosen]
    form = {"csrf": visitor.token(), "act": what, "reason": reason, "item": items, "query": "stakes=low"}
    return visitor.post("/inbox/batch", data=form)


def test_equal_low_ones_are_approved_together_and_each_result_is_shown(rita: Visitor, house: House) -> None:
    low = list(lines(house, StakesLevel.LOW))
    stale = low[2].model_copy(update={"message_sha256": "0" * 64})
    answer = batch(rita, "approve", [*low[:2], stale, lines(house)[0]])
    page = rita.get(answer.headers["location"]).text
    assert "2 of 4 messages approved" in page
    assert "has changed since you looked" in page
    assert "Its stakes are high; look at it alone." in page
    assert [status(house, line) for line in low[:3]] == [
        ProposalStatus.APPROVED,
        ProposalStatus.APPROVED,
        ProposalStatus.WAITING,
    ]
    assert status(house, lines(house)[0]) is ProposalStatus.WAITING
    other = signed_in(house, Role.REVIEWER, rita.app, "Omar Okafor")  # type: ignore[arg-type]
    assert other.get(answer.headers["location"]).status_code == 404


def test_a_kept_batch_knows_no_names_of_its_own(rita: Visitor, house: House) -> None:
    low = list(lines(house, StakesLevel.LOW))[:2]
    answer = batch(rita, "approve", low)
    assert low[0].contact_name in unescape(rita.get(answer.headers["location"]).text)
    with writing(house.engine) as connection:
        gone = update(CONTACTS).where(CONTACTS.c.id == low[0].contact_id)
        connection.execute(gone.values(first_name="Someone", last_name="Else"))
    page = unescape(rita.get(answer.headers["location"]).text)
    assert low[0].contact_name not in page
    assert low[1].contact_name in page


def test_a_batch_of_rejections_needs_its_reason(rita: Visitor, house: House) -> None:
    low = list(lines(house, StakesLevel.LOW))
    assert "Say why you reject them" in notice(rita, batch(rita, "reject", low[:2]))
    batch(rita, "reject", low[:2], "wrong moment for this company")
    assert {status(house, line) for line in low[:2]} == {ProposalStatus.REJECTED}


@pytest.mark.parametrize(("what", "many"), [("approve", 0), ("edit", 1), ("", 1)])
def test_a_batch_without_sense_changes_nothing(rita: Visitor, house: House, what: str, many: int) -> None:
    answer = batch(rita, what, list(lines(house, StakesLevel.LOW))[:many])
    assert answer.headers["location"] == "/inbox?stakes=low"
    assert "Nothing was changed" in notice(rita, answer)
    assert len(lines(house)) == CONTACTS_IN_ALL


# Safety of the pages ------------------------------------------------------------------------------------


def test_no_act_without_the_token_of_the_session(rita: Visitor, house: House) -> None:
    line = lines(house)[0]
    for what in ("approve", "reject", "redraft", "edit", "recheck", "snooze", "assign"):
        answer = rita.post(f"/inbox/{line.proposal_id}/{what}", data={"sha": line.message_sha256})
        assert answer.status_code == 403, what
    assert status(house, line) is ProposalStatus.WAITING


def test_looking_changes_nothing(rita: Visitor, house: House) -> None:
    before = house.audit.tip()
    for path in ("/inbox", "/inbox/figures", "/autonomy", f"/inbox/{lines(house)[0].proposal_id}"):
        assert rita.get(path).status_code == 200, path
    assert house.audit.tip() == before


def test_outside_words_are_shown_as_words(rita: Visitor, house: House) -> None:
    from memory.crm.statements import CONTACTS, writing

    line = lines(house)[0]
    with writing(house.engine) as connection:
        connection.execute(
            CONTACTS.update()
            .where(CONTACTS.c.id == line.contact_id)
            .values(job_title="<script>alert(1)</script>", first_name="<b>Eve</b>")
        )
    for path in ("/inbox", f"/inbox/{line.proposal_id}"):
        page = rita.get(path).text
        assert "<script>alert" not in page
        assert "<b>Eve" not in page
        assert "&lt;b&gt;Eve" in page


def test_figures_count_what_was_done(rita: Visitor, house: House) -> None:
    first, second, *_ = lines(house)
    act(rita, first, "approve")
    act(rita, second, "reject", reason="no")
    page = rita.get("/inbox/figures").text
    assert "Rita Reyes" in page
    assert "50%" in page


# Autonomy -----------------------------------------------------------------------------------------------


def test_an_admin_decides_about_autonomy_and_nobody_else(house: House, app: FastAPI, rita: Visitor) -> None:
    for line in lines(house, StakesLevel.LOW):
        act(rita, line, "approve")
    admin = signed_in(house, Role.ADMIN, app)
    assert "more reviews before anything can be said" in admin.get("/autonomy").text
    asked = {"campaign": "crowd", "asset": "guide-pricing", "level": "low"}
    answer = admin.post("/autonomy", data={"csrf": admin.token(), "act": "widen", **asked})
    assert "cannot go alone now" in notice(admin, answer)
    wrong = admin.post("/autonomy", data={"csrf": admin.token(), "act": "widen", **asked, "level": "all"})
    assert "Choose a class" in notice(admin, wrong)
    assert rita.post("/autonomy", data={"csrf": rita.token(), "act": "widen", **asked}).status_code == 403
    high = admin.post("/autonomy", data={"csrf": admin.token(), "act": "widen", **asked, "level": "high"})
    assert "High stakes always stay with people" in notice(admin, high)


def test_a_proposed_class_is_granted_and_taken_back_on_the_page(
    house: House, app: FastAPI, rita: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    for line in lines(house, StakesLevel.LOW):
        act(rita, line, "approve")
    lenient = house.rules.autonomy.model_copy(update={"widen_reviews": 5, "widen_share": 0.3})
    monkeypatch.setitem(house.__dict__, "rules", house.rules.model_copy(update={"autonomy": lenient}))
    admin = signed_in(house, Role.ADMIN, app)
    asked = {"campaign": "crowd", "asset": "guide-pricing", "level": "low"}
    assert "Let it go alone" in admin.get("/autonomy").text
    assert "Let it go alone" not in rita.get("/autonomy").text
    admin.post("/autonomy", data={"csrf": admin.token(), "act": "widen", **asked})
    page = admin.get("/autonomy").text
    assert "goes alone" in page
    assert "Ask again" in page
    admin.post("/autonomy", data={"csrf": admin.token(), "act": "narrow", **asked})
    assert "asks again" in admin.get("/autonomy").text
    assert [line.detail["state"] for line in house.audit.latest("autonomy", 5)] == ["narrowed", "granted"]


def test_the_command_line_keeps_the_same_rule_about_own_words(house: House, app: FastAPI) -> None:
    from app import loop
    from app.reviews import review
    from domain.errors import ReviewRejected

    assert len(shell_of(app).staff.members()) == 1
    member(app, Role.ADMIN)
    high = lines(house)[0]

    def given(kind: ReviewAct, sha: str, **more: str) -> Review:
        return Review(
            proposal_id=high.proposal_id, act=kind, reviewer="rita", message_sha256=sha, at=NOON, **more
        )

    done = loop.run(review(house, given(ReviewAct.EDIT, high.message_sha256, subject="Mine")))
    with pytest.raises(ReviewRejected, match="somebody else has to approve"):
        loop.run(review(house, given(ReviewAct.APPROVE, done.proposal.message_sha256)))
