"""Messages about calls from any exchange: JSON, signed with a shared secret and dated.

The signature is HMAC-SHA256 over "<timestamp>.<body>", in hexadecimal (RFC 2104); a message older than `WINDOW` is refused.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import msgspec

from crm_lab.domain.calls import CallReport, clean_report
from crm_lab.errors import Forbidden, InvalidInput
from crm_lab.i18n import _

if TYPE_CHECKING:
    from collections.abc import Mapping

WINDOW = timedelta(minutes=5)
MOST_CALLS = 500
SHORTEST_SECRET = 24
TIMESTAMP, SIGNATURE = "X-Crm-Timestamp", "X-Crm-Signature"


class SignatureRefused(Forbidden):
    """A message that nobody who knows the secret has sent lately."""

    def __init__(self) -> None:
        super().__init__(_("The signature or the time of this message is not accepted."))


class Message(msgspec.Struct, forbid_unknown_fields=True):
    """What is sent."""

    calls: list[CallReport]


def message_of(body: bytes, headers: Mapping[str, str]) -> dict[str, str]:
    """A message as `calls.hook` takes it."""
    return {"body": body.decode(errors="replace"), "timestamp": headers.get(TIMESTAMP, ""), "signature": headers.get(SIGNATURE, "")}


def sign(secret: str, timestamp: str, body: str) -> str:
    """The signature of a message; `timestamp` in whole seconds since 1970."""
    return hmac.new(secret.encode(), f"{timestamp}.{body}".encode(), hashlib.sha256).hexdigest()


def read_signed(body: str, *, timestamp: str, signature: str, secret: str, now: datetime) -> list[CallReport]:
    """What a signed message reports. Raises `SignatureRefused`, `InvalidInput`."""
    is_dated = bool(re.fullmatch(r"[0-9]{1,11}", timestamp)) and abs(now - datetime.fromtimestamp(int(timestamp), UTC)) <= WINDOW
    is_signed = len(secret) >= SHORTEST_SECRET and hmac.compare_digest(sign(secret, timestamp, body).encode(), signature.strip().lower().encode())
    if not (is_dated and is_signed):
        raise SignatureRefused
    try:
        message = msgspec.json.decode(body, type=Message)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise InvalidInput(_("This value cannot be used: {reason}", reason=str(error)), "calls") from None
    if len(message.calls) > MOST_CALLS:
        raise InvalidInput(_("Send at most {n} calls at a time.", n=MOST_CALLS), "calls")
    return [clean_report(report) for report in message.calls]
