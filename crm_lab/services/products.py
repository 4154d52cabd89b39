"""Products and price lists: made, found, changed, archived, and what one costs a customer."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Unpack
from uuid import UUID

import pyarrow as pa
from sqlalchemy import BigInteger, String, and_, case, cast, func, or_, select

from crm_lab.domain.ids import new_id
from crm_lab.domain.names import fold
from crm_lab.domain.products import (
    NumberTaken,
    Price,
    PriceFound,
    PriceList,
    Product,
    ProductFields,
    clean_list,
    clean_price,
    clean_product,
    price_on,
)
from crm_lab.errors import Conflict, InvalidInput
from crm_lab.i18n import _
from crm_lab.services.actions import Service, reads, writes
from crm_lab.services.vat import codes_of_sales
from crm_lab.store import tables
from crm_lab.store.records import NoSuchRecord, as_record, as_row

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from crm_lab.store.records import Row, Work

FIRST_NUMBER, MOST_FOUND = 1001, 50
MINOR = 10_000
"""Prices in frames are in ten-thousandths of the currency's unit: they have four decimals."""


class ListTaken(Conflict):
    """A price list of this name and currency exists."""

    def __init__(self, name: str, currency: str) -> None:
        super().__init__(_("There is a price list {name} in {currency} already.", name=name, currency=currency))
        self.field = "name"

    def details(self) -> dict[str, Any]:
        """The field."""
        return {"field": self.field}


class Products(Service):
    """What the company sells, and at what prices."""

    @reads()
    def list(self, *, archived: bool = False) -> pa.Table:
        """Every product in use, or those archived, by number.

        Columns: id, number, name, name_en, product_group, unit, vat_code, price_e4 (ten-thousandths of a krone), created_at.
        """
        p = tables.product
        wanted = p.c.archived_at.is_not(None) if archived else p.c.archived_at.is_(None)
        told = [cast(p.c.id, String).label("id"), p.c.number, p.c.name, p.c.name_en, p.c.product_group, p.c.unit, p.c.vat_code]
        query = select(*told, cast(p.c.price * MINOR, BigInteger).label("price_e4"), p.c.created_at).where(wanted)
        return self.work.frame(query.order_by(func.length(p.c.number), p.c.number, p.c.id))

    @reads()
    def get(self, *, id: UUID) -> Product:  # noqa: A002 - the wire's word
        """One product. Raises `NotFound`."""
        return self.work.read(Product, tables.product, id)

    @reads()
    def find(self, *, text: str, limit: int = 8) -> list[Product]:  # type: ignore[valid-type]
        """Products in use whose number begins so, or whose name has it; the same number first."""
        p, typed = tables.product, text.strip()[:100]
        if not typed:
            return []
        begins = func.lower(p.c.number).startswith(typed.lower(), autoescape=True)
        has = or_(*(func.lower(name).contains(typed.lower(), autoescape=True) for name in (p.c.name, p.c.name_en)))
        order = case((func.lower(p.c.number) == typed.lower(), 0), (begins, 1), else_=2)
        query = select(p).where(and_(p.c.archived_at.is_(None), or_(begins, has))).order_by(order, p.c.name, p.c.number)
        return [as_record(Product, row) for row in self.work.rows(query.limit(max(1, min(limit, MOST_FOUND))))]

    @writes()
    def create(self, **fields: Unpack[ProductFields]) -> Product:
        """Make a product; without a number it gets the next. Raises `InvalidFields`, `NumberTaken`."""
        clean: dict[str, Any] = dict(clean_product({"name": "", **fields}, codes_of_sales()))
        made = Product(**clean, id=new_id(), created_at=self.work.now)
        return add_products(self.work, [made])[0]

    @writes()
    def change(self, *, id: UUID, version: int, **fields: Unpack[ProductFields]) -> Product:  # noqa: A002
        """Change the given fields; orders written before keep what they say. Raises `InvalidFields`, `NumberTaken`, `ChangedMeanwhile`."""
        clean: dict[str, Any] = dict(clean_product(fields, codes_of_sales()))
        if "number" in clean:
            if not clean["number"]:
                raise InvalidInput(_("A product needs a number."), "number")
            check_numbers(self.work, {clean["number"]: id})
        self.work.change(tables.product, id, version, **clean)
        return self.get(id=id)

    @writes()
    def archive(self, *, id: UUID, version: int) -> None:  # noqa: A002
        """Take a product out of the lists; nothing is deleted."""
        self.work.change(tables.product, id, version, archived_at=self.work.now)

    @writes()
    def restore(self, *, id: UUID, version: int) -> None:  # noqa: A002
        """Bring an archived product back. Raises `NumberTaken`."""
        check_numbers(self.work, {self.get(id=id).number: id})
        self.work.change(tables.product, id, version, archived_at=None)

    # price lists

    @reads()
    def price_lists(self) -> list[PriceList]:  # type: ignore[valid-type]
        """Every price list by name; one name may stand for several currencies."""
        return lists_of(self.work)

    @writes()
    def save_list(self, *, name: str, currency: str = "NOK", discount: Decimal = Decimal(0), id: UUID | None = None, version: int = 1) -> PriceList:  # noqa: A002
        """Make a price list, or change the one of that `id`. Raises `InvalidFields`, `ListTaken`, `ChangedMeanwhile`."""
        clean = clean_list(name, currency, discount)
        same = [row for row in self.work.kept(tables.price_list) if (fold(row["name"]), row["currency"]) == (fold(clean["name"]), clean["currency"])]
        if any(row["id"] != id for row in same):
            raise ListTaken(clean["name"], clean["currency"])
        if id is not None:
            return as_record(PriceList, self.work.change(tables.price_list, id, version, **clean))
        made = PriceList(id=new_id(), **clean)
        self.work.insert(tables.price_list, as_row(made, tables.price_list))
        return made

    @writes()
    def delete_list(self, *, id: UUID, version: int) -> None:  # noqa: A002
        """Take a price list away with its prices; customers that had it pay the products' own. It can be undone."""
        row = self.work.change(tables.price_list, id, version)
        self.work.remove_many(tables.price, self.work.rows_of(tables.price, "price_list_id", [id]))
        self.work.remove(tables.price_list, row)

    @reads()
    def prices(self, *, product_id: UUID | None = None) -> pa.Table:
        """What products cost in the price lists, of one product or of all, the newest first.

        Columns: id, product_id, number, name, price_list, currency, first_day, price_e4 (ten-thousandths).
        """
        p, own, named = tables.price, tables.product, tables.price_list
        told = [cast(p.c.id, String).label("id"), cast(p.c.product_id, String).label("product_id"), own.c.number, own.c.name]
        told += [named.c.name.label("price_list"), named.c.currency, p.c.first_day, cast(p.c.price * MINOR, BigInteger).label("price_e4")]
        query = select(*told).join(own, own.c.id == p.c.product_id).join(named, named.c.id == p.c.price_list_id)
        query = query.where(p.c.product_id == product_id) if product_id else query
        return self.work.frame(query.order_by(own.c.number, named.c.name, named.c.currency, p.c.first_day.desc()))

    @writes()
    def set_price(self, *, product_id: UUID, price_list_id: UUID, first_day: date, price: Decimal) -> Price:
        """Say what a product costs in a price list from a day on; the same day again replaces it. Raises `InvalidInput`, `NotFound`."""
        for table, key in ((tables.product, product_id), (tables.price_list, price_list_id)):
            self.work.require(table, key)
        p = tables.price
        same = and_(p.c.product_id == product_id, p.c.price_list_id == price_list_id, p.c.first_day == first_day)
        for row in self.work.rows(select(p).where(same)):
            self.work.remove(p, row)
        made = Price(id=new_id(), product_id=product_id, price_list_id=price_list_id, first_day=first_day, price=clean_price(price))
        self.work.insert(p, as_row(made, p))
        return made

    @writes()
    def remove_price(self, *, id: UUID) -> None:  # noqa: A002
        """Take a dated price away. Raises `NotFound`."""
        row = self.work.one(select(tables.price).where(tables.price.c.id == id))
        if row is None:
            raise NoSuchRecord
        self.work.remove(tables.price, row)

    @reads()
    def price(self, *, id: UUID, price_list: str = "", currency: str = "NOK", on: date) -> PriceFound:  # noqa: A002
        """What one unit costs on a day in a price list of that name and currency, and why. Raises `NotFound`."""
        return self.priced([self.get(id=id)], price_list, currency, on)[id]

    def priced(self, products: Sequence[Product], name: str, currency: str, on: date) -> dict[UUID, PriceFound]:
        """The same for many products."""
        found = self.list_named(name, currency)
        p = tables.price
        wanted = and_(p.c.price_list_id == found.id, p.c.product_id.in_([one.id for one in products])) if found else None
        prices = [as_record(Price, row) for row in self.work.rows(select(p).where(wanted))] if wanted is not None else []
        return {one.id: price_on(one, found, prices, currency, on) for one in products}

    def list_named(self, name: str, currency: str) -> PriceList | None:
        """The price list of that name in that currency, if there is one."""
        return next((one for one in lists_of(self.work) if name and fold(one.name) == fold(name) and one.currency == currency), None)


