"""Invoices made of orders, credit notes made of invoices: numbered and posted in one transaction, and never changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec
from sqlalchemy import and_, func, select

from crm_lab.domain.ids import new_id
from crm_lab.domain.invoicing import (
    FIRST_CREDIT_NOTE,
    InvoiceKind,
    InvoicingSettings,
    kid_of,
)
from crm_lab.domain.ledger import CONTROL_ACCOUNT, Ledger, Linking, MatchRule, Posting, PostingKind
from crm_lab.domain.orders import Order, OrderStatus
from crm_lab.errors import InvalidInput
from crm_lab.i18n import _, use_locale
from crm_lab.services.ledger.links import add_postings, link
from crm_lab.services.orders.documents import credit_note_of, invoice_of
from crm_lab.store import tables
from crm_lab.store.bulk import among

if TYPE_CHECKING:
    from uuid import UUID

    from crm_lab.domain.invoices import Invoice
    from crm_lab.domain.invoicing import CreditLine
    from crm_lab.store.records import Row, Work

INVOICES, CREDIT_NOTES = "invoice", "credit_note"


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbered:
    """A document with its number, on its way into the ledger."""

    kind: InvoiceKind
    number: int
    series: str
    order: Order
    customer_id: UUID
    document: Invoice
    kid: str
    issued_on: date
    due_on: date | None
    credits_id: UUID | None = None


def make_invoices(work: Work, orders: Sequence[Order], settings: InvoicingSettings, on: date, *, percent: Decimal | None = None) -> list[UUID]:
    """Number and post checked orders, an advance of `percent` or the whole; the keys of their invoices."""
    kind = InvoiceKind.INVOICE if percent is None else InvoiceKind.ADVANCE
    first = work.next_number(INVOICES, settings.first_invoice, len(orders))
    advances = _advances(work, [order.id for order in orders]) if percent is None else {}
    made = []
    for number, order in enumerate(orders, first):
        due, kid = on + timedelta(days=order.payment_days), kid_of(settings, order.buyer.number, number)
        document = invoice_of(work, order, settings, number, kid, on, due, percent=percent, advances=advances.get(order.id, []))
        made.append(
            Numbered(
                kind=kind, number=number, series=INVOICES, order=order, customer_id=order.customer_id, document=document, kid=kid, issued_on=on, due_on=due
            )
        )
    return _keep(work, made)


def make_credit_note(
    work: Work, invoice: Row, order: Order, settings: InvoicingSettings, on: date, lines: tuple[CreditLine, ...], reason: str
) -> UUID:
    """Credit an invoice, whole or line by line: numbered, posted against it and linked with it; the key of the credit note."""
    series, first = (CREDIT_NOTES, FIRST_CREDIT_NOTE) if settings.own_credit_series else (INVOICES, settings.first_invoice)
    number = work.next_number(series, first)
    document = credit_note_of(invoice, number, on, lines, reason)
    numbered = Numbered(
        kind=InvoiceKind.CREDIT_NOTE, number=number, series=series, order=order, customer_id=invoice["customer_id"], document=document, kid="",
        issued_on=on, due_on=None, credits_id=invoice["id"],
    )  # fmt: skip
    _check_rest(work, invoice, document)
    (key,) = _keep(work, [numbered])
    _link(work, invoice, key)
    return key


def _keep(work: Work, made: Sequence[Numbered]) -> list[UUID]:
    """Post the documents and keep them as they are."""
    postings = [_posting(one) for one in made]
    posted = add_postings(work, [p for p in postings if p.amount]) if any(p.amount for p in postings) else ()
    there = {p.id for p in posted}
    rows = [_row(work, one, posting.id if posting.id in there else None) for one, posting in zip(made, postings, strict=True)]
    work.insert_many(tables.invoice, rows)
    return [row["id"] for row in rows]


def _posting(one: Numbered) -> Posting:
    is_credit = one.kind is InvoiceKind.CREDIT_NOTE
    with use_locale("nb"):
        text = _("Credit note {number}", number=one.number) if is_credit else _("Invoice {number}", number=one.number)
    return Posting(
        id=new_id(), customer_id=one.customer_id, ledger=Ledger.RECEIVABLE, account=CONTROL_ACCOUNT[Ledger.RECEIVABLE],
        kind=PostingKind.CREDIT_NOTE if is_credit else PostingKind.INVOICE, document_number=str(one.number), posted_on=one.issued_on, due_on=one.due_on,
        amount=signed(one), currency=one.order.currency, kid=one.kid, text=text,
    )  # fmt: skip


def signed(one: Numbered, name: str = "gross") -> Decimal:
    """An amount of the document as the ledger has it: a credit note's below zero."""
    amount: Decimal = getattr(one.document.totals, name)
    return -amount if one.kind is InvoiceKind.CREDIT_NOTE else amount


