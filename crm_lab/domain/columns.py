"""The columns of a file of customers or contacts: their names, how each is written, and how each is read.

One list serves both ways, so that what is exported can be imported again. The other names are those that Norwegian
accounting and customer systems give the same thing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from functools import cache, cached_property
from typing import Any

from babel import Locale

from crm_lab.domain.addresses import AddressKind
from crm_lab.domain.names import fold
from crm_lab.domain.products import UNIT_WORDS, Unit
from crm_lab.domain.terms import Distribution, VatTreatment
from crm_lab.errors import InvalidInput
from crm_lab.i18n import LOCALES, N_, _, day, use_locale

DAY_FORMS = ("%Y-%m-%d", "%d.%m.%Y", "%d/%m/%Y", "%d-%m-%Y", "%Y%m%d", "%d.%m.%y", "%d-%m-%y", "%d/%m/%y")
ACCOUNT_DIGITS, POSTCODE_DIGITS = 11, 4


class PartyKind(StrEnum):
    """What a party is to us, in one word."""

    CUSTOMER = "customer"
    SUPPLIER = "supplier"
    BOTH = "both"
    PERSON = "person"


class UnknownWord(InvalidInput):
    """Not one of the words a column knows."""

    def __init__(self, text: str, words: Iterable[str]) -> None:
        super().__init__(_("{text} is not known here. Write one of: {words}.", text=text[:40], words=", ".join(words)))


class InvalidDay(InvalidInput):
    """Not a date."""

    def __init__(self, text: str) -> None:
        super().__init__(_("{text} is not a date. Write it as 31.12.2026 or 2026-12-31.", text=text[:40]))


class InvalidNumber(InvalidInput):
    """Not a number."""

    def __init__(self, text: str) -> None:
        super().__init__(_("{text} is not a number.", text=text[:40]))


class Words:
    """A column that holds one of a few words; `shown` is how each is written, `also` what others write for it."""

    def __init__(self, shown: dict[Any, str], also: dict[Any, tuple[str, ...]]) -> None:
        self.shown, self._also = shown, also

    def __call__(self, text: str) -> Any:
        """What the word means. Raises `UnknownWord`."""
        wanted = header_key(text)
        if wanted not in self._known:
            raise UnknownWord(text, map(_, self.shown.values()))
        return self._known[wanted]

    @cached_property
    def _known(self) -> dict[str, Any]:
        return {
            header_key(word): value
            for value, label in self.shown.items()
            for word in (str(value), *in_all_languages(label), *self._also.get(value, ()))
        }


KIND = Words(
    {
        PartyKind.CUSTOMER: N_("Customer"), PartyKind.SUPPLIER: N_("Supplier"), PartyKind.BOTH: N_("Customer and supplier"),
        PartyKind.PERSON: N_("Private customer"),
    },
    {
        PartyKind.CUSTOMER: ("bedrift", "bedriftskunde", "firma", "company"), PartyKind.BOTH: ("begge", "kunde/leverandør"),
        PartyKind.PERSON: ("privat", "privatperson", "person", "forbruker", "konsument", "private"),
    },
)  # fmt: skip
FLAG = Words(
    {True: N_("Yes"), False: N_("No")},
    {True: ("1", "j", "y", "x", "true", "sann"), False: ("0", "n", "false", "usann")},
)
LANGUAGE = Words(
    {"nb": N_("Norwegian"), "en": N_("English")},
    {"nb": ("no", "nor", "nob", "bokmål", "norsk bokmål", "nynorsk", "nn"), "en": ("eng", "gb", "uk")},
)
DISTRIBUTION = Words(
    {Distribution.EMAIL: N_("E-mail"), Distribution.EHF: N_("EHF"), Distribution.PRINT: N_("Print")},
    {Distribution.EMAIL: ("mail", "epost"), Distribution.PRINT: ("papir", "brev", "post", "paper"), Distribution.EHF: ("peppol",)},
)
VAT_TREATMENT = Words(
    {
        VatTreatment.STANDARD: N_("With VAT"), VatTreatment.EXEMPT: N_("Exempt from VAT"),
        VatTreatment.REVERSE_CHARGE: N_("Reverse charge"), VatTreatment.EXPORT: N_("Export outside Norway"),
    },
    {VatTreatment.STANDARD: ("pliktig", "avgiftspliktig"), VatTreatment.EXEMPT: ("fri", "avgiftsfri", "fritatt"), VatTreatment.EXPORT: ("eksport", "export", "utland")},
)  # fmt: skip
UNIT = Words(
    dict(UNIT_WORDS),
    {
        Unit.PIECE: ("stk", "stk.", "stykk", "ea", "piece", "pieces"), Unit.HOUR: ("t", "time", "timer", "h", "hour"), Unit.DAY: ("dag", "dager", "day"),
        Unit.MONTH: ("mnd", "måned", "måneder", "month"), Unit.YEAR: ("år", "year"), Unit.KILOGRAM: ("kilo", "kilogram"), Unit.TONNE: ("tonn", "t."),
        Unit.METRE: ("meter", "lm"), Unit.SQUARE_METRE: ("m2", "kvm", "kvadratmeter"), Unit.CUBIC_METRE: ("m3", "kubikkmeter"),
        Unit.LITRE: ("l", "liter", "litre"), Unit.KILOMETRE: ("kilometer",), Unit.SET: ("sett", "set"), Unit.KILOWATT_HOUR: ("kilowattime",),
    },
)  # fmt: skip


def parse_day(text: str) -> date:
    """A date as Norwegians or computers write it, also with a time behind. Raises `InvalidDay`."""
    bare = re.sub(r"[T ]\d{1,2}:\d\d.*$", "", text.strip())
    for form in DAY_FORMS:
        try:
            return datetime.strptime(bare, form).date()  # noqa: DTZ007 - a day has no zone
        except ValueError:
            continue
    raise InvalidDay(text)


def parse_decimal(text: str) -> Decimal:
    """A number with comma or point, also with blanks and a per cent sign. Raises `InvalidNumber`."""
    bare = re.sub(r"[\s%]", "", text).replace("\u2212", "-")
    bare = bare.replace(".", "").replace(",", ".") if "," in bare else bare
    try:
        made = Decimal(bare)
    except InvalidOperation:
        raise InvalidNumber(text) from None
    if not made.is_finite() or abs(made) >= Decimal(10) ** 12:
        raise InvalidNumber(text)
    return made


def parse_whole(text: str) -> int:
    """A whole number, also of days ("14 dager"). Raises `InvalidNumber`."""
    made = parse_decimal(re.sub(r"(?i)\s*(dager|dagar|dag|days|day)\.?$", "", text.strip()))
    if made != made.to_integral_value():
        raise InvalidNumber(text)
    return int(made)


def parse_country_word(text: str) -> str:
    """A country's code, from its code or its name in Norwegian or English; what is neither is left for the rules to refuse."""
    return _countries().get(header_key(text), text)


