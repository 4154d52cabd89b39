"""Products and services: what is sold, in which unit, at what price; price lists with prices that begin on a day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypedDict, cast
from uuid import UUID

from crm_lab.domain.values import clean_text, parse_currency
from crm_lab.errors import Conflict, Faults, InvalidInput
from crm_lab.i18n import N_, _

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

LONGEST_NAME, LONGEST_NUMBER, LONGEST_LIST = 300, 40, 100
PRICE, PERCENT = Decimal("0.0001"), Decimal("0.01")
NOTHING = Decimal("0.0000")
LARGEST_PRICE, WHOLE = Decimal(10) ** 12, 100


class Unit(StrEnum):
    """What is counted (UN/ECE Recommendation 20, as EN 16931 asks for)."""

    PIECE = "C62"
    HOUR = "HUR"
    DAY = "DAY"
    MONTH = "MON"
    YEAR = "ANN"
    KILOGRAM = "KGM"
    TONNE = "TNE"
    METRE = "MTR"
    SQUARE_METRE = "MTK"
    CUBIC_METRE = "MTQ"
    LITRE = "LTR"
    KILOMETRE = "KMT"
    SET = "SET"
    KILOWATT_HOUR = "KWH"


UNIT_WORDS = {
    Unit.PIECE: N_("pcs"), Unit.HOUR: N_("hours"), Unit.DAY: N_("days"), Unit.MONTH: N_("months"), Unit.YEAR: N_("years"),
    Unit.KILOGRAM: N_("kg"), Unit.TONNE: N_("tonnes"), Unit.METRE: N_("m"), Unit.SQUARE_METRE: N_("m²"), Unit.CUBIC_METRE: N_("m³"),
    Unit.LITRE: N_("litres"), Unit.KILOMETRE: N_("km"), Unit.SET: N_("sets"), Unit.KILOWATT_HOUR: N_("kWh"),
}  # fmt: skip


class ProductFields(TypedDict, total=False):
    """What people write on a product."""

    number: str
    name: str
    name_en: str
    product_group: str
    unit: Unit
    vat_code: str
    price: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """A product or a service.

    Attributes
    ----------
    name_en : its name on English invoices; "" is the same name.
    product_group : some customers have a discount on products in groups.
    vat_code : of a sale (SAF-T standard tax codes).
    price : of one unit in kroner, without VAT, at most four decimals; a price list may say another.
    """

    id: UUID
    version: int = 1
    number: str = ""
    name: str
    name_en: str = ""
    unit: Unit = Unit.PIECE
    vat_code: str = "3"
    price: Decimal = NOTHING
    created_at: datetime
    archived_at: datetime | None = None
    product_group: str = ""

    def name_in(self, language: str) -> str:
        """Its name on a document in that language."""
        return self.name_en if language == "en" and self.name_en else self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceList:
    """Prices that some customers pay, in one currency; `discount` in per cent is for those that have none of their own."""

    id: UUID
    version: int = 1
    name: str
    currency: str = "NOK"
    discount: Decimal = Decimal("0.00")


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """What a product costs in a price list from a day on."""

    id: UUID
    price_list_id: UUID
    product_id: UUID
    first_day: date
    price: Decimal


class PriceSource(StrEnum):
    """Where a price comes from."""

    LIST = "list"
    PRODUCT = "product"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceFound:
    """What one unit costs a customer on a day, and why; `price` is zero and `source` none where nobody has said."""

    price: Decimal
    source: PriceSource
    price_list: str = ""
    first_day: date | None = None


class NumberTaken(Conflict):
    """A product has this number."""

    def __init__(self, number: str, name: str) -> None:
        super().__init__(_("{name} has the product number {number} already.", name=name, number=number))
        self.field = "number"

    def details(self) -> dict[str, Any]:
        """The field."""
        return {"field": self.field}


def price_on(product: Product, price_list: PriceList | None, prices: Iterable[Price], currency: str, day: date) -> PriceFound:
    """The newest price of the list that has begun, else the product's own, which is in kroner."""
    begun = [p for p in prices if price_list and p.price_list_id == price_list.id and p.product_id == product.id and p.first_day <= day]
    if price_list and begun and price_list.currency == currency:
        newest = max(begun, key=lambda p: p.first_day)
        return PriceFound(price=newest.price, source=PriceSource.LIST, price_list=price_list.name, first_day=newest.first_day)
    if currency == "NOK":
        return PriceFound(price=product.price, source=PriceSource.PRODUCT)
    return PriceFound(price=NOTHING, source=PriceSource.NONE)


def clean_price(value: Decimal, field: str = "price") -> Decimal:
    """A price of one unit. Raises `InvalidInput` at `field`."""
    if not value.is_finite() or abs(value) >= LARGEST_PRICE or value != value.quantize(PRICE):
        raise InvalidInput(_("{amount} is not a price. Write a number with at most four decimals.", amount=str(value)[:40]), field)
    return value.quantize(PRICE)


def clean_percent(value: Decimal, field: str = "discount") -> Decimal:
    """A discount in per cent. Raises `InvalidInput` at `field`."""
    if not value.is_finite() or not 0 <= value <= WHOLE or value != value.quantize(PERCENT):
        raise InvalidInput(_("The discount must be from 0 to 100 per cent, with two decimals at most."), field)
    return value.quantize(PERCENT, ROUND_HALF_UP)


def clean_product(given: ProductFields, codes: Collection[str]) -> ProductFields:
    """The fields in their stored form; `codes` are the VAT codes of sales. Raises `InvalidFields`."""
    faults, clean = Faults(), dict(given)
    for name, longest in (("number", LONGEST_NUMBER), ("name", LONGEST_NAME), ("name_en", LONGEST_NAME), ("product_group", LONGEST_LIST)):
        if name in given:
            with faults.at(name):
                clean[name] = clean_text(str(clean[name]), name, max_length=longest)
    if "name" in given and not clean["name"]:
        faults.note("name", _("Enter a name."))
    if "price" in given:
        with faults.at("price"):
            clean["price"] = clean_price(given["price"])
    if "unit" in given and given["unit"] not in set(Unit):
        faults.note("unit", _("{text} is no unit we know.", text=str(given["unit"])[:40]))
    if "vat_code" in given and given["vat_code"] not in codes:
        faults.note("vat_code", _("{code} is no VAT code of sales.", code=str(given["vat_code"])[:40]))
    faults.tell()
    return cast("ProductFields", clean)


def clean_list(name: str, currency: str, discount: Decimal) -> dict[str, Any]:
    """A price list in its stored form. Raises `InvalidFields`."""
    faults, clean = Faults(), {"name": name, "currency": currency, "discount": discount}
    with faults.at("name"):
        clean["name"] = clean_text(name, "name", max_length=LONGEST_LIST)
        if not clean["name"]:
            raise InvalidInput(_("Enter a name."), "name")
    with faults.at("currency"):
        clean["currency"] = parse_currency(currency)
    with faults.at("discount"):
        clean["discount"] = clean_percent(discount)
    faults.tell()
    return clean
