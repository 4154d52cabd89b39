"""The invoice as a document: what it says, and its sums as EN 16931 reckons them. Quotes and order confirmations are of the same kind.

Nothing here depends on how a document is kept, drawn or sent. Amounts are `Decimal` in the document's currency, rounded half
up to its hundredths; nothing is rounded to whole kroner, which only cash is.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import Protocol

from crm_lab.domain.values import ORE
from crm_lab.domain.vat import VatCategory

ONE, ZERO, HUNDRED = Decimal(1), Decimal("0.00"), Decimal(100)


class DocumentKind(StrEnum):
    """What a sales document is."""

    QUOTE = "quote"
    CONFIRMATION = "confirmation"
    INVOICE = "invoice"
    CREDIT_NOTE = "credit_note"


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentParty:
    """Seller or buyer as the document names it.

    Attributes
    ----------
    vat_number : as in the VAT registers, "NO999999999MVA"; "" where the party is in none.
    is_registered : in Foretaksregisteret, which companies say on their documents (foretaksregisterloven § 10-2).
    endpoint, endpoint_scheme : the electronic address (Peppol participant), of scheme 0192 for organisation numbers.
    reference_id : a further identifier, such as a customer number, with its scheme.
    """

    name: str
    organisation_number: str = ""
    vat_number: str = ""
    is_registered: bool = False
    is_person: bool = False
    endpoint: str = ""
    endpoint_scheme: str = ""
    reference_id: str = ""
    reference_scheme: str = ""
    street: str = ""
    street_more: str = ""
    postal_code: str = ""
    city: str = ""
    region: str = ""
    country: str = "NO"
    contact: str = ""
    email: str = ""
    phone: str = ""
    website: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjustment:
    """A discount or a charge, on a line or on the whole document; `amount` is above zero, `percent` is of `base`."""

    amount: Decimal
    is_charge: bool = False
    reason: str = ""
    reason_code: str = ""
    percent: Decimal | None = None
    base: Decimal | None = None
    category: VatCategory = VatCategory.STANDARD
    rate: Decimal = ZERO

    @property
    def net(self) -> Decimal:
        """What it adds to the sum."""
        return self.amount if self.is_charge else -self.amount


class Taxed(Protocol):
    """What has a part in the sums: a line, or an adjustment of the whole document."""

    @property
    def net(self) -> Decimal:
        """What it adds to the sum, without VAT."""

    @property
    def category(self) -> VatCategory:
        """How it is taxed."""

    @property
    def rate(self) -> Decimal:
        """At how many per cent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentLine:
    """One line.

    Attributes
    ----------
    unit : code of UN/ECE Recommendation 20, "C62" for one piece.
    price : of `per` units, without VAT and discount.
    """

    text: str
    description: str = ""
    number: str = ""
    note: str = ""
    quantity: Decimal = ONE
    unit: str = "C62"
    price: Decimal = ZERO
    per: Decimal = ONE
    adjustments: tuple[Adjustment, ...] = ()
    category: VatCategory = VatCategory.STANDARD
    rate: Decimal = ZERO
    order_line: str = ""

    @property
    def net(self) -> Decimal:
        """What it comes to without VAT (BT-131)."""
        return rounded(self.quantity * self.price / self.per) + sum((one.net for one in self.adjustments), ZERO)


