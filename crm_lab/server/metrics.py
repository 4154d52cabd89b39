"""Figures for Prometheus: what the store and the web server did, and what waits in them. None of them names a person."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from anyio import to_thread
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

from crm_lab.services.catalogue import SERVICES
from crm_lab.services.sessions import IDLE
from crm_lab.settings import utc_now
from crm_lab.store.load import load_of

if TYPE_CHECKING:
    from datetime import datetime

    from crm_lab.store.engine import Database

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
SECONDS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1.0, 2.5, 10.0)
OTHER = "other"
"""The label of what somebody made up: names from outside would fill the memory."""


def label_of(service: str, action: str) -> str:
    """An action as a label; one that does not exist is `other`."""
    method = getattr(SERVICES.get(service), action, None)
    known = hasattr(method, "action") or (service, action) == ("sessions", "open")
    return f"{service}.{action}" if known else OTHER


class StoreMetrics:
    """What the store counts as it goes, and what it looks up when it is asked."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.registry = CollectorRegistry()
        self._actions = Counter("crm_actions", "Actions that were asked for.", ("action", "outcome"), registry=self.registry)
        self._seconds = Histogram("crm_action_seconds", "From an action's arrival to its answer.", ("action",), buckets=SECONDS, registry=self.registry)
        self._queue = Gauge("crm_queue_length", "What waits to be done.", ("queue",), registry=self.registry)
        self._sessions = Gauge("crm_sessions", "Sessions that are signed in.", registry=self.registry)
        self._age = Gauge("crm_backup_age_seconds", "Since the newest backup; NaN where there is none.", registry=self.registry)
        self._failing = Gauge("crm_backup_failing", "1 where the last attempt at a backup failed.", registry=self.registry)
        self._wal = Gauge("crm_wal_bytes", "What a restart would have to read again.", registry=self.registry)
        ProcessCollector(namespace="crm_store", registry=self.registry)

    def note(self, action: str, outcome: str, seconds: float) -> None:
        """An action was answered."""
        self._actions.labels(action, outcome).inc()
        self._seconds.labels(action).observe(seconds)

    async def text(self, backup_at: datetime | None, *, is_failing: bool) -> bytes:
        """All figures of this moment."""
        self._queue.labels("threads").set(to_thread.current_default_thread_limiter().statistics().tasks_waiting)
        now = utc_now()
        load = await to_thread.run_sync(load_of, self._database, now, IDLE)
        self._sessions.set(load.n_sessions)
        for queue, length in load.queues.items():
            self._queue.labels(queue).set(length)
        self._age.set((now - backup_at).total_seconds() if backup_at else math.nan)
        self._failing.set(int(is_failing))
        self._wal.set(self._database.wal_bytes)
        return generate_latest(self.registry)


class WebMetrics:
    """What the web server counts."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter("crm_web_requests", "Requests that were answered.", ("handler", "status"), registry=self.registry)
        self._seconds = Histogram("crm_web_request_seconds", "From a request's arrival to its answer.", ("handler",), buckets=SECONDS, registry=self.registry)
        self._kernels = Gauge("crm_kernels", "Kernels of open pages.", registry=self.registry)
        self._sockets = Gauge("crm_sockets", "Lines of open pages to their kernels.", registry=self.registry)
        self._sessions = Gauge("crm_web_sessions", "Sessions with an open page.", registry=self.registry)
        self._store = Gauge("crm_store_up", "1 where the store answers.", registry=self.registry)
        ProcessCollector(namespace="crm_web", registry=self.registry)

    def note(self, handler: str, status: int, seconds: float) -> None:
        """A request was answered."""
        self._requests.labels(handler, status).inc()
        self._seconds.labels(handler).observe(seconds)

    def text(self, *, n_kernels: int, n_sockets: int, n_sessions: int, is_store_up: bool) -> bytes:
        """All figures of this moment."""
        self._kernels.set(n_kernels)
        self._sockets.set(n_sockets)
        self._sessions.set(n_sessions)
        self._store.set(int(is_store_up))
        return generate_latest(self.registry)
