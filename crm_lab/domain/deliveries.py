"""How invoices, reminders, quotes and confirmations are sent: each attempt is kept, a failed one is tried again, and nothing is sent twice by two at once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from crm_lab.domain.terms import Distribution
from crm_lab.errors import NotFound
from crm_lab.i18n import _

MOST_TRIES = 6
FIRST_WAIT = timedelta(minutes=5)
UNDER_WAY = timedelta(minutes=10)
"""So long a delivery belongs to who took it; a sender that was killed lets go of it then."""


class DeliveryState(StrEnum):
    """How far a delivery has come; bounced is sent, and returned by the receiver's mail server."""

    QUEUED = "queued"
    SENT = "sent"
    FAILED = "failed"
    BOUNCED = "bounced"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """An invoice, a reminder, or an order as quote or confirmation, on its way.

    Attributes
    ----------
    invoice_id, reminder_id, order_id : what is sent; one of them.
    recipient, copies : e-mail addresses, copies separated by blanks; of an EHF the organisation number.
    error : why the last try failed, in words.
    message_id : of the e-mail that was sent (RFC 5322), or the name of the file that was dropped.
    """

    id: UUID
    invoice_id: UUID | None = None
    reminder_id: UUID | None = None
    order_id: UUID | None = None
    customer_id: UUID
    channel: Distribution
    recipient: str
    copies: str = ""
    state: DeliveryState = DeliveryState.QUEUED
    tries: int = 0
    error: str = ""
    message_id: str = ""
    queued_at: datetime
    next_at: datetime
    sent_at: datetime | None = None


class NoSuchMessage(NotFound):
    """No e-mail of ours."""

    def __init__(self, message_id: str) -> None:
        super().__init__(_("No e-mail with the Message-ID {id} was sent from here.", id=message_id[:120] or "–"))


def wait_after(tries: int) -> timedelta:
    """How long to wait after so many tries: five minutes, twice as long each time."""
    return FIRST_WAIT * int(2 ** max(0, tries - 1))
