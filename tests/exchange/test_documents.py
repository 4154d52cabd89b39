"""The text of PDF, Office and OpenDocument files, and what files made to break a reader come to."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

import pytest
from fpdf import FPDF

from crm_lab.domain.documents import OFFICE
from crm_lab.exchange.documents import Readable, text_of

if TYPE_CHECKING:
    from pathlib import Path

WORD, SHEET, SLIDES = f"{OFFICE}wordprocessingml.document", f"{OFFICE}spreadsheetml.sheet", f"{OFFICE}presentationml.presentation"
ODT = "application/vnd.oasis.opendocument.text"


def packed(path: Path, **parts: str) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name.replace("__", "/") + ".xml", text)
    return path


def test_a_pdf_has_its_text_and_a_locked_one_none(tmp_path: Path) -> None:
    for name in ("a.pdf", "b.pdf"):
        page = FPDF()
        page.add_page()
        page.set_font("Helvetica", size=12)
        page.cell(text="Rammeavtale om graving")
        if name == "b.pdf":
            page.set_encryption("eier", "bruker")
        page.output(str(tmp_path / name))
    assert text_of(tmp_path / "a.pdf", "application/pdf").text == "Rammeavtale om graving"
    assert text_of(tmp_path / "b.pdf", "application/pdf").state == Readable.LOCKED


@pytest.mark.parametrize(
    ("kind", "parts", "text"),
    [
        (WORD, {"word__document": '<d xmlns:w="w"><w:p><w:r><w:t>Leie</w:t></w:r><w:r><w:t>avtale</w:t></w:r></w:p><w:p><w:instrText>X</w:instrText><w:t>Ås</w:t></w:p></d>'}, "Leieavtale Ås"),
        (SHEET, {"xl__sharedStrings": "<s><si><t>Navn</t></si><si><t>Sum</t></si></s>", "xl__styles": "<s><t>nei</t></s>"}, "Navn Sum"),
        (SLIDES, {"ppt__slides__slide2": "<s><p><t>To</t></p></s>", "ppt__slides__slide1": "<s><p><t>En</t></p></s>"}, "En To"),
        (ODT, {"content": "<o><p>Hei <span>på</span> deg</p><p>der</p></o>"}, "Hei på deg der"),
    ],
)
def test_office_files_have_their_text(tmp_path: Path, kind: str, parts: dict[str, str], text: str) -> None:
    assert text_of(packed(tmp_path / "x", **parts), kind).text == text


def test_files_made_to_break_a_reader_are_told_apart_and_break_nothing(tmp_path: Path) -> None:
    bomb = packed(tmp_path / "bomb", word__document="<d><t>" + " " * 150_000_000 + "slutt</t></d>")
    laughs = packed(tmp_path / "laughs", word__document='<!DOCTYPE d [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><d><t>&b;</t></d>')
    (tmp_path / "not").write_bytes(b"PK\x03\x04 nothing")
    (tmp_path / "noise").write_bytes(b"%PDF-1.7\n" + bytes(range(256)) * 9)
    assert [text_of(path, WORD).text for path in (bomb, laughs)] == ["", ""]
    assert text_of(tmp_path / "not", WORD).state == text_of(tmp_path / "noise", "application/pdf").state == Readable.FAULTY
    assert text_of(tmp_path / "noise", "image/png").state == Readable.NONE
    assert text_of(bomb, WORD, seconds=0.01).state == Readable.FAULTY
