"""Documents of sale made of orders, and read as they were made."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import msgspec

from crm_lab.domain.invoices import DocumentKind, DocumentParty, Invoice
from crm_lab.domain.order_sums import document_lines
from crm_lab.domain.orders import OrderStatus
from crm_lab.domain.part_invoices import advance_lines, credited, taken_off
from crm_lab.domain.values import BankAccount, OrgNumber
from crm_lab.i18n import _, number, use_locale
from crm_lab.services.vat import vat_codes
from crm_lab.store import tables

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from decimal import Decimal

    from crm_lab.domain.invoicing import CreditLine, InvoicingSettings
    from crm_lab.domain.orders import Buyer, Order
    from crm_lab.store.records import Row, Work

NORWEGIAN = "0192"
"""The scheme of Norwegian organisation numbers as electronic addresses (Peppol code list of participant identifiers)."""


def document_of(row: Row) -> Invoice:
    """A document as it was made."""
    return msgspec.convert(row["content"], Invoice, strict=False)


def seller_of(work: Work, settings: InvoicingSettings, contact: str = "") -> DocumentParty:
    """The company as its documents name it."""
    company = next(iter(work.kept(tables.company)), None) or {"name": ""}
    own = OrgNumber(settings.organisation_number)
    told = {name: getattr(settings, name) for name in ("is_registered", "street", "postal_code", "city", "country", "email", "phone", "website")}
    return DocumentParty(
        name=company["name"], organisation_number=str(own), vat_number=own.vat if settings.is_vat_registered else "", endpoint=str(own), endpoint_scheme=NORWEGIAN,
        contact=contact, **told,
    )  # fmt: skip


def buyer_of(buyer: Buyer, reference: str) -> DocumentParty:
    """The customer as a document names it."""
    told: dict[str, Any] = {name: getattr(buyer, name) for name in ("name", "organisation_number", "is_person", "street", "postal_code", "city", "email")}
    address: dict[str, Any] = {"endpoint": buyer.organisation_number, "endpoint_scheme": NORWEGIAN} if buyer.organisation_number else {}
    return DocumentParty(**told, **address, country=buyer.country or "NO", reference_id=str(buyer.number), contact=reference)


def invoice_of(
    work: Work, order: Order, settings: InvoicingSettings, invoice_number: int, kid: str, on: date, due: date, *, percent: Decimal | None = None,
    advances: Sequence[Row] = (),
) -> Invoice:  # fmt: skip
    """The invoice of an order, or an advance of so many per cent; advances made before are taken off."""
    delivered = order.delivered_on or on
    lines = document_lines(order.billed, vat_codes(), delivered)
    with use_locale(order.language):
        if percent is not None:
            share = _("Advance of {percent} % on order {number}", percent=number(percent, 2 if percent % 1 else 0), number=order.number)
            lines = advance_lines(lines, percent, share)
        for row in advances:
            lines = taken_off(lines, document_of(row), _("Advance, invoice {number}", number=row["number"]))
    account = settings.bank_account
    place = DocumentParty(name=order.buyer.name, street=order.delivery_place, country=order.buyer.country or "NO") if order.delivery_place else None
    return Invoice(
        number=str(invoice_number), issued_on=on, due_on=due, delivered_on=delivered, seller=seller_of(work, settings, order.owner),
        buyer=buyer_of(order.buyer, order.buyer_reference), delivery=place, lines=lines, currency=order.currency, rate=order.rate, kid=kid, account=account,
        iban=str(BankAccount(account).iban) if account else "", bic=settings.bic, buyer_reference=order.buyer_reference,
        order_reference=order.order_reference, note=order.note, language=order.language,
    )  # fmt: skip


def paper_of(work: Work, order: Order, settings: InvoicingSettings) -> Invoice:
    """An order as quote or, once it is confirmed, as order confirmation."""
    told = invoice_of(work, order, settings, order.number, "", order.ordered_on, order.ordered_on)
    kind = DocumentKind.QUOTE if order.status in {OrderStatus.DRAFT, OrderStatus.QUOTE} else DocumentKind.CONFIRMATION
    return replace(told, kind=kind, due_on=order.valid_until if kind is DocumentKind.QUOTE else None, delivered_on=order.delivered_on, account="", iban="", bic="")


def credit_note_of(invoice: Row, credit_number: int, on: date, lines: tuple[CreditLine, ...], reason: str) -> Invoice:
    """The credit note of an invoice, whole or the lines given."""
    return credited(document_of(invoice), credit_number, on, lines, reason)
