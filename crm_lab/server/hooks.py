"""Addresses at which other programs tell us something: no login, each message is signed with a secret they share with us."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import msgspec
from tornado import web

from crm_lab.errors import CrmError, Forbidden, Unavailable
from crm_lab.exchange.signed import message_of
from crm_lab.server.handlers import ErrorPage

if TYPE_CHECKING:
    from crm_lab.server.feed import Readings

LARGEST_MESSAGE = 1 << 20
MOST_REFUSED = 30
"""So many messages that are not signed rightly are heard of one address in five minutes."""


class HookHandler(ErrorPage, web.RequestHandler):
    """Messages for one action of the store."""

    def initialize(self, refusals: Readings, service: str, action: str) -> None:
        """Note where refusals are counted, and which action takes the messages."""
        self.refusals, self.service, self.action = refusals, service, action

    def check_xsrf_cookie(self) -> None:
        """None is needed: no browser sends these, and its cookies are not looked at."""

    async def post(self) -> None:
        """Take a message in; 403 where it is not signed, 422 where it says what cannot be, 429 after many of those."""
        sender = self.request.remote_ip or ""
        self.set_header("Content-Type", "application/json")
        if self.refusals.count(sender) >= MOST_REFUSED:
            self.set_status(429)
            self.finish("{}")
            return
        if len(self.request.body) > LARGEST_MESSAGE:
            raise web.HTTPError(413)
        told = message_of(self.request.body, self.request.headers)
        try:
            answer = await asyncio.to_thread(self.settings["callers"].store.call, self.service, self.action, told, token="")
        except CrmError as error:
            if isinstance(error, Forbidden):
                self.refusals.note(sender)
            self.set_status(503 if isinstance(error, Unavailable) else error.status)
            self.finish(msgspec.json.encode(error.to_wire()))
            return
        self.finish(msgspec.json.encode(answer))
