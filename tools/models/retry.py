"""When a failed model call is tried again, and how long to wait: the one place where that is decided.

Only what may pass by itself is tried again: no connection, a timeout, a rate limit, a server error, a
reply that is no completion. A wrong key or a malformed request stays wrong.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import openai
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt, stop_before_delay

from domain.base import utc_now

FIRST_WAIT_SECONDS = 0.5
MOST_WAIT_SECONDS = 20.0
SERVER_ERROR = 500
Sleep = Callable[[float], Awaitable[None]]


class ReplyMalformed(Exception):
    """A success status with a body that is no chat completion: a proxy's page, or one cut on its way."""


def is_passing(error: BaseException) -> bool:
    """Tell whether the same call may succeed later."""
    if isinstance(error, openai.RateLimitError):
        return error.code != "insufficient_quota"
    if isinstance(error, openai.APIStatusError):
        return error.status_code >= SERVER_ERROR or error.status_code in {408, 409, 425}
    return isinstance(error, openai.APIConnectionError | TimeoutError | ReplyMalformed)


def retry_after_seconds(headers: Mapping[str, str], now: datetime) -> float | None:
    """What `Retry-After` asks for, given as seconds or as an HTTP date; None if it asks for nothing."""
    value = headers.get("retry-after", "").strip()
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (aware - now).total_seconds())


@dataclass(frozen=True)
class RetryRule:
    """How often and how long one call is tried, waits included.

    most_retry_after_seconds: a server that asks for a longer wait is not waited for.
    """

    attempts: int = 4
    total_seconds: float = 180.0
    most_retry_after_seconds: float = 60.0

    def retrying(self, sleep: Sleep = asyncio.sleep) -> AsyncRetrying:
        """A fresh tenacity object for one call; the last error is raised as it is."""
        return AsyncRetrying(
            retry=retry_if_exception(self._may_pass),
            wait=_wait,
            stop=stop_after_attempt(self.attempts) | stop_before_delay(self.total_seconds),
            sleep=sleep,
            reraise=True,
        )

    def _may_pass(self, error: BaseException) -> bool:
        asked = _asked_wait(error)
        return is_passing(error) and (asked is None or asked <= self.most_retry_after_seconds)


def _asked_wait(error: BaseException) -> float | None:
    if isinstance(error, openai.APIStatusError):
        return retry_after_seconds(error.response.headers, utc_now())
    return None


def _wait(state: RetryCallState) -> float:
    """Full jitter, so that calls which failed together do not return together; never sooner than asked.

    Source: "Exponential Backoff And Jitter", AWS Architecture Blog (2015).
    """
    error = state.outcome.exception() if state.outcome else None
    asked = _asked_wait(error) if error else None
    ceiling = min(MOST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2.0**state.attempt_number)
    jitter = random.uniform(0, ceiling)  # noqa: S311 - spreads load, guards nothing
    if asked is None:
        return jitter
    return asked + min(jitter, FIRST_WAIT_SECONDS)
