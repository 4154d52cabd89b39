"""The pages: Voilà with a login, the routes the application needs and no others."""

from __future__ import annotations

import functools
import json
import os
import re
import secrets
from pathlib import Path
from typing import Any

from jupyter_server.utils import url_path_join
from tornado import web
from tornado.ioloop import PeriodicCallback
from tornado.web import StaticFileHandler
from traitlets import Unicode
from traitlets.config import Config
from voila.app import Voila
from voila.tornado.kernel_websocket_handler import VoilaKernelWebsocketHandler

from crm_lab import __version__
from crm_lab.connection import Remote
from crm_lab.errors import Unavailable
from crm_lab.server import logs, rendering
from crm_lab.server.assets import ASSETS, plotly_folder, scripts_address
from crm_lab.server.auth import Callers, OwnerAuthorizer, SessionIdentity
from crm_lab.server.documents import DOCUMENT, DocumentHandler
from crm_lab.server.feed import FEED, CalendarFeedHandler, Readings
from crm_lab.server.gateway import ACTION, ApiHandler
from crm_lab.server.handlers import (
    ErrorPage,
    Font,
    Health,
    NotHere,
    OwnedShutdown,
    OwnedSocket,
    PageHandler,
    Scripts,
    SignedInOnly,
    SoundPath,
    VersionedLab,
    VersionedStatic,
)
from crm_lab.server.hooks import HookHandler
from crm_lab.server.mails import MailFileHandler, MailPageHandler
from crm_lab.server.metrics import WebMetrics
from crm_lab.server.published import KEY, PublishedPage
from crm_lab.server.scrape import MetricsHandler, note_request
from crm_lab.settings import Settings

CLOSED = ("/voila/tree", "/voila/render", "/voila/api/contents", "/voila/files", "/voila/query", "/voila/execution")
SWEEP_EVERY_MS = 15_000
CSP = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; frame-ancestors 'self'; "
    "form-action 'self'; base-uri 'self'; object-src 'none'"
)
HEADERS = {
    "Content-Security-Policy": CSP,
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "SAMEORIGIN",
    "X-Content-Type-Options": "nosniff",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cross-Origin-Opener-Policy": "same-origin",
}
ROOT = Path(__file__).parents[2]


def notebook() -> Path:
    """The application's notebook: in a checkout beside the package, in an installed package inside it."""
    checkout = ROOT / "notebooks" / "crm.ipynb"
    return checkout if checkout.exists() else Path(__file__).parents[1] / "notebooks" / "crm.ipynb"


def voila_settings() -> dict[str, Any]:
    """What voila.json says, the file that a plain `voila` reads too."""
    checkout = ROOT / "voila.json"
    path = checkout if checkout.exists() else Path(__file__).parents[1] / "voila.json"
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


