"""DKIM: our signature over what we send by SMTP, the opt-out headers included (RFC 6376, RFC 8058 section 4).

The providers' APIs sign with their own key; only SMTP mail is signed here.
"""

from __future__ import annotations

import dkim
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from domain.errors import SettingsInvalid

SIGNED = (
    b"from",
    b"to",
    b"reply-to",
    b"subject",
    b"date",
    b"message-id",
    b"list-unsubscribe",
    b"list-unsubscribe-post",
    b"mime-version",
    b"content-type",
    b"x-attune-id",
)
"""Every header our messages have; those a message lacks are left out."""


class DkimSigner:
    """Signs mail for the From address's own domain."""

    def __init__(self, selector: str, private_key: str) -> None:
        """Take the selector and the RSA private key in PEM. Raises `SettingsInvalid` where it is not one."""
        self._selector = selector.encode()
        try:
            key = load_pem_private_key(private_key.strip().encode(), password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm) as problem:
            raise SettingsInvalid(
                "ATTUNE_DKIM_KEY is not a private key in PEM without a password."
            ) from problem
        if not isinstance(key, rsa.RSAPrivateKey):
            raise SettingsInvalid("ATTUNE_DKIM_KEY is not an RSA key, which every receiver can verify.")
        self._public_key = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        # The form dkimpy reads, whichever one the file had.
        self._key = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())

    @property
    def selector(self) -> str:
        """The name under which receivers look the public key up."""
        return self._selector.decode()

    @property
    def public_key(self) -> bytes:
        """The public key in DER, as it has to stand in the DNS (base64, after `p=`)."""
        return self._public_key

    def sign(self, raw: bytes, from_address: str) -> bytes:
        """Return the mail with its signature in front.

        Args:
            raw: the mail with CRLF line ends.
            from_address: its From address; the signature is its domain's, so that DMARC is aligned.

        """
        domain = from_address.rpartition("@")[2].lower().encode()
        signature = dkim.sign(
            raw,
            self._selector,
            domain,
            self._key,
            canonicalize=(b"relaxed", b"relaxed"),
            include_headers=list(SIGNED),
        )
        return bytes(signature) + raw
