"""What a header means, and what a row says."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from crm_lab.domain.addresses import AddressKind
from crm_lab.domain.columns import CONTACT_COLUMNS, CUSTOMER_COLUMNS, parse_day, parse_decimal
from crm_lab.domain.imports import ImportKind, ImportRow, check_contact, check_customer, map_row, propose_mapping
from crm_lab.errors import InvalidFields, InvalidInput
from crm_lab.i18n import use_locale

TODAY = date(2026, 11, 24)
CUSTOMERS, CONTACTS = ImportKind.CUSTOMERS, ImportKind.CONTACTS


@pytest.mark.parametrize(
    ("kind", "header", "keys"),
    [
        (CUSTOMERS, "Kundenr;Kundenavn;Org.nr;Adresse;Adresse 2;Postnr;Poststed;Land", "number name organisation_number postal.street postal.street postal.postal_code postal.city postal.country"),
        (CUSTOMERS, "Fakturaadresse;Fakturapoststed;Postnr (levering);Besøksadresse - Sted", "invoice.street invoice.city delivery.postal_code visiting.city"),
        (CUSTOMERS, "Faktura e-post;Betalingsfrist;Kundeansvarlig;Rabatt %;Hjemmeside", "invoice_email terms.payment_days owner terms.discount website"),
        (CUSTOMERS, "Company Name;VAT Number;Billing Street;Billing Zip;Shipping City", "name organisation_number invoice.street invoice.postal_code delivery.city"),
        (CONTACTS, "Fornavn;Etternavn;Firma;Telefon;E-post;E-post privat", "first_name last_name company work_phone work_email email"),
        (CONTACTS, "Navn;Tlf;Epost", "full_name phone email"),
        (CONTACTS, "First Name;Job Title;Business Phone;Home Phone", "first_name title work_phone phone"),
    ],
)  # fmt: skip
def test_headers_of_other_systems_are_known(kind, header, keys):
    assert propose_mapping(kind, header.split(";")) == keys.split()


@pytest.mark.parametrize("locale", ["nb", "en"])
@pytest.mark.parametrize(("kind", "columns"), [(CUSTOMERS, CUSTOMER_COLUMNS), (CONTACTS, CONTACT_COLUMNS)])
def test_our_own_headers_are_known_in_both_languages(locale, kind, columns):
    with use_locale(locale):
        header = [column.label for column in columns]
    assert propose_mapping(kind, header) == [column.key for column in columns]


def test_a_header_nobody_knows_is_left_out_and_none_is_taken_twice():
    assert propose_mapping(CUSTOMERS, ["Navn", "Kundenavn", "Tull", ""]) == ["name", "", "", ""]


def test_streets_of_two_columns_are_joined():
    row = map_row(2, ["Gata 1", "Oppgang B", " "], ["postal.street", "postal.street", "note"])
    assert row.values == {"postal.street": "Gata 1, Oppgang B"}


def test_a_row_is_a_customer():
    texts = {
        "name": "Fjord AS", "organisation_number": "NO 923 609 016 MVA", "kind": "Leverandør", "postal.postal_code": "150", "postal.city": "Oslo",
        "postal.country": "Norge", "terms.payment_days": "14 dager", "terms.discount": "12,5 %", "categories": "A; B,C", "bank_account": "6011117947",
        "owner": "kari", "number": "17", "is_vat_registered": "ja", "language": "bokmål",
    }  # fmt: skip
    texts["bank_account"] = "86011117947"
    found = check_customer(ImportRow(2, texts))
    fields = found.fields
    assert (found.number, found.owner, found.categories) == (17, "kari", ("A", "B", "C"))
    assert (fields["organisation_number"], fields["is_supplier"], fields["is_customer"]) == ("923609016", True, False)
    assert fields["terms"].payment_days == 14 and fields["terms"].discount == Decimal("12.50")
    (address,) = fields["addresses"]
    assert (address.kind, address.postal_code, address.country) == (AddressKind.POSTAL, "0150", "NO")


def test_a_row_with_a_first_name_is_a_person():
    assert check_customer(ImportRow(2, {"name": "Nordmann", "first_name": "Kari"})).fields["is_person"] is True


@pytest.mark.parametrize(
    ("texts", "field"),
    [
        ({"name": "x" * 1_000_000}, "name"),
        ({"name": "a\x00b"}, "name"),
        ({"phone": "22334455"}, "name"),
        ({"name": "A", "organisation_number": "123456789"}, "organisation_number"),
        ({"name": "A", "n_employees": "mange"}, "n_employees"),
        ({"name": "A", "n_employees": "9" * 400}, "n_employees"),
        ({"name": "A", "terms.discount": "NaN"}, "terms.discount"),
        ({"name": "A", "kind": "Sopp"}, "kind"),
        ({"name": "A", "founded_on": "31.02.2026"}, "founded_on"),
        ({"name": "A", "postal.country": "Narnia"}, "postal.country"),
        ({"name": "A", "tull": "x"}, "tull"),
    ],
)
def test_each_wrong_field_is_named(texts, field):
    with pytest.raises(InvalidFields) as told:
        check_customer(ImportRow(2, texts))
    assert list(told.value.fields) == [field]
    assert len(told.value.fields[field]) < 300


@pytest.mark.parametrize("name", ["Ærlig 😀 AS", "שלום בע״מ", "'; DROP TABLE customer; --", "<script>alert(1)</script>"])
def test_strange_names_are_only_text(name):
    assert check_customer(ImportRow(2, {"name": name})).fields["name"] == name


def test_a_row_is_a_contact_with_a_role():
    found = check_contact(ImportRow(2, {"full_name": "Nordmann, Kari", "company": "10001", "work_email": "k@x.no", "title": "Sjef"}), TODAY)
    assert (found.fields["first_name"], found.fields["last_name"], found.company) == ("Kari", "Nordmann", "10001")
    assert found.role is not None and (found.role.email, found.role.title) == ("k@x.no", "Sjef")


def test_work_numbers_without_a_company_are_the_persons_own():
    found = check_contact(ImportRow(2, {"full_name": "Kari Ann Nordmann", "work_phone": "22334455"}), TODAY)
    assert (found.fields["first_name"], found.fields["phone"], found.role) == ("Kari Ann", "+4722334455", None)


def test_a_fault_in_a_role_stands_at_its_column():
    with pytest.raises(InvalidFields) as told:
        check_contact(ImportRow(2, {"full_name": "A B", "company": "X", "work_phone": "12", "birth_date": "01.01.1800"}), TODAY)
    assert set(told.value.fields) == {"work_phone", "birth_date"}


@pytest.mark.parametrize("text", ["2026-12-31", "31.12.2026", "31/12/2026", "31-12-2026", "20261231", "2026-12-31 00:00:00"])
def test_days(text):
    assert parse_day(text) == date(2026, 12, 31)


@pytest.mark.parametrize(("text", "value"), [("1 234,50", "1234.50"), ("1.234,5", "1234.5"), ("12.5", "12.5"), ("\u22123", "-3")])
def test_numbers(text, value):
    assert parse_decimal(text) == Decimal(value)
    with pytest.raises(InvalidInput):
        parse_decimal(f"{text}x")
