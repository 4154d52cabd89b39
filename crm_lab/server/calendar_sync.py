"""The store's calendar post: every account that is on is compared with the calendar here, both ways, every half minute.

What was agreed on is committed object by object. Ended at any moment, the next round finds what is the same on both sides and goes on:
new objects have names of their own, and nothing is written over a version that is not known.
"""

from __future__ import annotations

import asyncio
import time
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

import structlog
from anyio import CapacityLimiter, to_thread
from sqlalchemy import and_, delete, insert, select

from crm_lab.domain.calendar_accounts import CalendarAccount
from crm_lab.domain.mail_accounts import wait_after
from crm_lab.errors import CrmError, InvalidInput
from crm_lab.exchange.calendar import CalendarServer, ChangedThere, NotTaken
from crm_lab.i18n import set_locale
from crm_lab.server import chores
from crm_lab.services.calendar_sync import Push, compare, known_versions, note_pushed, note_refused, take_in
from crm_lab.services.sessions import as_actor
from crm_lab.store import tables
from crm_lab.store.engine import Database
from crm_lab.store.records import Work, as_record
from crm_lab.store.secrets import SecretLost, decrypt

if TYPE_CHECKING:
    from collections.abc import Callable

    from crm_lab.domain.access import Actor

T = TypeVar("T")
log = structlog.get_logger()
LOOK_EVERY, ROUND_EVERY = 1.0, 30.0
AT_A_TIME, HOPELESS = 4, 99


class Calendars:
    """Keeps all accounts alike until cancelled."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._rounds: dict[tuple[UUID, int], asyncio.Task[None]] = {}
        self._next: dict[tuple[UUID, int], float] = {}
        self._threads = CapacityLimiter(AT_A_TIME)

    async def keep(self) -> None:
        """Look every second which accounts are due."""
        try:
            while True:
                await self._start_due()
                await asyncio.sleep(LOOK_EVERY)
        finally:
            for task in self._rounds.values():
                task.cancel()
            await asyncio.gather(*self._rounds.values(), return_exceptions=True)

    async def _start_due(self) -> None:
        try:
            due = await to_thread.run_sync(partial(self._run, None, _due, writes=False))
        except Exception:
            log.exception("calendars could not be looked after")
            return
        self._rounds = {key: task for key, task in self._rounds.items() if not task.done()}
        self._next = {key: at for key, at in self._next.items() if key in due}
        for key, account in due.items():
            if key not in self._rounds and time.monotonic() >= self._next.get(key, 0.0):
                self._next[key] = time.monotonic() + ROUND_EVERY
                self._rounds[key] = asyncio.create_task(to_thread.run_sync(self.round, account, limiter=self._threads))

    def round(self, account: CalendarAccount) -> None:
        """Compare one account once; why that failed is written down, and when it is to be tried again."""
        reason, may_retry, token = "", True, ""
        try:
            token = self._compare(account)
        except CrmError as error:
            reason, may_retry = error.message, not isinstance(error, SecretLost | InvalidInput)
        except Exception as error:
            log.exception("a calendar could not be compared", account=str(account.id))
            reason = type(error).__name__
        try:
            self._run(None, _note_round, account, token, reason, may_retry)
        except Exception:
            log.exception("calendars could not be looked after")

    def _compare(self, account: CalendarAccount) -> str:
        """What the other calendar tells of its version, once all of it is taken in and all of ours is sent."""
        actor, secret, known, token = self._run(None, _job, account, writes=False)
        with CalendarServer(account.url, account.user_name, secret) as server:
            now = server.token()
            etags = server.etags() if not now or now != token else None
            news = sorted(href for href, etag in etags.items() if known.get(href) != etag) if etags is not None else []
            for part in server.fetch(news):
                self._run(actor, _while_on, account, take_in, part)
            pushes = self._run(actor, _while_on, account, compare, etags.keys() if etags is not None else None) or []
            for push in pushes:
                self._push(server, actor, account, push)
        return "" if pushes else now  # what it tells may be a digest: the same again once all that was sent is gone

    def _push(self, server: CalendarServer, actor: Actor, account: CalendarAccount, push: Push) -> None:
        """Write one object there; one that was changed meanwhile is met again the next time."""
        href = push.href if push.href.startswith("/") else server.address_of(push.href)
        try:
            found = server.put(href, push.body, push.etag) if push.body else None
            if found is None:
                server.take_away(href, push.etag)
        except ChangedThere:
            return
        except NotTaken as error:
            self._run(actor, _while_on, account, note_refused, push, href, error.message)
            return
        self._run(actor, _while_on, account, note_pushed, push, href, found)

    def _run(self, actor: Actor | None, do: Callable[..., T], *arguments: Any, writes: bool = True) -> T:
        set_locale("nb")
        return chores.work(self.database, lambda work: do(work, *arguments), action="calendar.sync", actor=actor, writes=writes)


def _while_on(work: Work, account: CalendarAccount, do: Callable[..., T], *arguments: Any) -> T | None:
    """Do it, unless the account was switched off or changed meanwhile."""
    a = tables.calendar_account
    if work.scalar(select(a.c.id).where(and_(a.c.id == account.id, a.c.is_on, a.c.version == account.version))):
        return do(work, account, *arguments)
    return None


def _due(work: Work) -> dict[tuple[UUID, int], CalendarAccount]:
    a, e, s, k = tables.calendar_account, tables.employee, tables.calendar_state, tables.calendar_secret
    query = (
        select(a, s.c.tries, s.c.failed_at).join(e, e.c.id == a.c.employee_id).join(k, k.c.account_id == a.c.id).outerjoin(s, s.c.account_id == a.c.id)
        .where(a.c.is_on, e.c.is_active)
    )  # fmt: skip
    return {
        (row["id"], row["version"]): as_record(CalendarAccount, row) for row in work.rows(query)
        if not row["tries"] or row["failed_at"] is None or work.now >= row["failed_at"] + wait_after(row["tries"])
    }  # fmt: skip


def _job(work: Work, account: CalendarAccount) -> tuple[Actor, str, dict[str, str], str]:
    """On whose behalf, with what password, what is known of the other calendar, and its version then. Raises `SecretLost`."""
    e, k, s = tables.employee, tables.calendar_secret, tables.calendar_state
    row = work.rows_of(e, "id", [account.employee_id])[0]
    secret = decrypt(work.connection, work.scalar(select(k.c.secret).where(k.c.account_id == account.id)) or "")
    return as_actor(row), secret, known_versions(work, account), work.scalar(select(s.c.token).where(s.c.account_id == account.id)) or ""


def _note_round(work: Work, account: CalendarAccount, token: str, reason: str, may_retry: bool) -> None:  # noqa: FBT001 - one caller
    """How it went; what only the employee can mend is tried once an hour."""
    s = tables.calendar_state
    had = work.one(select(s).where(s.c.account_id == account.id)) or {"tries": 0, "synced_at": None, "error": None, "token": ""}
    if not reason and had["error"] == "" and had["token"] == token:
        return
    if not work.rows_of(tables.calendar_account, "id", [account.id]):
        return
    work.connection.execute(delete(s).where(s.c.account_id == account.id))
    tries = (had["tries"] + 1 if may_retry else HOPELESS) if reason else 0
    facts = {"error": reason, "tries": tries, "failed_at": work.now if reason else None, "synced_at": had["synced_at"] if reason else work.now}
    work.connection.execute(insert(s), [facts | {"account_id": account.id, "token": had["token"] if reason else token}])