def lists_of(work: Work) -> list[PriceList]:
    """Every price list by name and currency."""
    return sorted((as_record(PriceList, row) for row in work.kept(tables.price_list)), key=lambda one: (fold(one.name), one.currency))


def add_products(work: Work, products: Sequence[Product]) -> list[Product]:
    """Add many products; those without a number get the next free one. Raises `NumberTaken`."""
    taken = {one.number for one in products}
    numbered = [replace(one, number=one.number or _next_number(work, taken)) for one in products]
    check_numbers(work, {one.number: one.id for one in numbered})
    work.insert_many(tables.product, [as_row(one, tables.product) for one in numbered])
    return numbered


def _next_number(work: Work, taken: set[str]) -> str:
    """The next number that no product has, here or in what is coming; people may have written some of the series themselves."""
    p = tables.product
    while True:
        number = str(work.next_number("product", FIRST_NUMBER))
        if number not in taken and not work.scalar(select(p.c.id).where(p.c.number == number).limit(1)):
            return number


def check_numbers(work: Work, wanted: dict[str, UUID]) -> None:
    """Raise `NumberTaken` where another product in use has one of the numbers, in whatever case it is written."""
    taken = numbers_of(work, wanted)
    for number, key in wanted.items():
        row = taken.get(number.lower())
        if row is not None and row["id"] != key:
            raise NumberTaken(row["name"], row["number"])


def numbers_of(work: Work, numbers: Iterable[str]) -> dict[str, Row]:
    """The products in use that have these numbers, by number in small letters."""
    p = tables.product
    lowered = [number.lower() for number in numbers]
    query = select(p).where(and_(p.c.archived_at.is_(None), func.lower(p.c.number).in_(lowered)))
    return {row["number"].lower(): row for row in work.rows(query)}
