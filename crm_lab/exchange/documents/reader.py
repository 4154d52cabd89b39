"""The process that reads the text of one document: it takes so much time and memory at most, and writes no file.

Run as a file, so that it imports nothing of ours. Standard input is the document itself, its argument the media type;
to standard output go a state and, after a line feed, the text in UTF-8.
"""

from __future__ import annotations

import re
import resource
import sys
import unicodedata
import zipfile
from typing import TYPE_CHECKING, BinaryIO
from xml.parsers import expat

if TYPE_CHECKING:
    from collections.abc import Iterator

LIMITS = {resource.RLIMIT_AS: 1 << 30, resource.RLIMIT_CPU: 30, resource.RLIMIT_FSIZE: 0, resource.RLIMIT_CORE: 0, resource.RLIMIT_NOFILE: 32}
"""Bytes of memory, seconds, and nothing written."""
MOST_CHARACTERS, MOST_UNPACKED, MOST_PARTS, MOST_PAGES = 400_000, 100 << 20, 2000, 2000
BLOCK = 64 << 10
OFFICE = "application/vnd.openxmlformats-officedocument."
PARTS = {
    f"{OFFICE}wordprocessingml.document": r"word/(document|header\d*|footer\d*|footnotes|endnotes|comments)\.xml",
    f"{OFFICE}spreadsheetml.sheet": r"xl/(sharedStrings|worksheets/sheet\d+)\.xml",
    f"{OFFICE}presentationml.presentation": r"ppt/(slides|notesSlides)/[A-Za-z]+\d+\.xml",
}
"""The parts of an OOXML package that hold text (ECMA-376 part 1, 11.3, 12.3 and 13.3)."""
OPEN_DOCUMENT = "application/vnd.oasis.opendocument."
READ, NONE, LOCKED, FAULTY = "read", "none", "locked", "faulty"


class TooMuch(Exception):
    """What a document unpacks to is more than it may be."""


class Words:
    """The text between an XML document's tags, as far as it may go; entities of its own are refused."""

    def __init__(self, only: frozenset[str]) -> None:
        self.found: list[str] = []
        self.length = 0
        self._only, self._inside = only, 0
        self._parser = expat.ParserCreate(namespace_separator=" ")
        self._parser.StartElementHandler = self._begin
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text
        self._parser.EntityDeclHandler = self._refuse

    def feed(self, part: bytes, *, is_last: bool) -> None:
        """Read on."""
        self._parser.Parse(part, is_last)

    def _begin(self, name: str, _attributes: object) -> None:
        self._inside += name.rpartition(" ")[2] in self._only

    def _end(self, name: str) -> None:
        last = name.rpartition(" ")[2]
        self._inside -= last in self._only
        if last not in {"r", "span"}:
            self.found.append("" if last in {"t", "rPr"} else " ")

    def _text(self, text: str) -> None:
        if self._inside or not self._only:
            self.found.append(text)
            self.length += len(text)
            if self.length > MOST_CHARACTERS:
                raise TooMuch

    def _refuse(self, *_told: object) -> None:
        raise TooMuch


def main(kind: str, source: BinaryIO) -> tuple[str, str]:
    """What is in the document, and how the reading went."""
    if kind == "application/pdf":
        return _pdf(source)
    if kind.startswith("text/"):
        return READ, source.read(MOST_CHARACTERS).decode(errors="replace")
    pattern, only = (PARTS[kind], frozenset({"t"})) if kind in PARTS else (r"(content|styles)\.xml", frozenset())
    return READ, _packed(source, pattern, only)


def _pdf(source: BinaryIO) -> tuple[str, str]:
    import pypdf

    document = pypdf.PdfReader(source)
    if document.is_encrypted and not document.decrypt(""):
        return LOCKED, ""
    found, length = [], 0
    for page, _n in zip(document.pages, range(MOST_PAGES), strict=False):
        found.append(page.extract_text())
        length += len(found[-1])
        if length > MOST_CHARACTERS:
            break
    return READ, "\n".join(found)


def _packed(source: BinaryIO, pattern: str, only: frozenset[str]) -> str:
    found, left = [], [MOST_UNPACKED]
    with zipfile.ZipFile(source) as archive:
        names = [name for name in archive.namelist() if re.fullmatch(pattern, name)]
        for name in sorted(names, key=lambda one: (len(one), one))[:MOST_PARTS]:
            words = Words(only)
            try:
                for part in _unpacked(archive, name, left):
                    words.feed(part, is_last=not part)
            except TooMuch:
                found += words.found
                break
            found += words.found
    return "".join(found)


def _unpacked(archive: zipfile.ZipFile, name: str, left: list[int]) -> Iterator[bytes]:
    """A part in blocks, the last of them empty; `left` is how much may still be unpacked of all parts."""
    with archive.open(name) as file:
        while part := file.read(BLOCK):
            left[0] -= len(part)
            if left[0] < 0:
                raise TooMuch
            yield part
    yield b""


def _say(state: str, text: str) -> None:
    clean = re.sub(r"\s+", " ", unicodedata.normalize("NFKC", text)).strip()[:MOST_CHARACTERS]
    told = clean.encode("utf-8", errors="ignore").replace(b"\0", b"")
    sys.stdout.buffer.write(f"{NONE if state == READ and not told else state}\n".encode() + told)


if __name__ == "__main__":
    for limit, most in LIMITS.items():
        resource.setrlimit(limit, (most, most))
    try:
        _say(*main(sys.argv[1], sys.stdin.buffer))
    except Exception:  # noqa: BLE001 - what a stranger's file does to a reader is not foreseen; that it cannot be read is the answer
        _say(FAULTY, "")
