"""Only what may pass by itself is tried again, never sooner than the server asked."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from tools.models.retry import ReplyMalformed, RetryRule, is_passing, retry_after_seconds

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7.0),
        ("0.5", 0.5),
        ("-3", 0.0),
        (format_datetime(NOW + timedelta(seconds=90), usegmt=True), 90.0),
        (format_datetime(NOW - timedelta(seconds=90), usegmt=True), 0.0),
        ("Tue, 24 Nov 2026 10:00:30 +0100", 30.0),
        ("soon", None),
        ("", None),
    ],
)
def test_retry_after_is_read_as_seconds_or_as_a_date(value: str, seconds: float | None) -> None:
    assert retry_after_seconds({"retry-after": value}, NOW) == seconds


def test_no_retry_after_asks_for_nothing() -> None:
    assert retry_after_seconds({}, NOW) is None


async def test_waits_grow_with_jitter_and_end_with_the_attempts() -> None:
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    async def fail() -> None:
        raise ReplyMalformed("cut")

    with pytest.raises(ReplyMalformed):
        await RetryRule(attempts=4).retrying(sleep)(fail)
    assert len(waits) == 3
    assert all(0 <= wait <= ceiling for wait, ceiling in zip(waits, [1, 2, 4], strict=True))


async def test_no_wait_goes_past_the_total_time() -> None:
    calls = 0

    async def fail() -> None:
        nonlocal calls
        calls += 1
        raise ReplyMalformed("cut")

    with pytest.raises(ReplyMalformed):
        await RetryRule(attempts=9, total_seconds=0).retrying()(fail)
    assert calls == 1


def test_a_fault_of_ours_does_not_pass() -> None:
    assert is_passing(TimeoutError())
    assert not is_passing(ValueError("a bug"))
