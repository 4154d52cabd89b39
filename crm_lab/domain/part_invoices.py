"""Invoices of a part: in advance, with the advance taken off, and credit notes for some lines."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from crm_lab.domain.invoices import HUNDRED, ONE, DocumentLine, Invoice, credit_of, discount, rounded
from crm_lab.errors import InvalidInput
from crm_lab.i18n import _

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from decimal import Decimal

    from crm_lab.domain.invoicing import CreditLine
    from crm_lab.domain.vat import VatCategory


def advance_lines(lines: Sequence[DocumentLine], percent: Decimal, text: str) -> tuple[DocumentLine, ...]:
    """Of what is taxed alike, so many per cent, as one line each."""
    shares: dict[tuple[VatCategory, Decimal], Decimal] = {}
    for line in lines:
        key = line.category, line.rate
        shares[key] = shares.get(key, ONE * 0) + line.net
    amounts = ((key, rounded(net * percent / HUNDRED)) for key, net in shares.items())
    return tuple(_amount(text, amount, *key) for key, amount in amounts if amount)


def taken_off(lines: Sequence[DocumentLine], advance: Invoice, text: str) -> tuple[DocumentLine, ...]:
    """The lines, with those of an advance taken off at the end."""
    return (*lines, *(_amount(text, -line.net, line.category, line.rate) for line in advance.lines))


def credited(invoice: Invoice, number: int, on: date, lines: Sequence[CreditLine], note: str) -> Invoice:
    """The credit note of an invoice, whole or the lines given, at the invoice's rates. Raises `InvalidInput` where a line has not so much."""
    whole = credit_of(invoice, number=str(number), issued_on=on)
    return replace(whole, note=note, lines=tuple(_part(invoice.lines, one) for one in lines) if lines else invoice.lines)


def percent_of(line: DocumentLine) -> Decimal:
    """The discount of a line in per cent."""
    return next((one.percent for one in line.adjustments if one.percent is not None), ONE * 0)


def _part(lines: Sequence[DocumentLine], wanted: CreditLine) -> DocumentLine:
    if not 1 <= wanted.line <= len(lines):
        raise InvalidInput(_("The invoice has no line {n}.", n=wanted.line), "lines")
    line = lines[wanted.line - 1]
    if not 0 < abs(wanted.quantity) <= abs(line.quantity) or (wanted.quantity < 0) != (line.quantity < 0):
        raise InvalidInput(_("Line {n} has {most} to credit.", n=wanted.line, most=f"{line.quantity.normalize():f}"), "lines")
    if wanted.quantity == line.quantity:
        return line
    return replace(line, quantity=wanted.quantity, adjustments=discount(line.price, wanted.quantity, percent_of(line)))


def _amount(text: str, amount: Decimal, category: VatCategory, rate: Decimal) -> DocumentLine:
    return DocumentLine(text=text, quantity=ONE if amount > 0 else -ONE, price=abs(amount), category=category, rate=rate)