@dataclass(frozen=True, slots=True, kw_only=True)
class VatSum:
    """What is taxed alike: its sum and the VAT of it (BG-23); `rate` in per cent."""

    category: VatCategory
    rate: Decimal
    base: Decimal
    vat: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """The sums of a document (BG-22): lines, what is taken off and added, without VAT, VAT, with VAT, and per rate."""

    lines: Decimal
    allowances: Decimal
    charges: Decimal
    net: Decimal
    vat: Decimal
    gross: Decimal
    rates: tuple[VatSum, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Invoice:
    """A sales document. In a credit note amounts are above zero too: that it is one says which way they go.

    Attributes
    ----------
    credits, credits_on : number and day of the invoice that a credit note is for.
    rate : kroner for one unit of `currency`, where that is another; the VAT is told in kroner too.
    account, iban, bic : where it is paid, with `kid`.
    paid : what has been paid in advance; `rounding` is what the payable sum was rounded by.
    """

    kind: DocumentKind = DocumentKind.INVOICE
    number: str
    issued_on: date
    due_on: date | None = None
    delivered_on: date | None = None
    period: tuple[date | None, date | None] | None = None
    seller: DocumentParty
    buyer: DocumentParty
    delivery: DocumentParty | None = None
    lines: tuple[DocumentLine, ...] = ()
    adjustments: tuple[Adjustment, ...] = ()
    currency: str = "NOK"
    rate: Decimal | None = None
    kid: str = ""
    account: str = ""
    iban: str = ""
    bic: str = ""
    payment_means: str = "30"
    payment_terms: str = ""
    buyer_reference: str = ""
    order_reference: str = ""
    contract_reference: str = ""
    credits: str = ""
    credits_on: date | None = None
    cost_account: str = ""
    note: str = ""
    paid: Decimal = ZERO
    rounding: Decimal = ZERO
    language: str = "nb"

    @property
    def totals(self) -> Totals:
        """Its sums."""
        return totals_of(self.lines, self.adjustments)

    @property
    def payable(self) -> Decimal:
        """What is left to pay (BT-115)."""
        return self.totals.gross - self.paid + self.rounding

    @property
    def vat_in_kroner(self) -> Decimal | None:
        """The VAT in kroner of a document in another currency (bokføringsforskriften § 5-1-1), None where it is in kroner."""
        return None if self.currency == "NOK" or self.rate is None else rounded(self.totals.vat * self.rate)


def rounded(amount: Decimal) -> Decimal:
    """To the øre, half up."""
    return amount.quantize(ORE, ROUND_HALF_UP)


def discount(price: Decimal, quantity: Decimal, percent: Decimal) -> tuple[Adjustment, ...]:
    """A discount in per cent as the adjustment of a line; nothing where there is none."""
    base = rounded(quantity * price)
    amount = base - rounded(quantity * price * (HUNDRED - percent) / HUNDRED)
    return (Adjustment(amount=amount, percent=percent, base=base, reason_code="95"),) if percent else ()


def totals_of(lines: Iterable[Taxed], adjustments: Iterable[Adjustment] = ()) -> Totals:
    """The sums of lines and of what is taken off or added to all of them: VAT is reckoned and rounded per category and rate (EN 16931, BR-CO-10 to -17)."""
    lines, adjustments = list(lines), list(adjustments)
    bases: dict[tuple[VatCategory, Decimal], Decimal] = {}
    for one in (*lines, *adjustments):
        key = one.category, one.rate.normalize()
        bases[key] = bases.get(key, ZERO) + one.net
    rates = tuple(
        VatSum(category=category, rate=rate, base=base, vat=rounded(base * rate / HUNDRED))
        for (category, rate), base in sorted(bases.items(), key=lambda item: (-item[0][1], item[0][0]))
    )
    of_lines = sum((one.net for one in lines), ZERO)
    allowances = sum((one.amount for one in adjustments if not one.is_charge), ZERO)
    charges = sum((one.amount for one in adjustments if one.is_charge), ZERO)
    net, vat = of_lines - allowances + charges, sum((one.vat for one in rates), ZERO)
    return Totals(lines=of_lines, allowances=allowances, charges=charges, net=net, vat=vat, gross=net + vat, rates=rates)


def credit_of(invoice: Invoice, *, number: str, issued_on: date) -> Invoice:
    """The credit note that takes all of an invoice back."""
    return replace(
        invoice, kind=DocumentKind.CREDIT_NOTE, number=number, issued_on=issued_on, due_on=None, credits=invoice.number, credits_on=invoice.issued_on,
        kid="", paid=ZERO, rounding=ZERO,
    )  # fmt: skip
