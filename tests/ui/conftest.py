"""A real browser, and a page signed in."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.company import PASSWORD, Served

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium."""
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("chromium is not installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium: Browser, served: Served) -> Iterator[Callable[..., Page]]:
    """`visit("ola", "customers")`: a page of that employee's own browser, once it is interactive."""
    contexts: list[Any] = []

    def go(username: str, path: str = "customers", at: str = served.url, **options: Any) -> Page:
        options = {"viewport": {"width": 1280, "height": 800}, "locale": "nb-NO"} | options
        context = chromium.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(20_000)
        page.goto(f"{at}/crm/{path}")
        page.fill("input[name=username]", username)
        page.fill("input[name=password]", PASSWORD)
        page.click("button[type=submit]")
        page.wait_for_selector(".crm-main h1")
        return page

    yield go
    for context in contexts:
        context.close()
