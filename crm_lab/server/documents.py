"""Documents for a browser: always a file to save, never a page; the store is asked at every slice whether the reader may."""

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
INERT = "sandbox; default-src 'none'; frame-ancestors 'none'"


class DocumentHandler(ErrorPage, JupyterHandler):
    """One document, in constant memory."""

    @web.authenticated
    async def get(self, key: str) -> None:
        """The content; 404 where there is none or it is hidden."""
        document = await self._ask("get", id=key)
        part = await self._ask("read", id=key, at=0)  # what is missing is told before anything is sent
        self.set_header("Content-Type", "application/octet-stream")
        self.set_header("Content-Disposition", f"attachment; filename*=UTF-8''{quote(document.name, safe='')}")
        self.set_header("Content-Security-Policy", INERT)
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
            part = await self._ask("read", id=key, at=sent) if sent < document.size else b""

    async def _ask(self, action: str, **arguments: Any) -> Any:
        call = self.settings["callers"].store.call
        try:
            return await asyncio.to_thread(call, "documents", action, arguments, token=self.current_user.session)
        except Unavailable:
            raise HTTPError(503) from None
        except CrmError as error:
            raise HTTPError(404 if error.status != 401 else 403) from None  # noqa: PLR2004 - HTTP
