"""The door's own OpenAPI description, tried by schemathesis: no fault, and nothing it does not declare."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from app.web import make_app
from app.wiring import House
from tests.door import open_door, token

EXAMPLES = 25
"""A route and method: enough to meet every kind of body and parameter, in a second each."""

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
KINDS = (
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=b",
    "multipart/form-data",
    "application/json",
    "text/plain; charset=x",
)
BODIES = (
    b"List-Unsubscribe=One-Click",
    b"act=save&topic=pricing&pause=30",
    b"act=save&pause=%FF%00",
    b'--b\r\ncontent-disposition: form-data; name="act"\r\n\r\nstop\r\n--b--\r\n',
    b'--b\r\ncontent-disposition: form-data; name="f"; filename="x"\r\n\r\nx\r\n--b--\r\n',
    b'{"signature": {"timestamp": "1", "token": "t", "signature": "s"}, "event-data": {}}',
)
PUBLIC = re.compile(r"^/(unsubscribe|preferences|webhooks/|inbound/|health|mail/)")
OPEN = (
    "get /health",
    "get /mail/preferences",
    "get /mail/unsubscribe",
    "get /preferences",
    "get /unsubscribe",
    "post /inbound/{provider}",
    "post /mail/preferences",
    "post /mail/unsubscribe",
    "post /preferences",
    "post /unsubscribe",
    "post /webhooks/{provider}",
)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    secret = SecretStr("k" * 32)
    folder = tmp_path_factory.mktemp("door") / "ws"
    opened = open_door(folder, mailgun_signing_key=secret, inbound_username="mail", inbound_password=secret)
    profile = opened.workspace.sender_file
    profile.write_text(
        re.sub(r"(unsubscribe_url: https://[^/]+).*", r"\1/mail/unsubscribe", profile.read_text())
    )
    opened.reread()
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def door(house: House) -> FastAPI:
    return make_app(house)


def described(door: FastAPI) -> Any:
    schema = schemathesis.openapi.from_dict(door.openapi())
    schema.app = door
    return schema


def operations(door: FastAPI) -> dict[str, Any]:
    found = (one.ok() for one in described(door).get_all_operations())
    return {f"{one.method} {one.path}": one for one in found if PUBLIC.match(one.path)}


def test_every_public_route_describes_itself(door: FastAPI) -> None:
    assert tuple(sorted(operations(door))) == OPEN


@pytest.mark.parametrize("name", OPEN)
def test_a_route_answers_as_it_says(house: House, door: FastAPI, name: str) -> None:
    operation = operations(door)[name]
    true_link = token(house)

    @settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck), deadline=None)
    @given(
        case=operation.as_strategy(),
        is_known=st.booleans(),
        kind=st.sampled_from(KINDS),
        body=st.sampled_from(BODIES) | st.binary(max_size=60),
    )
    def tried(case: Any, is_known: bool, kind: str, body: bytes) -> None:
        if is_known:
            case.query = {**(case.query or {}), "c": true_link}
            if case.path_parameters:
                case.path_parameters = {"provider": "mailgun"}
        if case.method == "POST":
            case.body, case.media_type = body, "text/plain"
            case.headers = {**(case.headers or {}), "content-type": kind}
        case.call_and_validate(checks=CHECKS)

    tried()
