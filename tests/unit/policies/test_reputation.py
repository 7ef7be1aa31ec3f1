"""C-24: rates warn and pause at the figures of the rule book."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from domain.events import Event, EventKind
from policies.reputation import SendingCounts, counts_of, judge_reputation
from policies.rulebook import load_rulebook

RULES = load_rulebook().reputation
NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("sent", "complaints", "bounces", "said"),
    [
        (1000, 0, 0, []),
        (1001, 1, 0, []),
        (1000, 1, 0, ["warn"]),
        (1000, 3, 0, ["block"]),
        (50, 1, 0, ["warn"]),
        (50, 2, 0, ["block"]),
        (0, 2, 0, ["block"]),
        (1000, 0, 19, []),
        (1000, 0, 20, ["warn"]),
        (1000, 0, 50, ["block"]),
        (10, 0, 2, ["warn"]),
        (1000, 3, 50, ["block", "block"]),
    ],
)
def test_rates_warn_and_pause_at_their_figures(
    sent: int, complaints: int, bounces: int, said: list[str]
) -> None:
    verdict = judge_reputation(SendingCounts(sent=sent, complaints=complaints, hard_bounces=bounces), RULES)
    assert [finding.severity.value for finding in verdict.findings] == said
    assert all(finding.rule_id == "C-24" for finding in verdict.findings)


def _event(name: str, kind: EventKind, days_ago: float) -> Event:
    return Event(id=name, kind=kind, at=NOW - timedelta(days=days_ago), source="x")


def test_only_the_window_counts_and_an_event_told_twice_counts_once() -> None:
    events = [
        _event("s1", EventKind.EMAIL_SENT, 1),
        _event("s2", EventKind.EMAIL_SENT, 8),
        _event("c1", EventKind.EMAIL_COMPLAINED, 2),
        _event("c1", EventKind.EMAIL_COMPLAINED, 2),
        _event("o1", EventKind.EMAIL_OPENED, 1),
    ]
    assert counts_of(events, NOW, RULES) == SendingCounts(sent=1, complaints=1)
