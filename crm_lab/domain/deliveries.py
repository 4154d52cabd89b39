"""How invoices are sent: each attempt is kept, a failed one is tried again, and nothing is sent twice by two at once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from crm_lab.domain.terms import Distribution

MOST_TRIES = 6
FIRST_WAIT = timedelta(minutes=5)
UNDER_WAY = timedelta(minutes=10)
"""So long a delivery belongs to who took it; a sender that was killed lets go of it then."""


class DeliveryState(StrEnum):
    """How far a delivery has come."""

    QUEUED = "queued"
    SENT = "sent"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """An invoice on its way.

    Attributes
    ----------
    recipient, copies : e-mail addresses, copies separated by blanks; of an EHF the organisation number.
    error : why the last try failed, in words.
    message_id : of the e-mail that was sent (RFC 5322), or the name of the file that was dropped.
    """

    id: UUID
    invoice_id: UUID
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


def wait_after(tries: int) -> timedelta:
    """How long to wait after so many tries: five minutes, twice as long each time."""
    return FIRST_WAIT * int(2 ** max(0, tries - 1))
