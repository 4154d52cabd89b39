"""Mail accounts of employees: each their own, off until they switch it on, with a password that is never told again."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import and_, delete, func, select

from crm_lab.domain.ids import new_id
from crm_lab.domain.mail_accounts import PRIVATE, LoginBy, MailAccount, Security, clean_account
from crm_lab.errors import Conflict, InvalidInput
from crm_lab.exchange.imap import mailbox_of
from crm_lab.i18n import _
from crm_lab.services.actions import Service, asks, reads, writes
from crm_lab.services.messages.intake import drop_unneeded, lose_copies
from crm_lab.store import tables
from crm_lab.store.records import NoSuchRecord, as_record, as_row
from crm_lab.store.secrets import keep

if TYPE_CHECKING:
    from crm_lab.store.records import Row, Work

LONGEST_SECRET = 8000


class AccountTaken(Conflict):
    """One mailbox is one account."""

    def __init__(self, address: str) -> None:
        super().__init__(_("{address} is an account already.", address=address))
        self.field = "address"

    def details(self) -> dict[str, Any]:
        """The field it is about."""
        return {"field": self.field}


class MailAccounts(Service):
    """The caller's own accounts; those of others are nobody's business."""

    @asks()
    def try_out(
        self, *, address: str, secret: str, imap_host: str, user_name: str = "", imap_port: int = 993, imap_security: Security = Security.TLS,
        login_by: LoginBy = LoginBy.PASSWORD,
    ) -> list[str]:  # fmt: skip
        """The folders of a mailbox, to see whether one gets in. Raises `MailboxRefused`, `MailboxAway`, `InvalidInput`."""
        account = clean_account(MailAccount(
            id=new_id(), employee_id=self.actor.id, address=address, user_name=user_name, login_by=login_by, imap_host=imap_host, imap_port=imap_port,
            imap_security=imap_security, created_at=self.work.now,
        ))  # fmt: skip
        with mailbox_of(account, secret) as mailbox:
            return mailbox.folders()

    @reads()
    def list(self) -> list[MailAccount]:
        """The caller's accounts, with how it went the last time."""
        a, s, k, c = tables.mail_account, tables.mail_state, tables.mail_secret, tables.message_copy
        n_kept = select(func.count()).select_from(c).where(c.c.account_id == a.c.id).scalar_subquery().label("n_kept")
        query = (
            select(a, func.coalesce(s.c.error, "").label("error"), s.c.failed_at, s.c.synced_at, k.c.secret, n_kept)
            .outerjoin(s, s.c.account_id == a.c.id).outerjoin(k, k.c.account_id == a.c.id)
            .where(a.c.employee_id == self.actor.id).order_by(a.c.created_at, a.c.id)
        )  # fmt: skip
        return [as_record(MailAccount, row | {"has_secret": bool(row["secret"])}) for row in self.work.rows(query)]

    @writes(remembered=False)
    def add(
        self, *, address: str, secret: str, imap_host: str, user_name: str = "", imap_port: int = 993, imap_security: Security = Security.TLS,
        login_by: LoginBy = LoginBy.PASSWORD, smtp_host: str = "", smtp_port: int = 465, smtp_security: Security = Security.TLS,
        folders: tuple[str, ...] = ("INBOX",), private_words: tuple[str, ...] = PRIVATE,
    ) -> MailAccount:  # fmt: skip
        """A new account, switched off. Raises `InvalidInput` naming the field, `AccountTaken`."""
        made = clean_account(MailAccount(
            id=new_id(), employee_id=self.actor.id, address=address, user_name=user_name, login_by=login_by, imap_host=imap_host, imap_port=imap_port,
            imap_security=imap_security, smtp_host=smtp_host, smtp_port=smtp_port, smtp_security=smtp_security, folders=folders, private_words=private_words,
            created_at=self.work.now,
        ))  # fmt: skip
        self._refuse_double(made)
        self.work.insert(tables.mail_account, as_row(made, tables.mail_account))
        keep(self.work.connection, tables.mail_secret, made.id, secret, longest=LONGEST_SECRET)
        return replace(made, has_secret=True)

    @writes(remembered=False)
    def change(
        self, *, id: UUID, version: int, address: str, imap_host: str, secret: str = "", user_name: str = "", imap_port: int = 993,  # noqa: A002 - the wire's word
        imap_security: Security = Security.TLS, login_by: LoginBy = LoginBy.PASSWORD, smtp_host: str = "", smtp_port: int = 465,
        smtp_security: Security = Security.TLS, folders: tuple[str, ...] = ("INBOX",), private_words: tuple[str, ...] = PRIVATE,
    ) -> MailAccount:  # fmt: skip
        """Change an account; without `secret` the password stays, unless it would go to another server.

        Raises `InvalidInput` naming the field, `AccountTaken`, `NotFound`, `ChangedMeanwhile`.
        """
        had = as_record(MailAccount, self._own(id))
        new = clean_account(replace(
            had, address=address, user_name=user_name, login_by=login_by, imap_host=imap_host, imap_port=imap_port, imap_security=imap_security, smtp_host=smtp_host,
            smtp_port=smtp_port, smtp_security=smtp_security, folders=folders, private_words=private_words,
        ))  # fmt: skip
        self._refuse_double(new)
        servers = ("imap_host", "imap_port", "imap_security", "smtp_host", "smtp_port", "smtp_security", "user_name")
        if not secret and any(getattr(had, name) != getattr(new, name) for name in servers):
            raise InvalidInput(_("Write the password again: it is to be sent to another server, or in another way."), "secret")
        row = as_row(new, tables.mail_account)
        changes = {name: value for name, value in row.items() if name not in {"id", "version", "employee_id", "created_at", "is_on"}}
        after = self.work.change(tables.mail_account, id, version, **changes)
        if secret:
            keep(self.work.connection, tables.mail_secret, id, secret, longest=LONGEST_SECRET)
        _forgive(self.work, id)
        self._drop_left_out(new)
        return as_record(MailAccount, after)

    @writes()
    def switch(self, *, id: UUID, version: int, is_on: bool) -> MailAccount:  # noqa: A002
        """Let mail be fetched, put on cards and shown to colleagues there, or no longer. Raises `NotFound`, `ChangedMeanwhile`."""
        self._own(id)
        after = self.work.change(tables.mail_account, id, version, is_on=is_on)
        _forgive(self.work, id)
        return as_record(MailAccount, after)

    @writes()
    def remove(self, *, id: UUID, version: int) -> None:  # noqa: A002
        """Remove an account, its password, and its mail from all cards; undone, it is fetched anew once the password is written. Raises `NotFound`."""
        self._own(id)
        self.work.change(tables.mail_account, id, version)
        c, o, f = tables.message_copy, tables.outgoing_message, tables.mail_folder
        copies = list(self.work.connection.execute(select(c.c.id).where(c.c.account_id == id)).scalars())
        gone = lose_copies(self.work, copies)
        for table in (tables.mail_secret, tables.mail_state, f, o):
            self.work.connection.execute(delete(table).where(table.c.account_id == id))
        self.work.remove(tables.mail_account, self.work.rows_of(tables.mail_account, "id", [id])[0])
        drop_unneeded(self.work, gone)

    def _drop_left_out(self, account: MailAccount) -> None:
        """Mail of folders that are no longer read goes from the cards."""
        c, f = tables.message_copy, tables.mail_folder
        left = select(f.c.id).where(and_(f.c.account_id == account.id, f.c.name.not_in(account.folders)))
        gone = lose_copies(self.work, list(self.work.connection.execute(select(c.c.id).where(c.c.folder_id.in_(left))).scalars()))
        self.work.connection.execute(delete(f).where(and_(f.c.account_id == account.id, f.c.name.not_in(account.folders))))
        drop_unneeded(self.work, gone)

    def _own(self, key: UUID) -> Row:
        a = tables.mail_account
        row = self.work.one(select(a).where(and_(a.c.id == key, a.c.employee_id == self.actor.id)))
        if row is None:
            raise NoSuchRecord
        return row

    def _refuse_double(self, account: MailAccount) -> None:
        a = tables.mail_account
        same = and_(a.c.address == account.address, a.c.employee_id == account.employee_id, a.c.id != account.id)
        if self.work.scalar(select(a.c.id).where(same)):
            raise AccountTaken(account.address)



def _forgive(work: Work, key: UUID) -> None:
    """What went wrong before says nothing of what is tried now."""
    s = tables.mail_state
    work.connection.execute(delete(s).where(s.c.account_id == key))
