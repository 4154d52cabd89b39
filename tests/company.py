"""A company behind `crm-lab serve`, for tests that need the real processes."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import requests

from crm_lab.connection import Connection, Local
from crm_lab.domain.access import Role
from crm_lab.services.company import create_company
from crm_lab.store.engine import Database

if TYPE_CHECKING:
    from collections.abc import Iterator

CALLS_SECRET = "til-prove-bare-i-testene"
PASSWORD = "hemmelig-nok"


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def wait_for(url: str, seconds: float = 60) -> None:
    """Return once the URL answers 200."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if requests.get(url, timeout=2).status_code == 200:
                return
        except requests.ConnectionError:
            pass
        time.sleep(0.1)
    raise TimeoutError(url)


@dataclass
class Served:
    """A company behind `crm-lab serve`."""

    url: str
    data: Path
    process: subprocess.Popen[bytes]

    @property
    def socket(self) -> str:
        return str(self.data / "store.sock")

    def login(self, username: str, password: str = PASSWORD) -> requests.Session:
        """A browser's session without a browser."""
        session = requests.Session()
        page = session.get(f"{self.url}/login", timeout=10).text
        token = re.search(r'name="_xsrf" value="([^"]+)"', page)
        assert token
        form = {"username": username, "password": password, "_xsrf": token[1], "next": "/crm"}
        session.post(f"{self.url}/login", data=form, allow_redirects=False, timeout=20)
        return session


def make_company(data: Path, name: str = "Test AS") -> None:
    """A company with kari (administrator), ola (seller) and one customer."""
    database = Database(f"duckdb:///{data / 'crm.duckdb'}")
    create_company(database, name=name, username="kari", admin_name="Kari Nordmann", password=PASSWORD)
    crm = Connection(Local(database, user="kari"))
    crm.employees.add(username="ola", name="Ola Hansen", password=PASSWORD, roles=(Role.SELLER,))
    crm.customers.create(name="Nordlys Bygg AS", organisation_number="923609016", phone="22 22 22 22")
    database.close()


@contextmanager
def serve(data: Path, **settings: str) -> Iterator[Served]:
    """`crm-lab serve` on a port of its own, with further settings."""
    port = free_port()
    command = [sys.executable, "-m", "crm_lab", "serve", "--data", str(data), "--port", str(port)]
    with (data / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env=os.environ | {"CRM_CALLS_SECRET": CALLS_SECRET} | settings)
    url = f"http://127.0.0.1:{port}"
    wait_for(f"{url}/healthz")
    yield Served(url, data, process)
    process.send_signal(signal.SIGTERM)
    process.wait(30)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A company behind `crm-lab serve`, the same for a whole module."""
    data = tmp_path_factory.mktemp("co")
    make_company(data)
    with serve(data) as company:
        yield company
