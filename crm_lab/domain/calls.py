"""Calls: what an exchange reports of them, leg by leg, and the one call the legs are."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from crm_lab.domain.values import Phone, clean_text
from crm_lab.errors import InvalidInput
from crm_lab.i18n import _

LONGEST_NOTE, LONGEST_ID, LONGEST_EXTENSION, LONGEST_NUMBER = 2000, 200, 20, 40
LONGEST_KEPT = 36_500
"""Days."""
LONGEST_INTERNAL = 6
"""Numbers of more digits lead out of the house."""
HIDDEN = {"", "anonymous", "anonym", "unknown", "restricted", "private", "withheld", "unavailable", "hidden", "<unknown>", "s"}
"""What exchanges write where the caller shows no number."""

RINGS_FOR = timedelta(minutes=3)
"""A call that began longer ago rings no more, whatever became of the news of its end."""


class Direction(StrEnum):
    """Who called whom."""

    INCOMING = "incoming"
    OUTGOING = "outgoing"
    INTERNAL = "internal"


class CallStatus(StrEnum):
    """What became of a call."""

    RINGING = "ringing"
    TALKING = "talking"
    COMPLETED = "completed"
    MISSED = "missed"
    BUSY = "busy"
    FAILED = "failed"


FAILURES = (CallStatus.FAILED, CallStatus.MISSED, CallStatus.BUSY)
"""Why nobody talked; of several legs the last of these tells most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallReport:
    """What an exchange says of a call, or of one leg of it.

    Attributes
    ----------
    call_id : what all legs of one call share, of that exchange (Asterisk: linkedid).
    caller, called : numbers or extensions, as they were written.
    extension : who inside the house it was, where the exchange tells it apart.
    failure : why nobody talked; "" where somebody did, or it is not known yet.
    """

    call_id: str
    caller: str = ""
    called: str = ""
    extension: str = ""
    started_at: datetime
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    failure: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A call with somebody outside.

    Attributes
    ----------
    customer, contact, employee : names, for lists; `customer_number` leads to the card.
    source, call_id : which exchange told of it, and its number there.
    number : the other's as E.164, as it was dialled where it is none, "" where it was hidden.
    extension : ours; the one that answered, where anybody did.
    """

    id: UUID
    version: int = 1
    customer_id: UUID | None = None
    customer: str = ""
    customer_number: int | None = None
    contact_id: UUID | None = None
    contact: str = ""
    employee_id: UUID | None = None
    employee: str = ""
    source: str
    call_id: str
    direction: Direction
    number: str = ""
    extension: str = ""
    started_at: datetime
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    failure: str = ""
    note: str = ""
    created_at: datetime

    @property
    def status(self) -> CallStatus:
        """What became of it, or stands now."""
        if self.ended_at is None:
            return CallStatus.RINGING if self.answered_at is None else CallStatus.TALKING
        if self.answered_at is not None:
            return CallStatus.COMPLETED
        return CallStatus(self.failure) if self.failure else CallStatus.MISSED

    @property
    def seconds(self) -> int:
        """How long they talked."""
        return 0 if self.answered_at is None or self.ended_at is None else max(0, round((self.ended_at - self.answered_at).total_seconds()))


@dataclass(frozen=True, slots=True, kw_only=True)
class CallSettings:
    """What the company keeps of calls.

    Attributes
    ----------
    kept_days : days after which calls are removed for good, every night; 0 means never.
    logs_unknown : whether calls of numbers that are on no card are logged.
    notice : what employees are told of the logging, on the page of calls.
    """

    kept_days: int = 730
    logs_unknown: bool = True
    notice: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownNumber:
    """A number that is on no card, or on several.

    Attributes
    ----------
    n_calls, n_missed : how many times it called or was called, and how many of those nobody talked.
    """

    number: str
    n_calls: int
    n_missed: int
    latest_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CallPage:
    """Some of a party's calls, the newest first, and how many there are in all."""

    calls: tuple[Call, ...] = ()
    n: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CallsRead:
    """What became of reports: calls that are new, that changed, that say nothing new, and that stayed inside the house."""

    n_new: int = 0
    n_changed: int = 0
    n_known: int = 0
    n_internal: int = 0


def is_hidden(number: str) -> bool:
    """Whether the caller showed no number."""
    return number.strip().lower() in HIDDEN


def is_internal(number: str, extensions: frozenset[str] = frozenset()) -> bool:
    """Whether a number rings inside the house: a known extension, a name, or a few digits."""
    bare = number.strip()
    digits = re.sub(r"[\s()-]", "", bare)
    return bare in extensions or not re.fullmatch(r"\+?[0-9*#]+", digits) or (not digits.startswith("+") and len(digits) <= LONGEST_INTERNAL and not _is_outside(digits))


