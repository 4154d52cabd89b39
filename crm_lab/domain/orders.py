"""Orders: what a customer is offered, has ordered and is invoiced for, line by line, and how far each has come."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypedDict, cast
from uuid import UUID

from crm_lab.domain.products import LONGEST_NUMBER, PERCENT, PRICE, Unit, clean_percent, clean_price
from crm_lab.domain.terms import MOST_DAYS, Distribution, TermSource, VatTreatment
from crm_lab.domain.values import ORE, clean_text, parse_currency
from crm_lab.errors import Conflict, Faults, InvalidInput
from crm_lab.i18n import LOCALES, _, use_locale
from crm_lab.i18n import day as day_words

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from crm_lab.domain.terms import EffectiveTerm

LONGEST_TEXT, LONGEST_REFERENCE, LONGEST_NOTE, MOST_LINES = 300, 100, 2000, 1000
LARGEST_QUANTITY, LARGEST_FEE, WHOLE = Decimal(10) ** 9, 10_000, 100
RATE = Decimal("0.000001")
ONE, NONE = Decimal("1.0000"), Decimal("0.00")
TERMS = {
    "payment_days": "payment_days", "invoice_language": "language", "distribution": "distribution", "currency": "currency",
    "discount": "discount", "price_list": "price_list", "vat_treatment": "vat_treatment",
}  # fmt: skip
"""The customer's settings that an order takes over, and what it calls them."""
CODE_OF = {VatTreatment.EXEMPT: "5", VatTreatment.REVERSE_CHARGE: "51", VatTreatment.EXPORT: "52"}
"""The VAT code of all that is sold to a customer who is not treated as others are (SAF-T standard tax codes)."""


class OrderStatus(StrEnum):
    """How far an order has come."""

    DRAFT = "draft"
    QUOTE = "quote"
    CONFIRMED = "confirmed"
    INVOICED = "invoiced"
    CREDITED = "credited"


WRITTEN = (OrderStatus.DRAFT, OrderStatus.QUOTE, OrderStatus.CONFIRMED)
"""While it is one of these, an order can be changed; a draft and a quote can be deleted too."""


EXPIRED = "expired"
"""What a quote is called that is no longer valid; it stays a quote, and may still be confirmed."""


class PaymentStatus(StrEnum):
    """What the ledger says of an invoice; "" is of an order that has none."""

    NONE = ""
    OPEN = "open"
    PARTLY = "partly"
    PAID = "paid"
    OVERDUE = "overdue"


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderLine:
    """A line: a product, or a text alone where `quantity` is zero.

    Attributes
    ----------
    price : of one unit, without VAT, at most four decimals.
    discount : in per cent.
    """

    id: UUID
    product_id: UUID | None = None
    number: str = ""
    text: str = ""
    quantity: Decimal = ONE
    unit: Unit = Unit.PIECE
    price: Decimal = Decimal("0.0000")
    discount: Decimal = NONE
    vat_code: str = "3"

    @property
    def net(self) -> Decimal:
        """What it comes to without VAT, rounded half up to the øre (EN 16931, BT-131)."""
        return (self.quantity * self.price * (WHOLE - self.discount) / WHOLE).quantize(ORE, ROUND_HALF_UP)


