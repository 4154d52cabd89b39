"""A real SMTP server on loopback that keeps what it is handed, and refuses whom it is told to."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, cast

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword


class Mailbox:
    """`messages` are those taken, in order; `refused` and `busy` are recipients answered with 550 and 451."""

    def __init__(self) -> None:
        self.messages: list[EmailMessage] = []
        self.recipients: list[list[str]] = []
        self.refused: set[str] = set()
        self.busy: set[str] = set()
        self.url = ""

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:  # noqa: N802 - aiosmtpd's name
        """Whether somebody may be written to."""
        if address in self.refused:
            return "550 5.1.1 No such mailbox"
        if address in self.busy:
            return "451 4.3.0 Try again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        """Keep one message."""
        self.messages.append(cast("EmailMessage", message_from_bytes(envelope.content, policy=policy.default)))
        self.recipients.append(list(envelope.rcpt_tos))
        return "250 Kept"


@contextmanager
def mailbox(user: str = "", password: str = "") -> Iterator[Mailbox]:
    """The server while it runs; with a user, it wants to be logged in to."""

    def known(_server: Any, _session: Any, _envelope: Any, _mechanism: str, told: Any) -> AuthResult:
        return AuthResult(handled=False, success=isinstance(told, LoginPassword) and (told.login, told.password) == (user.encode(), password.encode()))

    box = Mailbox()
    wants = {"authenticator": known, "auth_required": True, "auth_require_tls": False} if user else {}
    with socket.socket() as probe:  # the controller knocks at its own door, so it must know the number
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    controller = Controller(box, hostname="127.0.0.1", port=port, **wants)
    controller.start()
    try:
        box.url = f"smtp://{f'{user}:{password}@' if user else ''}127.0.0.1:{port}?tls=off"
        yield box
    finally:
        controller.stop()
