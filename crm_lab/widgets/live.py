"""Live: a region of HTML drawn from a Jinja template; clicks and forms come back as calls of named actions."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

import traitlets
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from crm_lab.i18n import _, day, moment, number
from crm_lab.widgets.base import ASSETS, Host, View, fits, guarded, script

if TYPE_CHECKING:
    from collections.abc import Mapping

LEGAL_FORMS = {"AS", "ASA", "SA", "KF", "ANS", "DA", "NUF", "IKS", "BA"}
SVG = '<svg class="i" width="{size}" height="{size}" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.75" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">{paths}</svg>'


@cache
def icon(name: str, size: int = 16) -> Markup:
    """An icon of our own files as inline SVG."""
    source = (ASSETS / "icons" / f"{name}.svg").read_text(encoding="utf-8")
    paths = source[source.index(">", source.index("<svg")) + 1 : source.rindex("</svg>")]
    return Markup(SVG.format(size=size, paths=paths))  # noqa: S704 - our own file, no user's text


def initials(name: str) -> str:
    """Two letters for an avatar, legal forms left out."""
    words: list[str] = [w for w in re.findall(r"[^\W\d_]+", name) if w.upper() not in LEGAL_FORMS] or ["?"]
    return (words[0][0] + (words[-1][0] if len(words) > 1 else words[0][1:2])).upper()


def hue(name: str) -> int:
    """One of eight avatar colours, always the same for a name."""
    return sum(map(ord, name)) * 47 % 8


def grouped(digits: str) -> str:
    """An organisation number as people write it."""
    return " ".join(re.findall(r"\d{1,3}", digits))


@cache
def environment() -> Environment:
    """The templates: everything from users is escaped, a missing value is an error."""
    made = Environment(
        loader=FileSystemLoader(ASSETS.parent / "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    made.globals["_"] = _
    made.filters.update(
        icon=icon, initials=initials, hue=hue, grouped=grouped, day=day, moment=moment, number=number
    )
    return made


def is_plain(message: dict[Any, Any]) -> bool:
    """Whether a message has the shape our page sends: texts and ticks, its number, and the fields of one form."""
    values = message.get("values", {})
    if not isinstance(values, dict):
        return False
    if not isinstance(message.get("n", 0), int):
        return False
    rest = [value for key, value in message.items() if key not in {"values", "n"}]
    return all(isinstance(value, str | bool) for value in (*values.values(), *rest))


class Live(View):
    """One region of the page.

    `data-do="rename"` in the template calls `actions["rename"](**data)`; a form's fields come as `values`.
    `answered` is the number of the newest message that the HTML knows of: what was typed later is left alone.
    `on_slice(message, part)` gets the slices of files that are put on a form with `data-attach`.
    """

    _esm = script("morph", "combo", "slices", "attach", "live")
    html = traitlets.Unicode().tag(sync=True)
    answered = traitlets.Int().tag(sync=True)

    def __init__(self, template: str, host: Host, actions: Mapping[str, Any] | None = None, *, on_slice: Any = None, **data: Any) -> None:
        self._template, self._host = template, host
        self._heard = 0
        self._actions = {name: guarded(host, action) for name, action in (actions or {}).items()}
        self.data = data
        heard = {"on_slice": guarded(host, on_slice)} if on_slice else {}
        super().__init__(html=self._drawn(), **heard)

    def refresh(self, **data: Any) -> None:
        """Draw again, with changed values."""
        self.data |= data
        drawn = self._drawn()
        with self.hold_sync():
            self.answered, self.html = self._heard, drawn

    def _drawn(self) -> str:
        return environment().get_template(self._template).render(self.data)

    def _receive(self, _widget: Any, message: Any, buffers: Any) -> None:
        if isinstance(message, dict) and message.get("event") == "slice":
            self.fire("slice", message=message, part=bytes(buffers[0]) if buffers else b"")
        elif isinstance(message, dict) and is_plain(message):
            self._heard = message.get("n", 0)
            self.act(str(message.get("do", "")), **{str(k): v for k, v in message.items() if k not in {"do", "n"}})

    def act(self, do: str, /, **arguments: Any) -> None:
        """What a click does; tests call it too. Only named actions can be reached."""
        action = self._actions.get(do)
        if action is not None and fits(action, arguments):
            action(**arguments)

    def focus_on(self, selector: str) -> None:
        """Put the keyboard where it is needed."""
        self.send({"focus": selector})

    def point_at(self, route: str) -> None:
        """Mark the link to where the user is, without drawing again; the template's `at` agrees."""
        self.data["at"] = route
        self.send({"at": route})
