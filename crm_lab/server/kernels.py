"""Kernels: whose they are, what they may know, how they start, when they end."""

from __future__ import annotations

import asyncio
import json
import os
import select
import signal
import socket
import struct
import time
from queue import Empty
from typing import Any

from jupyter_client.asynchronous import AsyncKernelClient
from jupyter_client.provisioning.local_provisioner import LocalProvisioner
from jupyter_server import CallContext
from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager, ServerKernelManager
from traitlets import Dict, Integer, Unicode, default

from crm_lab.server.web import ZYGOTE_SOCKET

KEPT_ENVIRONMENT = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "PYTHONPATH", "VIRTUAL_ENV", "CRM_DEMO", "JUPYTER_PATH", "CRM_SCRIPTS", "CRM_LOG", "JUPYTER_WIDGETS_ECHO")
PAGE_ENVIRONMENT = ("QUERY_STRING", "SCRIPT_NAME")
DISCONNECTED_LIMIT = 300.0
CONNECTED_LIMIT = 4 * 3600.0


class QuietKernelManager(ServerKernelManager):
    """jupyter_server 2.21 looks for this text here when a cell fails, and breaks the stream without it."""

    traceback_replacement_message = Unicode("Something went wrong. It was logged.").tag(config=True)


class OwnedKernels(AsyncMappingKernelManager):
    """Kernels that belong to the login session whose page started them."""

    max_per_session = Integer(8).tag(config=True)
    kernel_environment = Dict().tag(config=True)
    kernel_name = Unicode("crm-lab").tag(config=True)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.owner: dict[str, str] = {}

    @default("kernel_manager_class")
    def _kernel_manager_class(self) -> str:
        return "crm_lab.server.kernels.QuietKernelManager"

    async def start_kernel(self, *, env: dict[str, str] | None = None, **kwargs: Any) -> str:
        """Start a kernel for the page being served; the session's oldest ones give way above the cap."""
        session = CallContext.get(CallContext.JUPYTER_HANDLER).current_user.session
        self._make_room(session)
        given = env or {}
        keep = {k: v for k, v in os.environ.items() if k in KEPT_ENVIRONMENT}
        keep |= {k: v for k, v in given.items() if k in PAGE_ENVIRONMENT or k.startswith("VOILA_")}
        kwargs["kernel_name"] = self.kernel_name
        kernel_id: str = await super().start_kernel(
            env=keep | dict(self.kernel_environment) | {"CRM_SESSION": session}, **kwargs
        )
        self.owner[kernel_id] = session
        return kernel_id

    def _make_room(self, session: str) -> None:
        mine = [k for k in self.list_kernel_ids() if self.owner.get(k) == session]
        mine.sort(key=lambda k: self._kernels[k].last_activity)
        for kernel_id in mine[: max(0, len(mine) - self.max_per_session + 1)]:
            asyncio.ensure_future(self.shutdown_kernel(kernel_id, now=True))  # noqa: RUF006 - the manager keeps it

    async def shutdown_kernel(self, kernel_id: str, *args: Any, **kwargs: Any) -> None:
        """End a kernel and forget its owner; one that has ended already is no fault."""
        self.owner.pop(kernel_id, None)
        if kernel_id in self:
            await super().shutdown_kernel(kernel_id, *args, **kwargs)

    async def end_session(self, session: str) -> None:
        """End every kernel of a login session."""
        mine = [k for k, s in self.owner.items() if s == session and k in self]
        await asyncio.gather(*(self.shutdown_kernel(k, now=True) for k in mine), return_exceptions=True)

    async def cull_kernel_if_idle(self, kernel_id: str) -> None:
        """End kernels without a page after five minutes, idle pages after four hours."""
        kernel = self._kernels.get(kernel_id)
        if kernel is None or kernel.execution_state == "busy":
            return
        idle = time.time() - kernel.last_activity.timestamp()
        if idle > (CONNECTED_LIMIT if self._kernel_connections.get(kernel_id, 0) else DISCONNECTED_LIMIT):
            await self.shutdown_kernel(kernel_id)


class ForkedProcess:
    """A forked kernel, with as much of Popen's interface as jupyter_client asks for."""

    stdin = stdout = stderr = None

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._handle = os.pidfd_open(pid)

    def poll(self) -> int | None:
        """0 once the process has ended, None before."""
        if self.returncode is None and select.select([self._handle], [], [], 0)[0]:
            self.returncode = 0
            os.close(self._handle)
        return self.returncode

    wait = poll

    def send_signal(self, number: int) -> None:
        """Signal the process if it still runs."""
        if self.poll() is None:
            signal.pidfd_send_signal(self._handle, number)  # type: ignore[attr-defined,unused-ignore]

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)


class ForkProvisioner(LocalProvisioner):
    """Starts kernels by asking the fork server; where there is none, as ordinary processes."""

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> Any:
        """Start one kernel and return its connection facts."""
        path = os.environ.get(ZYGOTE_SOCKET, "")
        if not path or not os.path.exists(path):  # noqa: ASYNC240, PTH110 - one stat of a local socket
            return await super().launch_kernel(cmd, **kwargs)
        cwd = str(kwargs.get("cwd") or os.getcwd())  # noqa: PTH109
        request = {
            "env": kwargs.get("env") or dict(os.environ),
            "cwd": cwd,
            "connection_file": self.parent.connection_file,
        }
        try:
            pid = await asyncio.get_running_loop().run_in_executor(None, ask_zygote, path, request)
        except OSError:  # it ended a moment ago, and is being started again
            return await super().launch_kernel(cmd, **kwargs)
        self.process = ForkedProcess(pid)  # type: ignore[assignment]
        self.pid = self.pgid = pid  # the child called setsid
        self.cwd = cwd
        return self.connection_info


def ask_zygote(path: str, request: dict[str, Any]) -> int:
    """Have a kernel forked; its process number."""
    body = json.dumps(request).encode()
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(10)
        connection.connect(path)
        connection.sendall(struct.pack("!I", len(body)) + body)
        answer = connection.makefile("rb").read(4)
    if len(answer) < 4:  # noqa: PLR2004 - a process number
        message = "the fork server closed the connection"
        raise ConnectionError(message)
    return int(struct.unpack("!I", answer)[0])


class QuickClient(AsyncKernelClient):
    """Waits for a kernel in steps of 30 ms, not 200."""

    async def wait_for_ready(self, timeout: float | None = None) -> None:  # noqa: ASYNC109
        """Return once the kernel answers on both channels."""
        deadline = time.monotonic() + (timeout or 60.0)
        while not await self._answers():
            if not await self._async_is_alive():
                message = "the kernel ended before it was ready"
                raise RuntimeError(message)
            if time.monotonic() > deadline:
                message = "the kernel did not become ready"
                raise RuntimeError(message)
        try:
            while True:
                await self.iopub_channel.get_msg(timeout=0.02)
        except Empty:
            return

    async def _answers(self) -> bool:
        self.kernel_info()
        try:
            message = await self.shell_channel.get_msg(timeout=1)
            if message["msg_type"] != "kernel_info_reply":
                return False
            await self.iopub_channel.get_msg(timeout=0.03)
        except Empty:
            return False
        self._handle_kernel_info_reply(message)
        return True

    _async_wait_for_ready = wait_for_ready
