from __future__ import annotations

import itertools
import re

from hypothesis import given
from hypothesis import strategies as st

from app.web.charts import CONFIG, Spec, apart, chart, svg_of

DOTS: Spec = {
    "width": 200,
    "height": 80,
    "data": {"values": [{"name": "A <b>", "x": 1}, {"name": 'B"&', "x": 3}]},
    "mark": "point",
    "encoding": {
        "x": {"field": "x", "type": "quantitative", "title": "cents a message"},
        "y": {"field": "name", "type": "nominal", "title": None},
    },
}


def test_a_chart_is_one_picture_with_one_name_at_two_widths() -> None:
    drawn = chart('Title "quoted"', "Words & more", lambda width: {**DOTS, "width": width})
    assert drawn.count("<svg ") == 2
    assert drawn.count('role="img"') == 2 and drawn.count("role=") == 2
    assert drawn.count('aria-label="Title &#34;quoted&#34;. Words &amp; more"') == 2
    widths = [int(width) for width in re.findall(r'<svg [^>]*?width="(\d+)"', drawn)]
    assert widths[0] > widths[1]


def test_axes_say_their_unit_and_colours_follow_the_theme() -> None:
    svg = svg_of(DOTS)
    assert "cents a message" in svg
    assert CONFIG["axis"]["labelColor"] == "var(--quiet)" and 'fill="var(--quiet)"' in svg
    assert "style=" not in svg


def test_names_in_data_are_text_and_nothing_else() -> None:
    svg = svg_of(DOTS)
    assert "A &lt;b&gt;" in svg and "<b>" not in svg


def test_two_charts_share_no_id() -> None:
    area = {**DOTS, "mark": {"type": "point", "clip": True}}
    first, second = svg_of(area), svg_of({**area, "width": 210})
    ids = [set(re.findall(r'\bid="([^"]+)"', svg)) for svg in (first, second)]
    assert ids[0] and not ids[0] & ids[1]
    for svg, own in zip((first, second), ids, strict=True):
        assert set(re.findall(r"url\(#([^)]+)\)", svg)) <= own


@given(st.dictionaries(st.text(max_size=3), st.floats(-100, 100), min_size=1, max_size=6), st.floats(0.1, 20))
def test_labels_keep_their_order_and_do_not_touch(values: dict[str, float], gap: float) -> None:
    placed = apart(values, gap)
    order = sorted(values, key=lambda name: values[name])
    for below, above in itertools.pairwise(order):
        assert placed[above] - placed[below] >= gap * (1 - 1e-9)


def test_labels_that_are_far_apart_stay_where_they_are() -> None:
    assert apart({"a": 1.0, "b": 9.0}, 2.0) == {"a": 1.0, "b": 9.0}
    assert apart({"a": 5.0, "b": 5.0}, 2.0) == {"a": 4.0, "b": 6.0}