def _row(work: Work, one: Numbered, posting_id: UUID | None) -> Row:
    return {
        "id": new_id(), "number": one.number, "series": one.series, "kind": one.kind, "order_id": one.order.id, "customer_id": one.customer_id,
        "credits_id": one.credits_id, "issued_on": one.issued_on, "due_on": one.due_on, "kid": one.kid, "currency": one.order.currency,
        "net": signed(one, "net"), "vat": signed(one, "vat"), "gross": signed(one), "posting_id": posting_id,
        "content": msgspec.to_builtins(one.document), "created_by": work.actor.id if work.actor else None, "created_at": work.now,
    }  # fmt: skip


def _advances(work: Work, order_ids: Sequence[UUID]) -> dict[Any, list[Row]]:
    """The advance invoices of orders that are not credited."""
    i, credit = tables.invoice, tables.invoice.alias()
    credited = select(credit.c.id).where(credit.c.credits_id == i.c.id).exists()
    query = select(i).where(and_(among(i.c.order_id, order_ids), i.c.kind == InvoiceKind.ADVANCE, ~credited)).order_by(i.c.number)
    found: dict[Any, list[Row]] = {}
    for row in work.rows(query):
        found.setdefault(row["order_id"], []).append(row)
    return found


def credited_of(work: Work, invoice_id: UUID) -> Decimal:
    """How much of an invoice is credited so far, above zero."""
    i = tables.invoice
    return -(work.scalar(select(func.sum(i.c.gross)).where(i.c.credits_id == invoice_id)) or Decimal(0))


def _check_rest(work: Work, invoice: Row, document: Invoice) -> None:
    rest = invoice["gross"] - credited_of(work, invoice["id"])
    if document.totals.gross > rest:
        raise InvalidInput(_("Of invoice {number}, {rest} {currency} is left to credit.", number=invoice["number"], rest=str(rest), currency=invoice["currency"]), "lines")


def _link(work: Work, invoice: Row, credit_id: UUID) -> None:
    """Link a credit note with its invoice, unless that is settled already: then it stands open for the customer to use."""
    i, item, group, p = tables.invoice, tables.match_item, tables.match_group, tables.posting
    posting = work.scalar(select(i.c.posting_id).where(i.c.id == credit_id))
    if posting is None or invoice["posting_id"] is None:
        return
    live = and_(item.c.posting_id == invoice["posting_id"], item.c.unlinked_at.is_(None))
    match = work.one(select(group.c.id, group.c.number).join(item, item.c.match_id == group.c.id).where(live))
    if match:
        members = select(func.sum(p.c.amount)).join(item, item.c.posting_id == p.c.id)
        if not work.scalar(members.where(and_(item.c.match_id == match["id"], item.c.unlinked_at.is_(None)))):
            return
    merging = (match["number"],) if match else ()
    link(work, Linking(posting_ids=(invoice["posting_id"], posting), rule=MatchRule.CREDIT_NOTE, merging=merging))


def move_on(work: Work, orders: Sequence[Order], status: OrderStatus) -> None:
    """Give orders the status that invoicing or crediting brings."""
    rows = {row["id"]: row for row in work.rows_of(tables.sales_order, "id", [order.id for order in orders])}
    changed = [(row, row | {"status": status}) for row in rows.values() if row["status"] != status]
    work.change_many(tables.sales_order, changed)


