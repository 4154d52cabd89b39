"""Subscriptions of other systems on screen."""

from __future__ import annotations

from crm_lab.settings import utc_now
from crm_lab.widgets.webhooks import WebhookSettings


def test_a_subscription_is_made_changed_and_what_it_gave_up_sent_again(app, crm):
    app.go("settings/webhooks")
    screen = app.main.children[0]
    assert isinstance(screen, WebhookSettings) and "Ingen andre systemer" in screen.html
    screen.act("add")
    screen.act("save", values={"name": "Butikk", "url": "http://example.com", "kind customer.created": True})
    assert set(screen.data["errors"]) == {"url"} and screen.data["values"]["kinds"] == ("customer.created",)
    screen.act("save", values={"name": "Butikk", "url": "https://example.com/inn", "kind customer.created": True, "kind nothing": True})
    assert set(screen.data["errors"]) == {"kinds"}
    screen.act("save", values={"name": "Butikk", "url": "https://example.com/inn", "kind customer.created": True})
    (hook,) = crm.webhooks.list()
    assert (hook.kinds, screen.data["at"]) == (("customer.created",), "")
    assert screen.data["secret"] in screen.html and len(screen.data["secret"]) > 40
    screen.act("edit", id=str(hook.id))
    assert screen.data["secret"] == ""
    screen.act("save", values={"name": "Butikken", "url": hook.url, "kind customer.created": True, "is_active": True})
    crm.customers.create(name="Nordlys AS")
    give_up(crm.transport.dispatcher.database)
    screen.act("reload")
    (message,) = screen.data["dead"][hook.id]
    assert "HTTP 500" in screen.html and "Send alle på nytt" in screen.html
    screen.act("resend", id=str(message.id))
    assert crm.webhooks.list()[0].n_queued == 1 and screen.data["dead"] == {}


def give_up(database):
    from sqlalchemy import update

    from crm_lab.store import tables

    with database.writing() as connection:
        connection.execute(update(tables.webhook_message).values(state="dead", error="HTTP 500", tries=10, done_at=utc_now()))
