"""Documents: files that belong to a party, in a folder of it or on a note about it."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING
from uuid import UUID

from babel.numbers import format_decimal

from crm_lab.domain.names import alphabet_key
from crm_lab.errors import InvalidInput
from crm_lab.i18n import _, current_locale

if TYPE_CHECKING:
    from collections.abc import Iterable

LONGEST_NAME = 200
LARGEST_SLICE = 4 << 20
"""So many bytes travel at a time, either way."""
MOST_ON_NOTE = 20
DEEPEST = 5
MOST_IN_TEMPLATE = 50
SNIFFED = 1024
"""So many bytes at the beginning tell what a file is."""
LISTED = 16 << 10
"""So many bytes at the end of a ZIP archive name what is in it."""
OPEN_DOCUMENT = b"mimetypeapplication/vnd.oasis.opendocument."
OFFICE = "application/vnd.openxmlformats-officedocument."
PACKED = (
    (b"word/document.xml", f"{OFFICE}wordprocessingml.document"),
    (b"xl/workbook.xml", f"{OFFICE}spreadsheetml.sheet"),
    (b"ppt/presentation.xml", f"{OFFICE}presentationml.presentation"),
)
"""What a ZIP archive is, by a file in it: ECMA-376."""
UNKNOWN, ARCHIVE = "application/octet-stream", "application/zip"
MAGIC = (
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"PK\x03\x04", ARCHIVE),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
)
"""First bytes by media type, as registered with IANA."""
UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A file that somebody put into a folder of a party, or on a note about it.

    Attributes
    ----------
    size : bytes.
    media_type : what the content says it is, whatever the browser said.
    sha256 : digest of the content, in hexadecimal; equal contents are kept once.
    folder : its names joined by "/"; None and "" are none.
    held_by : who works on it, as a mark for others; nobody is kept from it.
    changed_at, changed_by : when it last got a content, a name, a folder or a mark, and by whom; None where it never did.
    """

    id: UUID
    version: int = 1
    customer_id: UUID | None = None
    contact_id: UUID | None = None
    note_id: UUID | None = None
    name: str
    size: int
    media_type: str
    sha256: str
    created_by: UUID
    created_at: datetime
    folder: str | None = None
    held_by: UUID | None = None
    changed_at: datetime | None = None
    changed_by: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """A folder of a party: its whole path, its own name, and how many documents are in it and below."""

    path: str
    name: str
    n: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderPage:
    """What is in one folder of a party: its folders, and some of its `n` documents by name."""

    folders: tuple[Folder, ...] = ()
    documents: tuple[Document, ...] = ()
    n: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentVersion:
    """A content that a document has or had; `number` counts from 1."""

    number: int
    name: str
    size: int
    media_type: str
    sha256: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A file that is here but belongs to nothing yet: `id` is the caller's to attach within a day."""

    id: UUID
    name: str
    size: int = 0


def clean_name(name: str) -> str:
    """A file's name without folders and what no name holds, its ending kept. Raises `InvalidInput`."""
    last = re.split(r"[/\\]", name)[-1]
    shown = "".join(c for c in unicodedata.normalize("NFC", last) if unicodedata.category(c)[0] != "C").strip().strip(".").strip()
    if not shown:
        raise InvalidInput(_("{name} is no name for a file. Rename it and try again.", name=repr(name[:40])), "name")
    if len(shown) <= LONGEST_NAME:
        return shown
    stem, dot, ending = shown.rpartition(".")
    return f"{stem[: LONGEST_NAME - 20]}{dot}{ending[:16]}"


def clean_folder(path: str) -> str:
    """A folder's path, each of its names as that of a file. Raises `InvalidInput`."""
    names = [clean_name(name) for name in path.split("/") if name.strip()]
    if len(names) > DEEPEST:
        raise InvalidInput(_("Folders go {n} deep at most.", n=DEEPEST), "folder")
    return "/".join(names)


def folders_below(folder: str, counts: dict[str, int]) -> tuple[Folder, ...]:
    """The folders that stand in `folder`, of paths and the number of documents in each."""
    below, found = f"{folder}/" if folder else "", dict[str, int]()
    for path, n in counts.items():
        if path.startswith(below) and path != folder:
            name = path.removeprefix(below).partition("/")[0]
            found[name] = found.get(name, 0) + n
    return tuple(Folder(path=below + name, name=name, n=found[name]) for name in sorted(found, key=alphabet_key))


def clean_template(folders: Iterable[str]) -> tuple[str, ...]:
    """The folders that every customer has, each once, by name. Raises `InvalidInput`."""
    paths = {path for path in map(clean_folder, folders) if path}
    if len(paths) > MOST_IN_TEMPLATE:
        raise InvalidInput(_("A template has {n} folders at most.", n=MOST_IN_TEMPLATE), "folders")
    return tuple(sorted(paths, key=alphabet_key))


def media_type(beginning: bytes, ending: bytes = b"") -> str:
    """What a file's first `SNIFFED` bytes say it is, and of an archive its last `LISTED`: of the kinds that are told apart, else text or unknown."""
    for magic, kind in MAGIC:
        if beginning.startswith(magic):
            return _packed(beginning, ending) if kind == ARCHIVE else kind
    if beginning[:4] == b"RIFF" and beginning[8:12] == b"WEBP":
        return "image/webp"
    try:
        text = beginning.decode()
    except UnicodeDecodeError as error:
        if error.end < len(beginning) or error.reason != "unexpected end of data":
            return UNKNOWN
        text = beginning[: error.start].decode()
    return UNKNOWN if UNPRINTABLE.search(text) else "text/plain"


def _packed(beginning: bytes, ending: bytes) -> str:
    """What an archive is a document of: ODF says it in its first entry (OASIS ODF 1.3 part 2, 3.3), OOXML by the names of the others."""
    at = beginning.find(OPEN_DOCUMENT, 30, 80)
    if at > 0:
        kind = re.match(rb"[a-z-]+", beginning[at + len(OPEN_DOCUMENT) :])
        return f"application/vnd.oasis.opendocument.{kind[0].decode() if kind else 'text'}"
    return next((kind for name, kind in PACKED if name in ending or name in beginning), ARCHIVE)


def in_words(size: int) -> str:
    """A number of bytes as people say it: 812 B, 45 kB, 1,5 MB."""
    for unit, step in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if size >= step:
            tenths = size * 10 // step
            return f"{format_decimal(Decimal(tenths) / 10 if unit != 'kB' else tenths // 10, locale=current_locale())} {unit}"
    return f"{size} B"
