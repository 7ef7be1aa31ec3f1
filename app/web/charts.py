"""Draws charts: a plain Vega-Lite description becomes one SVG for wide screens and one for narrow ones.

Colours are the page's custom properties, so a chart follows its theme. Nothing in it runs, and it fetches nothing.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from markupsafe import Markup, escape

Spec = dict[str, Any]

WIDE, NARROW = 560, 330
"""Pixels a chart takes, with its axes: half a page beside words, or a telephone."""
WHOLE = 1000
"""Pixels of one that needs the whole page."""

FONT = "system-ui, sans-serif"
INK, QUIET, LINE = "var(--ink)", "var(--quiet)", "var(--line)"
SERIES = tuple(f"var(--series-{number})" for number in range(1, 7))

_SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
_MOST_KEPT = 256
_PLAIN = {"domain": False, "ticks": False}
CONFIG: Spec = {
    "aria": False,
    "font": FONT,
    "view": {"stroke": None},
    "axis": {
        "labelColor": QUIET,
        "titleColor": QUIET,
        "gridColor": LINE,
        "domainColor": LINE,
        "tickColor": LINE,
        "labelFontSize": 12,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
        "labelPadding": 6,
        "labelSeparation": 10,
        "titlePadding": 8,
    },
    "axisY": {
        **_PLAIN,
        "titleAngle": 0,
        "titleAlign": "left",
        "titleAnchor": "end",
        "titleY": -14,
        "titleX": 0,
    },
    "axisX": {"grid": False, "labelOverlap": True},
    "header": {"labelColor": INK, "labelFontSize": 12, "titleColor": QUIET},
    "text": {"fontSize": 12, "color": INK},
    "legend": {"labelColor": INK, "labelFontSize": 12, "titleColor": QUIET, "symbolStrokeWidth": 0},
}


def chart(title: str, words: str, make: Callable[[int], Spec], wide: int = WIDE) -> Markup:
    """Return a chart for both widths; the page's style shows one of them.

    Args:
        title: what it shows.
        words: what a reader who cannot see it should know of it.
        make: the description for a width in pixels, without schema and configuration.
        wide: the width for wide places.
    """
    label = escape(f"{title}. {words}")
    drawn = [
        Markup('<div class="draw {}">{}</div>').format(name, _labelled(svg_of(make(width)), label))
        for name, width in (("wide", wide), ("narrow", NARROW))
    ]
    return Markup("").join(drawn)


def warm() -> None:
    """Load what draws, so that the first page with a chart need not wait for it."""
    svg_of({"data": {"values": []}, "mark": "point"})


def svg_of(spec: Mapping[str, Any]) -> str:
    """Return the SVG of one description; what was drawn before is not drawn again."""
    return _drawn(json.dumps({"$schema": _SCHEMA, "background": None, "config": CONFIG, **spec}, default=str))


@lru_cache(maxsize=_MOST_KEPT)
def _drawn(spec: str) -> str:
    # Half a second to load, and no page without a chart needs it.
    import vl_convert

    svg: str = vl_convert.vegalite_to_svg(spec, vl_version="6.4", allowed_base_urls=[])
    return _own_ids(_without_roles(svg), hashlib.sha256(spec.encode()).hexdigest()[:8])


def _without_roles(svg: str) -> str:
    """The chart is one picture with one name; roles inside it would be read out one by one."""
    return re.sub(r' (?:role|aria-[a-z]+)="[^"]*"', "", svg)


def _own_ids(svg: str, own: str) -> str:
    """Ids that no other chart of the page has."""
    svg = re.sub(r'\bid="([^"]+)"', rf'id="{own}-\1"', svg)
    return re.sub(r"url\(#([^)]+)\)", rf"url(#{own}-\1)", svg)


def _labelled(svg: str, label: Markup) -> Markup:
    return Markup(svg.replace("<svg ", f'<svg role="img" aria-label="{label}" ', 1))  # noqa: S704


def apart(values: Mapping[str, float], gap: float) -> dict[str, float]:
    """Move labels apart until they are `gap` from each other, as little as that takes, in their order."""
    names = sorted(values, key=lambda name: values[name])
    # Blocks of labels that touch, each centred on the mean of where its labels wish to be.
    blocks: list[list[str]] = []
    for name in names:
        blocks.append([name])
        while len(blocks) > 1 and _top(blocks[-2], values, gap) + gap > _bottom(blocks[-1], values, gap):
            last = blocks.pop()
            blocks[-1] += last
    return {
        name: _bottom(block, values, gap) + place * gap
        for block in blocks
        for place, name in enumerate(block)
    }


def _bottom(block: list[str], values: Mapping[str, float], gap: float) -> float:
    centre = sum(values[name] for name in block) / len(block)
    return centre - gap * (len(block) - 1) / 2


def _top(block: list[str], values: Mapping[str, float], gap: float) -> float:
    return _bottom(block, values, gap) + gap * (len(block) - 1)
