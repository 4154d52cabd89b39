"""Reads e-mail (RFC 5322, MIME) as it is found in the wild: whatever comes, something is made of it, within limits.

Nothing is unpacked and nothing is run. What is nested too deep or has too many parts is read by its head alone.
"""

from __future__ import annotations

import hashlib
import mailbox
import re
from codecs import lookup
from contextlib import suppress
from datetime import UTC, datetime
from email import message_from_bytes
from email.errors import MissingHeaderBodySeparatorDefect
from email.header import decode_header
from email.policy import compat32
from email.utils import getaddresses, parsedate_to_datetime
from inspect import signature
from typing import TYPE_CHECKING, Any

from crm_lab.domain.documents import SNIFFED, clean_name, media_type
from crm_lab.domain.messages import (
    LONGEST_ADDRESS,
    LONGEST_NAME,
    LONGEST_SUBJECT,
    MOST_REFERENCES,
    AddressRole,
    Correspondent,
    FileOfMail,
    ReadMail,
)
from crm_lab.errors import InvalidInput
from crm_lab.exchange.mail_html import plain_text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import Message
    from pathlib import Path

MOST_PARTS, DEEPEST, MOST_PEOPLE = 300, 25, 500
LONGEST_BODY, LONGEST_HEADER = 2_000_000, 40_000
LARGEST = 60_000_000
"""Of larger messages only the head is read, in bytes."""
LARGEST_HEAD = 1 << 20
BOUNDARY = re.compile(rb"boundary\s*=", re.IGNORECASE)
MOST_BOUNDARIES, MOST_DASHES = 50, 5000
"""Of messages with more nests, or more lines that may begin a part, only the head is read: the parser would spend minutes on them."""
ADDRESS = re.compile(r"""[^\s<>,;:()"']+@[^\s<>,;:()"']+""")
HEADER_LINE = re.compile(rb"([!-9;-~]+)[ \t]*:")
MESSAGE_ID = re.compile(r"<([^<>\s]{1,500})>")
NOT_TEXT = {"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined", "mbcs", "oem"}
"""Python's codecs that are no charsets of mail; punycode takes quadratic time."""
AS_THEY_ARE: dict[str, Any] = {"strict": False} if "strict" in signature(getaddresses).parameters else {}
"""Newer Pythons give up on a header with one odd address; here the others are read."""
YEARS = range(1971, 2101)
PUZZLES = (ValueError, LookupError, TypeError, AttributeError, RecursionError, AssertionError)
"""What the standard library says of parts it cannot make sense of."""


def read_mail(data: bytes) -> ReadMail:
    """A message, whatever it looks like; `is_cut` where only its head could be read."""
    cut = len(data) > LARGEST or len(BOUNDARY.findall(data)) > MOST_BOUNDARIES or data.count(b"\n--") > MOST_DASHES
    head = data[: _end_of_head(data)] if cut else data
    try:
        return _read(_parsed(head), len(data), is_cut=cut)
    except PUZZLES:
        return _read(_parsed(data[: _end_of_head(data)]), len(data), is_cut=True)


def read_head(head: bytes, size: int) -> ReadMail:
    """A message of which only the head was fetched."""
    return _read(_parsed(head[: _end_of_head(head)]), size, is_cut=True)


def read_mbox(path: Path, largest: int = LARGEST) -> Iterator[ReadMail]:
    """The messages of an mbox file (RFC 4155), one at a time; of those beyond `largest` bytes the head alone."""
    box = mailbox.mbox(path, create=False)
    try:
        for key in box.iterkeys():
            data = re.sub(rb"(?m)^>(>*From )", rb"\1", box.get_bytes(key))
            yield read_mail(data) if len(data) <= largest else read_head(data, len(data))
    finally:
        box.close()


