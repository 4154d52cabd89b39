"""The fork server: imports the application once, then forks a kernel per page in a quarter of a second.

Only one thread may run before a fork, so nothing that starts one (duckdb, OpenBLAS pools) is imported here.
Started as `python -m crm_lab.server.zygote SOCKET`; a request is a length-prefixed JSON object
`{env, cwd, connection_file}`, the answer the kernel's process number.
"""

from __future__ import annotations

import ctypes
import gc
import importlib
import json
import logging
import os
import random
import select
import signal
import socket
import struct
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog

from crm_lab.server import logs

if TYPE_CHECKING:
    from collections.abc import Iterator

os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = "1"
sys.modules["debugpy"] = None  # type: ignore[assignment]

PRELOADED = (
    "pandas",
    "ipywidgets",
    "anywidget",
    "httpcore",
    "sqlalchemy",
    "ipykernel.kernelapp",
    "ipykernel.ipkernel",
    "ipykernel.zmqshell",
    "ipykernel.heartbeat",
    "ipykernel.comm.manager",
    "IPython.core.completer",
    "jupyter_client.connect",
    "tornado.platform.asyncio",
    "jedi",
    "crm_lab.connection",
    "crm_lab.widgets.shell",
)
REHEARSAL = "crm_lab.widgets.rehearsal"
KERNEL_ARGUMENTS = [
    "--IPKernelApp.capture_fd_output=False",
    "--HistoryManager.enabled=False",
    "--IPKernelApp.log_level=50",
]
PR_SET_PDEATHSIG = 1


def die_with_parent() -> None:
    """Ask Linux to end this process when its parent ends, however that ends."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def log_errors(shell: Any) -> None:
    """Errors in callbacks go to the log with a reference, not to the page."""

    def show(*_args: Any, **_kwargs: Any) -> None:
        reference = os.urandom(4).hex()
        if os.environ.get("CRM_LOG") == "json":
            structlog.get_logger().error("kernel error", reference=reference, exc_info=True)
            return
        text = f"kernel error {reference} pid {os.getpid()}\n{traceback.format_exc()}"
        os.write(2, text.encode())

    shell.showtraceback = show


def become_kernel(request: dict[str, Any]) -> None:
    """Turn this forked child into an IPython kernel; returns when the kernel ends."""
    os.setsid()
    die_with_parent()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.environ.clear()
    os.environ.update(request["env"], OPENBLAS_NUM_THREADS="1")
    os.chdir(request["cwd"])
    random.seed()
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed()
    from ipykernel.kernelapp import IPKernelApp
    from ipywidgets import register_comm_target

    sys.argv = ["ipykernel_launcher", "-f", request["connection_file"], *KERNEL_ARGUMENTS]
    app = IPKernelApp.instance()
    app.initialize(sys.argv[1:])
    app.log_level = logging.ERROR  # while it began, anything below CRITICAL would have printed how to attach to it
    log_errors(app.shell)
    logs.set_up("kernel")
    register_comm_target()  # ipywidgets does so when imported in a kernel; it was imported before there was one
    app.start()


def receive(connection: socket.socket) -> dict[str, Any]:
    """One request."""
    stream = connection.makefile("rb")
    (length,) = struct.unpack("!I", stream.read(4))
    request: dict[str, Any] = json.loads(stream.read(length))
    return request


def listen(path: Path) -> socket.socket:
    """The socket that requests come to; those that come before there is somebody to answer wait in it."""
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX)
    old = os.umask(0o177)
    listener.bind(str(path))
    os.umask(old)
    listener.listen(64)
    return listener


def serve(listener: socket.socket, rehearsal: Iterator[None]) -> None:
    """Answer requests until killed; while none waits, go on with the rehearsal."""
    signal.signal(signal.SIGCHLD, reap)
    while True:
        while not select.select([listener], [], [], 0)[0] and next(rehearsal, listener) is not listener:
            pass
        connection, _address = listener.accept()
        connection.settimeout(5)
        try:
            request = receive(connection)
            pid = os.fork()
            if pid == 0:
                connection.close()
                listener.close()
                run_child(request)
            connection.sendall(struct.pack("!I", pid))
        except (OSError, ValueError, struct.error) as error:
            os.write(2, f"zygote: {error}\n".encode())
        finally:
            connection.close()


def run_child(request: dict[str, Any]) -> None:
    """Be a kernel, and never return into the server's loop."""
    try:
        become_kernel(request)
    except SystemExit:
        pass
    except BaseException:  # noqa: BLE001 - a child must not run on as a second server
        traceback.print_exc()
    finally:
        os._exit(0)


def reap(*_args: Any) -> None:
    """Collect ended kernels."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def main() -> None:
    """Listen, import everything, freeze it out of the garbage collector's sight, answer and rehearse."""
    die_with_parent()
    listener = listen(Path(sys.argv[1]))
    for name in PRELOADED:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()
    serve(listener, importlib.import_module(REHEARSAL).rehearse())


if __name__ == "__main__":
    main()
