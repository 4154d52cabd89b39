"""Notes on the wall of a party."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from crm_lab.domain.documents import Document
from crm_lab.domain.values import clean_text
from crm_lab.errors import InvalidInput
from crm_lab.i18n import _

LONGEST_NOTE = 20_000
EXCERPT, BEFORE = 120, 30
NOTES_ON_CARD = 60
"""So many notes come with a card that opens; the wall asks for earlier ones when somebody reads that far."""
MENTION = re.compile(r"(?<![\w@.])@([a-z0-9](?:[a-z0-9._-]{0,61}[a-z0-9])?)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """What somebody wrote about one party, a customer or a contact.

    Attributes
    ----------
    author : name of the employee who wrote it.
    edited_at : when the text was last changed; its earlier versions are in the history.
    pinned_at : since when it stands above the others.
    documents : the files on it.
    """

    id: UUID
    version: int = 1
    customer_id: UUID | None = None
    contact_id: UUID | None = None
    text: str
    author_id: UUID
    author: str = ""
    created_at: datetime
    edited_at: datetime | None = None
    pinned_at: datetime | None = None
    documents: tuple[Document, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteVersion:
    """What a note said from `written_at` on, and who wrote that."""

    text: str
    written_at: datetime
    author: str


def clean_note(text: str, *, has_files: bool = False) -> str:
    """The text in its stored form; a note with files may do without. Raises `InvalidInput`."""
    clean = clean_text(text, "text", max_length=LONGEST_NOTE, lines=True)
    if not clean and not has_files:
        raise InvalidInput(_("Write something first."), "text")
    return clean


def excerpt(text: str, word: str) -> str:
    """The part of a note where a word stands, on one line."""
    line = " ".join(text.split())
    at = line.casefold().find(word.casefold())
    start = max(0, line.rfind(" ", 0, max(0, at - BEFORE)) + 1) if at > BEFORE else 0
    shown = line[start : start + EXCERPT]
    return ("… " if start else "") + shown + (" …" if start + EXCERPT < len(line) else "")


def mentioned(text: str) -> set[str]:
    """The user names that a text calls upon: "@ola" in "Spør @ola.hansen om dette." calls ola.hansen."""
    return {name.lower() for name in MENTION.findall(text)}
