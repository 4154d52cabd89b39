"""Single sign-on against a real provider: from the login page there and back, who is let in, and what is refused."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from oidc_provider_mock import User, run_server_in_thread

from crm_lab.connection import Connection, Remote
from tests.company import PASSWORD, Served, make_company, serve

if TYPE_CHECKING:
    from collections.abc import Iterator

USERS = (
    User(sub="1", claims={"email": "OLA@test.no", "email_verified": True, "preferred_username": "noe-annet"}),
    User(sub="2", claims={"email": "ola@test.no", "email_verified": True}),
    User(sub="3", claims={"email": "kari@test.no", "email_verified": False}),
    User(sub="4", claims={"email": "fremmed@test.no", "email_verified": True}),
)


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    with run_server_in_thread(user_claims=USERS, require_nonce=True) as server:
        yield f"http://localhost:{server.server_port}"


@pytest.fixture(scope="module")
def company(provider: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    data = tmp_path_factory.mktemp("sso")
    make_company(data)
    settings = {"CRM_OIDC_ISSUER": provider, "CRM_OIDC_CLIENT_ID": "crm", "CRM_OIDC_CLIENT_SECRET": "hemmelig", "CRM_OIDC_NAME": "Firmakonto", "CRM_OIDC_ONLY": "true"}
    with serve(data, **settings) as served:
        crm = Connection(Remote(served.socket, user="kari"))
        for one in crm.employees.list():
            crm.employees.change(id=one.id, version=one.version, name=one.name, roles=one.roles, email=f"{one.username}@test.no")
        yield served


def begin(company: Served) -> tuple[requests.Session, str]:
    """A browser on its way to the provider, and the address it is sent to."""
    browser = requests.Session()
    page = browser.get(f"{company.url}/login?next=/crm/customers", timeout=20).text
    link = re.search(r'href="([^"]+/sso\?[^"]+|/sso\?[^"]+)"', page)
    assert link, page
    assert "Firmakonto" in page
    answer = browser.get(company.url + link[1].replace("&amp;", "&"), allow_redirects=False, timeout=20)
    return browser, answer.headers["Location"]


def sign_on(company: Served, subject: str) -> tuple[requests.Session, requests.Response]:
    browser, address = begin(company)
    back = browser.post(address, data={"sub": subject}, allow_redirects=False, timeout=20).headers["Location"]
    return browser, browser.get(back, allow_redirects=False, timeout=20)


def test_an_employee_goes_there_and_comes_back_signed_in(company: Served) -> None:
    for _n in range(2):  # found by e-mail first, then by what the provider never changes
        browser, answer = sign_on(company, "1")
        assert (answer.status_code, answer.headers["Location"]) == (302, "/crm/customers")
        assert browser.get(f"{company.url}/crm", timeout=60).url.endswith("/crm")
    crm = Connection(Remote(company.socket, user="kari"))
    assert {one.name for one in crm.sessions.everybodys()} == {"Ola Hansen"}


@pytest.mark.parametrize(("subject", "named"), [("2", "ola@test.no"), ("3", "kari@test.no"), ("4", "fremmed@test.no")])
def test_who_is_no_employee_or_not_verified_or_linked_otherwise_stays_outside(company: Served, subject: str, named: str) -> None:
    sign_on(company, "1")
    browser, answer = sign_on(company, subject)
    assert answer.status_code == 403
    assert named in answer.text
    assert "crm_session" not in browser.cookies


def test_what_is_brought_back_opens_one_session_once_in_the_browser_it_was_begun_in(company: Served) -> None:
    browser, address = begin(company)
    asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
    assert (asked["code_challenge_method"], asked["redirect_uri"]) == ("S256", f"{company.url}/sso/callback")
    back = browser.post(address, data={"sub": "1"}, allow_redirects=False, timeout=20).headers["Location"]
    for other in (requests.Session(), begin(company)[0]):  # another's code in my browser would sign me in as them
        answer = other.get(back, allow_redirects=False, timeout=20)
        assert (answer.status_code, "crm_session" in other.cookies) == (403, False)
    assert browser.get(back, allow_redirects=False, timeout=20).status_code == 302
    assert browser.get(back, allow_redirects=False, timeout=20).status_code == 403
    browser, address = begin(company)
    denied = browser.post(address, data={"action": "deny"}, allow_redirects=False, timeout=20).headers["Location"]
    state = parse_qs(urlsplit(address).query)["state"][0]  # which this provider leaves out (RFC 6749 section 4.1.2.1)
    answer = browser.get(f"{denied}&state={state}", allow_redirects=False, timeout=20)
    assert answer.status_code == 403
    assert "ble ikke fullført" in answer.text


def test_the_way_back_goes_to_no_other_site(company: Served) -> None:
    browser = requests.Session()
    address = browser.get(f"{company.url}/sso?next=https://evil.example/", allow_redirects=False, timeout=20).headers["Location"]
    back = browser.post(address, data={"sub": "1"}, allow_redirects=False, timeout=20).headers["Location"]
    assert browser.get(back, allow_redirects=False, timeout=20).headers["Location"] == "/crm"


def test_passwords_let_in_administrators_only(company: Served) -> None:
    assert "crm_session" in company.login("kari").cookies
    assert "crm_session" not in company.login("ola").cookies
    browser = requests.Session()
    page = browser.get(f"{company.url}/login", timeout=20).text
    token = re.search(r'name="_xsrf" value="([^"]+)"', page)
    assert token
    form = {"username": "ola", "password": PASSWORD, "_xsrf": token[1]}
    answer = browser.post(f"{company.url}/login", data=form, timeout=20)
    assert "Bruk den" in answer.text


def test_the_second_factor_is_the_providers(company: Served) -> None:
    """Last: it changes the company. Who is vouched for has shown whatever the provider asks for."""
    import pyotp

    kari = Connection(Remote(company.socket, user="kari"))
    begun = kari.second_factors.begin()
    kari.second_factors.confirm(code=pyotp.TOTP(begun.secret).now())
    kari.second_factors.require(is_required=True)
    browser, _answer = sign_on(company, "1")
    assert "crm_session" in browser.cookies
    page = browser.get(f"{company.url}/crm", timeout=60)
    assert page.status_code == 200
