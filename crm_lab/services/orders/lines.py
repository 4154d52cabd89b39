"""The lines of orders, read, written and summed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from crm_lab.domain.orders import Order, OrderLine
from crm_lab.domain.products import Product
from crm_lab.errors import Conflict
from crm_lab.i18n import _
from crm_lab.store import tables
from crm_lab.store.bulk import among
from crm_lab.store.records import as_record

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from uuid import UUID

    from crm_lab.store.records import Row, Work

KEPT = {"id", "version"}


class NoSuchProduct(Conflict):
    """A line names a product that is not there."""

    def __init__(self, at: int) -> None:
        super().__init__(_("Line {n}: there is no such product.", n=at))


def lines_of(work: Work, order_ids: Iterable[UUID]) -> dict[UUID, list[OrderLine]]:
    """The lines of orders in their order; that the orders are visible has been asked."""
    o, found = tables.order_line, dict[Any, list[OrderLine]]()
    for row in work.rows(select(o).where(among(o.c.order_id, order_ids)).order_by(o.c.position)):
        found.setdefault(row["order_id"], []).append(as_record(OrderLine, row))
    return found


def save_lines(work: Work, order: Order) -> None:
    """Make the order's lines all there are of it; what stays the same is left alone."""
    o = tables.order_line
    had = {row["id"]: row for row in work.rows(select(o).where(o.c.order_id == order.id))}
    wanted = {line.id: _row(order, position, line) for position, line in enumerate(order.lines)}
    work.remove_many(o, [row for key, row in had.items() if key not in wanted])
    changed = [(had[key], had[key] | {k: v for k, v in row.items() if k not in KEPT}) for key, row in wanted.items() if key in had]
    work.change_many(o, [(before, after) for before, after in changed if before != after])
    work.insert_many(o, [row for key, row in wanted.items() if key not in had])


def check_products(work: Work, lines: Sequence[OrderLine]) -> None:
    """Raise `NoSuchProduct` where a line names a product that is not there."""
    named = {line.product_id for line in lines} - {None}
    known = {row["id"] for row in work.rows_of(tables.product, "id", named)} if named else set()
    for at, line in enumerate(lines, 1):
        if line.product_id and line.product_id not in known:
            raise NoSuchProduct(at)


def products_of(work: Work, keys: Iterable[UUID]) -> dict[UUID, Product]:
    """Products by key, archived ones too."""
    return {row["id"]: as_record(Product, row) for row in work.rows_of(tables.product, "id", keys)}


def _row(order: Order, position: int, line: OrderLine) -> Row:
    told = {name: getattr(line, name) for name in ("id", "product_id", "number", "text", "quantity", "unit", "price", "discount", "vat_code", "net")}
    return told | {"version": 1, "order_id": order.id, "customer_id": order.customer_id, "position": position}


def fresh(lines: Iterable[OrderLine], keys: Iterable[UUID]) -> tuple[OrderLine, ...]:
    """Copies of lines with keys of their own."""
    return tuple(replace(line, id=key) for line, key in zip(lines, keys, strict=False))
