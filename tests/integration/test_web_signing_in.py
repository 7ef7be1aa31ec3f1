"""Signing in: links that work once, passwords that cannot be guessed at leisure, sessions that end."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from fastapi import FastAPI
from sqlalchemy import select
from sqlmodel import SQLModel
from starlette.requests import Request

from app.passwords import fits, hashed
from app.web import make_app
from app.web.attempts import MOST, SECONDS, Attempts
from app.web.guard import COOKIE
from app.web.limits import address_of
from app.wiring import House
from domain.errors import TeamRefused
from domain.staff import Role
from policies.rights import FIRST_RUN_FOR, IDLE_FOR, INVITATION_FOR, SESSION_FOR
from tests.learning_workspace import LATER, open_workspace
from tests.web import SITE, Visitor, member, shell_of, signed_in

GOOD = "four words do very well"
OURS = {"origin": SITE}


class Hands:
    """A clock one can set."""

    now: datetime = LATER


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
def house(tmp_path: Path, hands: Hands) -> Iterator[House]:
    made = open_workspace(tmp_path / "w", contacts=2)
    house = House(made.settings, made.workspace, lambda: hands.now)
    made.close()
    yield house
    house.close()


@pytest.fixture
def app(house: House) -> FastAPI:
    return make_app(house)


def stored(house: House) -> str:
    """Everything the database holds, as text."""
    with house.engine.connect() as connection:
        tables = SQLModel.metadata.tables.values()
        return "\n".join(str(tuple(row)) for table in tables for row in connection.execute(select(table)))


def begin(app: FastAPI, **said: str) -> Visitor:
    """Come in as the first admin."""
    visitor = Visitor(app)
    form = {"name": "Dana Reyes", "email": "Dana@Team.example ", "zone": "Europe/Berlin", **said}
    answer = visitor.post(f"/sign-in/link/{shell_of(app).staff.first_run_link()}", data=form, headers=OURS)
    assert answer.status_code == 303, answer.text
    return visitor


def sign_in(app: FastAPI, email: str, password: str, visitor: Visitor | None = None) -> tuple[int, Visitor]:
    visitor = visitor or Visitor(app)
    form = {"email": email, "password": password}
    return visitor.post("/sign-in", data=form, headers=OURS).status_code, visitor


def test_there_is_no_default_account(app: FastAPI) -> None:
    assert shell_of(app).staff.is_empty()
    assert "Nobody is here yet" in Visitor(app).get("/sign-in").text
    for email in ("admin", "admin@attune.example", "root@localhost", ""):
        assert sign_in(app, email, "admin")[0] in {401, 429}


def test_the_first_link_makes_one_admin_and_only_once(app: FastAPI, house: House) -> None:
    staff = shell_of(app).staff
    stale, token = staff.first_run_link(), staff.first_run_link()
    assert Visitor(app).get(f"/sign-in/link/{stale}").status_code == 410
    visitor = Visitor(app)
    for _ in range(3):
        assert visitor.get(f"/sign-in/link/{token}").status_code == 200
    assert staff.is_empty(), "a GET changes nothing: link scanners open links too"
    form = {"name": "Dana Reyes", "email": "Dana@Team.example", "zone": "Europe/Berlin"}
    answer = visitor.post(f"/sign-in/link/{token}", data=form, headers=OURS)
    assert answer.headers["location"] == "/sign-in/kept?next=%2F"
    assert visitor.get(answer.headers["location"]).headers["location"] == "/"
    (dana,) = staff.members()
    assert (dana.email, dana.role, dana.has_password) == ("dana@team.example", Role.ADMIN, False)
    assert Visitor(app).post(f"/sign-in/link/{token}", data=form, headers=OURS).status_code == 410
    with pytest.raises(TeamRefused):
        staff.first_run_link()
    assert token not in stored(house)


def test_a_first_link_is_good_for_half_an_hour(app: FastAPI, hands: Hands) -> None:
    token = shell_of(app).staff.first_run_link()
    hands.now += FIRST_RUN_FOR - timedelta(seconds=1)
    assert Visitor(app).get(f"/sign-in/link/{token}").status_code == 200
    hands.now += timedelta(seconds=1)
    assert Visitor(app).get(f"/sign-in/link/{token}").status_code == 410


def test_what_is_wrong_in_the_first_form_is_said_at_its_field_and_the_link_still_works(app: FastAPI) -> None:
    visitor, token = Visitor(app), shell_of(app).staff.first_run_link()
    form = {"name": " ", "email": "dana", "zone": "Mars/Olympus", "password": "short"}
    answer = visitor.post(f"/sign-in/link/{token}", data=form, headers=OURS)
    assert answer.status_code == 422
    assert answer.text.count('class="error"') == 4
    assert shell_of(app).staff.is_empty()
    assert visitor.get(f"/sign-in/link/{token}").status_code == 200


def test_an_invitation_gives_its_role_to_its_address_once(app: FastAPI, house: House, hands: Hands) -> None:
    staff = shell_of(app).staff
    admin = begin(app)
    ticket, token = staff.invite("ines@team.example", Role.REVIEWER, "m_x")
    assert token not in stored(house)
    form = {"name": "Inés", "email": "other@team.example", "role": "admin", "zone": "Europe/Madrid"}
    guest = Visitor(app)
    assert "invited as reviewer" in guest.get(f"/sign-in/link/{token}").text
    assert guest.post(f"/sign-in/link/{token}", data=form, headers=OURS).status_code == 303
    ines = staff.by_email("ines@team.example")
    assert ines is not None
    assert (ines.role, staff.by_email("other@team.example")) == (Role.REVIEWER, None)
    assert guest.get("/team").status_code == 403
    assert guest.post(f"/sign-in/link/{token}", data=form, headers=OURS).status_code == 410
    late, token = staff.invite("late@team.example", Role.MARKETER, "m_x")
    hands.now += INVITATION_FOR
    assert Visitor(app).get(f"/sign-in/link/{token}").status_code == 410
    assert ticket.ticket_id != late.ticket_id
    assert admin.get("/team").status_code == 303, "her own session has run out as well"


def test_a_password_lets_in_and_a_wrong_one_or_nobody_does_not(app: FastAPI, house: House) -> None:
    begin(app, password=GOOD)
    assert sign_in(app, "dana@team.example", GOOD)[0] == 303
    assert sign_in(app, " DANA@team.example", GOOD)[0] == 303
    assert sign_in(app, "dana@team.example", GOOD + "!")[0] == 401
    assert sign_in(app, "nobody@team.example", GOOD)[0] == 401
    kept = stored(house)
    assert "$argon2id$" in kept
    assert GOOD not in kept


def test_tries_at_the_door_and_on_ones_own_page_are_counted_together(app: FastAPI) -> None:
    here = begin(app, password=GOOD)
    for _ in range(MOST):
        assert sign_in(app, "dana@team.example", "wrong")[0] == 401
    form = {"csrf": here.token(), "now": "wrong", "new": GOOD}
    assert here.post("/me/password", data=form).status_code == 429


def test_five_wrong_tries_a_minute_by_account_and_by_address(app: FastAPI) -> None:
    begin(app, password=GOOD)
    for _ in range(MOST):
        assert sign_in(app, "dana@team.example", "wrong")[0] == 401
    answer = Visitor(app).post(
        "/sign-in", data={"email": "dana@team.example", "password": GOOD}, headers=OURS
    )
    assert answer.status_code == 429
    assert 0 < int(answer.headers["retry-after"]) <= SECONDS
    assert sign_in(app, "somebody.else@team.example", "wrong")[0] == 429, "the address is the same"


def test_tries_are_counted_in_a_sliding_minute_and_success_is_not() -> None:
    now = 0.0
    attempts = Attempts(lambda: now)
    for second in range(MOST):
        now = float(second)
        assert attempts.begin("account a", "address 1") == 0
    assert attempts.begin("account a", "address 2") == SECONDS - (MOST - 1)
    assert attempts.begin("account b", "address 1") > 0
    assert attempts.begin("account b", "address 2") == 0
    now = SECONDS
    assert attempts.begin("account a", "address 3") == 0
    for _ in range(3 * MOST):
        assert attempts.begin("account c", "address 4") == 0
        attempts.succeeded("account c", "address 4")


@pytest.mark.parametrize(
    ("told", "known"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2:aaaa::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff:ffff:ffff:ffff", "2001:db8:1:2::/64"),
        ("testclient", "testclient"),
    ],
)
def test_one_line_of_ipv6_is_one_address(told: str, known: str) -> None:
    assert address_of(Request({"type": "http", "client": (told, 1)})) == known


def test_names_a_stranger_typed_are_kept_by_their_beginning() -> None:
    attempts = Attempts()
    for number in range(20):
        attempts.begin(f"account {number}{'x' * 100_000}", "address 1")
    assert sum(map(len, attempts._tries)) < 20_000


def test_a_password_is_long_and_not_a_name() -> None:
    for weak in ("short", "a" * 40, "dana@team.example", "x" * 600):
        with pytest.raises(TeamRefused):
            hashed(weak, "Dana", "dana@team.example")
    kept = hashed(GOOD)
    assert kept != hashed(GOOD)
    assert (fits(GOOD, kept), fits("another", kept), fits(GOOD, None), fits(GOOD, "broken")) == (
        True,
        False,
        False,
        False,
    )


def test_the_session_cookie_is_locked_down_and_new_at_each_sign_in(app: FastAPI, house: House) -> None:
    visitor = begin(app, password=GOOD)
    first = visitor.cookies[COOKIE]
    answer = visitor.post("/sign-in", data={"email": "dana@team.example", "password": GOOD}, headers=OURS)
    cookie = answer.headers["set-cookie"]
    for part in ("__Host-", "; HttpOnly", "; Secure", "; SameSite=lax", "; Path=/"):
        assert part in cookie
    assert "Domain" not in cookie
    assert visitor.cookies[COOKIE] != first
    planted = Visitor(app)
    planted.cookies.set(COOKIE, first, domain="attune.test")
    assert planted.get("/chat").status_code == 303, "the session before is no session any more"
    assert visitor.cookies[COOKIE] not in stored(house)


def test_a_session_ends_by_idling_and_by_age(app: FastAPI, house: House, hands: Hands) -> None:
    visitor = signed_in(house, Role.MARKETER, app)
    hands.now += IDLE_FOR - timedelta(minutes=1)
    assert visitor.get("/chat").status_code == 200
    hands.now += IDLE_FOR
    assert visitor.get("/chat").status_code == 303
    busy, began = signed_in(house, Role.MARKETER, app), hands.now
    while hands.now - began < SESSION_FOR - IDLE_FOR / 2:
        hands.now += IDLE_FOR / 2
        if hands.now - began < SESSION_FOR:
            assert busy.get("/chat").status_code == 200
    hands.now = began + SESSION_FOR
    assert busy.get("/chat").status_code == 303


def test_signing_out_ends_this_session_or_all(app: FastAPI, house: House) -> None:
    here, there = (signed_in(house, Role.REVIEWER, app) for _ in range(2))
    third = signed_in(house, Role.REVIEWER, app)
    assert here.post("/sign-out", data={"csrf": here.token()}).status_code == 303
    assert (here.get("/chat").status_code, there.get("/chat").status_code) == (303, 200)
    form = {"csrf": there.token(), "where": "everywhere"}
    assert there.post("/sign-out", data=form).headers["location"] == "/sign-in"
    assert (there.get("/chat").status_code, third.get("/chat").status_code) == (303, 303)


def test_a_token_of_another_session_is_no_token(app: FastAPI, house: House) -> None:
    one, two = (signed_in(house, Role.ADMIN, app, name) for name in ("Ann", "Bob"))
    assert one.post("/sign-out", data={"csrf": two.token()}).status_code == 403
    assert one.get("/chat").status_code == 200


def test_a_new_password_signs_other_browsers_out_and_needs_the_old_one(app: FastAPI, house: House) -> None:
    here, there = (signed_in(house, Role.MARKETER, app) for _ in range(2))
    assert here.post("/me/password", data={"csrf": here.token(), "new": GOOD}).status_code == 303
    assert (here.get("/chat").status_code, there.get("/chat").status_code) == (200, 303)
    form = {"csrf": here.token(), "new": "another five words or so", "now": "wrong"}
    assert here.post("/me/password", data=form).status_code == 422
    assert here.post("/me/password", data=form | {"now": GOOD}).status_code == 303
    assert sign_in(app, "marketer@team.example", GOOD)[0] == 401


def test_whoever_kept_no_cookie_is_told_why(app: FastAPI) -> None:
    answer = Visitor(app).get("/sign-in/kept")
    assert answer.status_code == 400
    assert "kept no session" in answer.text


def test_where_somebody_wanted_to_go_is_kept(app: FastAPI) -> None:
    begin(app, password=GOOD)
    visitor = Visitor(app)
    asked = visitor.get("/team?page=2")
    assert asked.headers["location"] == "/sign-in?next=%2Fteam%3Fpage%3D2"
    assert 'value="/team?page=2"' in visitor.get(asked.headers["location"]).text
    form = {"email": "dana@team.example", "password": GOOD, "next": "/team?page=2"}
    answer = visitor.post("/sign-in", data=form, headers=OURS)
    assert answer.headers["location"] == "/sign-in/kept?next=%2Fteam%3Fpage%3D2"
    assert visitor.get(answer.headers["location"]).headers["location"] == "/team?page=2"


def test_a_member_of_a_role_begins_where_their_places_are(app: FastAPI, house: House) -> None:
    visitor = signed_in(house, Role.MARKETER, app)
    assert visitor.get("/").headers["location"] in {"/inbox", "/campaigns", "/results", "/chat"}
    assert member(app, Role.MARKETER).zone == "Europe/Berlin"
