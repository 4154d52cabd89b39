"""Calendar accounts: the calendar an employee has elsewhere, kept alike with the one here."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import urlsplit
from uuid import UUID

from crm_lab.domain.values import clean_text
from crm_lab.errors import InvalidInput
from crm_lab.i18n import _

LONGEST = 500
HOST = re.compile(r"[A-Za-z0-9._:-]{1,253}")
HERE = re.compile(r"localhost|127\.[0-9.]+|\[::1\]")


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarAccount:
    """An employee's calendar on a server. Its password is kept apart, encrypted, and never told.

    Attributes
    ----------
    url : the CalDAV address of one calendar.
    name : what it is called there.
    is_on : appointments go both ways; off until its owner says so.
    are_private : what comes from there is its owner's alone, and taken time to colleagues.
    error : why the newest try failed, in words; "" where it did not.
    n_kept, n_conflicts : how many appointments are in both, and how many of them were changed on both sides and wait for a choice.
    left_out : what stands there and cannot be shown here, with the reason.
    """

    id: UUID
    version: int = 1
    employee_id: UUID
    url: str
    name: str = ""
    user_name: str
    is_on: bool = False
    are_private: bool = True
    error: str = ""
    failed_at: datetime | None = None
    synced_at: datetime | None = None
    n_kept: int = 0
    n_conflicts: int = 0
    left_out: tuple[str, ...] = ()
    has_secret: bool = False
    created_at: datetime


def clean_account(account: CalendarAccount) -> CalendarAccount:
    """An account whose fields can be kept. Raises `InvalidInput` naming the field."""
    return replace(
        account, url=clean_url(account.url), user_name=clean_text(account.user_name, "user_name", max_length=LONGEST), name=clean_text(account.name, "name", max_length=LONGEST)
    )


def clean_url(url: str) -> str:
    """The address of a calendar or its server, https unless it is this machine's. Raises `InvalidInput`."""
    text = clean_text(url, "url", max_length=LONGEST)
    text = text if "://" in text or not text else f"https://{text}"
    try:
        parts = urlsplit(text)
        host, _port = parts.hostname or "", parts.port
    except ValueError:
        host, parts = "", urlsplit("")
    if not HOST.fullmatch(host) or parts.scheme not in {"https", "http"} or parts.username or parts.query or parts.fragment:
        raise InvalidInput(_("Write the address of the calendar, such as https://calendar.company.no/."), "url")
    if parts.scheme == "http" and not HERE.fullmatch(parts.netloc.rsplit(":", 1)[0] if parts.port else parts.netloc):
        raise InvalidInput(_("The address must begin with https://: the password would be readable on its way."), "url")
    return text
