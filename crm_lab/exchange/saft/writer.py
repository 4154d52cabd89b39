"""Writes SAF-T Financial 1.30 of the subledgers, element by element.

Source: Skatteetaten, Norwegian_SAF-T_Financial_Schema_v_1.30.xsd (https://github.com/Skatteetaten/saf-t). Only what stands
on customers and suppliers is in the file: each posting is a transaction of one line, without the other side, which is in
the general ledger.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import IO, TYPE_CHECKING, Any

from lxml import etree

from crm_lab.domain.ledger import Ledger
from crm_lab.domain.saft import ZERO
from crm_lab.domain.values import ORE
from crm_lab.errors import InvalidInput
from crm_lab.exchange.saft.reader import NAMESPACE
from crm_lab.i18n import _

if TYPE_CHECKING:
    from collections.abc import Iterable

VERSION, SOFTWARE = "1.30", "crm_lab"
CODE, SHORT, MIDDLE, LONGER, LONG = 9, 18, 35, 70, 256
"""The longest texts the schema takes: SAFcodeType, SAFshorttextType, SAFmiddle1textType, SAFmiddle2textType, SAFlongtextType."""
GROUPING = {
    Ledger.RECEIVABLE: ("balanseverdiForOmloepsmiddel", "1500", "Kundefordringer"),
    Ledger.PAYABLE: ("kortsiktigGjeld", "2400", "Leverandørgjeld"),
}
"""Grouping category and code of the control accounts (Skatteetaten, naeringsspesifikasjon), and what they are called."""
NAMESPACES: Any = {None: NAMESPACE}
NOT_USED = "NotUsed"
"""What Skatteetaten's documentation asks for where a name the schema demands is not known."""


class RateMissing(InvalidInput):
    """Postings in another currency have no value in kroner."""

    def __init__(self, currency: str) -> None:
        super().__init__(_("There are postings in {currency}. Say what one is worth in NOK: --rate {currency}=11.50.", currency=currency), "rates")


@dataclass(frozen=True, slots=True, kw_only=True)
class SaftContent:
    """What a file is to hold. `parties` and `postings` are rows with the column names of the ledger's frames.

    Attributes
    ----------
    parties : ledger, code, name, and what else is known: organisation_number, street, postal_code, city, country, phone, email.
    postings : those up to `last_day`; what is before `first_day` becomes opening balances. `amount` is a Decimal.
    rates : kroner for one of each other currency.
    """

    company_name: str
    company_number: str
    contact: str = ""
    phone: str = ""
    origin: str = ""
    first_day: date
    last_day: date
    created_on: date
    software_version: str
    parties: Iterable[dict[str, Any]]
    postings: list[dict[str, Any]]
    rates: dict[str, Decimal] = field(default_factory=dict)

    def in_kroner(self, posting: dict[str, Any]) -> Decimal:
        """The amount in NOK. Raises `RateMissing`."""
        amount: Decimal = posting["amount"]
        if posting["currency"] == "NOK":
            return amount
        if posting["currency"] not in self.rates:
            raise RateMissing(posting["currency"])
        return (amount * self.rates[posting["currency"]]).quantize(ORE, ROUND_HALF_UP)


def write_saft(out: IO[bytes], content: SaftContent) -> None:
    """Write the file. Raises `RateMissing` before anything is written."""
    balances = _balances(content)
    entries = [p for p in content.postings if p["posted_on"] >= content.first_day]
    with etree.xmlfile(out, encoding="UTF-8") as xml:
        xml.write_declaration()
        with xml.element("AuditFile", nsmap=NAMESPACES):
            xml.write(_header(content), pretty_print=True)
            with xml.element("MasterFiles"):
                if balances:
                    xml.write(_accounts(balances), pretty_print=True)
                for ledger, group in ((Ledger.RECEIVABLE, "Customers"), (Ledger.PAYABLE, "Suppliers")):
                    parties = [p for p in content.parties if p["ledger"] == ledger]
                    if parties:
                        with xml.element(group):
                            for party in parties:
                                xml.write(_party(ledger, party, balances), pretty_print=True)
            with xml.element("GeneralLedgerEntries"):
                _write_entries(xml, content, entries)


