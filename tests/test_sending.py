"""Invoices on their way: over a real mail server and into a folder, what fails stays, and nothing goes twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from crm_lab.connection import Connection, Local
from crm_lab.domain.deliveries import MOST_TRIES, DeliveryState
from crm_lab.domain.ids import new_id
from crm_lab.domain.invoicing import InvoicingSettings
from crm_lab.domain.orders import OrderLine
from crm_lab.domain.terms import Distribution
from crm_lab.errors import InvalidInput, NotFound
from crm_lab.i18n import business_day
from crm_lab.sending import send_queued
from crm_lab.server.sales import SalesAtNight
from crm_lab.settings import Settings, utc_now
from crm_lab.store.engine import Database
from tests.mailbox import mailbox

OURS = InvoicingSettings(
    organisation_number="974760673", street="Storgata 1", postal_code="0155", city="Oslo", email="faktura@selger.no", bank_account="86011117947"
)


@pytest.fixture
def crm(company_url):
    database = Database(company_url)
    made = Connection(Local(database, user="kari"))
    made.invoices.set_settings(settings=OURS)
    yield made
    database.close()


def invoiced(crm, **fields):
    acme = crm.customers.create(name="Acme AS", organisation_number="923609016", email="post@acme.no", duplicate_reason="prøve")
    order = crm.orders.create(
        customer_id=acme.id, lines=(OrderLine(id=new_id(), text="Hammer", price=Decimal(100)),), buyer_reference="Per", **fields
    )
    return crm.orders.invoice(order.id)[0]


def later(crm, minutes):
    """The same company some time on."""
    crm.transport.dispatcher.clock = lambda: utc_now() + timedelta(minutes=minutes)


def test_an_e_mail_goes_with_the_pdf_in_the_customers_language(crm):
    one, other = invoiced(crm), invoiced(crm, language="en")
    with mailbox() as box:
        crm.deliveries.queue(invoice_ids=[one.id, other.id])
        assert send_queued(crm, Settings(mail_server=box.url)) == (2, 0)
        assert send_queued(crm, Settings(mail_server=box.url)) == (0, 0)
    first, second = box.messages
    assert (first["To"], first["Subject"]) == ("post@acme.no", f"Faktura {one.number} – {crm.company.facts().name}")
    assert one.kid in first.get_body().get_content() and second["Subject"].startswith("Invoice")
    (pdf,) = first.iter_attachments()
    assert pdf.get_content().startswith(b"%PDF") and pdf.get_filename() == f"Faktura {one.number}.pdf"
    (sent,) = crm.deliveries.of(invoice_id=one.id)
    assert (sent.state, sent.message_id, sent.sent_at is None) == (DeliveryState.SENT, first["Message-ID"], False)
    with mailbox() as box:
        assert crm.deliveries.queue(invoice_ids=[one.id], recipient="ny@acme.no")[0].recipient == "ny@acme.no"
        send_queued(crm, Settings(mail_server=box.url))
        assert box.recipients == [["ny@acme.no"]]
    assert len(crm.deliveries.of(invoice_id=one.id)) == 2


def test_what_fails_waits_and_is_given_up_when_it_cannot_help(crm):
    one = invoiced(crm)
    crm.deliveries.queue(invoice_ids=[one.id])
    assert send_queued(crm, Settings(mail_server="")) == (0, 1)
    (waiting,) = crm.deliveries.of(invoice_id=one.id)
    assert (waiting.state, waiting.tries) == (DeliveryState.QUEUED, 1) and "CRM_MAIL_SERVER" in waiting.error
    with mailbox() as box:
        assert send_queued(crm, Settings(mail_server=box.url)) == (0, 0), "not yet"
        later(crm, 6)
        box.busy.add("post@acme.no")
        assert send_queued(crm, Settings(mail_server=box.url)) == (0, 1)
        later(crm, 60)
        box.busy.clear()
        box.refused.add("post@acme.no")
        assert send_queued(crm, Settings(mail_server=box.url)) == (0, 1)
        (given_up,) = crm.deliveries.of(invoice_id=one.id)
        assert (given_up.state == DeliveryState.FAILED and "550" in given_up.error) or "No such mailbox" in given_up.error
        box.refused.clear()
        crm.deliveries.queue(invoice_ids=[one.id])
        assert send_queued(crm, Settings(mail_server=box.url)) == (1, 0)
    assert crm.invoices.facts(id=one.id).number == one.number and MOST_TRIES > 2


def test_what_somebody_took_and_never_told_of_is_taken_again_later(crm):
    one = invoiced(crm)
    crm.deliveries.queue(invoice_ids=[one.id])
    assert len(crm.deliveries.take()) == 1 and crm.deliveries.take() == []
    later(crm, 11)
    assert len(crm.deliveries.take()) == 1


def test_an_ehf_is_checked_and_handed_over(crm, tmp_path):
    one = invoiced(crm, distribution=Distribution.EHF)
    crm.deliveries.queue(invoice_ids=[one.id])
    out = tmp_path / "out"
    out.mkdir()
    told = send_queued(crm, Settings(ehf_delivery=out.as_uri()))
    assert told == (1, 0), crm.deliveries.of(invoice_id=one.id)[0].error
    (file,) = out.iterdir()
    assert file.name == f"974760673-invoice-{one.number}.xml" and b"Hammer" in file.read_bytes()


def test_invoices_go_in_the_order_of_their_numbers(crm):
    made = [invoiced(crm).id for _ in range(4)]
    crm.deliveries.queue(invoice_ids=made[::-1])
    assert [one.invoice_id for one in crm.deliveries.take()] == made


def test_paper_is_not_queued_and_nobody_to_send_to_is_told(crm):
    printed = invoiced(crm, distribution=Distribution.PRINT)
    assert crm.deliveries.queue(invoice_ids=[printed.id]) == []
    with pytest.raises(InvalidInput):
        crm.deliveries.queue(invoice_ids=[printed.id], recipient="ingen")


def test_reminders_and_quotes_go_by_mail_and_a_bounce_is_told(crm):
    one = invoiced(crm)
    (reminder,) = crm.reminders.make(posting_ids=[one.posting_id], on=one.due_on + timedelta(days=20))
    quote = crm.orders.copy(id=one.order_id)
    with mailbox() as box:
        crm.deliveries.queue_reminders(reminder_ids=[reminder.id])
        crm.deliveries.queue_order(order_id=quote.id, recipient="innkjop@acme.no")
        assert send_queued(crm, Settings(mail_server=box.url)) == (2, 0)
    first, second = box.messages
    assert "Purring" in first["Subject"] and str(one.number) in first.get_body().get_content() and one.kid in first.get_body().get_content()
    assert f"Tilbud {quote.number}" in second["Subject"] and second["To"] == "innkjop@acme.no"
    assert crm.deliveries.of_order(order_id=quote.id)[0].state == DeliveryState.SENT and crm.deliveries.troubled() == []
    back = crm.deliveries.bounced(message_id=str(first["Message-ID"]), reason="550 5.1.1 ukjent")
    assert (back.state, back.reminder_id) == (DeliveryState.BOUNCED, reminder.id) and crm.deliveries.troubled() == [back]
    with pytest.raises(NotFound):
        crm.deliveries.bounced(message_id="<x@y>", reason="")
    crm.deliveries.queue_reminders(reminder_ids=[reminder.id])
    assert crm.deliveries.troubled() == []


def test_the_night_does_what_is_switched_on_and_nothing_else(crm):
    one, today = invoiced(crm), business_day(utc_now())
    crm.orders.create(customer_id=one.customer_id, repeats_months=1, next_on=today - timedelta(days=1), ordered_on=today, lines=(OrderLine(id=new_id(), text="Leie", price=Decimal(9)),))
    crm.orders.invoice(crm.orders.copy(id=one.order_id).id, on=today - timedelta(days=60))
    night = SalesAtNight(crm.transport.dispatcher)
    assert night.work() == (0, 0)
    crm.invoices.set_settings(settings=replace(OURS, repeats_nightly=True, reminds_nightly=True))
    assert crm.invoices.settings().nightly_as == "kari"
    assert night.work() == (1, 1) and night.work() == (0, 0)
    crm.invoices.set_settings(settings=replace(crm.invoices.settings(), repeats_nightly=False, reminds_nightly=False))
    assert crm.invoices.settings().nightly_as == ""


def test_the_night_serves_customers_that_only_their_owner_sees(crm):
    """Made as their owner, so that they stay hidden from who switched it on."""
    today = business_day(utc_now())
    crm.invoices.set_settings(settings=replace(OURS, repeats_nightly=True, reminds_nightly=True))
    crm.employees.add(username="sverre", name="Sverre", password="et langt passord 12", roles=["seller"])
    sverre = Connection(Local(crm.transport.dispatcher.database, user="sverre"))
    own = sverre.customers.create(name="Bare min AS", email="post@bare.example", owner_only=True)
    line = (OrderLine(id=new_id(), text="Leie", price=Decimal(9)),)
    sverre.orders.create(customer_id=own.id, repeats_months=1, next_on=today - timedelta(days=1), ordered_on=today, lines=line)
    sverre.orders.invoice(sverre.orders.create(customer_id=own.id, lines=(replace(line[0], id=new_id()),)).id, on=today - timedelta(days=60))
    assert SalesAtNight(crm.transport.dispatcher).work() == (1, 1)
    assert len(sverre.orders.list()) == 3 and crm.orders.list().empty and crm.deliveries.troubled() == []


def test_the_night_goes_on_when_who_switched_it_on_has_left(crm):
    today = business_day(utc_now())
    crm.employees.add(username="adele", name="Adele", password="et langt passord 12", roles=["admin"])
    Connection(Local(crm.transport.dispatcher.database, user="adele")).invoices.set_settings(settings=replace(OURS, repeats_nightly=True))
    adele = next(one for one in crm.employees.list() if one.username == "adele")
    crm.employees.deactivate(id=adele.id, version=adele.version)
    one = invoiced(crm)
    crm.orders.create(customer_id=one.customer_id, repeats_months=1, next_on=today, ordered_on=today, lines=(OrderLine(id=new_id(), text="Leie", price=Decimal(9)),))
    assert SalesAtNight(crm.transport.dispatcher).work() == (1, 0)
