"""Charts as shapes: what Plotly draws in a browser, drawn without one from the same traces, for paper and for boxes on a screen.

Plotly's own way to a picture (kaleido) needs a Chromium of its own beside the browser people have; matplotlib is 30 MB for a few bars. What our
charts are made of is few: bars, lines, points, areas, waterfalls and funnels. fpdf2, which writes our PDF, draws these shapes as they are.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field
from math import floor, isfinite, log10
from typing import TYPE_CHECKING, Any

import numpy as np
from markupsafe import Markup

from crm_lab.errors import InvalidInput
from crm_lab.i18n import _, number

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

COLORS = ("#3451d1", "#1a7f4b", "#c77700", "#7d8fe3", "#b3261e", "#6b6763", "#0f7b8a", "#8a4fbf")
SOFT, LINE, UP, DOWN = "#6b6763", "#cdc9c5", "#1a7f4b", "#b3261e"
MOST_POINTS, MOST_LABELS, LETTER, THOUSAND, PART = 5000, 14, 0.55, 1000, 0.7
TICKS = 4
HEX = re.compile(r"#[0-9a-fA-F]{6}")


class CannotDraw(InvalidInput):
    """A kind of figure that we have no shapes for."""

    def __init__(self, kind: str) -> None:
        super().__init__(_("A figure of the kind {kind} cannot be shown here. Use bars, lines, points, areas, a waterfall or a funnel.", kind=kind[:40]), "figure")


@dataclass(frozen=True, slots=True)
class Shape:
    """A rectangle, a line or a text, in the units of the drawing, from its upper left corner.

    Attributes
    ----------
    kind : "rect" (points are the upper left and the lower right corner), "line" (through its points), "area" (the same, filled), "text" (at a point).
    anchor : where a text's point is: start, middle or end.
    """

    kind: str
    points: tuple[tuple[float, float], ...]
    color: str
    width: float = 1.0
    text: str = ""
    anchor: str = "start"
    is_dashed: bool = False


@dataclass(slots=True)
class _Series:
    """A trace as it is drawn: bars from `base` to `base` + `values` beside each label, or a line through the values."""

    name: str
    color: str
    labels: list[Any]
    values: list[float]
    base: list[float] = field(default_factory=list)
    colors: list[str] = field(default_factory=list)
    is_bar: bool = False
    has_line: bool = False
    has_dots: bool = False
    is_dashed: bool = False
    is_area: bool = False
    spread: list[tuple[float, float]] = field(default_factory=list)


def drawn(traces: Sequence[dict[str, Any]], layout: dict[str, Any], width: float, height: float, size: float = 10) -> list[Shape]:
    """The shapes of a Plotly figure in a drawing of so much room; `size` is that of letters. Raises `CannotDraw`."""
    lies = any(trace.get("orientation") == "h" or trace.get("type") == "funnel" for trace in traces)
    series = _stacked([_read(trace, COLORS[n % len(COLORS)], lies=lies) for n, trace in enumerate(traces)], layout)
    labels = list(dict.fromkeys(label for one in series for label in one.labels))
    return _Sheet(labels, series, width, height, size, lies=lies).shapes() if labels else []


def _read(trace: dict[str, Any], usual: str, *, lies: bool) -> _Series:
    kind = trace.get("type", "scatter")
    if kind not in {"bar", "scatter", "waterfall", "funnel", "scattergl"}:
        raise CannotDraw(str(kind))
    at, of = (trace.get("y"), trace.get("x")) if lies and kind != "scatter" else (trace.get("x"), trace.get("y"))
    values = [_figure(value) for value in _listed(of)][:MOST_POINTS]
    labels = _listed(at)[: len(values)] or list(range(len(values)))
    marker, line = trace.get("marker") or {}, trace.get("line") or {}
    color = next((c for c in (marker.get("color"), line.get("color")) if isinstance(c, str) and HEX.fullmatch(c)), usual)
    made = _Series(str(trace.get("name") or ""), color, labels, values, is_bar=kind in {"bar", "waterfall", "funnel"})
    if kind == "waterfall":
        _fall(made, trace)
    elif not made.is_bar:
        mode = trace.get("mode") or "lines"
        made.has_line, made.has_dots, made.is_dashed = "lines" in mode, "markers" in mode, line.get("dash") not in {None, "solid"}
        made.is_area = bool(trace.get("fill") or trace.get("stackgroup"))
        error = trace.get("error_y") or {}
        if error.get("array") is not None:
            more, less = _listed(error["array"]), _listed(error.get("arrayminus", error["array"]))
            made.spread = [(value - _figure(low), value + _figure(high)) for value, low, high in zip(values, less, more, strict=False)]
    return made


def _fall(made: _Series, trace: dict[str, Any]) -> None:
    """A waterfall's bars hang from where the one before ended; whole ones stand on the ground."""
    at, measures = 0.0, _listed(trace.get("measure")) or ["relative"] * len(made.values)
    for n, (value, measure) in enumerate(zip(made.values, measures, strict=False)):
        is_whole = measure in {"absolute", "total"}
        start, end = (0.0, value if measure == "absolute" or value else at) if is_whole else (at, at + value)
        made.base.append(start)
        made.values[n], at = end - start, end
        made.colors.append(COLORS[0] if is_whole else UP if value >= 0 else DOWN)


