"""Hands electronic invoices to whoever carries them into Peppol: a folder, an access point's mailbox, or its HTTP address.

A company that sends EHF has an agreement with an access point; all of them take files in one of these ways. Which way is one
address: `file:///srv/ehf/out`, `mailto:in@accesspoint.no`, `https://api.accesspoint.no/invoices`.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from urllib.parse import unquote, urlsplit

import httpx

from crm_lab.errors import InvalidInput, Unavailable
from crm_lab.exchange.mail import MailServer, compose, send_mail
from crm_lab.i18n import _

if TYPE_CHECKING:
    from collections.abc import Mapping

PATIENCE = 30.0
LATER = {408, 425, 429}
"""Answers that mean: the same again, later. Those of 500 and more do too."""


class DeliveryUnavailable(Unavailable):
    """The access point cannot be reached: try again later."""


class DeliveryRefused(InvalidInput):
    """The access point will not take this document, now or later."""

    def __init__(self, reason: str) -> None:
        super().__init__(_("The access point refused the document: {reason}", reason=reason), "distribution")


class InvalidDelivery(InvalidInput):
    """Not an address that documents can be handed to."""

    def __init__(self, url: str) -> None:
        super().__init__(_("{text} is no way to deliver. It looks like file:///srv/ehf/out, mailto:in@accesspoint.no or https://accesspoint.no/in.", text=url[:100]), "delivery")


class Delivery(Protocol):
    """One way into Peppol."""

    def deliver(self, name: str, document: bytes) -> str:
        """Hand a document over; what the access point calls it, else `name`. The same name again is the same document.

        Raises `DeliveryRefused`, `DeliveryUnavailable`, and those of `send_mail`.
        """


def delivery_at(url: str, *, mail_server: str = "", sender: str = "", headers: Mapping[str, str] | None = None) -> Delivery:
    """The way an address names; mail goes through `mail_server` from `sender`. Raises `InvalidDelivery`, `InvalidMailServer`."""
    parts = urlsplit(url.strip())
    if parts.scheme == "file" and parts.path:
        return FolderDrop(Path(unquote(parts.path)))
    if parts.scheme == "mailto" and "@" in parts.path:
        return MailDrop(MailServer.parse(mail_server), sender, parts.path)
    if parts.scheme in {"http", "https"} and parts.hostname:
        return HttpDrop(url.strip(), dict(headers or {}))
    raise InvalidDelivery(url)


@dataclass(frozen=True, slots=True)
class FolderDrop:
    """A folder that the access point's program empties. A file takes its name once it is whole."""

    folder: Path

    def deliver(self, name: str, document: bytes) -> str:
        """Put the document there."""
        path = self.folder / f"{name}.xml"
        aside = path.with_name(f".{path.name}.part")
        try:
            with aside.open("wb") as file:
                file.write(document)
                file.flush()
                os.fsync(file.fileno())
            aside.replace(path)
        except OSError as error:
            raise DeliveryUnavailable(_("The folder {folder} cannot be written to: {reason}", folder=self.folder, reason=error.strerror or "?")) from None
        return path.name


@dataclass(frozen=True, slots=True)
class MailDrop:
    """A mailbox that takes documents as attachments."""

    server: MailServer
    sender: str
    to: str

    def deliver(self, name: str, document: bytes) -> str:
        """Send the document there."""
        number = f"{name}@{self.sender.rpartition('@')[2] or 'localhost'}"
        message = compose(sender=self.sender, to=[self.to], subject=name, text=name, files=[(f"{name}.xml", "application/xml", document)], message_id=number)
        send_mail(self.server, message)
        return str(message["Message-ID"])


@dataclass(frozen=True, slots=True)
class HttpDrop:
    """An address that takes documents by POST; `headers` carry its key. `Idempotency-Key` makes a repeated one harmless."""

    url: str
    headers: dict[str, str]

    def deliver(self, name: str, document: bytes) -> str:
        """Post the document there."""
        headers = {"Content-Type": "application/xml", "Idempotency-Key": name} | self.headers
        try:
            answer = httpx.post(self.url, content=document, headers=headers, timeout=PATIENCE)
        except httpx.RequestError as error:
            raise DeliveryUnavailable(_("The access point cannot be reached: {reason}", reason=str(error)[:200])) from None
        if answer.is_server_error or answer.status_code in LATER:
            raise DeliveryUnavailable(_("The access point cannot be reached: {reason}", reason=str(answer.status_code)))
        if not answer.is_success:
            said = f"{answer.status_code} {' '.join(answer.text.split())[:200]}"
            raise DeliveryRefused(said)
        return answer.headers.get("Location", "") or answer.text.strip()[:200] or name
