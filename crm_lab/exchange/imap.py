"""Reads a mailbox by IMAP (RFC 9051, RFC 3501) without changing it: UIDVALIDITY, IDLE, and a head alone of what is too large."""

from __future__ import annotations

import re
import socket
import ssl
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from imaplib import IMAP4
from typing import TYPE_CHECKING, Any

from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientError, LoginError

from crm_lab.domain.mail_accounts import LoginBy, MailAccount, Security
from crm_lab.domain.messages import ReadMail, is_private
from crm_lab.errors import InvalidInput, Unavailable
from crm_lab.exchange.mime import read_head, read_mail
from crm_lab.i18n import _

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

PATIENCE, IDLE_PATIENCE = 30.0, 60.0
AT_A_TIME, BYTES_AT_A_TIME = 100, 8_000_000
ATOM = re.compile(r"[A-Za-z0-9$_.-]+")
GMAIL = "X-GM-EXT-1"
SENT = re.compile(r"sent|sendt", re.IGNORECASE)


class MailboxRefused(InvalidInput):
    """The server does not let one in."""

    def __init__(self, host: str, reason: str) -> None:
        super().__init__(_("{host} does not accept the user name and password: {reason}", host=host, reason=reason), "secret")


class MailboxAway(Unavailable):
    """The server does not answer, or broke off."""

    def __init__(self, host: str, reason: str) -> None:
        super().__init__(_("The mail server {host} cannot be reached: {reason}", host=host, reason=reason), "imap_host")


class NoSuchFolder(InvalidInput):
    """A folder that the mailbox does not have."""

    def __init__(self, name: str) -> None:
        super().__init__(_("There is no folder {name} in the mailbox.", name=name), "folders")


@dataclass(frozen=True, slots=True)
class Look:
    """A folder as it is now: `uids` are of the messages that may be read."""

    uid_validity: int
    uid_next: int
    uids: frozenset[int]


class Mailbox:
    """One open connection. Everything may raise `MailboxAway`."""

    def __init__(self, client: IMAPClient, host: str) -> None:
        self._client, self._host = client, host
        self._selected = ""
        self.is_gmail, self.can_idle = GMAIL in self._capabilities(), "IDLE" in self._capabilities()

    def folders(self) -> list[str]:
        """The names of the folders that hold mail."""
        with _telling(self._host):
            return [name for flags, _delimiter, name in self._client.list_folders() if b"\\Noselect" not in flags]

    def status(self, folder: str) -> tuple[int, int, int]:
        """What changes when the folder does: its number, the next message's, and how many there are. Raises `NoSuchFolder`."""
        with _telling(self._host, folder):
            told = self._client.folder_status(folder, ["UIDVALIDITY", "UIDNEXT", "MESSAGES"])
        return int(told[b"UIDVALIDITY"]), int(told[b"UIDNEXT"]), int(told[b"MESSAGES"])

    def look(self, folder: str, private_words: tuple[str, ...]) -> Look:
        """All messages of a folder but those that carry a private label. Raises `NoSuchFolder`."""
        with _telling(self._host, folder):
            told = self._client.select_folder(folder, readonly=True)
            self._selected = folder
            uids = set(self._client.search("ALL")) if told[b"EXISTS"] else set()
            for word in private_words if uids else ():
                if ATOM.fullmatch(word):
                    uids -= set(self._client.search(["KEYWORD", word]))
                if self.is_gmail:
                    uids -= set(self._client.gmail_search(f'label:"{word}"'))
        return Look(int(told[b"UIDVALIDITY"]), int(told[b"UIDNEXT"]), frozenset(uids))

    def fetch(self, uids: Sequence[int], largest: int) -> Iterator[list[tuple[int, ReadMail]]]:
        """Messages of the folder that was looked at, some at a time, in the order of their numbers."""
        for start in range(0, len(uids), AT_A_TIME):
            with _telling(self._host):
                sizes: dict[int, dict[bytes, Any]] = self._client.fetch(uids[start : start + AT_A_TIME], ["RFC822.SIZE", "INTERNALDATE"])
            part: list[int] = []
            room = BYTES_AT_A_TIME
            for uid in sorted(sizes):
                size = sizes[uid].get(b"RFC822.SIZE", 0)
                if part and size > room:
                    yield self._read(part, sizes, largest)
                    part, room = [], BYTES_AT_A_TIME
                part.append(uid)
                room -= min(size, largest)
            if part:
                yield self._read(part, sizes, largest)

    def _read(self, uids: list[int], facts: dict[int, dict[bytes, Any]], largest: int) -> list[tuple[int, ReadMail]]:
        whole = [uid for uid in uids if facts[uid].get(b"RFC822.SIZE", 0) <= largest]
        with _telling(self._host):
            bodies = self._client.fetch(whole, ["BODY.PEEK[]"]) if whole else {}
            heads = self._client.fetch(sorted(set(uids) - set(whole)), ["BODY.PEEK[HEADER]"]) if len(whole) < len(uids) else {}
        found: list[tuple[int, ReadMail]] = []
        for uid in uids:
            if body := bodies.get(uid, {}).get(b"BODY[]"):
                mail = read_mail(body)
            elif head := heads.get(uid, {}).get(b"BODY[HEADER]"):
                mail = read_head(head, facts[uid][b"RFC822.SIZE"])
            else:
                continue  # it was removed meanwhile
            at = facts[uid].get(b"INTERNALDATE")
            came = (at if at.tzinfo else at.astimezone()).astimezone(UTC) if isinstance(at, datetime) else None
            found.append((uid, mail if mail.sent_at else replace(mail, sent_at=came)))
        return found

    def wait(self, folder: str, seconds: float) -> bool:
        """Wait until something happens in a folder; whether it did."""
        with _telling(self._host):
            if self._selected != folder:
                self._client.select_folder(folder, readonly=True)
                self._selected = folder
            self._client.idle()
            told = self._client.idle_check(timeout=seconds)
            more, _rest = self._client.idle_done()[1], None
            return bool([one for one in [*told, *(more or [])] if not (isinstance(one, tuple) and one[:1] == (b"OK",))])

    def keep_sent(self, message: bytes) -> None:
        """Put a message among the sent ones; where the server does that by itself it is left to it."""
        if self.is_gmail:
            return
        with _telling(self._host):
            name = self._client.find_special_folder(b"\\Sent") or next((one for one in self.folders() if SENT.search(one)), "")
            if name:
                self._client.append(name, message, flags=[b"\\Seen"])

    def _capabilities(self) -> set[str]:
        with _telling(self._host):
            return {one.decode() for one in self._client.capabilities()}


