"""The store's reading of documents, so that a search finds what is in them: a few at a time, when something has been written."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

import structlog
from anyio import to_thread

from crm_lab.errors import CrmError
from crm_lab.services.document_words import AT_A_TIME, read_waiting
from crm_lab.settings import utc_now

if TYPE_CHECKING:
    from crm_lab.store.engine import Database

log = structlog.get_logger()
LOOK_EVERY, TRY_AGAIN = 3.0, 300.0


async def keep_texts(database: Database) -> None:
    """Read until cancelled; what goes wrong is logged, and tried again in five minutes."""
    seen = -1
    while True:
        await asyncio.sleep(LOOK_EVERY)
        at = database.changes.last
        if at == seen:
            continue
        try:
            n = await to_thread.run_sync(partial(read_waiting, database, now=utc_now()))
        except CrmError as error:
            log.warning("documents could not be read", reason=error.message)
            await asyncio.sleep(TRY_AGAIN)
        except Exception:
            log.exception("documents could not be read")
            await asyncio.sleep(TRY_AGAIN)
        else:
            seen = seen if n == AT_A_TIME else at
