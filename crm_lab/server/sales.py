"""What the store does about sales at night, where the company has switched it on: orders that repeat, and reminders."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import structlog
from anyio import to_thread
from sqlalchemy import select

from crm_lab.connection import Connection, Local
from crm_lab.domain.access import Role
from crm_lab.domain.ids import new_id
from crm_lab.errors import CrmError
from crm_lab.i18n import business_day
from crm_lab.sending import work_at_night
from crm_lab.server.nightly import LOOK_EVERY, NIGHT, OSLO
from crm_lab.services.orders.settings import settings_of
from crm_lab.services.sessions import as_actor
from crm_lab.settings import utc_now
from crm_lab.store import tables
from crm_lab.store.records import Work

if TYPE_CHECKING:
    from datetime import date, datetime
    from uuid import UUID

    from crm_lab.domain.access import Actor
    from crm_lab.services.actions import Dispatcher

log = structlog.get_logger()


class SalesAtNight:
    """Once a night, for the customers that all may see and then for each employee's own; a night that is missed is made good the next."""

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
        """Do it now; how many orders and reminders were made. What fails for one employee's customers is logged and keeps nobody else's waiting."""
        now = utc_now()
        made = [self._as(actor, business_day(now)) for actor in self._actors(now)]
        self._done = business_day(now)
        return sum(orders for orders, _reminders in made), sum(reminders for _orders, reminders in made)

    def _actors(self, now: datetime) -> list[Actor]:
        """On whose behalf: who switched it on, else another administrator, and then every owner of customers that nobody else may see.

        Owners act as accountants too, for sending reminders is what the company has chosen, not they; what is made stays hidden with its customer.
        """
        c = tables.customer
        with self.dispatcher.database.reading() as connection:
            work = Work(connection, None, now)
            settings = settings_of(work)
            if not settings.nightly_as:
                return []
            active = [as_actor(row) for row in work.kept(tables.employee) if row["is_active"]]
            owners: set[UUID] = {row["owner_id"] for row in work.rows(select(c.c.owner_id).where(c.c.owner_only).distinct())}
        first = sorted((one for one in active if one.username == settings.nightly_as or one.has(Role.ADMIN)), key=lambda one: one.username != settings.nightly_as)[:1]
        rest = [one for one in active if one.id in owners and one not in first]
        return [replace(one, roles=tuple({*one.roles, Role.ACCOUNTANT})) for one in (*first, *rest)]

    def _as(self, actor: Actor, day: date) -> tuple[int, int]:
        try:
            made = work_at_night(Connection(_Acting(self.dispatcher, actor)), day)
        except CrmError:
            log.exception("sales at night failed", employee=actor.username)
            return 0, 0
        log.info("sales at night", employee=actor.username, orders=made[0], reminders=made[1])
        return made


class _Acting(Local):
    """The services in this process, on behalf of an employee who need not be signed in."""

    def __init__(self, dispatcher: Dispatcher, actor: Actor) -> None:
        super().__init__(dispatcher.database)
        self.dispatcher, self._actor = dispatcher, actor

    def call(self, service: str, action: str, arguments: dict[str, Any] | None = None, *, token: str | None = None, request_id: UUID | None = None) -> Any:  # noqa: ARG002 - as `Local`
        """Run one action."""
        return self.dispatcher.run(service, action, arguments or {}, actor=self._actor, request_id=request_id or new_id())