@contextmanager
def mailbox_of(account: MailAccount, secret: str, patience: float = PATIENCE) -> Iterator[Mailbox]:
    """A mailbox while it is open. Raises `MailboxRefused`, `MailboxAway`."""
    client = None
    try:
        with _telling(account.imap_host):
            context = ssl.create_default_context()
            is_tls = account.imap_security is Security.TLS
            client = IMAPClient(account.imap_host, account.imap_port, ssl=is_tls, ssl_context=context if is_tls else None, timeout=patience)
            if account.imap_security is Security.STARTTLS:
                client.starttls(context)
            if account.login_by is LoginBy.TOKEN:
                client.oauth2_login(account.user_name, secret)
            else:
                client.login(account.user_name, secret)
        yield Mailbox(client, account.imap_host)
    finally:
        if client is not None:
            try:
                client.logout()
            except (IMAPClientError, IMAP4.error, OSError):
                pass


def readable_folders(account: MailAccount) -> list[str]:
    """The folders that are read: those named, but for private ones."""
    return [name for name in account.folders if not is_private((name,), account.private_words)]


@contextmanager
def _telling(host: str, folder: str = "") -> Iterator[None]:
    """What goes wrong, as a sentence for the account's page."""
    try:
        yield
    except LoginError as error:
        raise MailboxRefused(host, _words(error)) from None
    except ssl.SSLCertVerificationError as error:
        raise MailboxAway(host, _("its certificate is not to be trusted ({reason})", reason=error.verify_message)) from None
    except (OSError, IMAP4.abort, EOFError) as error:
        raise MailboxAway(host, _words(error)) from None
    except (IMAPClientError, IMAP4.error) as error:
        if folder and re.search(r"exist|unknown|NONEXISTENT|not found", str(error), re.IGNORECASE):
            raise NoSuchFolder(folder) from None
        if re.search(r"AUTH|credential|password|login", str(error), re.IGNORECASE) and not folder:
            raise MailboxRefused(host, _words(error)) from None
        raise MailboxAway(host, _words(error)) from None


def _words(error: Exception) -> str:
    """What a server said, on one line; what the network says, in words."""
    if isinstance(error, ConnectionRefusedError):
        return _("nothing answers at that port")
    if isinstance(error, TimeoutError):
        return _("it does not answer in time")
    if isinstance(error, socket.gaierror):
        return _("there is no server of that name")
    text = re.sub(r"b'(.*)'", r"\1", str(error))
    return " ".join(text.split())[:200] or type(error).__name__
