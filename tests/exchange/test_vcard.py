"""Address cards: written and read back, those of many programs, and broken ones."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_lab.exchange.sheets import Unreadable
from crm_lab.exchange.vcard import Card, CardAddress, is_vcard, read_cards, write_cards

SHARED = Path(__file__).parents[3] / "shared/data/6_crm/vcard"
WORDS = st.text(st.characters(categories=("L", "N", "P", "S", "Zs"), exclude_characters="\u00a0\u2028\u2029\x85"), max_size=20).map(lambda t: " ".join(t.split(" ")).strip())
NAMES = WORDS.filter(lambda word: word.strip(" ,") == word and ", " not in word and word != "")


@given(first=NAMES, last=NAMES, organisation=NAMES, title=WORDS, note=WORDS, street=NAMES)
@settings(max_examples=60, deadline=None)
@pytest.mark.parametrize("version", ["3.0", "4.0"])
def test_a_card_comes_back_as_it_was(version, first, last, organisation, title, note, street):
    card = Card(
        first_name=first, last_name=last, organisation=organisation, title=title, note=note, phone="+4722334455", mobile="+4791234567",
        work_phone="+4722000000", email="a@b.no", work_email="c@d.no", website="https://x.no", birth_date="1980-01-02",
        addresses=(CardAddress(is_work=True, street=street, postal_code="0150", city="Oslo", country="NO"),),
    )  # fmt: skip
    (found,) = read_cards(write_cards([card], version))
    assert replace(found, line=0) == card


@pytest.mark.parametrize("version", ["3.0", "4.0"])
def test_a_company_stays_a_company(version):
    (found,) = read_cards(write_cards([Card(is_company=True, organisation="Fjord AS", work_phone="+4722334455")], version))
    assert (found.is_company, found.organisation, found.work_phone) == (True, "Fjord AS", "+4722334455")


OLD = """BEGIN:VCARD
VERSION:2.1
N;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=C3=98deg=C3=A5rd;K=C3=A5re
TEL;CELL;PREF:91234567
TEL;WORK;FAX:22334456
TEL;WORK:22334455
ADR;WORK;ENCODING=QUOTED-PRINTABLE:;;Gate=0D=0A=
 1;Oslo;;0150;Norge
END:VCARD
"""


def test_version_2_1_is_read():
    (card,) = read_cards(OLD.encode())
    assert (card.first_name, card.last_name, card.mobile, card.work_phone) == ("Kåre", "Ødegård", "91234567", "22334455")
    assert card.addresses == (CardAddress(is_work=True, street="Gate, 1", postal_code="0150", city="Oslo", country="Norge"),)


def test_a_broken_card_is_told_and_the_next_is_read():
    good = write_cards([Card(first_name="Kari", last_name="Nordmann")]).decode()
    cards = list(read_cards((good + "BEGIN:VCARD\nVERSION:3.0\nFN:Uten slutt\n" + good).encode()))
    assert [bool(card.fault) for card in cards] == [False, True, False]
    assert cards[1].line == good.replace("\r\n", "\n").count("\n") + 1


def test_a_file_without_cards_is_refused():
    assert not is_vcard(b"Navn;Sted\n")
    with pytest.raises(Unreadable, match="visittkort"):
        list(read_cards(b"Navn;Sted\n"))


@given(st.text(max_size=200))
@settings(max_examples=80, deadline=None)
def test_any_text_in_a_card_is_read_or_told(text):
    (*_cards,) = read_cards(f"BEGIN:VCARD\n{text}\nEND:VCARD\n".encode(errors="replace"))


@pytest.mark.skipif(not SHARED.exists(), reason="the shared test data are not on this machine")
def test_the_cards_of_many_programs_are_read():
    files = sorted(SHARED.rglob("*.vcf"))
    cards = {file.name: list(read_cards(file.read_bytes())) for file in files}
    faults = {name for name, found in cards.items() for card in found if card.fault}
    assert faults <= {"John_Doe_ANDROID.vcf"}  # one of its six is not in the encoding it says
    assert all(card.last_name == "Doe" for name in ("outlook-2003.vcf", "John_Doe_GMAIL.vcf") for card in cards[name])
    assert [card.first_name for card in cards["gmail-list.vcf"]] == ["Arnold", "Chris", "Doug"]
