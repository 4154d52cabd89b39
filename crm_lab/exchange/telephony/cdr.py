"""Files of call records: Asterisk's CSV and 3CX's lines, row by row; a row that cannot be read ends nothing.

Asterisk's columns: https://docs.asterisk.org/Configuration/Reporting/Call-Detail-Records-CDR/CDR-Specification/
3CX's fields: https://www.3cx.com/blog/docs/cdr-call-data-records/
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from io import StringIO
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from crm_lab.domain.calls import LONGEST_INTERNAL, CallReport, CallStatus, clean_report
from crm_lab.errors import CrmError, InvalidInput
from crm_lab.exchange.sheets import Unreadable
from crm_lab.i18n import _

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import tzinfo

LARGEST_FILE = 100 << 20
ASTERISK = (
    "accountcode", "src", "dst", "dcontext", "clid", "channel", "dstchannel", "lastapp", "lastdata", "start", "answer", "end", "duration", "billsec",
    "disposition", "amaflags", "uniqueid", "userfield", "peeraccount", "linkedid", "sequence",
)  # fmt: skip
"""The order of Master.csv; an administrator may choose another in cdr_custom.conf."""
THREE_CX = (
    "historyid", "callid", "duration", "time-start", "time-answered", "time-end", "reason-terminated", "from-no", "to-no", "from-dn", "to-dn", "dial-no",
    "reason-changed", "final-number", "final-dn",
)  # fmt: skip
NEEDED = {"asterisk": ("src", "dst", "start", "disposition", "uniqueid"), "3cx": ("callid", "time-start", "from-no", "to-no")}
DISPOSITIONS = {"NO ANSWER": CallStatus.MISSED, "BUSY": CallStatus.BUSY, "FAILED": CallStatus.FAILED, "CONGESTION": CallStatus.FAILED}
PEER = re.compile(r"(?:SIP|PJSIP|IAX2|SCCP|Local)/([^/@]+?)(?:@[^-]*)?-[0-9a-f]{8}(?:;[12])?")


@dataclass(frozen=True, slots=True)
class CallFault:
    """A row that cannot be read, and why."""

    line: int
    reason: str


def read_cdr(data: bytes, *, kind: str = "", columns: str = "", zone: str = "Europe/Oslo") -> tuple[str, Iterator[CallReport | CallFault]]:
    """Which exchange a file is from ("asterisk" or "3cx"), and what its rows report.

    `columns` names the file's columns in order, by commas, where they are not the usual ones; `zone` is that of the exchange's
    clock. Raises `Unreadable`.
    """
    if len(data) > LARGEST_FILE:
        raise Unreadable(_("The file is larger than {n} MB. Split it into several.", n=LARGEST_FILE >> 20))
    try:
        clock = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError):
        raise Unreadable(_("{zone} is no time zone. Write it as Europe/Oslo.", zone=zone[:60])) from None
    if b"\0" in data:
        raise Unreadable(_("This is no file of calls that can be read. Choose Master.csv from Asterisk, or cdr.log from 3CX."))
    text = data.decode("utf-8-sig", errors="replace")
    is_3cx = text.lstrip().startswith("Call ")
    found = kind or ("3cx" if is_3cx else "asterisk")
    names = tuple(name.strip().lower() for name in columns.split(",") if name.strip()) or (THREE_CX if found == "3cx" else ASTERISK)
    if missing := [name for name in NEEDED[found] if name not in names]:
        raise Unreadable(_("The columns lack {names}. Without them no call can be told from another.", names=", ".join(missing)))
    return found, _rows(text, names, _three_cx if found == "3cx" else _asterisk, clock)


def _rows(text: str, names: tuple[str, ...], report: Callable[[dict[str, str], tzinfo], CallReport], clock: tzinfo) -> Iterator[CallReport | CallFault]:
    rows = csv.reader(StringIO(text, newline=""))
    while True:
        try:
            cells = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            yield CallFault(rows.line_num, _("This line cannot be read: {reason}", reason=str(error)))
            continue
        values = dict(zip(names, (cell.strip() for cell in cells), strict=False))
        if not any(values.values()) or (rows.line_num == 1 and values.get("src", values.get("callid", "")).lower() in {"src", "callid"}):
            continue
        try:
            yield clean_report(report(values, clock))
        except CrmError as error:
            yield CallFault(rows.line_num, error.message)


def _asterisk(row: dict[str, str], clock: tzinfo) -> CallReport:
    """A row of Asterisk. A queue or a voice mailbox that answers is nobody: somebody talked where a channel was reached."""
    has_talked = row.get("disposition", "").upper() == "ANSWERED" and bool(row.get("dstchannel", "talked" if "dstchannel" not in row else ""))
    started = _instant(row.get("start", ""), clock, "start")
    ended = _instant(row["end"], clock, "end") if row.get("end") else started + timedelta(seconds=_seconds(row.get("duration", "")))
    answered = _instant(row["answer"], clock, "answer") if row.get("answer") else ended - timedelta(seconds=_seconds(row.get("billsec", "")))
    return CallReport(
        call_id=row.get("linkedid") or row.get("uniqueid", ""), caller=row.get("src", ""), called=row.get("dst", ""),
        extension=extension_at(row.get("dstchannel", "")),
        started_at=started, answered_at=answered if has_talked else None, ended_at=ended,
        failure="" if has_talked else DISPOSITIONS.get(row.get("disposition", "").upper(), CallStatus.MISSED),
    )  # fmt: skip


def extension_at(channel: str) -> str:
    """The extension a channel of Asterisk leads to; "" for a trunk."""
    reached = PEER.match(channel)
    return reached[1] if reached and reached[1].isdigit() and len(reached[1]) <= LONGEST_INTERNAL else ""


def _three_cx(row: dict[str, str], clock: tzinfo) -> CallReport:
    """A line of 3CX. "Ext." before a number says that it is inside."""
    caller, called = (row.get(name, "").removeprefix("Ext.") for name in ("from-no", "to-no"))
    is_outgoing = row.get("from-no", "").startswith("Ext.")
    started, answered = _instant(row.get("time-start", ""), clock, "time-start"), row.get("time-answered", "")
    ended = _instant(row["time-end"], clock, "time-end") if row.get("time-end") else started
    return CallReport(
        call_id=row.get("callid", ""), caller=caller, called=called,
        extension=(row.get("from-dn") or caller) if is_outgoing else (row.get("final-dn") or row.get("to-dn", "")),
        started_at=started, answered_at=_instant(answered, clock, "time-answered") if answered else None, ended_at=ended,
        failure="" if answered else CallStatus.MISSED,
    )  # fmt: skip


def _instant(text: str, clock: tzinfo, field: str) -> datetime:
    try:
        at = datetime.fromisoformat(text.replace("/", "-"))
        return at if at.tzinfo else at.replace(tzinfo=clock)
    except ValueError:
        raise InvalidInput(_("{text} is no time. It looks like 2026-03-05 12:00:00.", text=repr(text[:40])), field) from None


def _seconds(text: str) -> int:
    return int(text) if re.fullmatch(r"[0-9]{1,7}", text) else 0