def _stacked(series: list[_Series], layout: dict[str, Any]) -> list[_Series]:
    """Bars that are stacked stand on those before them; so do areas."""
    on: dict[tuple[str, Any, bool], float] = {}
    for one in series:
        if one.base or not (one.is_area or (one.is_bar and layout.get("barmode") in {"stack", "relative"})):
            continue
        kind = "bar" if one.is_bar else "area"
        for label, value in zip(one.labels, one.values, strict=True):
            place = (kind, label, value < 0)
            one.base.append(on.get(place, 0.0))
            on[place] = on.get(place, 0.0) + value
    return series


class _Sheet:
    """The room of a drawing: axis, names, legend."""

    def __init__(self, labels: list[Any], series: list[_Series], width: float, height: float, size: float, *, lies: bool) -> None:
        self._labels, self._series, self._size, self._lies = labels, series, size, lies
        self._places = {label: n for n, label in enumerate(labels)}
        is_measured = all(isinstance(label, int | float) for label in labels) and not any(one.is_bar for one in series) and len(labels) > 1
        self._span = (min(labels), max(labels)) if is_measured else None
        self._legend = [one for one in series if one.name and len([s for s in series if s.name]) > 1]
        ends = [end for one in series for n, value in enumerate(one.values) for end in _ends(one, n, value)]
        self._ticks = _ticks(min([0.0, *ends]), max([0.0, *ends]))
        names = [_short(label) for label in labels] if lies else [_amount(tick, self._ticks) for tick in self._ticks]
        left = min(width * 0.4, max(map(len, names)) * size * LETTER + size)
        self._box = (left, size * (2.2 if self._legend else 0.8), width - size, height - size * 2)

    def shapes(self) -> list[Shape]:
        """Everything, what is behind first."""
        return [*self._axis(), *self._names(), *(shape for one in self._series if one.is_area for shape in self._area(one)), *self._bars(), *self._lines(), *self._told()]

    def _at(self, place: float, value: float) -> tuple[float, float]:
        """A point: `place` along the labels from 0 to 1, and a value."""
        left, top, right, bottom = self._box
        share = (value - self._ticks[0]) / (self._ticks[-1] - self._ticks[0])
        if self._lies:
            return left + share * (right - left), top + place * (bottom - top)
        return left + place * (right - left), bottom - share * (bottom - top)

    def _middle(self, label: Any) -> float:
        if self._span:
            low, high = self._span
            return float((label - low) / (high - low)) if high != low else 0.5
        return (self._places[label] + 0.5) / len(self._labels)

    def _axis(self) -> list[Shape]:
        lines = [Shape("line", (self._at(0, tick), self._at(1, tick)), SOFT if tick == 0 else LINE, 0.5) for tick in self._ticks]
        for tick in self._ticks:
            x, y = self._at(1 if self._lies else 0, tick)
            words = _amount(tick, self._ticks)
            lines.append(Shape("text", ((x, y + self._size * 1.3),), SOFT, text=words, anchor="middle") if self._lies else Shape("text", ((x - self._size * 0.5, y + self._size * 0.35),), SOFT, text=words, anchor="end"))
        return lines

    def _names(self) -> list[Shape]:
        left, _top, _right, bottom = self._box
        if self._lies:
            return [Shape("text", ((left - self._size * 0.5, self._at(self._middle(label), 0)[1] + self._size * 0.35),), SOFT, text=_short(label), anchor="end") for label in self._labels]
        step = max(1, -(-len(self._labels) // MOST_LABELS))
        if self._span:
            low, high = self._span
            ticks = [low + (high - low) * n / TICKS for n in range(TICKS + 1)]
            return [Shape("text", ((self._at(n / TICKS, 0)[0], bottom + self._size * 1.4),), SOFT, text=_amount(tick, ticks), anchor="middle") for n, tick in enumerate(ticks)]
        return [Shape("text", ((self._at(self._middle(label), 0)[0], bottom + self._size * 1.4),), SOFT, text=_short(label), anchor="middle") for label in self._labels[::step]]

    def _bars(self) -> list[Shape]:
        bars = [one for one in self._series if one.is_bar]
        beside = [one for one in bars if not one.base]
        made = []
        for one in bars:
            nth, many = (beside.index(one), len(beside)) if one in beside else (0, 1)
            wide = PART / len(self._labels) / many
            for n, (label, value) in enumerate(zip(one.labels, one.values, strict=True)):
                start = self._middle(label) - PART / len(self._labels) / 2 + nth * wide
                base = one.base[n] if one.base else 0.0
                corners = self._at(start, base), self._at(start + wide, base + value)
                (x1, y1), (x2, y2) = corners
                if value:
                    made.append(Shape("rect", ((min(x1, x2), min(y1, y2)), (max(x1, x2), max(y1, y2))), one.colors[n] if one.colors else one.color))
        return made

    def _points(self, one: _Series) -> list[tuple[float, float]]:
        return [self._at(self._middle(label), value + (one.base[n] if one.base else 0)) for n, (label, value) in enumerate(zip(one.labels, one.values, strict=True))]

    def _area(self, one: _Series) -> list[Shape]:
        ground = [self._at(self._middle(label), one.base[n] if one.base else 0.0) for n, label in enumerate(one.labels)]
        return [Shape("area", (*self._points(one), *reversed(ground)), one.color)]

    def _lines(self) -> list[Shape]:
        made = []
        for one in (s for s in self._series if not s.is_bar and not s.is_area):
            points, dot = self._points(one), self._size * 0.25
            if one.has_line:
                made.append(Shape("line", tuple(points), one.color, 1.5, is_dashed=one.is_dashed))
            made += [Shape("line", (self._at(self._middle(label), low), self._at(self._middle(label), high)), one.color, 1) for label, (low, high) in zip(one.labels, one.spread, strict=False)]
            made += [Shape("rect", ((x - dot, y - dot), (x + dot, y + dot)), one.color) for x, y in points] if one.has_dots else []
        return made

    def _told(self) -> list[Shape]:
        x, made = self._box[0], list[Shape]()
        for one in self._legend:
            made += [Shape("rect", ((x, self._size * 0.4), (x + self._size * 0.8, self._size * 1.2)), one.color), Shape("text", ((x + self._size * 1.2, self._size * 1.2),), SOFT, text=one.name)]
            x += self._size * (2.4 + len(one.name) * LETTER)
        return made


def as_svg(shapes: Iterable[Shape], width: float, height: float, label: str, size: float = 10) -> Markup:
    """The shapes as SVG (W3C, SVG 1.1) to stand in a page; `label` is what it is for who cannot see it."""
    parts = [Markup('<svg viewBox="0 0 {:g} {:g}" role="img" aria-label="{}" font-size="{:g}">').format(width, height, label, size)]
    for shape in shapes:
        (x, y), points = shape.points[0], " ".join(f"{a:.1f},{b:.1f}" for a, b in shape.points)
        if shape.kind == "rect":
            (x2, y2) = shape.points[1]
            parts.append(Markup('<rect x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" fill="{}"/>').format(x, y, x2 - x, y2 - y, shape.color))
        elif shape.kind == "text":
            parts.append(Markup('<text x="{:.1f}" y="{:.1f}" text-anchor="{}" fill="currentColor" opacity=".7">{}</text>').format(x, y, shape.anchor, shape.text))
        elif shape.kind == "area":
            parts.append(Markup('<polygon points="{}" fill="{}" opacity=".75"/>').format(points, shape.color))
        else:
            dash = Markup(' stroke-dasharray="4 3"') if shape.is_dashed else ""
            parts.append(Markup('<polyline points="{}" fill="none" stroke="{}" stroke-width="{:g}"{}/>').format(points, shape.color, shape.width, dash))
    return Markup("").join([*parts, Markup("</svg>")])


def _ends(one: _Series, n: int, value: float) -> tuple[float, ...]:
    base = one.base[n] if one.base else 0.0
    return (base, base + value, *(one.spread[n] if n < len(one.spread) else ()))


def _ticks(low: float, high: float) -> list[float]:
    """Even figures from below the lowest to above the highest, two at least."""
    high = high if high > low else low + 1.0
    rough = (high - low) / TICKS
    size = 10.0 ** floor(log10(rough))
    step = next(size * part for part in (1, 2, 2.5, 5, 10) if size * part >= rough)
    return [step * n for n in range(floor(low / step), -floor(-high / step) + 1)]


def _amount(value: float, ticks: list[float]) -> str:
    if max(map(abs, ticks)) >= 10 * THOUSAND:
        return _("{n} k", n=number(value / THOUSAND))
    return number(value, 0 if all(float(tick).is_integer() for tick in ticks) else 2)


def _listed(values: Any) -> list[Any]:
    """A list as Plotly has it, also packed: {"dtype", "bdata"} (plotly.py 6 and later)."""
    if isinstance(values, dict) and "bdata" in values:
        found: list[Any] = np.frombuffer(base64.b64decode(values["bdata"]), dtype=np.dtype(values["dtype"])).tolist()
        return found
    return [] if values is None else list(values)


def _figure(value: Any) -> float:
    made = float(value) if isinstance(value, int | float) else 0.0
    return made if isfinite(made) else 0.0


def _short(label: Any) -> str:
    """A label that fits beside others; of an instant its day."""
    text = str(label)
    return text.partition("T")[0] if text[4:5] == "-" else text if len(text) <= 24 else text[:23] + "…"  # noqa: PLR2004 - as many as fit
