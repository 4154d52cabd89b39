"""Late payment: which rates apply on a day, and what they come to.

Source: forsinkelsesrenteloven §§ 2–3 a and inkassoforskriften; the rates themselves are data (`data/reference`).
Reminders are letters to one customer, each of all that is overdue in one currency.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import TYPE_CHECKING
from uuid import UUID

from crm_lab.domain.invoices import DocumentParty
from crm_lab.domain.values import ORE
from crm_lab.errors import Conflict
from crm_lab.i18n import _

if TYPE_CHECKING:
    from crm_lab.domain.invoicing import InvoicingSettings

DAYS_A_YEAR, DAYS_BEFORE_FEE, MOST_FEES = 365, 14, 2
"""A reminder fee may be claimed 14 days after the due date at the earliest, and twice at most (inkassoforskriften § 1-2)."""


class RateKind(StrEnum):
    """What may be charged."""

    INTEREST = "interest"
    COMPENSATION = "compensation"
    FEE = "fee"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """One rate: per cent a year for interest, kroner for the others, both days included."""

    kind: RateKind
    first_day: date
    last_day: date
    value: Decimal
    source: str


@dataclass(frozen=True, slots=True)
class Charge:
    """An amount, and whether it rests on a rate that was known to apply; else on the last one before."""

    amount: Decimal
    is_known: bool = True


def rate_on(rates: Sequence[Rate], kind: RateKind, day: date) -> Charge:
    """The rate of a day: the one that applies, else the last before it; nothing where there is none."""
    begun = [rate for rate in rates if rate.kind is kind and rate.first_day <= day]
    if not begun:
        return Charge(Decimal(0), is_known=False)
    last = max(begun, key=lambda rate: rate.first_day)
    return Charge(last.value, is_known=day <= last.last_day)


def late_interest(amount: Decimal, due: date, on: date, rates: Sequence[Rate]) -> Charge:
    """Simple interest from the day after `due` to `on`, by days of 365, each stretch at its rate; rounded once, half up."""
    total, is_known = Decimal(0), True
    for first, last in _stretches(due + timedelta(days=1), on, rates):
        rate = rate_on(rates, RateKind.INTEREST, first)
        is_known &= rate.is_known
        total += amount * rate.amount * ((last - first).days + 1) / (100 * DAYS_A_YEAR)
    return Charge(total.quantize(ORE, ROUND_HALF_UP), is_known=is_known)


def _stretches(first: date, last: date, rates: Sequence[Rate]) -> Iterator[tuple[date, date]]:
    """The days from first to last, cut where a rate begins or ends."""
    ends = {rate.last_day for rate in rates} | {rate.first_day - timedelta(days=1) for rate in rates}
    for end in [*sorted(end for end in ends if first <= end < last), last]:
        if first <= end:
            yield first, end
            first = end + timedelta(days=1)


def reminder_fee(due: date, on: date, rates: Sequence[Rate]) -> Charge:
    """The fee that may be claimed on a day; nothing in the first 14 days."""
    return rate_on(rates, RateKind.FEE, on) if (on - due).days >= DAYS_BEFORE_FEE else Charge(Decimal(0))


def compensation(due: date, rates: Sequence[Rate], *, is_person: bool) -> Charge:
    """What a business may be charged for collecting, instead of fees; consumers are not."""
    return Charge(Decimal(0)) if is_person else rate_on(rates, RateKind.COMPENSATION, due + timedelta(days=1))


@dataclass(frozen=True, slots=True, kw_only=True)
class ReminderItem:
    """One debt in a reminder; `level` is how often it has now been reminded of, `interest` is up to the day of the letter."""

    posting_id: UUID
    document_number: str = ""
    kid: str = ""
    due_on: date
    days_late: int
    open_amount: Decimal
    interest: Decimal = Decimal("0.00")
    level: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ReminderLetter:
    """A reminder as the customer gets it; amounts in `currency`, `due_on` is until when it is to be paid now."""

    reminded_on: date
    due_on: date
    level: int = 1
    seller: DocumentParty
    buyer: DocumentParty
    items: tuple[ReminderItem, ...]
    fee: Decimal = Decimal("0.00")
    currency: str = "NOK"
    account: str = ""
    iban: str = ""
    bic: str = ""
    language: str = "nb"

    @property
    def open_amount(self) -> Decimal:
        """What is still to be paid of the invoices."""
        return sum((item.open_amount for item in self.items), Decimal("0.00"))

    @property
    def interest(self) -> Decimal:
        """Interest of all."""
        return sum((item.interest for item in self.items), Decimal("0.00"))

    @property
    def total(self) -> Decimal:
        """What is to be paid in all."""
        return self.open_amount + self.fee + self.interest

    @property
    def kid(self) -> str:
        """The KID, where it is the same for all of it."""
        found = {item.kid for item in self.items}
        return found.pop() if len(found) == 1 else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reminder:
    """A reminder that was made, in short; `level` is the highest of its debts."""

    id: UUID
    customer_id: UUID
    level: int
    reminded_on: date
    due_on: date
    currency: str
    open_amount: Decimal
    fee: Decimal
    interest: Decimal
    created_at: datetime


class NothingToRemind(Conflict):
    """Debts that are paid, not due, stopped, or somebody else's."""

    def __init__(self) -> None:
        super().__init__(_("None of these can be reminded of on this day: they are paid, not due, or reminders are stopped."))


class NoRecipient(Conflict):
    """A customer without an e-mail address."""

    def __init__(self, name: str) -> None:
        super().__init__(_("{name} has no e-mail address for invoices. Print the letter, or write an address on the customer.", name=name))


def is_to_be_reminded(days_late: int, times: int, last_on: date | None, on: date, settings: InvoicingSettings) -> bool:
    """Whether a debt's turn has come by the company's rules: so many days after it was due, then so many after the last letter, so many times."""
    if times >= settings.most_reminders:
        return False
    return days_late >= settings.remind_after if last_on is None else (on - last_on).days >= settings.remind_again


def letter_fee(items: Sequence[ReminderItem], on: date, rates: Sequence[Rate], currency: str) -> Decimal:
    """The fee of one letter, however many debts it is of: that of the oldest, while it has not been charged twice."""
    charged = [reminder_fee(item.due_on, on, rates).amount for item in items if item.level <= MOST_FEES]
    return max(charged, default=Decimal(0)).quantize(ORE) if currency == "NOK" else Decimal("0.00")
