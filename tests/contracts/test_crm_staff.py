"""The team's store, on both databases: one first admin, one use of a link, never without an admin."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine, select

from domain.errors import LinkSpent, NotFound, TeamRefused
from domain.staff import Identity, Member, Role, TicketKind
from memory.crm.audit import AuditChain
from memory.crm.engine import BUSY_TIMEOUT_MS, is_sqlite
from memory.crm.sessions import SessionStore
from memory.crm.staff import StaffStore
from memory.crm.statements import API_TOKENS, SESSIONS, TICKETS, writing
from policies.rights import INVITATION_FOR
from tests.contracts.crm_sample import NOON


class Hands:
    """A clock one can set."""

    now: datetime = NOON


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
def staff(engine: Engine, hands: Hands) -> StaffStore:
    return StaffStore(engine, AuditChain(engine, lambda: hands.now), lambda: hands.now)


@pytest.fixture
def sessions(engine: Engine, hands: Hands) -> SessionStore:
    return SessionStore(engine, AuditChain(engine, lambda: hands.now), lambda: hands.now)


def tried(*acts: Callable[[], object]) -> list[object]:
    """What came of acts done side by side: a result, or the kind of error."""

    def one(act: Callable[[], object]) -> object:
        try:
            return act()
        except (TeamRefused, LinkSpent) as refused:
            return type(refused)

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(one, acts))


def admin(staff: StaffStore, email: str = "ada@team.example") -> Member:
    return staff.join(email, "Ada", Role.ADMIN, "UTC", how="test")


def test_of_many_who_use_the_first_link_at_once_one_becomes_admin(staff: StaffStore) -> None:
    token = staff.first_run_link()
    found = tried(*(lambda n=n: staff.use(token, email=f"p{n}@team.example", name="P") for n in range(6)))
    assert sum(isinstance(one, Member) for one in found) == 1
    assert found.count(LinkSpent) == 5
    assert len(staff.members()) == 1


def test_two_admins_who_let_each_other_go_at_once_leave_one(staff: StaffStore) -> None:
    ada, bob = admin(staff), admin(staff, "bob@team.example")
    found = tried(
        lambda: staff.leave(ada.member_id, bob.member_id), lambda: staff.leave(bob.member_id, ada.member_id)
    )
    assert found.count(TeamRefused) == 1
    assert len(staff.members(only_active=True)) == 1


def test_tokens_are_kept_as_hashes_only(engine: Engine, staff: StaffStore, sessions: SessionStore) -> None:
    ada = admin(staff)
    secrets = [
        staff.sign_in_link(ada, "m_x"),
        staff.invite("bob@team.example", Role.REVIEWER, "m_x")[1],
        sessions.begin(ada, "link"),
        sessions.make_token(ada, "export")[1],
    ]
    assert len(set(secrets)) == 4
    with engine.connect() as connection:
        held = "".join(
            str(tuple(row))
            for table in (TICKETS, SESSIONS, API_TOKENS)
            for row in connection.execute(select(table))
        )
    assert not any(secret in held for secret in secrets)
    assert AuditChain(engine).verify() is None


def test_an_invitation_replaces_the_one_before_and_ends(staff: StaffStore, hands: Hands) -> None:
    admin(staff)
    _, first = staff.invite("bob@team.example", Role.REVIEWER, "m_x")
    ticket, second = staff.invite("Bob@Team.example", Role.MARKETER, "m_x")
    assert [one.ticket_id for one in staff.invitations()] == [ticket.ticket_id]
    with pytest.raises(LinkSpent):
        staff.use(first, name="Bob")
    assert staff.ticket(second).kind is TicketKind.INVITATION
    hands.now += INVITATION_FOR
    with pytest.raises(LinkSpent):
        staff.use(second, name="Bob")
    assert staff.invitations() == ()


def test_somebody_who_left_may_come_back_as_somebody_new(staff: StaffStore, sessions: SessionStore) -> None:
    ada = admin(staff)
    bob = staff.join("bob@team.example", "Bob", Role.ADMIN, "UTC", how="test")
    secret = sessions.begin(bob, "link")
    _, token = sessions.make_token(bob, "export")
    staff.leave(bob.member_id, ada.member_id)
    assert (sessions.who(secret), sessions.who_by_token(token)) == (None, None)
    back = staff.join("bob@team.example", "Robert", Role.REVIEWER, "UTC", how="test", by=ada.member_id)
    assert (back.member_id, back.role, back.has_password) == (bob.member_id, Role.REVIEWER, False)
    assert (sessions.who(secret), sessions.who_by_token(token)) == (None, None)


def test_an_api_token_ends_when_it_was_made_to(
    staff: StaffStore, sessions: SessionStore, hands: Hands
) -> None:
    ada = admin(staff)
    _, brief = sessions.make_token(ada, "a day", timedelta(days=1))
    _, lasting = sessions.make_token(ada, "for good")
    hands.now += timedelta(days=1)
    assert sessions.who_by_token(brief) is None
    known = sessions.who_by_token(lasting)
    assert known is not None
    assert known[1].member_id == ada.member_id


def test_a_session_is_of_its_member_and_seen(
    engine: Engine, staff: StaffStore, sessions: SessionStore, hands: Hands
) -> None:
    ada, bob = admin(staff), admin(staff, "bob@team.example")
    secret = sessions.begin(ada, "link", "x" * 900)
    (session,) = sessions.of(ada.member_id)
    assert len(session.browser) == 200
    hands.now += timedelta(hours=1)
    assert sessions.who(secret) is not None
    assert sessions.of(ada.member_id)[0].seen_at == hands.now
    assert staff.member(ada.member_id).seen_at == hands.now
    sessions.end(session.session_id, bob.member_id)
    assert sessions.who(secret) is not None
    assert sessions.end_all(ada.member_id, bob.member_id) == 1
    (told,) = AuditChain(engine).latest("team", 1)
    assert (told.detail["did"], told.detail["by"]) == ("signed out everywhere", bob.member_id)
    assert sessions.who(secret) is None


def test_a_page_does_not_wait_for_somebody_who_writes_for_long(
    engine: Engine, staff: StaffStore, sessions: SessionStore, hands: Hands
) -> None:
    ada = admin(staff)
    secret = sessions.begin(ada, "link")
    hands.now += timedelta(hours=1)
    if not is_sqlite(engine):
        pytest.skip("writers of other rows do not wait for each other on PostgreSQL")
    with writing(engine):
        assert sessions.who(secret) is not None
        assert staff.member(ada.member_id).seen_at == NOON
    assert sessions.who(secret) is not None
    assert staff.member(ada.member_id).seen_at == hands.now
    with engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA busy_timeout").scalar() == BUSY_TIMEOUT_MS


def test_a_subject_belongs_to_one_member(staff: StaffStore) -> None:
    ada = admin(staff)
    same = staff.recognise(Identity(subject="s1", email="ADA@team.example"), (), Role.MARKETER, "UTC")
    assert same.member_id == ada.member_id
    with pytest.raises(TeamRefused):
        staff.recognise(
            Identity(subject="s2", email="ada@team.example"), ("team.example",), Role.MARKETER, "UTC"
        )
    joined = staff.recognise(
        Identity(subject="s3", email="new@team.example"), ("team.example",), Role.REVIEWER, "UTC"
    )
    assert (joined.role, joined.name) == (Role.REVIEWER, "new@team.example")


def test_what_is_not_there_is_told(staff: StaffStore, sessions: SessionStore) -> None:
    for ask in (
        lambda: staff.member("m_none"),
        lambda: staff.withdraw("t_none", "m_x"),
        lambda: staff.set_role("m_none", Role.ADMIN, "m_x"),
        lambda: sessions.revoke("k_none", "m_none"),
    ):
        with pytest.raises(NotFound):
            ask()
    with pytest.raises(LinkSpent):
        staff.ticket("guessed")
