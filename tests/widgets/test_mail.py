"""E-mail without a browser: the tab of the cards, one's own mail, accounts and the company's rules."""

from __future__ import annotations

import pytest

from crm_lab.domain.mail_accounts import Security
from crm_lab.domain.messages import MailTemplate
from crm_lab.exchange.mime import read_mail
from crm_lab.widgets.contacts import ContactCard
from crm_lab.widgets.customer_card import CustomerCard
from crm_lab.widgets.mail_accounts import MailAccountScreen
from crm_lab.widgets.mail_box import AT_A_TIME
from crm_lab.widgets.mail_settings import MailSettings
from crm_lab.widgets.messages import MyMail

GIVEN = {"address": "kari@test.no", "secret": "app-passord", "imap_host": "imap.test.no", "smtp_host": "smtp.test.no"}


def show(app, path, screen):
    app.go(path)
    shown = app.main.children[0]
    assert isinstance(shown, screen)
    return shown


def mail(n=1, subject="Tilbud", sender="post@acme.no", body="Hei!", more=""):
    return read_mail(f"From: Per <{sender}>\nTo: kari@test.no\nSubject: {subject}\nMessage-ID: <{n}@acme.no>\nDate: Mon, 1 Jun 2026 1{n % 10}:00:00 +0200\n{more}\n{body}".encode())


@pytest.fixture
def party(crm, acme):
    return crm.customers.change(id=acme.id, version=acme.version, email="post@acme.no")


def test_the_tab_reads_searches_and_moves(app, crm, party):
    crm.messages.record(messages=[mail(body="<b>Hei</b> der"), mail(2, "Sv: Tilbud", more="References: <1@acme.no>\n"), mail(3, "Faktura")])
    other = crm.customers.create(name="Annen AS")
    card = show(app, f"customers/{party.number}/mail", CustomerCard)
    assert [line["subject"] for line in card.data["mail_threads"]] == ["Faktura", "Tilbud"]
    card.act("mail_search", value="der")
    assert [line["subject"] for line in card.data["mail_threads"]] == ["Tilbud"]
    card.act("mail_search", value="finnes ikke")
    assert "Fant ingen e-post" in card.html
    card.act("mail_search", value="")
    card.act("mail_open", id=card.data["mail_threads"][1]["id"])
    first, second = card.data["mail_thread"]["messages"]
    assert (first["is_open"], second["is_open"]) == (False, True)
    card.act("mail_unfold", id=first["id"])
    assert "&lt;b&gt;Hei&lt;/b&gt; der" in card.html and "<b>Hei</b>" not in card.html
    card.act("mail_move", id=first["id"])
    card.act("mail_find", value="Annen")
    card.act("mail_put", id=f"customer_id:{other.id}")
    assert crm.messages.of(customer_id=other.id).n == 1 and len(card.data["mail_thread"]["messages"]) == 1
    app.router.fire("undo", id=app.said[-1]["id"])
    assert crm.messages.of(customer_id=other.id).n == 0
    card.act("mail_off", id=second["id"])
    card.act("mail_back")
    assert crm.messages.of(customer_id=party.id, text="Sv").n == 0


def test_many_conversations_come_page_by_page(app, crm):
    berit = crm.contacts.create(last_name="Berit", email="post@acme.no")
    crm.messages.record(messages=[mail(n, f"Emne {n}") for n in range(1, AT_A_TIME + 4)])
    card = show(app, f"contacts/{berit.id}/mail", ContactCard)
    assert len(card.data["mail_threads"]) == AT_A_TIME and "1–30 av 33" in card.html
    card.act("mail_page", id=str(AT_A_TIME))
    assert len(card.data["mail_threads"]) == 3


