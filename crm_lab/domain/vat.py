"""VAT on sales: codes, categories, and which rate applies on a day. The rates themselves are data (`data/reference/vat_codes.csv`).

Source: Skatteetaten, SAF-T Financial standard tax codes; EN 16931 and UNCL 5305 for the categories.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from crm_lab.errors import InvalidInput
from crm_lab.i18n import _, day


class VatCategory(StrEnum):
    """How something is taxed (UNCL 5305)."""

    STANDARD = "S"
    ZERO = "Z"
    EXEMPT = "E"
    REVERSE_CHARGE = "AE"
    EXPORT = "G"
    INTRA_COMMUNITY = "K"
    CANARY_ISLANDS = "L"
    CEUTA_MELILLA = "M"
    OUTSIDE = "O"


@dataclass(frozen=True, slots=True, kw_only=True)
class VatCode:
    """One code for as long as its rate applied, both days included; `rate` is in per cent."""

    code: str
    first_day: date
    last_day: date | None
    rate: Decimal
    category: VatCategory
    source: str = ""


class UnknownVatCode(InvalidInput):
    """No code of sales, or none on that day."""

    def __init__(self, code: str, on: date) -> None:
        super().__init__(_("{code} is no VAT code of sales on {day}.", code=code[:40], day=day(on)), "vat_code")


def vat_on(codes: Sequence[VatCode], code: str, on: date) -> VatCode:
    """The code as it applies on a day, which is the day of delivery. Raises `UnknownVatCode`."""
    for one in codes:
        if one.code == code and one.first_day <= on and (one.last_day is None or on <= one.last_day):
            return one
    raise UnknownVatCode(code, on)


def vat_name(code: str) -> str:
    """A code in words, the code itself where it is none of ours."""
    return {
        "3": _("Standard rate"),
        "31": _("Middle rate, food"),
        "32": _("Raw fish"),
        "33": _("Low rate"),
        "5": _("Zero-rated in Norway"),
        "51": _("Reverse charge in Norway"),
        "52": _("Export of goods and services"),
        "6": _("Outside the VAT Act"),
        "7": _("No VAT treatment"),
    }.get(code, code)


def vat_reason(category: VatCategory) -> str:
    """Why no VAT is charged, as a sales document must say it; "" where it is (EN 16931, BT-120)."""
    return {
        VatCategory.ZERO: _("Zero-rated, the VAT Act chapter 6"),
        VatCategory.EXEMPT: _("Exempt from or outside the VAT Act, chapter 3"),
        VatCategory.REVERSE_CHARGE: _("Reverse charge: the buyer reckons the VAT (the VAT Act section 11-1)"),
        VatCategory.EXPORT: _("Export outside the VAT area, the VAT Act section 6-21 or 6-22"),
        VatCategory.OUTSIDE: _("The seller is not registered for VAT"),
    }.get(category, "")
