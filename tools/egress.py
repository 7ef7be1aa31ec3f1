"""The egress guard (W-07): the only way to ask an address that came from outside.

The name is resolved once, every address it has must be a public one, and the connection goes to the very
address that was looked at: a second look-up could answer otherwise. No redirect is followed, no proxy asked.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

import httpx

from domain.errors import AddressRefused

MOST_BYTES = 64 * 1024
"""What is asked for here (certificates, short answers) is far smaller."""

Resolve = Callable[[str, int], Sequence[str]]
"""Returns the IP addresses of a host, for a port. Raises `OSError`."""


def resolve(host: str, port: int) -> list[str]:
    """Ask the system's resolver."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(entry[4][0]) for entry in found]


def is_public(address: str) -> bool:
    """Tell whether an IP address is on the open internet: not private, local, shared, reserved or multicast.

    An IPv6 address that carries an IPv4 one (mapped, 6to4, Teredo, NAT64) is judged by that as well.
    """
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        inner = [ip.ipv4_mapped, ip.sixtofour, *(ip.teredo or ())]
        if ip in ipaddress.ip_network("64:ff9b::/96"):
            inner.append(ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF))
        if any(one is not None and not is_public(str(one)) for one in inner):
            return False
    return ip.is_global and not ip.is_multicast


def fetch(
    url: str,
    *,
    look_up: Resolve = resolve,
    timeout_seconds: float = 10.0,
    transport: httpx.BaseTransport | None = None,
) -> bytes:
    """Return what stands at an https address.

    Args:
        url: https only; no user name, no other port than 443.
        look_up: resolves the host, once.
        timeout_seconds: longest wait.
        transport: in tests, who answers instead of the network.

    Raises:
        AddressRefused: the address may not be asked, did not answer 200, or answered too much.

    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme != "https" or not host or parts.username is not None or parts.port not in (None, 443):
        raise AddressRefused(url, "only plain https addresses are")
    try:
        addresses = list(look_up(host, 443))
    except OSError as problem:
        raise AddressRefused(url, f"its host cannot be resolved ({problem})") from problem
    if not addresses or not all(is_public(address) for address in addresses):
        raise AddressRefused(url, f"{host} is not a public address")
    pinned = f"[{addresses[0]}]" if ":" in addresses[0] else addresses[0]
    path = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
    carrier = transport or httpx.HTTPTransport(
        verify=ssl.create_default_context(), trust_env=False, retries=0
    )
    try:
        with httpx.Client(
            transport=carrier, timeout=timeout_seconds, follow_redirects=False, trust_env=False
        ) as client:
            request = client.build_request(
                "GET",
                f"https://{pinned}{path}",
                headers={"Host": host, "Accept-Encoding": "identity"},
                extensions={"sni_hostname": host},
            )
            answer = client.send(request, stream=True)
            try:
                return _read(url, answer)
            finally:
                answer.close()
    except httpx.HTTPError as problem:
        raise AddressRefused(url, f"it cannot be reached ({type(problem).__name__})") from problem


def _read(url: str, answer: httpx.Response) -> bytes:
    if answer.status_code != 200:
        raise AddressRefused(url, f"it answered {answer.status_code}")
    body = b""
    for chunk in answer.iter_bytes():
        body += chunk
        if len(body) > MOST_BYTES:
            raise AddressRefused(url, f"it answered more than {MOST_BYTES:,} bytes")
    return body
