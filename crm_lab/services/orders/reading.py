"""Invoices as lists and frames, with what the ledger says of each today."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, String, and_, case, cast, func, literal, select, true

from crm_lab.domain.invoicing import InvoiceFacts, InvoiceKind, payment_status
from crm_lab.i18n import business_day
from crm_lab.services.customers import shown_name
from crm_lab.store import tables
from crm_lab.store.merges import all_of
from crm_lab.store.records import as_record

if TYPE_CHECKING:
    from uuid import UUID

    import pyarrow as pa
    from sqlalchemy import ColumnElement, Select, Subquery

    from crm_lab.store.records import Row, Work

AMOUNTS = ("net", "vat", "gross")


def still_open() -> Subquery:
    """Id and open_amount of every invoice: nothing where its match is closed, else no more than the residual, on its own side."""
    i, item, p = tables.invoice, tables.match_item, tables.posting
    live = item.c.unlinked_at.is_(None)
    total = select(item.c.match_id, func.sum(p.c.amount).label("residual")).join(p, p.c.id == item.c.posting_id).where(live).group_by(item.c.match_id).subquery()
    rest = case(
        (total.c.residual.is_(None), i.c.gross),
        (i.c.gross > 0, func.greatest(func.least(i.c.gross, total.c.residual), 0)),
        else_=func.least(func.greatest(i.c.gross, total.c.residual), 0),
    )
    query = select(i.c.id, case((i.c.posting_id.is_(None), 0), else_=rest).label("open_amount"))
    query = query.outerjoin(item, and_(item.c.posting_id == i.c.posting_id, live)).outerjoin(total, total.c.match_id == item.c.match_id)
    return query.subquery()


def of_orders() -> Subquery:
    """order_id with invoice_number, due_on, invoiced and open_amount of the invoices of each order, credit notes counted in."""
    i, left = tables.invoice, still_open()
    real = i.c.kind != InvoiceKind.CREDIT_NOTE
    query = select(
        i.c.order_id, func.max(case((real, i.c.number))).label("invoice_number"), func.max(case((real, i.c.due_on))).label("due_on"),
        func.sum(i.c.gross).label("invoiced"), func.sum(left.c.open_amount).label("open_amount"),
    )  # fmt: skip
    return query.join(left, left.c.id == i.c.id).group_by(i.c.order_id).subquery()


def payment_case(amount: ColumnElement[Any], rest: ColumnElement[Any], due_on: ColumnElement[Any], today: Any) -> ColumnElement[str]:
    """`payment_status` as SQL; "" where nothing is invoiced."""
    return case(
        (rest.is_(None), ""), (rest == 0, "paid"), (and_(due_on.is_not(None), due_on < literal(today), rest > 0), "overdue"),
        (rest != amount, "partly"), else_="open",
    )  # fmt: skip


def _told(work: Work, customer_id: UUID | None) -> Select[Any]:
    """Every invoice the caller may see; those of one party also of who was merged into it."""
    i, o, c, left, credited = tables.invoice, tables.sales_order, tables.customer, still_open(), tables.invoice.alias("credited")
    wanted = i.c.customer_id.in_(all_of(c, customer_id)) if customer_id else true()
    query = select(
        i, o.c.number.label("order_number"), o.c.sends_reminders, c.c.number.label("customer_number"), func.coalesce(shown_name(), "").label("customer"), left.c.open_amount,
        credited.c.number.label("credits"),
    )
    query = query.join(o, o.c.id == i.c.order_id).outerjoin(c, c.c.id == i.c.customer_id).join(left, left.c.id == i.c.id)
    return query.outerjoin(credited, credited.c.id == i.c.credits_id).where(and_(wanted, work.visible_to(i)))


def facts_of(work: Work, which: ColumnElement[bool], customer_id: UUID | None = None) -> list[InvoiceFacts]:
    """Invoices in short, the newest first."""
    i = tables.invoice
    rows = work.rows(_told(work, customer_id).where(which).order_by(i.c.issued_on.desc(), i.c.created_at.desc(), i.c.number.desc()))
    return [_facts(work, row) for row in rows]


def _facts(work: Work, row: Row) -> InvoiceFacts:
    payment = payment_status(row["gross"], row["open_amount"], row["due_on"], business_day(work.now))
    return as_record(InvoiceFacts, row | {"payment": payment})


def frame_of(work: Work, customer_id: UUID | None) -> pa.Table:
    """The same as a frame.

    Columns: id, number, kind, order_id, order_number, customer, customer_number, issued_on, due_on, kid, currency, net_minor, vat_minor,
    gross_minor, open_minor (øre), payment, credits (the invoice a credit note is for), created_at.
    """
    told = _told(work, customer_id).subquery()
    today = business_day(work.now)
    query = select(
        cast(told.c.id, String).label("id"), told.c.number, told.c.kind, cast(told.c.order_id, String).label("order_id"), told.c.order_number,
        told.c.customer, told.c.customer_number, told.c.issued_on, told.c.due_on, told.c.kid, told.c.currency,
        *(cast(told.c[name] * 100, BigInteger).label(f"{name}_minor") for name in AMOUNTS),
        cast(told.c.open_amount * 100, BigInteger).label("open_minor"), payment_case(told.c.gross, told.c.open_amount, told.c.due_on, today).label("payment"),
        told.c.credits, told.c.created_at,
    )  # fmt: skip
    return work.frame(query.order_by(told.c.issued_on.desc(), told.c.created_at.desc(), told.c.number.desc()))
