"""What the store does about sales at night, where the company has switched it on: orders that repeat, and reminders."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog
from anyio import to_thread

from crm_lab.connection import Connection, Local
from crm_lab.i18n import business_day
from crm_lab.sending import work_at_night
from crm_lab.server.nightly import LOOK_EVERY, NIGHT, OSLO
from crm_lab.services.orders.settings import settings_of
from crm_lab.settings import utc_now
from crm_lab.store.records import Work

if TYPE_CHECKING:
    from datetime import date

    from crm_lab.services.actions import Dispatcher

log = structlog.get_logger()


class SalesAtNight:
    """Once a night, as the employee who switched it on; a night that is missed is made good the next."""

    def __init__(self, dispatcher: Dispatcher) -> None:
        self.dispatcher = dispatcher
        self._done: date | None = None

    async def keep(self) -> None:
        """Look every ten minutes; what goes wrong is logged, and tried again the next time."""
        while True:
            await asyncio.sleep(LOOK_EVERY)
            now = utc_now()
            if now.astimezone(OSLO).hour in NIGHT and self._done != business_day(now):
                try:
                    await to_thread.run_sync(self.work)
                except Exception:
                    log.exception("sales at night failed")

    def work(self) -> tuple[int, int]:
        """Do it now; how many orders and reminders were made."""
        now = utc_now()
        with self.dispatcher.database.reading() as connection:
            settings = settings_of(Work(connection, None, now))
        made = (0, 0)
        if settings.nightly_as:
            made = self._as(settings.nightly_as, business_day(now))
        self._done = business_day(now)
        return made

    def _as(self, username: str, day: date) -> tuple[int, int]:
        transport = Local(self.dispatcher.database, user=username)
        transport.dispatcher = self.dispatcher
        made = work_at_night(Connection(transport), day)
        log.info("sales at night", orders=made[0], reminders=made[1])
        return made
