"""A small company for the screens, and a bare page that mounts one widget."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import crm_lab
from crm_lab.i18n import use_locale
from crm_lab.widgets.router import stylesheet
from crm_lab.widgets.shell import App

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Page

    from crm_lab.connection import Connection
    from crm_lab.domain.customers import Customer

HERE = Path(__file__).parent
CHROMIUM = "/usr/bin/chromium"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
PAGE = """<!DOCTYPE html><html lang="nb"><head><style>html,body{margin:0;height:100%}</style></head>
<body data-voila="voila"><div class="crm"><div id="el" style="height:600px;display:flex"></div></div></body></html>"""
# Ten lines that stand in for the kernel's side: bytes arrive as a DataView, as in Jupyter.
MOUNT = """async ({esm, state, css}) => {
  const bytes = v => v && v.__b64 !== undefined
    ? new DataView(Uint8Array.from(atob(v.__b64), c => c.charCodeAt(0)).buffer)
    : Array.isArray(v) ? v.map(bytes)
    : v && typeof v === 'object' ? Object.fromEntries(Object.entries(v).map(([k, x]) => [k, bytes(x)])) : v;
  const values = bytes(state), handlers = {};
  const tell = (name, ...what) => (handlers[name] ?? []).forEach(f => f(...what));
  window.sent = [];
  window.tell = tell;
  window.model = {
    get: k => values[k],
    set: (k, v) => { values[k] = v; tell(`change:${k}`); },
    save_changes() {}, send: (m, _callbacks, buffers) => { window.sent.push(m); window.buffers = buffers; }, on: (e, f) => (handlers[e] ??= []).push(f), off() {},
  };
  document.head.append(Object.assign(document.createElement('style'), {textContent: css}));
  const module = await import(URL.createObjectURL(new Blob([esm], {type: 'text/javascript'})));
  const el = document.getElementById('el');
  await module.default.render({model: window.model, el, signal: new AbortController().signal});
}"""
OWN = ("_", "layout", "comm", "tabbable", "tooltip")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """These come first: two browsers cannot be driven at once, and that of `tests/ui` stays to the end."""
    items.sort(key=lambda item: HERE not in item.path.parents)


@pytest.fixture(autouse=True)
def norwegian(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Keep the language inside the test; and take Playwright's event loop for none, so that nobody listens."""
    for module in ("base", "shell"):
        monkeypatch.setattr(f"crm_lab.widgets.{module}.running_loop", lambda: None)
    with use_locale("nb"):
        yield


@pytest.fixture
def crm(company_url: str) -> Iterator[Connection]:
    """An empty company, seen by its administrator kari."""
    connection = crm_lab.connect("kari", url=company_url)
    yield connection
    connection.close()


@pytest.fixture
def app(crm: Connection) -> App:
    """The application in kari's hands, its passing messages in `said`."""
    made = App(crm)
    made.said = []
    made.router.on_msg = None
    made.router.send = made.said.append
    return made


@pytest.fixture
def handed(app: App, monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """The files that the application hands over, by name."""
    files: dict[str, bytes] = {}
    monkeypatch.setattr(app, "download", files.__setitem__)
    return files


@pytest.fixture
def acme(crm: Connection) -> Customer:
    """One customer."""
    return crm.customers.create(name="Acme AS", organisation_number="923609016", email="post@acme.no")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One browser for all component tests."""
    if not Path(CHROMIUM).exists():
        pytest.skip("chromium is not installed")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """A bare page on an origin of its own, so that local storage works; an error in it fails the test."""
    context = chromium.new_context(viewport={"width": 1100, "height": 700}, locale="nb-NO")
    context.route("**/*", lambda route: route.fulfill(content_type="text/html", body=PAGE))
    opened, problems = context.new_page(), []
    opened.on("pageerror", lambda error: problems.append(str(error)))
    opened.goto("http://crm.test/crm/customers")
    yield opened
    context.close()
    assert not problems


def encoded(value: Any) -> Any:
    """A trait's value as JSON, bytes in base64."""
    if isinstance(value, bytes | memoryview):
        return {"__b64": base64.b64encode(bytes(value)).decode()}
    if isinstance(value, dict):
        return {k: encoded(v) for k, v in value.items()}
    return [encoded(v) for v in value] if isinstance(value, list | tuple) else value


@pytest.fixture
def mount(page: Page) -> Callable[..., Page]:
    """Show a widget by its own script and traits: no Voilà, no kernel."""

    def show(widget: Any) -> Page:
        names = [n for n in widget.traits(sync=True) if not n.startswith(OWN)]
        state = {name: encoded(getattr(widget, name)) for name in names}
        json.dumps(state)
        page.evaluate(MOUNT, {"esm": str(widget._esm), "state": state, "css": stylesheet()})
        return page

    return show
