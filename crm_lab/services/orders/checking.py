"""Whether invoices still are what was made: their sums reckoned anew, their series without gaps, and the same amount and KID in the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select

from crm_lab.domain.invoicing import InvoiceKind
from crm_lab.i18n import _
from crm_lab.services.orders.documents import document_of
from crm_lab.store import tables

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crm_lab.store.records import Row, Work

MOST_NAMED = 10


def invoice_faults(work: Work) -> list[str]:
    """What is wrong with invoices, one sentence a fault."""
    return [*_broken_series(work), *_apart(work), *_changed(work)]


def _broken_series(work: Work) -> Iterator[str]:
    """Numbers that are lacking, given twice, or taken without a document."""
    i, counter = tables.invoice, tables.counter
    query = select(i.c.series, func.min(i.c.number).label("first"), func.max(i.c.number).label("last"), func.count().label("n"))
    for row in work.rows(query.group_by(i.c.series)):
        at = work.scalar(select(counter.c.value).where(counter.c.name == row["series"]))
        if row["last"] - row["first"] + 1 != row["n"]:
            yield _("The series {name} has {n} documents between {first} and {last}: numbers are lacking. Find them in the last backup (crm-lab restore), and note the reason for the accountant.", name=row["series"], n=row["n"], first=row["first"], last=row["last"])
        if at != row["last"]:
            yield _("The series {name} stands at {at}, but its last document is {last}. Invoice nothing more in it, and compare with the last backup: crm-lab restore.", name=row["series"], at=at or 0, last=row["last"])


def _apart(work: Work) -> Iterator[str]:
    """Invoices that the ledger has with another amount or KID, or not at all."""
    i, p = tables.invoice, tables.posting
    joined = select(func.count()).select_from(i.outerjoin(p, p.c.id == i.c.posting_id))
    if n := work.scalar(joined.where(func.coalesce(p.c.amount, 0) != i.c.gross)):
        yield _("{n} invoices stand in the ledger with another amount, or not at all. Compare with the last backup (crm-lab restore) before any of them is sent or paid.", n=n)
    if n := work.scalar(joined.where(p.c.id.is_not(None), func.coalesce(p.c.kid, "") != i.c.kid)):
        yield _("{n} invoices stand in the ledger with another KID: their payments would not be matched. Compare with the last backup (crm-lab restore).", n=n)


def _changed(work: Work) -> Iterator[str]:
    """Documents whose lines do not come to their sums, or that say another number or KID than the list."""
    i = tables.invoice
    wrong = [str(row["number"]) for row in work.rows(select(i).order_by(i.c.series, i.c.number)) if not _is_whole(row)]
    if wrong:
        told = ", ".join(wrong[:MOST_NAMED]) + (" …" if len(wrong) > MOST_NAMED else "")
        yield _("The lines of {n} invoices do not come to their sums, or their number or KID is another: {numbers}. Compare with the last backup (crm-lab restore).", n=len(wrong), numbers=told)


def _is_whole(row: Row) -> bool:
    document = document_of(row)
    sign, totals = -1 if row["kind"] == InvoiceKind.CREDIT_NOTE else 1, document.totals
    reckoned = (sign * totals.net, sign * totals.vat, sign * totals.gross)
    return reckoned == (row["net"], row["vat"], row["gross"]) and (document.number, document.kid) == (str(row["number"]), row["kid"])
