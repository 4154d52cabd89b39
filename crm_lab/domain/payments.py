"""Money that came in, as a bank tells of it: what one payment is, and what makes it the same money in two files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from crm_lab.domain.values import Money
from crm_lab.i18n import ngettext

TEXT_KEPT, NAME_KEPT = 1000, 140


class PaymentFormat(StrEnum):
    """What kind of file told of the money."""

    OCR = "ocr"
    CAMT_053 = "camt.053"
    CAMT_054 = "camt.054"


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """One payment, or a lump sum of several.

    Attributes
    ----------
    line : where it begins in the file, from 1.
    money : signed: what came in is positive, what was taken back or paid out is negative.
    posted_on, value_on : the day it stands on our account, and the day it counts for interest.
    kid : as the file has it, without blanks around it; its check digit is not looked at.
    reference : the bank's own, which may be missing or stand on several payments.
    instructed : what the payer sent, where that was another currency.
    is_reversal : takes an earlier payment back.
    is_lump_sum : several payments as one amount; `details` are those the file tells of.
    """

    line: int
    money: Money
    posted_on: date
    value_on: date
    kid: str = ""
    text: str = ""
    payer_name: str = ""
    payer_account: str = ""
    account: str = ""
    reference: str = ""
    instructed: Money | None = None
    is_reversal: bool = False
    is_lump_sum: bool = False
    details: tuple[Payment, ...] = ()

    @property
    def rest(self) -> int:
        """What the details of a lump sum leave unexplained, in øre (details in another currency explain nothing)."""
        told = sum(d.money.minor for d in self.details if d.money.currency == self.money.currency)
        return self.money.minor - told

    @property
    def same_money(self) -> str:
        """What this money has in common in every file that tells of it: account, day, amount, KID and payer's account.

        A KID may be filled up with zeros, an account be written as an IBAN.
        """
        kid, payer = self.kid.lstrip("0"), bare_account(self.payer_account)
        return f"{bare_account(self.account)}|{self.posted_on.isoformat()}|{self.money.minor}|{self.money.currency}|{kid}|{payer}"


@dataclass(frozen=True, slots=True)
class PaymentFault:
    """A part of a file that cannot be read: where it begins, and why."""

    line: int
    reason: str


class PaymentState(StrEnum):
    """What became of one line of a file."""

    STAGED = "staged"
    BOOKED = "booked"
    UNPLACED = "unplaced"
    KNOWN = "known"
    TOTAL = "total"
    OUTGOING = "outgoing"
    FAULTY = "faulty"
    UNDONE = "undone"


class PlacedBy(StrEnum):
    """What told whose money it is, or why nothing did."""

    KID = "kid"
    REVERSAL = "reversal"
    INVOICE_NUMBER = "invoice_number"
    ACCOUNT = "account"
    HABIT = "habit"
    NAME = "name"
    PERSON = "person"
    SEVERAL = "several"
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentFile:
    """A file of payments and what became of it, counted in payments; `n_linked` are matches, known when it was just read."""

    id: UUID
    name: str
    format: PaymentFormat
    read_at: datetime
    n_booked: int = 0
    n_unplaced: int | None = 0
    n_known: int = 0
    n_faulty: int = 0
    booked_at: datetime | None = None
    undone_at: datetime | None = None
    n_linked: int = 0

    @property
    def sentence(self) -> str:
        """What became of it, for people."""
        n_unplaced = self.n_unplaced or 0
        parts = (
            ngettext("{n} payment booked", "{n} payments booked", self.n_booked),
            ngettext("{n} without a customer", "{n} without a customer", n_unplaced) if n_unplaced else "",
            ngettext("{n} known from before", "{n} known from before", self.n_known) if self.n_known else "",
            ngettext("{n} cannot be read", "{n} cannot be read", self.n_faulty) if self.n_faulty else "",
            ngettext("{n} match made by the rules", "{n} matches made by the rules", self.n_linked) if self.n_linked else "",
        )
        return f"{', '.join(filter(None, parts))}."


@dataclass(frozen=True, slots=True, kw_only=True)
class PayerHabit:
    """A rule learned from the past: an account that has paid for one customer, and for nobody else."""

    payer_account: str
    payer_name: str
    customer_id: UUID
    customer_number: int
    n_payments: int


def one_by_one(told: Payment | PaymentFault, rest_text: str) -> Iterator[Payment | PaymentFault]:
    """A lump sum as its details, and as one more payment what they leave unexplained; anything else as it is.

    A lump sum without details stays: another file tells of them.
    """
    if isinstance(told, PaymentFault) or not told.details:
        yield told
        return
    yield from told.details
    if told.rest:
        yield replace(told, money=Money.from_minor(told.rest, told.money.currency), is_lump_sum=False, details=(), text=rest_text)


def bare_account(text: str) -> str:
    """An account number to compare by: letters and digits only; a Norwegian IBAN as the eleven digits it holds."""
    if text.isdigit() or not text:
        return text
    bare = "".join(c for c in text.upper() if c.isalnum())
    return bare[4:] if bare.startswith("NO") and len(bare) == 15 else bare  # noqa: PLR2004 - NO, two check digits, eleven digits