def _write_entries(xml: Any, content: SaftContent, entries: list[dict[str, Any]]) -> None:
    values = [content.in_kroner(p) for p in entries]
    totals = {"NumberOfEntries": len(entries), "TotalDebit": sum((v for v in values if v > 0), ZERO)}
    for name, value in (totals | {"TotalCredit": -sum((v for v in values if v < 0), ZERO)}).items():
        xml.write(_leaf(name, str(value)))
    with xml.element("Journal"):
        for name, text in (("JournalID", "R"), ("Description", "Reskontro"), ("Type", "R")):
            xml.write(_leaf(name, text))
        for posting, value in zip(entries, values, strict=True):
            xml.write(_transaction(posting, value), pretty_print=True)


Balances = dict[tuple[str, str], dict[str, tuple[Decimal, Decimal]]]
"""Opening and closing balance by ledger and code, then by account."""


def _balances(content: SaftContent) -> Balances:
    found: Balances = {}
    for posting in content.postings:
        accounts = found.setdefault((posting["ledger"], posting["code"]), {})
        opening, closing = accounts.get(posting["account"], (ZERO, ZERO))
        amount = content.in_kroner(posting)
        accounts[posting["account"]] = opening + (amount if posting["posted_on"] < content.first_day else ZERO), closing + amount
    return found


def _header(content: SaftContent) -> Any:
    first, _blank, last = content.contact.rpartition(" ")
    person = _node("ContactPerson", _leaf("FirstName", first or NOT_USED, MIDDLE), _leaf("LastName", last or NOT_USED, LONGER))
    return _node(
        "Header",
        _leaf("AuditFileVersion", VERSION), _leaf("AuditFileCountry", "NO"), _leaf("AuditFileDateCreated", content.created_on.isoformat()),
        _leaf("SoftwareCompanyName", SOFTWARE), _leaf("SoftwareID", SOFTWARE), _leaf("SoftwareVersion", content.software_version, SHORT),
        _node(
            "Company",
            _leaf("RegistrationNumber", content.company_number, MIDDLE), _leaf("Name", content.company_name, LONG),
            _node("Contact", person, _leaf("Telephone", content.phone or NOT_USED, SHORT)),
        ),
        _leaf("DefaultCurrencyCode", "NOK"),
        _node(
            "SelectionCriteria",
            _leaf("SelectionStartDate", content.first_day.isoformat()), _leaf("SelectionEndDate", content.last_day.isoformat()),
        ),
        _leaf("HeaderComment", content.origin, LONG), _leaf("TaxAccountingBasis", "A"),
    )  # fmt: skip


def _accounts(balances: Balances) -> Any:
    """The control accounts with the sums of their parties."""
    sums: dict[str, tuple[str, Decimal, Decimal]] = {}
    for ledger, account, (opening, closing) in ((at, account, both) for (at, _code), of in balances.items() for account, both in of.items()):
        _ledger, had_opening, had_closing = sums.get(account, (ledger, ZERO, ZERO))
        sums[account] = _ledger, had_opening + opening, had_closing + closing
    return _node("GeneralLedgerAccounts", *(_account(account, *sums[account]) for account in sorted(sums)))


def _account(account: str, ledger: str, opening: Decimal, closing: Decimal) -> Any:
    category, code, name = GROUPING[Ledger(ledger)]
    facts = (("AccountID", account), ("AccountDescription", name), ("GroupingCategory", category), ("GroupingCode", code), ("AccountType", "GL"))
    return _node("Account", *(_leaf(tag, text, LONGER) for tag, text in facts), _balance("Opening", opening), _balance("Closing", closing))


