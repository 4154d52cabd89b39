"""Radicale on loopback: a real CalDAV server for tests."""

from __future__ import annotations

import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

if TYPE_CHECKING:
    from collections.abc import Iterator

USER, PASSWORD = "kari", "hemmelig-nok"
MADE = """<?xml version="1.0"?><c:mkcalendar xmlns="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav"><set><prop><displayname>{name}</displayname>
<c:supported-calendar-component-set><c:comp name="VEVENT"/></c:supported-calendar-component-set></prop></set></c:mkcalendar>"""


class RadicaleServer:
    """`url` is where it listens; `calendar` makes one, `put`, `get` and `names` change and read it as other programs do."""

    def __init__(self, home: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/"
        self.home, self.client = home, httpx.Client(auth=(USER, PASSWORD), trust_env=False)
        (home / "users").write_text(f"{USER}:{PASSWORD}\n")
        self.start()

    def start(self) -> None:
        command = [
            sys.executable, "-m", "radicale", "--config", "", "--server-hosts", f"127.0.0.1:{self.port}", "--auth-type", "htpasswd", "--auth-htpasswd-filename",
            str(self.home / "users"), "--auth-htpasswd-encryption", "plain", "--auth-delay", "0", "--storage-filesystem-folder", str(self.home / "storage"), "--logging-level", "critical",
        ]  # fmt: skip
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _n in range(100):
            try:
                self.client.get(self.url)
                return
            except httpx.TransportError:
                time.sleep(0.1)
        raise AssertionError("Radicale does not answer")

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()

    def calendar(self, name: str) -> str:
        """Make a calendar; its address."""
        url = f"{self.url}{USER}/{name}/"
        self.client.request("MKCALENDAR", url, content=MADE.format(name=name)).raise_for_status()
        return url

    def put(self, calendar: str, name: str, *events: str) -> None:
        """Write an object of these events."""
        body = "\r\n".join(["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//test//EN", *events, "END:VCALENDAR", ""]).replace("\n\n", "\n")
        answer = self.client.put(f"{calendar}{name}", content=body.encode(), headers={"Content-Type": "text/calendar"})
        assert answer.is_success, answer.text

    def get(self, calendar: str, name: str) -> str:
        answer = self.client.get(f"{calendar}{name}")
        answer.raise_for_status()
        return answer.text.replace("\r\n ", "").replace("\r\n", "\n")

    def change(self, calendar: str, name: str, old: str, new: str) -> None:
        """Change a text in an object."""
        text = self.get(calendar, name)
        assert old in text, text
        answer = self.client.put(f"{calendar}{name}", content=text.replace(old, new).encode(), headers={"Content-Type": "text/calendar"})
        assert answer.is_success, answer.text

    def delete(self, calendar: str, name: str) -> None:
        self.client.delete(f"{calendar}{name}").raise_for_status()

    def names(self, calendar: str) -> list[str]:
        """The names of all objects."""
        answer = self.client.request("PROPFIND", calendar, headers={"Depth": "1"})
        return sorted(part.split("<")[0].rsplit("/", 1)[1] for part in answer.text.split("<href>")[1:] if ".ics<" in part)


@contextmanager
def calendar_server() -> Iterator[RadicaleServer]:
    """A server with one user, until the end of the block."""
    with tempfile.TemporaryDirectory(prefix="radicale") as home:
        server = RadicaleServer(Path(home))
        try:
            yield server
        finally:
            server.stop()


def event(uid: str, title: str, start: str, end: str, *more: str) -> str:
    """An event on Oslo's clock."""
    return "\n".join(["BEGIN:VEVENT", f"UID:{uid}", "DTSTAMP:20261101T080000Z", f"SUMMARY:{title}", f"DTSTART;TZID=Europe/Oslo:{start}", f"DTEND;TZID=Europe/Oslo:{end}", *more, "END:VEVENT"])
