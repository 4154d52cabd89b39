"""Files on their way in: which column is what, and what a row says; opportunities, sellers and budgets in `sales_imports`."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from functools import cache
from typing import Any
from uuid import UUID

from crm_lab.domain.addresses import Address, AddressKind
from crm_lab.domain.columns import (
    CONTACT_COLUMNS,
    CUSTOMER_COLUMNS,
    PRODUCT_COLUMNS,
    Column,
    PartyKind,
    header_key,
    in_all_languages,
)
from crm_lab.domain.contacts import ContactFields, ContactRole, clean_contact
from crm_lab.domain.customers import CustomerFields, clean_customer
from crm_lab.domain.products import ProductFields, clean_product
from crm_lab.domain.sales_columns import BUDGET_COLUMNS, OPPORTUNITY_COLUMNS, SELLER_COLUMNS
from crm_lab.domain.terms import Terms
from crm_lab.errors import Faults, InvalidFields, InvalidInput, Rejected
from crm_lab.i18n import _, ngettext

NOBODY = UUID(int=0)
MOST_FAULTS = 1000
ADDRESS_WORDS = {
    "besok": AddressKind.VISITING, "visit": AddressKind.VISITING, "forretning": AddressKind.VISITING, "faktur": AddressKind.INVOICE,
    "invoice": AddressKind.INVOICE, "billing": AddressKind.INVOICE, "lever": AddressKind.DELIVERY, "deliver": AddressKind.DELIVERY,
    "shipping": AddressKind.DELIVERY, "attest": AddressKind.APPROVAL, "post": AddressKind.POSTAL, "mailing": AddressKind.POSTAL,
    "hjem": AddressKind.POSTAL, "home": AddressKind.POSTAL, "privat": AddressKind.POSTAL,
}  # fmt: skip
PLACE_WORDS = {
    "postal_code": ("postnummer", "postnr", "postkode", "postalcode", "postcode", "zipcode", "zip", "zippostalcode"),
    "city": ("poststed", "sted", "by", "city", "town", "place"),
    "country": ("landkode", "land", "countrycode", "country", "countryregion", "officelocation"),
    "street": ("gateadresse", "gate", "street", "streetaddress", "adresselinje", "adresse", "address", "addressline"),
    "name": ("mottaker", "navn", "name", "recipient"),
}
ROLE_PARTS = {"title": "title", "work_phone": "phone", "work_email": "email", "is_decision_maker": "is_decision_maker",
              "started_on": "started_on", "ended_on": "ended_on"}  # fmt: skip
REFERENCES = {"owner", "categories", "number", "company"}


class ImportKind(StrEnum):
    """What a file holds."""

    CUSTOMERS = "customers"
    CONTACTS = "contacts"
    PRODUCTS = "products"
    BUDGETS = "budgets"
    SELLERS = "sellers"
    OPPORTUNITIES = "opportunities"


class KnownRows(StrEnum):
    """What happens to rows of parties we have."""

    SKIP = "skip"
    UPDATE = "update"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportChoices:
    """How a file is brought in.

    Attributes
    ----------
    skip_faulty : bring in the rows that are right; else one fault stops the whole file.
    new_categories : make the categories that the file names and nobody has made yet.
    without_company : register contacts whose company is not found, without one; else that is a fault.
    mend_names : take a misspelled name that can mean only one we know for that one; else it is a fault.
    """

    known: KnownRows = KnownRows.SKIP
    skip_faulty: bool = False
    new_categories: bool = False
    without_company: bool = False
    mend_names: bool = False


@dataclass(frozen=True, slots=True)
class ImportRow:
    """A row as the file has it: its line, texts by column key, and why it could not be read, if so."""

    line: int
    values: dict[str, str]
    fault: str = ""


@dataclass(frozen=True, slots=True)
class RowFault:
    """What is wrong with one field of one row."""

    line: int
    field: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedCustomer:
    """A row of customers in stored form; owner and categories are names still, `number` is the file's customer number."""

    line: int
    fields: CustomerFields
    number: int | None = None
    owner: str = ""
    categories: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedContact:
    """A row of contacts in stored form; `company` is a customer number, an organisation number or a name."""

    line: int
    fields: ContactFields
    company: str = ""
    role: ContactRole | None = None
    owner: str = ""
    categories: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedProduct:
    """A row of products in stored form."""

    line: int
    fields: ProductFields


