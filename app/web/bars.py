"""A small chart of counts by week, as SVG that takes its colours from the page's theme."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

WIDTH, HEIGHT, FOOT, HEAD = 560, 130, 20, 14


def week_bars(counts: Sequence[int], until: datetime) -> str:
    """Return the chart: one bar a week, the oldest first, the most of a week written above its bar.

    Args:
        counts: of weeks of seven days that end at `until`.
        until: when the last week ends.
    """
    if not counts:
        return ""
    most, step = max(counts), WIDTH / len(counts)
    floor = HEIGHT - FOOT
    parts = [
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" width="100%" role="img" '
        f'aria-label="{sum(counts)} acts in {len(counts)} weeks, at most {most} in one">',
        f'<line x1="0" y1="{floor}" x2="{WIDTH}" y2="{floor}" stroke="var(--line-strong)" stroke-width="1"/>',
    ]
    for number, many in enumerate(counts):
        tall = (floor - HEAD) * many / most if most else 0
        x, y = number * step + 2, floor - tall
        ends = until - timedelta(weeks=len(counts) - 1 - number)
        begins = ends - timedelta(weeks=1)
        if many:
            parts.append(
                f'<rect x="{x:.1f}" y="{y:.1f}" width="{step - 4:.1f}" height="{tall:.1f}" rx="2" '
                f'fill="var(--series-1)"><title>{_day(begins)} to {_day(ends)}: {many}</title></rect>'
            )
        if many == most and most and counts.index(most) == number:
            middle = min(max(x + step / 2 - 2, 10), WIDTH - 10)
            parts.append(_text(middle, y - 3, str(many), "middle"))
        if number % 4 == 0:
            parts.append(_text(x, HEIGHT - 5, _day(begins), "start"))
    return "".join([*parts, "</svg>"])


def _text(x: float, y: float, words: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="11" fill="var(--quiet)" text-anchor="{anchor}">{words}</text>'


def _day(moment: datetime) -> str:
    return f"{moment.day} {moment:%b}"