def _is_outside(digits: str) -> bool:
    """Norwegian numbers of five digits that begin with 0 are public ones (02800), and those of three are emergency calls."""
    return bool(re.fullmatch(r"0[2-9][0-9]{3}|11[023]", digits))


def clean_number(text: str) -> str:
    """A number in the form it is linked by: E.164 where it is one, else its digits; "" where it is hidden."""
    if is_hidden(text):
        return ""
    try:
        return str(Phone.parse(text))
    except InvalidInput:
        return re.sub(r"[^0-9+*#]", "", text)[:LONGEST_NUMBER]


def clean_report(report: CallReport) -> CallReport:
    """A report whose fields can be kept. Raises `InvalidInput` naming the field."""
    if not report.call_id.strip():
        raise InvalidInput(_("A call needs a number of its own that all its legs share."), "call_id")
    if report.failure and report.failure not in FAILURES:
        raise InvalidInput(_("{text} is no way for a call to fail. Write missed, busy or failed.", text=report.failure[:40]), "failure")
    for name in ("started_at", "answered_at", "ended_at"):
        at = getattr(report, name)
        if at is not None and at.tzinfo is None:
            raise InvalidInput(_("A time needs its zone, as in 2026-03-05T12:00:00+01:00."), name)
    if report.ended_at is not None and report.ended_at < report.started_at:
        raise InvalidInput(_("A call cannot end before it began."), "ended_at")
    longest = {"call_id": LONGEST_ID, "caller": LONGEST_NUMBER, "called": LONGEST_NUMBER, "extension": LONGEST_EXTENSION}
    texts: dict[str, str] = {name: clean_text(getattr(report, name), name, max_length=n) for name, n in longest.items()}
    return replace(report, **texts)  # type: ignore[arg-type]


def direction_of(report: CallReport, extensions: frozenset[str]) -> Direction:
    """Who called whom, by which of the two is inside; a caller without a number is outside."""
    if is_hidden(report.caller) or not is_internal(report.caller, extensions):
        return Direction.INCOMING
    return Direction.INTERNAL if is_internal(report.called, extensions) else Direction.OUTGOING


def fold(known: Call, told: CallReport, direction: Direction) -> Call:
    """A call with what another report says of it; the same in any order, and told twice it changes nothing.

    It began with the first leg, ended with the last, and belongs to the leg that answered, or else rang first.
    """
    leads = (told.answered_at is None, told.answered_at or told.started_at) < (known.answered_at is None, known.answered_at or known.started_at)
    extension = extension_of(told, direction)
    answers = [at for at in (known.answered_at, told.answered_at) if at is not None]
    ends = [at for at in (known.ended_at, told.ended_at) if at is not None]
    failures = [why for why in FAILURES if why in {known.failure, told.failure}]
    number = clean_number(told.caller if direction is Direction.INCOMING else told.called)
    return replace(
        known,
        direction=direction if known.direction is Direction.INTERNAL else known.direction,
        number=known.number or ("" if direction is Direction.INTERNAL else number),
        extension=(extension or known.extension) if leads else (known.extension or extension),
        started_at=min(known.started_at, told.started_at),
        answered_at=min(answers, default=None),
        ended_at=max(ends, default=None),
        failure=str(failures[-1]) if failures else "",
    )


def clean_call_settings(settings: CallSettings) -> CallSettings:
    """The settings as they are kept. Raises `InvalidInput`."""
    if not 0 <= settings.kept_days <= LONGEST_KEPT:
        raise InvalidInput(_("Write a whole number of days from 0 to {n}; 0 keeps calls for ever.", n=LONGEST_KEPT), "kept_days")
    return replace(settings, notice=clean_text(settings.notice, "notice", max_length=LONGEST_NOTE, lines=True))


def extension_of(report: CallReport, direction: Direction) -> str:
    """Which of our extensions it was."""
    inside = report.caller if direction is Direction.OUTGOING else report.called
    return report.extension or (inside if is_internal(inside) and not is_hidden(inside) else "")[:LONGEST_EXTENSION]


def clean_extension(text: str) -> str:
    """An employee's extension: digits, or the name of a device. Raises `InvalidInput`."""
    clean = clean_text(text, "extension", max_length=LONGEST_EXTENSION)
    if clean and not re.fullmatch(r"[A-Za-z0-9._*#-]+", clean):
        raise InvalidInput(_("{text} is no extension. Write it as the exchange does, such as 101.", text=clean), "extension")
    return clean
