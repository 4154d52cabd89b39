"""Contacts: what is cleaned, and what is never kept."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

import pytest

from crm_lab.domain.addresses import Address, AddressKind
from crm_lab.domain.contacts import ContactFields, ContactRole, clean_contact
from crm_lab.errors import InvalidFields

TODAY = date(2026, 11, 24)
# Numbers of people born in 1854, so they are nobody's: an ordinary one and a D number.
NATIONAL, D_NUMBER = "01015450068", "41015450051"


def with_text(field: str, text: str) -> ContactFields:
    """A contact with the text in one field."""
    place, _, part = field.rpartition(".")
    other: Any = {
        "": {part: text},
        "roles.2": {"roles": tuple(ContactRole(id=UUID(int=0), customer_id=UUID(int=0), **{part: t} if place == "roles.2" else {}) for t in ("", text))},
        "delivery.2": {"addresses": tuple(Address(kind=AddressKind.DELIVERY, **{part: t} if place == "delivery.2" else {}) for t in ("", text))},
    }[place]  # fmt: skip
    given: ContactFields = {"last_name": "Bakken", "consent_on": TODAY}
    return given | other


@pytest.mark.parametrize("written", [NATIONAL, D_NUMBER, "010154 50068", "f.nr.: 010154-50068.", "01.01.54 500 68", "x010154\u00a050068x", f"1 {NATIONAL}"])
@pytest.mark.parametrize(
    "field",
    [
        "first_name", "last_name", "phone", "mobile", "email", "note", "consent_note", "roles.2.title", "roles.2.phone", "roles.2.email",
        "delivery.2.name", "delivery.2.street", "delivery.2.postal_code", "delivery.2.city",
    ],
)  # fmt: skip
def test_a_national_identity_number_is_refused_wherever_it_is_written(field: str, written: str) -> None:
    with pytest.raises(InvalidFields) as caught:
        clean_contact(with_text(field, written), TODAY)
    assert list(caught.value.fields) == [field]
    assert "fødselsnummer" in caught.value.message
    assert not any(number in caught.value.message for number in (NATIONAL, D_NUMBER))


@pytest.mark.parametrize(
    "note",
    [
        "Konto 8601 11 17947", "KID 01015450067", "+47 91 23 45 67", "1010154500681", "Født 01.01.1954, tlf. 22 22 22 22", "923 609 016",
        "32015450068", "01135450068",
    ],
)  # fmt: skip
def test_other_numbers_are_no_national_identity_numbers(note: str) -> None:
    assert clean_contact(with_text("note", note), TODAY)["note"] == note


@pytest.mark.parametrize(
    ("born", "allowed"),
    [(date(1899, 12, 31), False), (date(1900, 1, 1), True), (TODAY, True), (date(2026, 11, 25), False), (None, True)],
)
def test_a_birth_date_is_of_somebody_alive(born: date | None, allowed: bool) -> None:
    if allowed:
        assert clean_contact({"birth_date": born}, TODAY) == {"birth_date": born}
    else:
        with pytest.raises(InvalidFields, match="1900"):
            clean_contact({"birth_date": born}, TODAY)
