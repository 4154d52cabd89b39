"""Call records of Asterisk and 3CX, and signed messages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from crm_lab.domain.calls import CallReport
from crm_lab.errors import InvalidInput
from crm_lab.exchange.sheets import Unreadable
from crm_lab.exchange.signed import SignatureRefused, sign
from crm_lab.exchange.telephony import CallFault, read_cdr, read_signed

SHARED = Path(__file__).parents[3] / "shared" / "data" / "6_crm"
NOW = datetime(2026, 3, 5, 12, tzinfo=UTC)
SECRET = "en-hemmelighet-paa-over-24-tegn"
ROW = '"","22334455","900","inn","""Nordlys"" <22334455>","PJSIP/trunk-00000001","PJSIP/101-00000002","Dial","x","2026-03-05 13:00:00","2026-03-05 13:00:05","2026-03-05 13:01:05",65,60,"ANSWERED","DOCUMENTATION","1.1","","","1.0","1"'


def reports(text: str, **options: str) -> list[CallReport | CallFault]:
    return list(read_cdr(text.encode(), **options)[1])


def test_a_row_of_asterisk() -> None:
    (told,) = reports(ROW + "\n")
    assert told == CallReport(
        call_id="1.0", caller="22334455", called="900", extension="101", started_at=NOW, answered_at=NOW + timedelta(seconds=5),
        ended_at=NOW + timedelta(seconds=65),
    )  # fmt: skip


def test_a_queue_that_answers_is_nobody() -> None:
    (told,) = reports(ROW.replace("PJSIP/101-00000002", ""))
    assert isinstance(told, CallReport)
    assert (told.answered_at, told.failure) == (None, "missed")


def test_columns_are_the_administrators_choice() -> None:
    header = "uniqueid,src,dst,start,billsec,duration,disposition"
    line = "7,22334455,101,2026-03-05 12:00:00,3,5,ANSWERED"
    (told,) = reports(f"{header}\n{line}\n", columns=header, zone="UTC")
    assert isinstance(told, CallReport)
    assert (told.call_id, told.started_at, told.answered_at, told.ended_at) == ("7", NOW, NOW + timedelta(seconds=2), NOW + timedelta(seconds=5))
    for wrong in ({"columns": "src,dst"}, {"zone": "Norge"}):
        with pytest.raises(Unreadable):
            read_cdr(b"", **wrong)


def test_what_cannot_be_read_ends_nothing() -> None:
    broken = ROW.replace("2026-03-05 13:00:00", "i går")
    told = reports(f"{broken}\nsøppel\n{ROW}\n")
    assert [type(row).__name__ for row in told] == ["CallFault", "CallFault", "CallReport"]
    assert [row.line for row in told if isinstance(row, CallFault)] == [1, 2]


def test_a_line_of_3cx() -> None:
    line = "Call 1,A_1,00:01:00,2026/03/05 13:00:00,2026/03/05 13:00:05,2026/03/05 13:01:05,TerminatedBySrc,+4722334455,Ext.900,10021,900,900,QFwd,Ext.104,104,,,,,"
    kind, rows = read_cdr(line.encode())
    (told,) = rows
    assert kind == "3cx"
    assert told == CallReport(
        call_id="A_1", caller="+4722334455", called="900", extension="104", started_at=NOW, answered_at=NOW + timedelta(seconds=5),
        ended_at=NOW + timedelta(seconds=65),
    )  # fmt: skip


@pytest.mark.skipif(not SHARED.exists(), reason="the shared test data are not here")
def test_the_shared_files_are_read() -> None:
    for name in ("good", "buggy"):
        kind, rows = read_cdr((SHARED / "asterisk" / f"testsuite_{name}.csv").read_bytes())
        found = list(rows)
        assert kind == "asterisk"
        assert {row.call_id for row in found if isinstance(row, CallReport)} == {"1231977075.0"}
        assert not [row for row in found if isinstance(row, CallFault)]
    kind, rows = read_cdr((SHARED / "3cx" / "3cx_cdr_sample_redacted.txt").read_bytes())
    (told,) = rows
    assert isinstance(told, CallReport)
    assert (kind, told.extension, told.called) == ("3cx", "504", "960")


BODY = '{"calls":[{"call_id":"1","caller":"22334455","called":"101","started_at":"2026-03-05T12:00:00Z"}]}'


def test_a_signed_message() -> None:
    stamp = str(int(NOW.timestamp()))
    (told,) = read_signed(BODY, timestamp=stamp, signature=sign(SECRET, stamp, BODY), secret=SECRET, now=NOW)
    assert told.call_id == "1"


@pytest.mark.parametrize(
    "change",
    [{"body": BODY + " "}, {"timestamp": "1"}, {"timestamp": "²"}, {"signature": ""}, {"signature": "å"}, {"secret": "kort"}, {"secret": ""}, {"now": NOW + timedelta(minutes=6)}],
)
def test_a_message_that_is_not_signed_lately_is_refused(change: dict[str, object]) -> None:
    stamp = str(int(NOW.timestamp()))
    given = {"body": BODY, "timestamp": stamp, "signature": sign(SECRET, stamp, BODY), "secret": SECRET, "now": NOW} | change
    with pytest.raises(SignatureRefused):
        read_signed(given.pop("body"), **given)  # type: ignore[arg-type]


@pytest.mark.parametrize("body", ["", "[]", '{"calls":[{}]}', '{"calls":[{"call_id":"1","started_at":"2026-03-05T12:00:00"}]}', '{"calls":[],"x":1}', "[" * 5000])
def test_a_signed_message_that_cannot_be_used_says_so(body: str) -> None:
    stamp = str(int(NOW.timestamp()))
    with pytest.raises(InvalidInput):
        read_signed(body, timestamp=stamp, signature=sign(SECRET, stamp, body), secret=SECRET, now=NOW)
