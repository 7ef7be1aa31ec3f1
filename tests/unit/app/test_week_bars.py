"""The chart of acts by week: as many bars as weeks with acts, none taller than its place."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from app.web.bars import HEIGHT, week_bars

UNTIL = datetime(2026, 3, 10, tzinfo=UTC)


def heights(svg: str) -> list[float]:
    return [float(told) for told in re.findall(r'<rect [^>]*height="([\d.]+)"', svg)]


def test_each_week_with_acts_has_a_bar_in_proportion() -> None:
    svg = week_bars([0, 1, 4, 2], UNTIL)
    low, high, middle = heights(svg)
    assert (round(high / low), round(high / middle)) == (4, 2)
    assert high < HEIGHT
    assert "3 Mar to 10 Mar: 2" in svg
    assert "7 acts in 4 weeks, at most 4 in one" in svg


def test_weeks_without_acts_draw_a_floor_and_no_bar() -> None:
    assert heights(week_bars([0, 0], UNTIL)) == []
    assert week_bars([], UNTIL) == ""
