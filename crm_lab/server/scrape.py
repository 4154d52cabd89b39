"""The address that Prometheus reads, and what is counted of every request."""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
from typing import TYPE_CHECKING

import structlog
from tornado import web

from crm_lab.errors import Unavailable
from crm_lab.server.metrics import CONTENT_TYPE
from crm_lab.settings import Settings

if TYPE_CHECKING:
    from crm_lab.server.metrics import WebMetrics

log = structlog.get_logger()
FORWARDED = ("X-Forwarded-For", "X-Real-Ip", "Forwarded", "X-Scheme", "X-Forwarded-Proto", "Via")


class MetricsHandler(web.RequestHandler):
    """The figures of the store and of this process, for who has CRM_METRICS_TOKEN, or asks on this machine itself."""

    def initialize(self, metrics: WebMetrics) -> None:
        """Note what is counted."""
        self.metrics = metrics

    async def get(self) -> None:
        """The figures; 404 for anybody else, as for every page there is not."""
        if not (self._has_token() or self._is_local()):
            raise web.HTTPError(404)
        try:
            stored = await asyncio.to_thread(self.settings["callers"].store.metrics)
        except Unavailable:
            stored = b""
        kernels, sockets = self.settings["kernel_manager"], self.settings["sockets"]
        figures = self.metrics.text(
            n_kernels=len(kernels.list_kernel_ids()),
            n_sockets=sum(len(open_) for open_ in sockets.values()),
            n_sessions=len(set(kernels.owner.values())),
            is_store_up=bool(stored),
        )
        self.set_header("Content-Type", CONTENT_TYPE)
        self.set_header("Cache-Control", "no-store")
        self.finish(stored + figures)

    def _has_token(self) -> bool:
        token = Settings().metrics_token
        scheme, _space, given = self.request.headers.get("Authorization", "").partition(" ")
        return bool(token) and scheme.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), token.encode())

    def _is_local(self) -> bool:
        """Whether the request comes from this machine, and not through a proxy on it."""
        try:
            is_loopback = ipaddress.ip_address(self.request.remote_ip or "").is_loopback
        except ValueError:
            return False
        return is_loopback and not any(name in self.request.headers for name in FORWARDED)


def note_request(metrics: WebMetrics, is_json: bool, handler: web.RequestHandler) -> None:  # noqa: FBT001 - bound once
    """Count a request that was answered, and log it: by its kind, or for people those that failed by their path."""
    name, status, seconds = type(handler).__name__, handler.get_status(), handler.request.request_time()
    metrics.note(name, status, seconds)
    if is_json:
        log.info("request", handler=name, status=status, ms=round(1000 * seconds, 1))
    elif status >= 500:  # noqa: PLR2004 - HTTP
        log.error("request failed", path=handler.request.path, status=status)
