"""The store's postman: takes messages to other systems that are due, signs and sends them, and notes what became of them."""

from __future__ import annotations

import asyncio
import ipaddress
from typing import TYPE_CHECKING

import httpx
import structlog
from anyio import to_thread

from crm_lab.exchange.signed import SIGNATURE, TIMESTAMP, sign
from crm_lab.services.webhooks import settle, take_due
from crm_lab.settings import utc_now
from crm_lab.store.engine import RetryableConflict

if TYPE_CHECKING:
    from crm_lab.store.engine import Database
    from crm_lab.store.records import Row

log = structlog.get_logger()
LOOK_EVERY = 2.0
TIMEOUT = 10.0
AT_ONCE = 8
SENT = range(200, 300)


async def post_messages(database: Database, look_every: float = LOOK_EVERY) -> None:
    """Send what is due until cancelled; a receiver that is slow keeps no other one waiting for long."""
    async with httpx.AsyncClient(timeout=TIMEOUT, follow_redirects=False, trust_env=False) as client:
        turns = asyncio.Semaphore(AT_ONCE)
        while True:
            try:
                taken = await to_thread.run_sync(take_due, database, utc_now())
                await asyncio.gather(*(_post(database, client, turns, hook, message) for hook, message in taken))
            except RetryableConflict:
                continue
            except Exception:
                log.exception("messages to other systems could not be sent")
                taken = []
            if not taken:
                await asyncio.sleep(look_every)


async def _post(database: Database, client: httpx.AsyncClient, turns: asyncio.Semaphore, hook: Row, message: Row) -> None:
    async with turns:
        status, error = await _send(client, hook, message)
    await to_thread.run_sync(lambda: settle(database, message, utc_now(), status=status, error=error))
    log.info("message to another system", outcome="failed" if error else "ok", status=status, code=str(message["id"]))


async def _send(client: httpx.AsyncClient, hook: Row, message: Row) -> tuple[int, str]:
    """The receiver's status, 0 where it did not answer; and why the message did not arrive."""
    timestamp = str(int(utc_now().timestamp()))
    headers = {"Content-Type": "application/json", TIMESTAMP: timestamp, SIGNATURE: sign(hook["secret"], timestamp, message["body"]), "X-Crm-Message": str(message["id"])}
    try:
        if await _is_metadata(httpx.URL(hook["url"]).host):
            return 0, "this address is not sent to"
        async with client.stream("POST", hook["url"], headers=headers, content=message["body"].encode()) as response:
            return response.status_code, "" if response.status_code in SENT else f"HTTP {response.status_code}"
    except (httpx.HTTPError, httpx.InvalidURL, OSError, UnicodeError) as error:
        return 0, f"{type(error).__name__}: {error}"


async def _is_metadata(host: str) -> bool:
    """Whether a host is on the link itself, where clouds keep the secrets of their machines (169.254.169.254)."""
    found = await asyncio.get_running_loop().getaddrinfo(host, None)
    return any(ipaddress.ip_address(str(address[0]).partition("%")[0]).is_link_local for *_rest, address in found)
