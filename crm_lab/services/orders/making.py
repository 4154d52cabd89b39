"""What a new order starts with: the customer as it is now, its settings and where each comes from, and prices of products."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from crm_lab.domain.addresses import AddressKind, effective_address
from crm_lab.domain.ids import new_id
from crm_lab.domain.orders import CODE_OF, Buyer, Order, OrderLine, Origin, inherited
from crm_lab.i18n import business_day
from crm_lab.services.customers import Customers
from crm_lab.services.orders.settings import settings_of
from crm_lab.services.products import Products

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date
    from uuid import UUID

    from crm_lab.domain.customers import Customer
    from crm_lab.domain.products import PriceFound, Product
    from crm_lab.domain.terms import EffectiveTerm
    from crm_lab.store.records import Work

FIRST_NUMBER = 1001


def buyer_of(customer: Customer, terms: Mapping[str, EffectiveTerm]) -> Buyer:
    """The customer as an order keeps it."""
    address = effective_address(customer.addresses, AddressKind.INVOICE)
    place = {name: getattr(address, name) for name in ("street", "postal_code", "city", "country")} if address else {"country": "NO"}
    return Buyer(
        name=customer.display_name, number=customer.number, organisation_number=customer.organisation_number, is_person=customer.is_person,
        email=customer.invoice_email or customer.email, copies=terms["invoice_copies"].value or "", gln=customer.gln, **place,
    )  # fmt: skip


def fresh_order(work: Work, customer_id: UUID, actor_id: UUID) -> Order:
    """A draft for a customer that has no number yet. Raises `NotFound`."""
    customers = Customers(work)
    customer = customers.get(id=customer_id)
    terms = customers.effective_terms(own=customer.terms, categories=customer.categories)
    values, origins = inherited(terms)
    delivery = effective_address(customer.addresses, AddressKind.DELIVERY)
    fee = settings_of(work).invoice_fee if terms["charges_fee"].value and terms["currency"].value == "NOK" else None
    if fee:
        origins["invoice_fee"] = Origin(terms["charges_fee"].source, terms["charges_fee"].name)
    place = ", ".join(filter(None, (delivery.street, f"{delivery.postal_code} {delivery.city}".strip()))) if delivery else ""
    return Order(
        id=new_id(), customer_id=customer.id, customer=customer.display_name, customer_number=customer.number, owner_id=actor_id, buyer=buyer_of(customer, terms),
        ordered_on=business_day(work.now), delivery_place=place, origins=origins, created_by=actor_id, created_at=work.now,
        sends_reminders=bool(terms["sends_reminders"].value), invoice_fee=fee or None, **values,
    )  # fmt: skip


def group_discount(work: Work, customer_id: UUID) -> EffectiveTerm:
    """What a customer has off on products that are in a group, in per cent, and where it comes from."""
    customers = Customers(work)
    customer = customers.get(id=customer_id)
    return customers.effective_terms(own=customer.terms, categories=customer.categories)["category_discount"]


def priced_line(order: Order, product: Product, found: PriceFound, list_discount: Any, of_groups: Any) -> OrderLine:
    """A line of one unit of a product, as the order's customer buys it: less the discount on groups where it is in one, else the order's, else the list's."""
    discount: Any = (of_groups if product.product_group else 0) or order.discount or list_discount
    return OrderLine(
        id=new_id(), product_id=product.id, number=product.number, text=product.name_in(order.language), unit=product.unit, price=found.price,
        discount=discount, vat_code=CODE_OF.get(order.vat_treatment, product.vat_code),
    )  # fmt: skip


def lines_for(work: Work, order: Order, products: Sequence[Product], on: date) -> dict[UUID, tuple[OrderLine, PriceFound]]:
    """Of each product the line it becomes on this order, and where its price comes from."""
    service = Products(work)
    found = service.list_named(order.price_list, order.currency)
    prices = service.priced(products, order.price_list, order.currency, on)
    discount = found.discount if found else order.discount
    of_groups = group_discount(work, order.customer_id).value
    return {one.id: (priced_line(order, one, prices[one.id], discount, of_groups), prices[one.id]) for one in products}


def numbered(work: Work, order: Order) -> Order:
    """The order with the next number of its series."""
    return replace(order, number=work.next_number("order", FIRST_NUMBER))
