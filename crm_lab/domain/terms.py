"""Terms of trade: how a party is invoiced, priced and paid. Open ones are inherited from category and company."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from crm_lab.domain.values import BIC, Email, clean_text, parse_currency
from crm_lab.errors import InvalidInput
from crm_lab.i18n import LOCALES, _

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crm_lab.errors import Faults

LONGEST_TERM, MOST_DAYS, MOST_PERCENT = 250, 365, 100


class Distribution(StrEnum):
    """How an invoice reaches the party; EHF is the Norwegian electronic invoice (Peppol BIS Billing 3.0)."""

    EMAIL = "email"
    EHF = "ehf"
    PRINT = "print"


class VatTreatment(StrEnum):
    """How sales to the party are taxed (merverdiavgiftsloven; SAF-T standard codes 3, 5/6, 51, 52)."""

    STANDARD = "standard"
    EXEMPT = "exempt"
    REVERSE_CHARGE = "reverse_charge"
    EXPORT = "export"


class TermSource(StrEnum):
    """Where an effective value comes from."""

    OWN = "own"
    CATEGORY = "category"
    COMPANY = "company"


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """Settings that orders and payments inherit. None leaves a setting to the next level.

    Attributes
    ----------
    payment_days, supplier_payment_days : days from invoice to due date, 0–365.
    invoice_copies : further e-mail addresses, separated by blanks.
    currency : ISO 4217.
    discount, category_discount : per cent, 0–100, at most two decimals; the second is for categories of products.
    default_account : account of the ledger that purchases are posted to.
    approver : user name of the employee who approves the supplier's invoices.
    bic : of the supplier's bank (ISO 9362), for payments abroad.
    """

    payment_days: int | None = None
    invoice_language: str | None = None
    distribution: Distribution | None = None
    invoice_copies: str | None = None
    currency: str | None = None
    is_blocked: bool | None = None
    charges_fee: bool | None = None
    sends_reminders: bool | None = None
    charges_interest: bool | None = None
    vat_treatment: VatTreatment | None = None
    needs_reference: bool | None = None
    discount: Decimal | None = None
    price_list: str | None = None
    category_discount: Decimal | None = None
    supplier_payment_days: int | None = None
    supplier_currency: str | None = None
    bic: str | None = None
    default_account: str | None = None
    approver: str | None = None


INHERITED = Terms()
"""Nothing of one's own."""

STANDARD = Terms(
    payment_days=14,
    invoice_language="nb",
    distribution=Distribution.EMAIL,
    invoice_copies="",
    currency="NOK",
    is_blocked=False,
    charges_fee=False,
    sends_reminders=True,
    charges_interest=True,
    vat_treatment=VatTreatment.STANDARD,
    needs_reference=False,
    discount=Decimal(0),
    price_list="",
    category_discount=Decimal(0),
    supplier_payment_days=14,
    supplier_currency="NOK",
    bic="",
    default_account="",
    approver="",
)
"""What a new company starts with; every setting has a value."""


@dataclass(frozen=True, slots=True)
class EffectiveTerm:
    """One setting as it applies: its value, where it comes from, and the category's name where it is one."""

    value: Any
    source: TermSource
    name: str = ""


def effective_terms(own: Terms, categories: Iterable[tuple[str, Terms]], company: Terms) -> dict[str, EffectiveTerm]:
    """Every setting as it applies to a party: its own, else its first category's that says something, else the company's."""
    levels = [
        (own, TermSource.OWN, ""),
        *((terms, TermSource.CATEGORY, name) for name, terms in categories),
        (company, TermSource.COMPANY, ""),
        (STANDARD, TermSource.COMPANY, ""),
    ]
    return {
        f.name: next(
            EffectiveTerm(value, source, name)
            for terms, source, name in levels
            if (value := getattr(terms, f.name)) is not None
        )
        for f in fields(Terms)
    }


def clean_terms(terms: Terms, faults: Faults) -> Terms:
    """The settings in their stored form; a fault stands at "terms.discount" and so on."""
    clean = {f.name: getattr(terms, f.name) for f in fields(Terms)}
    for name, value in clean.items():
        if value is not None:
            with faults.at(f"terms.{name}"):
                clean[name] = _clean(name, value)
    return replace(terms, **clean)


def _clean(name: str, value: Any) -> Any:
    if name.endswith("payment_days") and not 0 <= value <= MOST_DAYS:
        raise InvalidInput(_("The number of days must be from 0 to {n}.", n=MOST_DAYS), name)
    if name.endswith("discount"):
        if not value.is_finite() or not 0 <= value <= MOST_PERCENT or round(value, 2) != value:
            raise InvalidInput(_("The discount must be from 0 to 100 per cent, with two decimals at most."), name)
        return round(value, 2)
    if name == "invoice_language" and value not in LOCALES:
        raise InvalidInput(_("The language must be nb or en."), name)
    if name.endswith("currency"):
        return parse_currency(value)
    if name == "invoice_copies":
        return " ".join(str(Email.parse(part)) for part in value.replace(",", " ").replace(";", " ").split())
    if name == "bic":
        return str(BIC.parse(value)) if value.strip() else ""
    return clean_text(value, name, max_length=LONGEST_TERM) if isinstance(value, str) and not isinstance(value, StrEnum) else value
