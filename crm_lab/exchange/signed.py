"""Messages that are signed with a shared secret and dated: HMAC-SHA256 over "<timestamp>.<body>", in hexadecimal (RFC 2104)."""

from __future__ import annotations

import hashlib
import hmac
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from crm_lab.errors import Forbidden
from crm_lab.i18n import _

if TYPE_CHECKING:
    from collections.abc import Mapping

WINDOW = timedelta(minutes=5)
"""A message that is older is refused."""
SHORTEST_SECRET = 24
TIMESTAMP, SIGNATURE = "X-Crm-Timestamp", "X-Crm-Signature"


class SignatureRefused(Forbidden):
    """A message that nobody who knows the secret has sent lately."""

    def __init__(self) -> None:
        super().__init__(_("The signature or the time of this message is not accepted."))


def message_of(body: bytes, headers: Mapping[str, str]) -> dict[str, str]:
    """A message as actions take it: `body`, `timestamp` and `signature`."""
    return {"body": body.decode(errors="replace"), "timestamp": headers.get(TIMESTAMP, ""), "signature": headers.get(SIGNATURE, "")}


def sign(secret: str, timestamp: str, body: str) -> str:
    """The signature of a message; `timestamp` in whole seconds since 1970."""
    return hmac.new(secret.encode(), f"{timestamp}.{body}".encode(), hashlib.sha256).hexdigest()


def require_signed(body: str, *, timestamp: str, signature: str, secret: str, now: datetime) -> None:
    """See that who knows the secret has sent it lately. Raises `SignatureRefused`."""
    is_dated = bool(re.fullmatch(r"[0-9]{1,11}", timestamp)) and abs(now - datetime.fromtimestamp(int(timestamp), UTC)) <= WINDOW
    is_signed = len(secret) >= SHORTEST_SECRET and hmac.compare_digest(sign(secret, timestamp, body).encode(), signature.strip().lower().encode())
    if not (is_dated and is_signed):
        raise SignatureRefused
