"""Signing in by an identity provider: who is vouched for comes in, and nothing that cannot be proven does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from fastapi import FastAPI
from pydantic import SecretStr

from app.web import make_app
from app.web.guard import COOKIE
from app.wiring import House
from domain.staff import Member, Role
from tests.fakes.issuer import CLIENT_ID, CLIENT_SECRET, Issuer, Person
from tests.learning_workspace import LATER, open_workspace
from tests.web import SITE, Visitor, member, shell_of

DANA = "dana@northwind.example"


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    issuer = Issuer(Person(DANA), LATER.timestamp())
    yield issuer
    issuer.close()


@pytest.fixture
def house(tmp_path: Path, issuer: Issuer) -> Iterator[House]:
    house = open_workspace(tmp_path / "w", contacts=2)
    secret = SecretStr(CLIENT_SECRET)
    changes = {"oidc_issuer": issuer.url, "oidc_client_id": CLIENT_ID, "oidc_client_secret": secret}
    house.__dict__["settings"] = house.settings.model_copy(update=changes)
    yield house
    house.close()


@pytest.fixture
def app(house: House) -> FastAPI:
    app = make_app(house)
    member(app, Role.ADMIN)
    return app


def there(visitor: Visitor, path: str = "/sign-in/oidc") -> str:
    """Go to the provider and return with what address it sends the browser back."""
    left = visitor.get(path)
    assert left.status_code == 303, left.text
    with httpx.Client(trust_env=False) as client:
        return str(client.get(left.headers["location"]).headers["location"]).removeprefix(SITE)


def invite(app: FastAPI, email: str = DANA, role: Role = Role.REVIEWER) -> None:
    shell_of(app).staff.invite(email, role, "m_x")


def who(app: FastAPI) -> Member | None:
    return shell_of(app).staff.by_email(DANA)


def test_somebody_invited_comes_in_and_is_known_by_their_subject_from_then_on(
    app: FastAPI, issuer: Issuer
) -> None:
    invite(app)
    visitor = Visitor(app)
    answer = visitor.get(there(visitor, "/sign-in/oidc?next=%2Fchat"))
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in/kept?next=%2Fchat")
    joined = who(app)
    assert joined is not None
    assert (joined.role, joined.name) == (Role.REVIEWER, "Dana Reyes")
    assert shell_of(app).staff.invitations() == ()
    # The address changed hands at the provider: the new holder is not Dana.
    issuer.person = Person(DANA, subject="sub-2")
    other = Visitor(app)
    refused = other.get(there(other))
    assert refused.status_code == 403
    assert "somebody else" in refused.text
    # Dana herself got another address there.
    issuer.person = Person("dana.reyes@northwind.example", subject="sub-1")
    again = Visitor(app)
    assert again.get(there(again)).status_code == 303
    assert again.get("/me").text.count(DANA) >= 1


def test_a_stranger_does_not_come_in_unless_their_domain_may(app: FastAPI, house: House) -> None:
    visitor = Visitor(app)
    refused = visitor.get(there(visitor))
    assert refused.status_code == 403
    assert "neither a member nor invited" in refused.text
    assert COOKIE not in refused.headers.get("set-cookie", "")
    changes = {"oidc_domains": ("northwind.example",), "oidc_role": Role.REVIEWER}
    house.__dict__["settings"] = house.settings.model_copy(update=changes)
    assert visitor.get(there(visitor)).status_code == 303
    joined = who(app)
    assert joined is not None
    assert joined.role is Role.REVIEWER


def test_who_left_does_not_come_back_by_single_sign_on(app: FastAPI) -> None:
    invite(app)
    visitor = Visitor(app)
    visitor.get(there(visitor))
    joined = who(app)
    assert joined is not None
    shell_of(app).staff.leave(joined.member_id, "m_x")
    assert visitor.get(there(visitor)).status_code == 403
    invite(app, role=Role.MARKETER)
    assert visitor.get(there(visitor)).status_code == 303
    back = who(app)
    assert back is not None
    assert (back.is_active, back.role) == (True, Role.MARKETER)


def test_a_domain_brings_nobody_back_whom_an_admin_let_go(app: FastAPI, house: House, issuer: Issuer) -> None:
    changes = {"oidc_domains": ("northwind.example",), "oidc_role": Role.REVIEWER}
    house.__dict__["settings"] = house.settings.model_copy(update=changes)
    visitor = Visitor(app)
    assert visitor.get(there(visitor)).status_code == 303
    joined = who(app)
    assert joined is not None
    shell_of(app).staff.leave(joined.member_id, "m_x")
    for email in (DANA, "dana.reyes@northwind.example"):
        issuer.person = Person(email)
        again = Visitor(app)
        refused = again.get(there(again))
        assert refused.status_code == 403
        assert "has left the team" in refused.text
    assert sum(one.is_active for one in shell_of(app).staff.members()) == 1
    issuer.person = Person(DANA)
    invite(app)
    back = Visitor(app)
    assert back.get(there(back)).status_code == 303


def test_the_first_admin_does_not_come_by_single_sign_on(house: House) -> None:
    changes = {"oidc_domains": ("northwind.example",)}
    house.__dict__["settings"] = house.settings.model_copy(update=changes)
    app = make_app(house)
    visitor = Visitor(app)
    assert visitor.get(there(visitor)).status_code == 403
    assert shell_of(app).staff.is_empty()


def claims(**wrong: object) -> Callable[[Issuer], None]:
    def spoil(issuer: Issuer) -> None:
        issuer.person.claims.update(wrong)

    return spoil


def another_key(issuer: Issuer) -> None:
    issuer.signs_with = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def algorithm(name: str) -> Callable[[Issuer], None]:
    def spoil(issuer: Issuer) -> None:
        issuer.algorithm = name

    return spoil


def denial(issuer: Issuer) -> None:
    issuer.denies = True


@pytest.mark.parametrize(
    "spoil",
    [
        claims(email_verified=False),
        claims(email_verified=None),
        claims(email_verified="true"),
        claims(nonce="another"),
        claims(nonce=None),
        claims(aud="another application"),
        claims(aud=[CLIENT_ID, "another"]),
        claims(azp="another"),
        claims(iss="https://evil.example"),
        claims(exp=1),
        claims(exp=None),
        claims(iat=4_000_000_000),
        claims(sub=None),
        claims(email=None),
        another_key,
        algorithm("none"),
        algorithm("HS256"),
        denial,
    ],
)
def test_what_cannot_be_proven_lets_nobody_in(
    app: FastAPI, issuer: Issuer, spoil: Callable[[Issuer], None]
) -> None:
    invite(app)
    spoil(issuer)
    visitor = Visitor(app)
    answer = visitor.get(there(visitor))
    assert answer.status_code == 403
    assert "did not work" in answer.text
    assert who(app) is None


def test_an_answer_is_good_once_in_the_browser_that_asked(app: FastAPI) -> None:
    invite(app)
    visitor, thief = Visitor(app), Visitor(app)
    back = there(visitor)
    assert thief.get(back).status_code == 403
    there(thief)
    assert thief.get(back).status_code == 403
    forged = urlsplit(back)
    told = {name: values[0] for name, values in parse_qs(forged.query).items()} | {"state": "guessed"}
    assert visitor.get(f"{forged.path}?{urlencode(told)}").status_code == 403
    assert visitor.get(back).status_code == 303
    assert visitor.get(back).status_code == 403


def test_a_provider_that_is_not_there_or_not_who_it_says_is_told_in_words(
    app: FastAPI, issuer: Issuer
) -> None:
    issuer.calls_itself = "https://another.example"
    answer = Visitor(app).get("/sign-in/oidc")
    assert answer.status_code == 502
    assert "not the issuer" in answer.text
    issuer.close()
    assert "does not answer" in Visitor(app).get("/sign-in/oidc").text


def test_without_a_provider_there_is_no_single_sign_on(tmp_path: Path) -> None:
    house = open_workspace(tmp_path / "plain", contacts=2)
    app = make_app(house)
    member(app, Role.ADMIN)
    assert Visitor(app).get("/sign-in/oidc").status_code == 404
    assert "/sign-in/oidc" not in Visitor(app).get("/sign-in").text
    house.close()