@cache
def _countries() -> dict[str, str]:
    names = {header_key(name): code for locale in LOCALES for code, name in Locale(locale).territories.items()}
    return names | {"usa": "US", "uk": "GB"} | {code.lower(): code for code in Locale("en").territories}


def _padded(width: int) -> Callable[[str], str]:
    """The zeros that Excel takes from the front of a number are put back, where just one or two are missing."""

    def pad(text: str) -> str:
        bare = re.sub(r"[\s.]", "", text)
        return bare.zfill(width) if bare.isascii() and bare.isdigit() and len(bare) == width - 1 else text

    return pad


def split_words(text: str) -> tuple[str, ...]:
    """Several words in one cell, separated by semicolon, comma, bar or line."""
    return tuple(dict.fromkeys(filter(None, (word.strip() for word in re.split(r"[;,|\n]", text)))))


@dataclass(frozen=True, slots=True)
class Column:
    """One column: `key` as the program calls it, `words` its name as msgids, `also` what others call it."""

    key: str
    words: tuple[str, ...]
    also: tuple[str, ...] = ()
    parse: Callable[[str], Any] = str

    @property
    def label(self) -> str:
        """Its name in the reader's language."""
        return ": ".join(map(_, self.words))


def _address_columns(kinds: Iterable[AddressKind]) -> list[Column]:
    return [
        Column(f"{kind}.{part}", (ADDRESS_WORDS[kind], label), (), parse)
        for kind in kinds
        for part, label, parse in ADDRESS_PARTS
    ]


