"""`crm-lab serve`: starts the store and the web server, and starts them again when they stop."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType

import structlog

from crm_lab.errors import Unavailable
from crm_lab.i18n import _
from crm_lab.server import logs

log = structlog.get_logger()
LONGEST_PAUSE = 10.0
STEADY = 30.0
HELD = 2

FOR_STORE = (
    "CRM_URL", "CRM_REGISTER_URL", "CRM_DOCUMENTS", "CRM_LARGEST_DOCUMENT", "CRM_CALLS_SECRET", "CRM_CALLS_KEPT_DAYS", "CRM_CALLS_UNKNOWN", "CRM_AMI", "CRM_TRACES",
    "CRM_SECRET_KEY", "CRM_LARGEST_MAIL", "CRM_OIDC_ISSUER", "CRM_OIDC_CLIENT_ID", "CRM_OIDC_CLIENT_SECRET", "CRM_OIDC_NAME", "CRM_OIDC_MATCH",
    "CRM_OIDC_ONLY", "CRM_HUB_SECRET",
)
"""The settings that the store alone needs; some of them are secrets."""


FOR_BOTH = ("CRM_LOG", "CRM_METRICS_TOKEN")


class PortTaken(Unavailable):
    """Another program listens where we should."""


def require_free(host: str, port: int) -> None:
    """Raise `PortTaken` where another program listens."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise PortTaken(
                _("{host}:{port} is not free: {reason}. Choose another with --port.", host=host, port=port, reason=error.strerror)
            ) from error


class Child:
    """One process that should always run."""

    def __init__(self, name: str, command: list[str], environment: dict[str, str]) -> None:
        self.name, self._command, self._environment = name, command, environment
        self._process: subprocess.Popen[bytes] | None = None
        self._started, self._pause, self._next = 0.0, 0.2, 0.0

    def start(self) -> None:
        """Start the process."""
        self._started = time.monotonic()
        self._process = subprocess.Popen(self._command, env=self._environment)  # noqa: S603 - our own modules

    def look(self) -> int | None:
        """Start it again, after a growing pause, if it stopped; its exit code just then."""
        code = self._process.poll() if self._process else None
        if code is None:
            return None
        now = time.monotonic()
        if not self._next:
            self._pause = 0.2 if now - self._started > STEADY else min(self._pause * 2, LONGEST_PAUSE)
            self._next = now + (0.05 if now - self._started > STEADY else self._pause)
            log.warning("process stopped, starting it again", process=self.name, code=code)
        elif now >= self._next:
            self._next = 0.0
            self.start()
        return code

    def stop(self) -> None:
        """Ask it to stop, then insist."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.terminate()
        try:
            self._process.wait(8)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


class Supervisor:
    """The two processes of an installation on one machine.

    Raises
    ------
    PortTaken
        When another program listens where the web server should.
    """

    def __init__(
        self,
        data: Path,
        *,
        host: str = "127.0.0.1",
        port: int = 8866,
        base_url: str = "/",
        trust_proxy: str = "",
        demo: bool = False,
    ) -> None:
        require_free(host, port)
        data = data.absolute()
        store = data / "store.sock"
        environment = {k: v for k, v in os.environ.items() if not k.startswith("CRM_")}
        environment |= {"CRM_DATA": str(data), "PYTHONUNBUFFERED": "1"} | ({"CRM_DEMO": "1"} if demo else {})
        environment |= {name: os.environ[name] for name in FOR_BOTH if name in os.environ}
        outside = {name: os.environ[name] for name in FOR_STORE if name in os.environ}
        web = ["--socket", str(store), "--host", host, "--port", str(port), "--base-url", base_url]
        web += ["--state-dir", str(data / "web")] + (["--trust-proxy", trust_proxy] if trust_proxy else [])
        python = [sys.executable, "-m"]
        self._store = Child("store", [*python, "crm_lab.server.api"], environment | outside)
        self._web = Child("web", [*python, "crm_lab.server.web", *web], environment)
        self._stopping = False

    def run(self) -> int:
        """Run until told to stop; the exit code."""
        logs.set_up("supervisor")
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        self._store.start()
        self._web.start()
        code = 0
        while not self._stopping:
            time.sleep(0.1)
            if self._store.look() == HELD:
                code = HELD
                break
            self._web.look()
        self._web.stop()
        self._store.stop()
        return code

    def _stop(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        self._stopping = True
