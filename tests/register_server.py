"""Enhetsregisteret's service on a port of its own: its answers, re-made by hand, and its bad days."""

from __future__ import annotations

import gzip
import json
import re
import time
import zlib
from collections import deque
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = "/enhetsregisteret/api"
Entity = dict[str, Any]


def enhet(number: str, name: str, form: str = "AS", **more: Any) -> Entity:
    """An Enhet as the service writes it."""
    return {
        "respons_klasse": "Enhet",
        "organisasjonsnummer": number,
        "navn": name,
        "organisasjonsform": {"kode": form, "beskrivelse": "Aksjeselskap", "_links": {"self": {"href": "http://localhost"}}},
        "registreringsdatoEnhetsregisteret": "1995-03-12",
        "registrertIMvaregisteret": True,
        "naeringskode1": {"kode": "62.100", "beskrivelse": "Programmeringstjenester"},
        "forretningsadresse": {
            "land": "Norge", "landkode": "NO", "postnummer": "4035", "poststed": "STAVANGER",
            "adresse": ["Forusbeen 50", None, ""], "kommune": "STAVANGER", "kommunenummer": "1103",
        },
        "konkurs": False,
        "underAvvikling": False,
        "underTvangsavviklingEllerTvangsopplosning": False,
        "_links": {"self": {"href": f"http://localhost{ROOT}/enheter/{number}"}},
        **more,
    }  # fmt: skip


EQUINOR = enhet("923609016", "EQUINOR ASA", "ASA", antallAnsatte=21272, hjemmeside="www.equinor.com", stiftelsesdato="1972-09-18")
BANKRUPT = enhet("889640782", "FALLITT HANDEL AS", konkurs=True)
DELETED = {
    "respons_klasse": "SlettetEnhet",
    "organisasjonsnummer": "974760673",
    "navn": "SLETTET BYGG AS",
    "organisasjonsform": {"kode": "AS", "beskrivelse": "Aksjeselskap"},
    "slettedato": "2024-03-09",
}
SUB_UNIT = {
    "respons_klasse": "Underenhet",
    "organisasjonsnummer": "973152351",
    "navn": "EQUINOR ASA AVD STAVANGER",
    "organisasjonsform": {"kode": "BEDR", "beskrivelse": "Underenhet til næringsdrivende"},
    "antallAnsatte": 50,
    "overordnetEnhet": "923609016",
    "beliggenhetsadresse": {"landkode": "NO", "postnummer": "4035", "poststed": "STAVANGER", "adresse": ["Forusbeen 50"]},
}
REMOVED = {"organisasjonsnummer": "988077917", "slettedato": "2023-01-05"}
UNKNOWN = "987654325"


