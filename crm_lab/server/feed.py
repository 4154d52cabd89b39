"""The address at which other programs read somebody's calendar: no login, a secret in the address itself."""

from __future__ import annotations

import asyncio
import time
from collections import deque

from tornado import web
from tornado.web import HTTPError

from crm_lab.errors import NotFound, Unavailable
from crm_lab.server.handlers import ErrorPage

PERIOD = 300.0
"""Seconds over which readings are counted."""
MOST_READINGS, MOST_MISSES = 30, 30
"""A calendar that is read more often than this by one program is read by mistake; so many wrong addresses nobody types."""
MOST_KEPT = 10_000
FEED = r"([A-Za-z0-9_-]{43})\.ics"


class Readings:
    """How often each address was read lately, and from where wrong ones were asked for."""

    def __init__(self) -> None:
        self._times: dict[str, deque[float]] = {}

    def count(self, key: str) -> int:
        """How often `key` was noted lately."""
        times = self._times.get(key, deque())
        while times and times[0] < time.monotonic() - PERIOD:
            times.popleft()
        return len(times)

    def note(self, key: str) -> None:
        """Once more."""
        if len(self._times) >= MOST_KEPT:
            self._times = {k: v for k, v in self._times.items() if self.count(k)}
        if len(self._times) < MOST_KEPT:
            self._times.setdefault(key, deque()).append(time.monotonic())


class CalendarFeedHandler(ErrorPage, web.RequestHandler):
    """A calendar for programs that subscribe to it; tornado answers 304 where nothing is new."""

    def initialize(self, readings: Readings) -> None:
        """Note where readings are counted."""
        self.readings = readings

    async def get(self, token: str) -> None:
        """The calendar; 404 where there is none at this address, 429 where it is read too often."""
        miss, reading = f"miss {self.request.remote_ip}", f"read {token}"
        if self.readings.count(reading) >= MOST_READINGS or self.readings.count(miss) >= MOST_MISSES:
            self.set_status(429)
            self.set_header("Retry-After", str(int(PERIOD)))
            self.finish()
            return
        try:
            text = await asyncio.to_thread(self.settings["callers"].store.call, "calendar", "feed", {"token": token}, token="")
        except NotFound:
            self.readings.note(miss)
            raise HTTPError(404) from None
        except Unavailable:
            raise HTTPError(503) from None
        self.readings.note(reading)
        self.set_header("Content-Type", "text/calendar; charset=utf-8")
        self.set_header("Cache-Control", "private, no-cache")
        self.set_header("X-Robots-Tag", "noindex")
        self.finish(text)

    async def head(self, token: str) -> None:
        """The same without the calendar."""
        await self.get(token)

    def _log(self) -> None:
        """The address is a secret: no log holds it."""
