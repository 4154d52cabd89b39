"""The store's post office: every account that is on is read by a process of its own, and what employees write is sent.

What was read is committed batch by batch; the numbers of the copies are all it needs to go on from, so that an end at any
moment loses nothing and doubles nothing.
"""

from __future__ import annotations

import asyncio
import sys
import time
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

import msgspec
import structlog
from anyio import to_thread
from sqlalchemy import and_, delete, insert, or_, select, update

from crm_lab.domain.ids import new_id
from crm_lab.domain.mail_accounts import MailAccount, wait_after
from crm_lab.errors import CrmError
from crm_lab.i18n import _, set_locale
from crm_lab.server import chores
from crm_lab.server.mailbox import Arrived, Begun, Failed, Job, Known, News, Waiting
from crm_lab.services.messages.intake import Place, drop_unneeded, forget_gone, keep_days, lose_copies, take_in
from crm_lab.services.messages.sending import send_due, stop_half_sent
from crm_lab.settings import Settings
from crm_lab.store import tables
from crm_lab.store.bulk import among
from crm_lab.store.engine import Database
from crm_lab.store.records import Work, as_record
from crm_lab.store.secrets import SecretLost, decrypt

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

T = TypeVar("T")
log = structlog.get_logger()
LOOK_EVERY, FORGET_EVERY = 1.0, 3600.0
LARGEST_NEWS = 1 << 30


class Mail:
    """Keeps all accounts up to date until cancelled."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._readers: dict[tuple[UUID, int], asyncio.Task[None]] = {}

    async def keep(self) -> None:
        """Look every second which accounts are on, and what is to be sent."""
        await self._quietly(stop_half_sent)
        forgotten = 0.0
        try:
            while True:
                await self._follow_accounts()
                await self._quietly(send_due, plain=True)
                if time.monotonic() - forgotten > FORGET_EVERY:
                    forgotten = time.monotonic()
                    await self._quietly(_forget)
                await asyncio.sleep(LOOK_EVERY)
        finally:
            for task in self._readers.values():
                task.cancel()
            await asyncio.gather(*self._readers.values(), return_exceptions=True)

    async def _follow_accounts(self) -> None:
        """A reader for each account as it is now; one whose account was changed or switched off ends."""
        found = await self._quietly(_due, writes=False)
        if found is None:
            return
        on, due = found
        for key, task in list(self._readers.items()):
            if key not in on:
                task.cancel()
            if task.done():
                del self._readers[key]
        for key, account in due.items():
            if key not in self._readers:
                self._readers[key] = asyncio.create_task(self._read(account))

    async def _quietly(self, do: Callable[..., T], *, writes: bool = True, plain: bool = False) -> Any:
        """Run something in a thread; what goes wrong is logged, and tried again the next time."""
        try:
            return await to_thread.run_sync(partial(do, self.database) if plain else partial(self._run, do, writes=writes))
        except Exception:
            log.exception("mail could not be looked after")
            return None

    def _run(self, do: Callable[..., T], *arguments: Any, writes: bool = True) -> T:
        set_locale("nb")
        return chores.work(self.database, lambda work: do(work, *arguments), action="mail.sync", writes=writes)

    async def _read(self, account: MailAccount) -> None:
        """Read one account until it fails; why is written down, and when it is to be tried again."""
        reason, may_retry = "", True
        try:
            job = await to_thread.run_sync(partial(self._run, _job, account, writes=False))
            reason, may_retry = await self._listen(account, job)
        except asyncio.CancelledError:
            raise
        except CrmError as error:
            reason, may_retry = error.message, not isinstance(error, SecretLost)
        except Exception as error:
            log.exception("a mailbox could not be read", account=str(account.id))
            reason = type(error).__name__
        if reason:
            await self._quietly(partial(_note_failure, key=account.id, reason=reason, may_retry=may_retry))

    async def _listen(self, account: MailAccount, job: Job) -> tuple[str, bool]:
        """Take in what the reader tells until it ends; why it did."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "crm_lab.server.mailbox", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        assert process.stdin is not None  # noqa: S101 - both are pipes
        assert process.stdout is not None  # noqa: S101
        try:
            process.stdin.write(msgspec.json.encode(job) + b"\n")
            await process.stdin.drain()
            while True:
                try:
                    size = int.from_bytes(await process.stdout.readexactly(8), "big")
                    data = await process.stdout.readexactly(min(size, LARGEST_NEWS))
                except asyncio.IncompleteReadError:
                    return ("", True) if job.rounds else (_("Reading the mailbox was broken off."), True)
                news: News = msgspec.msgpack.decode(data, type=News)
                if isinstance(news, Failed):
                    return news.reason, news.may_retry
                await to_thread.run_sync(partial(self._run, take_news, account, news))
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()


