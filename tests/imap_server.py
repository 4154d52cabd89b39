"""Debian's Dovecot on loopback, with its own configuration in a temporary folder: a real IMAP server for tests and benchmarks."""

from __future__ import annotations

import grp
import imaplib
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager
from email.utils import formatdate
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

DOVECOT = shutil.which("dovecot") or "/usr/sbin/dovecot"
MISSING = "" if Path(DOVECOT).exists() and Path("/usr/lib/dovecot/imap").exists() else "dovecot-imapd is not installed (apt-get install dovecot-imapd)"
USER, PASSWORD = "kari", "hemmelig-nok"
CONFIGURATION = """
protocols = imap
listen = 127.0.0.1
base_dir = {home}/run
state_dir = {home}/state
log_path = {home}/log
ssl = no
disable_plaintext_auth = no
default_internal_user = {user}
default_login_user = {user}
default_internal_group = {group}
default_vsz_limit = 1G
first_valid_uid = 1
mail_location = {store}:{home}/mail/%u
namespace inbox {{
  inbox = yes
  mailbox Sent {{
    special_use = \\Sent
    auto = create
  }}
}}
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={home}/mail/%u
}}
service anvil {{
  chroot =
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service stats {{
  chroot =
}}
"""


class ImapServer:
    """`port` is where it listens; `put` and `client` change mailboxes as other programs do."""

    def __init__(self, home: Path, store: str) -> None:
        self.home, self._process = home, None
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        is_root = os.geteuid() == 0
        user = pwd.getpwnam("nobody") if is_root else pwd.getpwuid(os.geteuid())
        group = grp.getgrgid(user.pw_gid)
        values = {"home": home, "user": user.pw_name, "group": group.gr_name, "uid": user.pw_uid, "gid": user.pw_gid, "port": self.port, "password": PASSWORD, "store": store}
        (home / "mail").mkdir(parents=True)
        (home / "dovecot.conf").write_text(CONFIGURATION.format(**values))
        if is_root:
            os.chown(home / "mail", user.pw_uid, user.pw_gid)
            home.chmod(0o755)

    def start(self) -> None:
        """Run it until `stop`."""
        self._process = subprocess.Popen([DOVECOT, "-F", "-c", str(self.home / "dovecot.conf")], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _try in range(200):
            try:
                self.client().logout()
            except (OSError, imaplib.IMAP4.error):
                time.sleep(0.05)
            else:
                return
        raise AssertionError((self.home / "log").read_text() if (self.home / "log").exists() else "Dovecot did not start")

    def stop(self) -> None:
        """End it, as a server that goes away."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)
            self._process = None

    def client(self, user: str = USER) -> imaplib.IMAP4:
        """A connection of another mail program."""
        client = imaplib.IMAP4("127.0.0.1", self.port)
        client.login(user, PASSWORD)
        return client

    def put(self, *messages: bytes, folder: str = "INBOX", user: str = USER, flags: str = "") -> None:
        """Deliver messages."""
        client = self.client(user)
        if folder != "INBOX":
            client.create(folder)
        for message in messages:
            client.append(folder, flags, "", message)
        client.logout()

    def remove(self, subject: str, folder: str = "INBOX", user: str = USER) -> None:
        """Delete the messages of a subject."""
        client = self.client(user)
        client.select(folder)
        for number in client.search(None, "SUBJECT", f'"{subject}"')[1][0].split():
            client.store(number.decode(), "+FLAGS", r"(\Deleted)")
        client.expunge()
        client.logout()


def letter(n: int, subject: str = "", sender: str = "post@acme.no", to: str = "kari@test.no", body: str = "Hei!") -> bytes:
    """A message as it lies in a mailbox."""
    head = f"From: Per <{sender}>\r\nTo: {to}\r\nSubject: {subject or f'Brev {n}'}\r\nMessage-ID: <{n}@acme.no>\r\nDate: {formatdate(1_780_000_000 + 60 * n)}\r\n"
    return f"{head}\r\n{body} {n}\r\n".encode()


@contextmanager
def imap_server(store: str = "maildir") -> Iterator[ImapServer]:
    """The server while it runs, in a folder of its own: pytest's are closed to the user that Dovecot turns into."""
    home = Path(tempfile.mkdtemp(prefix="crm-dovecot-"))
    server = ImapServer(home, store)
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(home, ignore_errors=True)
