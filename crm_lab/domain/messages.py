"""E-mail: what a message says, who is on it, and how messages hang together in threads."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

LONGEST_SUBJECT, LONGEST_ADDRESS, LONGEST_NAME, LONGEST_PREVIEW = 500, 320, 200, 200
MOST_REFERENCES = 50
PLACE = re.compile(r"\{(customer|contact|me|company)\}")
PREFIX = re.compile(r"^\s*(?:\[[^\]]{1,40}\]\s*)?(?:re|sv|svar|aw|antw|fwd?|fw|vs|videresendt|vb)(?:\[\d+\])?\s*:\s*", re.IGNORECASE)
"""What programs put before the subject of an answer or a forwarded message, in Norwegian, English, German, Swedish and Finnish."""


class AddressRole(StrEnum):
    """Where in a message an address stands (RFC 5322 section 3.6)."""

    FROM = "from"
    TO = "to"
    CC = "cc"
    BCC = "bcc"


class LinkedBy(StrEnum):
    """Why a message is on a card."""

    ADDRESS = "address"
    DOMAIN = "domain"
    HAND = "hand"


@dataclass(frozen=True, slots=True, kw_only=True)
class Correspondent:
    """Somebody a message is from or to; `address` is lower case."""

    role: AddressRole
    address: str
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileOfMail:
    """A file that came with a message. `content` is empty once it is kept under its `sha256`.

    `content_id` is what the HTML names it by; `is_inline` means that the HTML shows it.
    """

    name: str
    media_type: str
    size: int
    sha256: str
    content: bytes = b""
    content_id: str = ""
    is_inline: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadMail:
    """A message as it was read from its source.

    Attributes
    ----------
    message_id : RFC 5322's, without angle brackets; made of the content where the message has none.
    digest : SHA-256 of what it says; another content under a known id is another message.
    references : ids of earlier messages of its thread, the oldest first.
    sent_at : None where the date cannot be read.
    html : as it came, never to be shown as it is.
    size : bytes of the whole.
    is_cut : only the head was read, for the rest was too large or not to be read.
    """

    message_id: str
    digest: str
    references: tuple[str, ...] = ()
    subject: str = ""
    sent_at: datetime | None = None
    people: tuple[Correspondent, ...] = ()
    text: str = ""
    html: str = ""
    files: tuple[FileOfMail, ...] = ()
    size: int = 0
    is_cut: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MailFile:
    """A file that came with a message, to be fetched by its `id`."""

    id: UUID
    name: str
    media_type: str
    size: int
    is_inline: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MailLink:
    """A card that a message is on. Names and numbers are for showing."""

    id: UUID
    version: int
    customer_id: UUID | None = None
    customer: str = ""
    customer_number: int | None = None
    contact_id: UUID | None = None
    contact: str = ""
    how: LinkedBy = LinkedBy.ADDRESS


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message that the caller may read.

    Attributes
    ----------
    is_mine : the caller has it in a mailbox of their own.
    is_cut : its content stayed in the mailbox, for it was too large.
    """

    id: UUID
    thread_id: UUID
    message_id: str
    subject: str
    sent_at: datetime
    people: tuple[Correspondent, ...] = ()
    text: str = ""
    has_html: bool = False
    files: tuple[MailFile, ...] = ()
    links: tuple[MailLink, ...] = ()
    is_mine: bool = False
    is_cut: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Thread:
    """A conversation, as a line in a list: only what the caller may read of it is counted.

    `preview` is the beginning of the newest message; `people` are the names of the senders, the newest first.
    """

    id: UUID
    newest_id: UUID
    subject: str
    people: tuple[str, ...]
    preview: str
    n: int
    n_files: int
    latest_at: datetime
    is_outgoing: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadPage:
    """Some threads, the newest first, and how many there are in all."""

    threads: tuple[Thread, ...] = ()
    n: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A card that an address stands on: of a customer, a contact or both."""

    name: str
    customer_id: UUID | None = None
    contact_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """An address of one's own mail that stands on several cards."""

    address: str
    n: int
    subject: str
    latest_at: datetime
    candidates: tuple[Candidate, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MailRead:
    """What became of messages that were read: new ones, and those that were known."""

    n_new: int = 0
    n_known: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class MailTemplate:
    """A text that many messages begin with; {customer}, {contact}, {me} and {company} stand for names."""

    name: str
    subject: str = ""
    text: str = ""

    def filled(self, text: str, names: Mapping[str, str]) -> str:
        """A text of it with the names that are known; the others leave nothing behind."""
        return PLACE.sub(lambda found: names.get(found[1], ""), text)


@dataclass(frozen=True, slots=True, kw_only=True)
class MailRules:
    """What the company has decided about mail.

    Attributes
    ----------
    by_domain : an address on no card belongs to the one customer with its domain.
    templates : what messages may begin with.
    keep_deleted_days : for how many days mail stays on cards after it was deleted in the mailbox; 0 means that it goes at once.
    """

    by_domain: bool = False
    keep_deleted_days: int = 0
    templates: tuple[MailTemplate, ...] = ()


def bare_subject(subject: str) -> str:
    """A subject without the marks of answers, as threads are compared by."""
    rest = subject
    while found := PREFIX.match(rest):
        rest = rest[found.end() :]
    return " ".join(rest.split()).casefold()


def is_answer(subject: str) -> bool:
    """Whether a subject says that the message answers or forwards another."""
    return PREFIX.match(subject) is not None


def is_private(labels: tuple[str, ...], words: tuple[str, ...]) -> bool:
    """Whether a label, keyword or folder says that a message is nobody else's business; of a path each part counts."""
    wanted = {word.casefold() for word in words}
    return any(part.strip("\\$ ").casefold() in wanted for label in labels for part in re.split(r"[/.]", label))
