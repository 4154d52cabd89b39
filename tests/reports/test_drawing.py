"""Charts as shapes: where bars and lines end, against plain arithmetic; nothing of a figure gets out as markup."""

from __future__ import annotations

import base64
import struct

import pytest

from crm_lab.reports.drawing import CannotDraw, as_svg, drawn

SQUARE = 4
"""Where the squares of the legend begin, with letters of 10."""
BARS = [{"type": "bar", "name": "A", "x": ["jan", "feb"], "y": [10, 20]}, {"type": "bar", "name": "B", "x": ["jan", "feb"], "y": [30, 0]}]


def rects(traces, layout=None):
    """The bars, as (left, top, right, bottom), without the squares of the legend."""
    shapes = drawn(traces, layout or {}, 400, 200)
    return [tuple(v for point in s.points for v in point) for s in shapes if s.kind == "rect" and s.points[0][1] != SQUARE]


def test_bars_beside_each_other_are_as_high_as_their_values():
    one, two, other = rects(BARS)
    heights = [bottom - top for _left, top, _right, bottom in (one, two, other)]
    assert heights[1] == pytest.approx(2 * heights[0])
    assert heights[2] == pytest.approx(3 * heights[0])
    assert one[2] == pytest.approx(other[0])


def test_bars_that_are_stacked_stand_on_each_other():
    one, _two, other = rects(BARS, {"barmode": "stack"})
    assert other[3] == pytest.approx(one[1])
    assert (other[0], other[2]) == pytest.approx((one[0], one[2]))


def test_a_waterfall_hangs_from_where_it_was():
    start, more, less, end = rects([{"type": "waterfall", "x": list("abcd"), "y": [100, 50, -30, 120], "measure": ["absolute", "relative", "relative", "total"]}])
    assert more[3] == pytest.approx(start[1])
    assert less[1] == pytest.approx(more[1])
    assert end[1] == pytest.approx(less[3])


def test_a_funnel_lies():
    wide, narrow = rects([{"type": "funnel", "y": ["Behov", "Tilbud"], "x": [40, 10]}])
    assert wide[2] - wide[0] == pytest.approx(4 * (narrow[2] - narrow[0]))
    assert wide[1] < narrow[1]


def test_lines_of_packed_numbers_run_along_a_measured_axis():
    packed = {"dtype": "f8", "bdata": base64.b64encode(struct.pack("<3d", 0, 10, 5)).decode()}
    (line,) = [s for s in drawn([{"type": "scatter", "x": [0, 1, 4], "y": packed}], {}, 400, 200) if s.kind == "line" and s.width == 1.5]
    (x0, y0), (x1, y1), (x2, y2) = line.points
    assert (x1 - x0) * 4 == pytest.approx(x2 - x0)
    assert (y0 - y1) == pytest.approx(2 * (y0 - y2))


def test_a_figure_is_no_markup_and_an_unknown_kind_is_told():
    svg = as_svg(drawn([{"type": "bar", "x": ["<b>"], "y": [1], "marker": {"color": '"><script>'}}], {}, 100, 50), 100, 50, '"x')
    assert "<b>" not in svg
    assert "script" not in svg
    assert drawn([], {}, 10, 10) == []
    with pytest.raises(CannotDraw, match="sunburst"):
        drawn([{"type": "sunburst"}], {}, 10, 10)
