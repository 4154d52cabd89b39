"""E-mail: on the cards of both, once each, hidden with private cards, gone with the last copy, found by who may read it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import insert, select, update

from crm_lab.domain.contacts import ContactRole
from crm_lab.domain.ids import new_id
from crm_lab.domain.messages import MailRules
from crm_lab.errors import NotFound
from crm_lab.exchange.mime import read_mail
from crm_lab.services.check import check
from crm_lab.services.messages.intake import Place, drop_unneeded, forget_gone, lose_copies, take_in
from crm_lab.settings import utc_now
from crm_lab.store import tables
from crm_lab.store.files import files_of
from crm_lab.store.records import Work

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from crm_lab.connection import Connection
    from crm_lab.domain.messages import ReadMail
    from crm_lab.store.engine import Database

    Login = Callable[[str], Connection]
KUNDE, PER = "post@acme.no", "per@acme.no"


def mail(subject: str = "Tilbud", n: int = 1, sender: str = KUNDE, to: str = "kari@test.no", body: str = "Hei!", more: str = "") -> ReadMail:
    head = f"From: Per <{sender}>\nTo: {to}\nSubject: {subject}\nMessage-ID: <{n}@acme.no>\nDate: Mon, 0{n} Jun 2026 10:00:00 +0200\n{more}"
    return read_mail(f"{head}\n{body}\n".encode())


def with_file(name: str = "plan.txt", text: str = "innhold") -> ReadMail:
    part = f'--x\nContent-Type: text/plain\nContent-Disposition: attachment; filename="{name}"\n\n{text}\n--x--\n'
    return mail(more="Content-Type: multipart/mixed; boundary=x\n", body=f"--x\n\nSe vedlegg\n{part}")


def account(database: Database, employee_id: UUID, *, is_on: bool = True) -> Place:
    """A mailbox of somebody, as the synchronising would have it."""
    with database.writing() as connection:
        made, folder = new_id(), new_id()
        connection.execute(insert(tables.mail_account), [{
            "id": made, "version": 1, "employee_id": employee_id, "address": f"{made}@test.no", "user_name": "x", "login_by": "password", "imap_host": "x", "imap_port": 993,
            "imap_security": "tls", "smtp_host": "", "smtp_port": 465, "smtp_security": "tls", "folders": ("INBOX",), "private_words": (), "is_on": is_on, "created_at": utc_now(),
        }])  # fmt: skip
        connection.execute(insert(tables.mail_folder), [{"id": folder, "account_id": made, "name": "INBOX", "uid_validity": 1, "uid_next": 1}])
    return Place(employee_id=employee_id, account_id=made, folder_id=folder)


def arrive(database: Database, place: Place, *mails: ReadMail) -> list[UUID]:
    with database.writing() as connection:
        return take_in(Work(connection, None, utc_now()), place, list(enumerate(mails, 1)))[1]


def subjects(crm: Connection, **whose: Any) -> list[str]:
    return [one.subject for one in (crm.messages.of(**whose) if whose else crm.messages.mine()).threads]


def test_mail_is_on_the_cards_of_both_and_once(login: Login, database: Database) -> None:
    kari, ola = login("kari"), login("ola")
    acme = kari.customers.create(name="Acme AS", email=KUNDE)
    per = kari.contacts.create(first_name="Per", last_name="Nilsen", email=PER, roles=(ContactRole(id=new_id(), customer_id=acme.id),))
    both = mail(sender=PER, to="kari@test.no, ola@test.no")
    for crm in (kari, ola, kari):
        arrive(database, account(database, crm.me.id), both)
    for crm in (kari, ola):
        for whose in ({"customer_id": acme.id}, {"contact_id": per.id}):
            page = crm.messages.of(**whose)
            assert (page.n, [(t.n, t.subject, t.people) for t in page.threads]) == (1, [(1, "Tilbud", ("Per",))])
    (message,) = kari.messages.thread(id=page.threads[0].id)
    assert [(k.customer, k.contact, k.how) for k in message.links] == [("Acme AS", "Per Nilsen", "address")]
    assert (message.text, message.is_mine) == ("Hei!\n", True)
    assert check(database) == []


def test_an_address_written_on_a_card_later_brings_its_mail(login: Login, database: Database) -> None:
    kari = login("kari")
    arrive(database, account(database, kari.me.id), mail())
    acme = kari.customers.create(name="Acme AS")
    assert subjects(kari, customer_id=acme.id) == []
    kari.customers.change(id=acme.id, version=acme.version, email=KUNDE)
    assert subjects(kari, customer_id=acme.id) == ["Tilbud"]


def test_a_known_id_with_another_content_is_another_message(login: Login, database: Database) -> None:
    """Else who knows an id could read a colleague's mail by bringing in a file that claims it."""
    kari, ola = login("kari"), login("ola")
    arrive(database, account(database, kari.me.id), mail(body="Hemmelig"))
    ola.messages.record(messages=[mail(body="Noe annet")])
    (thread,) = ola.messages.mine().threads
    assert [m.text for m in ola.messages.thread(id=thread.id)] == ["Noe annet\n"]
    assert ola.messages.record(messages=[mail(body="Noe annet")]).n_known == 1
    assert ola.messages.mine().threads[0].n == 1


