"""What would make an invoice refused or returned, found before it has a number: our own rules, and those of EHF where it is sent as one."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from crm_lab.domain.invoicing import CannotInvoice, OrderFinding, check_invoiceable, kid_of
from crm_lab.domain.terms import Distribution
from crm_lab.i18n import _
from crm_lab.services.orders.documents import invoice_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from crm_lab.domain.invoicing import InvoicingSettings
    from crm_lab.domain.orders import Order
    from crm_lab.domain.terms import EffectiveTerm
    from crm_lab.store.records import Work

FIRST = 1
"""Stands for the number that the invoice does not have yet."""


def findings_of(work: Work, order: Order, settings: InvoicingSettings, terms: Mapping[str, EffectiveTerm], on: date) -> list[OrderFinding]:
    """All that is wrong with an order as an invoice of a day, the fatal first; nothing where it can be invoiced and sent."""
    try:
        check_invoiceable(order, settings, terms, on)
    except CannotInvoice as error:
        return [OrderFinding(field=name, message=text) for name, text in error.reasons.items()]
    return _of_ehf(work, order, settings, on) if order.distribution is Distribution.EHF else []


def refuse(order: Order, findings: Iterable[OrderFinding]) -> None:
    """Raise `CannotInvoice` where any of them is fatal; a fault of a line stands at "lines.3.price", counted from 1."""
    told: dict[str, str] = {}
    for one in findings:
        if one.is_fatal:
            name = f"lines.{one.line}.{one.field}" if one.line else one.field
            told.setdefault(name, in_words(one))
    if told:
        raise CannotInvoice(order.number, told)


def in_words(finding: OrderFinding) -> str:
    """A finding where its line cannot be pointed at."""
    return _("Line {n}: {text}", n=finding.line, text=finding.message) if finding.line else finding.message


def _of_ehf(work: Work, order: Order, settings: InvoicingSettings, on: date) -> list[OrderFinding]:
    """What the schema and the rules of EN 16931, Peppol and Norway say; a line beyond the order's own is about all of it."""
    from crm_lab.exchange.ubl import Severity, check_ubl, write_ubl

    kid, due = kid_of(settings, order.buyer.number, FIRST), on + timedelta(days=order.payment_days)
    found = check_ubl(write_ubl(invoice_of(work, order, settings, FIRST, kid, on, due)))
    return [
        OrderFinding(
            line=one.line if one.line and one.line <= len(order.lines) else None, field=one.field or one.rule, message=one.message,
            is_fatal=one.severity is Severity.FATAL, rule=one.rule,
        )
        for one in found
    ]  # fmt: skip
