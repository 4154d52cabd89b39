"""The figures of README.md, measured on a served company made for the occasion."""

from __future__ import annotations

import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from playwright.sync_api import Page, sync_playwright

from crm_lab.connection import Connection, Remote
from crm_lab.services.company import DEMO_PASSWORD
from tests.company import free_port, wait_for

if TYPE_CHECKING:
    from collections.abc import Callable

FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"]


def timed(name: str, action: Callable[[], Any], times: int) -> None:
    """Print the median and the 95th percentile of an action, in milliseconds."""
    action()
    took = []
    for _ in range(times):
        start = time.perf_counter()
        action()
        took.append(1000 * (time.perf_counter() - start))
    took.sort()
    print(f"{name:<44} p50 {statistics.median(took):8.1f} ms   p95 {took[int(0.95 * times)]:8.1f} ms")


def measure_store(socket: str) -> None:
    """Calls over the socket."""
    crm = Connection(Remote(socket, user="kari"))
    timed("service call: sessions.who", crm.sessions.who, 300)
    timed("service call: customers.count", crm.customers.count, 300)
    timed(f"customers.list, {crm.customers.count()} rows", crm.customers.list, 10)
    timed("customers.create", lambda: crm.customers.create(name="Måling AS"), 50)
    crm.close()


def measure_pages(page: Page, url: str) -> None:
    """What a browser sees."""
    page.goto(f"{url}/crm")
    page.fill("input[name=username]", "kari")
    page.fill("input[name=password]", DEMO_PASSWORD)
    page.click("button[type=submit]")
    page.wait_for_selector(".crm-tr")

    def reload() -> None:
        page.reload()
        page.wait_for_selector(".crm-tr")

    def to_profile_and_back() -> None:
        page.click(".nav-foot a")
        page.wait_for_selector("#f-locale")
        page.click(".crm-nav a[data-route=customers]")
        page.wait_for_selector(".crm-tr")

    timed("page to interactive list (warm)", reload, 7)
    timed("two screen switches (profile and list)", to_profile_and_back, 20)


def main() -> None:
    """Make the company at each scale, serve it, measure."""
    for scale in (1, 10, 83):
        data = Path(tempfile.mkdtemp())
        make = [sys.executable, "-m", "crm_lab", "demo", "--only-make", "--data", str(data), "--scale", str(scale)]
        subprocess.run(make, check=True, capture_output=True)
        port = free_port()
        serve = [sys.executable, "-m", "crm_lab", "serve", "--data", str(data), "--port", str(port)]
        server = subprocess.Popen(serve, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        url = f"http://127.0.0.1:{port}"
        try:
            wait_for(f"{url}/healthz")
            print(f"\nscale {scale}")
            measure_store(str(data / "store.sock"))
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
                measure_pages(browser.new_page(viewport={"width": 1280, "height": 800}), url)
                browser.close()
        finally:
            server.terminate()
            server.wait(30)
            shutil.rmtree(data, ignore_errors=True)


if __name__ == "__main__":
    main()
