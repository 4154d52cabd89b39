"""What a page does without its network, its kernel, its session or the store: says so, loses nothing, comes back."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import psutil
import pytest
from playwright.sync_api import Page, expect

from tests.company import wait_for
from tests.ui.wire import Wire

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.company import Served

pytestmark = [pytest.mark.browser, pytest.mark.fault]
OFFLINE, DEAD, EXPIRED = "Mistet kontakten", "Programmet stoppet", "Økten er utløpt"


def processes(served: Served, module: str) -> list[psutil.Process]:
    """Processes of the company that run a module, the eldest first."""
    found = [p for p in psutil.Process(served.process.pid).children(recursive=True) if module in " ".join(p.cmdline())]
    return sorted(found, key=lambda p: (p.create_time(), p.pid))


@pytest.fixture
def wire(served: Served) -> Wire:
    return Wire(urlsplit(served.url).port)


def banner(page: Page):
    return page.locator("#crm-connection")


def rename(page: Page, name: str) -> None:
    """Something only a live kernel does."""
    page.keyboard.press("F2")
    page.fill(".rename input", name)
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text(name)


@pytest.mark.slow
def test_thirty_seconds_without_network_lose_nothing(visit: Callable[..., Page], wire: Wire) -> None:
    page = visit("kari", "customers/10001", at=wire.url)
    page.click(".crumbs a")
    page.keyboard.press("n")
    page.keyboard.press("k")
    page.check("[name=kind][value=supplier]", force=True)
    page.fill("#f-name", "Skrevet før bruddet AS")
    wire.cut()
    expect(banner(page)).to_contain_text(OFFLINE)
    page.wait_for_timeout(30_000)
    with pytest.raises(Exception, match="Timeout"):
        page.click("form button[type=submit]", timeout=1000)
    page.keyboard.press("Control+s")
    wire.mend()
    expect(banner(page)).to_be_hidden(timeout=15_000)
    expect(page.locator("#f-name")).to_have_value("Skrevet før bruddet AS")
    expect(page.locator("#f-name")).to_be_focused()
    assert page.url.endswith("/customers/new"), "what was pressed while away was done after all"
    expect(page.locator(".nav-more")).to_contain_text("Nordlys Bygg AS")
    page.keyboard.press("Control+s")
    expect(page.locator("h1")).to_contain_text("Skrevet før bruddet AS")
    expect(page.locator(".facts")).to_contain_text("Leverandør")


def test_what_others_did_meanwhile_is_shown(visit: Callable[..., Page], wire: Wire) -> None:
    away, here = visit("ola", at=wire.url), visit("kari", "customers/new")
    wire.cut()
    expect(banner(away)).to_contain_text(OFFLINE)
    here.fill("#f-name", "Ny i mellomtiden AS")
    here.keyboard.press("Control+s")
    expect(here.locator("h1")).to_contain_text("Ny i mellomtiden AS")
    wire.mend()
    expect(away.locator(".crm-tr:not([hidden])").filter(has_text="Ny i mellomtiden AS")).to_have_count(1, timeout=15_000)


@pytest.mark.slow
def test_a_network_that_fails_silently_is_noticed_by_a_click(visit: Callable[..., Page], wire: Wire) -> None:
    page = visit("kari", "customers/10001", at=wire.url)
    wire.silence()
    page.click("[data-do=rename_start]")
    expect(banner(page)).to_contain_text(OFFLINE, timeout=20_000)
    wire.mend()
    expect(banner(page)).to_be_hidden(timeout=15_000)
    page.click(".crumbs a")
    expect(page.locator("h1")).to_have_text("Kunder")


def test_the_browser_says_that_it_is_offline(visit: Callable[..., Page]) -> None:
    page = visit("kari", "customers/10001")
    page.context.set_offline(True)
    expect(banner(page)).to_contain_text(OFFLINE)
    page.context.set_offline(False)
    expect(banner(page)).to_be_hidden()
    rename(page, "Nordlys Bygg AS")


def test_a_dead_kernel_offers_a_reload(visit: Callable[..., Page], served: Served) -> None:
    page = visit("kari", "customers/10001")
    processes(served, "crm_lab.server.zygote")[-1].send_signal(signal.SIGKILL)
    expect(banner(page)).to_contain_text(DEAD, timeout=20_000)
    expect(banner(page).locator("button")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".crm-main h1")).to_contain_text("Nordlys Bygg AS")
    rename(page, "Nordlys Bygg AS")


def test_a_session_that_ends_elsewhere_leads_to_the_login(visit: Callable[..., Page]) -> None:
    page = visit("ola")
    other = page.context.new_page()
    other.goto(page.url)
    other.locator(".crm-main h1").wait_for()
    other.evaluate("document.querySelector('[data-logout]').click()")
    other.wait_for_selector("input[name=username]")
    expect(banner(page)).to_contain_text(EXPIRED, timeout=20_000)
    banner(page).locator("button").click()
    page.wait_for_selector("input[name=username]")


def test_a_page_outlives_the_store(visit: Callable[..., Page], served: Served) -> None:
    page = visit("kari", "customers/10001")
    supervisor = psutil.Process(served.process.pid)
    supervisor.suspend()  # nobody starts the store again meanwhile
    try:
        (store,) = processes(served, "crm_lab.server.api")
        os.kill(store.pid, signal.SIGKILL)
        notice = page.locator(".crm-notice")
        expect(notice).to_contain_text("prøver igjen", timeout=20_000, ignore_case=True)
    finally:
        supervisor.resume()
    expect(notice).to_be_hidden(timeout=20_000)
    rename(page, "Nordlys Bygg AS")


def test_a_restarted_web_server_is_a_reload(visit: Callable[..., Page], served: Served) -> None:
    page = visit("kari", "customers/10001")
    processes(served, "crm_lab.server.web")[0].send_signal(signal.SIGKILL)
    wait_for(f"{served.url}/healthz")
    expect(banner(page)).to_contain_text(DEAD, timeout=30_000)
    banner(page).locator("button").click()
    expect(page.locator(".crm-main h1")).to_contain_text("Nordlys Bygg AS", timeout=30_000)


def test_without_its_fork_server_pages_still_open(visit: Callable[..., Page], served: Served) -> None:
    eldest = processes(served, "crm_lab.server.zygote")[0]
    page = visit("kari", "customers/10001")
    eldest.kill()
    page.reload()
    expect(page.locator(".crm-main h1")).to_contain_text("Nordlys Bygg AS", timeout=30_000)
    eldest.wait(10)
    wait_for(f"{served.url}/healthz")
