"""Raw sockets to kernels, as an attacker or a browser opens them."""

from __future__ import annotations

import json
import re
import time
import uuid
from typing import TYPE_CHECKING, Any

import websocket
from jupyter_server.services.kernels.connection.base import deserialize_msg_from_ws_v1, serialize_msg_to_ws_v1

if TYPE_CHECKING:
    import requests

    from tests.company import Served

PROTOCOL = "v1.kernel.websocket.jupyter.org"


def cookies(session: requests.Session) -> str:
    return "; ".join(f"{c.name}={c.value}" for c in session.cookies)


def page(served: Served, session: requests.Session) -> tuple[str, str]:
    """The application's HTML and its kernel."""
    text = session.get(f"{served.url}/crm", timeout=60).text
    found = re.search(r'"kernelId": ?"([^"]+)"', text)
    assert found
    return text, found[1]


def attach(
    served: Served, kernel: str, cookie: str | None, origin: str | None = None, protocols: Any = (PROTOCOL,)
) -> Any:
    """A socket to a kernel, or the HTTP status of the refusal."""
    url = served.url.replace("http", "ws") + f"/api/kernels/{kernel}/channels?session_id={uuid.uuid4()}"
    try:
        return websocket.create_connection(
            url, cookie=cookie, origin=origin or served.url, timeout=10, subprotocols=protocols
        )
    except websocket.WebSocketBadStatusException as error:
        return error.status_code


def message(kind: str, content: dict[str, Any], channel: str = "shell") -> bytes:
    header = {"msg_id": uuid.uuid4().hex, "msg_type": kind, "username": "", "session": "s", "version": "5.3", "date": ""}
    parts = {"header": header, "parent_header": {}, "metadata": {}, "content": content}
    frame: bytes = serialize_msg_to_ws_v1(parts, channel, lambda part: json.dumps(part).encode())
    return frame


def receive(socket: Any) -> tuple[str, dict[str, Any]]:
    """The kind and content of the next message from the kernel."""
    _channel, (header, _parent, _metadata, content, *_buffers) = deserialize_msg_from_ws_v1(socket.recv())
    return json.loads(header)["msg_type"], json.loads(content)


def answers(socket: Any, seconds: float = 1.5) -> list[str]:
    socket.settimeout(seconds)
    kinds = []
    try:
        while True:
            kinds.append(receive(socket)[0])
    except (websocket.WebSocketException, OSError):
        return kinds


def closing_code(socket: Any, deadline: float) -> int | None:
    """Why the server closed the socket; None if it was still open at `deadline` of the monotonic clock."""
    while (left := deadline - time.monotonic()) > 0:
        socket.settimeout(left)
        try:
            opcode, data = socket.recv_data(control_frame=True)
        except websocket.WebSocketTimeoutException:
            return None
        if opcode == websocket.ABNF.OPCODE_CLOSE:
            return int.from_bytes(data[:2], "big")
    return None
