"""A recorded stream of Asterisk's events, served over TCP: calls appear, end, and survive an exchange that goes away."""

from __future__ import annotations

import asyncio
import socket
import threading
from typing import TYPE_CHECKING

import pytest

from crm_lab.connection import Connection, Local
from crm_lab.domain.calls import CallStatus
from crm_lab.errors import InvalidInput
from crm_lab.exchange.telephony.ami import Exchange, ExchangeAway, originate
from crm_lab.server.telephony import hear_exchange
from crm_lab.store.engine import Database

if TYPE_CHECKING:
    from collections.abc import Callable

HELLO = b"Asterisk Call Manager/9.0.0\r\n"
YES, NO = b"Response: Success\r\nMessage: Authentication accepted\r\n\r\n", b"Response: Error\r\nMessage: Authentication failed\r\n\r\n"


def event(kind: str, **fields: str) -> bytes:
    return f"Event: {kind}\r\n".encode() + "".join(f"{key}: {value}\r\n" for key, value in fields.items()).encode() + b"\r\n"


ROOT = {"Linkedid": "7.0", "Uniqueid": "7.0", "CallerIDNum": "22334455", "Exten": "900"}
RINGS = [
    event("Newchannel", Channel="PJSIP/trunk-00000001", **ROOT), event("VarSet", Linkedid="7.0", Variable="X"),
    event("DialBegin", DestChannel="PJSIP/101-00000002", **ROOT),
]  # fmt: skip
TALKS = [event("DialEnd", DestChannel="PJSIP/101-00000002", DialStatus="ANSWER", **ROOT), event("Hangup", Linkedid="7.0", Uniqueid="7.1")]
ENDS = [event("Hangup", Cause="16", **ROOT)]


class Recorded:
    """An exchange on loopback that answers every login and then says what it is given."""

    def __init__(self, *said: bytes, answer: bytes = YES) -> None:
        self._said, self._answer = b"".join(said), answer
        self.heard: list[bytes] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._serve, daemon=True).start()
        self.url = f"ami://crm:hemmelig@127.0.0.1:{self._listener.getsockname()[1]}/inne"

    def _serve(self) -> None:
        for _n in range(3):
            try:
                line, _where = self._listener.accept()
            except OSError:
                return  # closed
            line.sendall(HELLO)
            self.heard.append(line.recv(4096))
            line.sendall(self._answer[:10])
            line.sendall(self._answer[10:] + self._said)
            line.settimeout(0.5)
            try:
                self.heard.append(line.recv(4096))
                line.sendall(YES)
            except OSError:
                pass
            line.close()

    def close(self) -> None:
        self._listener.close()


@pytest.fixture
def hear(company_url: str, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Connection]:
    database = Database(company_url)

    def listen(exchange: Recorded, seconds: float = 0.4) -> Connection:
        monkeypatch.setenv("CRM_AMI", exchange.url)

        async def for_a_while() -> None:
            task = asyncio.create_task(hear_exchange(database))
            await asyncio.sleep(seconds)
            task.cancel()

        asyncio.run(for_a_while())
        exchange.close()
        return Connection(Local(database, user="kari"))

    yield listen
    database.close()


@pytest.mark.parametrize(
    ("said", "status"),
    [(RINGS, CallStatus.RINGING), (RINGS + TALKS, CallStatus.TALKING), (RINGS + TALKS + ENDS, CallStatus.COMPLETED), (RINGS + ENDS, CallStatus.MISSED), (ENDS + RINGS, CallStatus.MISSED)],
)
def test_what_is_heard_becomes_one_call(hear: Callable[..., Connection], said: list[bytes], status: CallStatus) -> None:
    crm = hear(Recorded(*said))
    frame = crm.calls.list()
    assert (list(frame.status), list(frame.number), list(frame.direction)) == ([status], ["+4722334455"], ["incoming"])
    assert frame.extension[0] == ("900" if said[0] is ENDS[0] else "101")


def test_a_line_that_breaks_is_taken_up_again_and_doubles_nothing(hear: Callable[..., Connection]) -> None:
    exchange = Recorded(*RINGS, b"rubbish\r\n\r\n", *TALKS, *ENDS)
    crm = hear(exchange, 2.5)
    assert sum(b"Action: Login" in heard for heard in exchange.heard) >= 2
    assert list(crm.calls.list().status) == [CallStatus.COMPLETED]


def test_an_exchange_that_refuses_ends_nothing(hear: Callable[..., Connection]) -> None:
    assert len(hear(Recorded(answer=NO)).calls.list()) == 0


def test_the_exchange_calls_for_whoever_has_an_extension(hear: Callable[..., Connection], monkeypatch: pytest.MonkeyPatch) -> None:
    crm = hear(Recorded())
    with pytest.raises(InvalidInput):
        crm.calls.dial(number="22334455")
    me = crm.employees.list()[0]
    crm.employees.change(id=me.id, version=me.version, name=me.name, roles=me.roles, extension="101")
    exchange = Recorded()
    monkeypatch.setenv("CRM_AMI", exchange.url)
    crm.calls.dial(number="22 33 44 55")
    assert b"Channel: PJSIP/101\r\nExten: +4722334455\r\nContext: inne\r\n" in exchange.heard[1]
    for wrong in ("", "101", "\r\nAction: Command"):
        with pytest.raises(InvalidInput):
            crm.calls.dial(number=wrong)
    with pytest.raises(ExchangeAway):
        originate(Exchange.parse(Recorded(answer=NO).url), "101", "+4722334455")


@pytest.mark.parametrize("url", ["", "http://a:b@c", "ami://host", "ami://u:p@h:x", "ami://u:a%0Ab@h"])
def test_an_address_that_is_none_says_how_it_looks(url: str) -> None:
    with pytest.raises(InvalidInput, match="ami://"):
        Exchange.parse(url)
