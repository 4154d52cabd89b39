"""The store's ear at the telephone exchange: Asterisk's events become calls while people talk."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

import structlog
from anyio import to_thread

from crm_lab.errors import CrmError
from crm_lab.exchange.telephony.ami import TIMEOUT, CallEvents, Exchange, ExchangeAway, action, event_of
from crm_lab.services.calls import record
from crm_lab.settings import Settings, utc_now
from crm_lab.store.engine import Database, RetryableConflict
from crm_lab.store.records import Work

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from crm_lab.domain.calls import CallReport
    from crm_lab.exchange.telephony.ami import Event

log = structlog.get_logger()
LONGEST_PAUSE = 60.0
LONGEST_BLOCK = 1 << 18
ASK_AFTER = 30.0
"""Seconds of silence after which the exchange is asked whether it is still there."""
TRIES = 10


async def hear_exchange(database: Database) -> None:
    """Listen until cancelled; where the exchange goes away, again after a pause that grows to a minute."""
    url, pause, events = Settings().ami, 1.0, CallEvents()
    if not url:
        return
    try:
        exchange = Exchange.parse(url)
    except CrmError as error:
        log.warning("no exchange is listened to", reason=error.message)
        return
    while True:
        try:
            reader, writer = await asyncio.wait_for(asyncio.open_connection(exchange.host, exchange.port, limit=LONGEST_BLOCK), TIMEOUT)
            try:
                writer.write(action("Login", Username=exchange.user, Secret=exchange.secret, Events="call"))
                async for event in _events(reader, writer):
                    pause = 1.0
                    if report := events.report(event, utc_now()):
                        await to_thread.run_sync(partial(_take, database, report))
            finally:
                writer.close()
            log.warning("the exchange hung up")
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, CrmError) as error:
            log.warning("the exchange is away", reason=str(error))
        except Exception:
            log.exception("the exchange could not be heard")
        await asyncio.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE)


async def _events(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> AsyncIterator[Event]:
    """What the exchange says, block by block; when it is silent it is asked. Raises `ExchangeAway` where the login is refused."""
    while True:
        try:
            block = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), ASK_AFTER)
        except TimeoutError:
            writer.write(action("Ping"))
            block = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), TIMEOUT)
        event = event_of(block)
        if event.get("Response") == "Error":
            raise ExchangeAway(event.get("Message", ""))
        yield event


def _take(database: Database, report: CallReport) -> None:
    """Write one report."""
    for left in reversed(range(TRIES)):
        try:
            with database.writing() as connection:
                record(Work(connection, None, utc_now(), action="calls.hear"), [report], "asterisk")
        except RetryableConflict:
            if not left:
                raise
        else:
            return
