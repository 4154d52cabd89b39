"""Reports as one HTML file that needs nothing else: type and style are inside."""

from __future__ import annotations

import base64
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from crm_lab.i18n import _, day
from crm_lab.reports.layout import Kind, Report, shown


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
    return _environment().get_template("report.html").render(report=report, font=_font()).encode()


def _is_text(column: Any) -> bool:
    return column.kind in {Kind.TEXT, Kind.DAY}
