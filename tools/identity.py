"""Signing in by an OpenID Connect provider: the code flow with state, nonce and PKCE, and a proven ID token.

Source: OpenID Connect Core 1.0, 3.1.3.7 (what to check of an ID token); RFC 7636 (PKCE); RFC 9207 (`iss` in answers).
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

import httpx
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.httpx_client import OAuth2Client
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from domain.errors import IdentityRefused, SettingsInvalid
from domain.staff import Identity, SignInTry

if TYPE_CHECKING:
    from joserfc.jwk import KeySetSerialization

SCOPE = "openid email profile"
ALGORITHMS = ["RS256", "PS256", "ES256", "EdDSA"]
"""Signatures by a private key only: neither `none` nor one made with a secret that we hold as well."""

SKEW_SECONDS = 60
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


class OpenIdProvider:
    """One issuer, asked anew at each sign-in: keys that were changed or withdrawn count at once."""

    def __init__(
        self, issuer: str, client_id: str, client_secret: str, name: str, timeout_seconds: float = 10.0
    ) -> None:
        parts = urlsplit(issuer)
        if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
            raise SettingsInvalid(f"ATTUNE_OIDC_ISSUER: {issuer!r} is no https:// address. See .env.example.")
        self.name = name
        self._issuer = issuer
        self._client_id = client_id
        self._client_secret = client_secret
        self._timeout_seconds = timeout_seconds

    def begin(self, redirect_uri: str) -> SignInTry:
        """Return where to send the browser, and what to remember until it comes back.

        Raises:
            IdentityRefused: the provider does not answer, or is not the issuer it should be.
        """
        told = self._discovered()
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        with self._client(redirect_uri) as client:
            url, _ = client.create_authorization_url(
                told["authorization_endpoint"], state=state, nonce=nonce, code_verifier=verifier
            )
        return SignInTry(url=url, state=state, nonce=nonce, verifier=verifier)

    def finish(
        self, redirect_uri: str, begun: SignInTry, answer: Mapping[str, str], now: datetime
    ) -> Identity:
        """Return who came back, from the parameters the browser brought.

        Raises:
            IdentityRefused: it was refused there, is not the answer to this try, or cannot be proven.
        """
        if not secrets.compare_digest(answer.get("state", "").encode(), begun.state.encode()):
            raise self._refused("the answer does not belong to this try; begin again")
        if answer.get("iss", self._issuer) != self._issuer:
            raise self._refused("the answer comes from another issuer")
        if "error" in answer:
            raise self._refused(f"it answered {answer['error'][:60]!r}")
        told = self._discovered()
        try:
            with self._client(redirect_uri) as client:
                token = client.fetch_token(
                    told["token_endpoint"], code=answer.get("code", ""), code_verifier=begun.verifier
                )
            claims = self._claims(str(token.get("id_token", "")), told["jwks_uri"])
        except (OAuthError, httpx.HTTPError, JoseError, ValueError) as problem:
            raise self._refused(f"no ID token that can be proven came ({type(problem).__name__})") from None
        if wrong := self._wrong_in(claims, begun, now):
            raise self._refused(wrong)
        return Identity(
            subject=f"{self._issuer} {claims['sub']}",
            email=str(claims["email"]),
            name=str(claims.get("name") or ""),
        )

    def _claims(self, id_token: str, jwks_uri: str) -> dict[str, Any]:
        keys = KeySet.import_key_set(cast("KeySetSerialization", self._get(jwks_uri)))
        return dict(jwt.decode(id_token, keys, algorithms=ALGORITHMS).claims)

    def _wrong_in(self, claims: Mapping[str, Any], begun: SignInTry, now: datetime) -> str | None:
        told, at = claims.get("aud"), now.timestamp()
        audience = [told] if isinstance(told, str) else list(told or ())
        if claims.get("iss") != self._issuer:
            return "its ID token names another issuer"
        if self._client_id not in audience or claims.get("azp", self._client_id) != self._client_id:
            return "its ID token is for another application"
        if len(audience) > 1 and "azp" not in claims:
            return "its ID token is for several applications and names none"
        expires, issued = claims.get("exp"), claims.get("iat")
        if not isinstance(expires, int | float) or not isinstance(issued, int | float):
            return "its ID token says no times"
        if expires < at - SKEW_SECONDS or issued > at + SKEW_SECONDS:
            return "its ID token has run out, or the clocks here and there differ"
        if not secrets.compare_digest(str(claims.get("nonce", "")).encode(), begun.nonce.encode()):
            return "its ID token belongs to another try"
        if not claims.get("sub") or not claims.get("email"):
            return "its ID token names nobody with an e-mail address"
        if claims.get("email_verified") is not True:
            return "it has not verified your e-mail address"
        return None

    def _discovered(self) -> dict[str, str]:
        address = f"{self._issuer.rstrip('/')}/.well-known/openid-configuration"
        try:
            told = self._get(address)
        except (httpx.HTTPError, ValueError) as problem:
            raise self._refused(f"it does not answer ({type(problem).__name__})") from None
        needed = ("authorization_endpoint", "token_endpoint", "jwks_uri")
        if told.get("issuer") != self._issuer or not all(isinstance(told.get(name), str) for name in needed):
            raise self._refused("what answers there is not the issuer ATTUNE_OIDC_ISSUER names")
        return {name: str(told[name]) for name in needed}

    def _get(self, url: str) -> dict[str, Any]:
        with httpx.Client(timeout=self._timeout_seconds, trust_env=False) as client:
            answer = client.get(url).raise_for_status().json()
        if not isinstance(answer, dict):
            raise ValueError(f"{url} is no JSON object")
        return answer

    def _client(self, redirect_uri: str) -> OAuth2Client:
        return OAuth2Client(
            self._client_id,
            self._client_secret,
            scope=SCOPE,
            redirect_uri=redirect_uri,
            code_challenge_method="S256",
            timeout=self._timeout_seconds,
            trust_env=False,
        )

    def _refused(self, why: str) -> IdentityRefused:
        return IdentityRefused(self.name, why)
