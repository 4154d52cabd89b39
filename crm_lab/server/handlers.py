"""What the web server answers with: pages, sockets to kernels, static files, and errors as pages of our own."""

from __future__ import annotations

from typing import Any

from jupyter_server.base.handlers import FileFindHandler
from tornado import web
from tornado.web import HTTPError, StaticFileHandler
from voila.shutdown_kernel_handler import VoilaShutdownKernelHandler
from voila.static_file_handler import MultiStaticFileHandler
from voila.tornado.handler import TornadoVoilaHandler
from voila.tornado.kernel_websocket_handler import VoilaKernelWebsocketHandler

from crm_lab.errors import Unavailable
from crm_lab.i18n import _, use_locale
from crm_lab.server.auth import COOKIE, page_locale

KERNEL_PROTOCOL = "v1.kernel.websocket.jupyter.org"


class ErrorPage:
    """Every error as a page of our own: no traceback, in the reader's language."""

    settings: dict[str, Any]
    request: Any

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Write the page."""
        del kwargs
        handler: Any = self
        handler.set_header("Content-Type", "text/html; charset=utf-8")
        handler.set_header("Cache-Control", "no-store")
        handler.finish(self.error_page(status_code))

    def error_page(self, status_code: int) -> str:
        """The page; a store that is away is tried again by the page itself."""
        handler: Any = self
        locale = page_locale(handler)
        with use_locale(locale):
            texts = {
                403: _("You do not have access to this page."),
                404: _("There is no such page."),
                503: _("The data store does not answer. This page tries again by itself."),
            }
            page: str = self.settings["voila_jinja2_env"].get_template("error.html").render(
                lang=locale,
                status=status_code,
                message=texts.get(status_code, _("Something went wrong. It was logged.")),
                home=self.settings["home_url"],
                home_label=_("Go to the customers"),
                retry=status_code == 503,  # noqa: PLR2004 - HTTP
            )
        return page


class PageHandler(ErrorPage, TornadoVoilaHandler):
    """The application, at every path below /crm."""

    async def prepare(self) -> None:
        """Find out who asks."""
        await super().prepare()

    @web.authenticated
    async def get(self, path: str | None = None) -> None:
        """Start a kernel for this page and send its HTML."""
        del path
        _token = self.xsrf_token  # sets the cookie the page's goodbye needs
        self.set_header("X-Accel-Buffering", "no")
        self.set_header("Cache-Control", "no-store")
        await super().get(None)


class OwnedSocket(ErrorPage, VoilaKernelWebsocketHandler):
    """A page's socket to its kernel. Small frames go at once: Nagle's algorithm costs 40 ms a click.

    It speaks the binary kernel protocol only. Voilà reads the older JSON frames, and frames that lie about
    their length, in a loop as long as the number in their first eight bytes: one such frame stops the server.
    """

    async def get(self, kernel_id: str) -> None:
        """Attach a page that speaks the protocol."""
        if KERNEL_PROTOCOL not in self.request.headers.get("Sec-WebSocket-Protocol", ""):
            raise HTTPError(400)
        await super().get(kernel_id)

    def on_message(self, ws_message: bytes | str) -> None:
        """Pass a sound frame on; anything else closes the socket."""
        if isinstance(ws_message, str) or int.from_bytes(ws_message[:8], "little") > len(ws_message) // 8:
            self.close(1007, "not a kernel message")
            return
        try:
            super().on_message(ws_message)
        except (ValueError, LookupError, TypeError, AssertionError):
            self.close(1007, "not a kernel message")

    async def open(self, kernel_id: str) -> None:
        """Attach."""
        self.set_nodelay(True)
        self.settings["sockets"].setdefault(self.current_user.session, set()).add(self)
        await super().open(kernel_id)

    def on_close(self) -> None:
        """Detach."""
        for sockets in self.settings["sockets"].values():
            sockets.discard(self)
        super().on_close()


class OwnedShutdown(ErrorPage, VoilaShutdownKernelHandler):
    """The goodbye of a page that is left: its kernel ends."""

    auth_resource = "kernels"

    @web.authenticated
    async def post(self, kernel_id: str) -> None:
        """End the page's kernel; another session's is not found."""
        if not self.authorizer.is_authorized(self, self.current_user, "write", "kernels"):
            raise HTTPError(404)
        await self.kernel_manager.shutdown_kernel(kernel_id)
        self.set_status(204)
        self.finish()


class SoundPath:
    """A path that leaves its folder is not found; Voilà's own handler fails on some of them."""

    @classmethod
    def get_absolute_path(cls, root: str, path: str) -> str:
        """The file."""
        parent: Any = super()
        try:
            found: str = parent.get_absolute_path(root, path)
        except (AssertionError, ValueError):
            raise HTTPError(404) from None
        return found


class SignedInOnly:
    """Static files are for browsers with a well-signed cookie."""

    async def prepare(self) -> None:
        """403 for anybody else."""
        handler: Any = self
        if not handler.get_signed_cookie(COOKIE, max_age_days=1):
            raise HTTPError(403)


class Forever:
    """Files whose URL holds the version never change."""

    def set_extra_headers(self, path: str) -> None:
        """Let the browser keep it."""
        del path
        handler: Any = self
        handler.set_header("Cache-Control", "private, max-age=31536000, immutable")


class VersionedStatic(ErrorPage, Forever, SignedInOnly, MultiStaticFileHandler):
    """Voilà's own scripts."""


class VersionedLab(ErrorPage, Forever, SignedInOnly, FileFindHandler):
    """Widget scripts."""

    def set_headers(self) -> None:
        """Without jupyter_server's no-cache."""
        StaticFileHandler.set_headers(self)

    async def get(self, path: str, include_body: bool = True) -> None:  # noqa: FBT001, FBT002 - tornado's signature
        """Send the file."""
        await StaticFileHandler.get(self, path, include_body)


class Scripts(ErrorPage, Forever, SignedInOnly, StaticFileHandler):
    """Our own scripts."""


class Font(ErrorPage, StaticFileHandler):
    """The typeface of the pages that stand before the login."""

    def set_extra_headers(self, path: str) -> None:
        """Let the browser keep it for a month."""
        del path
        self.set_header("Cache-Control", "public, max-age=2592000")


class Health(web.RequestHandler):
    """For load balancers: whether the web server and the store answer."""

    async def get(self) -> None:
        """200 or 503."""
        try:
            self.write(self.settings["callers"].store.health())
        except Unavailable:
            self.set_status(503)
            self.write({"ok": False})


class NotHere(ErrorPage, web.RequestHandler):
    """Everything else."""

    async def prepare(self) -> None:
        """404."""
        raise HTTPError(404)
