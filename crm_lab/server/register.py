"""The store's care for its copy of Enhetsregisteret: brought up to date daily, and compared with our customers when new."""

from __future__ import annotations

import asyncio
import sys
import time
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

import structlog
from anyio import to_thread

from crm_lab.errors import CrmError
from crm_lab.services.notices import compare_with_register
from crm_lab.settings import Settings, utc_now
from crm_lab.store.register import register_at, register_path

if TYPE_CHECKING:
    from pathlib import Path

    from crm_lab.store.engine import Database
    from crm_lab.store.register import RegisterFile

log = structlog.get_logger()
FRESH = timedelta(hours=24)
TRY_AGAIN = 3600.0


async def keep_register(database: Database) -> None:
    """Look after the copy until cancelled; what goes wrong is logged, and tried again an hour later."""
    path = register_path(database.engine.url)
    copy, seen, rests_until = register_at(path), "", 0.0
    pause = Settings().register_look_every
    while True:
        await asyncio.sleep(pause)
        try:
            read_at = await to_thread.run_sync(_read_at, copy)
            if read_at and read_at != seen:
                await to_thread.run_sync(partial(compare_with_register, database, copy, now=utc_now(), is_gentle=True))
                seen = read_at
            if read_at and time.monotonic() >= rests_until and _is_due(read_at):
                rests_until = time.monotonic() + TRY_AGAIN
                await _update(path)
        except CrmError as error:
            log.warning("the register could not be compared", reason=error.message)
        except Exception:
            log.exception("the register could not be compared")


def _read_at(copy: RegisterFile) -> str:
    """When the copy was brought up to date; nothing where there is none."""
    return copy.facts().get("read_at", "")


def _is_due(read_at: str) -> bool:
    settings = Settings()
    return settings.register_daily and bool(settings.register_url) and utc_now() - datetime.fromisoformat(read_at) > FRESH


async def _update(path: Path) -> None:
    """Apply the update feed in a process of its own, which the store need not wait for, nor share its memory with."""
    command = (sys.executable, "-m", "crm_lab", "register", "update", "--data", str(path.parent))
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE)
    try:
        _out, said = await process.communicate()
    except asyncio.CancelledError:
        process.kill()
        raise
    if process.returncode:
        log.warning("the register could not be brought up to date", reason=said.decode(errors="replace")[-300:].strip())
    else:
        log.info("the register is up to date")
