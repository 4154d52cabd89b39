"""Upload: a file from the user's machine, in slices that the web socket takes."""

from __future__ import annotations

from typing import Any

import traitlets

from crm_lab.domain.documents import LARGEST_SLICE
from crm_lab.i18n import _
from crm_lab.widgets.base import View, script


def is_slice(message: dict[Any, Any], part: bytes) -> bool:
    """Whether a message, which anybody signed in can forge, is a slice of a file: with its name, size and place."""
    name, size, at = (message.get(key) for key in ("name", "size", "at"))
    return isinstance(name, str) and type(size) is int and type(at) is int and len(part) <= LARGEST_SLICE


class Upload(View):
    """A place to drop a file. Events: `file(name, data)` once it is here, `too_large()`.

    Slices that come out of order or beyond `largest` are somebody's invention and end the transfer.
    """

    _esm = script("slices", "upload")
    accept = traitlets.Unicode().tag(sync=True)
    largest = traitlets.Int().tag(sync=True)
    words = traitlets.Dict().tag(sync=True)

    def __init__(self, *, hint: str, **kwargs: Any) -> None:
        words = {"drop": _("Drop a file here, or click to choose one"), "hint": hint, "sending": _("Sending the file")}
        super().__init__(words=words, **kwargs)
        self._coming = bytearray()

    def _receive(self, widget: Any, message: Any, buffers: Any) -> None:
        if isinstance(message, dict) and message.get("event") == "slice":
            self.take(message, bytes(buffers[0]) if buffers else b"")
        else:
            super()._receive(widget, message, buffers)

    def take(self, message: dict[Any, Any], part: bytes) -> None:
        """One slice; the last one fires `file`."""
        if not is_slice(message, part):
            return
        name, size, at = (message[key] for key in ("name", "size", "at"))
        if at == 0:
            self._coming = bytearray()
        if at != len(self._coming) or not 0 <= size <= self.largest or at + len(part) > size or (size and not part):
            self._coming = bytearray()
            return
        self._coming += part
        self.send({"next": len(self._coming)})
        if len(self._coming) == size:
            data, self._coming = bytes(self._coming), bytearray()
            self.fire("file", name=name[:250], data=data)
