"""SMTP over TLS that is verified, and a DKIM signature that a receiver can verify on what it was handed."""

from __future__ import annotations

import asyncio
import base64
import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from email import message_from_bytes
from ipaddress import ip_address
from pathlib import Path

import dkim
import pytest
from aiosmtpd.smtp import SMTP
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from cryptography.x509.oid import NameOID

from app.providers import channel_of, signer_of
from app.settings import Settings
from domain.errors import NotSent, SettingsInvalid
from domain.ports import Channel
from tests.contracts.test_channels import NOW, Server, message
from tools.channels import signing
from tools.channels.signing import DkimSigner

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PEM = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def published(name: bytes, timeout: float = 5) -> bytes | None:
    """The public key as it would stand in DNS."""
    public = KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    record = b"v=DKIM1; k=rsa; p=" + base64.b64encode(public)
    return record if name == b"news._domainkey.acme.example." else None


class Certificate:
    """A certificate of a server on this machine, signed by itself."""

    def __init__(self, folder: Path, host: str = "127.0.0.1") -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail")])
        names = x509.SubjectAlternativeName([x509.IPAddress(ip_address(host))])
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(1)
            .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
            .not_valid_after(datetime(2040, 1, 1, tzinfo=UTC))
            .add_extension(names, critical=False)
            .sign(key, hashes.SHA256())
        )
        self.file = folder / "server.pem"
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        self.file.write_bytes(private + certificate.public_bytes(Encoding.PEM))
        self.context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self.context.load_cert_chain(self.file)


class TlsServer:
    """A mail server that speaks TLS: at once, or after STARTTLS."""

    def __init__(self, certificate: Certificate) -> None:
        self.handler, self.certificate = Server(), certificate
        self.ports: dict[str, int] = {}


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[TlsServer]:
    made = TlsServer(Certificate(tmp_path))
    loop = asyncio.get_running_loop()
    context = made.certificate.context

    def starttls() -> SMTP:
        return SMTP(
            made.handler, hostname="mx.example", loop=loop, tls_context=context, require_starttls=True
        )

    def plain() -> SMTP:
        return SMTP(made.handler, hostname="mx.example", loop=loop)

    listening = {
        "starttls": await loop.create_server(starttls, "127.0.0.1", 0),
        "tls": await loop.create_server(plain, "127.0.0.1", 0, ssl=context),
    }
    made.ports = {kind: one.sockets[0].getsockname()[1] for kind, one in listening.items()}
    yield made
    made.handler.never.set()
    for one in listening.values():
        one.close()


def channel(server: TlsServer, tls: str, tmp_path: Path, **changes: object) -> Channel:
    given = {
        "channel": "smtp",
        "smtp_host": "127.0.0.1",
        "smtp_port": server.ports[tls],
        "smtp_tls": tls,
        "smtp_ca_file": server.certificate.file,
        "smtp_timeout_seconds": 5,
        **changes,
    }
    settings = Settings(_env_file=None, **given)  # type: ignore[arg-type]
    return channel_of(settings, tmp_path / "box", lambda: NOW)


@pytest.mark.parametrize("tls", ["starttls", "tls"])
async def test_a_message_travels_over_tls_that_is_verified(
    server: TlsServer, tmp_path: Path, tls: str
) -> None:
    await channel(server, tls, tmp_path).send(message())
    assert len(server.handler.taken) == 1


@pytest.mark.parametrize("tls", ["starttls", "tls"])
async def test_a_server_nobody_vouches_for_gets_nothing(server: TlsServer, tmp_path: Path, tls: str) -> None:
    with pytest.raises(NotSent) as refused:
        await channel(server, tls, tmp_path, smtp_ca_file=None).send(message())
    assert refused.value.is_transient
    assert server.handler.taken == []


@pytest.mark.parametrize("tls", ["starttls", "tls"])
async def test_a_certificate_of_another_host_gets_nothing(
    server: TlsServer, tmp_path: Path, tls: str
) -> None:
    with pytest.raises(NotSent):
        await channel(server, tls, tmp_path, smtp_host="localhost").send(message())
    assert server.handler.taken == []


async def test_what_the_server_got_carries_a_signature_that_verifies(
    server: TlsServer, tmp_path: Path
) -> None:
    await channel(server, "starttls", tmp_path, dkim_selector="news", dkim_key=PEM).send(message())
    (taken,) = server.handler.taken
    assert dkim.verify(taken, dnsfunc=published)


async def test_the_opt_out_headers_and_the_body_are_under_the_signature(
    server: TlsServer, tmp_path: Path
) -> None:
    await channel(server, "tls", tmp_path, dkim_selector="news", dkim_key=PEM).send(message())
    (taken,) = server.handler.taken
    signature = message_from_bytes(taken)["DKIM-Signature"]
    signed = signature.replace("\r\n", "").replace(" ", "").partition("h=")[2].partition(";")[0].split(":")
    assert {
        "list-unsubscribe",
        "list-unsubscribe-post",
        "from",
        "to",
        "subject",
        "date",
        "message-id",
    } <= set(signed)
    for there, instead in (
        (b"List-Unsubscribe=One-Click", b"List-Unsubscribe=Never"),
        (b"https://acme.example/u?c=m_1.abc", b"https://evil.example/u?c=m_1.abc"),
        (b"From: Anna Berg", b"From: Anna Borg"),
        (b"a line that starts", b"a line that ends"),
    ):
        assert there in taken
        assert not dkim.verify(taken.replace(there, instead, 1), dnsfunc=published)


async def test_mail_whose_signature_leaves_the_opt_out_out_is_not_handed_over(
    server: TlsServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = tuple(name for name in signing.SIGNED if name != b"list-unsubscribe-post")
    monkeypatch.setattr(signing, "SIGNED", kept)
    with pytest.raises(NotSent, match=r"C-21: .*list-unsubscribe-post") as refused:
        await channel(server, "starttls", tmp_path, dkim_selector="news", dkim_key=PEM).send(message())
    assert not refused.value.is_transient
    assert server.handler.taken == []


def test_a_second_from_put_in_front_breaks_the_signature() -> None:
    raw = b"From: anna@acme.example\r\nSubject: Hi\r\nDate: Tue, 24 Nov 2026 15:00:00 +0000\r\n\r\nHello.\r\n"
    signed = DkimSigner("news", PEM).sign(raw, "anna@acme.example")
    assert dkim.verify(signed, dnsfunc=published)
    assert not dkim.verify(b"From: mallory@evil.example\r\n" + signed, dnsfunc=published)


@pytest.mark.parametrize(
    "given",
    [
        {"dkim_selector": "news"},
        {"dkim_key": PEM},
        {"dkim_selector": "news", "dkim_key": "no key"},
        {"dkim_selector": "news", "dkim_key_file": Path("/nowhere/dkim.pem")},
    ],
)
def test_half_a_dkim_setting_is_named(given: dict[str, object]) -> None:
    with pytest.raises(SettingsInvalid, match="DKIM"):
        signer_of(Settings(_env_file=None, **given))  # type: ignore[arg-type]


def test_a_key_in_a_file_is_read_whichever_form_it_has(tmp_path: Path) -> None:
    for form in (PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL):
        file = tmp_path / "dkim.pem"
        file.write_bytes(KEY.private_bytes(Encoding.PEM, form, NoEncryption()))
        signer = signer_of(Settings(_env_file=None, dkim_selector="news", dkim_key_file=file))
        assert signer is not None
        assert dkim.verify(
            signer.sign(b"From: a@acme.example\r\n\r\nHi.\r\n", "a@acme.example"), dnsfunc=published
        )