def test_a_mailbox_that_is_off_is_its_owners_alone(login: Login, database: Database) -> None:
    kari, ola = login("kari"), login("ola")
    acme = kari.customers.create(name="Acme AS", email=KUNDE)
    place = account(database, kari.me.id, is_on=False)
    (key,) = arrive(database, place, mail())
    assert subjects(kari, customer_id=acme.id) == ["Tilbud"]
    assert (subjects(ola, customer_id=acme.id), ola.messages.of(customer_id=acme.id).n) == ([], 0)
    with pytest.raises(NotFound):
        ola.messages.get(id=key)
    with database.writing() as connection:
        connection.execute(update(tables.mail_account).where(tables.mail_account.c.id == place.account_id).values(is_on=True))
    assert subjects(ola, customer_id=acme.id) == ["Tilbud"]


def test_mail_of_a_private_card_is_hidden_also_through_a_thread_and_an_open_card(login: Login, database: Database) -> None:
    kari, ola = login("kari"), login("ola")
    acme = kari.customers.create(name="Acme AS", email=KUNDE)
    kari.customers.create(name="Hemmelig AS", email="sjef@hemmelig.no", owner_only=True)
    secret = mail("Sv: Tilbud", 2, to="sjef@hemmelig.no", body="kanarifugl", more="References: <1@acme.no>\n")
    place = account(database, kari.me.id)
    _first, key = arrive(database, place, mail(), secret)
    assert kari.messages.of(customer_id=acme.id).threads[0].n == 2
    (thread,) = ola.messages.of(customer_id=acme.id).threads
    assert (thread.n, thread.preview) == (1, "Hei!")
    assert len(ola.messages.thread(id=thread.id)) == 1
    assert ola.messages.of(customer_id=acme.id, text="kanarifugl").n == 0
    assert kari.messages.of(customer_id=acme.id, text="kanarifugl").n == 1
    assert len(ola.messages.list()) == 1
    for ask in (lambda: ola.messages.get(id=key), lambda: ola.messages.page(id=key), lambda: ola.messages.move(id=key, customer_id=acme.id)):
        with pytest.raises(NotFound):
            ask()


def test_an_address_on_several_cards_waits_for_its_owner(login: Login, database: Database) -> None:
    kari, ola = login("kari"), login("ola")
    one, two = (kari.customers.create(name=name, email=KUNDE) for name in ("En AS", "To AS"))
    arrive(database, account(database, kari.me.id), mail(), mail(n=2))
    assert subjects(kari, customer_id=one.id) == subjects(kari, customer_id=two.id) == []
    (doubt,) = kari.messages.doubts()
    assert (doubt.address, doubt.n, [c.name for c in doubt.candidates]) == (KUNDE, 2, ["En AS", "To AS"])
    assert ola.messages.doubts() == []
    assert ola.messages.settle(address=KUNDE, customer_id=one.id) == 0
    assert kari.messages.settle(address=KUNDE, customer_id=two.id) == 2
    assert kari.messages.doubts() == []
    assert kari.messages.of(customer_id=two.id).n == 2
    kari.history.undo(request_id=kari.last_request)
    assert kari.messages.of(customer_id=two.id).n == 0


def test_a_private_card_comes_before_an_open_one(login: Login, database: Database) -> None:
    kari, ola = login("kari"), login("ola")
    acme = ola.customers.create(name="Acme AS", email=KUNDE)
    mine = kari.customers.create(name="Min AS", email=KUNDE, owner_only=True, duplicate_reason="samme eier")
    arrive(database, account(database, ola.me.id), mail())
    assert subjects(kari, customer_id=mine.id) == ["Tilbud"]
    assert subjects(ola, customer_id=acme.id) == []
    assert subjects(ola) == ["Tilbud"]
    assert ola.messages.thread(id=ola.messages.mine().threads[0].id)[0].links == ()


def test_the_domain_counts_where_the_company_says_so(login: Login, database: Database) -> None:
    kari = login("kari")
    acme = kari.customers.create(name="Acme AS", website="www.acme.no")
    arrive(database, account(database, kari.me.id), mail(sender="ukjent@acme.no"), mail(n=2, sender="noen@gmail.com"))
    assert subjects(kari, customer_id=acme.id) == []
    kari.messages.set_rules(rules=MailRules(by_domain=True))
    assert kari.messages.of(customer_id=acme.id).n == 1
    arrive(database, account(database, kari.me.id), mail("Ny", n=3, sender="en.til@acme.no"))
    assert subjects(kari, customer_id=acme.id) == ["Ny", "Tilbud"]


