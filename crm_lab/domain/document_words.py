"""The words of documents: how they are kept to be searched, and what a search finds."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from uuid import UUID

from crm_lab.domain.documents import OFFICE, Document
from crm_lab.domain.search import LONGEST_TEXT, MOST_WORDS

BEFORE, AROUND = 60, 180
"""Characters of a text shown before the word that was found, and altogether."""


class DocumentKind(StrEnum):
    """What people call a file, whatever program made it."""

    PDF = "pdf"
    PICTURE = "picture"
    WRITING = "writing"
    SHEET = "sheet"
    SLIDES = "slides"
    OTHER = "other"


OPEN_DOCUMENT = "application/vnd.oasis.opendocument."
KINDS: dict[DocumentKind, tuple[str, ...]] = {
    DocumentKind.PDF: ("application/pdf",),
    DocumentKind.PICTURE: ("image/",),
    DocumentKind.WRITING: (f"{OFFICE}wordprocessingml.", f"{OPEN_DOCUMENT}text", "text/"),
    DocumentKind.SHEET: (f"{OFFICE}spreadsheetml.", f"{OPEN_DOCUMENT}spreadsheet"),
    DocumentKind.SLIDES: (f"{OFFICE}presentationml.", f"{OPEN_DOCUMENT}presentation"),
}
"""Beginnings of the media types of each kind; the rest are other."""



@dataclass(frozen=True, slots=True, kw_only=True)
class FoundDocument:
    """A document as a search shows it: whose it is, when it last changed, and the part of its text that was meant."""

    document: Document
    customer_number: int | None = None
    contact_id: UUID | None = None
    party: str = ""
    who: str = ""
    excerpt: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentsFound:
    """Some of the `n` documents that were asked for, the last changed first."""

    documents: tuple[FoundDocument, ...] = ()
    n: int = 0


def as_words(text: str) -> str:
    """The words of a text as they are searched: each once, in small letters without accents, with a blank before each."""
    return "".join(f" {word}" for word in sorted(set(text.translate(_plain()).split())))


def asked_words(text: str) -> list[str]:
    """The words of a question, in the same letters."""
    return text[:LONGEST_TEXT].translate(_plain()).split()[:MOST_WORDS]


def whole_words(part: str, *, is_cut: bool) -> str:
    """A part of a text without the halves of words at its ends; `is_cut` says whether anything stands before it."""
    shown = part.partition(" ")[2] if is_cut else part
    return ("… " if is_cut else "") + (f"{shown.rpartition(' ')[0]} …" if len(part) == AROUND else shown)


@cache
def _plain() -> dict[int, str]:
    """Every letter of Unicode's first plane as it is compared."""
    return {code: _letter(chr(code)) for code in range(0x10000)}


def _letter(char: str) -> str:
    bare = unicodedata.normalize("NFKD", char)[0] if char not in "åÅ" else char
    small = bare.lower()
    return small if len(small) == 1 and small.isalnum() else " "
