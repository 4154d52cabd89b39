"""Calendar accounts of employees: each their own, off until they switch it on, with a password that is never told again."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import and_, delete, select

from crm_lab.domain.calendar_accounts import CalendarAccount, clean_account, clean_url
from crm_lab.domain.calendar_sync import CalendarConflict, Side
from crm_lab.domain.ids import new_id
from crm_lab.errors import Conflict, InvalidInput
from crm_lab.exchange.calendar import CalendarChoice, CalendarServer
from crm_lab.i18n import _
from crm_lab.services.actions import Service, asks, reads, writes
from crm_lab.services.calendar_sync import conflicts_of, settle
from crm_lab.store import tables
from crm_lab.store.records import NoSuchRecord, as_record, as_row
from crm_lab.store.secrets import keep

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crm_lab.store.records import Row

LONGEST_SECRET = 1000
SHOWN = 20


class CalendarTaken(Conflict):
    """One employee has one calendar elsewhere."""

    def __init__(self) -> None:
        super().__init__(_("You have a calendar account already. Change or remove that one."))


class CalendarAccounts(Service):
    """The caller's own account; those of others are nobody's business."""

    @asks()
    def try_out(self, *, url: str, user_name: str, secret: str) -> tuple[CalendarChoice, ...]:
        """The calendars that one finds at an address. Raises `CalendarRefused`, `NoSuchCalendar`, `CalendarAway`, `InvalidInput`."""
        with CalendarServer(clean_url(url), user_name, secret) as server:
            return tuple(sorted(server.calendars(), key=CalendarChoice.shown))

    @reads()
    def list(self) -> list[CalendarAccount]:
        """The caller's account, if any, with how it went the last time."""
        a, s, k, o = tables.calendar_account, tables.calendar_state, tables.calendar_secret, tables.calendar_object
        query = (
            select(a, s.c.error, s.c.failed_at, s.c.synced_at, k.c.secret).outerjoin(s, s.c.account_id == a.c.id).outerjoin(k, k.c.account_id == a.c.id)
            .where(a.c.employee_id == self.actor.id)
        )  # fmt: skip
        found = []
        for row in self.work.rows(query):
            objects = self.work.rows(select(o.c.parts, o.c.left_out, o.c.their_etag).where(o.c.account_id == row["id"]))
            found.append(as_record(CalendarAccount, row | {
                "error": row["error"] or "", "has_secret": bool(row["secret"]), "n_kept": sum(len(one["parts"]) for one in objects),
                "n_conflicts": sum(bool(one["their_etag"]) for one in objects), "left_out": tuple(one["left_out"] for one in objects if one["left_out"])[:SHOWN],
            }))  # fmt: skip
        return found

    @writes(remembered=False)
    def add(self, *, url: str, user_name: str, secret: str, name: str = "", are_private: bool = True) -> CalendarAccount:
        """A new account, switched off. Raises `InvalidInput` naming the field, `CalendarTaken`."""
        a = tables.calendar_account
        made = clean_account(
            CalendarAccount(id=new_id(), employee_id=self.actor.id, url=url, name=name, user_name=user_name, are_private=are_private, created_at=self.work.now)
        )
        if self.work.scalar(select(a.c.id).where(a.c.employee_id == self.actor.id)):
            raise CalendarTaken
        self.work.insert(a, as_row(made, a))
        keep(self.work.connection, tables.calendar_secret, made.id, secret, longest=LONGEST_SECRET)
        return replace(made, has_secret=True)

    @writes(remembered=False)
    def change(self, *, id: UUID, version: int, url: str, user_name: str, secret: str = "", name: str = "", are_private: bool = True) -> CalendarAccount:  # noqa: A002
        """Change an account; without `secret` the password stays, unless it would go to another server. At another address all begins anew.

        Raises `InvalidInput` naming the field, `NotFound`, `ChangedMeanwhile`.
        """
        had = as_record(CalendarAccount, self._own(id))
        new = clean_account(replace(had, url=url, name=name, user_name=user_name, are_private=are_private))
        if not secret and (new.url, new.user_name) != (had.url, had.user_name):
            raise InvalidInput(_("Write the password again: it is to be sent to another server, or in another way."), "secret")
        after = self.work.change(tables.calendar_account, id, version, url=new.url, name=new.name, user_name=new.user_name, are_private=new.are_private)
        if secret:
            keep(self.work.connection, tables.calendar_secret, id, secret, longest=LONGEST_SECRET)
        self._forget(id, objects=new.url != had.url)
        return as_record(CalendarAccount, after)

    @writes()
    def switch(self, *, id: UUID, version: int, is_on: bool) -> CalendarAccount:  # noqa: A002
        """Let appointments go both ways, or no longer; what is in either calendar stays there. Raises `NotFound`, `ChangedMeanwhile`."""
        self._own(id)
        after = self.work.change(tables.calendar_account, id, version, is_on=is_on)
        self._forget(id)
        return as_record(CalendarAccount, after)

    @writes()
    def remove(self, *, id: UUID, version: int) -> None:  # noqa: A002
        """Remove an account and its password; what is in either calendar stays there. Raises `NotFound`."""
        self._own(id)
        self.work.change(tables.calendar_account, id, version)
        self._forget(id, objects=True)
        k = tables.calendar_secret
        self.work.connection.execute(delete(k).where(k.c.account_id == id))
        self.work.remove(tables.calendar_account, self.work.rows_of(tables.calendar_account, "id", [id])[0])

    @reads()
    def conflicts(self) -> tuple[CalendarConflict, ...]:
        """The caller's appointments that were changed in both calendars, differently."""
        return tuple(one for row in self._waiting() for one in conflicts_of(self.work, as_record(CalendarAccount, self._own(row["account_id"])), row))

    @writes()
    def settle(self, *, id: UUID, keep: Side) -> None:  # noqa: A002
        """Say which version of an appointment holds in both calendars. Raises `NotFound` where it waits for no choice."""
        for row in self._waiting():
            if row["id"] == id:
                settle(self.work, as_record(CalendarAccount, self._own(row["account_id"])), row, keep)
                return
        raise NoSuchRecord

    def _waiting(self) -> Iterable[Row]:
        a, o = tables.calendar_account, tables.calendar_object
        query = select(o).join(a, a.c.id == o.c.account_id).where(and_(a.c.employee_id == self.actor.id, o.c.their_etag != ""))
        return self.work.rows(query.order_by(o.c.href))

    def _own(self, key: UUID) -> Row:
        a = tables.calendar_account
        row = self.work.one(select(a).where(and_(a.c.id == key, a.c.employee_id == self.actor.id)))
        if row is None:
            raise NoSuchRecord
        return row

    def _forget(self, key: UUID, *, objects: bool = False) -> None:
        """What went wrong before says nothing of what is tried now; of another calendar nothing is known."""
        s, o = tables.calendar_state, tables.calendar_object
        for table in (s, o) if objects else (s,):
            self.work.connection.execute(delete(table).where(table.c.account_id == key))
