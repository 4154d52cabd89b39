"""Doubles: spellings of one name meet, different companies do not, and no typed nonsense stops it."""

from __future__ import annotations

import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_lab.domain.duplicates import SHOWN, SURE, Clues, domains_of, judge, typed_clues
from crm_lab.domain.names import name_bits, name_key

NAMES = [
    "Nordlys Bygg AS", "Bryggerikvartalet Eiendom AS", "Ødegård Rør og Varme AS", "Fjellheimen Hotell ANS", "Kystens Sjømat ASA",
    "Aasen & Farstad Regnskap AS", "Polarsirkelen Transport AS", "Tønsberglivet AS", "Wenor Regnskap AS", "Bernhard Moe AS",
    "Havbruksteknikk Nord AS", "Skårer Tannlegesenter AS", "Møllefossen Kraft AS", "Gråsteinen Anlegg AS", "Vestlandske Taksering AS",
    "Stjørdal Elektro AS", "Brødrene Hægstad AS", "Solsiden Barnehage SA", "Røros Meieri SA", "Trøndersk Skog og Hage AS",
]  # fmt: skip
OTHERS = [
    ("Nordlys Bygg AS", "Nordlys Rør AS"), ("Hansen Bygg AS", "Hansen Bygg og Anlegg AS"), ("Fjell Elektro AS", "Fjord Elektro AS"),
    ("Studio 21 AS", "Studio 12 AS"), ("Havn Transport 101 AS", "Havn Transport 110 AS"), ("Moe AS", "Mos AS"),
    ("Rema AS", "Reja AS"), ("Bergen Taksering AS", "Bergen Transport AS"), ("Sol Hage AS", "Sol Rør AS"), ("Ås AS", "Os AS"),
]  # fmt: skip


def variants(name: str, rng: random.Random) -> dict[str, str]:
    """How people write a name they have seen."""
    bare = re.sub(r"\s(AS|ASA|ANS|SA)$", "", name)
    at = rng.randrange(1, len(bare) - 2)
    spelled = bare.translate(str.maketrans({"æ": "ae", "ø": "oe", "å": "aa", "Ø": "Oe", "Å": "Aa", "Æ": "Ae"}))
    plain = bare.translate(str.maketrans({"ø": "o", "å": "a", "Ø": "O", "Å": "A"}))
    return {
        "other legal form": f"{bare} ANS", "none": bare, "in front": f"A/S {bare}", "capitals": name.upper(), "small": name.lower(),
        "spelled out": spelled, "plain letters": plain, "spaces": f"  {bare.replace(' ', '   ')} ", "and": bare.replace("&", "og"),
        "swapped": bare[:at] + bare[at + 1] + bare[at] + bare[at + 2 :], "left out": bare[:at] + bare[at + 1 :],
        "twice": bare[:at] + bare[at] + bare[at:], "another": bare[:at] + "x" + bare[at + 1 :],
        "order": " ".join(reversed(bare.split())),
    }  # fmt: skip


def same_name(one: str, other: str) -> bool:
    return judge(typed_clues(name=one), typed_clues(name=other))[0] >= SHOWN


def test_variants_of_a_name_are_found() -> None:
    rng = random.Random(7)
    tried = [(name, kind, text) for name in NAMES for _n in range(20) for kind, text in variants(name, rng).items()]
    missed = [(name, kind, text) for name, kind, text in tried if not same_name(text, name)]
    assert len(missed) / len(tried) < 0.01, missed[:10]


def test_different_names_are_left_alone() -> None:
    pairs = [*OTHERS, *[(one, other) for one in NAMES for other in NAMES if one < other]]
    assert [pair for pair in pairs if same_name(*pair)] == []


@pytest.mark.parametrize(
    ("typed", "known", "sure"),
    [
        ({"name": "Nordlys Bygg", "organisation_number": "923 609 016"}, {"name": "Helt Annet", "organisation_number": "923609016"}, True),
        ({"name": "Nordlys Bygg"}, {"name": "Nordlys Bygg AS"}, False),
        ({"name": "Nordlys Bygg", "phones": ["22 22 22 22"]}, {"name": "Nordlys Bygg AS", "phones": ["+4722222222"]}, True),
        ({"name": "Nordlys", "emails": ["Post@Nordlys.no"]}, {"name": "Nordlys", "emails": ["post@nordlys.no"]}, True),
        (
            {"name": "Nordlys Bygg", "organisation_number": "923609016", "phones": ["22222222"]},
            {"name": "Nordlys Bygg AS", "organisation_number": "974760673", "phones": ["22222222"]},
            False,
        ),
        ({"name": "Ola Hansen", "is_person": True}, {"name": "Ola Hansen", "is_person": True}, False),
    ],
)
def test_what_is_sure(typed: dict[str, object], known: dict[str, object], sure: bool) -> None:
    score, reasons = judge(typed_clues(**typed), typed_clues(**known))  # type: ignore[arg-type]
    assert (score >= SURE) is sure
    assert score >= SHOWN
    assert reasons


def test_a_former_name_counts() -> None:
    score, reasons = judge(typed_clues(name="Nordlis Bygg"), typed_clues(name="Sørlys Tak AS"), ["Nordlys Bygg AS"])
    assert score >= SHOWN
    assert "Nordlys Bygg AS" in reasons[0]


def test_shared_domains_tell_nothing() -> None:
    assert domains_of(["ola@gmail.com", "kari@online.no", "post@firma.no"], ["https://www.Facebook.com/firma"]) == {"firma.no"}
    assert not judge(typed_clues(emails=["ola@gmail.com"]), typed_clues(emails=["kari@gmail.com"]))[1]


@given(
    st.builds(
        typed_clues, name=st.text(), is_person=st.booleans(), organisation_number=st.text(), phones=st.lists(st.text(), max_size=3),
        emails=st.lists(st.text() | st.emails(), max_size=3), website=st.text(), bank_account=st.text(),
    ),
    st.builds(Clues, name_key=st.text().map(name_key)),
)  # fmt: skip
def test_whatever_is_typed_is_judged(typed: Clues, known: Clues) -> None:
    score, reasons = judge(typed, known)
    assert 0 <= score <= 100
    assert judge(known, typed) == (score, reasons)


@given(st.text(alphabet="abcdefgh ", min_size=5, max_size=20), st.integers(0, 18), st.sampled_from("abcxyz"))
def test_one_error_flips_few_bits(text: str, at: int, letter: str) -> None:
    key = name_key(text)
    other = key[:at] + letter + key[at + 1 :]
    assert ((name_bits(key) ^ name_bits(other)) & (2**64 - 1)).bit_count() <= 4
    assert -(2**63) <= name_bits(key) < 2**63