@dataclass(frozen=True, slots=True, kw_only=True)
class Buyer:
    """The customer as it was when the order was made; later changes of the card leave it alone."""

    name: str
    number: int = 0
    organisation_number: str = ""
    is_person: bool = False
    street: str = ""
    postal_code: str = ""
    city: str = ""
    country: str = ""
    email: str = ""
    copies: str = ""
    gln: str = ""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a setting of an order comes from; `name` is that of the category where it is one."""

    source: TermSource
    name: str = ""


class OrderFields(TypedDict, total=False):
    """What people write on an order; of its lines all, in their order."""

    ordered_on: date
    delivered_on: date | None
    valid_until: date | None
    delivery_place: str
    buyer_reference: str
    order_reference: str
    note: str
    owner_id: UUID
    currency: str
    rate: Decimal | None
    payment_days: int
    language: str
    distribution: Distribution
    discount: Decimal
    invoice_fee: Decimal | None
    price_list: str
    vat_treatment: VatTreatment
    sends_reminders: bool
    repeats_months: int | None
    next_on: date | None
    lines: tuple[OrderLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """An order.

    Attributes
    ----------
    buyer : the customer as it was then; `customer` is its name now.
    origins : where the settings come from; one that somebody wrote here is not among them.
    net, vat, gross : in `currency`; `rate` is kroner for one unit of it, where that is another.
    invoice_number, due_on, open_amount, payment : of its invoice, from the ledger.
    invoice_fee : added to the lines as the last one, without VAT; None where the customer pays none.
    valid_until : until when its prices hold as a quote, that day included; None where nothing was promised.
    repeats_months : a new order like it is made every so many months, the next one on `next_on`.
    """

    id: UUID
    version: int = 1
    number: int = 0
    customer_id: UUID
    customer: str = ""
    customer_number: int | None = None
    opportunity_id: UUID | None = None
    owner_id: UUID
    owner: str = ""
    status: OrderStatus = OrderStatus.DRAFT
    buyer: Buyer
    ordered_on: date
    delivered_on: date | None = None
    valid_until: date | None = None
    delivery_place: str = ""
    buyer_reference: str = ""
    order_reference: str = ""
    note: str = ""
    currency: str = "NOK"
    rate: Decimal | None = None
    payment_days: int = 14
    language: str = "nb"
    distribution: Distribution = Distribution.EMAIL
    discount: Decimal = NONE
    price_list: str = ""
    vat_treatment: VatTreatment = VatTreatment.STANDARD
    sends_reminders: bool = True
    repeats_months: int | None = None
    next_on: date | None = None
    invoice_fee: Decimal | None = None
    origins: dict[str, Origin] = field(default_factory=dict)
    lines: tuple[OrderLine, ...] = ()
    net: Decimal = NONE
    vat: Decimal = NONE
    gross: Decimal = NONE
    created_by: UUID
    created_at: datetime

    @property
    def billed(self) -> tuple[OrderLine, ...]:
        """The lines that are invoiced: those that somebody wrote, and the invoice fee where there is one."""
        if not self.invoice_fee or not any(line.quantity for line in self.lines):
            return self.lines
        with use_locale(self.language):
            fee = OrderLine(id=self.id, text=_("Invoice fee"), price=self.invoice_fee, vat_code=CODE_OF.get(self.vat_treatment, "3"))
        return (*self.lines, fee)

    def is_expired(self, today: date) -> bool:
        """Whether it is a quote that is no longer valid."""
        return self.status is OrderStatus.QUOTE and self.valid_until is not None and self.valid_until < today

    @property
    def is_written(self) -> bool:
        """Whether it can still be changed."""
        return self.status in WRITTEN


def check_validity(ordered_on: date, valid_until: date | None) -> None:
    """Raise `InvalidInput` where a quote would end before it begins."""
    if valid_until is not None and valid_until < ordered_on:
        raise InvalidInput(_("A quote cannot end before its own date, {day}. Choose that day or a later one.", day=day_words(ordered_on)), "valid_until")


class Unchangeable(Conflict):
    """An order that is invoiced stays as it is."""

    def __init__(self, number: int) -> None:
        super().__init__(_("Order {number} is invoiced and cannot be changed. Credit the invoice, or copy the order.", number=number))


class Undeletable(Conflict):
    """Only drafts and quotes are deleted."""

    def __init__(self, number: int) -> None:
        super().__init__(_("Order {number} is neither a draft nor a quote, so it stays. An invoice is credited, never deleted.", number=number))


class CannotMerge(InvalidInput):
    """Orders that cannot become one."""

    def __init__(self, message: str) -> None:
        super().__init__(message, "ids")


def inherited(terms: Mapping[str, EffectiveTerm]) -> tuple[dict[str, Any], dict[str, Origin]]:
    """What an order takes over from the customer's settings, and where each comes from."""
    values = {own: terms[name].value for name, own in TERMS.items()}
    origins = {own: Origin(terms[name].source, terms[name].name) for name, own in TERMS.items()}
    return values | {"discount": Decimal(values["discount"]).quantize(PERCENT)}, origins


def clean_order(given: OrderFields, codes: Collection[str]) -> OrderFields:
    """The fields in their stored form; a fault in a line stands at "lines.3.price", counted from 1. Raises `InvalidFields`."""
    faults, clean = Faults(), dict(given)
    texts = (("delivery_place", LONGEST_TEXT), ("buyer_reference", LONGEST_REFERENCE), ("order_reference", LONGEST_REFERENCE),
             ("price_list", LONGEST_REFERENCE), ("note", LONGEST_NOTE))  # fmt: skip
    for name, longest in texts:
        if name in given:
            with faults.at(name):
                clean[name] = clean_text(str(clean[name]), name, max_length=longest, lines=name == "note")
    if "currency" in given:
        with faults.at("currency"):
            clean["currency"] = parse_currency(given["currency"])
    if "discount" in given:
        with faults.at("discount"):
            clean["discount"] = clean_percent(given["discount"])
    _check_choices(given, faults)
    if "invoice_fee" in given:
        with faults.at("invoice_fee"):
            clean["invoice_fee"] = clean_fee(given["invoice_fee"]) if given["invoice_fee"] else None
    if "ordered_on" in given:
        with faults.at("valid_until"):
            check_validity(given["ordered_on"], given.get("valid_until"))
    if given.get("rate") is not None:
        with faults.at("rate"):
            clean["rate"] = _clean_rate(given["rate"])
    if "lines" in given:
        clean["lines"] = clean_lines(given["lines"], codes, faults)
    faults.tell()
    return cast("OrderFields", clean)


