"""Terms of trade in a form: an empty field inherits, and says what and from whom."""

from __future__ import annotations

from dataclasses import fields
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from crm_lab.domain.terms import Distribution, EffectiveTerm, Terms, TermSource, VatTreatment
from crm_lab.errors import Faults, InvalidInput
from crm_lab.i18n import _, ngettext, number

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from crm_lab.domain.employees import Employee

DAYS = ("payment_days", "supplier_payment_days")
PERCENT = ("discount", "category_discount")
TICKS = ("is_blocked", "charges_fee", "sends_reminders", "charges_interest", "needs_reference")
INVOICE = (
    "payment_days", "distribution", "invoice_copies", "invoice_language", "currency", "vat_treatment", "charges_fee",
    "sends_reminders", "charges_interest", "needs_reference", "is_blocked",
)  # fmt: skip
PRICE = ("discount", "category_discount", "price_list")
SUPPLIER = ("supplier_payment_days", "supplier_currency", "bic", "default_account", "approver")
TEXTS = ("invoice_copies", "price_list", "bic", "default_account", "approver")
NAMES = tuple(f.name for f in fields(Terms))
LONGEST_NUMBER = 20
NOTHING, DASHES = "–", {"–", "-"}
"""How a text setting is left empty although one would be inherited."""


def term_label(name: str) -> str:
    """A setting in words."""
    return {
        "payment_days": _("Payment terms, days"),
        "invoice_language": _("Language of invoices"),
        "distribution": _("Invoices are sent by"),
        "invoice_copies": _("Copies to (e-mail)"),
        "currency": _("Currency"),
        "is_blocked": _("Blocked for invoicing"),
        "charges_fee": _("Invoice fee"),
        "sends_reminders": _("Reminders"),
        "charges_interest": _("Late interest"),
        "vat_treatment": _("VAT"),
        "needs_reference": _("Reference required"),
        "discount": _("Discount, %"),
        "price_list": _("Price list"),
        "category_discount": _("Discount on product groups, %"),
        "supplier_payment_days": _("Payment terms, days"),
        "supplier_currency": _("Currency"),
        "bic": _("BIC"),
        "default_account": _("Default account"),
        "approver": _("Approved by"),
    }[name]


def group_labels() -> list[tuple[str, tuple[str, ...]]]:
    """The settings in groups."""
    return [(_("Invoicing"), INVOICE), (_("Prices"), PRICE), (_("As a supplier"), SUPPLIER)]


def _options(name: str, employees: Iterable[Employee]) -> list[tuple[str, str]]:
    """What a setting may be, where it is a choice."""
    if name in TICKS:
        return [("yes", _("Yes")), ("no", _("No"))]
    if name == "approver":
        return [(e.username, e.name) for e in employees if e.is_active]
    choices: dict[str, list[tuple[str, str]]] = {
        "invoice_language": [("nb", _("Norwegian")), ("en", _("English"))],
        "distribution": [(Distribution.EMAIL, _("E-mail")), (Distribution.EHF, "EHF"), (Distribution.PRINT, _("Paper"))],
        "vat_treatment": [
            (VatTreatment.STANDARD, _("With VAT")),
            (VatTreatment.EXEMPT, _("Exempt from VAT")),
            (VatTreatment.REVERSE_CHARGE, _("Reverse charge")),
            (VatTreatment.EXPORT, _("Export, no VAT")),
        ],
    }
    return choices.get(name, [])


def term_words(name: str, value: Any, employees: Iterable[Employee] = ()) -> str:
    """A setting's value as people read it: "14 days", "Yes", "E-mail"."""
    if name in DAYS:
        return ngettext("{n} day", "{n} days", value)
    if name in PERCENT:
        return f"{_decimal(value)} %"
    if name in TICKS:
        return _("Yes") if value else _("No")
    return dict(_options(name, employees)).get(str(value), str(value)) or _("None")


