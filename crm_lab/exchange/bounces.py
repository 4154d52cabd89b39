"""Reads why an e-mail came back: a delivery status notification (RFC 3464), and which message it is about."""

from __future__ import annotations

import re
from dataclasses import dataclass
from email import message_from_bytes, policy
from typing import TYPE_CHECKING

from crm_lab.errors import InvalidInput
from crm_lab.i18n import _

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import EmailMessage, Message

LONGEST = 400
FAILED = "failed"
MESSAGE_ID = re.compile(rb"^Message-ID:\s*(<[^>\s]+>)", re.IGNORECASE | re.MULTILINE)


class NoBounce(InvalidInput):
    """Another kind of e-mail."""

    def __init__(self) -> None:
        super().__init__(_("This is no message that an e-mail could not be delivered."), "file")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounce:
    """An e-mail that came back.

    Attributes
    ----------
    message_id : of the e-mail that was sent, with its brackets (RFC 5322).
    recipient : who did not get it; "" where it is not told.
    reason : code and words of the server that refused it.
    """

    message_id: str
    recipient: str
    reason: str


def read_bounce(data: bytes) -> Bounce:
    """What a notification says of a message that failed for good. Raises `NoBounce`, also of one that says it is late or was delivered."""
    message: EmailMessage = message_from_bytes(data, policy=policy.default)
    told = [part for part in message.walk() if part.get_content_type() == "message/delivery-status"]
    for fields in (block for part in told for block in _blocks(part)):
        if (fields.get("Action") or "").strip().lower() == FAILED:
            recipient = _after_type(fields.get("Final-Recipient") or fields.get("Original-Recipient") or "")
            reason = " ".join(filter(None, (fields.get("Status", "").strip(), _after_type(fields.get("Diagnostic-Code") or ""))))
            return Bounce(message_id=_message_id(data, message), recipient=recipient, reason=" ".join(f"{recipient}: {reason}".split())[:LONGEST])
    raise NoBounce


def _blocks(part: Message) -> Iterator[Message]:
    """The groups of fields of a report: one about the message, one for each recipient."""
    inside = part.get_payload()
    yield from (block for block in inside if not isinstance(block, str)) if isinstance(inside, list) else ()


def _after_type(value: str) -> str:
    """What follows "rfc822;" or "smtp;"."""
    return value.partition(";")[2].strip() or value.strip()


def _message_id(data: bytes, report: Message) -> str:
    """The Message-ID of what was sent: the last in the file, for the notification's own is the first."""
    own = str(report.get("Message-ID", "")).strip()
    found = [match.decode("ascii", "replace") for match in MESSAGE_ID.findall(data)]
    sent = [one for one in found if one != own]
    if not sent:
        raise NoBounce
    return str(sent[-1])
