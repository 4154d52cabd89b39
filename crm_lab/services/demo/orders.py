"""The demo's products, price lists, quotes, orders and invoices, all made up."""

from __future__ import annotations

import random
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from sqlalchemy import select

from crm_lab.domain.access import Actor, Role
from crm_lab.domain.ids import new_id
from crm_lab.domain.invoicing import InvoiceFacts, InvoicingSettings
from crm_lab.domain.ledger import CONTROL_ACCOUNT, Ledger, Linking, MatchRule, Posting, PostingKind
from crm_lab.domain.orders import OrderLine, OrderStatus
from crm_lab.domain.products import Product, Unit
from crm_lab.domain.terms import Distribution
from crm_lab.i18n import business_day
from crm_lab.services.invoices import Invoices
from crm_lab.services.ledger.links import add_postings, link
from crm_lab.services.orders import Orders
from crm_lab.services.products import Products, add_products
from crm_lab.settings import utc_now
from crm_lab.store import tables
from crm_lab.store.records import Work

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from uuid import UUID

    from crm_lab.store.engine import Database

SEED, N_ORDERS = 2029, 48
OURS = InvoicingSettings(
    organisation_number="999999999", street="Storgata 1", postal_code="0155", city="Oslo", email="faktura@demo.example", bank_account="86011117947",
)  # fmt: skip
GOODS = (
    ("Montørtime", "Fitter, per hour", Unit.HOUR, "3", 950), ("Prosjektledelse", "Project management", Unit.HOUR, "3", 1250),
    ("Serviceavtale", "Service agreement", Unit.MONTH, "3", 2490), ("LED-armatur 40 W", "LED luminaire 40 W", Unit.PIECE, "3", 649),
    ("Kabel PFSP 3×2,5", "Cable PFSP 3×2.5", Unit.METRE, "3", Decimal("18.75")), ("Kjøring", "Driving", Unit.KILOMETRE, "3", Decimal("9.5")),
    ("Årslisens programvare", "Software licence, a year", Unit.YEAR, "3", 4800), ("Kurs, hel dag", "Course, a day", Unit.PIECE, "6", 6900),
    ("Kaffe, mørkbrent", "Coffee, dark roast", Unit.KILOGRAM, "31", 189), ("Frakt", "Freight", Unit.PIECE, "3", 250),
)  # fmt: skip
STATES = ((OrderStatus.DRAFT, 4), (OrderStatus.QUOTE, 8), (OrderStatus.CONFIRMED, 6), (OrderStatus.INVOICED, 26), (OrderStatus.CREDITED, 4))


def add_orders(database: Database) -> None:
    """Make what the company sells, and some quotes, orders and invoices of the last half year."""
    rng = random.Random(SEED)  # noqa: S311 - the same seed must give the same company
    with database.writing() as connection:
        e = tables.employee
        first = Work(connection, None, utc_now()).rows(select(e).order_by(e.c.created_at).limit(1))[0]
        actor = Actor(id=first["id"], username=first["username"], name=first["name"], roles=tuple(Role))
        work = Work(connection, actor, utc_now(), action="company.demo")
        Invoices(work).set_settings(settings=OURS)
        goods = _goods(work)
        c = tables.customer
        keys = [row["id"] for row in work.rows(select(c.c.id).where(c.c.is_customer, ~c.c.owner_only, c.c.archived_at.is_(None)).order_by(c.c.number).limit(400))]
        today = business_day(work.now)
        parties = rng.sample(keys, min(len(keys), N_ORDERS // 2))
        for status, n in STATES:
            for _order in range(n):
                if parties:
                    _add(work, rng, rng.choice(parties), goods, status, today - timedelta(days=rng.randrange(3, 150)))


def _goods(work: Work) -> list[Product]:
    made = [
        Product(id=new_id(), name=name, name_en=english, unit=unit, vat_code=code, price=Decimal(price).quantize(Decimal("0.0001")), created_at=work.now)
        for name, english, unit, code, price in GOODS
    ]
    goods = add_products(work, made)
    named = Products(work).save_list(name="Rammeavtale", discount=Decimal(5))
    for one in goods[:4]:
        first = business_day(work.now).replace(month=1, day=1)
        Products(work).set_price(product_id=one.id, price_list_id=named.id, first_day=first, price=(one.price * Decimal("0.9")).quantize(Decimal("0.01")))
    return goods


def _add(work: Work, rng: random.Random, customer_id: UUID, goods: Sequence[Product], status: OrderStatus, day: date) -> None:
    chosen = rng.sample(goods, rng.randrange(1, 5))
    lines = tuple(
        OrderLine(
            id=new_id(), product_id=one.id, number=one.number, text=one.name, quantity=Decimal(rng.randrange(1, 24)), unit=one.unit, price=one.price,
            discount=Decimal(rng.choice((0, 0, 0, 10))), vat_code=one.vat_code,
        )
        for one in chosen
    )  # fmt: skip
    moved = status if status in {OrderStatus.DRAFT, OrderStatus.QUOTE} else OrderStatus.CONFIRMED
    order = Orders(work).create(customer_id=customer_id, status=moved, lines=lines, ordered_on=day, distribution=Distribution.PRINT)
    if status in {OrderStatus.INVOICED, OrderStatus.CREDITED}:
        (made,) = Invoices(work).create(order_ids=(order.id,), on=day)
        if status is OrderStatus.CREDITED:
            Invoices(work).credit(id=made.id, reason="Retur", on=day)
        elif rng.random() < 0.7:  # noqa: PLR2004 - most pay
            _pay(work, rng, made)


def _pay(work: Work, rng: random.Random, made: InvoiceFacts) -> None:
    """The customer pays, some only half of it."""
    paid_on = min(business_day(work.now), (made.due_on or made.issued_on) + timedelta(days=rng.randrange(-3, 6)))
    amount = made.gross if rng.random() < 0.85 else (made.gross / 2).quantize(Decimal("0.01"))  # noqa: PLR2004 - some pay half
    payment = Posting(
        id=new_id(), customer_id=made.customer_id, ledger=Ledger.RECEIVABLE, account=CONTROL_ACCOUNT[Ledger.RECEIVABLE], kind=PostingKind.PAYMENT,
        posted_on=paid_on, amount=-amount, currency=made.currency, kid=made.kid, text="Innbetaling",
    )  # fmt: skip
    add_postings(work, [payment])
    rule = MatchRule.KID if amount == made.gross else MatchRule.KID_OTHER_AMOUNT
    link(work, Linking(posting_ids=(made.posting_id or payment.id, payment.id), rule=rule))
