"""Reports as one HTML file that needs nothing else: type and style are inside."""

from __future__ import annotations

import base64
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from crm_lab.i18n import _, day
from crm_lab.reports.layout import Kind, Report, shown

LAYOUT = {
    "font": {"family": "Inter, sans-serif", "size": 12, "color": "#6b6763"}, "paper_bgcolor": "rgba(0,0,0,0)", "plot_bgcolor": "rgba(0,0,0,0)", "separators": ",\u00a0",
    "margin": {"l": 90, "r": 20, "t": 20, "b": 40}, "legend": {"orientation": "h"}, "yaxis": {"gridcolor": "rgba(128,128,128,.2)"}, "height": 360,
}  # fmt: skip
"""How every chart looks, on light and on dark pages."""


@cache
def _environment() -> Environment:
    made = Environment(loader=PackageLoader("crm_lab.reports"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    made.globals |= {"_": _, "day": day, "shown": shown, "is_text": _is_text}
    return made


@cache
def _font() -> str:
    """Inter for a style sheet, as base64."""
    return base64.b64encode((files("crm_lab") / "widgets/assets/inter.woff2").read_bytes()).decode()


def to_html(report: Report) -> bytes:
    """The page; it prints as it is shown."""
    charts = [(chart.heading, {"data": chart.traces, "layout": LAYOUT | chart.layout, "config": {"responsive": True, "displaylogo": False}}) for chart in report.charts]
    script = _plotly() if charts else ""
    return _environment().get_template("report.html").render(report=report, font=_font(), charts=charts, plotly=script).encode()


@cache
def _plotly() -> Markup:
    """The whole library, so that the file needs no other."""
    from plotly.offline import get_plotlyjs

    return Markup(get_plotlyjs())  # noqa: S704 - the library's own script


def _is_text(column: Any) -> bool:
    return column.kind in {Kind.TEXT, Kind.DAY}
