"""The ways into Peppol: a folder, a mailbox, an HTTP address, each against a real one on this machine."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from crm_lab.exchange.delivery import DeliveryRefused, DeliveryUnavailable, InvalidDelivery, delivery_at
from tests.mailbox import mailbox

DOCUMENT = "<Invoice>æøå</Invoice>".encode()


class AccessPoint(ThreadingHTTPServer):
    """Takes documents by POST, or answers as it is told to."""

    answer = 201
    got: list[tuple[str, str, bytes]]


@pytest.fixture
def access_point() -> Iterator[AccessPoint]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            server.got.append((self.headers["Idempotency-Key"], self.headers.get("X-Api-Key", ""), self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(server.answer)
            self.send_header("Location", f"/messages/{len(server.got)}")
            self.end_headers()
            self.wfile.write(b"Unknown participant" if server.answer == 422 else b"")

        def log_message(self, *_args: object) -> None:
            pass

    server = AccessPoint(("127.0.0.1", 0), Handler)
    server.got = []
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


def test_a_folder_gets_whole_files(tmp_path: Path) -> None:
    drop = delivery_at(tmp_path.as_uri())
    assert drop.deliver("10001", DOCUMENT) == "10001.xml"
    assert drop.deliver("10001", DOCUMENT) == "10001.xml"
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"10001.xml": DOCUMENT}
    with pytest.raises(DeliveryUnavailable):
        delivery_at((tmp_path / "gone").as_uri()).deliver("10001", DOCUMENT)


def test_a_mailbox_gets_an_attachment() -> None:
    with mailbox() as box:
        receipt = delivery_at("mailto:in@access.example", mail_server=box.url, sender="post@nordlys.example").deliver("10001", DOCUMENT)
    (got,) = box.messages
    (part,) = got.iter_attachments()
    assert (receipt, part.get_filename(), part.get_content()) == (got["Message-ID"], "10001.xml", DOCUMENT)


def test_an_address_gets_a_post_with_its_key(access_point: AccessPoint) -> None:
    url = f"http://127.0.0.1:{access_point.server_port}/invoices"
    assert delivery_at(url, headers={"X-Api-Key": "k"}).deliver("10001", DOCUMENT) == "/messages/1"
    assert access_point.got == [("10001", "k", DOCUMENT)]


@pytest.mark.parametrize(("answer", "error"), [(422, DeliveryRefused), (302, DeliveryRefused), (401, DeliveryRefused), (429, DeliveryUnavailable), (503, DeliveryUnavailable)])
def test_no_is_told_from_not_now(access_point: AccessPoint, answer: int, error: type[Exception]) -> None:
    access_point.answer = answer
    with pytest.raises(error):
        delivery_at(f"http://127.0.0.1:{access_point.server_port}/").deliver("10001", DOCUMENT)


def test_nobody_there() -> None:
    with pytest.raises(DeliveryUnavailable):
        delivery_at("http://127.0.0.1:9/").deliver("10001", DOCUMENT)


@pytest.mark.parametrize("url", ["", "/srv/ehf", "ftp://x/y", "mailto:nobody", "https://", "file://"])
def test_what_is_no_way(url: str) -> None:
    with pytest.raises(InvalidDelivery):
        delivery_at(url)
