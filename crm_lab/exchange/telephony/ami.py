"""Asterisk's manager interface: what its events report of calls, and a call that it is asked to make.

The protocol: https://docs.asterisk.org/Configuration/Interfaces/Asterisk-Manager-Interface-AMI/AMI-v2-Specification/
"""

from __future__ import annotations

import socket
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, unquote, urlsplit

from crm_lab.domain.calls import CallReport, CallStatus, clean_report
from crm_lab.errors import CrmError, InvalidInput, Unavailable
from crm_lab.exchange.telephony.cdr import extension_at
from crm_lab.i18n import _

if TYPE_CHECKING:
    from datetime import datetime

PORT, TIMEOUT, RINGS = 5038, 5.0, 30_000
LONGEST_ANSWER = 1 << 20
MOST_CALLS = 2000
STATUS = {"BUSY": CallStatus.BUSY, "NOANSWER": CallStatus.MISSED, "CANCEL": CallStatus.MISSED, "CHANUNAVAIL": CallStatus.FAILED, "CONGESTION": CallStatus.FAILED}
Event = dict[str, str]


class ExchangeAway(Unavailable):
    """The telephone exchange does not answer, or does not do as it is asked."""

    def __init__(self, reason: str) -> None:
        super().__init__(_("The telephone exchange does not answer as it should: {reason}", reason=reason[:200]))


@dataclass(frozen=True, slots=True)
class Exchange:
    """Where the exchange is and who we are there, of `ami://user:secret@host:5038/context?technology=PJSIP`."""

    host: str
    port: int
    user: str
    secret: str
    context: str
    technology: str

    @classmethod
    def parse(cls, url: str) -> Exchange:
        """Raises `InvalidInput`; the secret is not shown."""
        try:
            parts = urlsplit(url)
            port = parts.port or PORT
        except ValueError:
            parts, port = urlsplit(""), PORT
        user, secret = unquote(parts.username or ""), unquote(parts.password or "")
        context, technology = unquote(parts.path.strip("/")) or "from-internal", parse_qs(parts.query).get("technology", ["PJSIP"])[0]
        if parts.scheme != "ami" or not parts.hostname or not user or any(not word.isprintable() for word in (user, secret, context, technology)):
            raise InvalidInput(_("CRM_AMI looks like ami://user:secret@host:5038/from-internal."), "CRM_AMI")
        return cls(parts.hostname, port, user, secret, context, technology)


def action(name: str, **fields: str) -> bytes:
    """An action as it is sent. Raises `InvalidInput` for a value that would be two."""
    if any("\r" in value or "\n" in value for value in fields.values()):
        raise InvalidInput(_("This text has characters that cannot be stored. Write it again by hand."))
    return "".join(f"{key}: {value}\r\n" for key, value in {"Action": name, **fields}.items()).encode() + b"\r\n"


def event_of(block: bytes) -> Event:
    """A block of lines as its fields."""
    lines = (line.partition(":") for line in block.decode(errors="replace").splitlines())
    return {key.strip(): value.strip() for key, colon, value in lines if colon}


class CallEvents:
    """What the events of an exchange report, with what was told of the same call before."""

    def __init__(self) -> None:
        self._begun: dict[str, CallReport] = {}

    def report(self, event: Event, now: datetime) -> CallReport | None:
        """What an event of `now` reports of a call; None where it tells nothing."""
        kind, call_id = event.get("Event", ""), event.get("Linkedid") or event.get("DestLinkedid", "")
        if kind not in {"Newchannel", "DialBegin", "DialEnd", "Hangup"} or not call_id:
            return None
        is_first = event.get("Uniqueid", "") == call_id
        known = self._begun.get(call_id) or CallReport(
            call_id=call_id, caller=event.get("CallerIDNum", ""), called=event.get("Exten") or event.get("DestExten", ""), started_at=now
        )
        self._begun = dict([*self._begun.items()][-MOST_CALLS:]) if len(self._begun) > 2 * MOST_CALLS else self._begun
        self._begun[call_id] = known
        told = self._told(kind, event, known, now, is_first=is_first)
        try:
            return told and clean_report(told)
        except CrmError:
            return None  # an event of a call that cannot be kept is no reason to hear no more

    def _told(self, kind: str, event: Event, known: CallReport, now: datetime, *, is_first: bool) -> CallReport | None:
        reached = extension_at(event.get("DestChannel", ""))
        if kind == "DialBegin":
            return replace(known, extension=reached)
        if kind == "DialEnd" and event.get("DialStatus") == "ANSWER":
            return replace(known, extension=reached, answered_at=now)
        if kind == "DialEnd":
            return replace(known, extension=reached, failure=STATUS.get(event.get("DialStatus", ""), CallStatus.MISSED))
        return replace(known, ended_at=max(now, known.started_at)) if kind == "Hangup" and is_first else None


def originate(exchange: Exchange, extension: str, number: str) -> None:
    """Ring at an extension and, when it answers, call the number. Raises `ExchangeAway`."""
    try:
        with socket.create_connection((exchange.host, exchange.port), TIMEOUT) as line:
            line.settimeout(TIMEOUT)
            _ask(line, action("Login", Username=exchange.user, Secret=exchange.secret, Events="off"))
            channel = f"{exchange.technology}/{extension}"
            _ask(line, action("Originate", Channel=channel, Exten=number, Context=exchange.context, Priority="1", Timeout=str(RINGS), CallerID=number, Async="true"))
            line.sendall(action("Logoff"))
    except OSError as error:
        raise ExchangeAway(str(error)) from None


def _ask(line: socket.socket, asked: bytes) -> None:
    """Send an action and read until it is answered. Raises `ExchangeAway` where it is refused."""
    line.sendall(asked)
    heard = b""
    while len(heard) < LONGEST_ANSWER:
        got = line.recv(4096)
        if not got:
            break
        heard += got
        *blocks, _rest = heard.split(b"\r\n\r\n")
        for answer in map(event_of, blocks):
            if "Response" in answer:
                if answer["Response"] != "Success":
                    raise ExchangeAway(answer.get("Message", answer["Response"]))
                return
    raise ExchangeAway(_("no answer"))