@dataclass(frozen=True, slots=True)
class PlannedRow:
    """A row as it would be stored: `state` is new, update, known or fault; texts by column key."""

    line: int
    state: str
    values: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportPlan:
    """What bringing a file in would do; `faults` are the first `MOST_FAULTS`, `n_faults` counts all."""

    n_rows: int = 0
    n_new: int = 0
    n_updated: int = 0
    n_known: int = 0
    n_faulty: int = 0
    n_faults: int = 0
    faults: tuple[RowFault, ...] = ()
    categories: tuple[str, ...] = ()
    first: tuple[PlannedRow, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """One file that was brought in: its counts, and the request to undo it by."""

    id: UUID
    kind: ImportKind
    file_name: str
    started_at: datetime
    done_at: datetime | None = None
    undone_at: datetime | None = None
    request_id: UUID | None = None
    n_new: int = 0
    n_updated: int = 0
    n_known: int = 0
    n_faulty: int = 0

    @property
    def sentence(self) -> str:
        """What happened, in words."""
        parts = [
            ngettext("{n} new.", "{n} new.", self.n_new),
            ngettext("{n} updated.", "{n} updated.", self.n_updated) if self.n_updated else "",
            ngettext("{n} was here already.", "{n} were here already.", self.n_known) if self.n_known else "",
            ngettext("{n} row left out.", "{n} rows left out.", self.n_faulty) if self.n_faulty else "",
        ]
        return " ".join(filter(None, parts))


class FileRejected(Rejected):
    """Rows are wrong and nobody chose to leave them out: nothing was saved."""

    def __init__(self, faults: Sequence[RowFault], n_faulty: int) -> None:
        message = ngettext(
            "{n} row has faults. Nothing was saved; mend it, or leave it out.",
            "{n} rows have faults. Nothing was saved; mend them, or leave them out.",
            n_faulty,
        )
        super().__init__(message, [{"line": f.line, "field": f.field, "message": f.message} for f in faults[:MOST_FAULTS]])


COLUMNS = {
    ImportKind.CUSTOMERS: CUSTOMER_COLUMNS, ImportKind.CONTACTS: CONTACT_COLUMNS, ImportKind.PRODUCTS: PRODUCT_COLUMNS, ImportKind.BUDGETS: BUDGET_COLUMNS,
    ImportKind.SELLERS: SELLER_COLUMNS, ImportKind.OPPORTUNITIES: OPPORTUNITY_COLUMNS,
}  # fmt: skip
PLACELESS = set(ImportKind) - {ImportKind.CUSTOMERS, ImportKind.CONTACTS}
"""Files whose headers never name a part of an address."""
ADMINS = {ImportKind.BUDGETS, ImportKind.SELLERS}
"""Files that only an administrator brings in."""


@cache
def columns_of(kind: ImportKind) -> dict[str, Column]:
    """The columns of a kind of file by key."""
    return {c.key: c for c in COLUMNS[kind]}


@cache
def _names_of(kind: ImportKind) -> dict[str, str]:
    """Every known header as it is compared, and the column it names; our own names win."""
    columns = columns_of(kind).values()
    own = {header_key(c.key): c.key for c in columns}
    for c in columns:
        for label in zip(*map(in_all_languages, c.words), strict=True):
            own.setdefault(header_key("".join(label)), c.key)
    return {header_key(name): c.key for c in columns for name in c.also if header_key(name) not in own} | own


def propose_mapping(kind: ImportKind, header: Sequence[str]) -> list[str]:
    """For each header the key of the column it is most likely, or "". A street may come in several columns."""
    names, taken = _names_of(kind), set[str]()
    named = [names.get(header_key(text)) or ("" if kind in PLACELESS else _address_column(kind, text)) for text in header]
    if kind is ImportKind.CONTACTS and "company" in named:
        named = [_of_work(key, text) for key, text in zip(named, header, strict=True)]
    for n, key in enumerate(named):
        if key in taken and not key.endswith(".street"):
            named[n] = ""
        taken.add(key)
    return named


def _of_work(key: str, text: str) -> str:
    """Beside a company, a plain "phone" is the work's."""
    private = any(word in header_key(text) for word in ("privat", "hjem", "home"))
    return f"work_{key}" if key in {"phone", "email"} and not private else key


def _address_column(kind: ImportKind, text: str) -> str:
    """The part of an address that a header names: "Postnr (levering)", "Fakturaadresse 2", "Billing City"."""
    bare = header_key(text).rstrip("0123456789")
    for part, words in PLACE_WORDS.items():
        word = next((w for w in words if bare.endswith(w) or bare.startswith(w)), "")
        if not word:
            continue
        rest = bare.removesuffix(word) if bare.endswith(word) else bare.removeprefix(word)
        use = next((use for known, use in ADDRESS_WORDS.items() if rest.startswith(known) or rest.endswith(known)), None)
        if use is None and (rest or part == "name"):
            continue
        key = f"{use or AddressKind.POSTAL}.{part}"
        return key if key in columns_of(kind) else ""
    return ""


def map_row(line: int, cells: Sequence[str], mapping: Sequence[str]) -> ImportRow:
    """A row's texts by column key; several columns of one key are joined by a comma."""
    values: dict[str, str] = {}
    for key, cell in zip(mapping, cells, strict=False):
        if key and cell and not cell.isspace():
            values[key] = f"{values[key]}, {cell.strip()}" if key in values else cell
    return ImportRow(line, values)


def parsed_row(kind: ImportKind, row: ImportRow, faults: Faults) -> dict[str, Any]:
    """What the row's texts mean, by column; what cannot be read is noted."""
    columns, parsed = columns_of(kind), {}
    if row.fault:
        raise InvalidFields({"": row.fault[:500]})
    for key, text in row.values.items():
        if not text or text.isspace():
            continue
        with faults.at(key):
            if key not in columns:
                raise InvalidInput(_("There is no column {key}.", key=key[:40]), key)
            parsed[key] = columns[key].parse(text)
    return parsed


def _parts(parsed: dict[str, Any]) -> dict[str, Any]:
    """Addresses as one field, and settings as another, where the row has any."""
    fields: dict[str, Any] = {k: v for k, v in parsed.items() if "." not in k and k not in REFERENCES}
    places: dict[str, dict[str, str]] = {}
    for key, value in parsed.items():
        group, dot, part = key.partition(".")
        if dot:
            places.setdefault(group, {})[part] = value
    terms = places.pop("terms", None)
    if terms:
        fields["terms"] = Terms(**terms)  # type: ignore[arg-type]
    if places:
        fields["addresses"] = tuple(Address(kind=AddressKind(use), **parts) for use, parts in places.items())
    return fields


def refused(faults: Faults, error: InvalidInput, rename: dict[str, str]) -> None:
    """Note what the rules said, by column."""
    told = error.fields if isinstance(error, InvalidFields) else {error.field: error.message}
    for name, message in told.items():
        faults.found.setdefault(rename.get(name, name), message)


def check_customer(row: ImportRow) -> CheckedCustomer:
    """A row in stored form. Raises `InvalidFields`, keyed by column."""
    faults = Faults()
    parsed = parsed_row(ImportKind.CUSTOMERS, row, faults)
    kind = parsed.pop("kind", None)
    is_person = kind is PartyKind.PERSON or (kind is None and "first_name" in parsed and "organisation_number" not in parsed)
    fields = {"name": "", "is_person": is_person} | _parts(parsed)
    if kind is not None:
        fields |= {"is_customer": kind is not PartyKind.SUPPLIER, "is_supplier": kind in {PartyKind.SUPPLIER, PartyKind.BOTH}}
    try:
        fields = dict(clean_customer(fields))  # type: ignore[arg-type]
    except InvalidInput as error:
        refused(faults, error, {"is_customer": "kind"})
    faults.tell()
    return CheckedCustomer(
        line=row.line, fields=fields, number=parsed.get("number"),  # type: ignore[arg-type]
        owner=parsed.get("owner", "").strip(), categories=parsed.get("categories", ()),
    )  # fmt: skip


def check_contact(row: ImportRow, today: date) -> CheckedContact:
    """A row in stored form. Raises `InvalidFields`, keyed by column."""
    faults = Faults()
    parsed = parsed_row(ImportKind.CONTACTS, row, faults)
    company = " ".join(parsed.get("company", "").split())
    first, last = _split_name(parsed.pop("full_name", ""))
    if "last_name" not in parsed and last:
        parsed |= {"last_name": last, "first_name": parsed.get("first_name", first)}
    if not company:
        parsed = {k.removeprefix("work_"): v for k, v in parsed.items() if k.startswith("work_")} | parsed
    role = {part: parsed.pop(key) for key, part in ROLE_PARTS.items() if key in parsed}
    fields = {"last_name": ""} | _parts(parsed)
    if company:
        fields["roles"] = (ContactRole(id=NOBODY, customer_id=NOBODY, **role),)
    try:
        fields = dict(clean_contact(fields, today))  # type: ignore[arg-type]
    except InvalidInput as error:
        names = {f"roles.1.{part}": key for key, part in ROLE_PARTS.items()}
        refused(faults, error, names | ({} if "last_name" in row.values else {"last_name": "full_name" if "full_name" in row.values else "last_name"}))
    faults.tell()
    roles = fields.pop("roles", ())
    return CheckedContact(
        line=row.line, fields=fields, company=company, role=roles[0] if roles else None,  # type: ignore[arg-type]
        owner=parsed.get("owner", "").strip(), categories=parsed.get("categories", ()),
    )  # fmt: skip


def check_product(row: ImportRow, codes: Collection[str]) -> CheckedProduct:
    """A row in stored form; `codes` are the VAT codes of sales. Raises `InvalidFields`, keyed by column."""
    faults = Faults()
    parsed: dict[str, Any] = {"name": ""} | parsed_row(ImportKind.PRODUCTS, row, faults)
    try:
        parsed = dict(clean_product(parsed, codes))  # type: ignore[arg-type]
    except InvalidInput as error:
        refused(faults, error, {})
    faults.tell()
    return CheckedProduct(line=row.line, fields=parsed)  # type: ignore[arg-type]


def _split_name(name: str) -> tuple[str, str]:
    """First name and surname of "Kari Nordmann" or "Nordmann, Kari"."""
    surname, comma, first = (part.strip() for part in name.partition(","))
    if comma:
        return first, surname
    first, _blank, surname = name.strip().rpartition(" ")
    return first.strip(), surname


@dataclass(slots=True)
class FaultList:
    """Gathers the faults of rows."""

    found: list[RowFault] = field(default_factory=list)
    lines: set[int] = field(default_factory=set)

    def add(self, line: int, told: dict[str, str]) -> None:
        """Note what is wrong with a row."""
        self.lines.add(line)
        self.found += [RowFault(line, name, message) for name, message in told.items()]
