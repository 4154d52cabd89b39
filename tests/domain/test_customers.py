"""Customers and contacts: cleaning is done once, rules between fields, all faults told together."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_lab.domain.contacts import ContactFields, ContactRole, clean_contact
from crm_lab.domain.customers import Customer, CustomerFields, clean_customer
from crm_lab.domain.ids import new_id
from crm_lab.errors import InvalidFields

TODAY = date(2026, 11, 24)
text = st.text(max_size=30)
phone = st.sampled_from(["", "22 22 22 22", "0047 41234567", "+46 8 123 456 78"])
email = st.sampled_from(["", "Ola@FIRMA.no", "a.b+c@x.co.uk"])


@given(
    st.fixed_dictionaries(
        {"name": text, "is_person": st.booleans()},
        optional={
            "first_name": text, "phone": phone, "mobile": phone, "email": email, "invoice_email": email, "note": st.text(), "industry": text,
            "website": st.sampled_from(["", "WWW.Firma.no/", "http://firma.no:8080/Om?x=1"]), "gln": st.sampled_from(["", "7080000 000005", "1"]),
            "organisation_number": st.sampled_from(["", "NO 923 609 016 MVA", "923609017"]), "bank_account": st.sampled_from(["", "8601.11.17947"]),
        },
    )
)  # fmt: skip
def test_cleaning_a_customer_twice_is_cleaning_it_once(fields: CustomerFields) -> None:
    try:
        once = clean_customer(fields)
    except InvalidFields:
        return
    assert clean_customer(once) == once


@given(
    st.fixed_dictionaries(
        {"last_name": text},
        optional={"first_name": text, "phone": phone, "email": email, "note": st.text(), "birth_date": st.none() | st.dates(), "consent_on": st.none() | st.dates()},
    )
)
def test_cleaning_a_contact_twice_is_cleaning_it_once(fields: ContactFields) -> None:
    try:
        once = clean_contact(fields, TODAY)
    except InvalidFields:
        return
    assert clean_contact(once, TODAY) == once


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"name": " "}, {"name"}),
        ({"name": "Ola", "is_person": True, "organisation_number": "923609016"}, {"organisation_number"}),
        ({"name": "Bra AS", "is_person": False, "first_name": "Ola"}, {"first_name"}),
        ({"name": "Bra AS", "is_customer": False, "is_supplier": False}, {"is_customer"}),
        ({"name": "Bra AS", "language": "sv"}, {"language"}),
        ({"name": "Bra AS", "n_employees": -1}, {"n_employees"}),
        ({"name": "", "phone": "1", "email": "x", "gln": "1", "bank_account": "1", "website": "x"}, {"name", "phone", "email", "gln", "bank_account", "website"}),
    ],
)
def test_all_faults_of_a_customer_are_told_at_once(fields: Any, wrong: set[str]) -> None:
    with pytest.raises(InvalidFields) as caught:
        clean_customer(fields)
    assert set(caught.value.fields) == wrong
    assert all(caught.value.fields.values())


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"last_name": ""}, {"last_name"}),
        ({"birth_date": date(1899, 12, 31)}, {"birth_date"}),
        ({"birth_date": date(2026, 11, 25), "consent_on": date(2026, 11, 25)}, {"birth_date", "consent_on"}),
        (
            {
                "roles": (
                    ContactRole(id=new_id(), customer_id=new_id(), phone="1"),
                    ContactRole(id=new_id(), customer_id=new_id(), started_on=date(2026, 2, 2), ended_on=date(2026, 2, 1)),
                )
            },
            {"roles.1.phone", "roles.2.ended_on"},
        ),
    ],
)
def test_all_faults_of_a_contact_are_told_at_once(fields: Any, wrong: set[str]) -> None:
    with pytest.raises(InvalidFields) as caught:
        clean_contact(fields, TODAY)
    assert set(caught.value.fields) == wrong


def test_a_person_is_called_by_both_names() -> None:
    assert Customer(id=new_id(), name="Nordmann", first_name="Kari", is_person=True).display_name == "Kari Nordmann"
    assert Customer(id=new_id(), name="Nordmann AS").display_name == "Nordmann AS"
