"""Nobody rises above their role through the API: over the store's own socket, with a seller's token."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import httpx
import pytest

from crm_lab.connection import Connection, Remote
from crm_lab.domain.access import Role
from crm_lab.services.actions import arguments_of, find_action
from crm_lab.services.catalogue import SERVICES
from tests.company import PASSWORD, Served

if TYPE_CHECKING:
    from collections.abc import Iterator

ACTIONS = [
    (service, name, method.action)
    for service, cls in SERVICES.items()
    for name, method in vars(cls).items()
    if hasattr(method, "action")
]
ADMINISTRATORS = [(service, name) for service, name, action in ACTIONS if action.needs is Role.ADMIN]


class Seller:
    """What somebody with ola's password can send."""

    def __init__(self, served: Served) -> None:
        self.http = httpx.Client(transport=httpx.HTTPTransport(uds=served.socket), base_url="http://store")
        credentials = {"username": "ola", "password": PASSWORD, "address": ""}
        self.token = Remote(served.socket).call("sessions", "open", credentials).token

    def post(self, path: str, arguments: Any = None, **headers: str) -> httpx.Response:
        mine = {"Authorization": f"Bearer {self.token}"} | headers
        return self.http.post(f"/api/{path}", json=arguments or {}, headers=mine)


@pytest.fixture
def seller(served: Served) -> Seller:
    return Seller(served)


@pytest.fixture
def kari(served: Served) -> Iterator[Connection]:
    connection = Connection(Remote(served.socket, user="kari"))
    yield connection
    connection.close()


@pytest.fixture(autouse=True)
def nothing_changes(kari: Connection) -> Iterator[None]:
    before = kari.employees.list()
    yield
    assert kari.employees.list() == before


def test_there_is_something_to_refuse() -> None:
    assert ("employees", "add") in ADMINISTRATORS and ("employees", "set_password") in ADMINISTRATORS
    assert {action.needs for *_names, action in ACTIONS} <= {None, *Role}


@pytest.mark.parametrize(("service", "name"), ADMINISTRATORS)
@pytest.mark.parametrize("target", ["ola", "kari"])
def test_what_administrators_do_is_refused(seller: Seller, kari: Connection, service: str, name: str, target: str) -> None:
    victim = next(e for e in kari.employees.list() if e.username == target)
    known = {
        "id": str(victim.id), "version": victim.version, "name": "Inntrenger", "username": "inn", "password": PASSWORD,
        "roles": ["admin"], "email": "",
    }  # fmt: skip
    method, _action = find_action(SERVICES, service, name)
    wanted = arguments_of(method).__struct_fields__
    for arguments in ({k: v for k, v in known.items() if k in wanted}, {}):
        answer = seller.post(f"{service}/{name}", arguments)
        assert (answer.status_code, answer.json()["error"]) == (403, "Forbidden")


@pytest.mark.parametrize("name", ["kari", "KARI", "ola", ""])
def test_a_name_in_a_header_does_not_outweigh_the_token(seller: Seller, name: str) -> None:
    assert seller.post("sessions/who", **{"X-Crm-User": name}).json()["username"] == "ola"
    assert seller.post("employees/add", **{"X-Crm-User": name}).status_code == 403


@pytest.mark.parametrize("token", ["x", "crm_x", "' OR 1=1 --"])
def test_a_wrong_token_is_nobody_whatever_name_comes_with_it(seller: Seller, token: str) -> None:
    answer = seller.post("sessions/who", Authorization=f"Bearer {token}", **{"X-Crm-User": "kari"})
    assert answer.status_code == 401


def test_without_a_token_and_a_name_there_are_only_the_login_secret_addresses_and_signed_messages(seller: Seller) -> None:
    public = {(service, name) for service, name, action in ACTIONS if action.public}
    assert public == {("calendar", "feed"), ("calls", "hook"), ("hub", "lend"), ("sign_on", "facts"), ("sign_on", "start")}
    unsigned = {"body": '{"username": "kari"}', "timestamp": "1", "signature": ""}
    assert seller.http.post("/api/hub/lend", json=unsigned).status_code == 403
    assert seller.http.post("/api/sign_on/start", json={"redirect": "https://evil.example"}).status_code == 404
    assert seller.http.post("/api/sign_on/finish", json={"code": "x"}).status_code == 404
    assert seller.http.post("/api/calendar/feed", json={"token": "gjettet"}).status_code == 404
    for service, name, action in ACTIONS:
        assert action.public or seller.http.post(f"/api/{service}/{name}", json={}).status_code == 401, f"{service}.{name}"


@pytest.mark.parametrize(
    ("path", "arguments"),
    [
        ("sessions/prefer", {"theme": "dark", "roles": ["admin"]}),
        ("sessions/prefer", {"locale": "nb", "id": str(uuid4())}),
        ("sessions/change_password", {"old": PASSWORD, "new": PASSWORD, "username": "kari"}),
        ("sessions/change_password", {"old": "gjetning-feil", "new": "noe-helt-annet"}),
        ("customers/create", {"name": "Smuglet AS", "owner_id": str(uuid4())}),
        ("customers/create", {"name": "Smuglet AS", "number": 1}),
    ],
)
def test_fields_that_are_not_theirs_are_refused(seller: Seller, kari: Connection, path: str, arguments: dict[str, Any]) -> None:
    answer = seller.post(path, arguments)
    assert answer.status_code == 422 and answer.json()["error"] == "InvalidInput"
    assert "Smuglet AS" not in set(kari.customers.list().name)


def test_the_request_number_of_another_gives_nothing_away(seller: Seller, kari: Connection) -> None:
    made = kari.customers.create(name="Hemmelig AS", owner_only=True)
    stolen = {"Idempotency-Key": str(kari.last_request)}
    for path, arguments in (("customers/create", {"name": "Hemmelig AS"}), ("sessions/prefer", {"theme": "dark"})):
        answer = seller.post(path, arguments, **stolen)
        assert answer.status_code == 409 and "Hemmelig" not in answer.text and str(made.id) not in answer.text
    assert seller.post("history/undo", {"request_id": str(kari.last_request)}).status_code in {403, 404, 409}
    assert kari.customers.get(id=made.id).name == "Hemmelig AS"
    assert seller.post("customers/get", {"id": str(made.id)}).status_code == 404


def test_the_token_of_another_is_not_theirs_to_revoke(seller: Seller, kari: Connection, served: Served) -> None:
    made = kari.sessions.create_token(name="skript")
    seller.post("sessions/revoke_token", {"id": str(made.id)})
    assert made.id not in {UUID(token["id"]) for token in seller.post("sessions/tokens").json()}
    script = Connection(Remote(served.socket, token=made.token))
    assert script.me.username == "kari"
    script.close()
    kari.sessions.revoke_token(id=made.id)


def test_the_pages_server_passes_nothing_on_to_the_store(served: Served) -> None:
    ola = served.login("ola")
    for path in ("/api/employees/add", "/api/sessions/who", "/crm/api/sessions/who"):
        answer = ola.post(f"{served.url}{path}", json={}, headers={"X-Crm-User": "kari", "X-XSRFToken": ola.cookies["_xsrf"]}, timeout=10)
        assert answer.status_code in {401, 403, 404, 405}, path  # the API hears tokens only, never who a browser or a header says
