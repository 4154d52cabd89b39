"""Calls: folded, linked by number now and later, hidden with their party, kept as long as the company says."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from crm_lab.domain.access import Role
from crm_lab.domain.calls import CallReport, CallSettings, CallStatus, Direction
from crm_lab.domain.contacts import ContactRole
from crm_lab.domain.ids import new_id
from crm_lab.errors import CrmError, Forbidden, InvalidInput, NotFound
from crm_lab.exchange.signed import sign
from crm_lab.server.nightly import remove_old_calls
from crm_lab.services.check import check
from crm_lab.settings import utc_now
from crm_lab.store import tables

if TYPE_CHECKING:
    from collections.abc import Callable

    from crm_lab.connection import Connection
    from crm_lab.store.engine import Database

    Login = Callable[[str], Connection]
PHONE, OTHER = "+4722334455", "+4722334466"


def report(call_id: str = "1", caller: str = "22334455", called: str = "101", **more: Any) -> CallReport:
    return CallReport(call_id=call_id, caller=caller, called=called, started_at=more.pop("started_at", utc_now() - timedelta(minutes=1)), **more)


def take(crm: Connection, *reports: CallReport) -> tuple[int, int, int, int]:
    read = crm.calls.record(reports=list(reports), source="asterisk")
    return read.n_new, read.n_changed, read.n_known, read.n_internal


def test_a_call_is_linked_to_both_and_the_same_again_changes_nothing(login: Login, database: Database) -> None:
    kari = login("kari")
    acme = kari.customers.create(name="Acme AS")
    per = kari.contacts.create(first_name="Per", last_name="Nilsen", mobile=PHONE, roles=(ContactRole(id=new_id(), customer_id=acme.id),))
    me = kari.employees.list()[0]
    kari.employees.change(id=me.id, version=me.version, name=me.name, roles=me.roles, extension="101")
    told = report()
    assert take(kari, told, report("2", "101", "102")) == (1, 0, 0, 1)
    (ringing,) = kari.calls.ringing()
    assert (ringing.customer, ringing.contact, ringing.employee, ringing.status) == ("Acme AS", "Per Nilsen", "Kari Nordmann", CallStatus.RINGING)
    assert take(kari, told) == (0, 0, 1, 0)
    done = report(started_at=told.started_at, answered_at=told.started_at + timedelta(seconds=5), ended_at=told.started_at + timedelta(seconds=25))
    assert take(kari, done) == (0, 1, 0, 0)
    assert take(kari, told, done) == (0, 0, 1, 0)
    assert kari.calls.ringing() == []
    for whose in ({"customer_id": acme.id}, {"contact_id": per.id}):
        page = kari.calls.of(**whose)
        assert [(call.status, call.seconds) for call in page.calls] == [(CallStatus.COMPLETED, 20)]
        assert page.n == 1
    frame = kari.calls.list()
    assert (frame.status[0], frame.seconds[0], frame.contact[0]) == ("completed", 20, "Per Nilsen")
    noted = kari.calls.annotate(id=ringing.id, version=2, note="Vil ha tilbud")
    assert noted.note == "Vil ha tilbud"
    kari.history.undo(request_id=kari.last_request)
    assert kari.calls.get(id=ringing.id).note == ""
    assert check(database) == []


def test_unknown_numbers_follow_whoever_gets_them(login: Login) -> None:
    kari = login("kari")
    acme = kari.customers.create(name="Acme AS")
    take(kari, report("1"), report("2"), report("3", OTHER), report("4", "anonymous"))
    assert {(n.number, n.n_calls) for n in kari.calls.unknown()} == {(PHONE, 2), (OTHER, 1)}
    assert kari.calls.assign(number=PHONE, customer_id=acme.id) == 2
    assert kari.customers.get(id=acme.id).phone == PHONE
    assert kari.calls.of(customer_id=acme.id).n == 2
    kari.history.undo(request_id=kari.last_request)
    assert (kari.customers.get(id=acme.id).phone, kari.calls.of(customer_id=acme.id).n) == ("", 0)
    berit = kari.contacts.create(last_name="Berit", mobile=OTHER)
    assert kari.calls.of(contact_id=berit.id).n == 1, "the number was written on a card, and the call followed"
    assert [n.number for n in kari.calls.unknown()] == [PHONE]
    for wrong in ({"number": PHONE}, {"number": "anonymous", "customer_id": acme.id}):
        with pytest.raises(InvalidInput):
            kari.calls.assign(**wrong)


def test_a_number_on_several_cards_is_nobodys_and_a_switchboard_is_the_companys(login: Login) -> None:
    kari = login("kari")
    acme, other = kari.customers.create(name="Acme AS", phone=PHONE), kari.customers.create(name="Berg AS", phone=OTHER)
    role = {"customer_id": acme.id, "phone": PHONE}
    for name in ("Per", "Pål"):
        kari.contacts.create(last_name=name, roles=(ContactRole(id=new_id(), **role),))
    kari.customers.change(id=other.id, version=1, mobile="+4791234567")
    kari.customers.create(name="Celle AS", phone=OTHER, duplicate_reason="Samme sentralbord")
    take(kari, report("1"), report("2", OTHER))
    (call,) = kari.calls.of(customer_id=acme.id).calls
    assert (call.customer, call.contact) == ("Acme AS", "")
    assert [n.number for n in kari.calls.unknown()] == [OTHER]


def test_private_parties_calls_are_their_owners(login: Login) -> None:
    kari, ola = login("kari"), login("ola")
    take(kari, report("0"))
    secret = kari.customers.create(name="Hemmelig AS", phone=PHONE, owner_only=True)
    take(kari, report("1"))
    assert kari.calls.of(customer_id=secret.id).n == 2
    assert (len(ola.calls.list()), ola.calls.unknown()) == (0, [])
    hidden = kari.calls.list().id[0]
    for ask in (lambda: ola.calls.get(id=UUID(hidden)), lambda: ola.calls.of(customer_id=secret.id), lambda: ola.calls.annotate(id=UUID(hidden), version=1, note="x"), lambda: ola.calls.assign(number=PHONE, customer_id=secret.id)):
        with pytest.raises(NotFound):
            ask()


def test_calls_go_with_their_party_and_come_back(login: Login, database: Database) -> None:
    kari = login("kari")
    acme, berg = kari.customers.create(name="Acme AS", phone=PHONE), kari.customers.create(name="Berg AS")
    take(kari, report())
    kari.customers.delete(id=acme.id, version=1)
    assert len(kari.calls.list()) == 0
    kari.history.undo(request_id=kari.last_request)
    assert kari.calls.of(customer_id=acme.id).n == 1
    kari.merges.merge(kind="customer", kept_id=berg.id, merged_id=acme.id)
    assert kari.calls.of(customer_id=berg.id).n == 1
    take(kari, report("2"))
    assert kari.calls.of(customer_id=berg.id).n == 2, "who was merged into another is that other"
    assert check(database) == []


def test_pages_and_calls_written_by_hand(login: Login) -> None:
    ola = login("ola")
    acme = ola.customers.create(name="Acme AS", phone=PHONE)
    ola.calls.log(number="22 33 44 55", direction=Direction.OUTGOING, note="Ringte tilbake")
    ola.calls.log(number="", direction=Direction.INCOMING, customer_id=acme.id)
    page = ola.calls.of(customer_id=acme.id, start=1, limit=1)
    assert (len(page.calls), page.n) == (1, 2)
    one = page.calls[0]
    with pytest.raises(Forbidden):
        login("ingrid").calls.delete(id=one.id, version=one.version)
    ola.calls.delete(id=one.id, version=one.version)
    assert ola.calls.of(customer_id=acme.id).n == 1


def test_old_calls_are_told_of_and_forgotten_for_good(login: Login, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    kari = login("kari")
    take(kari, report("1", started_at=utc_now() - timedelta(days=800), ended_at=utc_now() - timedelta(days=800)), report("2"))
    assert len(check(database)) == 1
    with pytest.raises(Forbidden):
        login("ola").calls.forget()
    assert kari.calls.forget() == 1
    assert (len(kari.calls.list()), check(database)) == (1, [])
    with database.reading() as connection:
        told = connection.execute(tables.audit.select().where(tables.audit.c.entity == "call")).all()
    assert len(told) == 1
    monkeypatch.setenv("CRM_CALLS_UNKNOWN", "false")
    assert take(kari, report("3", OTHER)) == (0, 0, 0, 1)


def test_a_signed_message_is_taken_and_no_other(login: Login, monkeypatch: pytest.MonkeyPatch) -> None:
    kari, secret = login("kari"), "en-hemmelighet-paa-over-24-tegn"
    body, stamp = '{"calls":[{"call_id":"1","caller":"22334455","called":"101","started_at":"2026-11-24T12:00:00Z"}]}', str(int(utc_now().timestamp()))
    given = {"body": body, "timestamp": stamp, "signature": sign(secret, stamp, body)}
    with pytest.raises(Forbidden):
        kari.calls.hook(**given)
    monkeypatch.setenv("CRM_CALLS_SECRET", secret)
    assert kari.calls.hook(**given).n_new == 1
    assert kari.calls.hook(**given).n_known == 1, "the same message again changes nothing"
    with pytest.raises(Forbidden):
        kari.calls.hook(**(given | {"body": body + " "}))


def test_an_extension_is_one_employees(login: Login) -> None:
    kari = login("kari")
    login("ola")
    one, other = kari.employees.list()
    kari.employees.change(id=one.id, version=one.version, name=one.name, roles=one.roles, extension="101")
    for extension in ("101", "1 0 1"):
        with pytest.raises(CrmError):
            kari.employees.change(id=other.id, version=other.version, name=other.name, roles=(Role.SELLER,), extension=extension)


def test_a_report_that_is_wrong_takes_nothing_in(login: Login) -> None:
    kari = login("kari")
    with pytest.raises(InvalidInput):
        kari.calls.record(reports=[report(), report("2", started_at=datetime(2026, 1, 1))], source="x")  # noqa: DTZ001
    assert len(kari.calls.list()) == 0


def test_the_company_says_what_is_kept_and_the_night_does_it(login: Login, database: Database) -> None:
    kari, ola = login("kari"), login("ola")
    old = utc_now() - timedelta(days=40)
    take(kari, report("1", started_at=old, ended_at=old), report("2"))
    with pytest.raises(Forbidden):
        ola.calls.set_settings(settings=CallSettings(kept_days=1))
    with pytest.raises(InvalidInput) as wrong:
        kari.calls.set_settings(settings=CallSettings(kept_days=-1))
    assert (wrong.value.field, kari.calls.settings().kept_days, remove_old_calls(database)) == ("kept_days", 730, 0)
    kari.calls.set_settings(settings=CallSettings(kept_days=30, logs_unknown=False, notice="Vi logger samtaler."))
    assert (ola.calls.settings().notice, remove_old_calls(database), len(kari.calls.list())) == ("Vi logger samtaler.", 1, 1)
    take(kari, report("3"))
    assert len(kari.calls.list()) == 1, "a number on no card is not logged"
