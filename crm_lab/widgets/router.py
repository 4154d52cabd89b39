"""Router: the page's address, title, language, theme, keys and messages."""

from __future__ import annotations

import base64
from functools import cache
from typing import Any

import traitlets

from crm_lab.widgets.base import ASSETS, View, script


@cache
def stylesheet() -> str:
    """The whole application's CSS, tokens first, the font inside."""
    font = base64.b64encode((ASSETS / "inter.woff2").read_bytes()).decode()
    face = (
        '@font-face{font-family:"Inter var";font-weight:100 900;font-display:swap;'
        f'src:url(data:font/woff2;base64,{font}) format("woff2")}}'
    )
    sheets = (
        "tokens", "base", "controls", "heads", "grid", "fields", "narrow", "shell", "forms", "contacts", "cards", "opportunities", "compact",
        "imports", "search", "ledger", "calendar", "merges", "documents", "orders", "sales", "board", "calls", "mail", "dashboard", "privacy", "figures",
    )  # fmt: skip
    parts = [(ASSETS / f"{name}.css").read_text(encoding="utf-8") for name in sheets]
    return "\n".join([face, *parts])


class Router(View):
    """`path` follows the address bar below `base`, both ways; `site` is where the browser finds us. Event: `undo(id)`, the id of the toast that offered it."""

    _esm = script("router")
    _css = stylesheet()
    base = traitlets.Unicode("/crm").tag(sync=True)
    path = traitlets.Unicode().tag(sync=True)
    title = traitlets.Unicode().tag(sync=True)
    site = traitlets.Unicode().tag(sync=True)
    lang = traitlets.Unicode("nb").tag(sync=True)
    theme = traitlets.Unicode("auto").tag(sync=True)
    density = traitlets.Unicode("full").tag(sync=True)
    notice = traitlets.Unicode().tag(sync=True)
    words = traitlets.Dict().tag(sync=True)

    def toast(self, text: str, *, undo: str = "") -> None:
        """Show a passing message; `undo` is the id that its button sends back, "" for no button."""
        self.send({"toast": text, "undo": bool(undo), "id": undo})

    def download(self, name: str, data: bytes, media: str, *, is_shown: bool = False) -> None:
        """Hand the user a file that was made here, or show it in a tab of its own; it needs no address, so it also works in JupyterLab."""
        self.send({"download": name, "media": media, "shown": is_shown}, [data])

    def settle(self) -> None:
        """A new screen stands: scroll to its top and tell screen readers."""
        self.send({"settle": True})

    def reload(self, **_ignored: Any) -> None:
        """Load the whole page again, as after a change of language."""
        self.send({"reload": True})
