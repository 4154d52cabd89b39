"""Mail accounts: where an employee's mail is, how it is reached, and what of it nobody else shall see."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from crm_lab.domain.values import Email, clean_text
from crm_lab.errors import InvalidInput
from crm_lab.i18n import _

LONGEST = 200
MOST_FOLDERS, MOST_WORDS, LARGEST_PORT = 50, 20, 65535
HOST = re.compile(r"[A-Za-z0-9.:_-]{1,253}")
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=30), timedelta(hours=1)
MOST_TRIES = 8
PRIVATE = ("privat", "private")


class Security(StrEnum):
    """How a connection is kept from being overheard; `PLAIN` is for a server on the same machine."""

    TLS = "tls"
    STARTTLS = "starttls"
    PLAIN = "plain"


class LoginBy(StrEnum):
    """What one logs in with: a password, best one made for this program alone, or an OAuth 2.0 access token (XOAUTH2)."""

    PASSWORD = "password"  # noqa: S105 - a word
    TOKEN = "token"  # noqa: S105 - a word


@dataclass(frozen=True, slots=True, kw_only=True)
class MailAccount:
    """An employee's mailbox. Its password or token is kept apart, encrypted, and never told.

    Attributes
    ----------
    is_on : mail is fetched, put on cards, and shown to colleagues there; off until its owner says so.
    folders : those that are read.
    private_words : labels, keywords and folders by these names are left out.
    error : why the newest try failed, in words; "" where it did not.
    """

    id: UUID
    version: int = 1
    employee_id: UUID
    address: str
    user_name: str
    login_by: LoginBy = LoginBy.PASSWORD
    imap_host: str
    imap_port: int = 993
    imap_security: Security = Security.TLS
    smtp_host: str = ""
    smtp_port: int = 465
    smtp_security: Security = Security.TLS
    folders: tuple[str, ...] = ("INBOX",)
    private_words: tuple[str, ...] = PRIVATE
    is_on: bool = False
    error: str = ""
    failed_at: datetime | None = None
    synced_at: datetime | None = None
    n_kept: int = 0
    has_secret: bool = False
    created_at: datetime


class OutgoingState(StrEnum):
    """How far a message on its way out has come."""

    QUEUED = "queued"
    UNDER_WAY = "under_way"
    SENT = "sent"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A message that its writer has handed in. `error` says why the newest try failed."""

    id: UUID
    version: int = 1
    employee_id: UUID
    account_id: UUID
    recipients: str
    copies: str = ""
    subject: str
    text: str
    answers: UUID | None = None
    customer_id: UUID | None = None
    contact_id: UUID | None = None
    state: OutgoingState = OutgoingState.QUEUED
    tries: int = 0
    error: str = ""
    queued_at: datetime
    next_at: datetime


def clean_account(account: MailAccount) -> MailAccount:
    """An account whose fields can be kept. Raises `InvalidInput` naming the field."""
    for name in ("imap_host", "smtp_host"):
        host = getattr(account, name)
        if (host or name == "imap_host") and not HOST.fullmatch(host):
            raise InvalidInput(_("{text} is no name of a server. It looks like imap.company.no.", text=repr(host[:60])), name)
    for name in ("imap_port", "smtp_port"):
        if not 0 < getattr(account, name) <= LARGEST_PORT:
            raise InvalidInput(_("A port is a number from 1 to 65535."), name)
    folders = tuple(dict.fromkeys(clean_text(f, "folders", max_length=LONGEST) for f in account.folders if f.strip()))
    words = tuple(dict.fromkeys(clean_text(w, "private_words", max_length=40) for w in account.private_words if w.strip()))
    if not folders or len(folders) > MOST_FOLDERS:
        raise InvalidInput(_("Name 1 to {n} folders, one a line.", n=MOST_FOLDERS), "folders")
    if len(words) > MOST_WORDS:
        raise InvalidInput(_("Name {n} words at most.", n=MOST_WORDS), "private_words")
    user = clean_text(account.user_name, "user_name", max_length=LONGEST) or account.address
    return replace(account, address=str(Email.parse(account.address)).lower(), user_name=user, folders=folders, private_words=words)


def wait_after(tries: int) -> timedelta:
    """How long to wait after so many failures in a row: half a minute, twice as long each time, an hour at most."""
    return min(FIRST_WAIT * int(2 ** min(max(0, tries - 1), 20)), LONGEST_WAIT)
