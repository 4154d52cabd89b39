"""What the store does at night: a backup, or by day where the last one is too old; and calls that have been kept long enough go."""

from __future__ import annotations

import asyncio
import time
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import structlog
from anyio import to_thread

from crm_lab.services.calls import forget_old
from crm_lab.services.privacy.retention import run_nightly
from crm_lab.settings import Settings, utc_now
from crm_lab.store.backup import backup, backups, made_at
from crm_lab.store.records import Work

if TYPE_CHECKING:
    from pathlib import Path

    from crm_lab.store.engine import Database

log = structlog.get_logger()
LOOK_EVERY = 600.0
TRY_AGAIN = 3600.0
OSLO = ZoneInfo("Europe/Oslo")
NIGHT = range(1, 5)
"""Hours of the clock in Norway."""
RESTED, TOO_OLD = timedelta(hours=18), timedelta(hours=26)


class Nightly:
    """Backs a company up until cancelled; `state` is what the store says of it in /health."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.is_failing = False

    @property
    def folder(self) -> Path | None:
        """Where the backups are; nowhere for a database that is no file."""
        return self.database.path.absolute().parent / "backup" if self.database.path else None

    def newest(self) -> datetime | None:
        """When the newest backup was made."""
        made = backups(self.folder) if self.folder else []
        return made_at(made[-1]) if made else None

    def state(self) -> dict[str, Any]:
        """When the newest backup was made, and whether the last attempt failed."""
        newest = self.newest()
        return {"at": newest.isoformat() if newest else None, "ok": not self.is_failing}

    async def keep(self) -> None:
        """Look every ten minutes; what goes wrong is logged, and tried again an hour later."""
        while self.folder is not None and Settings().backup_nightly:
            await asyncio.sleep(TRY_AGAIN if self.is_failing else LOOK_EVERY)
            try:
                await to_thread.run_sync(self.back_up_if_due)
            except Exception:
                self.is_failing = True
                log.exception("nightly backup failed")

    def back_up_if_due(self) -> bool:
        """One look; whether a backup was made."""
        folder = self.folder
        if folder is None or not is_due(folder, utc_now()):
            return False
        begun = time.monotonic()
        made = backup(self.database, folder, keep=max(Settings().backup_keep, 1))
        self.is_failing = False
        self.forget()
        log.info("backup made", name=made.name, seconds=round(time.monotonic() - begun, 1), kept=len(backups(folder)))
        return True

    def forget(self) -> None:
        """Take what is due by the rules of retention that are switched on; the backup of the night still has it."""
        gone = {kind: n for kind, n in run_nightly(self.database, utc_now()).items() if n}
        if gone:
            log.info("retention", **gone)


async def keep_calls(database: Database) -> None:
    """Remove, every night, the calls that have been kept as long as the company says; what goes wrong is logged, and tried again an hour later."""
    while True:
        await asyncio.sleep(TRY_AGAIN)
        if utc_now().astimezone(OSLO).hour not in NIGHT:
            continue
        try:
            await to_thread.run_sync(remove_old_calls, database)
        except Exception:
            log.exception("old calls could not be removed")


def remove_old_calls(database: Database) -> int:
    """How many calls were removed for good."""
    with database.writing() as connection:
        n = forget_old(Work(connection, None, utc_now(), action="calls.forget"))
    if n:
        log.info("old calls removed", n=n)
    return n


def is_due(folder: Path, now: datetime) -> bool:
    """Once a night; by day only where there is none of the last 26 hours, for a store that is stopped at night."""
    made = backups(folder)
    age = now - made_at(made[-1]) if made else TOO_OLD
    return age >= TOO_OLD or (age >= RESTED and now.astimezone(OSLO).hour in NIGHT)
