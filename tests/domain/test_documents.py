"""Names of files, and what their first bytes say they are."""

from __future__ import annotations

import io
import zipfile

import pytest

from crm_lab.domain.documents import (
    LISTED,
    LONGEST_NAME,
    OFFICE,
    SNIFFED,
    UNKNOWN,
    clean_name,
    clean_template,
    folders_below,
    in_words,
    media_type,
)
from crm_lab.errors import InvalidInput
from crm_lab.i18n import use_locale


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("tilbud.pdf", "tilbud.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\kari\\Tilbud æøå.docx", "Tilbud æøå.docx"),
        (".bashrc", "bashrc"),
        ("a\x00b\r\nX: y.txt", "abX: y.txt"),
        ("faktura\u202efdp.exe", "fakturafdp.exe"),
        ("<img src=x onerror=alert(1)>.png", "<img src=x onerror=alert(1)>.png"),
    ],
)
def test_a_name_keeps_what_people_see(given: str, kept: str) -> None:
    assert clean_name(given) == kept


def test_a_long_name_keeps_its_ending() -> None:
    name = clean_name("x" * 500 + ".pdf")
    assert name.endswith("x.pdf") and len(name) <= LONGEST_NAME


@pytest.mark.parametrize("name", ["", " ", ".", "..", "a/", "\\", "\x00", "\u202e"])
def test_what_is_no_name(name: str) -> None:
    with pytest.raises(InvalidInput):
        clean_name(name)


@pytest.mark.parametrize(
    ("beginning", "kind"),
    [
        (b"%PDF-1.7", "application/pdf"),
        (b"\x89PNG\r\n\x1a\nrest", "image/png"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8", "image/webp"),
        (b"RIFF\x00\x00\x00\x00WAVEfmt", UNKNOWN),
        (b"PK\x03\x04", "application/zip"),
        (b"<script>alert(1)</script>", "text/plain"),
        ("blåbær".encode()[:-3], "text/plain"),
        ("blåbær".encode()[:3], "text/plain"),
        (b"bl\xe5b\xe6r", UNKNOWN),
        (b"MZ\x90\x00", UNKNOWN),
        (b"text\x00text", UNKNOWN),
        (b"", "text/plain"),
    ],
)
def test_the_content_says_what_it_is(beginning: bytes, kind: str) -> None:
    assert media_type(beginning) == kind


def test_a_size_in_words() -> None:
    with use_locale("nb"):
        assert [in_words(size) for size in (0, 999, 1000, 84_400, 1_340_000, 200_000_000, 1_500_000_000)] == ["0 B", "999 B", "1 kB", "84 kB", "1,3 MB", "200 MB", "1,5 GB"]


def archive(*names: str, stored: str = "") -> bytes:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as packed:
        for name in names:
            packed.writestr(name, stored)
    return whole.getvalue()


@pytest.mark.parametrize(
    ("whole", "kind"),
    [
        (archive("[Content_Types].xml", "word/document.xml"), f"{OFFICE}wordprocessingml.document"),
        (archive("a.xml", *(f"b{n}/" + "x" * 60 for n in range(50)), "xl/workbook.xml"), f"{OFFICE}spreadsheetml.sheet"),
        (archive("ppt/presentation.xml"), f"{OFFICE}presentationml.presentation"),
        (archive("mimetype", "content.xml", stored="application/vnd.oasis.opendocument.spreadsheet"), "application/vnd.oasis.opendocument.spreadsheet"),
        (archive("bilde.png"), "application/zip"),
    ],
)
def test_an_office_file_is_known_by_what_is_in_it(whole: bytes, kind: str) -> None:
    assert media_type(whole[:SNIFFED], whole[-LISTED:]) == kind


def test_folders_below_another() -> None:
    counts = {"": 4, "Avtaler": 1, "Avtaler/2026": 2, "Avtaler/2026/Nord": 3, "Åpne": 0, "Bilder": 5}
    assert [(one.name, one.n) for one in folders_below("", counts)] == [("Avtaler", 6), ("Bilder", 5), ("Åpne", 0)]
    assert [(one.path, one.n) for one in folders_below("Avtaler", counts)] == [("Avtaler/2026", 5)]
    assert folders_below("Avtal", counts) == ()
    assert clean_template([" Tilbud ", "Avtaler / 2026", "", "Tilbud"]) == ("Avtaler/2026", "Tilbud")
    with pytest.raises(InvalidInput):
        clean_template([f"Mappe {n}" for n in range(60)])
