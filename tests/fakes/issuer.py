"""An OpenID Connect issuer on this machine: real HTTP, real RS256 tokens, and whatever a test wants wrong in them.

Written on `cryptography` alone, so that it shares no code with what reads its tokens.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

CLIENT_ID, CLIENT_SECRET = "attune", "a secret of the client"


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _number(value: int) -> str:
    return _b64(value.to_bytes((value.bit_length() + 7) // 8, "big"))


@dataclass
class Person:
    """Who is signed in at the issuer. `claims` are put over the right ones; None takes a claim away."""

    email: str
    subject: str = "sub-1"
    name: str = "Dana Reyes"
    claims: dict[str, Any] = field(default_factory=dict)


class Issuer:
    """Serves discovery, keys, authorisation and tokens until closed."""

    def __init__(self, person: Person, now: float) -> None:
        self.person, self.now = person, now
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.signs_with = self.key
        self.algorithm = "RS256"
        self.denies = False
        self.calls_itself: str | None = None
        self._codes: dict[str, dict[str, str]] = {}
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                issuer.get(self)

            def do_POST(self) -> None:
                issuer.post(self)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=5)

    def get(self, call: BaseHTTPRequestHandler) -> None:
        parts = urlsplit(call.path)
        asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if parts.path == "/.well-known/openid-configuration":
            _answer(
                call,
                {
                    "issuer": self.calls_itself or self.url,
                    "authorization_endpoint": f"{self.url}/authorize",
                    "token_endpoint": f"{self.url}/token",
                    "jwks_uri": f"{self.url}/keys",
                },
            )
        elif parts.path == "/keys":
            public = self.key.public_key().public_numbers()
            key = {"kty": "RSA", "kid": "1", "use": "sig", "alg": "RS256"}
            _answer(call, {"keys": [{**key, "n": _number(public.n), "e": _number(public.e)}]})
        elif parts.path == "/authorize":
            told = {"state": asked["state"], "iss": self.url}
            if self.denies:
                told["error"] = "access_denied"
            else:
                assert asked["response_type"] == "code" and "openid" in asked["scope"].split()
                assert asked["code_challenge_method"] == "S256" and asked["client_id"] == CLIENT_ID
                told["code"] = secrets.token_urlsafe(16)
                self._codes[told["code"]] = asked
            call.send_response(302)
            call.send_header("location", f"{asked['redirect_uri']}?{urlencode(told)}")
            call.end_headers()
        else:
            call.send_error(404)

    def post(self, call: BaseHTTPRequestHandler) -> None:
        body = call.rfile.read(int(call.headers["content-length"])).decode()
        told = {name: values[0] for name, values in parse_qs(body).items()}
        basic = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
        asked = self._codes.pop(told.get("code", ""), None)
        challenge = _b64(hashlib.sha256(told.get("code_verifier", "").encode()).digest())
        if (
            asked is None
            or call.headers.get("authorization") != f"Basic {basic}"
            or asked["code_challenge"] != challenge
            or asked["redirect_uri"] != told.get("redirect_uri")
        ):
            _answer(call, {"error": "invalid_grant"}, 400)
            return
        token = self.id_token(asked["nonce"])
        _answer(call, {"access_token": "a", "token_type": "Bearer", "expires_in": 60, "id_token": token})

    def id_token(self, nonce: str) -> str:
        claims: dict[str, Any] = {
            "iss": self.url,
            "aud": CLIENT_ID,
            "sub": self.person.subject,
            "email": self.person.email,
            "email_verified": True,
            "name": self.person.name,
            "nonce": nonce,
            "iat": int(self.now),
            "exp": int(self.now) + 300,
            **self.person.claims,
        }
        header = _b64(json.dumps({"alg": self.algorithm, "kid": "1"}).encode())
        payload = _b64(
            json.dumps({name: value for name, value in claims.items() if value is not None}).encode()
        )
        signed = f"{header}.{payload}".encode()
        if self.algorithm == "none":
            return f"{header}.{payload}."
        if self.algorithm == "HS256":
            import hmac

            return f"{header}.{payload}.{_b64(hmac.digest(CLIENT_SECRET.encode(), signed, 'sha256'))}"
        return f"{header}.{payload}.{_b64(self.signs_with.sign(signed, padding.PKCS1v15(), hashes.SHA256()))}"


def _answer(call: BaseHTTPRequestHandler, told: dict[str, Any], status: int = 200) -> None:
    body = json.dumps(told).encode()
    call.send_response(status)
    call.send_header("content-type", "application/json")
    call.send_header("content-length", str(len(body)))
    call.end_headers()
    call.wfile.write(body)
