"""What the DNS says of the sender's domain: SPF, DKIM by selector, DMARC (C-23).

A resolver is passed in, so that tests need no network. Where nothing can be looked up, that is said and is no
fault. Sources: RFC 7208, RFC 6376, RFC 7489; the records are judged by checkdmarc.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

if TYPE_CHECKING:
    from dns.resolver import Resolver

LEAST_KEY_BITS = 1024
GOOD_KEY_BITS = 2048


class DnsLook(NamedTuple):
    """One record looked at. `is_there` is None where it could not be told; `policy` is DMARC's."""

    what: str
    state: Literal["ok", "note", "missing"]
    says: str
    mend: str = ""
    is_there: bool | None = None
    policy: str | None = None


def look_at(
    domain: str,
    selector: str | None,
    public_key: bytes | None = None,
    resolver: Resolver | None = None,
    timeout_seconds: float = 4.0,
) -> list[DnsLook]:
    """Look the sender's domain up.

    Args:
        domain: of the From address.
        selector: the DKIM selector; None leaves DKIM out, with a note.
        public_key: the DER public key of what we sign with; None where somebody else signs.
        resolver: who is asked; None asks the system's.
        timeout_seconds: longest wait for one answer.

    """
    from dns.exception import DNSException
    from dns.resolver import NXDOMAIN, NoAnswer
    from dns.resolver import Resolver as SystemResolver

    try:
        asked = resolver or SystemResolver()
        asked.resolve(domain, "TXT", lifetime=timeout_seconds)
    except NXDOMAIN:
        return [
            DnsLook("DNS", "missing", f"{domain} does not exist", "check from_email in sender.yaml", False)
        ]
    except NoAnswer:
        pass
    except (DNSException, OSError) as problem:
        said = f"{domain} could not be looked up ({type(problem).__name__}): nothing is known of SPF, DKIM, DMARC"
        return [DnsLook("DNS", "note", said, "try again where the network is")]
    return [
        _spf(domain, asked, timeout_seconds),
        _dkim(domain, selector, public_key, asked, timeout_seconds),
        _dmarc(domain, asked, timeout_seconds),
    ]


def _spf(domain: str, resolver: Resolver, timeout_seconds: float) -> DnsLook:
    from checkdmarc.spf import check_spf

    found: dict[str, Any] = check_spf(domain, resolver=resolver, timeout=timeout_seconds)
    if not found.get("valid"):
        mend = "publish what your mail provider gives you"
        is_there = False if _is_absent([domain], "v=spf1", resolver, timeout_seconds) else None
        return DnsLook("SPF", "missing", _line(found.get("error")), mend, is_there)
    return _with_warnings("SPF", _line(found.get("record")), found)


def _dmarc(domain: str, resolver: Resolver, timeout_seconds: float) -> DnsLook:
    from checkdmarc.dmarc import check_dmarc

    found: dict[str, Any] = dict(check_dmarc(domain, resolver=resolver, timeout=timeout_seconds))
    if not found.get("valid"):
        mend = f'publish a TXT record at _dmarc.{domain}, such as "v=DMARC1; p=none; rua=mailto:…"'
        labels = domain.split(".")
        names = ["_dmarc." + ".".join(labels[start:]) for start in range(len(labels))]
        is_there = False if _is_absent(names, "v=dmarc1", resolver, timeout_seconds) else None
        return DnsLook("DMARC", "missing", _line(found.get("error")), mend, is_there)
    policy = found.get("tags", {}).get("p", {}).get("value")
    return _with_warnings("DMARC", _line(found.get("record")), found)._replace(policy=policy)


def _is_absent(names: list[str], begins: str, resolver: Resolver, timeout_seconds: float) -> bool:
    """Tell whether the DNS itself says that no name has such a record; one that cannot be asked proves nothing."""
    from dns.exception import DNSException
    from dns.resolver import NXDOMAIN, NoAnswer

    for name in names:
        try:
            answers = resolver.resolve(name, "TXT", lifetime=timeout_seconds)
        except (NXDOMAIN, NoAnswer):
            continue
        except (DNSException, OSError):
            return False
        if any(b"".join(a.strings).decode("utf-8", "replace").lower().startswith(begins) for a in answers):
            return False
    return True


def _with_warnings(what: str, record: str, found: dict[str, Any]) -> DnsLook:
    warnings = [_line(warning) for warning in found.get("warnings") or ()]
    if warnings:
        return DnsLook(what, "note", f"{record} – {warnings[0]}", is_there=True)
    return DnsLook(what, "ok", record, is_there=True)


def _dkim(
    domain: str,
    selector: str | None,
    public_key: bytes | None,
    resolver: Resolver,
    timeout_seconds: float,
) -> DnsLook:
    from dns.exception import DNSException
    from dns.resolver import NXDOMAIN, NoAnswer

    if selector is None:
        said = "not looked at: no selector is set"
        return DnsLook("DKIM", "note", said, "set ATTUNE_DKIM_SELECTOR to your (or your provider's) selector")
    name = f"{selector}._domainkey.{domain}"
    mend = "publish the record your provider (or `docs/delivery.md`) gives for this selector"
    try:
        answers = resolver.resolve(name, "TXT", lifetime=timeout_seconds)
    except (NXDOMAIN, NoAnswer):
        return DnsLook("DKIM", "missing", f"no record at {name}", mend, is_there=False)
    except (DNSException, OSError) as problem:
        return DnsLook("DKIM", "note", f"{name} could not be looked up ({type(problem).__name__})")
    records = [b"".join(answer.strings).decode("utf-8", "replace") for answer in answers]
    key = next((found for found in map(_key_in, records) if found), None)
    if key is None:
        return DnsLook(
            "DKIM", "missing", f"the record at {name} holds no key (or a revoked one)", mend, is_there=False
        )
    if public_key is not None and key != public_key:
        return DnsLook(
            "DKIM", "missing", f"the key at {name} is not the one we sign with", mend, is_there=False
        )
    return _strength(name, key)


def _key_in(record: str) -> bytes | None:
    """The DER public key of a DKIM record; None for anything else."""
    found = re.search(r"(?:^|;)\s*p=([^;]*)", record)
    if not found:
        return None
    try:
        return base64.b64decode("".join(found[1].split()), validate=True) or None
    except (binascii.Error, ValueError):
        return None


def _strength(name: str, key: bytes) -> DnsLook:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    if len(key) == 32:
        return DnsLook("DKIM", "ok", f"{name}, Ed25519", is_there=True)
    try:
        loaded = load_der_public_key(key)
    except (ValueError, UnsupportedAlgorithm):
        return DnsLook("DKIM", "missing", f"the key at {name} cannot be read", is_there=False)
    if not isinstance(loaded, RSAPublicKey) or loaded.key_size < LEAST_KEY_BITS:
        return DnsLook("DKIM", "missing", f"the key at {name} is too weak to be accepted", is_there=False)
    if loaded.key_size < GOOD_KEY_BITS:
        return DnsLook(
            "DKIM", "note", f"{name}, RSA {loaded.key_size} bits", f"use {GOOD_KEY_BITS} bits or more", True
        )
    return DnsLook("DKIM", "ok", f"{name}, RSA {loaded.key_size} bits", is_there=True)


def _line(said: object) -> str:
    return " ".join(str(said or "no record").split())[:300]
