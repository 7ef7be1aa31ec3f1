"""The charts of the learning page: what is believed, how sure that is, and what was changed and noticed when."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from markupsafe import Markup

from app.choosing import CONFIDENT, LEARNING
from app.results.beliefs import EVERYONE, SILENCE, Belief, Beliefs
from app.results.campaign import CampaignResults
from app.results.changes import Change, Lane
from app.results.tables import STAGES, content_name
from app.web.charts import INK, NARROW, QUIET, SERIES, WHOLE, Spec, chart
from app.web.figures import LEAST_POINTS, day_axis, zero_line
from domain.decision import Arm, Knowledge
from memory.crm.learners import LearnerVersion

KNOWLEDGE_COLOURS = {
    Knowledge.CONFIDENT: "var(--good)",
    Knowledge.LEARNING: "var(--info)",
    Knowledge.GUESSING: "var(--quiet)",
}
MOST_CONTENT = 12
"""Rows of the chart; the table behind it has them all."""

_LONGEST_TITLE, _LONGEST_NARROW = 40, 22
_WIDEST_SHOWN = 2.5
"""Doubt is drawn up to so many times the largest value, so that one unknown does not flatten the rest."""


def beliefs(found: Beliefs, titles: Mapping[str, str], currency: str) -> Markup | None:
    """What content is expected to be worth, by segment; the best for everyone on top."""
    of_all = sorted((cell for cell in found.cells if cell.segment == EVERYONE), key=lambda cell: -cell.cents)
    if not of_all:
        return None
    shown = [cell.asset_id for cell in of_all[:MOST_CONTENT]]
    if SILENCE not in shown and any(cell.asset_id == SILENCE for cell in of_all):
        shown[-1] = SILENCE
    cells = [cell for cell in found.cells if cell.asset_id in shown]
    far = _WIDEST_SHOWN * max(abs(cell.cents) for cell in cells)

    def make(width: int) -> Spec:
        is_narrow = width <= NARROW
        longest = _LONGEST_NARROW if is_narrow else _LONGEST_TITLE
        segments = [EVERYONE] if is_narrow else [EVERYONE, *found.segments]
        names = _distinct({asset: _cut(content_name(asset, titles), longest) for asset in shown})
        rows = [
            {
                "content": names[cell.asset_id],
                "segment": STAGES.get(cell.segment, cell.segment),
                "value": cell.cents / 100,
                "low": max(cell.cents - cell.doubt_cents, -far) / 100,
                "high": min(cell.cents + cell.doubt_cents, far) / 100,
                "knowledge": cell.knowledge.value,
            }
            for cell in cells
            if cell.segment in segments
        ]
        return _facets(
            rows, list(names.values()), [STAGES.get(one, one) for one in segments], width, currency
        )

    best = _best(of_all, titles)
    said = f"{best} Lines are one standard deviation of doubt"
    return chart("What content is expected to be worth", said, make, WHOLE)


def _best(of_all: Sequence[Belief], titles: Mapping[str, str]) -> str:
    first = of_all[0]
    return f"Highest for everyone: {content_name(first.asset_id, titles)}, {first.knowledge.value}."


def _facets(
    rows: Sequence[Mapping[str, object]], content: list[str], segments: list[str], width: int, currency: str
) -> Spec:
    label_room = 175 if width <= NARROW else 316
    inner = (width - label_room - 10 * len(segments)) // len(segments)
    y = {
        "field": "content",
        "type": "nominal",
        "sort": content,
        "title": None,
        "axis": {"labelColor": INK, "labelLimit": 300},
    }
    x_axis = {"title": None, "grid": True, "tickCount": 3, "labelOverlap": True}
    x = {"field": "value", "type": "quantitative", "axis": x_axis}
    present = [kind for kind in KNOWLEDGE_COLOURS if any(row["knowledge"] == kind.value for row in rows)]
    colour = {
        "field": "knowledge",
        "type": "nominal",
        "scale": {
            "domain": [kind.value for kind in present],
            "range": [KNOWLEDGE_COLOURS[kind] for kind in present],
        },
        "legend": {"orient": "top", "title": None, "symbolType": "circle"},
    }
    return {
        "data": {"values": list(rows)},
        "spacing": 10,
        "padding": {"left": 20 if width <= NARROW else 36, "right": 8, "top": 4, "bottom": 4},
        "facet": {
            "column": {
                "field": "segment",
                "type": "nominal",
                "sort": segments,
                "title": None,
                "header": {"labelLimit": inner},
            },
        },
        "spec": {
            "width": inner,
            "height": {"step": 21},
            "layer": [
                zero_line("x"),
                {
                    "mark": {"type": "rule", "strokeWidth": 2, "opacity": 0.45},
                    "encoding": {
                        "y": y,
                        "x": {**x, "field": "low"},
                        "x2": {"field": "high"},
                        "color": colour,
                    },
                },
                {
                    "mark": {"type": "point", "filled": True, "size": 50, "opacity": 1},
                    "encoding": {"y": y, "x": x, "color": colour},
                },
            ],
        },
        "resolve": {"scale": {"x": "shared", "y": "shared"}},
    }


def _distinct(names: Mapping[str, str]) -> dict[str, str]:
    """Names by id, with the id beside a name that two share: they would be drawn as one row."""
    many = Counter(names.values())
    return {one: name if many[name] == 1 else f"{name} ({one})" for one, name in names.items()}


def _cut(words: str, longest: int) -> str:
    return words if len(words) <= longest else f"{words[: longest - 1].rstrip()}…"


def knowledge(versions: Sequence[LearnerVersion]) -> Markup | None:
    """How wide beliefs were beside their values, version by version; None for fewer than a few versions."""
    rows = [
        {
            "at": version.made_at.isoformat(),
            "doubt": min(float(version.record["widths"]["median"]), _MOST_DOUBT),
        }
        for version in versions
        if version.outcomes and version.record.get("widths", {}).get("median") is not None
    ]
    if len(rows) < LEAST_POINTS:
        return None
    marks = [
        {"at_doubt": LEARNING, "name": "guessing above", "place": LEARNING * 1.35},
        {"at_doubt": CONFIDENT, "name": "confident below", "place": CONFIDENT / 1.35},
    ]
    doubts = [float(str(row["doubt"])) for row in rows]
    least, top = max(min(doubts), 0.05), max(LEARNING * 2, *doubts)

    def make(width: int) -> Spec:
        y = {
            "field": "doubt",
            "type": "quantitative",
            "axis": {
                "values": [0.1, 0.25, 0.5, 1, 2, 5, 10],
                "title": "doubt, as a multiple of the value",
                "grid": False,
            },
            "scale": {"type": "log", "domain": [min(CONFIDENT / 2, least), top]},
        }
        x = day_axis("at")
        line = {"mark": {"type": "rule", "color": QUIET, "strokeDash": [4, 4]}}
        return {
            "width": width,
            "height": 180,
            "autosize": {"type": "fit", "contains": "padding"},
            "padding": {"left": 4, "top": 22, "right": 12, "bottom": 4},
            "data": {"values": rows},
            "layer": [
                {**line, "data": {"values": marks}, "encoding": {"y": {**y, "field": "at_doubt"}}},
                {
                    "data": {"values": marks},
                    "mark": {"type": "text", "align": "right", "color": QUIET, "x": "width"},
                    "encoding": {"y": {**y, "field": "place"}, "text": {"field": "name"}},
                },
                {
                    "mark": {
                        "type": "line",
                        "strokeWidth": 2,
                        "color": SERIES[0],
                        "point": {"color": SERIES[0]},
                    },
                    "encoding": {"x": x, "y": y},
                },
            ],
        }

    newest = versions[0].record.get("widths", {}).get("median")
    return chart("How sure the learner is", f"The newest version's doubt is {newest} times the value", make)


_MOST_DOUBT = 10.0
"""Doubt beyond so many times the value is drawn at that: it is guessing either way."""

_LANE_COLOURS = {
    Lane.DRIFT: "var(--bad)",
    Lane.LEARNER: SERIES[0],
    Lane.CAMPAIGN: SERIES[1],
    Lane.RULES: SERIES[3],
    Lane.CONTENT: SERIES[4],
}


def timeline(changes: Sequence[Change], results: CampaignResults) -> Markup | None:
    """Answers over time with every change and shift below them, on one axis; None where nothing was noted."""
    if not changes:
        return None
    points = [
        {"at": point.week.isoformat(), "share": point.share * 100}
        for point in results.curve
        if point.arm is Arm.LEARNED and point.share is not None
    ]
    marks = [{"at": one.at.isoformat(), "lane": one.lane.value} for one in changes]
    begins = min(one.at for one in changes)
    domain = [
        min(begins, results.decided_from).isoformat(),
        max(changes[-1].at, results.metrics.computed_at).isoformat(),
    ]
    lanes = [lane for lane in Lane if any(one.lane is lane for one in changes)]

    def make(width: int) -> Spec:
        inner = width - (190 if width > NARROW else 165)
        x = day_axis("at", ticks=8 if width > NARROW else 3)
        x = {**x, "scale": {**x["scale"], "domain": domain}, "axis": {**x["axis"], "grid": True}}
        top: Spec = {
            "width": inner,
            "height": 90,
            "data": {"values": points},
            "mark": {"type": "line", "strokeWidth": 2, "color": SERIES[0]},
            "encoding": {
                "x": {**x, "axis": {**x["axis"], "labels": False}},
                "y": {
                    "field": "share",
                    "type": "quantitative",
                    "axis": {
                        "tickCount": 3,
                        "title": "answered of 100" if width <= NARROW else "answered of 100 messages, Attune",
                    },
                },
            },
        }
        below: Spec = {
            "width": inner,
            "height": {"step": 26},
            "data": {"values": marks},
            "mark": {"type": "tick", "thickness": 2.5, "size": 18},
            "encoding": {
                "x": x,
                "y": {
                    "field": "lane",
                    "type": "nominal",
                    "sort": [lane.value for lane in lanes],
                    "title": None,
                    "axis": {"labelColor": INK},
                },
                "color": {
                    "field": "lane",
                    "type": "nominal",
                    "legend": None,
                    "scale": {
                        "domain": [lane.value for lane in lanes],
                        "range": [_LANE_COLOURS[lane] for lane in lanes],
                    },
                },
            },
        }
        return {
            "vconcat": [top, below] if len(points) >= LEAST_POINTS else [below],
            "spacing": 8,
            "bounds": "flush",
            "padding": {"left": 24, "top": 22, "right": 14, "bottom": 4},
        }

    shifts = [one for one in changes if one.lane is Lane.DRIFT]
    said = f"{len(changes)} changes since {begins:%-d %B %Y}, {len(shifts)} shifts of the market among them"
    return chart("Changes and shifts over time", said, make, WHOLE)
