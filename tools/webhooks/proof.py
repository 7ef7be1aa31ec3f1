"""Checks every webhook shares: the same time in constant time, freshness, a body read without surprises."""

from __future__ import annotations

import base64
import binascii
import hmac
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from domain.delivery import WebhookRequest
from domain.errors import WebhookRefused, WebhookUnreadable

MOST_SKEW = timedelta(minutes=5)
"""W-06: a signed request older (or newer) than this is a replay."""

MOST_ID_CHARS = 200
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def same(one: str | bytes, other: str | bytes) -> bool:
    """Compare secrets in constant time."""
    return hmac.compare_digest(_bytes(one), _bytes(other))


def _bytes(value: str | bytes) -> bytes:
    return value.encode("utf-8", "surrogatepass") if isinstance(value, str) else value


def need_fresh(provider: str, seconds: str, now: datetime) -> None:
    """Refuse a signed time that is not within five minutes of `now`.

    Args:
        provider: whose request this is.
        seconds: the signed time in seconds since 1970.
        now: aware UTC time.

    Raises:
        WebhookRefused: not a time, or too far away.

    """
    if not re.fullmatch(r"[0-9]{1,11}", seconds):
        raise WebhookRefused(provider, "its timestamp is no number of seconds")
    need_near(provider, _of_seconds(int(seconds)), now)


def need_near(provider: str, at: datetime, now: datetime, most_age: timedelta = MOST_SKEW) -> None:
    """Refuse a time more than five minutes ahead of `now`, or longer ago than `most_age`."""
    most = MOST_SKEW if at > now else most_age
    if abs(now - at) > most:
        minutes = most // timedelta(minutes=1)
        raise WebhookRefused(
            provider, f"it is dated {at:%Y-%m-%d %H:%M:%S} UTC, more than {minutes} minutes away"
        )


def need_basic_auth(provider: str, request: WebhookRequest, username: str, password: str) -> None:
    """Refuse a request without this user name and password (HTTP basic authentication)."""
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    try:
        said = base64.b64decode(given.strip(), validate=True)
    except (binascii.Error, ValueError):
        said = b""
    is_right = same(said, f"{username}:{password}".encode())
    if scheme.lower() != "basic" or not is_right:
        raise WebhookRefused(provider, "user name or password is wrong")


@contextmanager
def readable(provider: str) -> Iterator[None]:
    """Turn whatever an unexpected shape raises into one clear error."""
    try:
        yield
    except (
        KeyError,
        TypeError,
        ValueError,
        OverflowError,
        AttributeError,
        IndexError,
        RecursionError,
    ) as problem:
        words = f"{type(problem).__name__}: {problem}".splitlines()[0][:200]
        raise WebhookUnreadable(provider, words) from problem


def parsed(body: bytes) -> Any:
    """Read JSON; numbers JSON does not know (NaN) are refused."""
    return json.loads(body.decode("utf-8"), parse_constant=_refuse_constant)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def an_object(value: Any) -> dict[str, Any]:
    """The value, which must be a JSON object."""
    if not isinstance(value, dict):
        raise TypeError(f"an object was expected, not {type(value).__name__}")
    return value


def part(value: Any, *names: str) -> dict[str, Any]:
    """A nested object, empty where it (or one on the way) is missing."""
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def words(value: Any, most: int = 2_000) -> str:
    """A value as text every store can keep; empty for a missing one."""
    if value is None or isinstance(value, dict | list):
        return ""
    return _UNSTORABLE.sub("", str(value))[:most].strip()


def words_or_none(value: Any, most: int = 2_000) -> str | None:
    """As `words`, but None where nothing is said."""
    return words(value, most) or None


def moment(value: Any) -> datetime:
    """A time given as seconds since 1970 or in ISO 8601, in UTC.

    Raises:
        ValueError: it is neither, has no time zone, or is no date of ours.
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _of_seconds(value)
    at = datetime.fromisoformat(str(value).strip().replace(" ", "T", 1))
    if at.tzinfo is None:
        raise ValueError(f"the time {value!r} has no zone")
    try:
        return at.astimezone(UTC)
    except OverflowError as beyond:
        raise ValueError(f"{value!r} is no date in UTC") from beyond


def _of_seconds(value: float) -> datetime:
    try:
        return datetime.fromtimestamp(value, UTC)
    except (OverflowError, OSError, ValueError) as beyond:
        # Which of them it is depends on how far beyond all years it lies, and on the platform.
        raise ValueError(f"{value!r} seconds since 1970 is no date") from beyond