def _parsed(data: bytes) -> Message:
    """What the standard library makes of it; a line that is none of a head does not end the head, as other programs have it too."""
    message = message_from_bytes(data, policy=compat32)
    if not any(isinstance(defect, MissingHeaderBodySeparatorDefect) for defect in message.defects):
        return message
    end = _end_of_head(data)
    kept = [HEADER_LINE.sub(rb"\1:", line, count=1) for line in data[:end].splitlines(keepends=True) if not line.strip() or HEADER_LINE.match(line) or line[:1] in b" \t"]
    mended = message_from_bytes(b"".join(kept) + data[end:], policy=compat32)
    return mended if mended["from"] or mended["to"] or mended["subject"] else message


def _end_of_head(data: bytes) -> int:
    found = re.compile(rb"\r?\n\r?\n").search(data, 0, LARGEST_HEAD)
    return found.end() if found else min(len(data), LARGEST_HEAD)


def _read(message: Message, size: int, *, is_cut: bool) -> ReadMail:
    bodies: dict[str, str] = {}
    files: list[FileOfMail] = []
    for part in [] if is_cut else _leaves(message):
        kind = _kind(part)
        if kind in {"text/plain", "text/html"} and not _is_file(part) and len(bodies.get(kind, "")) < LONGEST_BODY:
            bodies[kind] = (bodies.get(kind, "") + _text(part))[:LONGEST_BODY]
        else:
            files.append(_file(part, kind, len(files) + 1))
    html = bodies.get("text/html", "")
    text = _clean(bodies.get("text/plain", "") or plain_text(html))
    head = {name: _header(message, name) for name in ("message-id", "subject", "date", "from")}
    told = hashlib.sha256("\0".join((text, html, *(file.sha256 for file in files), *(head.values() if is_cut else ()))).encode("utf-8", "replace")).hexdigest()
    own = MESSAGE_ID.search(head["message-id"]) or re.search(r"(\S{1,500}@\S{1,200})", head["message-id"])
    made = hashlib.sha256("\0".join((*head.values(), told)).encode("utf-8", "replace")).hexdigest()
    return ReadMail(
        message_id=own[1] if own else f"{made}@missing.invalid", digest=told, references=_references(message), size=size, is_cut=is_cut,
        subject=" ".join(_clean(decoded(head["subject"])).split())[:LONGEST_SUBJECT], sent_at=_date(head["date"]), people=_people(message), text=text,
        html=html.replace("\0", ""), files=tuple(files),
    )  # fmt: skip


def _leaves(message: Message) -> Iterator[Message]:
    """The parts that hold something; an enclosed message is one. Raises `RecursionError` beyond the limits."""
    waiting: list[tuple[Message, int]] = [(message, 0)]
    seen = 0
    while waiting:
        part, depth = waiting.pop()
        seen += 1
        if seen > MOST_PARTS or depth > DEEPEST:
            raise RecursionError
        inner = part.get_payload()
        if isinstance(inner, list) and _kind(part).startswith("multipart/"):
            waiting += [(one, depth + 1) for one in reversed(inner) if not isinstance(one, str)]
        else:
            yield part


def _kind(part: Message) -> str:
    return part.get_content_type().lower()


def _is_file(part: Message) -> bool:
    return "attachment" in _header(part, "content-disposition").lower() or bool(_file_name(part))


def _content(part: Message) -> bytes:
    inner = part.get_payload()
    if isinstance(inner, list):
        return b"\n".join(one.as_bytes(policy=compat32) for one in inner if not isinstance(one, str))
    found = part.get_payload(decode=True)
    return found if isinstance(found, bytes) else b""


def _text(part: Message) -> str:
    """A part's text by its charset, else as UTF-8, else as Windows writes it."""
    data = _content(part)[: 4 * LONGEST_BODY]
    for charset in (str(part.get_param("charset", "") or "").strip("'\" "), "utf-8"):
        try:
            if charset and lookup(charset).name not in NOT_TEXT:
                return data.decode(charset)
        except PUZZLES:
            continue
    return data.decode("cp1252", "replace")


