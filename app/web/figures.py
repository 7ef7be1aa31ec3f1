"""The charts of the results pages: which form each one takes, and what it says in words.

Forms are chosen so that an interval is always seen beside its value: lines with a band over time, dots with a line for
shares, nothing that begins anywhere but at its zero. Lines are labelled where they end, not in a legend.

Over 400 lines on purpose: one function a figure, most of each the words and marks of its chart, on the few parts
they share.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import NamedTuple

from markupsafe import Markup

from app.funnels import Funnel
from app.lift_words import WHAT_NAMES
from app.results.campaign import CampaignResults
from app.results.handled import HandledWeek, together
from app.results.shapes import ARMS
from app.results.tables import STAGES
from app.web.charts import INK, NARROW, QUIET, SERIES, Spec, apart, chart
from domain.decision import Arm
from learning.funnel import wilson
from learning.lift import LEAST_ARM

COLOURS = {
    Arm.LEARNED: SERIES[0],
    Arm.USUAL: SERIES[1],
    Arm.EXPLORE: SERIES[2],
    Arm.HOLDOUT: SERIES[3],
}
"""One arm has one colour on every chart."""

_COMPARED = {arm: name for arm, name in ARMS.items() if arm in COLOURS}
"""The arms charts show; what members asked for is compared with nothing."""

LEAST_POINTS = 3
"""Fewer weeks are no curve."""

_LABEL_PIXELS = 16
_SHORT = {Arm.LEARNED: "Attune", Arm.USUAL: "Usual", Arm.EXPLORE: "Random", Arm.HOLDOUT: "Holdout"}


def share_curve(results: CampaignResults) -> Markup | None:
    """How many messages were answered, of each arm over time; None where there is no curve yet."""
    points = [
        _CurvePoint(one.arm, one.week, one.share * 100, (one.low or 0) * 100, (one.high or 0) * 100)
        for one in results.curve
        if one.share is not None
    ]
    return _curve(
        points,
        "Messages answered within a week",
        "answered of 100 messages, four weeks up to each",
        "in 100",
        is_from_zero=True,
    )


def worth_curve(results: CampaignResults) -> Markup | None:
    """What answers to a decision are expected to bring, of each arm over time; None where there is no curve yet."""
    currency = results.metrics.currency
    points = [
        _CurvePoint(
            one.arm, one.week, one.cents / 100, (one.cents_low or 0) / 100, (one.cents_high or 0) / 100
        )
        for one in results.curve
        if one.cents is not None
    ]
    return _curve(
        points,
        "Expected worth of a decision",
        f"{currency} a decision, four weeks up to each",
        currency,
        is_from_zero=False,
    )


class _CurvePoint(NamedTuple):
    """One arm's value at one week."""

    arm: Arm
    week: date
    value: float
    low: float
    high: float


