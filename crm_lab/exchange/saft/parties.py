"""Customers and suppliers of a SAF-T file, as texts by the names of our own columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crm_lab.domain.ledger import CONTROL_ACCOUNT, Ledger
from crm_lab.domain.saft import SaftBalance, SaftParty
from crm_lab.exchange.saft.elements import balance

if TYPE_CHECKING:
    from collections.abc import Iterator

NOTHING = {"", "n.a", "n.a.", "n/a", "na", "-", "tom", "ikke oppgitt", "notused", "not used"}
"""What systems write where they have nothing."""
KINDS = {"StreetAddress": "visiting", "PostalAddress": "postal", "BillingAddress": "invoice", "ShipToAddress": "delivery"}


def read_party(element: Any, ledger: Ledger) -> SaftParty:
    """A `Customer` or `Supplier` element."""
    code = _text(element, "CustomerID" if ledger is Ledger.RECEIVABLE else "SupplierID")
    return SaftParty(
        ledger=ledger, code=code, fields={k: v for k, v in _fields(element).items() if v},
        addresses=tuple(_addresses(element)), balances=tuple(_balances(element, ledger)),
        persons=tuple(_persons(element)),
    )  # fmt: skip


def _fields(element: Any) -> dict[str, str]:
    bank = next((b for b in element.iterfind("{*}BankAccount")), None)
    contact, info = element.find("{*}Contact"), element.find("{*}PartyInfo")
    return {
        "name": _text(element, "Name"),
        "organisation_number": _text(element, "RegistrationNumber") or _text(element, "TaxRegistration/{*}TaxRegistrationNumber"),
        "phone": _text(contact, "Telephone"),
        "mobile": _text(contact, "MobilePhone"),
        "email": _text(contact, "Email"),
        "website": _text(contact, "Website"),
        "bank_account": _text(bank, "BankAccountNumber") or _text(bank, "IBANNumber"),
        "bic": _text(bank, "BIC"),
        "currency": _text(info, "CurrencyCode"),
        "payment_days": _text(info, "PaymentTerms/{*}Days"),
        "type": _text(info, "Type"),
        "note": _text(info, "Notes"),
    }


def _persons(element: Any) -> Iterator[dict[str, str]]:
    """The contact persons that have a name; the surname alone is enough."""
    for contact in element.iterfind("{*}Contact"):
        names = {part: _text(contact, f"ContactPerson/{{*}}{tag}") for part, tag in (("first_name", "FirstName"), ("last_name", "LastName"))}
        if names["last_name"] or names["first_name"]:
            found = names if names["last_name"] else {"first_name": "", "last_name": names["first_name"]}
            yield found | {"phone": _text(contact, "Telephone") or _text(contact, "MobilePhone"), "email": _text(contact, "Email")}


def _addresses(element: Any) -> Iterator[dict[str, str]]:
    """Addresses of a kind we keep, the first of each; the country stays "NO" where none is named."""
    seen: set[str] = set()
    for place in element.iterfind("{*}Address"):
        kind = KINDS.get(_text(place, "AddressType"), "postal")
        street = " ".join(filter(None, (_text(place, "StreetName"), _text(place, "Number"))))
        lines = ", ".join(filter(None, (street, _text(place, "AdditionalAddressDetail"))))
        made = {"street": lines, "postal_code": _text(place, "PostalCode"), "city": _text(place, "City")}
        if any(made.values()) and kind not in seen:
            seen.add(kind)
            yield {"kind": kind, "country": _text(place, "Country").upper() or "NO"} | made


def _balances(element: Any, ledger: Ledger) -> Iterator[SaftBalance]:
    """One a control account: several `BalanceAccount` in 1.30, the party's own one before."""
    found = element.findall("{*}BalanceAccount")
    for at in found or [element]:
        account = _text(at, "AccountID") or CONTROL_ACCOUNT[ledger]
        yield SaftBalance(account=account, opening=balance(at, "Opening"), closing=balance(at, "Closing"))


def _text(element: Any, path: str) -> str:
    value = "" if element is None else " ".join((element.findtext(f"{{*}}{path}") or "").split())
    return "" if value.lower() in NOTHING else value