def source_words(term: EffectiveTerm) -> str:
    """Where an effective value comes from."""
    if term.source is TermSource.CATEGORY:
        return _("from the category {name}", name=term.name)
    return _("the company's standard") if term.source is TermSource.COMPANY else _("own")


def _decimal(value: Any) -> str:
    """A percentage, as a Decimal or as the wire writes one, without needless zeros."""
    exact = Decimal(str(value))
    digits = max(0, -int(exact.normalize().as_tuple().exponent))
    return number(exact, digits)


def term_values(terms: Terms) -> dict[str, str]:
    """The fields of a form, "terms.payment_days" and so on; "" inherits."""
    return {f"terms.{name}": _text(name, getattr(terms, name)) for name in NAMES}


def _text(name: str, value: Any) -> str:
    if value is None:
        return ""
    if name in TICKS:
        return "yes" if value else "no"
    if name in PERCENT:
        return _decimal(value)
    return str(value) or NOTHING


def terms_from(values: Mapping[str, Any], faults: Faults) -> Terms:
    """The settings as a form has them; what is no number is noted at its field."""
    made: dict[str, Any] = {}
    for name in NAMES:
        text = str(values[f"terms.{name}"]).strip()
        with faults.at(f"terms.{name}"):
            made[name] = _value(name, text) if text else None
    return Terms(**made)


def _value(name: str, text: str) -> Any:
    if name in DAYS:
        return whole(text, name)
    if name in PERCENT:
        return percent(text, name)
    if name in TICKS:
        return text == "yes"
    if name in TEXTS and text in DASHES:
        return ""
    kinds: dict[str, type[Distribution | VatTreatment]] = {"distribution": Distribution, "vat_treatment": VatTreatment}
    if name in kinds:
        try:
            return kinds[name](text)
        except ValueError:
            raise InvalidInput(_("Choose one of the list."), name) from None
    return text


def whole(text: str, field: str) -> int:
    """A whole number as people write it, blanks between thousands allowed. Raises `InvalidInput`."""
    digits = "".join(text.split())
    if not (digits.isascii() and digits.isdigit() and len(digits) <= LONGEST_NUMBER):
        raise InvalidInput(_("{text} is not a whole number from 0 up. Write digits only.", text=text[:40]), field)
    return int(digits)


def percent(text: str, field: str) -> Decimal:
    """A percentage as people write it, with comma or point. Raises `InvalidInput`."""
    plain = "".join(text.split()).removesuffix("%").replace(",", ".")
    try:
        value = Decimal(plain) if plain.isascii() and len(plain) <= LONGEST_NUMBER else None
    except InvalidOperation:
        value = None
    if value is None or not value.is_finite():
        raise InvalidInput(_("{text} is not a percentage. Write it as 12,5.", text=text[:40]), field)
    return value


def term_rows(
    names: Iterable[str], values: Mapping[str, Any], inherited: Mapping[str, EffectiveTerm], employees: list[Employee]
) -> list[dict[str, Any]]:
    """What the template draws of each setting: its field, what it would inherit, and whether it has a value of its own."""
    rows = []
    for name in names:
        term, key = inherited[name], f"terms.{name}"
        own, words = str(values[key]).strip(), term_words(name, term.value, employees)
        options = _options(name, employees)
        effective = _("{value} – {source}", value=words, source=source_words(term))
        hint = _("Own value. Otherwise: {value}", value=effective) if own else "" if options else effective
        if name in TEXTS and options and (term.value or own in DASHES):
            options = [(NOTHING, _("Nobody")), *options]
        elif name in TEXTS and term.value and not own:
            hint = _("{value}. Write – for none.", value=effective)
        rows.append(
            {
                "name": key, "label": term_label(name), "is_own": bool(own), "hint": hint,
                "placeholder": _text(name, term.value) if term.value != "" else "",
                "options": [("", effective), *options] if options else [],
                "mode": "numeric" if name in DAYS else "decimal" if name in PERCENT else "",
            }
        )  # fmt: skip
    return rows