def test_threads_by_reference_in_any_order_and_by_subject(login: Login, database: Database) -> None:
    kari = login("kari")
    place = account(database, kari.me.id)
    arrive(database, place, mail("Re: Tilbud", 3, more="References: <1@acme.no> <2@acme.no>\n"))
    arrive(database, place, mail("Re: Tilbud", 2, more="In-Reply-To: <1@acme.no>\n"), mail("Noe annet", 4))
    arrive(database, place, mail())
    arrive(database, place, mail("SV: Tilbud", 5))
    assert [(t.n, t.subject) for t in kari.messages.mine().threads] == [(4, "Tilbud"), (1, "Noe annet")]


def test_deleted_in_the_mailbox_it_is_gone_from_the_card_with_its_file(login: Login, database: Database) -> None:
    kari, ola = login("kari"), login("ola")
    acme = kari.customers.create(name="Acme AS", email=KUNDE)
    places = [account(database, crm.me.id) for crm in (kari, ola)]
    for place in places:
        arrive(database, place, with_file())
    (message,) = kari.messages.thread(id=kari.messages.of(customer_id=acme.id).threads[0].id)
    assert b"".join([kari.messages.file(id=message.files[0].id)]) == b"innhold"
    c = tables.message_copy
    for left, place in zip((1, 0), places, strict=True):
        with database.writing() as connection:
            work = Work(connection, None, utc_now())
            copies = [row["id"] for row in work.rows(select(c.c.id).where(c.c.folder_id == place.folder_id))]
            drop_unneeded(work, lose_copies(work, copies))
        assert kari.messages.of(customer_id=acme.id).n == left
    with database.reading() as connection:
        assert files_of(connection).all() == {}
        assert not any(connection.execute(select(table)).first() for table in (tables.message, tables.message_body, tables.message_link, tables.message_file))
    assert check(database) == []


def test_the_company_may_keep_what_was_deleted_for_some_days(login: Login, database: Database) -> None:
    kari = login("kari")
    acme = kari.customers.create(name="Acme AS", email=KUNDE)
    arrive(database, account(database, kari.me.id), mail())
    with database.writing() as connection:
        work = Work(connection, None, datetime(2026, 6, 2, tzinfo=UTC))
        lose_copies(work, [row["id"] for row in work.rows(select(tables.message_copy.c.id))], keep_days=30)
    assert subjects(kari, customer_id=acme.id) == ["Tilbud"]
    for day, left in ((20, 1), (30, 1)):
        with database.writing() as connection:
            forget_gone(Work(connection, None, datetime(2026, 6, day, tzinfo=UTC)), 30)
        assert kari.messages.of(customer_id=acme.id).n == left
    with database.writing() as connection:
        forget_gone(Work(connection, None, datetime(2026, 7, 3, tzinfo=UTC)), 30)
    assert kari.messages.of(customer_id=acme.id).n == 0


def test_moving_a_message_is_undone_and_stays_against_the_address(login: Login, database: Database) -> None:
    kari = login("kari")
    one, two = kari.customers.create(name="En AS", email=KUNDE), kari.customers.create(name="To AS")
    (key,) = arrive(database, account(database, kari.me.id), mail())
    kari.messages.move(id=key, customer_id=two.id)
    assert (subjects(kari, customer_id=one.id), subjects(kari, customer_id=two.id)) == ([], ["Tilbud"])
    kari.history.undo(request_id=kari.last_request)
    assert (subjects(kari, customer_id=one.id), subjects(kari, customer_id=two.id)) == (["Tilbud"], [])
    kari.messages.take_off(id=key)
    assert subjects(kari, customer_id=one.id) == []
    assert subjects(kari) == ["Tilbud"]


def test_a_merge_takes_the_mail_along(login: Login, database: Database) -> None:
    kari = login("kari")
    one, two = kari.customers.create(name="En AS", email=KUNDE), kari.customers.create(name="To AS")
    arrive(database, account(database, kari.me.id), mail())
    kari.merges.merge(kind="customer", kept_id=two.id, merged_id=one.id)
    assert subjects(kari, customer_id=two.id) == ["Tilbud"]
    kari.history.undo(request_id=kari.last_request)
    assert subjects(kari, customer_id=one.id) == ["Tilbud"]


def test_a_file_is_named_by_what_came_with_it(login: Login, database: Database) -> None:
    """Else who knows the digest of a colleague's file could read it."""
    kari, ola = login("kari"), login("ola")
    arrive(database, account(database, kari.me.id), with_file(text="hemmelig"))
    (secret,) = with_file(text="hemmelig").files
    claimed = replace(with_file(), files=(replace(secret, content=b""),))
    ola.messages.record(messages=[claimed])
    (message,) = ola.messages.thread(id=ola.messages.mine().threads[0].id)
    assert [ola.messages.file(id=file.id) for file in message.files] == [b""]


def test_brought_in_onto_a_card(login: Login, database: Database) -> None:
    kari, ola = login("kari"), login("ola")
    acme = kari.customers.create(name="Acme AS")
    mails = [with_file(), replace(mail(n=2), subject="To")]
    assert kari.messages.record(messages=mails, customer_id=acme.id).n_new == 2
    assert kari.messages.record(messages=mails, customer_id=acme.id).n_known == 2
    assert ola.messages.of(customer_id=acme.id).n == 2
    assert check(database) == []