def _file(part: Message, kind: str, n: int) -> FileOfMail:
    try:
        content = _content(part)
    except PUZZLES:
        content = b""
    told = _file_name(part) or (f"{n}.eml" if kind == "message/rfc822" else f"{n}")
    try:
        name = clean_name(told)
    except InvalidInput:
        name = str(n)
    found = media_type(content[:SNIFFED])
    content_id = _header(part, "content-id").strip().strip("<>")[:LONGEST_ADDRESS]
    return FileOfMail(
        name=name, media_type=found, size=len(content), sha256=hashlib.sha256(content).hexdigest(), content=content, content_id=content_id,
        is_inline=bool(content_id) and found.startswith("image/"),
    )  # fmt: skip


def _file_name(part: Message) -> str:
    try:
        return decoded(part.get_filename() or "")
    except PUZZLES:
        return ""


def _header(message: Message, name: str) -> str:
    """A header as it stands, unfolded; bytes beyond ASCII are UTF-8, else as Windows writes them."""
    for key, value in message.raw_items():
        if key.lower() == name:
            raw = str(value)[:LONGEST_HEADER].encode("ascii", "surrogateescape") if isinstance(value, str) and not _has_text(value) else str(value).encode()
            try:
                text = raw.decode()
            except UnicodeDecodeError:
                text = raw.decode("cp1252", "replace")
            return re.sub(r"\s*[\r\n]+\s*", " ", text).strip()
    return ""


def _has_text(value: str) -> bool:
    """Whether a header holds letters beyond ASCII that are not bytes in disguise."""
    return any(ord(c) > 0x7F and not 0xDC80 <= ord(c) <= 0xDCFF for c in value)  # noqa: PLR2004 - PEP 383


def decoded(text: str) -> str:
    """Encoded words (RFC 2047) as what they say; what cannot be decoded stays."""
    if "=?" not in text:
        return text
    try:
        parts = decode_header(text)
    except PUZZLES:
        return text
    return "".join(part if isinstance(part, str) else _words(part, charset) for part, charset in parts)


def _words(part: bytes, charset: str | None) -> str:
    for name in (charset or "ascii", "utf-8"):
        try:
            if lookup(name).name not in NOT_TEXT:
                return part.decode(name)
        except PUZZLES:
            continue
    return part.decode("cp1252", "replace")


def _people(message: Message) -> tuple[Correspondent, ...]:
    found: dict[tuple[AddressRole, str], Correspondent] = {}
    for role in AddressRole:
        for name, address in _addresses(_header(message, str(role)) or (_header(message, "sender") if role is AddressRole.FROM else "")):
            found.setdefault((role, address), Correspondent(role=role, address=address, name=name))
    return tuple(found.values())[:MOST_PEOPLE]


def _addresses(value: str) -> Iterator[tuple[str, str]]:
    """Names and addresses of a header; one whose encoded words hide the address is read once more."""
    pairs: list[tuple[str, str]] = []
    for text in (value, decoded(value)):
        with suppress(*PUZZLES):
            pairs = pairs or [pair for pair in getaddresses([text], **AS_THEY_ARE) if pair[1].find("@") > 0]
    pairs = pairs or [("", address) for address in ADDRESS.findall(value)]
    for name, address in pairs:
        bare = re.sub(r"\s+", "", _clean(address)).strip("<>;,").lower()
        local, _at, domain = bare.rpartition("@")
        if local and domain and len(bare) <= LONGEST_ADDRESS:
            yield " ".join(_clean(decoded(name)).split())[:LONGEST_NAME], bare


def _references(message: Message) -> tuple[str, ...]:
    told = MESSAGE_ID.findall(f"{_header(message, 'references')} {_header(message, 'in-reply-to')}")
    return tuple(dict.fromkeys(told))[-MOST_REFERENCES:]


def _date(text: str) -> datetime | None:
    try:
        at = parsedate_to_datetime(text)
    except PUZZLES:
        return None
    except OverflowError:
        return None
    if at.year not in YEARS:
        return None
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)


def _clean(text: str) -> str:
    """Without what no database keeps and no page shows."""
    return re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]", "", text.replace("\r\n", "\n").replace("\r", "\n"))
