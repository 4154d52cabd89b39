"""Many employees at once: each with a login, a page and a kernel of its own, acting once a second."""

from __future__ import annotations

import json
import os
import random
import re
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests
import websocket
from jupyter_server.services.kernels.connection.base import deserialize_msg_from_ws_v1, serialize_msg_to_ws_v1

from benchmarks.timing import note, report
from crm_lab.services.demo import DEMO_PASSWORD

if TYPE_CHECKING:
    from collections.abc import Iterator

CROWD = 25
SECONDS = 20
PROTOCOL = "v1.kernel.websocket.jupyter.org"


class Visitor:
    """A browser without a window: it logs in, loads the page and moves from screen to screen."""

    def __init__(self, url: str, username: str) -> None:
        self._session = requests.Session()
        token = re.search(r'name="_xsrf" value="([^"]+)"', self._session.get(f"{url}/login", timeout=30).text)
        assert token
        form = {"username": username, "password": DEMO_PASSWORD, "_xsrf": token[1], "next": "/crm"}
        page = self._session.post(f"{url}/login", data=form, timeout=60).text
        kernel = re.search(r'"kernelId": ?"([^"]+)"', page)
        assert kernel
        self._socket = websocket.create_connection(
            f"{url.replace('http', 'ws')}/api/kernels/{kernel[1]}/channels?session_id={uuid.uuid4()}",
            cookie="; ".join(f"{c.name}={c.value}" for c in self._session.cookies), origin=url, timeout=30,
            subprotocols=[PROTOCOL],
        )  # fmt: skip
        self._router = self._find_router()

    def _send(self, kind: str, content: dict[str, Any], **metadata: Any) -> str:
        header = {
            "msg_id": uuid.uuid4().hex, "msg_type": kind, "username": "", "session": "s", "version": "5.3", "date": "",
        }  # fmt: skip
        parts = {"header": header, "parent_header": {}, "metadata": metadata, "content": content}
        self._socket.send_binary(serialize_msg_to_ws_v1(parts, "shell", lambda part: json.dumps(part).encode()))
        return str(header["msg_id"])

    def _answers(self, to: str) -> Iterator[dict[str, Any]]:
        """The contents of everything the kernel says about a message, until it is idle again."""
        while True:
            _channel, (header, parent, _metadata, content, *_buffers) = deserialize_msg_from_ws_v1(self._socket.recv())
            if json.loads(parent).get("msg_id") != to:
                continue
            answer = json.loads(content)
            yield answer
            if json.loads(header)["msg_type"] == "status" and answer["execution_state"] == "idle":
                return

    def _find_router(self) -> str:
        comm = uuid.uuid4().hex
        opened = {"comm_id": comm, "target_name": "jupyter.widget.control", "data": {}}
        list(self._answers(self._send("comm_open", opened, version="1.0.0")))
        asked = self._send("comm_msg", {"comm_id": comm, "data": {"method": "request_states"}})
        states = next(a["data"]["states"] for a in self._answers(asked) if a.get("data", {}).get("states"))
        return next(str(model) for model, state in states.items() if "path" in state["state"])

    def show(self, path: str) -> float:
        """Switch to a screen; the milliseconds until the kernel has sent all of it."""
        start = time.perf_counter()
        data = {"method": "update", "state": {"path": path}, "buffer_paths": []}
        drawn = [a for a in self._answers(self._send("comm_msg", {"comm_id": self._router, "data": data})) if "data" in a]
        assert drawn, "nothing was drawn"
        return 1000 * (time.perf_counter() - start)

    def close(self) -> None:
        """Leave."""
        self._socket.close()


def _act(visitor: Visitor, number: int) -> list[float]:
    """A screen switch a second, not in step with the others."""
    took = []
    time.sleep(number / CROWD)
    for second in range(SECONDS):
        path = "customers/new" if second % 2 else f"customers/{10001 + number * SECONDS + second}"
        took.append(visitor.show(path))
        time.sleep(max(0, 1 - took[-1] / 1000 + random.uniform(-0.05, 0.05)))
    return took[1:]


def kernel_memory(data: Path) -> float:
    """Mean proportional set size of the kernels of a served company, in megabytes (Linux)."""
    sizes = []
    for entry in Path("/proc").iterdir():
        try:
            command = (entry / "cmdline").read_bytes() if entry.name.isdigit() else b""
            if str(data).encode() not in command or b"crm_lab.server.zygote" not in command:
                continue
            rollup = (entry / "smaps_rollup").read_text()
        except OSError:
            continue
        pss = re.search(r"^Pss:\s+(\d+) kB", rollup, re.MULTILINE)
        sizes.append(int(pss[1]) / 1024 if pss else 0)
    return (sum(sizes) / len(sizes)) if sizes else 0.0


PARTS = {"store": b"crm_lab.server.api", "web server": b"crm_lab.server.web", "kernels": b"crm_lab.server.zygote"}


def processor(data: Path) -> dict[str, float]:
    """Seconds of processor that the parts of a served company have used so far (Linux)."""
    used = dict.fromkeys(PARTS, 0.0)
    for entry in Path("/proc").iterdir():
        try:
            command = (entry / "cmdline").read_bytes() if entry.name.isdigit() else b""
            if str(data).encode() not in command + (entry / "environ").read_bytes():
                continue
            times = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        for part, module in PARTS.items():
            if module in command:
                used[part] += (int(times[11]) + int(times[12])) / os.sysconf("SC_CLK_TCK")
    return used


def measure(url: str, data: Path) -> None:
    """25 sessions acting once a second; what a kernel costs."""
    visitors = [Visitor(url, "kari") for _ in range(CROWD)]
    note("memory of a kernel (PSS)", f"{kernel_memory(data):.1f} MB", "at most 70 MB")

    before = processor(data)
    with ThreadPoolExecutor(CROWD) as threads:
        took = list(threads.map(_act, visitors, range(CROWD)))
    n = sum(map(len, took))
    spent = {part: 1000 * (seconds - before.get(part, 0.0)) / n for part, seconds in processor(data).items()}
    note("processor for a switch", ", ".join(f"{part} {ms:.1f} ms" for part, ms in spent.items()))
    report(f"{CROWD} sessions, each a screen switch a second", list(chain(*took)), "p95 at most 150")
    for visitor in visitors:
        visitor.close()
