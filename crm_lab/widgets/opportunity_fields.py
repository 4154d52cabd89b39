"""The fields of an opportunity: their words, their values in a form, and what a form says."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

from crm_lab.domain.columns import parse_decimal
from crm_lab.domain.opportunities import (
    NOK,
    ForecastCategory,
    Opportunity,
    OpportunityContact,
    ProbabilityFrom,
    SellerShare,
)
from crm_lab.errors import InvalidInput
from crm_lab.i18n import _
from crm_lab.widgets.products import decimal_words
from crm_lab.widgets.projects import read_amount
from crm_lab.widgets.task_box import read_day

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crm_lab.errors import Faults
    from crm_lab.widgets.forms import Values

TEXTS = ("title", "status", "currency", "category", "competitor", "next_step", "lost_reason", "products")
KEYS = ("customer_id", "contact_id", "owner_id", "stage_id", "source_id", "type_id", "lost_reason_id")
DAYS = ("expected_close_on", "next_step_on")
TICKS = ("is_recurring", "owner_only")
PARTS = {"seller": "sellers", "share": "sellers", "who": "contacts", "role": "contacts"}
"""Fields of one of several rows, by the list they are part of."""
ROWS, SHOWN_ROWS = range(1, 21), 4
"""So many sellers with shares, and other contacts with roles, have a place in the form; so many places are shown at least."""


def field_words() -> dict[str, str]:
    """The fields in words."""
    words = {
        "title": _("What it is about"), "customer_id": _("Customer"), "contact_id": _("Contact"), "owner_id": _("Owner"), "status": _("Status"),
        "amount": _("Amount"), "currency": _("Currency"), "probability": _("Probability, %"), "learns": _("Take the probability from our history"), "expected_close_on": _("Expected close"),
        "next_step": _("Next step"), "lost_reason": _("Why it was lost"), "stage_id": _("Stage"), "category": _("Forecast category"),
        "rate": _("Rate, kr"), "is_recurring": _("Comes again every year"), "owner_only": _("Visible to owner only"), "source_id": _("Source"),
        "type_id": _("Type"), "competitor": _("Competitor"), "next_step_on": _("On"), "lost_reason_id": _("Reason"), "products": _("Products"),
        "sellers": _("Sellers and shares"), "contacts": _("Other contacts"),
    }  # fmt: skip
    rows = {"seller": _("Seller"), "share": _("Share, %"), "who": _("Contact"), "role": _("Role")}
    return words | {f"{name}_{n}": f"{text} {n}" for name, text in rows.items() for n in ROWS}


def category_words() -> dict[str, str]:
    """What an owner promises, in words."""
    return {
        ForecastCategory.COMMIT: _("Commit"), ForecastCategory.BEST_CASE: _("Best case"), ForecastCategory.PIPELINE: _("In the pipeline"),
        ForecastCategory.OMITTED: _("Left out"),
    }  # fmt: skip


def blank_values() -> Values:
    """A form without anything in it."""
    rows: Values = {f"{name}_{n}": "" for name in ("seller", "share", "who", "role") for n in ROWS}
    values: Values = dict.fromkeys((*TEXTS, *KEYS, *DAYS, "amount", "rate", "probability"), "") | dict.fromkeys((*TICKS, "learns"), False) | rows
    return values | {"currency": NOK}


def values_of(one: Opportunity) -> Values:
    """An opportunity as a form has it; a probability that is the stage's, or history's, is left blank."""
    rows: Values = {}
    for n, share in zip(ROWS, one.sellers, strict=False):
        rows |= {f"seller_{n}": str(share.employee_id), f"share_{n}": str(share.percent)}
    for n, contact in zip(ROWS, one.contacts, strict=False):
        rows |= {f"who_{n}": str(contact.contact_id), f"role_{n}": contact.role}
    return blank_values() | rows | {
        **{name: str(getattr(one, name)) for name in TEXTS}, **{name: str(getattr(one, name) or "") for name in KEYS},
        **{name: value.isoformat() if (value := getattr(one, name)) else "" for name in DAYS}, **{name: getattr(one, name) for name in TICKS},
        "amount": "" if one.amount is None else str(one.amount).replace(".", ",").removesuffix(",00"),
        "rate": decimal_words(one.rate, 0) if one.rate is not None and one.currency != NOK else "",
        "probability": "" if one.probability_from is not ProbabilityFrom.MANUAL and one.is_open else str(one.probability), "learns": one.probability_from is ProbabilityFrom.LEARNED,
    }  # fmt: skip


def shown_rows(values: Mapping[str, Any]) -> list[int]:
    """The places to show: those that are taken and one more."""
    taken = max((n for n in ROWS if values.get(f"seller_{n}") or values.get(f"who_{n}")), default=0)
    return list(range(1, min(max(SHOWN_ROWS, taken + 1), ROWS[-1]) + 1))


def read_fields(values: Mapping[str, Any], faults: Faults) -> dict[str, Any]:
    """What a form says; fields it does not have are left out."""
    given: dict[str, Any] = {name: str(values[name]) for name in TEXTS if name in values and (name != "category" or values[name])}
    given |= {name: values[name] is True for name in TICKS if name in values}
    for name, read in (("amount", read_amount), ("rate", _rate)):
        if name in values:
            with faults.at(name):
                given[name] = read(str(values[name]))
    if "probability" in values:
        with faults.at("probability"):
            given |= _chance(str(values["probability"]), learns=values.get("learns") is True)
    for name in [name for name in DAYS if name in values]:
        with faults.at(name):
            given[name] = read_day(str(values[name]), name)
    for name in [name for name in KEYS if name in values]:
        with faults.at(name):
            given[name] = _key(str(values[name]))
    if "seller_1" in values:
        with faults.at("sellers"):
            given["sellers"] = tuple(
                SellerShare(employee_id=key, percent=_percent(str(values.get(f"share_{n}", "")) or "0")) for n in ROWS if (key := _key(str(values.get(f"seller_{n}", ""))))
            )
    if "who_1" in values:
        with faults.at("contacts"):
            given["contacts"] = tuple(
                OpportunityContact(contact_id=key, role=str(values.get(f"role_{n}", ""))) for n in ROWS if (key := _key(str(values.get(f"who_{n}", ""))))
            )
    return given


def _rate(text: str) -> Decimal | None:
    return parse_decimal(text) if text.strip() else None


def _chance(text: str, *, learns: bool) -> dict[str, Any]:
    """A probability that was written; where nothing was, what history says of the stage, or the stage's own."""
    if not text.replace("%", "").strip():
        return {"probability_from": ProbabilityFrom.LEARNED if learns else ProbabilityFrom.STAGE}
    return {"probability": _percent(text), "probability_from": ProbabilityFrom.MANUAL}


def _percent(text: str) -> int:
    digits = text.replace("%", "").strip()
    if not re.fullmatch(r"[0-9]{1,4}", digits):
        raise InvalidInput(_("{n} is not a probability. Write a whole number from 0 to 100.", n=text[:20]), "probability")
    return int(digits)


def _key(text: str) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        raise InvalidInput(_("Choose one of the list.")) from None
