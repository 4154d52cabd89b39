"""Made-up invoices of all kinds, for tests and benchmarks: currencies, discounts, rates, credit notes, private customers."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from crm_lab.domain.invoices import Adjustment, DocumentLine, DocumentParty, Invoice, credit_of, discount
from crm_lab.domain.values import KID
from crm_lab.domain.vat import VatCategory

SELLER = DocumentParty(
    name="Nordlys Bygg AS", organisation_number="999999999", vat_number="NO999999999MVA", is_registered=True, street="Storgata 1",
    postal_code="0155", city="Oslo", email="faktura@nordlys.example", phone="22 00 00 00",
)  # fmt: skip
BUYER = DocumentParty(
    name="Havnekontoret AS", organisation_number="888888888", vat_number="NO888888888MVA", street="Kaien 4", postal_code="5003", city="Bergen",
)  # fmt: skip
PERSON = DocumentParty(
    name="Kari Oppdiktet", is_person=True, street="Bakken 2", postal_code="9008", city="Tromsø", email="kari@oppdiktet.example",
    endpoint="7080000999996", endpoint_scheme="0088",
)  # fmt: skip
ABROAD = DocumentParty(
    name="Nordsee Handel GmbH", organisation_number="HRB12345", endpoint="DE123456789", endpoint_scheme="9930", street="Hafenstrasse 5",
    postal_code="20457", city="Hamburg", country="DE",
)  # fmt: skip
STANDARD = ((VatCategory.STANDARD, Decimal(25)), (VatCategory.STANDARD, Decimal(15)), (VatCategory.STANDARD, Decimal(12)), (VatCategory.STANDARD, Decimal("11.11")))
UNTAXED = ((VatCategory.ZERO, Decimal(0)), (VatCategory.EXEMPT, Decimal(0)))
UNITS = ("C62", "HUR", "KGM", "MTR", "DAY")


def invoice(number: int) -> Invoice:
    """One invoice; the same number is the same invoice, and every seventh is a credit note of one."""
    rolls = random.Random(number)
    buyer = rolls.choices((BUYER, PERSON, ABROAD), (6, 2, 2))[0]
    treatment = _treatment(rolls, buyer)
    currency = rolls.choice(("EUR", "USD", "SEK")) if buyer is ABROAD or rolls.random() < 0.1 else "NOK"
    issued = date(2026, 1, 1) + timedelta(days=rolls.randrange(330))
    made = Invoice(
        number=str(10_000 + number), issued_on=issued, due_on=issued + timedelta(days=14), delivered_on=issued - timedelta(days=rolls.randrange(5)),
        seller=SELLER, buyer=buyer, delivery=DocumentParty(name="", street="Byggeplassen 7", postal_code="0484", city="Oslo") if rolls.random() < 0.3 else None,
        lines=tuple(_line(rolls, *rolls.choice(treatment)) for _n in range(rolls.choice((1, 2, 5, 20)))), currency=currency,
        rate=Decimal("11.7345") if currency != "NOK" else None, kid=str(KID.make(f"{number:09d}")), account="86011117947",
        buyer_reference="Ola N", order_reference="B-4711" if rolls.random() < 0.5 else "", note="Takk for handelen" if rolls.random() < 0.2 else "",
    )  # fmt: skip
    if rolls.random() < 0.2:
        share = (made.totals.lines / 20).quantize(Decimal("0.01"))
        category, rate = made.lines[0].category, made.lines[0].rate
        base = sum((line.net for line in made.lines if (line.category, line.rate) == (category, rate)), Decimal(0))
        if 0 < share < base:
            made = replace(made, adjustments=(Adjustment(amount=share, reason="Rabatt", reason_code="95", category=category, rate=rate),))
    return credit_of(made, number=str(90_000 + number), issued_on=issued + timedelta(days=9)) if number % 7 == 0 else made


def _treatment(rolls: random.Random, buyer: DocumentParty) -> tuple[tuple[VatCategory, Decimal], ...]:
    if buyer is ABROAD:
        return ((VatCategory.EXPORT, Decimal(0)),)
    if buyer is BUYER and rolls.random() < 0.1:
        return ((VatCategory.REVERSE_CHARGE, Decimal(0)),)
    return STANDARD + UNTAXED if rolls.random() < 0.4 else STANDARD


def _line(rolls: random.Random, category: VatCategory, rate: Decimal) -> DocumentLine:
    quantity = Decimal(rolls.choice((1, 2, 10, "0.5", "3.25", "7.3333")))
    price = Decimal(rolls.randrange(1, 2_000_000)).scaleb(-rolls.choice((2, 2, 4)))
    percent = Decimal(rolls.choice((0, 0, 0, 5, 10, "12.5", "33.33", 100)))
    return DocumentLine(
        text=rolls.choice(("Montering", "Planker 48×98", "Kjøring", "Møtemat <varm> & kaffe")), number=f"V{rolls.randrange(999)}", quantity=quantity,
        unit=rolls.choice(UNITS), price=price, adjustments=discount(price, quantity, percent), category=category, rate=rate,
    )  # fmt: skip
