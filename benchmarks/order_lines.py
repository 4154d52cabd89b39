"""An order of 200 lines in a browser: from a key to the sums on screen, and what of it the browser itself works.

Run as `python -m benchmarks.order_lines`; it makes the demo company in a folder of its own, serves it, and needs Chromium.
"""

from __future__ import annotations

import os
import statistics
import tempfile
from decimal import Decimal
from pathlib import Path
from uuid import UUID

from playwright.sync_api import Page, sync_playwright

from benchmarks.timing import note
from crm_lab.connection import Connection, Remote
from crm_lab.domain.ids import new_id
from crm_lab.domain.orders import OrderLine
from tests.company import PASSWORD, make_company, serve

LINES, CHANGES = 200, 30
CHANGE = """async n => {
  const sums = document.querySelector('.lines-sums'), fields = [...document.querySelectorAll('.lines input[name=quantity]')];
  const took = [];
  for (let i = 0; i < n; i++) {
    const field = fields[i * 5 % fields.length];
    field.focus();
    await new Promise(r => setTimeout(r, 80));
    const since = performance.now();
    const shown = new Promise(r => new MutationObserver((_, o) => { o.disconnect(); requestAnimationFrame(() => setTimeout(r)); }).observe(sums, {childList: true}));
    field.value = String(3 + i + n);
    field.dispatchEvent(new Event('input', {bubbles: true}));
    await shown;
    took.push(performance.now() - since);
  }
  return took;
}"""


def main() -> None:
    """All figures."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        make_company(data)
        with serve(data) as served, sync_playwright() as playwright:
            order = long_order(served.data)
            browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--headless", "--no-sandbox", "--disable-gpu"])
            page = browser.new_page(viewport={"width": 1280, "height": 900}, locale="nb-NO")
            page.goto(f"{served.url}/crm/orders/{order}")
            page.fill("input[name=username]", "kari")
            page.fill("input[name=password]", PASSWORD)
            page.click("button[type=submit]")
            page.wait_for_selector(f".crm-lines tbody tr:nth-child({LINES})")
            measure(page)
            browser.close()


def long_order(data: Path) -> UUID:
    """An order of so many lines."""
    crm = Connection(Remote(str(data / "store.sock"), user="kari"))
    party = crm.customers.create(name="Lang AS", email="lang@lang.example")
    lines = tuple(OrderLine(id=new_id(), text=f"Vare {n}", price=Decimal(100)) for n in range(LINES))
    key: UUID = crm.orders.create(customer_id=party.id, lines=lines).id
    return key


def measure(page: Page) -> None:
    """Change fields after a warm-up, with the machine's load told."""
    page.evaluate(CHANGE, 5)
    tools = page.context.new_cdp_session(page)
    tools.send("Performance.enable", {"timeDomain": "threadTicks"})
    before, took, after = browser_work(tools), page.evaluate(CHANGE, CHANGES), browser_work(tools)
    note(f"a change among {LINES} lines, to the sums on screen", f"median {statistics.median(took):.0f} ms, worst {max(took):.0f} ms", "at most 50")
    note("of which the browser works", f"{(after - before) * 1000 / CHANGES:.0f} ms")
    note("load of the machine", f"{os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


def browser_work(tools: object) -> float:
    """Seconds the page's thread has worked."""
    told = tools.send("Performance.getMetrics")["metrics"]  # type: ignore[attr-defined]
    return next(float(one["value"]) for one in told if one["name"] == "TaskDuration")


if __name__ == "__main__":
    main()
