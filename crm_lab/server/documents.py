"""Documents for a browser: files to save, and pictures, text and PDF to look at; the store is asked at every slice whether the reader may."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import quote

from jupyter_server.base.handlers import JupyterHandler
from tornado import web
from tornado.iostream import StreamClosedError
from tornado.web import HTTPError

from crm_lab.errors import CrmError, Unavailable
from crm_lab.server.handlers import ErrorPage

DOCUMENT = r"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"
SHOWN = {"image/png", "image/jpeg", "image/gif", "image/webp", "text/plain", "application/pdf"}
"""What may be looked at: by what the content says it is, and nothing that a browser runs."""
PDF = "application/pdf"
BARE = "default-src 'none'; style-src 'unsafe-inline'; object-src 'self'; frame-ancestors 'none'"
"""Browsers show no PDF in a sandbox; their own viewers run nothing of it."""
INERT = "sandbox; default-src 'none'; frame-ancestors 'none'"


class DocumentHandler(ErrorPage, JupyterHandler):
    """One document, in constant memory."""

    @web.authenticated
    async def get(self, key: str) -> None:
        """The content, or that of `?version=`; 404 where there is none or it is hidden. With `?show=1` to look at, where that is safe."""
        document, number = await self._ask("get", id=key), self._number()
        part = await self._ask("read", id=key, at=0, number=number)  # what is missing is told before anything is sent
        is_shown = not number and self.get_query_argument("show", "") == "1" and document.media_type in SHOWN
        kind = document.media_type + ("; charset=utf-8" if document.media_type == "text/plain" else "")
        self.set_header("Content-Type", kind if is_shown else "application/octet-stream")
        how = "inline" if is_shown else "attachment"
        self.set_header("Content-Disposition", f"{how}; filename*=UTF-8''{quote(document.name, safe='')}")
        self.set_header("Content-Security-Policy", BARE if is_shown and document.media_type == PDF else INERT)
        self.set_header("X-Content-Type-Options", "nosniff")
        self.set_header("Cache-Control", "private, no-store")
        sent = 0
        while part:
            self.write(part)
            sent += len(part)
            try:
                await self.flush()
            except StreamClosedError:
                return
            part = await self._ask("read", id=key, at=sent, number=number) if number or sent < document.size else b""

    def _number(self) -> int:
        """Which version is asked for; 0 for the newest."""
        text = self.get_query_argument("version", "")
        return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else 0  # noqa: PLR2004 - nobody has a million

    async def _ask(self, action: str, **arguments: Any) -> Any:
        call = self.settings["callers"].store.call
        try:
            return await asyncio.to_thread(call, "documents", action, arguments, token=self.current_user.session)
        except Unavailable:
            raise HTTPError(503) from None
        except CrmError as error:
            raise HTTPError(404 if error.status != 401 else 403) from None  # noqa: PLR2004 - HTTP
