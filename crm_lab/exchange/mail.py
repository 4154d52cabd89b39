"""Writes e-mail (RFC 5322) and sends it by SMTP (RFC 5321): TLS where the server has it, and a plain answer whether it is worth trying again."""

from __future__ import annotations

import smtplib
import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import format_datetime, formataddr, make_msgid
from typing import TYPE_CHECKING, Self
from urllib.parse import parse_qs, unquote, urlsplit

from crm_lab.errors import InvalidInput, Unavailable
from crm_lab.i18n import _

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

PORTS = {"smtp": 587, "smtps": 465}
PATIENCE = 30.0
PERMANENT = 500
"""Answers from here on mean that the same message will be refused again (RFC 5321 section 4.2.1)."""


class MailUnavailable(Unavailable):
    """The server cannot be reached or will not take the message just now: try again later."""


class MailRefused(InvalidInput):
    """The server will not take this message, now or later."""

    def __init__(self, reason: str) -> None:
        super().__init__(_("The mail server refused the message: {reason}", reason=reason), "to")


class InvalidMailServer(InvalidInput):
    """Not the address of a mail server."""

    def __init__(self, url: str) -> None:
        super().__init__(_("{text} is no mail server. It looks like smtp://user:password@mail.company.no:587.", text=_without_password(url)), "mail_server")


@dataclass(frozen=True, slots=True, kw_only=True)
class MailServer:
    """Where mail is handed in: `smtp://` turns to TLS where the server offers it, `smtps://` speaks it from the start.

    `token` is an OAuth 2.0 access token, instead of a password. `is_plain` (`?tls=off`) leaves TLS out, for a relay on the same machine.
    """

    host: str
    port: int
    user: str = ""
    password: str = ""
    token: str = ""
    is_tls: bool = False
    is_plain: bool = False

    @classmethod
    def parse(cls, url: str) -> Self:
        """From an address. Raises `InvalidMailServer`."""
        parts = urlsplit(url.strip())
        try:
            port = parts.port
        except ValueError:
            raise InvalidMailServer(url) from None
        if parts.scheme not in PORTS or not parts.hostname:
            raise InvalidMailServer(url)
        return cls(
            host=parts.hostname, port=port or PORTS[parts.scheme], user=unquote(parts.username or ""), password=unquote(parts.password or ""),
            is_tls=parts.scheme == "smtps", is_plain=parse_qs(parts.query).get("tls") == ["off"],
        )  # fmt: skip


def compose(
    *, sender: str, to: Sequence[str], subject: str, text: str, sender_name: str = "", copies: Sequence[str] = (),
    files: Sequence[tuple[str, str, bytes]] = (), message_id: str = "", references: Sequence[str] = (), at: datetime | None = None,
) -> EmailMessage:  # fmt: skip
    """A message of plain text with files, each as (name, media type, content). `message_id` and `references` are without angle brackets.

    Raises
    ------
    InvalidInput : an address or the subject cannot stand in a message.
    """
    message = EmailMessage()
    try:
        message["From"], message["To"], message["Subject"] = formataddr((sender_name, sender)) if sender_name else sender, ", ".join(to), subject
        if copies:
            message["Cc"] = ", ".join(copies)
        if at:
            message["Date"] = format_datetime(at)
        message["Message-ID"] = f"<{message_id}>" if message_id else new_message_id(sender)
        if references:
            message["In-Reply-To"], message["References"] = f"<{references[-1]}>", " ".join(f"<{one}>" for one in references)
    except (ValueError, IndexError) as error:
        raise InvalidInput(_("The message cannot be written: {reason}", reason=str(error)[:200]), "to") from None
    message.set_content(text)
    for name, kind, content in files:
        maintype, _slash, subtype = kind.partition("/")
        message.add_attachment(content, maintype=maintype, subtype=subtype or "octet-stream", filename=name)
    return message


def new_message_id(sender: str) -> str:
    """A number for a message that no other has, at the sender's domain, in angle brackets."""
    return make_msgid(domain=sender.rpartition("@")[2] or "localhost")


def send_mail(server: MailServer, message: EmailMessage, patience: float = PATIENCE) -> None:
    """Hand one message to the server, for all it is addressed to.

    Raises
    ------
    MailRefused : a recipient, the sender or the message is refused for good; nobody got it.
    MailUnavailable : anything else; the same message may be sent again later.
    """
    try:
        with _connected(server, patience) as smtp:
            smtp.send_message(message)
    except smtplib.SMTPRecipientsRefused as error:
        code, text = next(iter(error.recipients.values()))
        raise _failed(code, f"{', '.join(error.recipients)}: {_words(text)}") from None
    except smtplib.SMTPResponseException as error:
        raise _failed(error.smtp_code, _words(error.smtp_error)) from None
    except (smtplib.SMTPException, OSError) as error:
        raise MailUnavailable(_("The mail server {host} cannot be reached: {reason}", host=server.host, reason=str(error)[:200])) from None


def _connected(server: MailServer, patience: float) -> smtplib.SMTP:
    context = ssl.create_default_context()
    if server.is_tls:
        smtp: smtplib.SMTP = smtplib.SMTP_SSL(server.host, server.port, timeout=patience, context=context)
    else:
        smtp = smtplib.SMTP(server.host, server.port, timeout=patience)
        smtp.ehlo()
        if not server.is_plain:
            smtp.starttls(context=context)
            smtp.ehlo()
    if server.token:
        smtp.auth("XOAUTH2", lambda _challenge=None: f"user={server.user}\x01auth=Bearer {server.token}\x01\x01")
    elif server.user:
        smtp.login(server.user, server.password)
    return smtp


def _failed(code: int, reason: str) -> MailRefused | MailUnavailable:
    if code >= PERMANENT:
        return MailRefused(reason)
    return MailUnavailable(_("The mail server will not take the message just now: {reason}", reason=reason))


def _words(text: bytes | str) -> str:
    said = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return " ".join(said.split())[:200]


def _without_password(url: str) -> str:
    """An address as it may be shown."""
    scheme, found, rest = url.partition("://")
    return f"{scheme}{found}{rest.rpartition('@')[2]}"[:100]