def _curve(
    points: Sequence[_CurvePoint], title: str, axis: str, unit: str, *, is_from_zero: bool
) -> Markup | None:
    arms = [arm for arm in _COMPARED if sum(point.arm is arm for point in points) >= LEAST_POINTS]
    points = [point for point in points if point.arm in arms]
    if not points:
        return None
    last = {arm: max((p for p in points if p.arm is arm), key=lambda p: p.week) for arm in arms}
    low = min((p.low for p in points if p.arm in _BANDED), default=min(p.value for p in points))
    high = max((p.high for p in points if p.arm in _BANDED), default=max(p.value for p in points))
    low, high = min(low, *(p.value for p in points)), max(high, *(p.value for p in points))
    bottom = 0.0 if is_from_zero else min(low, 0.0)
    values = [
        {"arm": p.arm.value, "week": p.week.isoformat(), "value": p.value, "low": p.low, "high": p.high}
        for p in points
    ]

    def make(width: int) -> Spec:
        is_narrow = width <= NARROW
        height = 220 if is_narrow else 240
        room = (high - bottom) or 1.0
        names = _SHORT if is_narrow else ARMS
        placed = apart({arm.value: last[arm].value for arm in arms}, room * _LABEL_PIXELS / height)
        labels = [
            {
                "arm": arm.value,
                "week": last[arm].week.isoformat(),
                "at": placed[arm.value],
                "name": names[arm],
            }
            for arm in arms
        ]
        colour = {
            "field": "arm",
            "type": "nominal",
            "legend": None,
            "scale": {"domain": [arm.value for arm in arms], "range": [COLOURS[arm] for arm in arms]},
        }
        x = day_axis("week", _some(sorted({p.week.isoformat() for p in points}), 4 if is_narrow else 6))
        y_axis = {"tickCount": 5, "title": axis}
        y = {"field": "value", "type": "quantitative", "axis": y_axis, "scale": {"domain": [bottom, high]}}
        banded = [arm.value for arm in arms if arm in _BANDED]
        layers: list[Spec] = [
            {
                "transform": [{"filter": {"field": "arm", "oneOf": banded}}],
                "mark": {"type": "area", "opacity": 0.14},
                "encoding": {"x": x, "y": {**y, "field": "low"}, "y2": {"field": "high"}, "color": colour},
            },
            {"mark": {"type": "line", "strokeWidth": 2}, "encoding": {"x": x, "y": y, "color": colour}},
            {
                "data": {"values": labels},
                "mark": {"type": "text", "align": "left", "dx": 6, "fontWeight": 600},
                "encoding": {
                    "x": x,
                    "y": {**y, "field": "at"},
                    "text": {"field": "name"},
                    "color": {**colour},
                },
            },
        ]
        if not is_from_zero and bottom < 0:
            layers.insert(0, zero_line("y"))
        return {
            "width": width - (112 if is_narrow else 172),
            "height": height,
            "padding": {"left": 4, "top": 22, "right": 56 if is_narrow else 110, "bottom": 4},
            "data": {"values": values},
            "layer": layers,
        }

    said = "; ".join(
        f"{ARMS[arm]} {end.value:.1f} {unit}, between {end.low:.1f} and {end.high:.1f}"
        for arm, end in last.items()
    )
    return chart(title, f"At the end, {last[arms[0]].week:%-d %B %Y}: {said}", make)


_BANDED = (Arm.LEARNED, Arm.USUAL)
"""Arms whose interval is drawn: more bands than two would hide each other. The table has them all."""


def day_axis(field: str, days: Sequence[str] = (), ticks: int = 4) -> Spec:
    """An axis of days in UTC, whatever the machine's own zone; `days` are where ticks stand, else about `ticks`."""
    axis: Spec = {"format": "%-d %b", "tickCount": ticks, "grid": False}
    if days:
        axis["values"] = [_instant(day) for day in days]
    return {"field": field, "type": "temporal", "title": None, "scale": {"type": "utc"}, "axis": axis}


def _instant(day: str) -> Spec:
    year, month, number = map(int, day.split("-"))
    return {"year": year, "month": month, "date": number, "utc": True}


