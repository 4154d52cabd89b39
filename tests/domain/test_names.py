"""Folding of names: spellings of one name meet, different names do not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_lab.domain.names import alphabet_key, fold, name_key, tokens


@pytest.mark.parametrize(
    "spellings",
    [
        ("Ødegård", "Odegard", "Oedegaard", "ØDEGÅRD", "O\u0308degA\u030ard", "Ödegård"),
        ("Ærlig Bygg AS", "Aerlig Bygg", "ærlig-bygg a/s", "AS Ærlig Bygg", "Ærlig Bygg A.S.", "Ærlig  Bygg ASA"),
        ("Aasen & Farstad AS", "Åsen og Farstad", "ÅSEN&FARSTAD ANS"),
        ("Café Nordlys", "CAFE NORDLYS", "Cafe\u0301 Nordlys"),
        ("O'Learys Trondheim", "OLEARYS TRONDHEIM", "O’Learys, Trondheim"),
        ("N.O.R. Bygg", "NOR BYGG", "N.O.R Bygg"),
        ("Weiss Oy", "Weiß"),
        ("Máze Sámi Siida", "Maze Sami Siida"),
    ],
)
def test_spellings_of_one_name_meet(spellings: tuple[str, ...]) -> None:
    assert len({name_key(s) for s in spellings}) == 1, {s: name_key(s) for s in spellings}


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("Ås kommune", "as kommune"),
        ("Åsa Hansen ENK", "asa hansen"),
        ("Da Vinci Mat AS", "da vinci mat"),
        ("Se og Hør", "se og hor"),
        ("AS", "as"),
        ("AS ASA", "as asa"),
        ("Møller-Bil AS avd Oslo", "moller bil avd oslo"),
        ("Shell International Ltd NUF", "shell international"),
        ("24/7 Vakt", "24 7 vakt"),
        ("E.ON Norge", "e on norge"),
        ("  \t ", ""),
        ("—", ""),
        ("😀 Bygg", "bygg"),
    ],
)
def test_key(name: str, key: str) -> None:
    assert name_key(name) == key
    assert tokens(name) == tuple(key.split())


def test_different_names_stay_apart() -> None:
    names = ["Hansen Bygg AS", "Hansens Bygg AS", "Hansen Bygg og Anlegg", "Jansen Bygg", "Bygg Hansen"]
    assert len({name_key(n) for n in names}) == len(names)


@given(st.text())
def test_folding_twice_is_folding_once(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(st.text(alphabet="abcdefghijklmnopqrstuvwxyzæøå", min_size=1), st.integers(1, 40))
def test_what_is_typed_so_far_folds_to_a_beginning(word: str, n: int) -> None:
    assert fold(word).startswith(fold(word[:n]))


@given(st.text())
def test_a_key_is_its_own_tokens(text: str) -> None:
    assert " ".join(tokens(text)) == name_key(text)
    assert "  " not in name_key(text)


def test_the_alphabet_ends_with_the_three() -> None:
    names = ["Åse", "Zara", "Aas", "Ærlig", "Østby", "Éva", "Bo", "Aa", "eva", "Älv"]
    assert sorted(names, key=alphabet_key) == ["Bo", "eva", "Éva", "Zara", "Älv", "Ærlig", "Østby", "Aa", "Aas", "Åse"]