def test_an_answer_is_written_from_a_template_and_queued(app, crm, party):
    crm.mail_accounts.add(**GIVEN)
    crm.messages.set_rules(rules=crm.messages.rules().__class__(templates=(MailTemplate(name="Takk", text="Takk, {customer}! Hilsen {me}"),)))
    crm.messages.record(messages=[mail()])
    card = show(app, f"customers/{party.number}/mail", CustomerCard)
    card.act("mail_open", id=card.data["mail_threads"][0]["id"])
    card.act("mail_answer", id=card.data["mail_thread"]["messages"][0]["id"])
    values = card.data["mail_values"]
    assert (values["to"], values["subject"]) == ("post@acme.no", "Sv: Tilbud") and "> Hei!" in values["text"]
    card.act("mail_template", value="Takk", values={"copies": "sjef@acme.no"})
    assert card.data["mail_values"]["text"].startswith("Takk, Acme AS! Hilsen Kari Nordmann")
    card.act("mail_send", values={"to": "ikke en adresse"})
    assert "mail-form" in card.html and card.data["mail_errors"]["to"]
    card.act("mail_send", values={"to": "post@acme.no"})
    (waiting,) = crm.messages.outgoing()
    assert (waiting.recipients, waiting.copies, waiting.customer_id) == ("post@acme.no", "sjef@acme.no", party.id)
    mine = show(app, "mail", MyMail)
    assert "på vei" in mine.html
    mine.act("mail_discard", id=str(waiting.id))
    assert crm.messages.outgoing() == []


def test_doubtful_mail_is_settled_on_ones_own_page(app, crm, party):
    other = crm.customers.create(name="Annen AS", email="post@acme.no", duplicate_reason="samme eier")
    crm.messages.record(messages=[mail()])
    mine = show(app, "mail", MyMail)
    assert "Acme AS" in mine.html and "Annen AS" in mine.html
    mine.act("settle", id=f"customer_id:{other.id}", address="post@acme.no")
    assert crm.messages.of(customer_id=other.id).n == 1 and crm.messages.of(customer_id=party.id).n == 0 and mine.data["doubts"] == []


def test_an_account_is_connected_tried_switched_on_and_removed(app, crm):
    screen = show(app, "profile/mail", MailAccountScreen)
    screen.act("new")
    typed = screen.data["values"] | GIVEN | {"imap_host": "127.0.0.1", "imap_port": "9", "imap_security": str(Security.PLAIN), "folders": "INBOX\nSendt"}
    screen.act("typed", values=typed, name="address", left=False)
    screen.act("try")
    assert screen.data["at"] == "new" and "127.0.0.1" in screen.data["errors"]["imap_host"]
    screen.act("save", values=typed | {"imap_port": "x"})
    assert screen.data["errors"]["imap_port"]
    screen.act("save", values=typed)
    (made,) = crm.mail_accounts.list()
    assert (made.folders, made.is_on, "app-passord" in screen.html) == (("INBOX", "Sendt"), False, False)
    screen.act("switch", id=str(made.id))
    assert crm.mail_accounts.list()[0].is_on and "Leses for første gang" in screen.html
    screen.act("edit", id=str(made.id))
    assert screen.data["values"]["secret"] == ""
    screen.act("cancel")
    screen.act("ask", id=str(made.id))
    screen.act("remove", id=str(made.id))
    assert crm.mail_accounts.list() == []


def test_rules_and_templates_of_the_company(app, crm):
    screen = show(app, "settings/mail", MailSettings)
    screen.act("rules", values={"by_domain": True, "keep_deleted_days": "x"})
    assert screen.data["errors"]["keep_deleted_days"]
    screen.act("rules", values={"by_domain": True, "keep_deleted_days": "30"})
    screen.act("new")
    screen.act("template", values={"name": "Takk", "subject": "Takk", "text": "Takk for sist"})
    screen.act("new")
    screen.act("template", values={"name": "Takk", "subject": "", "text": "x"})
    assert screen.data["errors"]["name"]
    screen.act("cancel")
    rules = crm.messages.rules()
    assert (rules.by_domain, rules.keep_deleted_days, [one.text for one in rules.templates]) == (True, 30, ["Takk for sist"])
    screen.act("remove", id="0")
    assert crm.messages.rules().templates == ()
