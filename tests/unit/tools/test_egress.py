"""W-07: what comes from outside never makes us ask a place inside."""

from __future__ import annotations

import httpx
import pytest

from domain.errors import AddressRefused
from tools.egress import MOST_BYTES, fetch, is_public

URL = "https://sns.eu-west-1.amazonaws.com/cert.pem"
PUBLIC = "52.94.5.66"


def fetched(
    url: str = URL, addresses: tuple[str, ...] = (PUBLIC,), answer: httpx.Response | None = None
) -> list[httpx.Request]:
    asked: list[httpx.Request] = []

    def serve(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return answer or httpx.Response(200, content=b"pem")

    looked_up: list[str] = []

    def look_up(host: str, _port: int) -> list[str]:
        looked_up.append(host)
        return list(addresses)

    assert fetch(url, look_up=look_up, transport=httpx.MockTransport(serve)) == b"pem"
    assert len(looked_up) == 1
    return asked


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0",
        "100.64.0.1", "224.0.0.1",
        "255.255.255.255", "::1", "fe80::1", "fe80::1%eth0", "fd00:ec2::254",
        "::ffff:127.0.0.1", "2002:7f00:1::", "64:ff9b::a9fe:a9fe",
        "not an address",
    ],
)  # fmt: skip
def test_private_local_and_metadata_addresses_are_refused(address: str) -> None:
    assert not is_public(address)
    with pytest.raises(AddressRefused, match="not a public address"):
        fetched(addresses=(PUBLIC, address))


def test_the_connection_goes_to_the_address_that_was_looked_at() -> None:
    (request,) = fetched()
    assert request.url.host == PUBLIC
    assert request.headers["host"] == "sns.eu-west-1.amazonaws.com"
    assert request.extensions["sni_hostname"] == "sns.eu-west-1.amazonaws.com"


@pytest.mark.parametrize(
    "url",
    [
        "http://a.example/",
        "https://a.example:8080/",
        "https://user@a.example/",
        "file:///etc/passwd",
        "https:///x",
    ],
)
def test_only_plain_https_is_asked(url: str) -> None:
    with pytest.raises(AddressRefused):
        fetched(url)


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(302, headers={"location": "https://10.0.0.1/"}),
        httpx.Response(500),
        httpx.Response(200, content=b"x" * (MOST_BYTES + 1)),
    ],
)
def test_redirects_faults_and_floods_are_refused(answer: httpx.Response) -> None:
    with pytest.raises(AddressRefused):
        fetched(answer=answer)