ADDRESS_WORDS = {
    AddressKind.POSTAL: N_("Postal address"), AddressKind.VISITING: N_("Visiting address"), AddressKind.INVOICE: N_("Invoice address"),
    AddressKind.DELIVERY: N_("Delivery address"), AddressKind.APPROVAL: N_("Approval address"),
}  # fmt: skip
ADDRESS_PARTS: tuple[tuple[str, str, Callable[[str], Any]], ...] = (
    ("name", N_("Name"), str),
    ("street", N_("Street"), str),
    ("postal_code", N_("Postcode"), _padded(POSTCODE_DIGITS)),
    ("city", N_("Place"), str),
    ("country", N_("Country"), parse_country_word),
)
TERM_COLUMNS = (
    Column("terms.payment_days", (N_("Payment terms in days"),), ("betalingsfrist", "betalingsbetingelser", "betalingsbetingelse", "betalingstid", "forfallsdager", "kredittid", "kredittdager", "dager til forfall", "payment terms", "due days"), parse_whole),
    Column("terms.invoice_language", (N_("Invoice language"),), ("fakturaspråk",), LANGUAGE),
    Column("terms.distribution", (N_("Invoice distribution"),), ("distribusjon", "leveringsmåte", "fakturaformat", "sendemåte", "invoice delivery"), DISTRIBUTION),
    Column("terms.invoice_copies", (N_("Invoice copies to"),), ("fakturakopi",)),
    Column("terms.currency", (N_("Currency"),), ("valutakode", "currency code")),
    Column("terms.is_blocked", (N_("Blocked for invoicing"),), ("sperret", "blocked"), FLAG),
    Column("terms.charges_fee", (N_("Invoice fee"),), ("gebyr", "fakturagebyr"), FLAG),
    Column("terms.sends_reminders", (N_("Reminders"),), ("purres", "send purring", "reminder"), FLAG),
    Column("terms.charges_interest", (N_("Late interest"),), ("renter", "forsinkelsesrenter"), FLAG),
    Column("terms.vat_treatment", (N_("VAT treatment"),), ("mva behandling", "avgiftsbehandling", "mva type"), VAT_TREATMENT),
    Column("terms.needs_reference", (N_("Reference required"),), ("krever referanse",), FLAG),
    Column("terms.discount", (N_("Discount in per cent"),), ("rabatt", "rabatt %", "rabattprosent", "discount", "discount %"), parse_decimal),
    Column("terms.price_list", (N_("Price list"),), ("prislistenavn",)),
    Column("terms.category_discount", (N_("Category discount in per cent"),), (), parse_decimal),
    Column("terms.supplier_payment_days", (N_("Supplier's payment terms in days"),), (), parse_whole),
    Column("terms.supplier_currency", (N_("Supplier's currency"),)),
    Column("terms.bic", (N_("BIC"),), ("swift", "bic/swift", "swift/bic")),
    Column("terms.default_account", (N_("Default account"),), ("standardkonto", "motkonto")),
    Column("terms.approver", (N_("Approver"),), ("attestant",)),
)
OWNED = (
    Column("owner", (N_("Owner"),), ("kundeansvarlig", "ansvarlig", "selger", "vår kontakt", "account manager", "salesperson", "responsible")),
    Column("owner_only", (N_("Visible to owner only"),), ("privat post", "private record"), FLAG),
    Column("categories", (N_("Categories"),), ("kategori", "kundekategori", "kundegruppe", "kundegrupper", "gruppe", "tags", "category", "group"), split_words),
    Column("note", (N_("Note"),), ("notater", "merknad", "merknader", "kommentar", "kommentarer", "beskrivelse", "notes", "comment", "comments", "description")),
)
CUSTOMER_COLUMNS = (
    Column("number", (N_("Customer number"),), ("kundenr", "kunde nr", "kundeno", "customer no", "customer id", "account number"), parse_whole),
    Column("name", (N_("Name"),), ("kundenavn", "firmanavn", "firma", "selskap", "selskapsnavn", "bedrift", "bedriftsnavn", "leverandørnavn", "etternavn", "company", "company name", "customer name", "customer", "account", "last name", "surname")),
    Column("first_name", (N_("First name"),), ("fornavn", "given name")),
    Column("kind", (N_("Type"),), ("kundetype", "customer type"), KIND),
    Column("organisation_number", (N_("Organisation number"),), ("orgnr", "org nr", "org no", "organisasjonsnr", "org nummer", "foretaksnummer", "foretaksnr", "mva nummer", "mva nr", "vat number", "vat no", "vat id", "organization number", "company number")),
    Column("organisation_form", (N_("Organisation form"),), ("selskapsform", "foretaksform")),
    Column("is_vat_registered", (N_("VAT registered"),), ("mva pliktig", "mva registrert"), FLAG),
    Column("industry_code", (N_("Industry code"),), ("næringskode", "bransjekode", "nace")),
    Column("industry", (N_("Industry"),), ("bransjenavn", "næring", "sector")),
    Column("n_employees", (N_("Number of employees"),), ("ansatte", "antall ansatte", "employees"), parse_whole),
    Column("founded_on", (N_("Founded"),), ("stiftelsesdato", "stiftet dato"), parse_day),
    Column("phone", (N_("Phone"),), ("tlf", "telefonnummer", "telefonnr", "tlfnr", "telefon arbeid", "sentralbord", "phone number", "telephone", "tel")),
    Column("mobile", (N_("Mobile"),), ("mobil", "mobiltelefon", "mobilnummer", "mobilnr", "mobile phone", "cell phone")),
    Column("email", (N_("E-mail"),), ("epost", "epostadresse", "mail", "email address")),
    Column("invoice_email", (N_("E-mail for invoices"),), ("fakturaepost", "epost faktura", "faktura mail", "fakturaepostadresse", "epost for faktura", "invoice email")),
    Column("website", (N_("Website"),), ("hjemmeside", "nettside", "webside", "web", "url", "internett", "nettsted", "web site", "homepage")),
    Column("language", (N_("Language"),), ("språkkode", "language code"), LANGUAGE),
    Column("bank_account", (N_("Bank account"),), ("bankkonto", "bankkontonummer", "kontonummer", "kontonr", "bankkontonr", "bank account number"), _padded(ACCOUNT_DIGITS)),
    Column("gln", (N_("GLN"),), ("gln nummer", "ean lokasjonsnummer")),
    *OWNED,
    *_address_columns(ADDRESS_WORDS),
    *TERM_COLUMNS,
)  # fmt: skip
CONTACT_COLUMNS = (
    Column("last_name", (N_("Surname"),), ("last name", "family name")),
    Column("first_name", (N_("First name"),), ("given name", "fornavn og mellomnavn")),
    Column("full_name", (N_("Full name"),), ("navn", "kontakt", "kontaktnavn", "kontaktperson", "fullt navn", "name", "contact", "contact name", "display name")),
    Column("company", (N_("Company"),), ("firmanavn", "bedrift", "selskap", "kunde", "kundenavn", "kundenr", "kundenummer", "orgnr", "organisasjonsnummer", "arbeidsgiver", "organization", "organisation", "account name", "customer", "company name")),
    Column("title", (N_("Title"),), ("stilling", "rolle", "jobbtittel", "stillingstittel", "job title", "position", "role")),
    Column("work_phone", (N_("Work phone"),), ("telefon arbeid", "telefon jobb", "tlf arbeid", "tlf jobb", "direktenummer", "business phone", "office phone")),
    Column("work_email", (N_("Work e-mail"),), ("epost arbeid", "epost jobb", "jobb epost", "business email", "work email")),
    Column("is_decision_maker", (N_("Decision maker"),), ("beslutningstager",), FLAG),
    Column("started_on", (N_("In the role from"),), ("startdato", "start date"), parse_day),
    Column("ended_on", (N_("In the role until"),), ("sluttdato", "end date"), parse_day),
    Column("phone", (N_("Private phone"),), ("telefon privat", "tlf privat", "tlf", "telefon", "telefonnummer", "phone", "phone number", "home phone", "tel")),
    Column("mobile", (N_("Mobile"),), ("mobil", "mobiltelefon", "mobilnummer", "mobilnr", "mobile phone", "cell phone")),
    Column("email", (N_("Private e-mail"),), ("epost privat", "epost", "epostadresse", "mail", "email", "e-mail", "email address")),
    Column("birth_date", (N_("Date of birth"),), ("fødselsdag", "født", "birthday", "birthdate", "dob"), parse_day),
    Column("language", (N_("Language"),), ("språkkode",), LANGUAGE),
    Column("consent_on", (N_("Consent given"),), ("samtykke", "consent"), parse_day),
    Column("consent_note", (N_("Consent to"),), ("samtykke gjelder",)),
    *OWNED,
    *_address_columns((AddressKind.POSTAL, AddressKind.VISITING)),
)  # fmt: skip
PRODUCT_COLUMNS = (
    Column("number", (N_("Product number"),), ("produktnr", "varenr", "varenummer", "artikkelnummer", "artikkelnr", "nummer", "nr", "sku", "item number", "product no", "product code", "item no")),
    Column("name", (N_("Name"),), ("produktnavn", "varenavn", "produkt", "vare", "beskrivelse", "varebeskrivelse", "betegnelse", "product name", "item name", "product", "item", "description")),
    Column("name_en", (N_("English name"),), ("navn engelsk", "engelsk", "name en", "english")),
    Column("product_group", (N_("Product group"),), ("varegruppe", "produktgruppe", "gruppe", "group", "category")),
    Column("unit", (N_("Unit"),), ("enhetskode", "salgsenhet", "unit code", "uom"), UNIT),
    Column("vat_code", (N_("VAT code"),), ("mva kode", "mva", "avgiftskode", "mva sats", "tax code", "vat")),
    Column("price", (N_("Price"),), ("utsalgspris", "pris eks mva", "pris ekskl mva", "salgspris", "enhetspris", "listepris", "unit price", "sales price", "price excl vat"), parse_decimal),
)


