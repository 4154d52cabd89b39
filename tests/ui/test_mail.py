"""An e-mail that means harm is inert in a real browser; what is written about is in the list, the message and its pictures."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import Page, expect

from crm_lab.connection import Connection, Remote
from crm_lab.exchange.mime import read_mail
from tests.company import Served

pytestmark = pytest.mark.browser
PIXEL = b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04\x01\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"


@pytest.fixture
def tracker() -> Iterator[tuple[str, list[str]]]:
    """A server that would like to know who reads what."""
    asked: list[str] = []

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.send_header("Content-Type", "image/gif")
            self.end_headers()
            self.wfile.write(PIXEL)

        def log_message(self, *_arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()


def hostile(at: str) -> bytes:
    html = (
        f"<style>@import url({at}/css); body{{background:url({at}/background)}}</style><script>parent.document.title='tatt'; fetch('{at}/script')</script>"
        f"<p onclick='x()' onmouseover=\"fetch('{at}/over')\">Hei fra Acme</p><img src='{at}/pixel.gif'><img src=x onerror=\"fetch('{at}/error')\">"
        f"<form action='{at}/form'><input name='password'><button>Logg inn</button></form><iframe src='{at}/frame'></iframe><link rel=stylesheet href='{at}/link'>"
        f"<meta http-equiv=refresh content='0;url={at}/refresh'><a href='javascript:x()'>en</a> <a href='{at}/lenke'>to</a>"
    )
    head = "From: Per <post@acme-test.no>\nTo: kari@test.no\nSubject: Tilbud <b>nå</b>\nMessage-ID: <fiendtlig@acme>\nContent-Type: text/html; charset=utf-8\n"
    return f"{head}\n{html}".encode()


def test_a_hostile_message_is_inert(visit: Callable[..., Page], served: Served, tracker: tuple[str, list[str]]) -> None:
    at, asked = tracker
    kari = Connection(Remote(served.socket, user="kari"))
    party = kari.customers.create(name="Postfirma AS", email="post@acme-test.no")
    kari.messages.record(messages=[read_mail(hostile(at))])
    page = visit("kari", f"customers/{party.number}/mail")
    title = page.title()
    page.locator("[data-do=mail_open]").click()
    expect(page.locator(".mail-subject")).to_have_text("Tilbud <b>nå</b>")
    frame = page.frame_locator("iframe.mail-page")
    expect(frame.locator("p")).to_have_text("Hei fra Acme")
    frame.locator("p").click()
    assert frame.locator("script, form, input, button, iframe, style:not(head style), link, meta:not([charset]), [onclick], [onerror], [onmouseover], a[href^=javascript]").count() == 0
    assert page.locator("iframe.mail-page").get_attribute("sandbox") == "allow-popups allow-popups-to-escape-sandbox"
    answer = page.request.get(page.locator("iframe.mail-page").evaluate("node => node.src"))
    assert "sandbox" in answer.headers["content-security-policy"] and "default-src 'none'" in answer.headers["content-security-policy"]
    assert (asked, page.title()) == ([], title)
    with page.expect_request(lambda request: request.url.endswith("/pixel.gif")):
        page.locator("[data-do=mail_remote]").click()
    expect(frame.locator("p")).to_have_text("Hei fra Acme")
    assert set(asked) <= {"/pixel.gif"}
