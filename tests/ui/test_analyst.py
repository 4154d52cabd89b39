"""A lone analyst's plain `voila notebooks/crm.ipynb`: the same application, as the local user, without our server."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Browser, expect

from tests.company import free_port, make_company, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.browser
ROOT = Path(__file__).parents[2]


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    make_company(tmp_path)
    port = free_port()
    command = [sys.executable, "-m", "voila", "notebooks/crm.ipynb", "--no-browser", f"--port={port}", "--Voila.port_retries=0"]
    environment = {**os.environ, "CRM_DATA": str(tmp_path), "CRM_USER": "kari"}
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
    address = f"http://127.0.0.1:{port}"
    wait_for(f"{address}/voila/static/voila.js")
    yield address
    process.terminate()
    process.wait(20)


def test_the_application_works_without_our_server(chromium: Browser, url: str) -> None:
    page = chromium.new_page()
    page.goto(url)
    expect(page.locator(".crm-main h1")).to_contain_text("Kari", timeout=30_000)
    page.click(".crm-nav a[data-route=customers]")
    expect(page.locator(".crm-main h1")).to_have_text("Kunder")
    page.click("text=Nordlys Bygg AS")
    expect(page.locator("h1")).to_contain_text("Nordlys Bygg AS")
    page.click(".crumbs a")
    expect(page.locator("h1")).to_have_text("Kunder")
    page.close()