def _check_choices(given: OrderFields, faults: Faults) -> None:
    if not 0 <= given.get("payment_days", 0) <= MOST_DAYS:
        faults.note("payment_days", _("The number of days must be from 0 to {n}.", n=MOST_DAYS))
    if given.get("language", "nb") not in LOCALES:
        faults.note("language", _("The language must be nb or en."))
    if not 1 <= (given.get("repeats_months") or 1) <= 60:  # noqa: PLR2004 - five years
        faults.note("repeats_months", _("An order repeats every 1 to 60 months."))


def clean_lines(lines: Sequence[OrderLine], codes: Collection[str], faults: Faults) -> tuple[OrderLine, ...]:
    """The lines in their stored form."""
    if len(lines) > MOST_LINES:
        faults.note("lines", _("An order has at most {n} lines.", n=MOST_LINES))
        return ()
    return tuple(clean_line(line, codes, faults, f"lines.{n}.") for n, line in enumerate(lines, 1))


def clean_line(line: OrderLine, codes: Collection[str], faults: Faults, at: str = "") -> OrderLine:
    """One line in its stored form; its faults stand at `at` and the field."""
    done: dict[str, Any] = {"text": line.text, "quantity": line.quantity, "price": line.price, "discount": line.discount}
    with faults.at(f"{at}text"):
        done["text"] = clean_text(line.text, "text", max_length=LONGEST_TEXT)
        if not done["text"]:
            raise InvalidInput(_("Say what it is."), "text")
    with faults.at(f"{at}quantity"):
        done["quantity"] = _clean_quantity(line.quantity)
    with faults.at(f"{at}price"):
        done["price"] = clean_price(line.price)
    with faults.at(f"{at}discount"):
        done["discount"] = clean_percent(line.discount)
    if line.vat_code not in codes:
        faults.note(f"{at}vat_code", _("{code} is no VAT code of sales.", code=line.vat_code[:40]))
    number = clean_text(line.number, "number", max_length=LONGEST_NUMBER)
    return OrderLine(id=line.id, product_id=line.product_id, number=number, unit=Unit(line.unit), vat_code=line.vat_code, **done)


def _clean_rate(rate: Decimal | None) -> Decimal | None:
    if rate is None:
        return None
    if not rate.is_finite() or not 0 < rate < LARGEST_QUANTITY:
        raise InvalidInput(_("A rate is above zero: kroner for one unit of the currency."), "rate")
    return rate.quantize(RATE, ROUND_HALF_UP)


def clean_fee(fee: Decimal | None) -> Decimal | None:
    """A fee in whole øre. Raises `InvalidInput`."""
    if fee is None or not fee.is_finite() or not 0 <= fee < LARGEST_FEE or fee != fee.quantize(ORE):
        raise InvalidInput(_("A fee is from 0 to {most}, with two decimals at most.", most=LARGEST_FEE - 1), "invoice_fee")
    return fee.quantize(ORE)


def _clean_quantity(value: Decimal) -> Decimal:
    if not value.is_finite() or abs(value) >= LARGEST_QUANTITY or value != value.quantize(PRICE):
        raise InvalidInput(_("{amount} is not a quantity. Write a number with at most four decimals.", amount=str(value)[:40]), "quantity")
    return value.quantize(PRICE)


def months_after(day: date, months: int) -> date:
    """The same day so many months on, or the last of a month that has none such."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def check_mergeable(orders: Iterable[Order]) -> None:
    """Raise `CannotMerge` unless these orders can become one: of the same customer, currency and status, not yet invoiced."""
    found = list(orders)
    if len(found) < 2:  # noqa: PLR2004 - one cannot be merged
        raise CannotMerge(_("Mark at least two orders to merge them."))
    if len({one.customer_id for one in found}) > 1:
        raise CannotMerge(_("The orders belong to different customers. Merge those of one customer."))
    if len({one.currency for one in found}) > 1:
        raise CannotMerge(_("The orders are in different currencies. Merge those of one currency."))
    if len({one.status for one in found}) > 1 or not found[0].is_written:
        raise CannotMerge(_("Merge orders of the same status, before they are invoiced."))