def take_news(work: Work, account: MailAccount, news: News) -> int:
    """Write down what a reader tells; how much changed. An account that was switched off or changed meanwhile takes nothing more."""
    a, f, c = tables.mail_account, tables.mail_folder, tables.message_copy
    if not work.scalar(select(a.c.id).where(and_(a.c.id == account.id, a.c.is_on, a.c.version == account.version))):
        return 0
    if isinstance(news, Waiting):
        return _note_success(work, account.id)
    assert not isinstance(news, Failed)  # noqa: S101 - that is the caller's
    folder = work.one(select(f).where(and_(f.c.account_id == account.id, f.c.name == news.folder)))
    if isinstance(news, Begun):
        return _begin(work, account.id, news, folder)
    assert folder is not None  # noqa: S101 - it has begun
    if isinstance(news, Arrived):
        place = Place(employee_id=account.employee_id, account_id=account.id, folder_id=folder["id"])
        take_in(work, place, news.mails)
        return len(news.mails)
    work.connection.execute(update(f).where(f.c.id == folder["id"]).values(uid_next=news.uid_next))
    lost = or_(c.c.uid.is_(None), among(c.c.uid, news.gone)) if news.gone else c.c.uid.is_(None)
    copies = list(work.connection.execute(select(c.c.id).where(and_(c.c.folder_id == folder["id"], lost, c.c.gone_at.is_(None)))).scalars())
    drop_unneeded(work, lose_copies(work, copies, keep_days=keep_days(work)))
    return len(copies)


def _begin(work: Work, account_id: UUID, news: Begun, folder: dict[str, Any] | None) -> int:
    """A folder anew: what was there by its old numbers stays until all is compared."""
    f, c = tables.mail_folder, tables.message_copy
    if folder is None:
        work.connection.execute(insert(f), [{"id": new_id(), "account_id": account_id, "name": news.folder, "uid_validity": news.uid_validity, "uid_next": 1}])
    else:
        work.connection.execute(update(f).where(f.c.id == folder["id"]).values(uid_validity=news.uid_validity, uid_next=1))
        work.connection.execute(update(c).where(c.c.folder_id == folder["id"]).values(uid=None))
    return 0


def _due(work: Work) -> tuple[set[tuple[UUID, int]], dict[tuple[UUID, int], MailAccount]]:
    """The accounts that are on, as they are now; and those of them that are to be read, with a password."""
    a, e, s, k = tables.mail_account, tables.employee, tables.mail_state, tables.mail_secret
    query = (
        select(a, s.c.tries, s.c.failed_at, k.c.secret).join(e, e.c.id == a.c.employee_id).outerjoin(s, s.c.account_id == a.c.id)
        .outerjoin(k, k.c.account_id == a.c.id).where(a.c.is_on, e.c.is_active)
    )  # fmt: skip
    rows = {(row["id"], row["version"]): row for row in work.rows(query)}
    return set(rows), {key: as_record(MailAccount, row) for key, row in rows.items() if row["secret"] and _is_time(row, work.now)}


def _is_time(row: dict[str, Any], now: datetime) -> bool:
    return not row["tries"] or row["failed_at"] is None or now >= row["failed_at"] + wait_after(row["tries"])


def _job(work: Work, account: MailAccount) -> Job:
    """What a reader is told. Raises `SecretLost`."""
    k, f, c = tables.mail_secret, tables.mail_folder, tables.message_copy
    secret = decrypt(work.connection, work.scalar(select(k.c.secret).where(k.c.account_id == account.id)) or "")
    folders = {}
    for row in work.rows(select(f).where(f.c.account_id == account.id)):
        uids = work.connection.execute(select(c.c.uid).where(and_(c.c.folder_id == row["id"], c.c.uid.is_not(None), c.c.gone_at.is_(None)))).scalars()
        folders[row["name"]] = Known(row["uid_validity"], [int(uid) for uid in uids if uid is not None])
    return Job(account=account, secret=secret, folders=folders, largest=Settings().largest_mail)


def _note_success(work: Work, account_id: UUID) -> int:
    s = tables.mail_state
    had = work.one(select(s).where(s.c.account_id == account_id))
    work.connection.execute(delete(s).where(s.c.account_id == account_id))
    work.connection.execute(insert(s), [{"account_id": account_id, "error": "", "tries": 0, "failed_at": None, "synced_at": work.now}])
    return 0 if had and not had["error"] else 1


def _note_failure(work: Work, *, key: UUID, reason: str, may_retry: bool) -> None:
    """Why, and when again: what only the employee can mend is tried once an hour."""
    s = tables.mail_state
    had = work.one(select(s).where(s.c.account_id == key)) or {"tries": 0, "synced_at": None}
    work.connection.execute(delete(s).where(s.c.account_id == key))
    tries = had["tries"] + 1 if may_retry else 99
    work.connection.execute(insert(s), [{"account_id": key, "error": reason, "tries": tries, "failed_at": work.now, "synced_at": had["synced_at"]}])


def _forget(work: Work) -> None:
    """What was deleted longer ago than the company keeps it."""
    drop_unneeded(work, forget_gone(work, keep_days(work)))