def header_key(text: str) -> str:
    """A header as it is compared: folded, letters and digits only."""
    return re.sub(r"[\W_]+", "", fold(text))


@cache
def in_all_languages(msgid: str) -> tuple[str, ...]:
    """A text as every reader sees it."""
    shown = []
    for locale in LOCALES:
        with use_locale(locale):
            shown.append(_(msgid))
    return tuple(shown)


def in_columns(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a customer or a contact by column key: addresses and settings spread out, the kind as one word."""
    values = {k: v for k, v in fields.items() if k not in {"addresses", "terms", "is_customer", "is_supplier", "is_person", "roles"}}
    if "is_person" in fields:
        values["kind"] = kind_of(fields.get("is_customer", True), fields.get("is_supplier", False), fields["is_person"])
    for address in reversed(fields.get("addresses", ())):  # the first of several delivery addresses wins
        values |= {f"{address.kind}.{part}": getattr(address, part) for part, _label, _parse in ADDRESS_PARTS}
    if "terms" in fields:
        terms = fields["terms"]
        values |= {c.key: getattr(terms, c.key.removeprefix("terms.")) for c in TERM_COLUMNS}
    return values


def kind_of(is_customer: bool, is_supplier: bool, is_person: bool) -> PartyKind:  # noqa: FBT001 - the three flags of a party
    """What a party is to us, in one word."""
    if is_person:
        return PartyKind.PERSON
    return PartyKind.BOTH if is_customer and is_supplier else PartyKind.SUPPLIER if is_supplier else PartyKind.CUSTOMER


SHOWN: dict[type, dict[Any, str]] = {
    PartyKind: KIND.shown, Unit: UNIT.shown, bool: FLAG.shown, Distribution: DISTRIBUTION.shown, VatTreatment: VAT_TREATMENT.shown,
}  # fmt: skip


def written(value: Any) -> str:
    """A value as people read it in a table: words in the reader's language, several separated by semicolons."""
    if type(value) in SHOWN:
        return _(SHOWN[type(value)][value])
    if isinstance(value, tuple):
        return "; ".join(value)
    return day(value) if isinstance(value, date) else str(value)