class CrmVoila(Voila):
    """Voilà with our identity, routes and settings."""

    name = "voila"
    store_socket = Unicode("").tag(config=True)
    trust_proxy = Unicode("").tag(config=True)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.metrics = WebMetrics()
        rendering.take_over()

    def _configure_logging(self) -> None:
        super()._configure_logging()
        logs.take_over()

    def init_settings(self) -> dict[str, Any]:
        """Add login, headers and limits to Voilà's settings."""
        settings: dict[str, Any] = super().init_settings()
        settings.update(
            callers=Callers(Remote(self.store_socket, patience=1.0)),
            sockets={},
            end_session=self.end_session,
            demo_login=bool(os.environ.get("CRM_DEMO")),
            home_url=url_path_join(self.base_url, "crm"),
            login_url=url_path_join(self.base_url, "login"),
            compress_response=True,
            xsrf_cookies=True,
            xsrf_cookie_kwargs={"samesite": "Lax", "path": self.base_url},
            allow_unauthenticated_access=False,
            websocket_max_message_size=32 << 20,
            headers=HEADERS,
            config=self.config,
            log_function=functools.partial(note_request, self.metrics, Settings().log == "json"),
            default_handler_class=NotHere,
        )
        self.kernel_manager.allow_tracebacks = False
        return settings

    def init_handlers(self) -> list[Any]:
        """Voilà's handlers less the ones that list, read or run anything; then ours."""
        base = self.server_url
        kept = []
        for handler in super().init_handlers():
            pattern = handler[0]
            if pattern == base or any(url_path_join(base, closed) in pattern for closed in CLOSED):
                continue
            kept.append(self._guarded(handler))
        static, api = url_path_join(base, "s", __version__), Remote(self.store_socket, patience=1.0)
        page = {
            "template_paths": self.template_paths,
            "config": self.config,
            "voila_configuration": self.voila_configuration,
            "notebook_path": notebook().name,
        }
        return [
            *kept,
            (url_path_join(static, "static", "(.*)"), VersionedStatic, {"paths": self.static_paths}),
            (url_path_join(static, "lab", "(.*)"), VersionedLab, {"path": self.labextensions_path}),
            (scripts_address(base) + r"(plotly\.min\.js)", Scripts, {"path": plotly_folder()}),
            (scripts_address(base) + r"(\w+\.js)", Scripts, {"path": str(ASSETS)}),
            (url_path_join(base, r"(inter\.woff2)"), Font, {"path": str(ASSETS)}),
            (url_path_join(base, "crm") + "(?:/.*)?", PageHandler, page),
            (url_path_join(base, "pages", KEY), PublishedPage, page),
            (url_path_join(base, "documents", DOCUMENT), DocumentHandler),
            (url_path_join(base, "mail", DOCUMENT), MailPageHandler),
            (url_path_join(base, "mail", "files", DOCUMENT), MailFileHandler),
            (url_path_join(base, "feed", FEED), CalendarFeedHandler, {"readings": Readings()}),
            (url_path_join(base, "hooks", "calls"), HookHandler, {"refusals": Readings(), "service": "calls", "action": "hook"}),
            (url_path_join(base, "hooks", "hub"), HookHandler, {"refusals": Readings(), "service": "hub", "action": "lend"}),
            (url_path_join(base, "api", ACTION), ApiHandler, {"store": api}),
            (url_path_join(base, "api", r"openapi\.json"), ApiHandler, {"store": api}),
            (url_path_join(base, "healthz"), Health),
            (url_path_join(base, "metrics"), MetricsHandler, {"metrics": self.metrics}),
            (re.escape(base), web.RedirectHandler, {"url": url_path_join(self.base_url, "crm"), "permanent": False}),
        ]

    def _guarded(self, handler: Any) -> Any:
        pattern, cls, *rest = handler
        if cls is VoilaKernelWebsocketHandler:
            return (pattern, OwnedSocket, *rest)
        if "/voila/api/shutdown" in pattern:
            return (pattern, OwnedShutdown, *rest)
        mixins: tuple[type, ...] = (ErrorPage,)
        if issubclass(cls, StaticFileHandler):
            mixins = (ErrorPage, SoundPath) if "/templates/" in pattern else (ErrorPage, SoundPath, SignedInOnly)
        return (pattern, type(f"Own{cls.__name__}", (*mixins, cls), {}), *rest)

    async def end_session(self, session: str) -> None:
        """End a login session's kernels and close its sockets."""
        self.app.settings["callers"].forget(session)
        for handler in list(self.app.settings["sockets"].pop(session, ())):
            handler.close(4401, "signed out")
        await self.kernel_manager.end_session(session)

    async def sweep(self) -> None:
        """End what belongs to sessions that have expired or been revoked."""
        settings = self.app.settings
        sessions = set(self.kernel_manager.owner.values()) | {s for s, open_ in settings["sockets"].items() if open_}
        for session in sessions:
            try:
                actor = await settings["callers"].actor(session)
            except Unavailable:
                continue
            if actor is None:
                self.log.info("session ended")
                await self.end_session(session)

    def listen(self) -> None:
        """Start serving and sweeping."""
        if self.trust_proxy:
            trusted = {"xheaders": True, "trusted_downstream": self.trust_proxy.split(",")}
            self.app.listen = functools.partial(self.app.listen, **trusted)
        PeriodicCallback(self.sweep, SWEEP_EVERY_MS).start()
        super().listen()


def page_config(config: dict[str, Any], base_url: str, settings: dict[str, Any], **_facts: Any) -> dict[str, Any]:
    """What the page template needs to know beside the notebook."""
    from jupyter_server import CallContext

    del settings
    user = CallContext.get(CallContext.JUPYTER_HANDLER).current_user
    static = url_path_join(base_url, "s", __version__)
    config.update(
        crmLang=user.locale,
        crmTheme=user.theme,
        crmHome=url_path_join(base_url, "crm"),
        crmPage=getattr(CallContext.get(CallContext.JUPYTER_HANDLER), "page_title", ""),
        fullStaticUrl=url_path_join(static, "static"),
        fullLabextensionsUrl=url_path_join(static, "lab"),
    )
    return config


def cookie_secret(folder: Path) -> bytes:
    """The secret that signs cookies: made once, readable by its owner only."""
    path = folder / "cookie-secret"
    if not path.exists():
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        os.write(handle, secrets.token_bytes(32))
        os.close(handle)
    return path.read_bytes()


def configuration(socket: str, state: Path, *, base_url: str, trust_proxy: str) -> Config:
    """Voilà's settings that are code; the rest is in voila.json."""
    config = Config(voila_settings())
    config.CrmVoila.store_socket = socket
    config.CrmVoila.trust_proxy = trust_proxy
    config.Voila.update({
        "open_browser": False,
        "port_retries": 0,
        "root_dir": str(notebook().parent),
        "base_url": base_url,
        "cookie_secret": cookie_secret(state),
        "identity_provider_class": SessionIdentity,
        "authorizer_class": OwnerAuthorizer,
    })
    config.VoilaConfiguration.update({
        "multi_kernel_manager_class": "crm_lab.server.kernels.OwnedKernels",
        "page_config_hook": page_config,
    })
    config.OwnedKernels.update({"cull_idle_timeout": 60, "cull_interval": 60, "cull_connected": True})
    config.OwnedKernels.kernel_environment = {"CRM_SOCKET": socket, "CRM_DATA": str(state), "PLOTLY_RENDERER": "notebook"}
    config.KernelRestarter.update({"restart_limit": 0, "time_to_dead": 2.0})
    config.KernelManager.transport = "ipc"  # what a kernel says on TCP any local program can read
    config.KernelManager.client_class = "crm_lab.server.kernels.QuickClient"
    return config
