"""Orders: made, listed, changed, moved on, copied, merged, deleted."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Unpack
from uuid import UUID

import pyarrow as pa
from sqlalchemy import BigInteger, String, and_, case, cast, func, select

from crm_lab.domain.ids import new_id, new_ids
from crm_lab.domain.invoices import Invoice
from crm_lab.domain.order_sums import summed
from crm_lab.domain.orders import (
    EXPIRED,
    Order,
    OrderFields,
    OrderLine,
    OrderStatus,
    Origin,
    Unchangeable,
    Undeletable,
    check_mergeable,
    check_validity,
    clean_order,
    months_after,
)
from crm_lab.domain.products import PriceFound
from crm_lab.errors import InvalidInput
from crm_lab.i18n import _, business_day
from crm_lab.services.actions import Service, reads, writes
from crm_lab.services.customers import shown_name
from crm_lab.services.opportunities import Opportunities
from crm_lab.services.orders import lines as parts
from crm_lab.services.orders.documents import paper_of
from crm_lab.services.orders.making import fresh_order, group_discount, lines_for, numbered
from crm_lab.services.orders.reading import of_orders, payment_case
from crm_lab.services.orders.settings import settings_of
from crm_lab.services.vat import codes_of_sales as codes
from crm_lab.services.vat import vat_codes
from crm_lab.store import tables
from crm_lab.store.bulk import among
from crm_lab.store.records import NoSuchRecord, Row, as_record, as_row

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

KEPT = {"id", "version", "number", "created_by", "created_at"}
MOVES = {OrderStatus.DRAFT, OrderStatus.QUOTE, OrderStatus.CONFIRMED}
MOST_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class ProductLine:
    """A product as it becomes a line of an order, and where its price comes from; and its discount, where that is one on its `group`."""

    line: OrderLine
    price: PriceFound
    group: str = ""
    discount: Origin | None = None


class Orders(Service):
    """Orders. One is as visible as its customer."""

    @reads()
    def count(self) -> int:
        """How many are still to be invoiced, of those the caller may see."""
        o = tables.sales_order
        still = and_(o.c.status.in_(MOVES), self.work.visible_to(o))
        return int(self.work.scalar(select(func.count()).select_from(o).where(still)))

    @reads()
    def list(self, *, customer_id: UUID | None = None) -> pa.Table:
        """Every order the caller may see, or those of one customer, the newest first.

        Columns: id, number, customer, customer_number, owner, status, state, ordered_on, valid_until, currency, net_minor, vat_minor, gross_minor (øre),
        buyer_reference, n_lines, opportunity_id, next_on, created_at, invoice_number, due_on, open_minor, payment ("" where nothing is invoiced). `state` is the status, or "expired" of a
        quote that is no longer valid.
        """
        o, c, e, n = tables.sales_order, tables.customer, tables.employee, tables.order_line
        paid, today = of_orders(), business_day(self.work.now)
        counted = select(n.c.order_id, func.count().label("n")).group_by(n.c.order_id).subquery()
        query = (
            select(
                cast(o.c.id, String).label("id"), o.c.number, func.coalesce(shown_name(), "").label("customer"), c.c.number.label("customer_number"),
                func.coalesce(e.c.name, "").label("owner"), o.c.status, o.c.ordered_on, o.c.valid_until, o.c.currency,
                case((and_(o.c.status == OrderStatus.QUOTE, o.c.valid_until < today), EXPIRED), else_=o.c.status).label("state"),
                *(cast(o.c[name] * 100, BigInteger).label(f"{name}_minor") for name in ("net", "vat", "gross")), o.c.buyer_reference,
                func.coalesce(counted.c.n, 0).label("n_lines"), cast(o.c.opportunity_id, String).label("opportunity_id"), o.c.next_on, o.c.created_at,
                paid.c.invoice_number, paid.c.due_on, cast(paid.c.open_amount * 100, BigInteger).label("open_minor"),
                payment_case(paid.c.invoiced, paid.c.open_amount, paid.c.due_on, today).label("payment"),
            )
            .outerjoin(c, c.c.id == o.c.customer_id)
            .outerjoin(e, e.c.id == o.c.owner_id)
            .outerjoin(counted, counted.c.order_id == o.c.id)
            .outerjoin(paid, paid.c.order_id == o.c.id)
            .where(self.work.visible_to(o))
            .order_by(o.c.number.desc())
        )  # fmt: skip
        if customer_id:
            self.work.require(tables.customer, customer_id)
            query = query.where(o.c.customer_id == customer_id)
        return self.work.frame(query)

    @reads()
    def lines(self) -> pa.Table:
        """Every line of every order the caller may see, for analysis.

        Columns: order_number, customer_number, status, ordered_on, position, product_number, text, quantity_e4, unit, price_e4 (ten-thousandths),
        discount_e2 (hundredths of a per cent), vat_code, currency, net_minor (øre).
        """
        o, c, n = tables.sales_order, tables.customer, tables.order_line
        scaled = [cast(n.c[name] * 10**places, BigInteger).label(label) for name, places, label in _SCALED]
        query = (
            select(
                o.c.number.label("order_number"), c.c.number.label("customer_number"), o.c.status, o.c.ordered_on, n.c.position,
                n.c.number.label("product_number"), n.c.text, n.c.unit, n.c.vat_code, o.c.currency, *scaled,
            )
            .join(o, o.c.id == n.c.order_id).outerjoin(c, c.c.id == o.c.customer_id)
            .where(and_(self.work.visible_to(o), self.work.visible_to(n)))
            .order_by(o.c.number, n.c.position)
        )  # fmt: skip
        return self.work.frame(query)

    @reads()
    def get(self, *, id: UUID) -> Order:  # noqa: A002 - the wire's word
        """One order with its lines. Raises `NotFound`, also where it is hidden."""
        return self.read([id])[0]

    @reads()
    def by_number(self, *, number: int) -> Order:
        """One order by its number. Raises `NotFound`, also where it is hidden."""
        o = tables.sales_order
        return self.get(id=self.work.scalar(select(o.c.id).where(and_(o.c.number == number, self.work.visible_to(o)))) or new_id())

    @reads()
    def document(self, *, id: UUID) -> Invoice:  # noqa: A002
        """An order as quote or confirmation, to print and to send. Raises `NotFound`, also where it is hidden."""
        return paper_of(self.work, self.get(id=id), settings_of(self.work))

    @reads()
    def fresh(self, *, customer_id: UUID) -> Order:
        """A draft for a customer as `create` would begin it, unsaved: its settings, and where each comes from. Raises `NotFound`."""
        return self._with_owner(fresh_order(self.work, customer_id, self.actor.id))

    @reads()
    def product_line(
        self, *, customer_id: UUID, product_id: UUID, price_list: str = "", currency: str = "NOK", discount: Decimal = Decimal(0), on: date | None = None
    ) -> ProductLine:
        """A product as a line of a customer's order, its price from the list named, else its own. Raises `NotFound`."""
        order = replace(fresh_order(self.work, customer_id, self.actor.id), price_list=price_list, currency=currency, discount=discount)
        product = parts.products_of(self.work, [product_id]).get(product_id)
        if product is None:
            raise NoSuchRecord
        line, price = lines_for(self.work, order, [product], on or business_day(self.work.now))[product_id]
        term = group_discount(self.work, customer_id)
        is_ours = product.product_group and term.value
        return ProductLine(line, price, product.product_group if is_ours else "", Origin(term.source, term.name) if is_ours else None)

    @writes()
    def create(self, *, customer_id: UUID, opportunity_id: UUID | None = None, status: OrderStatus = OrderStatus.DRAFT, **fields: Unpack[OrderFields]) -> Order:
        """Make an order; what is not given comes from the customer's settings. Raises `InvalidFields`, `NotFound`."""
        begun = fresh_order(self.work, customer_id, self.actor.id)
        if opportunity_id:
            Opportunities(self.work).get(id=opportunity_id)
        clean: dict[str, Any] = dict(clean_order(fields, codes()))
        origins = {name: origin for name, origin in begun.origins.items() if name not in clean or clean[name] == getattr(begun, name)}
        order = replace(begun, opportunity_id=opportunity_id, status=_to(status), **clean, origins=origins)
        return self._add(order)

    @writes()
    def from_opportunity(self, *, opportunity_id: UUID) -> Order:
        """Make an order of what an opportunity says: its customer, title and amount. Raises `NotFound`."""
        found = Opportunities(self.work).get(id=opportunity_id)
        order = fresh_order(self.work, found.customer_id, self.actor.id)
        line = OrderLine(id=new_id(), text=found.title, price=(found.amount or Decimal(0)).quantize(Decimal("0.0001")), discount=order.discount)
        return self._add(replace(order, opportunity_id=found.id, currency=found.currency, lines=(line,)))

    @writes()
    def change(self, *, id: UUID, version: int, **fields: Unpack[OrderFields]) -> Order:  # noqa: A002
        """Change the given fields; lines are given whole. Raises `InvalidFields`, `NotFound`, `ChangedMeanwhile`, `Unchangeable`."""
        before = self.get(id=id)
        if not before.is_written:
            raise Unchangeable(before.number)
        clean: dict[str, Any] = dict(clean_order(fields, codes()))
        origins = {name: origin for name, origin in before.origins.items() if name not in clean or clean[name] == getattr(before, name)}
        return self._save(before, replace(before, **clean, origins=origins), version)

    @writes()
    def refresh(self, *, id: UUID, version: int) -> Order:  # noqa: A002
        """Take the customer's name, address and number over again, as they are now. Raises `ChangedMeanwhile`, `Unchangeable`."""
        before = self.get(id=id)
        if not before.is_written:
            raise Unchangeable(before.number)
        return self._save(before, replace(before, buyer=fresh_order(self.work, before.customer_id, self.actor.id).buyer), version)

    @writes()
    def repeat(self, *, on: date) -> int:
        """Make the orders that repeat and are due by a day, as drafts; how many. The next of each is moved on."""
        o, made = tables.sales_order, 0
        due = and_(o.c.repeats_months.is_not(None), o.c.next_on <= on, self.work.visible_to(o))
        for row in self.work.rows(select(o.c.id).where(due).order_by(o.c.number)):
            old = self.get(id=row["id"])
            day = old.next_on
            while day is not None and day <= on and old.repeats_months:
                self._add(replace(self._copied(old), ordered_on=day))
                day, made = months_after(day, old.repeats_months), made + 1
            self.work.change(o, old.id, old.version, next_on=day)
        return made

    @writes()
    def confirm(self, *, id: UUID, version: int) -> Order:  # noqa: A002
        """The customer has ordered it. Raises `ChangedMeanwhile`, `Unchangeable`."""
        before = self.get(id=id)
        if not before.is_written:
            raise Unchangeable(before.number)
        return self._save(before, replace(before, status=OrderStatus.CONFIRMED), version)

    @writes()
    def set_status(self, *, ids: tuple[UUID, ...], status: OrderStatus) -> int:
        """Give several orders another status before they are invoiced; how many changed. Raises `Unchangeable`, `NotFound`."""
        found = self.read(ids)
        for order in found:
            if not order.is_written:
                raise Unchangeable(order.number)
        changed = [order for order in found if order.status != _to(status)]
        for order in changed:
            self.work.change(tables.sales_order, order.id, order.version, status=status)
        return len(changed)

    @writes()
    def copy(self, *, id: UUID) -> Order:  # noqa: A002
        """A draft with the same lines for the customer as it is today; prices stay. Raises `NotFound`."""
        old = self.get(id=id)
        return self._add(self._copied(old))

    @writes()
    def merge(self, *, ids: tuple[UUID, ...]) -> Order:
        """Make several orders of one customer, currency and status one: the oldest gets all lines. Raises `CannotMerge`, `NotFound`."""
        found = sorted(self.read(ids), key=lambda order: order.number)
        check_mergeable(found)
        first, *rest = found
        for order in rest:
            self._remove(order)
        keys = iter(new_ids(sum(len(order.lines) for order in rest)))
        lines = (*first.lines, *(line for order in rest for line in parts.fresh(order.lines, keys)))
        return self._save(first, replace(first, lines=lines), first.version)

    @writes()
    def delete(self, *, ids: tuple[UUID, ...]) -> int:
        """Take drafts and quotes away; how many. It can be undone. Raises `Undeletable`, `NotFound`."""
        found = self.read(ids)
        for order in found:
            if order.status not in {OrderStatus.DRAFT, OrderStatus.QUOTE}:
                raise Undeletable(order.number)
        for order in found:
            self._remove(order)
        return len(found)

    # inside

    def read(self, ids: Sequence[UUID]) -> tuple[Order, ...]:
        """Orders with their lines, in the order asked for. Raises `NotFound` where one is hidden or not there."""
        o, c = tables.sales_order, tables.customer
        if len(set(ids)) > MOST_AT_ONCE:
            raise InvalidInput(_("Mark at most {n} orders at a time.", n=MOST_AT_ONCE), "ids")
        query = select(o, func.coalesce(shown_name(), "").label("customer"), c.c.number.label("customer_number"))
        rows = self.work.rows(query.outerjoin(c, c.c.id == o.c.customer_id).where(and_(among(o.c.id, set(ids)), self.work.visible_to(o))))
        if len(rows) != len(set(ids)) or not rows:
            raise NoSuchRecord
        lines, owners = parts.lines_of(self.work, [row["id"] for row in rows]), self.work.employee_names()
        made = {row["id"]: self._record(row, lines.get(row["id"], []), owners) for row in rows}
        return tuple(made[key] for key in dict.fromkeys(ids))

    def _record(self, row: Row, lines: Iterable[OrderLine], owners: dict[Any, str]) -> Order:
        return replace(as_record(Order, row | {"owner": owners.get(row["owner_id"], "")}), lines=tuple(lines))

    def _with_owner(self, order: Order) -> Order:
        return replace(order, owner=self.work.employee_names().get(order.owner_id, ""))

    def _copied(self, old: Order) -> Order:
        begun = fresh_order(self.work, old.customer_id, self.actor.id)
        kept = ("delivery_place", "buyer_reference", "order_reference", "note", *begun.origins)
        taken = {name: getattr(old, name) for name in kept}
        origins = {name: origin for name, origin in begun.origins.items() if taken[name] == getattr(begun, name)}
        return replace(begun, **taken, origins=origins, lines=parts.fresh(old.lines, new_ids(len(old.lines))))

    def _add(self, order: Order) -> Order:
        self._check(order)
        made = numbered(self.work, summed(order, vat_codes()))
        self.work.insert(tables.sales_order, as_row(made, tables.sales_order))
        parts.save_lines(self.work, made)
        return self.get(id=made.id)

    def _save(self, before: Order, after: Order, version: int) -> Order:
        self._check(after)
        after = summed(after, vat_codes())
        row = as_row(after, tables.sales_order)
        self.work.change(tables.sales_order, before.id, version, **{name: value for name, value in row.items() if name not in KEPT})
        if after.lines != before.lines:
            parts.save_lines(self.work, after)
        return self.get(id=before.id)

    def _remove(self, order: Order) -> None:
        row = self.work.change(tables.sales_order, order.id, order.version)
        self.work.remove_many(tables.order_line, self.work.rows_of(tables.order_line, "order_id", [order.id]))
        self.work.remove(tables.sales_order, row)

    def _check(self, order: Order) -> None:
        parts.check_products(self.work, order.lines)
        check_validity(order.ordered_on, order.valid_until)
        active = {e["id"] for e in self.work.kept(tables.employee) if e["is_active"]}
        if order.owner_id not in active:
            raise InvalidInput(_("Choose an active employee."), "owner_id")


_SCALED = (("quantity", 4, "quantity_e4"), ("price", 4, "price_e4"), ("discount", 2, "discount_e2"), ("net", 2, "net_minor"))


def _to(status: OrderStatus) -> OrderStatus:
    """A status that people may choose. Raises `InvalidInput`."""
    if status not in MOVES:
        raise InvalidInput(_("Choose draft, quote or confirmed. Invoicing makes it invoiced."), "status")
    return status
