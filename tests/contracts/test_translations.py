"""Words: everything shown is translatable, and the Norwegian catalogue is complete and no larger than that."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.pofile import read_po

ROOT = Path(__file__).parents[2]
CATALOGUE = ROOT / "crm_lab/locale/nb/LC_MESSAGES/crm_lab.po"
METHODS = [("**.py", "python"), ("**.html", "jinja2"), ("**.j2", "jinja2")]
KEYWORDS = DEFAULT_KEYWORDS | {"N_": None}
PLACE = re.compile(r"\{(\w*)[^}]*\}")
Msgid = str | tuple[str, ...]


def key(msgid: Msgid) -> str:
    return msgid if isinstance(msgid, str) else msgid[0]


def texts(msgid: Msgid) -> tuple[str, ...]:
    return (msgid,) if isinstance(msgid, str) else tuple(msgid)


@pytest.fixture(scope="module")
def wanted() -> dict[str, tuple[Msgid, str]]:
    """Every msgid of the source, and where it is."""
    found = {}
    for folder in ("crm_lab", "share"):
        for name, line, msgid, _comments, _context in extract_from_dir(ROOT / folder, METHODS, keywords=KEYWORDS):
            found[key(msgid)] = (msgid, f"{folder}/{name}:{line}")
    return found


@pytest.fixture(scope="module")
def catalogue() -> Catalog:
    return read_po(io.BytesIO(CATALOGUE.read_bytes()), locale="nb", abort_invalid=True)


def test_every_text_is_translated(wanted: dict[str, tuple[Msgid, str]], catalogue: Catalog) -> None:
    done = {key(m.id) for m in catalogue if m.id and all(m.string if m.pluralizable else [m.string])}
    assert {where: text for text, (_msgid, where) in wanted.items() if text not in done} == {}


def test_every_plural_has_both_forms(wanted: dict[str, tuple[Msgid, str]], catalogue: Catalog) -> None:
    plurals = {key(m.id) for m in catalogue if m.pluralizable}
    assert {where: text for text, (m, where) in wanted.items() if not isinstance(m, str) and text not in plurals} == {}


def test_nothing_is_left_over(wanted: dict[str, tuple[Msgid, str]], catalogue: Catalog) -> None:
    assert [key(m.id) for m in catalogue if m.id and key(m.id) not in wanted] == []
    assert (list(catalogue.obsolete), [m.id for m in catalogue if m.id and m.fuzzy]) == ([], [])


def test_places_to_fill_are_the_same(catalogue: Catalog) -> None:
    def places(string: Msgid) -> set[str]:
        return {place for text in texts(string) for place in PLACE.findall(text)}

    assert {key(m.id): m.string for m in catalogue if m.id and places(m.id) != places(m.string)} == {}
