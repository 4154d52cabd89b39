"""HTML in every text field there is, of actions and of forms, is shown as the text it is."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, get_type_hints

import pytest
from playwright.sync_api import Page, expect

from crm_lab.connection import Connection, Remote
from crm_lab.domain.customers import Address, AddressKind
from crm_lab.errors import InvalidInput
from crm_lab.services.actions import find_action
from crm_lab.services.catalogue import SERVICES
from tests.company import PASSWORD, Served, make_company, serve

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.browser


def markup(field: str) -> str:
    return f'{field}<b class="pwned">x</b><img src="x" onerror="window.pwned=1">{{{{7*7}}}}"\'><script>window.pwned=1</script>'


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A company whose very name is markup."""
    data = tmp_path_factory.mktemp("co")
    make_company(data, name=markup("company"))
    with serve(data) as company:
        yield company


@pytest.fixture
def kari(served: Served) -> Iterator[Connection]:
    connection = Connection(Remote(served.socket, user="kari"))
    yield connection
    connection.close()


def texts_of(action: Any) -> list[str]:
    return [name for name, kind in get_type_hints(action).items() if kind is str and name != "password"]


def assert_harmless(page: Page) -> None:
    page.wait_for_timeout(200)
    assert page.evaluate("window.pwned") is None
    assert page.locator(".pwned, img[onerror]").count() == 0
    assert "pwned=1" not in "".join(page.locator("script:not([type])").all_text_contents())


def test_every_text_of_a_customer(visit: Callable[..., Page], kari: Connection) -> None:
    create, _how = find_action(SERVICES, "customers", "create")
    cases = [{"name": f"Felt {name}"} | {name: markup(name)} for name in texts_of(create)]
    cases += [
        {"name": f"Adresse {name}", "addresses": tuple(Address(kind=kind, **{name: markup(name)}) for kind in AddressKind)}
        for name in texts_of(Address)
    ]
    cases.append({"name": markup("name"), "first_name": markup("first_name"), "is_person": True})
    stored = []
    for values in cases:
        with contextlib.suppress(InvalidInput):
            stored.append(kari.customers.create(**values))
    assert len(stored) >= 4
    page = visit("kari")
    assert_harmless(page)
    site = page.url.partition("/crm")[0]
    seen = ""
    for customer in stored:
        page.goto(f"{site}/crm/customers/{customer.number}")
        page.locator(".crm-main h1").wait_for()
        assert_harmless(page)
        seen += page.inner_text("body")
    for field in ("name", "first_name", "company"):
        assert markup(field) in seen, field


def test_every_text_of_an_employee(visit: Callable[..., Page], kari: Connection) -> None:
    add, _how = find_action(SERVICES, "employees", "add")
    for n, field in enumerate(texts_of(add)):
        values = {"name": f"Ansatt {n}", "username": f"ansatt{n}", "password": PASSWORD} | {field: markup(field)}
        with contextlib.suppress(InvalidInput):
            kari.employees.add(**values)
    page = visit("kari", "employees")
    assert_harmless(page)
    assert markup("name") in page.inner_text("table")
    for n in range(page.locator("[data-do=edit]").count()):
        page.locator("[data-do=edit]").nth(n).click()
        page.wait_for_function("n => document.querySelector('form').id.length > 12 || n < 0", arg=n)
        assert_harmless(page)


@pytest.mark.parametrize("path", ["customers/new", "employees", "profile"])
def test_every_field_of_a_form_comes_back_as_it_was_typed(visit: Callable[..., Page], path: str) -> None:
    page = visit("kari", path)
    fields = page.locator("form input:is([type=text], [type=email], [type=tel], [type=search], [type=url], [type=password], :not([type])), form textarea")
    names = [name for field in fields.all() if (name := field.get_attribute("name")) and field.is_visible()]
    assert names
    secret = {n for n in names if page.get_attribute(f"form [name='{n}']", "type") == "password"}
    for name in names:
        page.fill(f"form [name='{name}']", markup(name)[:240])
    page.click("form button[type=submit]")
    expect(page.locator(".err, .toast, [role=alert]:visible").first).to_be_visible()
    assert_harmless(page)
    for name in set(names) - secret:
        expect(page.locator(f"form [name='{name}']")).to_have_value(markup(name)[:240])


def test_what_is_typed_into_the_address_bar_and_the_filter(visit: Callable[..., Page]) -> None:
    page = visit("kari")
    page.fill("input[name=filter]", markup("filter"))
    assert_harmless(page)
    site = page.url.partition("/crm")[0]
    page.goto(f"{site}/crm/%3Cb%20class=pwned%3Ex%3C/b%3E")
    page.locator(".crm-main").wait_for()
    assert_harmless(page)
    page.context.clear_cookies()
    page.goto(f'{site}/login?next="><b class="pwned">x</b>')
    page.fill("[name=username]", markup("user"))
    page.fill("[name=password]", "x")
    page.click("button[type=submit]")
    expect(page.locator(".problem")).to_be_visible()
    assert_harmless(page)
