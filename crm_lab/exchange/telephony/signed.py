"""Messages about calls from any exchange: JSON, signed and dated as `exchange/signed.py` describes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from crm_lab.domain.calls import CallReport, clean_report
from crm_lab.errors import InvalidInput
from crm_lab.exchange.signed import require_signed
from crm_lab.i18n import _

if TYPE_CHECKING:
    from datetime import datetime

MOST_CALLS = 500


class Message(msgspec.Struct, forbid_unknown_fields=True):
    """What is sent."""

    calls: list[CallReport]


def read_signed(body: str, *, timestamp: str, signature: str, secret: str, now: datetime) -> list[CallReport]:
    """What a signed message reports. Raises `SignatureRefused`, `InvalidInput`."""
    require_signed(body, timestamp=timestamp, signature=signature, secret=secret, now=now)
    try:
        message = msgspec.json.decode(body, type=Message)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise InvalidInput(_("This value cannot be used: {reason}", reason=str(error)), "calls") from None
    if len(message.calls) > MOST_CALLS:
        raise InvalidInput(_("Send at most {n} calls at a time.", n=MOST_CALLS), "calls")
    return [clean_report(report) for report in message.calls]
