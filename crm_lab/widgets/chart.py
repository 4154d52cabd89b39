"""Chart: a Plotly figure on a screen, whose marks can be chosen."""

from __future__ import annotations

import os
from typing import Any

import traitlets

from crm_lab.i18n import _
from crm_lab.widgets.base import View, script


class Chart(View):
    """A figure as Plotly's JSON has it, under the heading `label`. Event: `choose(trace, point)`, counted from 0.

    The library comes from our web server, once a browser; elsewhere there is none, and the figure says so.
    """

    _esm = script("chart")
    traces = traitlets.List().tag(sync=True)
    figure = traitlets.Dict().tag(sync=True)
    label = traitlets.Unicode().tag(sync=True)
    address = traitlets.Unicode().tag(sync=True)
    missing = traitlets.Unicode().tag(sync=True)

    def __init__(self, *, label: str, traces: list[dict[str, Any]], layout: dict[str, Any], **handlers: Any) -> None:
        address = os.environ.get("CRM_SCRIPTS", "")
        super().__init__(
            label=label, traces=traces, figure=layout, address=f"{address}plotly.min.js" if address else "", missing=_("Figures are drawn where crm_lab is served."), **handlers
        )
