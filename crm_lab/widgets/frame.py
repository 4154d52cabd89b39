"""One screen in a notebook cell: the application's look, keys and messages, without its menu."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from crm_lab.widgets.base import close_all
from crm_lab.widgets.shell import App

if TYPE_CHECKING:
    from crm_lab.connection import Connection


def asked(name: str, otherwise: str) -> str:
    """What Voilà was asked for in the address of the page, "?customer=10001": letters, digits and hyphens only, else `otherwise`."""
    (value, *_rest) = parse_qs(os.environ.get("QUERY_STRING", "")).get(name, [otherwise])
    return value if re.fullmatch(r"[0-9A-Za-z-]{1,40}", value) else otherwise


class Frame(App):
    """`Frame(crm, "customers/10001")`: the screen of a path; links in it work inside the cell."""

    def __init__(self, crm: Connection, path: str = "customers") -> None:
        super().__init__(crm)
        whole: Any = self
        self._hidden = [child for child in whole.children if child not in {self.main, self.router}]
        self.set_trait("children", (self.main, self.router))
        self.remove_class("crm-app")
        self.add_class("crm-frame")
        self.go(path)

    def close(self) -> None:
        """Let go, also of what is not shown."""
        for widget in self._hidden:
            close_all(widget)
        super().close()
