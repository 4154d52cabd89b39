"""What orders come to: their lines as those of a document, summed as EN 16931 demands."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from crm_lab.domain.invoices import ZERO, DocumentLine, discount, totals_of
from crm_lab.domain.vat import VatCategory, vat_on

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date
    from decimal import Decimal

    from crm_lab.domain.orders import Order, OrderLine
    from crm_lab.domain.vat import VatCode


def document_lines(lines: Iterable[OrderLine], codes: Sequence[VatCode], on: date) -> tuple[DocumentLine, ...]:
    """The lines of an order as a document has them, taxed at the rates of a day. Raises `UnknownVatCode`."""
    return tuple(_document_line(line, *_taxed(codes, line.vat_code, on)) for line in lines)


def _taxed(codes: Sequence[VatCode], code: str, on: date) -> tuple[VatCategory, Decimal]:
    found = vat_on(codes, code, on)
    return found.category, found.rate


def _document_line(line: OrderLine, category: VatCategory, rate: Decimal) -> DocumentLine:
    return DocumentLine(
        text=line.text, number=line.number, quantity=line.quantity, unit=str(line.unit), price=line.price,
        adjustments=discount(line.price, line.quantity, line.discount), category=category, rate=rate,
    )  # fmt: skip


def summed(order: Order, codes: Sequence[VatCode]) -> Order:
    """The order with what its lines come to on the day it was made."""
    nets: dict[str, Decimal] = {}
    for line in order.billed:
        nets[line.vat_code] = nets.get(line.vat_code, ZERO) + line.net
    taxed = ((net, *_taxed(codes, code, order.ordered_on)) for code, net in nets.items())
    totals = totals_of(DocumentLine(text="", price=net, category=category, rate=rate) for net, category, rate in taxed)
    return replace(order, net=totals.net, vat=totals.vat, gross=totals.gross)
