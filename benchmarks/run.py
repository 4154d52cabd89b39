"""The figures of README.md, measured on a served company made for the occasion."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import requests
from playwright.sync_api import Page, sync_playwright

from benchmarks import crowd
from benchmarks.timing import report, size, table, timed
from crm_lab.connection import Connection, Remote
from crm_lab.services.demo import DEMO_PASSWORD
from tests.company import serve

FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"]
CLICK = """([click, appears]) => new Promise(done => {
  const start = performance.now();
  const seen = () => document.querySelector(appears) && (watch.disconnect(), done(performance.now() - start));
  const watch = new MutationObserver(seen);
  watch.observe(document.body, {childList: true, subtree: true});
  document.querySelector(click).click();
})"""


def measure_start(data: Path) -> None:
    """`crm-lab serve` of a company that exists: until the first page is served, and until who signs in holds the application."""
    first, whole = [], []
    for _ in range(3):
        start = time.perf_counter()
        with serve(data) as served:
            assert requests.get(f"{served.url}/login", timeout=60).ok
            first.append(1000 * (time.perf_counter() - start))
            page = served.login("kari", DEMO_PASSWORD).get(f"{served.url}/crm", timeout=60)
            whole.append(1000 * (time.perf_counter() - start))
            assert page.ok
    report("second start until the first page is served", first, "at most 5000")
    report("second start until the application is there", whole)

KEY = """text => new Promise(done => {
  const [input, list] = [document.querySelector('.crm-search input'), document.querySelector('.pop-list')];
  const watch = new MutationObserver(() => list.textContent.includes(`«${text}»`) && (watch.disconnect(), done(performance.now() - start)));
  watch.observe(list, {childList: true});
  input.focus();
  input.value = text;
  const start = performance.now();
  input.dispatchEvent(new Event('input', {bubbles: true}));
})"""
TYPED = ("no", "nor", "nord", "nordl", "nordly", "byg", "bygg", "bygg o", "hav", "havn", "kari", "anne", "sol", "fjel", "fjell", "tronhdeim", "10042")


def measure_store(socket: str) -> None:
    """Calls over the socket."""
    crm = Connection(Remote(socket, user="kari"))
    timed("service call: sessions.who", crm.sessions.who, 300, "p50 at most 2")
    timed("service call: customers.count", crm.customers.count, 300)
    timed("service call: customers.list", crm.customers.list, 10)
    timed("service call: customers.create", lambda: crm.customers.create(name="Måling AS"), 50)
    crm.close()


def measure_pages(page: Page, url: str, socket: str) -> None:
    """What a browser sees."""
    page.goto(f"{url}/crm/customers")
    page.fill("input[name=username]", "kari")
    page.fill("input[name=password]", DEMO_PASSWORD)
    page.click("button[type=submit]")
    page.wait_for_selector(".crm-tr")

    def reload() -> None:
        page.reload()
        page.wait_for_selector(".crm-tr")

    def clicks(there: tuple[str, str], back: tuple[str, str]) -> list[tuple[float, float]]:
        return [(page.evaluate(CLICK, list(there)), page.evaluate(CLICK, list(back))) for _ in range(21)][1:]

    timed("page to interactive list (warm)", reload, 9, "p50 at most 1500")
    switches = clicks((".nav-foot a", "#f-locale"), (".crm-nav a[data-route=customers]", ".crm-tr"))
    report("screen switch: to the profile", [there for there, _ in switches], "p50 at most 100")
    report("screen switch: back to the list, first rows", [back for _, back in switches], "p50 at most 100")
    crm = Connection(Remote(socket, user="kari"))
    anew = []
    for n in range(11):
        page.evaluate(CLICK, [".nav-foot a", "#f-locale"])
        crm.customers.create(name=f"Måling {n} AS")
        anew.append(page.evaluate(CLICK, [".crm-nav a[data-route=customers]", ".crm-tr"]))
    report("screen switch: to the list read anew", anew[1:], "at most 1000 for 100,000 rows")
    forms = clicks((".page-head a[data-route='customers/new']", ".form-foot"), (".crm-nav a[data-route=customers]", ".crm-tr"))
    report("click on “new customer” to the last of 40 fields", [there for there, _ in forms], "p50 at most 150")
    page.goto(f"{url}/crm/customers/10001")
    page.wait_for_selector("[data-do=rename_start]")
    edits = clicks(("[data-do=rename_start]", "form.rename"), ("[data-do=cancel]", "[data-do=rename_start]"))
    report("search: key to visible hits", [page.evaluate(KEY, text) for text in TYPED], "p50 at most 150, 90 of it the pause after the key")
    report("click to visible change", [t for pair in edits for t in pair], "p50 at most 25")


def main() -> None:
    """Make the company at each scale, serve it, measure."""
    for scale, parties in ((1, "1,195 parties"), (10, "about 12,000"), (83, "about 100,000")):
        size(parties)
        data = Path(tempfile.mkdtemp())
        make = [sys.executable, "-m", "crm_lab", "demo", "--only-make", "--data", str(data), "--scale", str(scale)]
        subprocess.run(make, check=True, capture_output=True)
        try:
            if scale == 1:
                measure_start(data)
            with serve(data) as served, sync_playwright() as playwright:
                measure_store(served.socket)
                browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
                measure_pages(browser.new_page(viewport={"width": 1280, "height": 800}), served.url, served.socket)
                browser.close()
                if scale == 1:
                    crowd.measure(served.url, data)
        finally:
            shutil.rmtree(data, ignore_errors=True)
    print(f"\n{table()}")


if __name__ == "__main__":
    main()
