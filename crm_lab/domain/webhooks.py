"""What other systems are told: which events a subscription names, and when a message that failed is tried again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from urllib.parse import urlsplit
from uuid import UUID

from crm_lab.errors import InvalidInput
from crm_lab.i18n import _

NOUNS = {
    "customer": "customer", "contact": "contact", "contact_role": "role", "note": "note", "task": "task", "call": "call", "document": "document", "project": "project",
    "opportunity": "opportunity", "sales_order": "order", "invoice": "invoice", "delivery": "delivery", "posting": "posting", "match_group": "match", "product": "product",
}  # fmt: skip
"""By table, what its rows are called in the names of events."""
CHANGES = ("created", "changed", "removed")
KINDS = tuple(f"{noun}.{change}" for noun in NOUNS.values() for change in CHANGES)
"""Every kind of event there is."""
MOST_TRIES = 10
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=30), timedelta(hours=6)
UNDER_WAY = timedelta(minutes=2)
"""So long a message belongs to who took it; a sender that was killed lets go of it then."""
KEPT = timedelta(days=30)
"""So long a message is remembered after it was sent or given up."""
LONGEST_URL = 500
LOOPBACK = {"localhost", "127.0.0.1", "::1"}


class MessageState(StrEnum):
    """How far a message has come; `dead` means that it was given up and waits for a person."""

    QUEUED = "queued"
    SENT = "sent"
    DEAD = "dead"


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """A subscription: events of some kinds are sent to an address.

    Attributes
    ----------
    secret : what its messages are signed with; empty except when just made.
    n_queued, n_dead : how many of its messages wait, and how many were given up.
    """

    id: UUID
    version: int = 1
    name: str
    url: str
    kinds: tuple[str, ...]
    is_active: bool = True
    created_at: datetime
    secret: str = ""
    n_queued: int = 0
    n_dead: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookMessage:
    """One message of a subscription, and what became of it; `status` is the receiver's HTTP status, 0 where nobody answered."""

    id: UUID
    webhook_id: UUID
    body: str
    state: MessageState = MessageState.QUEUED
    tries: int = 0
    status: int = 0
    error: str = ""
    queued_at: datetime
    next_at: datetime
    done_at: datetime | None = None


def wait_after(tries: int) -> timedelta:
    """How long to wait after so many tries: half a minute, twice as long each time, six hours at most."""
    return min(FIRST_WAIT * int(2 ** min(max(0, tries - 1), 20)), LONGEST_WAIT)


def clean_url(text: str) -> str:
    """An address that messages may be sent to: https, or http on this machine itself.

    Raises
    ------
    InvalidInput
    """
    url = text.strip()
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname, parts.port
    except ValueError:
        host, parts = None, urlsplit("")
    is_fit = bool(host) and (parts.scheme == "https" or (parts.scheme == "http" and host in LOOPBACK))
    if not is_fit or parts.username or parts.password or len(url) > LONGEST_URL or not url.isprintable() or " " in url:
        raise InvalidInput(_("Write an address that begins with https://, without user name and password."), "url")
    return url


def clean_kinds(kinds: tuple[str, ...]) -> tuple[str, ...]:
    """Kinds of events in their own order, each once. Raises `InvalidInput`."""
    unknown = [kind for kind in kinds if kind not in KINDS]
    if unknown:
        raise InvalidInput(_("There is no event called {name}.", name=unknown[0][:60]), "kinds")
    if not kinds:
        raise InvalidInput(_("Choose what is to be told."), "kinds")
    return tuple(kind for kind in KINDS if kind in kinds)
