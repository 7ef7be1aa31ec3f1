"""C-23: what the DNS says of the sender's domain, asked of a resolver that needs no network."""

from __future__ import annotations

import base64
from typing import Any

import dns.rdata
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from dns.resolver import NXDOMAIN, LifetimeTimeout, NoAnswer, Resolver

from tools.sender_domain import DnsLook, look_at

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048).public_key()
PUBLIC = KEY.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
P = base64.b64encode(PUBLIC).decode()


class Zone(Resolver):
    """A resolver that knows a few TXT records, and which names exist at all."""

    def __init__(self, records: dict[str, list[str]], domain: str) -> None:
        super().__init__(configure=False)
        self._records, self._domain = records, domain

    def resolve(self, qname: Any, rdtype: Any = "A", *args: Any, **options: Any) -> Any:
        name, kind = str(qname).rstrip("."), str(getattr(rdtype, "name", rdtype))
        texts = self._records.get(name, []) if kind == "TXT" else []
        if not texts and name != self._domain:
            raise NXDOMAIN
        if not texts:
            raise NoAnswer(response=_Nothing())  # type: ignore[no-untyped-call]
        return [dns.rdata.from_text("IN", "TXT", _quoted(text)) for text in texts]


class _Nothing:
    question: tuple[()] = ()


def _quoted(text: str) -> str:
    return " ".join(f'"{text[start : start + 200]}"' for start in range(0, len(text), 200))


class Dark(Resolver):
    """No network."""

    def __init__(self) -> None:
        super().__init__(configure=False)

    def resolve(self, *args: Any, **options: Any) -> Any:
        raise LifetimeTimeout(timeout=1, errors=[])  # type: ignore[no-untyped-call]


def looked(
    domain: str, selector: str | None = "news", public_key: bytes | None = None, **parts: str
) -> dict[str, DnsLook]:
    """Each test has a domain of its own: the library that judges the records remembers answers by name."""
    names = {"spf": domain, "dmarc": f"_dmarc.{domain}", "dkim": f"news._domainkey.{domain}"}
    zone = Zone({names[part]: [text] for part, text in parts.items()}, domain)
    return {look.what: look for look in look_at(domain, selector, public_key, zone)}


def test_a_domain_that_is_set_up_is_found_so() -> None:
    found = looked(
        "good.example",
        public_key=PUBLIC,
        spf="v=spf1 ip4:192.0.2.1 -all",
        dkim=f"v=DKIM1; k=rsa; p={P}",
        dmarc="v=DMARC1; p=reject",
    )
    assert {what: look.state for what, look in found.items() if what != "DMARC"} == {
        "SPF": "ok",
        "DKIM": "ok",
    }
    assert found["DMARC"].state in {"ok", "note"}
    assert "p=reject" in found["DMARC"].says
    assert "RSA 2048 bits" in found["DKIM"].says


def test_what_is_missing_is_named_with_what_mends_it() -> None:
    found = looked("bare.example")
    assert {look.state for look in found.values()} == {"missing"}
    assert "_dmarc.bare.example" in found["DMARC"].mend
    assert found["DKIM"].says == "no record at news._domainkey.bare.example"


@pytest.mark.parametrize(
    ("domain", "record", "says"),
    [
        (
            "other-key.example",
            f"v=DKIM1; p={base64.b64encode(b'another').decode()}",
            "not the one we sign with",
        ),
        ("revoked.example", "v=DKIM1; p=", "holds no key"),
        ("junk.example", "v=DKIM1; p=!!!", "holds no key"),
    ],
)
def test_a_key_that_is_not_ours_or_no_key_at_all_is_missing(domain: str, record: str, says: str) -> None:
    look = looked(domain, public_key=PUBLIC, dkim=record)["DKIM"]
    assert look.state == "missing"
    assert says in look.says


def test_a_weak_key_is_noted_and_a_very_weak_one_is_missing() -> None:
    states = {}
    for bits in (1024, 2048):
        public = rsa.generate_private_key(public_exponent=65537, key_size=bits).public_key()
        der = base64.b64encode(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()
        states[bits] = looked(f"bits{bits}.example", dkim=f"v=DKIM1; p={der}")["DKIM"].state
    assert states == {1024: "note", 2048: "ok"}


def test_without_a_selector_dkim_is_not_looked_at_and_says_so() -> None:
    look = looked("noselector.example", None)["DKIM"]
    assert look.state == "note"
    assert "ATTUNE_DKIM_SELECTOR" in look.mend


def test_a_broken_spf_record_is_missing() -> None:
    assert looked("brokenspf.example", spf="v=spf1 ip4:nonsense -all")["SPF"].state == "missing"


def test_no_network_is_said_and_is_no_fault() -> None:
    (look,) = look_at("dark.example", "news", None, Dark())
    assert (look.what, look.state) == ("DNS", "note")
    assert "could not be looked up" in look.says


def test_a_domain_that_does_not_exist_is_missing() -> None:
    (look,) = look_at("gone.example", "news", None, Zone({}, "elsewhere.example"))
    assert look.state == "missing"
