"""`crm-lab serve` and `crm-lab demo` from a shell."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from crm_lab.cli import main
from crm_lab.connection import Connection, Remote
from crm_lab.server.supervisor import PortTaken, require_free
from tests.company import Served, free_port, make_company, serve
from tests.server.sockets import page

if TYPE_CHECKING:
    from pathlib import Path


def test_a_taken_port_is_told_in_one_sentence(tmp_path: Path) -> None:
    make_company(tmp_path)
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        result = CliRunner().invoke(main, ["serve", "--data", str(tmp_path), "--port", str(port)])
    assert result.exit_code == 2
    assert f"127.0.0.1:{port} er ikke ledig" in result.output
    assert "Traceback" not in result.output


def test_a_free_port_is_free() -> None:
    port = free_port()
    require_free("127.0.0.1", port)
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        other.listen()
        with pytest.raises(PortTaken):
            require_free("127.0.0.1", port)


@pytest.mark.fault
def test_a_second_serve_of_the_same_company_says_who_holds_it(served: Served) -> None:
    command = [sys.executable, "-m", "crm_lab", "serve", "--data", str(served.data), "--port", str(free_port())]
    second = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert second.returncode == 2
    assert "Traceback" not in second.stderr
    assert str(served.data) in second.stderr
    assert served.login("kari").get(f"{served.url}/healthz", timeout=5).status_code == 200


def test_it_stops_at_once_and_cleanly_though_pages_wait_for_news(tmp_path: Path) -> None:
    make_company(tmp_path)
    with serve(tmp_path) as served:
        page(served, served.login("kari"))
        crm = Connection(Remote(served.socket, user="kari", patience=0))
        with ThreadPoolExecutor(1) as others:
            waiting = others.submit(crm.changes.wait, after=crm.changes.wait(), timeout=50)
            served.process.send_signal(signal.SIGTERM)
            assert served.process.wait(20) == 0
            waiting.result(5)
        crm.close()
    log = (tmp_path / "log").read_text(encoding="utf-8")
    assert "Traceback" not in log and "Exception" not in log, log
    assert sorted(path.name for path in tmp_path.iterdir()) == ["crm.duckdb", "log", "web"]
