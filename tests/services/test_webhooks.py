"""Subscriptions: what is told of whom, signed, tried again, given up and sent again."""

from __future__ import annotations

import asyncio
import json
import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from crm_lab.domain.webhooks import FIRST_WAIT, LONGEST_WAIT, MOST_TRIES, Webhook, wait_after
from crm_lab.errors import Forbidden, InvalidInput, NotFound
from crm_lab.exchange.signed import sign
from crm_lab.server.webhooks import post_messages
from crm_lab.services.webhooks import settle, take_due
from crm_lab.settings import utc_now

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from crm_lab.connection import Connection
    from crm_lab.store.engine import Database

URL = "https://example.com/in"
KINDS = ("customer.created", "customer.changed", "note.created")


@pytest.fixture
def kari(login: Callable[[str], Connection]) -> Connection:
    return login("kari")


@pytest.fixture
def hook(kari: Connection) -> Webhook:
    made: Webhook = kari.webhooks.create(name="Nettbutikken", url=URL, kinds=KINDS)
    return made


def events(kari: Connection, hook: Webhook) -> list[dict[str, Any]]:
    messages = kari.webhooks.messages(webhook_id=hook.id)
    return [event for message in reversed(messages) for event in json.loads(message.body)["events"]]


def test_what_is_told_is_what_was_asked_for(kari: Connection, hook: Webhook) -> None:
    made = kari.customers.create(name="Nordlys AS")
    changed = kari.customers.change(id=made.id, version=made.version, phone="22 33 44 55")
    kari.tasks.create(title="Ring", customer_id=made.id)
    kari.notes.create(customer_id=made.id, text="Snakket med dem")
    told = events(kari, hook)
    assert [event["event"] for event in told] == ["customer.created", "customer.changed", "note.created"]
    assert told[0]["id"] == str(changed.id)
    assert told[1]["fields"] == ["phone"]
    assert told[2]["customer_id"] == str(made.id)
    assert "Nordlys" not in json.dumps(told) and "Snakket" not in json.dumps(told)


def test_what_is_its_owners_alone_is_told_to_nobody(kari: Connection, hook: Webhook) -> None:
    made = kari.customers.create(name="Hemmelig AS", owner_only=True)
    kari.notes.create(customer_id=made.id, text="Hysj")
    assert events(kari, hook) == []


def test_nothing_is_told_of_what_was_refused(kari: Connection, hook: Webhook) -> None:
    with pytest.raises(InvalidInput):
        kari.customers.create(name="Nordlys AS", organisation_number="1")
    assert events(kari, hook) == []


def test_a_subscription_out_of_use_is_told_nothing(kari: Connection, hook: Webhook) -> None:
    kari.webhooks.change(id=hook.id, version=1, name=hook.name, url=URL, kinds=KINDS, is_active=False)
    kari.customers.create(name="Nordlys AS")
    assert events(kari, hook) == []
    kari.history.undo(request_id=kari.last_request)


def test_the_secret_is_told_once_and_stands_in_no_audit(kari: Connection, hook: Webhook) -> None:
    assert len(hook.secret) > 40
    assert [one.secret for one in kari.webhooks.list()] == [""]
    changed = kari.webhooks.change(id=hook.id, version=1, name="Butikk", url=URL, kinds=KINDS, is_active=True)
    assert changed.secret == ""
    kari.history.undo(request_id=kari.last_request)
    assert kari.webhooks.list()[0].name == "Nettbutikken"


@pytest.mark.parametrize(("url", "kinds", "field"), [
    ("http://example.com", KINDS, "url"), ("https://user:pw@example.com", KINDS, "url"), ("file:///etc/passwd", KINDS, "url"), ("https://", KINDS, "url"),
    ("https://[::", KINDS, "url"), ("https://a b", KINDS, "url"), (URL, (), "kinds"), (URL, ("customer.eaten",), "kinds"),
])  # fmt: skip
def test_bad_input_names_its_field(kari: Connection, url: str, kinds: tuple[str, ...], field: str) -> None:
    with pytest.raises(InvalidInput) as error:
        kari.webhooks.create(name="X", url=url, kinds=kinds)
    assert error.value.field == field
    assert kari.webhooks.list() == []


def test_only_administrators(login: Callable[[str], Connection]) -> None:
    with pytest.raises(Forbidden):
        login("ola").webhooks.list()


def test_tried_again_ever_later_then_given_up_and_sent_again(kari: Connection, hook: Webhook, database: Database) -> None:
    kari.customers.create(name="Nordlys AS")
    now = utc_now()
    for _ in range(MOST_TRIES):
        ((_hook, message),) = take_due(database, now)
        assert take_due(database, now) == []
        settle(database, message, now, status=500, error="HTTP 500")
        now += LONGEST_WAIT
    assert take_due(database, now + timedelta(days=1)) == []
    (listed,) = kari.webhooks.list()
    (dead,) = kari.webhooks.messages(webhook_id=hook.id, state="dead")
    assert (listed.n_queued, listed.n_dead, dead.status, dead.tries) == (0, 1, 500, MOST_TRIES)
    assert kari.webhooks.resend(ids=(dead.id,)) == 1
    ((_hook, message),) = take_due(database, utc_now())
    settle(database, message, utc_now(), status=204, error="")
    assert kari.webhooks.messages(webhook_id=hook.id)[0].state == "sent"
    with pytest.raises(NotFound):
        kari.webhooks.resend(ids=())


def test_waits_grow_to_six_hours() -> None:
    assert [wait_after(n) for n in (1, 2, 3, 99)] == [FIRST_WAIT, 2 * FIRST_WAIT, 4 * FIRST_WAIT, LONGEST_WAIT]


@pytest.fixture
def receiver() -> Iterator[HTTPServer]:
    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            server.taken.append((self.headers, body))  # type: ignore[attr-defined]
            self.send_response(503 if len(server.taken) == 1 else 200)  # type: ignore[attr-defined]
            self.end_headers()

        def log_message(self, *_args: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Receiver)
    server.taken = []  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()


def test_a_message_is_signed_and_sent(kari: Connection, database: Database, receiver: HTTPServer) -> None:
    hook = kari.webhooks.create(name="Her", url=f"http://127.0.0.1:{receiver.server_port}/in", kinds=("customer.created",))
    kari.customers.create(name="Nordlys AS")
    kari.customers.create(name="Sørlys AS")

    async def post() -> None:
        task = asyncio.create_task(post_messages(database, 0.01))
        while {message.tries for message in kari.webhooks.messages(webhook_id=hook.id)} != {1}:  # noqa: ASYNC110 - what another task writes
            await asyncio.sleep(0.01)
        task.cancel()

    asyncio.run(asyncio.wait_for(post(), 20))
    assert sorted(message.state for message in kari.webhooks.messages(webhook_id=hook.id)) == ["queued", "sent"]
    headers, body = receiver.taken[1]  # type: ignore[attr-defined]
    assert headers["X-Crm-Signature"] == sign(hook.secret, headers["X-Crm-Timestamp"], body)
    assert json.loads(body)["id"] == headers["X-Crm-Message"]
