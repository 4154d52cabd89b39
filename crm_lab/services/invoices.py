"""Invoices: made of orders, credited, listed, read as they were made; what the company says on them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec
import pyarrow as pa
from sqlalchemy import select, true

from crm_lab.domain.access import Role
from crm_lab.domain.invoices import Invoice
from crm_lab.domain.invoicing import (
    CannotInvoice,
    CreditLine,
    InvoiceFacts,
    InvoiceKind,
    InvoicingSettings,
    MayNotInvoice,
    OrderFault,
    OrderFinding,
    clean_settings,
)
from crm_lab.domain.orders import Order, OrderStatus
from crm_lab.domain.terms import Terms
from crm_lab.domain.values import clean_text
from crm_lab.errors import InvalidInput
from crm_lab.i18n import _, business_day, day
from crm_lab.services.actions import Service, reads, writes
from crm_lab.services.customers import Customers
from crm_lab.services.orders import Orders
from crm_lab.services.orders.documents import document_of
from crm_lab.services.orders.findings import findings_of, refuse
from crm_lab.services.orders.invoicing import credited_of, make_credit_note, make_invoices, move_on
from crm_lab.services.orders.reading import facts_of, frame_of
from crm_lab.services.orders.settings import settings_of
from crm_lab.store import tables
from crm_lab.store.records import NoSuchRecord

if TYPE_CHECKING:
    from crm_lab.domain.terms import EffectiveTerm

MOST_AT_ONCE, LONGEST_REASON, WHOLE = 200, 250, 100


class Invoices(Service):
    """Invoices and credit notes. Each is as visible as its customer, and never changes."""

    @reads()
    def list(self, *, customer_id: UUID | None = None) -> pa.Table:
        """Every invoice and credit note the caller may see, or those of one customer, the newest first; columns of `reading.frame_of`."""
        if customer_id:
            self.work.require(tables.customer, customer_id)
        return frame_of(self.work, customer_id)

    @reads()
    def of_customer(self, *, customer_id: UUID) -> list[InvoiceFacts]:  # type: ignore[valid-type]
        """The invoices and credit notes of a customer, the newest first. Raises `NotFound`, also where it is hidden."""
        self.work.require(tables.customer, customer_id)
        return facts_of(self.work, true(), customer_id)

    @reads()
    def of_order(self, *, order_id: UUID) -> list[InvoiceFacts]:  # type: ignore[valid-type]
        """The invoices and credit notes made of an order, the newest first. Raises `NotFound`, also where it is hidden."""
        self.work.require(tables.sales_order, order_id)
        return facts_of(self.work, tables.invoice.c.order_id == order_id)

    @reads()
    def facts(self, *, id: UUID) -> InvoiceFacts:  # noqa: A002 - the wire's word
        """An invoice in short, with what the ledger says of it. Raises `NotFound`, also where it is hidden."""
        found = facts_of(self.work, tables.invoice.c.id == id)
        if not found:
            raise NoSuchRecord
        return found[0]

    @reads()
    def document(self, *, id: UUID) -> Invoice:  # noqa: A002
        """An invoice or credit note as it was made, to print and to send. Raises `NotFound`, also where it is hidden."""
        return document_of(self.work.seen(tables.invoice, id))

    @reads()
    def settings(self) -> InvoicingSettings:
        """What the company says on its invoices and how it numbers them."""
        return settings_of(self.work)

    @writes(needs=Role.ADMIN)
    def set_settings(self, *, settings: InvoicingSettings) -> InvoicingSettings:
        """Change that; what runs at night does so as who saves this. Raises `InvalidFields`."""
        is_nightly = settings.repeats_nightly or settings.reminds_nightly
        clean = replace(clean_settings(settings), nightly_as=self.actor.username if is_nightly else "")
        row = self.work.one(select(tables.company))
        assert row is not None  # noqa: S101 - an administrator belongs to a company
        self.work.change(tables.company, row["id"], row["version"], invoicing=msgspec.to_builtins(clean))
        return clean

    @reads()
    def faults(self, *, order_ids: tuple[UUID, ...], on: date | None = None) -> list[OrderFault]:  # type: ignore[valid-type]
        """Which of these orders cannot be invoiced, and why; nothing is changed. Raises `NotFound`."""
        return self._faults(Orders(self.work).read(order_ids), on or business_day(self.work.now))

    @reads()
    def findings(self, *, order_id: UUID, on: date | None = None) -> list[OrderFinding]:  # type: ignore[valid-type]
        """What is to be mended before an order is invoiced, at the line it concerns; an EHF is checked by all its rules. Raises `NotFound`."""
        order = Orders(self.work).get(id=order_id)
        return findings_of(self.work, order, settings_of(self.work), self._terms({order.customer_id})[order.customer_id], on or business_day(self.work.now))

    @reads()
    def may_invoice(self) -> bool:
        """Whether the company lets the caller invoice and credit."""
        return not settings_of(self.work).is_limited or self.actor.has(Role.ACCOUNTANT) or self.actor.has(Role.ADMIN)

    @writes()
    def create(self, *, order_ids: tuple[UUID, ...], on: date | None = None, advance_percent: Decimal | None = None) -> tuple[InvoiceFacts, ...]:
        """Invoice orders: numbered without gaps, with KID and due date, posted on the customers; all of them or none.

        `advance_percent` invoices so much of each in advance, which the invoice itself later takes off.

        Raises
        ------
        CannotInvoice, InvalidInput, MayNotInvoice, NotFound
        """
        if not self.may_invoice():
            raise MayNotInvoice
        if len(order_ids) > MOST_AT_ONCE:
            raise InvalidInput(_("Mark at most {n} orders at a time.", n=MOST_AT_ONCE), "order_ids")
        if advance_percent is not None and not 0 < advance_percent < WHOLE:
            raise InvalidInput(_("An advance is more than 0 and less than 100 per cent."), "advance_percent")
        issued, orders = on or business_day(self.work.now), Orders(self.work).read(order_ids)
        settings = settings_of(self.work)
        self._refuse(orders, settings, issued)
        keys = make_invoices(self.work, orders, settings, issued, percent=advance_percent)
        move_on(self.work, orders, OrderStatus.INVOICED if advance_percent is None else OrderStatus.CONFIRMED)
        return tuple(sorted(facts_of(self.work, tables.invoice.c.id.in_(keys)), key=lambda facts: facts.number))

    @writes()
    def stop_reminders(self, *, id: UUID, stops: bool = True) -> None:  # noqa: A002
        """Leave an invoice out of the reminders, as when it is disputed; or no longer. Raises `NotFound`."""
        order = Orders(self.work).get(id=self.work.seen(tables.invoice, id)["order_id"])
        self.work.change(tables.sales_order, order.id, order.version, sends_reminders=not stops)

    @writes()
    def credit(self, *, id: UUID, lines: tuple[CreditLine, ...] = (), reason: str = "", on: date | None = None) -> InvoiceFacts:  # noqa: A002
        """Credit an invoice, whole or the lines given: posted, and linked with the invoice where that is open. Raises `InvalidInput`, `MayNotInvoice`, `NotFound`."""
        if not self.may_invoice():
            raise MayNotInvoice
        row, issued, settings = self.work.seen(tables.invoice, id), on or business_day(self.work.now), settings_of(self.work)
        if row["kind"] == InvoiceKind.CREDIT_NOTE:
            raise InvalidInput(_("This is a credit note. Credit the invoice it is for, or make a new one."), "id")
        if settings.closed_until and issued <= settings.closed_until:
            raise InvalidInput(_("The period until {day} is closed. Choose a later day.", day=day(settings.closed_until)), "on")
        order = Orders(self.work).get(id=row["order_id"])
        text = clean_text(reason, "reason", max_length=LONGEST_REASON)
        key = make_credit_note(self.work, row, order, settings, issued, lines, text)
        if row["kind"] == InvoiceKind.INVOICE and credited_of(self.work, id) >= row["gross"]:
            move_on(self.work, [order], OrderStatus.CREDITED)
        return self.facts(id=key)

    def _refuse(self, orders: Iterable[Order], settings: InvoicingSettings, on: date) -> None:
        terms = self._terms({order.customer_id for order in orders})
        for order in orders:
            refuse(order, findings_of(self.work, order, settings, terms[order.customer_id], on))

    def _faults(self, orders: Iterable[Order], on: date) -> list[OrderFault]:  # type: ignore[valid-type]
        settings, terms, found = settings_of(self.work), self._terms({order.customer_id for order in orders}), []
        for order in orders:
            try:
                refuse(order, findings_of(self.work, order, settings, terms[order.customer_id], on))
            except CannotInvoice as error:
                found.append(OrderFault(order.id, order.number, error.reason))
        return found

    def _terms(self, keys: set[UUID]) -> dict[UUID, dict[str, EffectiveTerm]]:
        """The settings of customers as they apply today."""
        link, customers = tables.category_link, Customers(self.work)
        labels: dict[Any, list[UUID]] = {}  # type: ignore[valid-type]
        for row in self.work.rows_of(link, "customer_id", keys):
            labels.setdefault(row["customer_id"], []).append(row["category_id"])
        rows = self.work.rows_of(tables.customer, "id", keys)
        own = {row["id"]: msgspec.convert(row["terms"] or {}, Terms, strict=False) for row in rows}
        return {key: customers.effective_terms(own=terms, categories=tuple(labels.get(key, ()))) for key, terms in own.items()}
