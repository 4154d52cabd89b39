"""The page of e-mails that came back."""

from __future__ import annotations

from decimal import Decimal

from crm_lab.domain.ids import new_id
from crm_lab.domain.orders import OrderLine
from crm_lab.widgets.bounces import BounceScreen
from tests.exchange.test_bounces import REPORT


def test_a_notification_tells_what_it_is_about_and_another_file_why_not(app, crm, acme):
    quote = crm.orders.create(customer_id=acme.id, status="quote", lines=(OrderLine(id=new_id(), text="Hammer", price=Decimal(1)),))
    sent = crm.deliveries.queue_order(order_id=quote.id, recipient="post@acme.example")
    crm.deliveries.take()
    crm.deliveries.sent(id=sent.id, message_id="<sent@selger.example>")
    app.go("imports/bounces")
    screen = app.main.children[0]
    assert isinstance(screen, BounceScreen)
    screen.upload.fire("file", name="bilde.eml", data=b"Subject: Hei\n\nHei")
    assert "bilde.eml" in str(screen.told.html) and 'role="alert"' in str(screen.told.html)
    screen.upload.fire("file", name="retur.eml", data=REPORT)
    assert "550 5.1.1" in str(screen.told.html) and f"orders/{quote.id}" in str(screen.told.html) and "bilde.eml" not in str(screen.told.html)