def _party(ledger: Ledger, party: dict[str, Any], balances: Balances) -> Any:
    name = "Customer" if ledger is Ledger.RECEIVABLE else "Supplier"
    parts = [("StreetName", "street", LONG), ("City", "city", LONG), ("PostalCode", "postal_code", LONGER), ("Country", "country", CODE)]
    address = [_leaf(tag, party.get(key), longest) for tag, key, longest in parts]
    person = _node("ContactPerson", _leaf("FirstName", NOT_USED), _leaf("LastName", NOT_USED))
    reached = [_leaf("Telephone", party.get("phone"), SHORT), _leaf("Email", party.get("email"), LONGER)]
    own = balances.get((ledger, party["code"]), {}).items()
    return _node(
        name,
        _leaf("RegistrationNumber", party.get("organisation_number"), MIDDLE), _leaf("Name", party["name"] or party["code"], LONG),
        _node("Address", *address) if any(part is not None for part in address[:3]) else None,
        _node("Contact", person, *reached) if any(part is not None for part in reached) else None,
        _leaf(f"{name}ID", party["code"], MIDDLE),
        *(_node("BalanceAccount", _leaf("AccountID", account, LONGER), _balance("Opening", o), _balance("Closing", c)) for account, (o, c) in own),
        _node("PartyInfo", _leaf("Type", "Private" if party.get("is_person") else "Company")),
    )  # fmt: skip


def _transaction(posting: dict[str, Any], value: Decimal) -> Any:
    day, number = posting["posted_on"], str(posting["number"])
    text = posting["text"] or posting["document_number"] or posting["kind"]
    match = posting["match_number"]
    line = _node(
        "Line",
        _leaf("RecordID", "1"), _leaf("AccountID", posting["account"], LONGER),
        _leaf("CustomerID" if posting["ledger"] == Ledger.RECEIVABLE else "SupplierID", posting["code"], MIDDLE),
        _leaf("Description", text, LONG), _amount(posting, value),
        _leaf("ReferenceNumber", posting["document_number"], MIDDLE), _leaf("CID", posting["kid"], MIDDLE),
        _leaf("DueDate", posting["due_on"].isoformat() if posting["due_on"] else None),
        _leaf("CrossReference", str(match) if match else None),
    )  # fmt: skip
    return _node(
        "Transaction",
        _leaf("TransactionID", number), _leaf("Period", str(day.month)), _leaf("PeriodYear", str(day.year)),
        _leaf("TransactionDate", day.isoformat()), _leaf("VoucherType", posting["kind"]), _leaf("VoucherDescription", posting["voucher"], LONGER),
        _leaf("Description", text, LONG), _leaf("SystemEntryDate", day.isoformat()), _leaf("GLPostingDate", day.isoformat()), line,
    )  # fmt: skip


def _amount(posting: dict[str, Any], value: Decimal) -> Any:
    """An `AmountStructure`, with the amount in the posting's own currency where that is another."""
    side = 1 if posting["amount"] >= 0 else -1
    own = () if posting["currency"] == "NOK" else (_leaf("CurrencyCode", posting["currency"]), _leaf("CurrencyAmount", str(side * posting["amount"])))
    return _node("DebitAmount" if side > 0 else "CreditAmount", _leaf("Amount", str(side * value)), *own)


def _balance(when: str, amount: Decimal) -> Any:
    return _leaf(f"{when}{'Debit' if amount >= 0 else 'Credit'}Balance", str(abs(amount)))


def _node(name: str, *children: Any) -> Any:
    node = etree.Element(f"{{{NAMESPACE}}}{name}", nsmap=NAMESPACES)
    node.extend([child for child in children if child is not None])
    return node


def _leaf(name: str, text: Any, longest: int = LONG) -> Any:
    """An element with a text, None where there is none; characters XML cannot hold are left out."""
    if not text:
        return None
    leaf = etree.Element(f"{{{NAMESPACE}}}{name}", nsmap=NAMESPACES)
    leaf.text = "".join(c for c in str(text) if c >= " " or c in "\t\n")[:longest]
    return leaf
