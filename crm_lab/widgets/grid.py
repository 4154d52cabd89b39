"""Grid: a table of any length; sorting, filtering and selection happen in the browser."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import pandas as pd
import traitlets
from IPython import get_ipython
from ipywidgets.widgets.trait_types import CByteMemoryView

from crm_lab.i18n import _, current_locale
from crm_lab.widgets.base import View, script
from crm_lab.widgets.packing import pack


def words() -> dict[str, str]:
    """The texts the browser needs, in the reader's language."""
    return {
        "locale": "nb-NO" if current_locale() == "nb" else "en-GB",
        "row": _("row"),
        "rows": _("rows"),
        "of": _("of"),
        "selected": _("selected"),
        "sum": _("Sum"),
        "sort": _("Sort by"),
        "columns": _("Columns"),
        "clear": _("Clear selection"),
        "keys": _("↑↓ move · Space select · Enter open"),
    }


class Grid(View):
    """A virtual table. Rows are known to the browser by their place in the frame; a `spare` column of codes is there only where a row has one.

    An item of `menu` may have a `key` and what it `needs` of the selected rows: `least` so many, `filled` and `same` columns.
    `sum_key` is summed over the filtered and the selected rows, apart for each value of `sum_by`. Sorted by the column
    `band`, rows alike in it stand out together. `identity` is a column of whole numbers, each in one row only: with it a
    selection outlives a new frame, and an action meant for one frame never meets the rows of the next. With `advance`, the next row is selected when the selected ones are gone.

    Events: `open(row)` on Enter or double click, `menu(id)` from the row menu or the selection bar, `rows(rows)` with the
    places of the filtered rows in the order shown, in answer to `ask_rows()`.
    """

    _esm = script("order", "columns", "menu", "selection", "grid")
    columns = traitlets.List().tag(sync=True)
    data = traitlets.List().tag(sync=True)
    sort = traitlets.List().tag(sync=True)
    filter = traitlets.Unicode().tag(sync=True)
    menu = traitlets.List().tag(sync=True)
    sum_key = traitlets.Unicode().tag(sync=True)
    sum_by = traitlets.Unicode().tag(sync=True)
    band = traitlets.Unicode().tag(sync=True)
    identity = traitlets.Unicode().tag(sync=True)
    advance = traitlets.Bool(default_value=False).tag(sync=True)
    label = traitlets.Unicode().tag(sync=True)
    empty = traitlets.Unicode().tag(sync=True)
    empty_hint = traitlets.Unicode().tag(sync=True)
    words = traitlets.Dict().tag(sync=True)
    selected = CByteMemoryView(b"").tag(sync=True)

    _has_page: ClassVar[bool] = False

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(words=words(), **kwargs)
        self.n_rows = 0
        self._keys = pd.Index([], dtype="int64")
        self._packed: list[dict[str, Any]] = []
        self._waits = get_ipython() is not None and not Grid._has_page

    def show(self, frame: pd.DataFrame, *, in_order_of: str = "") -> None:
        """Show a frame; columns no definition names are not sent. `in_order_of` is the column it is sorted by."""
        named = {key for c in self.columns for key in (c["key"], c.get("late"), c.get("lock")) if key} | {self.sum_key, self.sum_by, self.identity}
        named |= {key for item in self.menu for key in _needed(item)}
        self.n_rows = len(frame)
        self._packed = pack(frame[[c for c in frame.columns if c in named]], in_order_of=in_order_of)
        if not self._waits:
            self.data = self._packed
        if self.identity:
            self._keys = pd.Index(frame[self.identity])
        else:
            self.selected = b""

    def _page_is_there(self) -> None:
        """The browser has drawn the table. Rows sent before go into the page's HTML as base64: two seconds for 100,000."""
        Grid._has_page = True
        if self._waits:
            self._waits, self.data = False, self._packed

    def ask_rows(self) -> None:
        """Ask the browser which rows are shown, and in what order."""
        self.send({"rows": True})

    def _receive(self, widget: Any, message: Any, buffers: Any) -> None:
        if isinstance(message, dict) and message.get("event") == "ready":
            self._page_is_there()
        elif isinstance(message, dict) and message.get("event") == "rows":
            self.fire("rows", rows=self._places(buffers[0] if buffers else b""))
        else:
            if isinstance(message, dict) and message.get("event") == "menu" and buffers:
                self.selected = bytes(buffers[0])
            super()._receive(widget, message, buffers)

    @property
    def selected_rows(self) -> list[int]:
        """Places in the shown frame of the selected rows."""
        if not self.identity:
            return self._places(self.selected)
        return [int(place) for place in self._keys.get_indexer(pd.Index(_numbers(self.selected))) if place >= 0]

    def _places(self, buffer: Any) -> list[int]:
        """Places in the shown frame; what the browser invents is left out."""
        return [int(r) for r in _numbers(buffer) if 0 <= r < self.n_rows]


def _numbers(buffer: Any) -> np.ndarray[Any, np.dtype[np.int32]]:
    """What the browser sends of rows."""
    raw = bytes(buffer)
    return np.frombuffer(raw[: len(raw) // 4 * 4], "int32")


def _needed(item: dict[str, Any]) -> list[str]:
    """The columns that say whether an action fits the selected rows."""
    needs = item.get("needs", {})
    return [*needs.get("same", ()), *filter(None, [needs.get("filled")])]
