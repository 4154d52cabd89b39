"""Orders and invoices: from draft to credited, settings that apply by themselves, numbers, the ledger, and what stops an order."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from sqlalchemy import update

from crm_lab.domain.addresses import Address, AddressKind
from crm_lab.domain.ids import new_id
from crm_lab.domain.invoicing import CannotInvoice, CreditLine, InvoiceKind, InvoicingSettings, KidParts, MayNotInvoice
from crm_lab.domain.orders import CannotMerge, OrderLine, OrderStatus, PaymentStatus, Unchangeable, Undeletable
from crm_lab.domain.terms import Distribution, Terms, TermSource, VatTreatment
from crm_lab.errors import ChangedMeanwhile, CrmError, InvalidFields, InvalidInput, NotFound
from crm_lab.services.check import check
from crm_lab.services.history import CannotUndo
from crm_lab.store import tables

SELLER = InvoicingSettings(organisation_number="974760673", street="Storgata 1", postal_code="0155", city="Oslo", bank_account="86011117947")
DAY = date(2026, 11, 2)


@pytest.fixture
def crm(login):
    kari = login("kari")
    kari.invoices.set_settings(settings=SELLER)
    return kari


@pytest.fixture
def acme(crm):
    return crm.customers.create(name="Acme AS", organisation_number="923609016", email="post@acme.no", addresses=(Address(kind=AddressKind.POSTAL, street="Veien 2", postal_code="5003", city="Bergen"),))


def line(text="Hammer", quantity=2, price="100", **more):
    return OrderLine(id=new_id(), text=text, quantity=Decimal(quantity), price=Decimal(price), **more)


def order_for(crm, customer, *lines, **fields):
    return crm.orders.create(customer_id=customer.id, lines=lines or (line(),), **fields)


def invoice(crm, *orders, on=DAY, **more):
    return crm.invoices.create(order_ids=[order.id for order in orders], on=on, **more)


def test_a_quote_is_valid_until_a_day_and_then_marked(crm, acme):
    day = date(2026, 3, 2)
    line = (OrderLine(id=new_id(), text="Hammer", price=Decimal(100)),)
    quote = crm.orders.create(customer_id=acme.id, status="quote", ordered_on=day, valid_until=day, lines=line)
    assert crm.orders.document(id=quote.id).due_on == day
    assert quote.is_expired(date(2026, 3, 3)) and not quote.is_expired(day)
    assert crm.orders.list().state.tolist() == ["expired"]
    with pytest.raises(InvalidInput, match=r"02\.03\.2026"):
        crm.orders.change(id=quote.id, version=quote.version, valid_until=date(2026, 3, 1))
    confirmed = crm.orders.confirm(id=quote.id, version=quote.version)
    assert crm.orders.list().state.tolist() == ["confirmed"] and crm.orders.document(id=quote.id).due_on is None
    assert crm.orders.copy(id=confirmed.id).valid_until is None


def test_an_order_from_draft_to_credited(crm, acme, database):
    made = order_for(crm, acme, line(), line("Mel", 3, "19.90", vat_code="31", discount=Decimal(10)))
    assert (made.number, made.status, made.owner, made.buyer.name, made.buyer.city) == (1001, OrderStatus.DRAFT, "Kari Nordmann", "Acme AS", "Bergen")
    assert (made.net, made.vat, made.gross) == (Decimal("253.73"), Decimal("58.06"), Decimal("311.79"))
    changed = crm.orders.change(id=made.id, version=1, lines=(*made.lines[::-1], line("Spiker")), note="Takk")
    assert [one.text for one in changed.lines] == ["Mel", "Hammer", "Spiker"] and changed.version == 2
    crm.history.undo(request_id=crm.last_request)
    assert [one.text for one in crm.orders.get(id=made.id).lines] == ["Hammer", "Mel"]
    with pytest.raises(ChangedMeanwhile):
        crm.orders.confirm(id=made.id, version=1)
    crm.orders.set_status(ids=[made.id], status="confirmed")
    with pytest.raises(Undeletable):
        crm.orders.delete(ids=[made.id])
    (one,) = invoice(crm, made)
    assert (one.number, one.kid, one.due_on, one.gross, one.open_amount, one.payment) == (10001, "0000100016", DAY + timedelta(days=14), Decimal("311.79"), Decimal("311.79"), PaymentStatus.OVERDUE)
    with pytest.raises(CannotUndo):
        crm.history.undo(request_id=crm.last_request)
    with pytest.raises(Unchangeable):
        crm.orders.change(id=made.id, version=crm.orders.get(id=made.id).version, note="x")
    part = crm.invoices.credit(id=one.id, lines=[CreditLine(line=1, quantity=Decimal(1))], reason="Retur", on=DAY)
    assert (part.number, part.kind, part.gross, part.credits) == (10002, InvoiceKind.CREDIT_NOTE, Decimal("-125.00"), 10001)
    assert crm.invoices.facts(id=one.id).open_amount == Decimal("186.79")
    assert crm.orders.get(id=made.id).status == OrderStatus.INVOICED
    with pytest.raises(InvalidInput, match="186"):
        crm.invoices.credit(id=one.id)
    crm.invoices.credit(id=one.id, lines=[CreditLine(line=1, quantity=Decimal(1)), CreditLine(line=2, quantity=Decimal(3))])
    assert crm.invoices.facts(id=one.id).payment == PaymentStatus.PAID
    assert crm.orders.get(id=made.id).status == OrderStatus.CREDITED
    assert [facts.number for facts in crm.invoices.of_order(order_id=made.id)][-1] == 10001
    assert check(database) == []


def test_the_customers_settings_apply_and_say_where_they_come_from(crm):
    label = crm.categories.create(name="Storkunde", for_customers=True, terms=Terms(discount=Decimal(10)))
    crm.company.set_terms(terms=Terms(payment_days=20))
    crm.products.save_list(name="Euro", currency="EUR")
    acme = crm.customers.create(name="Acme", email="a@acme.no", categories=(label.id,), terms=Terms(currency="EUR", price_list="Euro", vat_treatment=VatTreatment.EXPORT, invoice_language="en"))
    fresh = crm.orders.fresh(customer_id=acme.id)
    assert (fresh.currency, fresh.discount, fresh.payment_days, fresh.language) == ("EUR", Decimal(10), 20, "en")
    sources = {name: origin.source for name, origin in fresh.origins.items()}
    assert (sources["currency"], sources["discount"], sources["payment_days"]) == (TermSource.OWN, TermSource.CATEGORY, TermSource.COMPANY)
    assert fresh.origins["discount"].name == "Storkunde"
    product = crm.products.create(name="Hammer", name_en="A hammer", price=Decimal(100))
    euro = crm.products.price_lists()[0]
    crm.products.set_price(product_id=product.id, price_list_id=euro.id, first_day=date(2026, 1, 1), price=Decimal("9.5"))
    found = crm.orders.product_line(customer_id=acme.id, product_id=product.id, price_list="Euro", currency="EUR", discount=Decimal(10), on=DAY)
    assert (found.line.text, found.line.price, found.line.discount, found.line.vat_code, found.price.price_list) == ("A hammer", Decimal("9.5"), Decimal(10), "52", "Euro")
    made = crm.orders.create(customer_id=acme.id, lines=(found.line,), payment_days=7)
    assert "payment_days" not in made.origins and "currency" in made.origins
    assert made.vat == 0


def test_copied_merged_deleted_and_taken_back(crm, acme, database):
    one, other = order_for(crm, acme), order_for(crm, acme, line("Spiker"))
    beta = order_for(crm, crm.customers.create(name="Beta"))
    merged = crm.orders.merge(ids=[other.id, one.id])
    assert (merged.number, [row.text for row in merged.lines], merged.net) == (one.number, ["Hammer", "Spiker"], Decimal(400))
    with pytest.raises(NotFound):
        crm.orders.get(id=other.id)
    crm.history.undo(request_id=crm.last_request)
    assert crm.orders.get(id=other.id).lines == other.lines and crm.orders.get(id=one.id).net == Decimal(200)
    with pytest.raises(CannotMerge):
        crm.orders.merge(ids=[one.id, beta.id])
    with pytest.raises(CannotMerge):
        crm.orders.merge(ids=[one.id])
    copied = crm.orders.copy(id=one.id)
    assert copied.number == 1004 and copied.lines[0].text == "Hammer" and copied.lines[0].id != one.lines[0].id
    assert crm.orders.delete(ids=[copied.id, beta.id]) == 2
    crm.history.undo(request_id=crm.last_request)
    assert len(crm.orders.list()) == 4 and len(crm.orders.lines()) == 4
    assert check(database) == []


def test_an_opportunity_that_is_won_becomes_an_order(crm, acme):
    won = crm.opportunities.create(title="Kran", customer_id=acme.id, amount=Decimal(1000))
    made = crm.orders.from_opportunity(opportunity_id=won.id)
    assert (made.opportunity_id, made.lines[0].text, made.net) == (won.id, "Kran", Decimal(1000))


@pytest.mark.parametrize(
    ("terms", "fields", "field"),
    [
        (Terms(is_blocked=True), {}, "customer_id"),
        (Terms(needs_reference=True), {}, "buyer_reference"),
        (Terms(distribution=Distribution.EHF), {}, "buyer_reference"),
        (Terms(), {"lines": ()}, "lines"),
        (Terms(), {"lines": (line(price="-1"),)}, "lines"),
    ],
)
def test_what_lacks_something_is_told_and_nothing_is_numbered(crm, terms, fields, field):
    acme = crm.customers.create(name="Acme AS", organisation_number="923609016", email="a@acme.no", terms=terms)
    good, bad = order_for(crm, acme if not any((terms.is_blocked, terms.needs_reference, terms.distribution)) else crm.customers.create(name="God", email="g@god.no")), crm.orders.create(customer_id=acme.id, **({"lines": (line(),)} | fields))
    with pytest.raises(CannotInvoice) as caught:
        invoice(crm, good, bad)
    assert list(caught.value.fields) == [field] and str(bad.number) in caught.value.message
    assert len(crm.invoices.list()) == 0 and len(crm.ledger.all_items()) == 0
    assert [fault.number for fault in crm.invoices.faults(order_ids=[good.id, bad.id])] == [bad.number]
    assert invoice(crm, good)[0].number == 10001


def test_a_closed_period_and_a_missing_number_of_our_own_stop_it(crm, acme):
    made = order_for(crm, acme)
    crm.invoices.set_settings(settings=InvoicingSettings(organisation_number="974760673", closed_until=date(2026, 10, 31)))
    with pytest.raises(CannotInvoice, match=r"31\.10\.2026"):
        invoice(crm, made, on=date(2026, 10, 31))
    crm.invoices.set_settings(settings=InvoicingSettings())
    with pytest.raises(CannotInvoice):
        invoice(crm, made)
    with pytest.raises(InvalidFields) as caught:
        crm.invoices.set_settings(settings=InvoicingSettings(organisation_number="123456789", kid_rule="mod9"))
    assert set(caught.value.fields) == {"organisation_number", "kid_rule"}


def test_a_payment_with_the_kid_closes_the_invoice(crm, acme):
    crm.invoices.set_settings(settings=InvoicingSettings(organisation_number="974760673", kid_parts=KidParts.CUSTOMER_INVOICE, kid_rule="mod11", own_credit_series=True))
    (one,) = invoice(crm, order_for(crm, acme))
    assert one.kid.startswith("010001000010001")
    crm.ledger.post(customer_id=acme.id, kind="payment", amount=Decimal(-250), posted_on=DAY, kid=one.kid)
    crm.ledger.set_automatic_rules(rules=["kid"])
    assert crm.ledger.run_rules() == 1
    assert crm.invoices.facts(id=one.id).payment == PaymentStatus.PAID
    assert crm.orders.list().payment.tolist() == ["paid"]
    credit = crm.invoices.credit(id=one.id)
    assert (credit.number, credit.open_amount, crm.invoices.facts(id=one.id).payment) == (90001, Decimal("-250.00"), PaymentStatus.PAID), "the money is the customer's"


def test_an_advance_is_taken_off_the_invoice(crm, acme):
    made = order_for(crm, acme, line(), line("Mel", 1, "100", vat_code="31"))
    (advance,) = invoice(crm, made, advance_percent=Decimal(50))
    assert (advance.kind, advance.gross, crm.orders.get(id=made.id).status) == (InvoiceKind.ADVANCE, Decimal("182.50"), OrderStatus.CONFIRMED)
    (rest,) = invoice(crm, made)
    assert (rest.gross, rest.number) == (Decimal("182.50"), 10002)


def test_nobody_else_sees_the_orders_of_a_private_customer(login, crm):
    secret = crm.customers.create(name="Hemmelig AS", email="h@h.no", owner_only=True)
    made = order_for(crm, secret)
    (one,) = invoice(crm, made)
    ola = login("ola")
    assert len(ola.orders.list()) == len(ola.invoices.list()) == len(ola.orders.lines()) == 0
    for ask in (lambda: ola.orders.get(id=made.id), lambda: ola.invoices.document(id=one.id), lambda: ola.orders.copy(id=made.id), lambda: ola.invoices.credit(id=one.id), lambda: ola.orders.create(customer_id=secret.id)):
        with pytest.raises(NotFound):
            ask()


def test_invoices_stay_with_a_party_that_is_merged_and_orders_go_over(crm, acme, database):
    beta = crm.customers.create(name="Beta AS", email="b@beta.no")
    made = order_for(crm, beta)
    invoice(crm, made)
    crm.merges.merge(kind="customer", kept_id=acme.id, merged_id=beta.id)
    assert crm.orders.get(id=made.id).customer_id == acme.id
    assert crm.invoices.list(customer_id=acme.id).number.tolist() == [10001]
    assert check(database) == []
    assert isinstance(UUID(crm.invoices.list().id[0]), UUID)
    with pytest.raises(CrmError):
        crm.customers.delete(id=acme.id, version=acme.version)


def test_an_invoice_that_is_stopped_is_left_out_of_reminders(crm, acme):
    (one,) = invoice(crm, order_for(crm, acme))
    on = one.due_on + timedelta(days=20)
    assert len(crm.ledger.reminders(on=on)) == 1
    crm.invoices.stop_reminders(id=one.id)
    assert len(crm.ledger.reminders(on=on)) == 0 and not crm.invoices.facts(id=one.id).sends_reminders
    crm.history.undo(request_id=crm.last_request)
    assert len(crm.ledger.reminders(on=on)) == 1


def test_an_ehf_is_checked_before_it_has_a_number(crm, acme):
    bad = order_for(crm, acme, line(), line("Avslag", 1, "-10"), distribution=Distribution.EHF, buyer_reference="Per")
    (found,) = crm.invoices.findings(order_id=bad.id)
    assert (found.line, found.field, found.is_fatal, found.rule) == (2, "price", True, "BR-27") and found.message.startswith("En pris kan ikke")
    good = order_for(crm, acme, distribution=Distribution.EHF, buyer_reference="Per")
    assert crm.invoices.findings(order_id=good.id) == []
    with pytest.raises(CannotInvoice) as told:
        invoice(crm, good, bad)
    assert list(told.value.fields) == ["lines.2.price"] and "Linje 2: En pris" in told.value.message
    assert len(crm.invoices.list()) == 0 and invoice(crm, good)[0].number == 10001
    assert [fault.number for fault in crm.invoices.faults(order_ids=[bad.id])] == [bad.number]
    printed = order_for(crm, acme, line("Avslag", 1, "-10"), line())
    assert crm.invoices.findings(order_id=printed.id) == []


def test_the_company_may_let_only_accountants_invoice(crm, acme, login):
    crm.invoices.set_settings(settings=replace(SELLER, is_limited=True))
    seller, made = login("ola"), order_for(crm, acme)
    assert crm.invoices.may_invoice() and not seller.invoices.may_invoice()
    for deed in (lambda: invoice(seller, made), lambda: seller.invoices.credit(id=invoice(crm, made)[0].id)):
        with pytest.raises(MayNotInvoice):
            deed()


def test_check_reckons_invoices_anew(crm, acme, database):
    invoice(crm, order_for(crm, acme), order_for(crm, acme))
    assert check(database) == []
    i, p = tables.invoice, tables.posting
    with database.writing() as connection:
        connection.execute(update(i).where(i.c.number == 10002).values(net=Decimal(1)))
        connection.execute(update(p).values(kid="123"))
        connection.execute(update(tables.counter).where(tables.counter.c.name == "invoice").values(value=10005))
    told = " ".join(check(database))
    assert "10002" in told and "KID" in told and "10005" in told


def test_a_discount_on_product_groups_comes_from_the_category(crm):
    label = crm.categories.create(name="Storkunde", for_customers=True, terms=Terms(category_discount=Decimal(15)))
    buyer = crm.customers.create(name="Kjøper", categories=(label.id,), terms=Terms(discount=Decimal(5)))
    inside, outside = (crm.products.create(name=name, price=Decimal(100), product_group=group) for name, group in (("Maling", "Overflate"), ("Frakt", "")))
    found, other = (crm.orders.product_line(customer_id=buyer.id, product_id=one.id, discount=Decimal(5)) for one in (inside, outside))
    assert (found.line.discount, found.group, found.discount.source, found.discount.name) == (Decimal(15), "Overflate", TermSource.CATEGORY, "Storkunde")
    assert (other.line.discount, other.group, other.discount) == (Decimal(5), "", None)
