"""The small parts of SAF-T elements: names, texts, amounts, balances. The file's namespace does not matter."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any

from crm_lab.domain.saft import ZERO, NotSaft
from crm_lab.i18n import _


@cache
def local(tag: str) -> str:
    """The name of a tag without its namespace."""
    return tag.rpartition("}")[2]


def child(element: Any, name: str) -> Any:
    """The first child of that name, or None."""
    return element.find(f"{{*}}{name}")


def text(element: Any, name: str) -> str:
    """The text of the first child of that name, trimmed."""
    return (element.findtext(f"{{*}}{name}") or "").strip()


def amount(element: Any) -> Decimal:
    """The number an element holds. Raises `NotSaft`: money that cannot be read is never left out."""
    value = (element.text or "").strip()
    try:
        number = Decimal(value)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        raise NotSaft(_("Line {line}: {text} is not an amount. Nothing was saved.", line=element.sourceline, text=value[:40]))
    return number


def amount_of(element: Any) -> tuple[Decimal, Decimal, str]:
    """Amount, amount in the line's own currency, and that currency, of an `AmountStructure`."""
    if len(element) == 1:
        return amount(element[0]), ZERO, ""
    parts = {local(part.tag): part for part in element if isinstance(part.tag, str)}
    if not parts:
        return amount(element), ZERO, ""
    value, own, code = amount(parts["Amount"]) if "Amount" in parts else ZERO, parts.get("CurrencyAmount"), parts.get("CurrencyCode")
    if own is None or code is None:
        return value, ZERO, ""
    return value, amount(own), (code.text or "").strip()


def balance(element: Any, when: str) -> Decimal:
    """The opening or closing balance of an account or a party, debit positive."""
    debit, credit = child(element, f"{when}DebitBalance"), child(element, f"{when}CreditBalance")
    return (amount(debit) if debit is not None else ZERO) - (amount(credit) if credit is not None else ZERO)
