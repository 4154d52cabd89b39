"""The application in Debian's Firefox, over its own Marionette protocol (no geckodriver needed)."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest
from marionette_driver import Wait
from marionette_driver.keys import Keys
from marionette_driver.marionette import Marionette

from tests.company import PASSWORD, free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.company import Served

pytestmark = pytest.mark.browser


class Firefox:
    """A browser in one employee's hands."""

    def __init__(self, driver: Marionette, served: Served) -> None:
        self.driver = driver
        driver.navigate(f"{served.url}/crm/customers")
        self.type("kari", at="[name=username]")
        self.type(PASSWORD, Keys.ENTER, at="[name=password]")
        self.find(".crm-tr", text="Nordlys Bygg AS")

    def find(self, selector: str, text: str = "") -> Any:
        """The first visible element that says this, as soon as there is one."""
        return Wait(self.driver, timeout=30).until(lambda _: next(iter(self.found(selector, text)), None))

    def found(self, selector: str, text: str) -> list[Any]:
        script = "return [...document.querySelectorAll(arguments[0])].filter(e => e.checkVisibility() && e.textContent.includes(arguments[1]))"
        found: list[Any] = self.driver.execute_script(script, script_args=[selector, text])
        return found or []  # None while a page is being left

    def gone(self, selector: str, text: str) -> None:
        Wait(self.driver, timeout=30).until(lambda _: not self.found(selector, text))

    def type(self, *keys: str, at: str = "") -> None:
        """Press keys, where `at` says or where the keyboard is."""
        target = self.find(at) if at else self.driver.get_active_element()
        target.send_keys(*keys)


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Marionette]:
    path = shutil.which("firefox-esr")
    if path is None:
        pytest.skip("firefox-esr is not installed")
    downloads = tmp_path_factory.mktemp("downloads")
    preferences = {
        "browser.download.folderList": 2, "browser.download.dir": str(downloads), "intl.accept_languages": "nb-NO",
    }  # fmt: skip
    made = Marionette(
        bin=path, app="fxdesktop", headless=True, port=free_port(), prefs=preferences, gecko_log=str(downloads / "log")
    )
    made.start_session()
    made.downloads = downloads
    yield made
    made.quit()
    made.cleanup()


@pytest.fixture
def firefox(driver: Marionette, served: Served) -> Iterator[Firefox]:
    yield Firefox(driver, served)
    driver.delete_all_cookies()


def test_a_customer_is_registered_by_keyboard_seen_and_undone(firefox: Firefox) -> None:
    name = "Fjellheimen Drift AS"
    firefox.type("n")
    firefox.type("k")
    firefox.find("#f-organisation_number:focus")
    firefox.type(Keys.TAB)
    firefox.type(Keys.TAB)
    firefox.find("#f-name:focus")
    firefox.type(name)
    firefox.type(Keys.CONTROL, "s")
    firefox.find("h1", text=name)
    firefox.find(".toast", text="er registrert")
    firefox.find(".crumbs a").click()
    firefox.find(".crm-tr", text=name)
    firefox.find(".toast button", text="Angre").click()
    firefox.gone(".crm-tr", text=name)
    firefox.find(".crm-tr", text="Nordlys Bygg AS")


def test_the_list_becomes_a_file_and_the_page_stays(firefox: Firefox) -> None:
    file: Path = firefox.driver.downloads / "kunder.csv"
    firefox.find("[popovertarget=menu-export]").click()
    firefox.find("[data-do=export_csv]").click()
    Wait(firefox.driver, timeout=30).until(lambda _: file.exists() and file.stat().st_size)
    assert "Nordlys Bygg AS" in file.read_text(encoding="utf-8-sig")
    firefox.find(".crm-tr .opens > span", text="Nordlys Bygg AS").click()
    firefox.find("h1", text="Nordlys Bygg AS")
    firefox.driver.go_back()
    firefox.find("h1", text="Kunder")
