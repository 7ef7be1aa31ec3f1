"""What the HTTP channels share: one request a message, and an exact answer to "did it leave?".

A request that never reached the provider, and one it refused with 4xx, is provably not sent. Once a request
went out, a broken connection or a 5xx leaves the outcome unknown: the provider may have taken the message
before it failed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import httpx

from domain.errors import NotSent, SendUnknown
from domain.message import Message

_NEVER_REACHED = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.UnsupportedProtocol,
    httpx.InvalidURL,
)
_OUR_SIDE = frozenset({401, 402, 403, 429})
"""Key, payment, permission or rate: not the message's fault, a later try may find it mended."""

_AMBIGUOUS = frozenset({408, 409, 425})
_MOST_WORDS = 300


class ProviderApi:
    """Posts to one provider and sorts what comes of it into the outbox's outcomes."""

    def __init__(
        self, name: str, timeout_seconds: float, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self._name = name
        self._timeout_seconds = timeout_seconds
        self._transport = transport

    async def post(
        self,
        url: str,
        *,
        is_transient: Callable[[httpx.Response], bool] = lambda _: False,
        **request: Any,
    ) -> httpx.Response:
        """Post once and return the answer that says yes.

        Args:
            url: the provider's address.
            is_transient: tells of a refusal with 4xx whether a later try may succeed.
            request: what `httpx` takes (headers, json, content, data, files, auth).

        Raises:
            NotSent: refused, or the provider was never reached.
            SendUnknown: sent, and no telling answer came.

        """
        try:
            async with self._client() as client:
                answer = await client.post(url, **request)
        except _NEVER_REACHED as problem:
            raise NotSent(f"{self._name} was not reached ({_words(problem)})", is_transient=True) from problem
        except httpx.HTTPError as problem:
            raise SendUnknown(
                f"{self._name}: {_words(problem)} after the message was handed over; it may or may not have been "
                "taken and is not sent again. Look at the provider's log."
            ) from problem
        status = answer.status_code
        if 200 <= status < 300:
            return answer
        said = f"{self._name} said {status} {_said(answer)}".strip()
        if status >= 500 or status in _AMBIGUOUS:
            raise SendUnknown(f"{said}, which says neither yes nor no; the message is not sent again")
        raise NotSent(said, is_transient=status < 400 or status in _OUR_SIDE or is_transient(answer))

    async def ask(self, url: str, **request: Any) -> dict[str, Any] | None:
        """Get a JSON object, or None where the provider does not give one."""
        try:
            async with self._client() as client:
                answer = await client.get(url, **request)
            found = answer.json() if answer.status_code == 200 else None
        except (httpx.HTTPError, ValueError):
            return None
        return found if isinstance(found, dict) else None

    def _client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            timeout=self._timeout_seconds,
            transport=self._transport,
            follow_redirects=False,
            trust_env=False,
        )


def answer_id(provider: str, found: object) -> str:
    """The id a provider gave the message.

    Raises:
        SendUnknown: the answer said yes but is not the provider's (a proxy's page, say).

    """
    if not isinstance(found, str) or not found.strip():
        raise SendUnknown(
            f"{provider} answered yes without the id it always gives; look at the provider's log"
        )
    return found.strip()


def answer_object(provider: str, answer: httpx.Response) -> dict[str, Any]:
    """The JSON object of an answer that says yes. Raises `SendUnknown` as `answer_id` does."""
    try:
        found = answer.json()
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise SendUnknown(f"{provider} answered yes, but not in its own words; look at the provider's log")
    return found


def outbox_id_in(message: Message) -> str:
    """Our own id of the message, which the Message-ID is made of."""
    return message.message_id.strip("<>").partition("@")[0]


def other_headers(message: Message) -> Mapping[str, str]:
    """The headers that are no field of their own in a provider's API, Message-ID included."""
    return {**dict(message.headers), "Message-ID": message.message_id}


def _words(problem: BaseException) -> str:
    return re.sub(r"\s+", " ", str(problem)).strip()[:_MOST_WORDS] or type(problem).__name__


def _said(answer: httpx.Response) -> str:
    return re.sub(r"[\x00-\x1f\x7f\s]+", " ", answer.text[:2_000]).strip()[:_MOST_WORDS]
