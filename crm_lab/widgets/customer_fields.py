"""The fields of a customer as a form has them: names in words, to text and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from crm_lab.domain.customers import Customer, RegisterStatus, clean_customer
from crm_lab.domain.values import BankAccount, OrgNumber, Phone, Website
from crm_lab.errors import Faults, InvalidFields
from crm_lab.i18n import _
from crm_lab.widgets.addresses import address_values, addresses_from
from crm_lab.widgets.parties import CATEGORY
from crm_lab.widgets.terms import term_values, terms_from, whole

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crm_lab.domain.register import RegisterEntity
    from crm_lab.widgets.forms import Values

PLAIN = (
    "name", "first_name", "organisation_number", "organisation_form", "industry_code", "industry", "phone", "mobile",
    "email", "invoice_email", "website", "language", "bank_account", "gln", "note",
)  # fmt: skip
KINDS = ("customer", "supplier", "both", "person")
COMPANIES_ONLY = ("organisation_number", "organisation_form", "industry_code", "industry", "gln")
FROM_REGISTER = (
    "name", "organisation_form", "industry_code", "industry", "phone", "email", "website",
)  # fmt: skip


def status_text(status: str) -> str:
    """What the register says, in words."""
    return {
        RegisterStatus.ACTIVE: _("Active"),
        RegisterStatus.WINDING_UP: _("Winding up"),
        RegisterStatus.BANKRUPT: _("Bankrupt"),
        RegisterStatus.DELETED: _("Deleted from the register"),
        RegisterStatus.UNKNOWN: _("Not checked in the register"),
    }[RegisterStatus(status)]


STATUS_CLASS = {
    RegisterStatus.ACTIVE: "ok",
    RegisterStatus.WINDING_UP: "warn",
    RegisterStatus.BANKRUPT: "bad",
    RegisterStatus.DELETED: "bad",
    RegisterStatus.UNKNOWN: "",
}


def kind_text(kind: str) -> str:
    """What a party is to us."""
    kinds = {"customer": _("Customer"), "supplier": _("Supplier"), "both": _("Customer and supplier")}
    return (kinds | {"person": _("Private customer")})[kind]


def kind_of(customer: Customer) -> str:
    """One of `KINDS`."""
    if customer.is_person:
        return "person"
    return "both" if customer.is_customer and customer.is_supplier else "supplier" if customer.is_supplier else "customer"


def labels(*, is_person: bool) -> dict[str, str]:
    """The fields in words."""
    return {
        "kind": _("Type"),
        "name": _("Surname") if is_person else _("Name"),
        "first_name": _("First name"),
        "organisation_number": _("Organisation number"),
        "organisation_form": _("Organisation form"),
        "is_vat_registered": _("Registered for VAT"),
        "phone": _("Phone"),
        "mobile": _("Mobile"),
        "email": _("E-mail"),
        "invoice_email": _("E-mail for invoices"),
        "website": _("Website"),
        "industry_code": _("Industry code"),
        "industry": _("Industry"),
        "n_employees": _("Employees"),
        "language": _("Language"),
        "bank_account": _("Bank account"),
        "gln": "GLN",
        "note": _("Note"),
        "owner_id": _("Owner"),
        "owner_only": _("Visible to owner only"),
    }


def languages() -> list[tuple[str, str]]:
    """The languages of letters to a party."""
    return [("", _("The company's language")), ("nb", _("Norwegian")), ("en", _("English"))]


def spaced(name: str, stored: str) -> str:
    """A stored value as people write it."""
    if not stored:
        return ""
    if name == "organisation_number":
        return OrgNumber(stored).spaced
    if name == "bank_account":
        return BankAccount(stored).spaced
    if name in {"phone", "mobile"}:
        return Phone(stored).national
    return Website(stored).shown if name == "website" and stored.startswith("https://") else stored


def values_of(customer: Customer) -> Values:
    """A party as the values of its form."""
    texts = {name: spaced(name, getattr(customer, name)) for name in PLAIN}
    employees = "" if customer.n_employees is None else str(customer.n_employees)
    values: Values = {"kind": kind_of(customer), **texts, "n_employees": employees}
    values |= {"is_vat_registered": customer.is_vat_registered, "owner_only": customer.owner_only}
    values |= {"owner_id": str(customer.owner_id) if customer.owner_id else ""}
    values |= {f"{CATEGORY}{category}": True for category in customer.categories}
    return values | address_values(customer.addresses) | term_values(customer.terms)


def fields_from(values: Mapping[str, Any], faults: Faults) -> dict[str, Any]:
    """What a service takes, made of a form's values; what is no number is noted at its field."""
    kind = values["kind"]
    given: dict[str, Any] = {name: str(values[name]) for name in PLAIN}
    given |= dict.fromkeys(COMPANIES_ONLY, "") if kind == "person" else {"first_name": ""}
    with faults.at("n_employees"):
        text = str(values["n_employees"]).strip()
        given["n_employees"] = whole(text, "n_employees") if text else None
    owner = str(values["owner_id"])
    return given | {
        "is_person": kind == "person",
        "is_customer": kind != "supplier",
        "is_supplier": kind in {"supplier", "both"},
        "is_vat_registered": values["is_vat_registered"],
        "owner_id": UUID(owner) if owner else None,
        "owner_only": values["owner_only"],
        "addresses": addresses_from(values),
        "categories": tuple(UUID(name.removeprefix(CATEGORY)) for name in values if name.startswith(CATEGORY)),
        "terms": terms_from(values, faults),
    }


def faults_of(values: Mapping[str, Any]) -> dict[str, str]:
    """What the rules say of a form's values, by field."""
    faults = Faults()
    given: Any = fields_from(values, faults)
    try:
        clean_customer(given)
    except InvalidFields as error:
        return error.fields | faults.found
    return faults.found


def values_from_register(entity: RegisterEntity) -> Values:
    """What the register knows, as values of the form; what it is silent on is left out."""
    texts = {name: spaced(name, str(getattr(entity, name))) for name in FROM_REGISTER}
    number = "" if entity.n_employees is None else str(entity.n_employees)
    places = address_values([a for a in (entity.visiting, entity.postal) if a], [a.kind for a in (entity.visiting, entity.postal) if a])
    known: Values = {name: text for name, text in (texts | {"n_employees": number} | places).items() if text}
    return known | {
        "organisation_number": spaced("organisation_number", entity.organisation_number),
        "is_vat_registered": entity.is_vat_registered,
    }
