"""The store's API as other programs use it: the documentation's own examples, versions, pages, and what must be refused."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from starlette.testclient import TestClient

from crm_lab.connection import Connection, Local
from crm_lab.domain.news import mark
from crm_lab.server.api import StoreApp
from crm_lab.store.engine import Database

if TYPE_CHECKING:
    from collections.abc import Iterator

EXAMPLES = re.findall(r"^    > (GET|POST) (\S+)\n((?:    > .*\n)*)    < (\d+)\n    < (.*)$", Path(__file__).parents[2].joinpath("docs/api.md").read_text(encoding="utf-8"), re.MULTILINE)


@pytest.fixture
def client(company_url: str) -> Iterator[TestClient]:
    database = Database(company_url)
    token = Connection(Local(database, user="kari")).sessions.create_token(name="test").token
    yield TestClient(StoreApp(database).asgi, raise_server_exceptions=False, headers={"Authorization": f"Bearer {token}"})
    database.close()


def agrees(expected: Any, given: Any, names: dict[str, str]) -> bool:
    """Whether an answer holds what the documentation shows of it; `{name}` stands for what comes back."""
    if isinstance(expected, dict):
        return isinstance(given, dict) and all(key in given and agrees(value, given[key], names) for key, value in expected.items())
    if isinstance(expected, list):
        return len(expected) == len(given) and all(map(agrees, expected, given, [names] * len(given)))
    if isinstance(expected, str) and (name := re.fullmatch(r"\{(\w+)\}", expected)):
        return names.setdefault(name[1], given) == given
    return bool(expected == given)


def test_the_documentations_examples(client: TestClient) -> None:
    names: dict[str, str] = {}
    assert len(EXAMPLES) > 8
    for method, address, sent, status, shown in EXAMPLES:
        fill = lambda text: re.sub(r"\{(\w+)\}", lambda found: names.get(found[1], found[0]), text)  # noqa: E731
        lines = [line.removeprefix("    > ") for line in sent.splitlines()]
        headers = dict(line.split(": ", 1) for line in lines if not line.startswith("{"))
        body = fill("".join(line for line in lines if line.startswith("{")))
        answer = client.request(method, fill(address), headers=headers, content=body or None)
        assert answer.status_code == int(status), (address, answer.text)
        assert agrees(json.loads(shown), answer.json(), names), (address, shown, answer.text)


def test_nothing_changed_is_not_sent_again(client: TestClient) -> None:
    made = client.post("/api/customers/create", json={"name": "Nordlys AS"})
    address = f"/api/customers/get?id={made.json()['id']}"
    first = client.get(address)
    assert first.headers["ETag"] == made.headers["ETag"]
    again = client.get(address, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    change = {"id": made.json()["id"], "phone": "22 33 44 55"}
    assert client.post("/api/customers/change", json=change, headers={"If-Match": first.headers["ETag"]}).status_code == 200
    assert client.get(address, headers={"If-None-Match": first.headers["ETag"]}).status_code == 200


def test_pages_hold_every_record_once_though_some_come_and_go(client: TestClient) -> None:
    made = [client.post("/api/customers/create", json={"name": f"Kunde {n}"}).json() for n in range(7)]
    first = client.get("/api/customers/list?limit=3").json()
    client.post("/api/customers/delete", json={"id": made[1]["id"], "version": 1})
    late = client.post("/api/customers/create", json={"name": "Aller først i alfabetet"}).json()
    seen, cursor = [row["id"] for row in first["rows"]], first["next"]
    while cursor:
        page = client.get("/api/customers/list", params={"limit": 3, "cursor": cursor})
        assert page.json()["next"] is None or f"cursor={page.json()['next']}" in page.headers["Link"]
        seen += [row["id"] for row in page.json()["rows"]]
        cursor = page.json()["next"]
    assert seen == [one["id"] for one in made] + [late["id"]]


@pytest.mark.parametrize(("method", "address", "headers", "content", "status"), [
    ("GET", "/api/customers/create?name=X", {}, b"", 405),
    ("GET", "/api/customers/nothing", {}, b"", 404),
    ("GET", "/api/customers/list?limit=0", {}, b"", 422),
    ("GET", "/api/customers/list?limit=x", {}, b"", 422),
    ("GET", "/api/customers/list?limit=%C2%B2", {}, b"", 422),
    ("GET", "/api/customers/list?limit=5&cursor=a", {}, b"", 422),
    ("GET", "/api/customers/list?limit=5&cursor=_w", {}, b"", 422),
    ("GET", "/api/customers/list?sort=name", {}, b"", 422),
    ("GET", "/api/customers/get?id=%7Bx", {}, b"", 422),
    ("POST", "/api/customers/create", {"If-Match": '"1"'}, b'{"name": "X"}', 422),
    ("POST", "/api/customers/change", {"If-Match": "*"}, b"{}", 422),
    ("POST", "/api/customers/change", {"If-Match": '"2"'}, b'{"version": 1}', 422),
    ("POST", "/api/customers/create", {"Idempotency-Key": "x"}, b'{"name": "X"}', 422),
    ("POST", "/api/customers/create", {}, b"[]", 422),
    ("POST", "/api/customers/create", {}, b"\xff", 422),
    ("POST", "/api/customers/create", {"Authorization": "Bearer wrong"}, b"{}", 401),
    ("DELETE", "/api/customers/create", {}, b"", 405),
])  # fmt: skip
def test_what_cannot_be_is_refused(client: TestClient, method: str, address: str, headers: dict[str, str], content: bytes, status: int) -> None:
    assert client.request(method, address, headers=headers, content=content).status_code == status
    assert client.get("/api/customers/list").json()["rows"] == []


def test_no_request_however_wrong_makes_the_store_fail(company_url: str) -> None:
    """A look at it; `python -m benchmarks.fuzz` sends 100,000."""
    from benchmarks.fuzz import fuzz

    database = Database(company_url)
    token = Connection(Local(database, user="kari")).sessions.create_token(name="test").token
    statuses = fuzz(database, token, examples=1, broken=6, deadline=time.monotonic() + 20)
    database.close()
    assert statuses[200] and statuses[422]


def test_what_was_written_is_told_to_who_waits(client: TestClient) -> None:
    before = client.get("/api/changes?after=-1").json()["last"]
    made = client.post("/api/customers/create", json={"name": "Nordlys AS"}).json()
    told = client.get(f"/api/changes?after={before}&timeout=5")
    assert (told.status_code, told.json()["last"]) == (200, before + 1)
    assert "customer" in told.json()["tables"]
    assert told.json()["parties"] == [mark(UUID(made["id"]))]