def _some(values: Sequence[str], most: int) -> list[str]:
    """At most so many of them, evenly, the last among them."""
    step = -(-len(values) // most)
    return list(reversed(values[::-1][::step]))


def zero_line(channel: str) -> Spec:
    """A line at zero, across the chart."""
    return {
        "data": {"values": [{"zero": 0}]},
        "mark": {"type": "rule", "color": QUIET, "strokeWidth": 1},
        "encoding": {channel: {"field": "zero", "type": "quantitative"}},
    }


def reached(results: CampaignResults) -> Markup | None:
    """What share of contacts got to each stage, of each arm, with its interval; None before a window closed."""
    rows, said = [], []
    goal = results.metrics.goal.value
    seen = {stage for line in results.metrics.arms for stage, many in line.reached.items() if many} | {goal}
    for arm, name in _COMPARED.items():
        line = next((one for one in results.metrics.arms if one.arm is arm), None)
        if line is None or line.closed_windows < LEAST_ARM:
            continue
        for stage, many in line.reached.items():
            if stage not in _FUNNEL or stage not in seen:
                continue
            told = wilson(many, line.closed_windows)
            rows.append(
                {
                    "stage": _FUNNEL[stage],
                    "arm": name,
                    "share": (told.value or 0) * 100,
                    "low": (told.low or 0) * 100,
                    "high": (told.high or 0) * 100,
                }
            )
            if stage == goal:
                said.append(f"{name} {(told.value or 0) * 100:.1f} in 100")
    if not rows:
        return None
    present = [name for name in _COMPARED.values() if any(row["arm"] == name for row in rows)]
    colours = [COLOURS[arm] for arm, name in _COMPARED.items() if name in present]

    def make(width: int) -> Spec:
        y = {
            "field": "stage",
            "type": "nominal",
            "sort": list(_FUNNEL.values()),
            "title": None,
            "axis": {"labelColor": INK},
            "scale": {"paddingInner": 0.45},
        }
        offset = {"field": "arm", "type": "nominal", "sort": present, "scale": {"paddingOuter": 0.1}}
        colour = {
            "field": "arm",
            "type": "nominal",
            "scale": {"domain": present, "range": colours},
            "legend": {
                "orient": "top",
                "title": None,
                "symbolType": "circle",
                "direction": "horizontal",
                "columns": 2 if width <= NARROW else 4,
            },
        }
        x_axis = {"title": "of 100 contacts", "grid": True, "tickCount": 5}
        x = {"field": "share", "type": "quantitative", "axis": x_axis, "scale": {"domainMin": 0}}
        return {
            "width": width,
            "height": {"step": 13 if len(present) > 2 else 16},
            "autosize": {"type": "fit-x", "contains": "padding"},
            "padding": {"left": 24, "top": 4, "right": 8, "bottom": 4},
            "data": {"values": rows},
            "layer": [
                {
                    "mark": {"type": "rule", "strokeWidth": 1.5, "opacity": 0.55},
                    "encoding": {
                        "y": y,
                        "yOffset": offset,
                        "x": {**x, "field": "low"},
                        "x2": {"field": "high"},
                        "color": colour,
                    },
                },
                {
                    "mark": {"type": "point", "filled": True, "size": 50, "opacity": 1},
                    "encoding": {"y": y, "yOffset": offset, "x": x, "color": colour},
                },
            ],
        }

    return chart(
        "Contacts that reached each stage",
        f"{WHAT_NAMES.get(goal, goal)}: {', '.join(said)}. Lines are 95 % intervals",
        make,
    )


_FUNNEL = {
    "reply": "Replied",
    "meeting": "Met us",
    "mql": "Became MQL",
    "sql": "Became SQL",
    "opportunity": "Opportunity",
    "won": "Won",
    "renewed": "Renewed",
}


def lift(results: CampaignResults) -> Markup | None:
    """What the learner brought beyond the holdout, where it can be told; None where nothing can."""
    told = [
        line
        for line in results.metrics.lifts
        if line.arm is Arm.LEARNED and line.unit == "share" and line.estimate is not None
    ]
    if not told:
        return None
    rows = [
        _Dot(
            WHAT_NAMES.get(line.what, line.what),
            (line.estimate or 0) * 100,
            (line.low or 0) * 100,
            (line.high or 0) * 100,
            f"{(line.estimate or 0) * 100:+.1f}",
        )
        for line in told
    ]
    return _dots(
        rows,
        "Beyond the holdout, in 100 contacts",
        "more or fewer in 100 contacts than the holdout",
        "in 100 contacts, beyond the holdout",
        {"zero": True},
    )


class _Dot(NamedTuple):
    """A row of a chart of dots: a value with its interval and its label."""

    name: str
    value: float
    low: float
    high: float
    label: str


def _dots(rows: Sequence[_Dot], title: str, axis: str, narrow_axis: str, scale: Spec) -> Markup:
    values = [row._asdict() for row in rows]

    def make(width: int) -> Spec:
        y = {
            "field": "name",
            "type": "nominal",
            "sort": [row.name for row in rows],
            "title": None,
            "axis": {"labelColor": INK},
        }
        x_axis = {"title": narrow_axis if width <= NARROW else axis, "grid": True, "tickCount": 5}
        x = {"field": "value", "type": "quantitative", "axis": x_axis, "scale": scale}
        return {
            "width": width,
            "height": {"step": 34},
            "autosize": {"type": "fit-x", "contains": "padding"},
            "padding": {"left": 24, "top": 4, "right": 8, "bottom": 4},
            "data": {"values": values},
            "layer": [
                zero_line("x"),
                {
                    "mark": {"type": "rule", "strokeWidth": 2, "color": SERIES[0], "opacity": 0.55},
                    "encoding": {"y": y, "x": {**x, "field": "low"}, "x2": {"field": "high"}},
                },
                {
                    "mark": {"type": "point", "filled": True, "size": 70, "color": SERIES[0], "opacity": 1},
                    "encoding": {"y": y, "x": x},
                },
                {
                    "mark": {"type": "text", "dy": -11, "fontWeight": 600},
                    "encoding": {"y": y, "x": x, "text": {"field": "label"}},
                },
            ],
        }

    said = "; ".join(f"{row.name} {row.label}, between {row.low:.1f} and {row.high:.1f}" for row in rows)
    return chart(title, said, make)


_HANDLED = {
    "by_itself": ("alone", SERIES[0]),
    "settled": ("by a person", SERIES[1]),
    "waiting": ("waiting", SERIES[3]),
}


def handled(results: CampaignResults) -> Markup | None:
    """Decisions handled alone or by a person, week by week; None where nothing was decided."""
    whole = together(results.handled)
    if whole is None or not whole.decisions:
        return None
    rows = [
        {
            "week": week.week.isoformat(),
            "who": _HANDLED[part][0],
            "order": order,
            "share": many / week.decisions,
        }
        for week in results.handled
        if week.decisions
        for order, (part, many) in enumerate(_parts(week).items())
        if many
    ]
    present = [part for part, many in _parts(whole).items() if many]

    def make(width: int) -> Spec:
        weeks = len({row["week"] for row in rows})
        colour = {
            "field": "who",
            "type": "nominal",
            "scale": {
                "domain": [_HANDLED[part][0] for part in present],
                "range": [_HANDLED[part][1] for part in present],
            },
            "legend": {
                "orient": "top",
                "title": None,
                "symbolType": "square",
                "direction": "horizontal",
                "columnPadding": 18,
            },
        }
        every = max(1, -(-weeks // (4 if width <= NARROW else 7)))
        return {
            "width": width,
            "height": 170,
            "autosize": {"type": "fit-x", "contains": "padding"},
            "padding": {"left": 24, "top": 4, "right": 8, "bottom": 4},
            "data": {"values": rows},
            "mark": {"type": "bar", "opacity": 0.85},
            "encoding": {
                "x": {
                    "field": "week",
                    "type": "ordinal",
                    "timeUnit": None,
                    "title": None,
                    "scale": {"paddingInner": 0.25},
                    "axis": {
                        "labelAngle": 0,
                        "labelExpr": (
                            f"indexof(domain('x'), datum.value) % {every} == 0 ? "
                            "utcFormat(toDate(datum.value), '%-d %b') : ''"
                        ),
                    },
                },
                "y": {
                    "field": "share",
                    "type": "quantitative",
                    "axis": {"format": ".0%", "tickCount": 4, "title": None},
                    "scale": {"domain": [0, 1]},
                },
                "color": colour,
                "order": {"field": "order"},
            },
        }

    return chart(
        "Decisions handled alone or by a person",
        f"In all, {whole.by_itself:,} of {whole.decisions:,} were handled alone, {whole.waiting:,} wait for a person",
        make,
    )


def _parts(week: HandledWeek) -> dict[str, int]:
    settled = week.asked - week.waiting
    return {"by_itself": week.by_itself, "settled": settled, "waiting": week.waiting}


def conversions(funnel: Funnel) -> Markup | None:
    """How many go on from each stage, with its interval; None where nothing can be told."""
    rows = [
        _Dot(
            f"{STAGES[line.stage.value]} to {STAGES[line.next_stage.value]}",
            line.share * 100,
            (line.share if line.low is None else line.low) * 100,
            (line.share if line.high is None else line.high) * 100,
            f"{line.share * 100:.0f}",
        )
        for line in funnel.conversions
        if line.share is not None
    ]
    if not rows:
        return None
    return _dots(
        rows,
        "From stage to stage, in 100 contacts",
        "of 100 who entered the stage, within 90 days",
        "of 100, within 90 days",
        {"domain": [0, 100]},
    )


CHARTS: dict[str, Callable[[CampaignResults], Markup | None]] = {
    "lift": lift,
    "reached": reached,
    "share": share_curve,
    "worth": worth_curve,
    "handled": handled,
}
"""A campaign's charts, by the name of their address."""
