"""Board: cards in columns, moved by dragging, by keys or from a menu."""

from __future__ import annotations

from typing import Any

import traitlets

from crm_lab.i18n import _
from crm_lab.widgets.base import View, script


class Board(View):
    """Columns of cards.

    A column is a dict with key, name, tone, n, sum, weighted, more (texts) and cards; a card one with id, title, customer, owner, initials, hue,
    amount, day, late, still, pushes, label. Events: `move(id, to)` with the key of a column, `show(id)`.
    """

    _esm = script("menu", "board")
    columns = traitlets.List().tag(sync=True)
    words = traitlets.Dict().tag(sync=True)

    def __init__(self, *, columns: list[dict[str, Any]], **handlers: Any) -> None:
        words = {
            "board": _("The pipeline"), "move": _("Move to …"), "to": _("Move to"), "open": _("Open"), "none": _("Nothing here"),
            "weighted": _("Weighted by probability"), "still": _("Nothing has been changed for so long"), "pushes": _("So often the expected close was put off"),
        }  # fmt: skip
        super().__init__(columns=columns, words=words, **handlers)
