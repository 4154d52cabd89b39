"""Invoicing: what the company says on its invoices, how they are numbered, their KID, and what stops an order."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from uuid import UUID

from crm_lab.domain.orders import WRITTEN, Order, PaymentStatus, clean_fee
from crm_lab.domain.terms import Distribution
from crm_lab.domain.values import KID, KID_RULES, BankAccount, Email, OrgNumber, clean_text, parse_country
from crm_lab.errors import Faults, Forbidden, InvalidFields
from crm_lab.i18n import _, day

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crm_lab.domain.terms import EffectiveTerm

LONGEST_LINE, MOST_DIGITS, LARGEST_FIRST = 250, 12, 10**9
FIRST_INVOICE, FIRST_CREDIT_NOTE = 10001, 90001


class InvoiceKind(StrEnum):
    """What the document is."""

    INVOICE = "invoice"
    ADVANCE = "advance"
    CREDIT_NOTE = "credit_note"


class KidParts(StrEnum):
    """What a KID is made of, before its check digit."""

    INVOICE = "invoice"
    CUSTOMER_INVOICE = "customer_invoice"


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoicingSettings:
    """What the company says on its invoices and how it numbers them.

    Attributes
    ----------
    is_registered : in Foretaksregisteret, which limited companies say on their documents (foretaksregisterloven § 10-2).
    kid_customer_digits, kid_invoice_digits : how wide each part of the KID is, filled with zeros; both are in the agreement with the bank.
    own_credit_series : credit notes are numbered apart from invoices.
    closed_until : nothing is invoiced on this day or before.
    is_limited : only accountants and administrators invoice and credit.
    invoice_fee : in kroner without VAT, for customers that pay one.
    repeats_nightly, reminds_nightly : orders that repeat are made, and reminders sent, at night; `nightly_as` is the user who switched it on.
    remind_after, remind_again, reminder_days : days after the due date, between reminders, and that the customer then has to pay.
    most_reminders : so many of one debt; what comes after is up to people.
    """

    organisation_number: str = ""
    is_vat_registered: bool = True
    is_registered: bool = True
    street: str = ""
    postal_code: str = ""
    city: str = ""
    country: str = "NO"
    email: str = ""
    phone: str = ""
    website: str = ""
    bank_account: str = ""
    bic: str = ""
    kid_rule: str = "mod10"
    kid_parts: KidParts = KidParts.INVOICE
    kid_customer_digits: int = 6
    kid_invoice_digits: int = 9
    own_credit_series: bool = False
    first_invoice: int = FIRST_INVOICE
    closed_until: date | None = None
    is_limited: bool = False
    invoice_fee: Decimal = Decimal("0.00")
    repeats_nightly: bool = False
    reminds_nightly: bool = False
    nightly_as: str = ""
    charges_reminder_fee: bool = True
    remind_after: int = 14
    remind_again: int = 14
    most_reminders: int = 2
    reminder_days: int = 14


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceFacts:
    """An invoice or credit note in short.

    Attributes
    ----------
    net, vat, gross : in `currency`; of a credit note below zero.
    open_amount, payment : from the ledger, today.
    credits : the number of the invoice that a credit note is for.
    """

    id: UUID
    number: int
    kind: InvoiceKind
    order_id: UUID
    order_number: int = 0
    customer_id: UUID
    customer: str = ""
    customer_number: int | None = None
    credits_id: UUID | None = None
    credits: int | None = None
    issued_on: date
    due_on: date | None = None
    kid: str = ""
    currency: str = "NOK"
    net: Decimal
    vat: Decimal
    gross: Decimal
    open_amount: Decimal = Decimal("0.00")
    payment: PaymentStatus = PaymentStatus.OPEN
    sends_reminders: bool = True
    posting_id: UUID | None = None
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditLine:
    """How much of a line of an invoice is credited; `line` is counted from 1."""

    line: int
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class OrderFault:
    """Why an order cannot be invoiced."""

    order_id: UUID
    number: int
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFinding:
    """What is to be mended before an order is invoiced, or should be.

    Attributes
    ----------
    line : of the order, counted from 1; None where it is about all of it. `field` is of the line, or of the order.
    is_fatal : nothing is numbered while it is so; else receivers may complain.
    rule : of EN 16931, Peppol or Norway; "" for our own.
    """

    field: str
    message: str
    line: int | None = None
    is_fatal: bool = True
    rule: str = ""


@dataclass(frozen=True, slots=True)
class Invoiced:
    """What came of invoicing many orders."""

    invoices: tuple[InvoiceFacts, ...]
    refused: tuple[OrderFault, ...]


class CannotInvoice(InvalidFields):
    """An order that lacks something: nothing was numbered."""

    def __init__(self, number: int, fields: dict[str, str]) -> None:
        told = " ".join(fields.values())
        super().__init__({name: _("Order {number}: {reason}", number=number, reason=told) if at == 0 else text for at, (name, text) in enumerate(fields.items())})
        self.reason, self.reasons = told, dict(fields)


class MayNotInvoice(Forbidden):
    """The company lets only some invoice."""

    def __init__(self) -> None:
        super().__init__(_("Only accountants and administrators may invoice and credit here. Ask one of them."))


def payment_status(amount: Decimal, still_open: Decimal, due_on: date | None, today: date) -> PaymentStatus:
    """What the ledger says of an invoice."""
    if not still_open:
        return PaymentStatus.PAID
    if due_on and due_on < today and still_open > 0:
        return PaymentStatus.OVERDUE
    return PaymentStatus.PARTLY if still_open != amount else PaymentStatus.OPEN


def kid_of(settings: InvoicingSettings, customer_number: int, invoice_number: int) -> str:
    """The KID of an invoice: the parts of the agreement, zeros in front, and the check digit. Raises `InvalidInput` where they do not fit."""
    body = str(invoice_number).zfill(settings.kid_invoice_digits)
    if settings.kid_parts is KidParts.CUSTOMER_INVOICE:
        body = str(customer_number).zfill(settings.kid_customer_digits) + body
    return str(KID.make(body, rule=settings.kid_rule))


def clean_settings(given: InvoicingSettings) -> InvoicingSettings:
    """The settings in their stored form. Raises `InvalidFields`."""
    faults, clean = Faults(), dict[str, Any]()
    for name, parse in (("organisation_number", OrgNumber.parse), ("bank_account", BankAccount.parse), ("email", Email.parse)):
        if value := str(getattr(given, name)).strip():
            with faults.at(name):
                clean[name] = str(parse(value))
    for name in ("street", "postal_code", "city", "phone", "website", "bic"):
        with faults.at(name):
            clean[name] = clean_text(getattr(given, name), name, max_length=LONGEST_LINE)
    with faults.at("country"):
        clean["country"] = parse_country(given.country or "NO")
    if given.kid_rule not in KID_RULES:
        faults.note("kid_rule", _("The check digit is mod10 or mod11."))
    for name in ("kid_customer_digits", "kid_invoice_digits"):
        if not 1 <= getattr(given, name) <= MOST_DIGITS:
            faults.note(name, _("A part of the KID has 1 to {n} digits.", n=MOST_DIGITS))
    for name, least, most in _WHOLE:
        if not least <= getattr(given, name) <= most:
            faults.note(name, _("Write a whole number from {least} to {most}.", least=least, most=most))
    with faults.at("invoice_fee"):
        clean["invoice_fee"] = clean_fee(given.invoice_fee)
    if not 1 <= given.first_invoice <= LARGEST_FIRST:
        faults.note("first_invoice", _("The first number is from 1 to {n}.", n=LARGEST_FIRST))
    faults.tell()
    return replace(given, **clean)


_WHOLE = (("remind_after", 1, 365), ("remind_again", 7, 365), ("most_reminders", 1, 9), ("reminder_days", 14, 90))
"""A debtor has 14 days at least after a reminder that costs (inkassoforskriften § 1-2)."""


def check_invoiceable(order: Order, settings: InvoicingSettings, terms: Mapping[str, EffectiveTerm], on: date) -> None:
    """Raise `CannotInvoice` where an order lacks something, with all of it."""
    faults = Faults()
    if order.status not in WRITTEN:
        faults.note("status", _("It is invoiced already. Credit the invoice, or copy the order."))
    if terms["is_blocked"].value:
        faults.note("customer_id", _("{name} is blocked for invoicing. Lift it in the customer's settings.", name=order.customer))
    if not order.lines or all(not line.quantity for line in order.lines):
        faults.note("lines", _("There is nothing to invoice. Add a line with a quantity."))
    elif order.gross < 0:
        faults.note("lines", _("The sum is below zero. Credit the invoice it belongs to instead."))
    if settings.closed_until and on <= settings.closed_until:
        faults.note("issued_on", _("The period until {day} is closed. Choose a later day.", day=day(settings.closed_until)))
    if not settings.organisation_number:
        faults.note("seller", _("The company's organisation number is missing. Write it in the settings of invoicing."))
    if order.currency != "NOK" and order.vat and not order.rate:
        faults.note("rate", _("VAT is told in kroner too. Write the rate of {currency}.", currency=order.currency))
    _check_buyer(order, faults, needs_reference=bool(terms["needs_reference"].value))
    if faults.found:
        raise CannotInvoice(order.number, faults.found)


def _check_buyer(order: Order, faults: Faults, *, needs_reference: bool) -> None:
    """What the buyer and the way the invoice is sent ask for."""
    is_ehf = order.distribution is Distribution.EHF
    if (needs_reference or is_ehf) and not (order.buyer_reference or order.order_reference):
        faults.note("buyer_reference", _("{name} wants a reference. Write the buyer's reference or order number.", name=order.customer))
    if not order.buyer.is_person and order.buyer.organisation_number:
        with faults.at("organisation_number"):
            OrgNumber.parse(order.buyer.organisation_number)
    elif is_ehf:
        faults.note("organisation_number", _("An EHF needs the buyer's organisation number. Choose e-mail or print, or write it on the customer."))
    if order.distribution is Distribution.EMAIL and not order.buyer.email:
        faults.note("distribution", _("{name} has no e-mail address for invoices. Choose print, or write one on the customer and take the data over again.", name=order.customer))
