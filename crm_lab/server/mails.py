"""E-mail for a browser: a message's HTML as an inert page for a sandbox, and its files to save; the store is asked each time whether the reader may."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import quote

from jupyter_server.base.handlers import JupyterHandler
from tornado import web
from tornado.iostream import StreamClosedError
from tornado.web import HTTPError

from crm_lab.errors import CrmError, Unavailable
from crm_lab.server.documents import INERT
from crm_lab.server.handlers import ErrorPage

SANDBOX = "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'; form-action 'none'; base-uri 'none'; "
PICTURES = {False: "img-src data:", True: "img-src data: https: http:"}


class _FromStore(ErrorPage, JupyterHandler):
    """Asks the store as who is signed in."""

    async def ask(self, action: str, **arguments: Any) -> Any:
        """The answer; 404 where there is none or it is hidden."""
        call = self.settings["callers"].store.call
        try:
            return await asyncio.to_thread(call, "messages", action, arguments, token=self.current_user.session)
        except Unavailable:
            raise HTTPError(503) from None
        except CrmError as error:
            raise HTTPError(404 if error.status != 401 else 403) from None  # noqa: PLR2004 - HTTP

    def head(self, kind: str, policy: str) -> None:
        """What every answer says of itself."""
        self.set_header("Content-Type", kind)
        self.set_header("Content-Security-Policy", policy)
        self.set_header("X-Content-Type-Options", "nosniff")
        self.set_header("Referrer-Policy", "no-referrer")
        self.set_header("Cache-Control", "private, no-store")


class MailPageHandler(_FromStore):
    """The HTML of one message."""

    @web.authenticated
    async def get(self, key: str) -> None:
        """The page; with `?pictures=1` it may fetch those of others' servers."""
        with_remote = self.get_query_argument("pictures", "") == "1"
        made = await self.ask("page", id=key, with_remote=with_remote)
        self.head("text/html; charset=utf-8", SANDBOX + PICTURES[with_remote])
        self.finish(made.page)


class MailFileHandler(_FromStore):
    """A file that came with a message, in constant memory; always to be saved, never shown."""

    @web.authenticated
    async def get(self, key: str) -> None:
        """The content."""
        facts = await self.ask("file_facts", id=key)
        part = await self.ask("file", id=key, at=0)
        self.head("application/octet-stream", INERT)
        self.set_header("Content-Disposition", f"attachment; filename*=UTF-8''{quote(facts.name, safe='')}")
        sent = 0
        while part:
            self.write(part)
            sent += len(part)
            try:
                await self.flush()
            except StreamClosedError:
                return
            part = await self.ask("file", id=key, at=sent) if sent < facts.size else b""
