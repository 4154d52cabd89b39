"""The store's API for programs elsewhere: the web server hands their requests on, with a token and nothing else to say who they are."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from tornado import web

from crm_lab.errors import SignedOut, Unavailable
from crm_lab.i18n import _

if TYPE_CHECKING:
    from crm_lab.connection import Remote

ACTION = r"([a-z_]{1,40})/([a-z_]{1,40})"
LARGEST_BODY = 8 << 20
THREADS = ThreadPoolExecutor(8, "api")
PASSED = ("Accept", "Accept-Language", "Authorization", "Content-Type", "Idempotency-Key", "If-Match", "If-None-Match", "traceparent")
RETURNED = ("Content-Type", "ETag", "Link", "Cache-Control", "Retry-After")
CLOSED = {("sessions", "open"), ("calls", "hook"), ("hub", "lend"), ("calendar", "feed"), ("sign_on", "facts"), ("sign_on", "start"), ("sign_on", "finish")}
"""What has an address, or a form, of its own that counts attempts."""


class ApiHandler(web.RequestHandler):
    """`/api/{service}/{action}` and `/api/openapi.json`. Cookies are not looked at, so no page can act through it."""

    def initialize(self, store: Remote) -> None:
        """Note how the store is reached: on lines of its own, so that programs keep no page waiting."""
        self.store = store

    def check_xsrf_cookie(self) -> None:
        """None is needed: a browser sends no token by itself."""

    async def get(self, service: str = "", action: str = "") -> None:
        """A read, or the description of all actions."""
        await self._pass(service, action)

    async def post(self, service: str, action: str) -> None:
        """Any action."""
        await self._pass(service, action)

    async def _pass(self, service: str, action: str) -> None:
        headers = {name: self.request.headers[name] for name in PASSED if name in self.request.headers}
        if (service, action) in CLOSED or len(self.request.body) > LARGEST_BODY:
            raise web.HTTPError(404 if (service, action) in CLOSED else 413)
        scheme, _space, token = headers.get("Authorization", "").partition(" ")
        if service and (scheme.lower() != "bearer" or not token.strip()):
            self.set_header("WWW-Authenticate", "Bearer")
            self._tell(SignedOut(_("Send a personal access token as Authorization: Bearer.")))
            return
        path = f"/api/{service}/{action}" if service else "/api/openapi.json"
        query = f"?{self.request.query}" if self.request.query else ""
        try:
            response = await asyncio.get_running_loop().run_in_executor(
                THREADS, self.store.hand_on, self.request.method or "GET", path + query, headers, self.request.body
            )
        except Unavailable as error:
            self._tell(error)
            return
        self.set_status(response.status)
        for name, value in response.headers:
            if name.decode().title() in {one.title() for one in RETURNED}:
                self.set_header(name.decode().title() if name.lower() != b"etag" else "ETag", value.decode())
        self.finish(response.content if response.status != 304 else None)  # noqa: PLR2004 - HTTP

    def _tell(self, error: SignedOut | Unavailable) -> None:
        self.set_status(error.status)
        self.set_header("Content-Type", "application/json")
        self.finish(error.to_wire())
