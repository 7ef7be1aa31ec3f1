"""Whose open and whose click counts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from policies.feedback import Click, is_machine_agent, machine_clicks
from policies.rulebook import load_rulebook

RULES = load_rulebook().feedback
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


def click(seconds: float, name: str = "k", url: str | None = "https://acme.example/guide") -> Click:
    return Click(name, NOON + timedelta(seconds=seconds), url)


def test_a_click_within_seconds_of_arrival_is_a_machines_and_one_after_reading_is_not() -> None:
    assert machine_clicks([click(3)], [NOON], RULES) == {"k"}
    assert machine_clicks([click(40)], [NOON], RULES) == frozenset()


def test_different_links_at_once_are_a_machines_and_one_link_twice_is_a_double_click() -> None:
    two = [click(600, "a"), click(601, "b", "https://acme.example/other")]
    assert machine_clicks(two, [], RULES) == {"a", "b"}
    assert machine_clicks([click(600, "a"), click(601, "b")], [], RULES) == frozenset()


@pytest.mark.parametrize(
    ("agent", "is_machine"),
    [
        ("Mozilla/5.0", True),
        ("Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)", True),
        ("Mozilla/5.0 (compatible; Barracuda Sentinel)", True),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 14_4) AppleWebKit/605.1.15 Safari/605.1.15", False),
        ("", False),
        (None, False),
    ],
)
def test_scanners_and_proxies_are_known_by_their_user_agent(agent: str | None, is_machine: bool) -> None:
    assert is_machine_agent(agent, RULES) is is_machine