class RegisterServer:
    """What the service knows, what it is asked, and what goes wrong next.

    `faults` are taken one a request before the true answer: a status, or "slow", "broken", "cut", "drip", "other".
    """

    def __init__(self) -> None:
        self.enheter: dict[str, Entity] = {e["organisasjonsnummer"]: e for e in (EQUINOR, BANKRUPT, DELETED)}
        self.underenheter: dict[str, Entity] = {SUB_UNIT["organisasjonsnummer"]: SUB_UNIT}
        self.removed: dict[str, Entity] = {REMOVED["organisasjonsnummer"]: REMOVED}
        self.changes: dict[str, list[Entity]] = {"enheter": [], "underenheter": []}
        self.bulk: dict[str, bytes] = {}
        self.faults: deque[int | str] = deque()
        self.asked: list[str] = []
        self.ranges: list[str] = []
        self.url = ""

    def change(self, kind: str, number: str, what: str, at: str = "2026-11-24T05:00:00.000Z") -> None:
        """Add a line to the update feed."""
        lines = self.changes[kind]
        lines.append(
            {"oppdateringsid": 100 + len(lines), "dato": at, "organisasjonsnummer": number,
             "endringstype": what}
        )  # fmt: skip

    def answer(self, path: str, query: dict[str, str]) -> tuple[int, bytes]:
        """Status and body."""
        noun, _slash, number = path.removeprefix(f"{ROOT}/").partition("/")
        if noun == "oppdateringer":
            return 200, self._feed(number, query)
        if number == "lastned":
            return 200, self.bulk.get(noun) or gzip.compress(json.dumps([*getattr(self, noun).values()]).encode())
        if not number:
            return self._search(noun, query)
        if not re.fullmatch(r"\d{9}", number):
            return 400, json.dumps(refusal(f"{number} er ikke et gyldig organisasjonsnummer")).encode()
        if number in self.removed and noun == "enheter":
            return 410, json.dumps(self.removed[number]).encode()
        entity = getattr(self, noun).get(number)
        return (200, json.dumps(entity).encode()) if entity else (404, b"")

    def _search(self, noun: str, query: dict[str, str]) -> tuple[int, bytes]:
        page, size = int(query.get("page", 0)), int(query.get("size", 20))
        if (page + 1) * size > 10_000:
            return 400, json.dumps(refusal("Summen av (page+1)*size kan ikke være større enn 10000")).encode()
        numbers, name = query.get("organisasjonsnummer", "").split(","), query.get("navn", "\0").upper()
        hits = [e for n, e in getattr(self, noun).items() if n in numbers or name in e["navn"]]
        total = {"size": size, "totalElements": len(hits), "totalPages": -(-len(hits) // size), "number": page}
        body: Entity = {"_links": {"self": {"href": f"http://localhost{ROOT}/{noun}"}}, "page": total}
        shown = hits[page * size : (page + 1) * size]
        return 200, json.dumps(({"_embedded": {noun: shown}} if shown else {}) | body).encode()

    def _feed(self, kind: str, query: dict[str, str]) -> bytes:
        lines = [c for c in self.changes[kind] if c["oppdateringsid"] >= int(query.get("oppdateringsid", 0))]
        lines = [c for c in lines if c["dato"] >= query.get("dato", "")][: int(query.get("size", 20))]
        name = "oppdaterteEnheter" if kind == "enheter" else "oppdaterteUnderenheter"
        return json.dumps(({"_embedded": {name: lines}} if lines else {}) | {"page": {"totalElements": len(lines)}}).encode()


def refusal(words: str) -> Entity:
    """The body of a 400."""
    fault = {"feilmelding": words, "feilaktigVerdi": "?", "parametere": ["organisasjonsnummer"]}
    return {"tidsstempel": 1704366191, "status": 400, "feilmelding": "Feilaktig forespørsel", "sti": ROOT,
            "antallFeil": 1, "valideringsfeil": [fault]}  # fmt: skip


class _Http(ThreadingHTTPServer):
    daemon_threads, block_on_close = True, False

    def __init__(self, register: RegisterServer) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.register = register


class _Handler(BaseHTTPRequestHandler):
    server: _Http

    def do_GET(self) -> None:
        register, parts = self.server.register, urlsplit(self.path)
        register.asked.append(parts.path.removeprefix(ROOT))
        fault = register.faults.popleft() if register.faults else None
        status, body = register.answer(parts.path, {k: v[0] for k, v in parse_qs(parts.query).items()})
        if isinstance(fault, int):
            status, body = fault, b'{"error": "Internal Server Error"}'
        elif fault == "slow":
            time.sleep(0.9)
        else:
            body = {"broken": b'{"organisasjonsnummer": "92', "other": b'{"_embedded": [], "page": null}'}.get(fault or "", body)
        start = self._range(len(body)) if status == 200 else 0
        self.send_response(206 if start else status)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
        self.send_header("ETag", f'"{zlib.crc32(body)}"')
        self.send_header("Content-Length", str(len(body) - start))
        self.end_headers()
        pieces = {"cut": [body[start : len(body) // 2]], "drip": [bytes([b]) for b in body]}
        self._write(pieces.get(str(fault), [body[start:]]), pause=0.02 if fault == "drip" else 0)

    def _write(self, pieces: list[bytes], pause: float) -> None:
        for piece in pieces:
            time.sleep(pause)
            try:
                self.wfile.write(piece)
            except OSError:  # the client has had enough
                return

    def _range(self, length: int) -> int:
        wanted = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        if not wanted:
            return 0
        self.server.register.ranges.append(wanted[0])
        return min(int(wanted[1]), length - 1)

    def log_message(self, *args: object) -> None:
        pass


@contextmanager
def running() -> Iterator[RegisterServer]:
    """The service, until the block ends."""
    register = RegisterServer()
    with _Http(register) as http:
        register.url = f"http://127.0.0.1:{http.server_port}{ROOT}"
        Thread(target=http.serve_forever, args=(0.02,), daemon=True).start()
        yield register
        http.shutdown()
