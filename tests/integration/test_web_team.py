"""The team page, one's own account, API tokens and `attune team`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest
from fastapi import FastAPI

from app.cli.doors import doors
from app.web import make_app
from app.wiring import House
from domain.staff import Role
from tests.desk_content import SENDER
from tests.integration.shell import Shell
from tests.learning_workspace import open_workspace
from tests.web import Visitor, member, shell_of, signed_in


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = open_workspace(tmp_path / "w", contacts=2)
    house.__dict__["sender"] = SENDER
    yield house
    house.close()


@pytest.fixture
def app(house: House) -> FastAPI:
    return make_app(house)


@pytest.fixture
def admin(house: House, app: FastAPI) -> Visitor:
    return signed_in(house, Role.ADMIN, app)


def did(house: House) -> list[tuple[str, str]]:
    return [
        (line.detail["did"], line.subject) for line in house.audit.lines(limit=1_000) if line.kind == "team"
    ]


def test_an_invitation_is_shown_once_and_mailed_only_if_asked(house: House, admin: Visitor) -> None:
    form = {"csrf": admin.token("/team"), "email": "Ines@Team.example", "role": "reviewer"}
    page = admin.post("/team/invitations", data=form).text
    (link,) = re.findall(r"https://attune\.test/sign-in/link/[\w-]{43}", page)
    assert "Nothing was mailed" in page
    assert link not in admin.get("/team").text
    assert not list(house.workspace.mailbox.glob("*.eml"))
    page = admin.post("/team/invitations", data={**form, "email": "tom@team.example", "mail": "yes"}).text
    (mail,) = [path.read_text() for path in house.workspace.mailbox.glob("*.eml")]
    assert "mailed to them as well" in page
    assert "To: tom@team.example" in mail
    assert "/sign-in/link/" in mail


def test_what_cannot_be_invited_is_said_at_the_field(admin: Visitor) -> None:
    token = admin.token("/team")
    for email, words in (("nobody", "is no e-mail address"), ("admin@team.example", "is a member already")):
        answer = admin.post("/team/invitations", data={"csrf": token, "email": email, "role": "admin"})
        assert answer.status_code == 422
        assert words in answer.text
    answer = admin.post("/team/invitations", data={"csrf": token, "email": "a@b.example", "role": "owner"})
    assert (answer.status_code, "no role" in answer.text) == (422, True)


def test_a_withdrawn_invitation_works_no_more(app: FastAPI, admin: Visitor) -> None:
    ticket, token = shell_of(app).staff.invite("ines@team.example", Role.REVIEWER, "m_x")
    path = f"/team/invitations/{ticket.ticket_id}/withdraw"
    assert admin.post(path, data={"csrf": admin.token("/team")}).status_code == 303
    assert "Withdrawn" in admin.get("/team").text
    assert "Withdrawn" not in admin.get("/team").text, "it is said once"
    assert Visitor(app).get(f"/sign-in/link/{token}").status_code == 410


def test_a_new_role_holds_from_the_next_click_on(house: House, app: FastAPI, admin: Visitor) -> None:
    tom = signed_in(house, Role.MARKETER, app, "Tom")
    assert tom.get("/team").status_code == 403
    assert tom.member is not None
    form = {"csrf": admin.token("/team"), "role": "admin"}
    assert admin.post(f"/team/{tom.member.member_id}/role", data=form).status_code == 303
    assert tom.get("/team").status_code == 200


def test_the_last_admin_stays(app: FastAPI, house: House, admin: Visitor) -> None:
    assert admin.member is not None
    path, csrf = f"/team/{admin.member.member_id}", admin.token("/team")
    for act, more in (("role", {"role": "marketer"}), ("leave", {})):
        answer = admin.post(f"{path}/{act}", data={"csrf": csrf, **more})
        assert (answer.status_code, "only admin" in answer.text) == (422, True)
    other = signed_in(house, Role.ADMIN, app, "Zoe")
    assert other.post(f"{path}/leave", data={"csrf": other.token("/team")}).status_code == 303
    assert admin.get("/team").status_code == 303


def test_who_leaves_is_signed_out_everywhere_and_tokens_and_links_end(
    house: House, app: FastAPI, admin: Visitor
) -> None:
    tom = signed_in(house, Role.MARKETER, app, "Tom")
    assert tom.member is not None
    shell = shell_of(app)
    _, secret = shell.sessions.make_token(tom.member, "export")
    link = shell.staff.sign_in_link(tom.member, "m_x")
    shell.staff.set_password(tom.member.member_id, "a hash", "m_x", keep_session="")
    form = {"csrf": admin.token("/team")}
    assert admin.post(f"/team/{tom.member.member_id}/leave", data=form).status_code == 303
    assert tom.get("/chat").status_code == 303
    assert Visitor(app).get("/chat", headers={"authorization": f"Bearer {secret}"}).status_code == 401
    assert Visitor(app).get(f"/sign-in/link/{link}").status_code == 410
    assert shell.staff.password_hash(tom.member.member_id) is None
    assert not shell.staff.member(tom.member.member_id).has_password


def test_a_one_time_link_is_made_for_a_member_and_works_once(app: FastAPI, admin: Visitor) -> None:
    tom = member(app, Role.MARKETER, "Tom")
    page = admin.post(f"/team/{tom.member_id}/link", data={"csrf": admin.token("/team")}).text
    (path,) = re.findall(r"https://attune\.test(/sign-in/link/[\w-]{43})", page)
    headers = {"origin": "https://attune.test"}
    assert Visitor(app).post(path, headers=headers).status_code == 303
    assert Visitor(app).post(path, headers=headers).status_code == 410


def test_an_api_token_acts_as_its_owner_but_makes_no_ways_in(
    house: House, app: FastAPI, admin: Visitor
) -> None:
    form = {"csrf": admin.token(), "token": "nightly export", "lasts": "90"}
    page = admin.post("/me/tokens", data=form).text
    (secret,) = set(re.findall(r"attune_[\w-]{43}", page))
    assert secret not in admin.get("/me").text
    program = {"authorization": f"Bearer {secret}", "accept": "application/json"}
    anyone = Visitor(app)
    assert anyone.get("/chat", headers=program).status_code == 200
    for path in ("/me", "/team"):
        assert anyone.get(path, headers=program).status_code == 403
    refused = anyone.post(
        "/team/invitations", headers=program, data={"email": "x@y.example", "role": "admin"}
    )
    assert (refused.status_code, refused.json()["error"]) == (403, "NotByToken")
    assert anyone.get("/chat", headers={**program, "authorization": "Bearer attune_guess"}).status_code == 401
    (token,) = shell_of(app).sessions.tokens(admin.member.member_id if admin.member else "")
    assert token.used_at is not None
    path = f"/me/tokens/{token.token_id}/revoke"
    other = signed_in(house, Role.ADMIN, app, "Zoe")
    assert other.post(path, data={"csrf": other.token()}).status_code == 404, "it is not hers"
    assert admin.post(path, data={"csrf": admin.token()}).status_code == 303
    assert anyone.get("/chat", headers=program).status_code == 401


def test_a_members_zone_is_the_zone_times_are_shown_in(app: FastAPI, house: House) -> None:
    visitor = signed_in(house, Role.MARKETER, app)
    assert "it is 14:00 there now" in visitor.get("/me").text
    form = {"csrf": visitor.token(), "name": "Mia", "zone": "Asia/Tokyo"}
    assert visitor.post("/me", data=form).status_code == 303
    assert "it is 21:00 there now" in visitor.get("/me").text
    assert visitor.post("/me", data={**form, "zone": "../etc/passwd"}).status_code == 422
    assert visitor.post("/me", data={**form, "name": ""}).status_code == 422


def test_names_are_shown_and_never_markup(app: FastAPI, house: House, admin: Visitor) -> None:
    wicked = '<script>alert(1)</script>" onload="x'
    tom = member(app, Role.MARKETER, "Tom")
    shell_of(app).staff.change(tom.member_id, tom.member_id, name=wicked)
    for path in ("/team", f"/team/{tom.member_id}"):
        page = admin.get(path).text
        assert "<script>alert" not in page
        assert wicked in unescape(page)


def test_looks_are_kept_in_this_browser_and_nothing_unknown_is(admin: Visitor) -> None:
    admin.post("/me/looks", data={"csrf": admin.token(), "theme": "dark"})
    page = admin.get("/me").text
    assert 'data-theme="dark"' in page
    assert 'data-keys="off"' in page
    admin.post("/me/looks", data={"csrf": admin.token(), "theme": '"><script>', "keys": "yes"})
    assert "data-theme" not in admin.get("/me").text


def test_every_change_of_the_team_is_in_the_audit_chain_without_an_address(
    house: House, admin: Visitor
) -> None:
    form = {"csrf": admin.token("/team"), "email": "ines@team.example", "role": "reviewer"}
    admin.post("/team/invitations", data=form)
    admin.post("/me/tokens", data={"csrf": admin.token(), "token": "export", "lasts": ""})
    assert [act for act, _ in did(house)] == ["joined", "signed in", "invitation link", "token made"]
    told = "".join(line.model_dump_json() for line in house.audit.lines(limit=100))
    assert "team.example" not in told
    assert "Ines" not in told
    assert house.audit.verify() is None


def test_the_command_line_does_the_same(house: House, monkeypatch: pytest.MonkeyPatch, shell: Shell) -> None:
    monkeypatch.setattr(doors, "_house", house)
    monkeypatch.setattr(doors, "close", lambda: None)
    assert "prints the one-time link" in shell("team", "list")[1]
    code, said = shell("team", "invite", "ines@team.example", "--role", "reviewer")
    assert (code, "/sign-in/link/" in said, "Nothing was mailed" in said) == (0, True, True)
    app = make_app(house)
    path = re.findall(r"(/sign-in/link/\S+)", said)[0]
    form = {"name": "Inés", "zone": "UTC"}
    assert Visitor(app).post(path, data=form, headers={"origin": "https://attune.test"}).status_code == 303
    assert "ines@team.example" in shell("team", "list")[1]
    code, said = shell("team", "link", "ines@team.example", "--at", "https://attune.test")
    assert re.search(r"https://attune\.test/sign-in/link/\S+", said)
    assert shell("team", "role", "ines@team.example", "admin")[0] == 0
    code, said = shell("team", "remove", "ines@team.example")
    assert (code, "only admin" in said) == (1, True)
    code, said = shell("team", "link", "nobody@team.example")
    assert (code, "No member 'nobody@team.example'" in said) == (3, True)
    code, said = shell("team", "invite", "not an address", "--role", "reviewer")
    assert (code, "is no e-mail address" in said) == (1, True)
