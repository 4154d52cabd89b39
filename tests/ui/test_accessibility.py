"""axe looks at every screen, light and dark, wide and on a phone: nothing serious, nothing critical."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Browser

    from tests.company import Served

pytestmark = [pytest.mark.browser, pytest.mark.slow]
WIDE, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}
SCREENS = [
    "customers", "customers/10001", "customers/10001/contacts", "customers/10001/opportunities", "customers/10001/projects", "customers/10001/history",
    "customers/new", "projects", "projects/new/10001", "opportunities", "opportunities/new/10001", "calendar", "calendar?view=month", "calendar/import",
    "tasks", "tasks/new?kind=meeting", "employees", "profile",
    "search?q=nordlys", "register", "customers/10001/merge", "duplicates", "nowhere", "dashboard", "mail", "pipeline", "orders", "recent", "past?list=tasks",
    "profile/security", "profile/mail", "profile/calendar", "settings", "settings/privacy", "settings/webhooks", "settings/mail",
]  # fmt: skip
LEDGER = ["ledger", "ledger/proposals", "ledger/rules", "ledger/reminders", "customers/10001/ledger", "customers/10001/ledger/new", "imports/saft"]


def faults(page: Page) -> list[tuple[str, str, str]]:
    """What axe holds against the page: rule, element and why."""
    page.wait_for_function("document.getAnimations().every(a => a.playState !== 'running')")
    found = Axe().run(page).response
    assert found["passes"], "axe looked at nothing"
    return [
        (violation["id"], node["html"][:200], node["failureSummary"])
        for violation in found["violations"]
        if violation["impact"] in {"serious", "critical"}
        for node in violation["nodes"]
    ]


def switch(page: Page, path: str) -> None:
    """Show another screen as the browser's back button does, without loading the page again."""
    page.evaluate(
        """path => {
          document.querySelector('.crm-main h1').dataset.former = '';
          history.pushState(null, '', `/crm/${path}`);
          dispatchEvent(new PopStateEvent('popstate'));
        }""",
        path,
    )
    page.locator(".crm-main h1:not([data-former])").wait_for(state="attached")


@pytest.mark.parametrize("viewport", [WIDE, PHONE], ids=["wide", "phone"])
def test_every_screen(visit: Callable[..., Page], viewport: dict[str, int]) -> None:
    page = visit("kari", "nowhere", viewport=viewport, color_scheme="light")
    schemes = ("light", "dark") if viewport is WIDE else ("light",)  # colours are those of the wide page
    found = {}
    for path in (*SCREENS, *LEDGER):
        switch(page, path)
        for scheme in schemes:
            page.emulate_media(color_scheme=scheme)
            found[path, scheme] = faults(page)
    assert {where: what for where, what in found.items() if what} == {}
    assert len(found) == len(schemes) * len({*SCREENS, *LEDGER})


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_login_page(chromium: Browser, served: Served, scheme: str) -> None:
    context = chromium.new_context(color_scheme=scheme, locale="nb-NO")
    page = context.new_page()
    page.goto(f"{served.url}/login")
    assert faults(page) == []
    page.fill("[name=username]", "kari")
    page.fill("[name=password]", "feil")
    page.keyboard.press("Enter")
    expect(page.locator("[role=alert]")).to_be_visible()
    assert faults(page) == []
    page.goto(f"{served.url}/nowhere")
    assert faults(page) == []
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_menus_faults_toasts_and_the_banner(visit: Callable[..., Page], scheme: str) -> None:
    page = visit("kari", "customers/new", color_scheme=scheme)
    page.fill("#f-email", "ingen")
    page.keyboard.press("Control+Enter")
    expect(page.locator("[aria-invalid=true]").first).to_be_visible()
    assert faults(page) == [], "a form with faults"
    page.fill("#f-email", "")
    page.fill("#f-name", f"Tilgjengelig {scheme} AS")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".toast button")).to_be_visible()
    assert faults(page) == [], "a toast"
    page.click("[popovertarget=menu-actions]")
    expect(page.locator("#menu-actions")).to_be_visible()
    assert faults(page) == [], "an open menu"
    page.keyboard.press("Escape")
    page.click(".crumbs a")
    row = page.locator(".crm-tr:not([hidden])").filter(has_text=f"Tilgjengelig {scheme} AS")
    row.locator(".crm-td").nth(3).click()
    page.click(".crm-grid-foot button")
    assert faults(page) == [], "a list with a chosen row and its columns"
    page.keyboard.press("Escape")
    page.context.set_offline(True)
    expect(page.locator("#crm-connection")).to_be_visible()
    page.wait_for_timeout(100)
    assert faults(page) == [], "without network"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [WIDE, PHONE], ids=["wide", "phone"])
def test_the_search_field(visit: Callable[..., Page], scheme: str, viewport: dict[str, int]) -> None:
    page = visit("kari", viewport=viewport, color_scheme=scheme)
    page.keyboard.press("Control+k")
    page.keyboard.type("nordlys")
    expect(page.locator("[role=option]").first).to_be_visible()
    assert faults(page) == [], "hits"
    page.keyboard.press("Shift+Tab")
    expect(page.locator(".pop-none")).to_be_visible()
    assert faults(page) == [], "no register"
