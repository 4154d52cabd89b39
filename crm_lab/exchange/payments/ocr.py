"""Nets OCR giro: lines of 80 columns, ISO-8859-1 (Nets, "Systemspesifikasjon OCR giro", record types 10–89)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from crm_lab.domain.payments import Payment, PaymentFault, PaymentFormat
from crm_lab.domain.values import Money
from crm_lab.i18n import _, number

if TYPE_CHECKING:
    from collections.abc import Iterator

COLUMNS = 80
SERVICE, SERVICE_OF_ALL = b"09", b"00"
FIRST_AMOUNT, SECOND_AMOUNT, TEXT = "30", "31", "32"
START_ASSIGNMENT, END_ASSIGNMENT, END_FILE = "20", "88", "89"
REVERSALS = {"18", "20"}
"""Transaction types that take money back, with KID and with text; "-" in the sign column says the same."""
OCR_SERVICE = re.compile(rb"^NY0900", re.MULTILINE)
CENTURIES = (2000, 1900)
FIRST_YEAR = 70
"""Two digits from here on are of the last century."""


class OcrReader:
    """Reads one file of OCR giro."""

    def format_of(self, data: bytes) -> PaymentFormat | None:
        """A file from Nets begins with its start record; the same envelope carries other services, such as AvtaleGiro."""
        is_ours = data.lstrip(b"\xef\xbb\xbf\r\n ").startswith(b"NY000010") and OCR_SERVICE.search(data)
        return PaymentFormat.OCR if is_ours else None

    def read(self, data: bytes) -> Iterator[Payment | PaymentFault]:
        """The payments, each with the records that belong to it."""
        state = _Assignment()
        text = data.decode("iso-8859-1").removeprefix("ï»¿")
        for at, raw in enumerate(text.splitlines(), 1):
            line = raw.rstrip("\r\n\x1a")
            if line.strip():
                state.take(at, line)
            if state.told:
                yield from state.told
                state.told.clear()
        state.end()
        yield from state.told


@dataclass(slots=True)
class _Sums:
    """What control records must say: how many transactions, how many øre."""

    n: int = 0
    minor: int = 0


class _Assignment:
    """Where the reading is: the account, the payment whose records are still coming, and the sums so far.

    What is complete waits in `told`.
    """

    def __init__(self) -> None:
        self.told: list[Payment | PaymentFault] = []
        self.account = ""
        self.open: dict[str, Any] = {}
        self.sums = _Sums()
        self.all_sums = _Sums()
        self.has_faults = False
        self.ended = False
        self.at = 0

    def take(self, at: int, line: str) -> None:
        """One record."""
        self.at = at
        kind = line[6:8]
        if len(line) != COLUMNS or not line.startswith("NY") or not kind.isdigit():
            self._flush()
            self._fault(at, _("The line is not a record of 80 columns that begins with NY."))
        elif line[2:4] == SERVICE.decode() and kind in {SECOND_AMOUNT, TEXT}:
            self._more(at, line, kind)
        else:
            self._flush()
            self._begin(at, line, kind)

    def end(self) -> None:
        """What is left at the end of the file, which has a record of its own."""
        self._flush()
        if not self.ended:
            self._fault(self.at, _("The file has no end record. Was it cut off?"))

    def _flush(self) -> None:
        if self.open:
            done, self.open = self.open, {}
            self.told.append(Payment(**done))

    def _begin(self, at: int, line: str, kind: str) -> None:
        if line[2:4] not in {SERVICE.decode(), SERVICE_OF_ALL.decode()}:
            return
        if kind == START_ASSIGNMENT:
            self.account, self.sums = line[24:35].strip(), _Sums()
        elif kind == FIRST_AMOUNT:
            self._payment(at, line)
        elif kind in {END_ASSIGNMENT, END_FILE}:
            self.ended = self.ended or kind == END_FILE
            self._check(at, line, self.sums if kind == END_ASSIGNMENT else self.all_sums)

    def _payment(self, at: int, line: str) -> None:
        digits, day, is_back = line[32:49].strip(), _day(line[15:21]), line[31] == "-" or line[4:6] in REVERSALS
        if not (digits.isascii() and digits.isdigit()) or day is None:
            self._fault(at, _("The amount or the date of the payment cannot be read."))
            return
        minor = -int(digits) if is_back else int(digits)
        money = Money.from_minor(minor)
        for sums in (self.sums, self.all_sums):
            sums.n, sums.minor = sums.n + 1, sums.minor + minor
        kid = line[49:74].strip()
        self.open = {"line": at, "money": money, "posted_on": day, "value_on": day, "kid": kid, "account": self.account, "is_reversal": is_back}

    def _more(self, at: int, line: str, kind: str) -> None:
        if not self.open:
            if not self.has_faults:
                self._fault(at, _("The record belongs to no payment."))
        elif kind == TEXT:
            self.open["text"] = " ".join(f"{self.open.get('text', '')} {line[15:55]}".split())
        else:
            self.open |= {"reference": _known(line[15:25]) or _known(line[25:34]), "payer_account": _known(line[47:58])}

    def _check(self, at: int, line: str, sums: _Sums) -> None:
        """Control records hold the number of transactions and their sum; corrections count against the sum."""
        n, minor = line[8:16], line[24:41]
        said = (int(n), int(minor)) if n.isdigit() and minor.isdigit() else (-1, -1)
        if said != (sums.n, sums.minor) and not self.has_faults:
            found = _("{n} payments of {amount}", n=number(sums.n), amount=Money.from_minor(sums.minor).amount)
            told = _("{n} payments of {amount}", n=number(said[0]), amount=Money.from_minor(said[1]).amount)
            self._fault(at, _("The file says that it holds {told}, but {found} stand in it.", told=told, found=found))

    def _fault(self, at: int, reason: str) -> None:
        self.has_faults = True
        self.told.append(PaymentFault(at, reason))


def _known(digits: str) -> str:
    """A number that is filled with zeros where it is not known."""
    return digits.strip() if digits.strip("0 ") else ""


@lru_cache(64)
def _day(ddmmyy: str) -> date | None:
    try:
        year = int(ddmmyy[4:6])
        return date(CENTURIES[year >= FIRST_YEAR] + year, int(ddmmyy[2:4]), int(ddmmyy[:2]))
    except ValueError:
        return None
