"""Personal data: reports, erasure, consents, looks, retention."""

from __future__ import annotations

import re
from datetime import date, timedelta
from decimal import Decimal
from email.message import EmailMessage
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import String, cast, select

from crm_lab.domain.addresses import Address, AddressKind
from crm_lab.domain.calls import Direction
from crm_lab.domain.contacts import ContactRole
from crm_lab.domain.ids import new_id
from crm_lab.domain.privacy import GONE, RetentionKind, kept_until, pattern_of
from crm_lab.errors import Conflict, Forbidden, InvalidInput, NotFound
from crm_lab.exchange.mime import read_mail
from crm_lab.saft import export_saft
from crm_lab.services.check import check
from crm_lab.services.privacy.retention import run_nightly
from crm_lab.settings import utc_now
from crm_lab.store import tables
from crm_lab.store.privacy import BOOKS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from crm_lab.connection import Connection
    from crm_lab.domain.contacts import Contact
    from crm_lab.store.engine import Database

    Login = Callable[[str], Connection]


def said(database: Database, strings: Iterable[str], apart_from: frozenset[str] = frozenset()) -> set[str]:
    """Where any of the strings stands, of all columns of all tables: as "table.column"."""
    found = set()
    with database.reading() as connection:
        for table in tables.metadata.sorted_tables:
            for row in connection.execute(select(table)).mappings() if table.name not in apart_from else ():
                found |= {f"{table.name}.{name}" for name, value in row.items() if any(text.casefold() in str(value).casefold() for text in strings)}
    return found


def attach(crm: Connection, name: str, content: bytes) -> Any:
    upload = crm.documents.start(name=name, size=len(content))
    crm.documents.add(id=upload.id, at=0, part=content)
    crm.documents.finish(id=upload.id)
    return upload


def known_well(crm: Connection, first: str = "Solveig", last: str = "Tangenmyr", email: str = "solveig@tangenmyr.example", mobile: str = "41234567") -> Contact:
    """A person who has left traces everywhere."""
    company = crm.customers.create(name="Nordlys Bygg AS", note=f"Ring {first} {last} først")
    role = ContactRole(id=new_id(), customer_id=company.id, title="Innkjøpssjef", phone="+4798765432", email=f"jobb.{email}")
    home = Address(kind=AddressKind.POSTAL, street="Tangenmyrveien 17", postal_code="0150", city="Oslo")
    person = crm.contacts.create(first_name=first, last_name=last, email=email, mobile=mobile, birth_date=date(1980, 5, 4), note="Liker fjellet", roles=(role,), addresses=(home,))
    person = crm.contacts.rename(id=person.id, version=person.version, first_name=first, last_name=f"{last} Ås")
    crm.contacts.annotate(id=person.id, version=person.version, note=f"Har byttet nummer fra {mobile}")
    crm.notes.create(text=f"Snakket med\n{first} {last} om tilbudet", customer_id=company.id)
    note = crm.notes.create(text=f"{first} vil ha pris innen fredag", contact_id=person.id, attach=[attach(crm, f"{first} {last} CV.txt", f"CV {email}".encode())])
    crm.notes.change(id=note.id, version=note.version, text=f"{first} {last} vil ha pris innen mandag")
    crm.tasks.create(title=f"Ring {first} {last} på {mobile[:3]} {mobile[3:5]} {mobile[5:]}", contact_id=person.id)
    crm.tasks.create(title=f"Send til {email.upper()}", customer_id=company.id)
    crm.calls.log(number=mobile, direction=Direction.INCOMING, note=f"{first} ringte", contact_id=person.id)
    crm.documents.put(uploads=(attach(crm, "avtale.txt", f"Avtale med {first} {last}".encode()),), contact_id=person.id)
    letter = EmailMessage()
    letter["From"], letter["To"], letter["Subject"], letter["Message-ID"] = email, "kari@test.no", f"Fra {first} {last}", f"<{mobile}@x.example>"
    letter.set_content(f"Ring {mobile}. Hilsen {first} {last}")
    crm.messages.record(messages=[read_mail(letter.as_bytes())])
    crm.opportunities.create(title=f"Tak ({last}, {first})", customer_id=company.id, contact_id=person.id, next_step=f"{first} {last}")
    crm.privacy.note_consent(kind="contact", id=person.id, purpose="Nyhetsbrev", is_given=True, how=f"E-post fra {email}", text_version="2026-01")
    return crm.contacts.get(id=person.id)


TRACES = ("Solveig Tangenmyr", "Tangenmyr, Solveig", "solveig@tangenmyr.example", "41234567", "412 34 567", "Tangenmyrveien 17", "Tangenmyr Ås", "fjellet")


def test_a_report_has_every_part_and_no_other_person(login: Login) -> None:
    crm = login("kari")
    person = known_well(crm)
    other = crm.contacts.create(last_name="Annen")
    crm.notes.create(text="Hemmelig om en annen", contact_id=other.id)
    report = crm.privacy.report(kind="contact", id=person.id)
    parts = {part.name: part for part in report.parts}
    assert {"card", "addresses", "former_names", "roles", "consents", "notes", "tasks", "calls", "documents", "opportunities", "mail", "mentions", "history", "looks"} == set(parts)
    assert parts["card"].rows[0]["mobile"] == "+4741234567"
    assert parts["mail"].rows[0]["subject"] == "Fra Solveig Tangenmyr"
    assert parts["card"].rows[0]["birth_date"] == "1980-05-04"
    assert {row["where"] for row in parts["mentions"].rows} >= {"note.text", "customer.note", "task.title"}
    assert "Hemmelig" not in repr(report)
    assert all(part.basis and part.until for part in report.parts)


def test_a_report_leaves_out_what_is_private_to_colleagues_unless_an_administrator_says_why(login: Login) -> None:
    kari, ola = login("kari"), login("ola")
    person = kari.contacts.create(first_name="Per", last_name="Spelmann")
    ola.tasks.create(title="Olas egen om Per Spelmann", contact_id=person.id, owner_only=True)
    report = kari.privacy.report(kind="contact", id=person.id)
    assert "Olas egen" not in repr(report) and report.n_hidden == 1
    assert "Olas egen" in repr(kari.privacy.report(kind="contact", id=person.id, reason="Innsyn etter artikkel 15"))


def test_breaking_the_glass_is_logged_and_the_owner_is_told(login: Login) -> None:
    kari, ola = login("kari"), login("ola")
    hidden = ola.contacts.create(first_name="Liv", last_name="Hemmelig", owner_only=True)
    with pytest.raises(NotFound):
        kari.privacy.report(kind="contact", id=hidden.id)
    report = kari.privacy.report(kind="contact", id=hidden.id, reason="Ola er sluttet")
    assert report.name == "Liv Hemmelig"
    (look,) = kari.privacy.looks()
    assert (look.kind, look.who, look.owner, look.reason, look.name) == ("break_glass", "Kari Nordmann", "Ola Hansen", "Ola er sluttet", "Privat")
    assert [seen.name for seen in ola.privacy.looks_at_mine()] == ["Liv Hemmelig"]
    told = ola.tasks.of(contact_id=hidden.id)
    assert "Kari Nordmann" in told[0].title and "Ola er sluttet" in told[0].text
    with pytest.raises(NotFound):
        kari.history.undo(request_id=kari.last_request)
    with pytest.raises(NotFound):
        login("ingrid").privacy.report(kind="contact", id=hidden.id, reason="Nysgjerrig")


@pytest.mark.one_file
def test_an_erased_person_is_nowhere(login: Login, database: Database) -> None:
    crm = login("kari")
    person = known_well(crm)
    assert said(database, TRACES)
    plan = crm.privacy.plan(kind="contact", id=person.id)
    assert (plan.n_documents, plan.kept_until, plan.shared) == (2, None, ())
    assert plan.mentions["note"] == 1 and plan.rows["call"] == 1
    done = crm.privacy.erase(kind="contact", id=person.id, reason="Ba om det på telefon")
    assert said(database, TRACES) == set()
    assert not list((database.path.parent / "documents").rglob("*.*"))  # type: ignore[union-attr]
    assert [path for path in (database.path.parent / "documents").rglob("*") if path.is_file()] == []  # type: ignore[union-attr]
    card = crm.contacts.get(id=person.id)
    assert card.display_name == done.pseudonym and card.archived_at is not None
    assert (card.birth_date, card.note, card.mobile) == (None, "", "")
    assert crm.contacts.count() == 0
    assert "Snakket med" in crm.notes.search(text="tilbudet")[0].text
    assert check(database) == []


def test_what_was_done_to_an_erased_person_cannot_be_undone_nor_the_erasure(login: Login) -> None:
    crm = login("kari")
    person = crm.contacts.create(first_name="Per", last_name="Spelmann")
    crm.contacts.rename(id=person.id, version=1, first_name="Per", last_name="Gynt")
    renamed = crm.last_request
    crm.privacy.erase(kind="contact", id=person.id, reason="Ba om det")
    for request in (renamed, crm.last_request):
        with pytest.raises(Conflict):
            crm.history.undo(request_id=request)
    with pytest.raises(Conflict, match="allerede"):
        crm.privacy.erase(kind="contact", id=person.id, reason="Igjen")


def test_search_does_not_find_an_erased_person(login: Login) -> None:
    crm = login("kari")
    person = crm.contacts.create(first_name="Solveig", last_name="Tangenmyr", mobile="41234567")
    assert len(crm.search.find(text="Tangenmyr").contacts.hits) == 1
    crm.privacy.erase(kind="contact", id=person.id, reason="Ba om det")
    for text in ("Tangenmyr", "41234567", "Solveig"):
        assert [*crm.search.find(text=text).contacts.hits] == []


def test_a_name_that_others_have_stays_where_they_are_written_about(login: Login) -> None:
    crm = login("kari")
    first = crm.contacts.create(first_name="Ola", last_name="Nordmann", email="ola.en@x.example")
    crm.contacts.create(first_name="Ola", last_name="Nordmann", email="ola.to@x.example")
    company = crm.customers.create(name="Nordlys Bygg AS")
    note = crm.notes.create(text="Ola Nordmann, ola.en@x.example", customer_id=company.id)
    assert crm.privacy.plan(kind="contact", id=first.id).shared == ("Ola Nordmann",)
    assert [other.name for other in crm.privacy.report(kind="contact", id=first.id).others] == ["Ola Nordmann"]
    crm.privacy.erase(kind="contact", id=first.id, reason="Ba om det")
    assert crm.notes.versions(id=note.id)[0].text == f"Ola Nordmann, {GONE}"


def test_documents_are_kept_where_that_is_chosen(login: Login) -> None:
    crm = login("kari")
    person = known_well(crm)
    crm.privacy.erase(kind="contact", id=person.id, reason="Ba om det", keep_documents=True)
    assert {document.name for document in crm.documents.at(contact_id=person.id)} == {"avtale.txt", f"{GONE} CV.txt"}


def test_bookkeeping_keeps_its_own_until_its_day(login: Login, database: Database, tmp_path: Path) -> None:
    crm = login("kari")
    party = crm.customers.create(first_name="Solveig", name="Tangenmyr", is_person=True, email="solveig@tangenmyr.example")
    for amount in ("100", "-100"):
        crm.ledger.post(customer_id=party.id, kind="manual", amount=Decimal(amount), posted_on=date(2026, 1, 2), text="Til Solveig Tangenmyr")
    with pytest.raises(Conflict, match="åpne"):
        crm.privacy.erase(kind="customer", id=party.id, reason="Ba om det")
    crm.ledger.match(posting_ids=[*crm.ledger.open_items(customer_id=party.id).posting_id])
    report = crm.privacy.report(kind="customer", id=party.id)
    assert [(part.name, len(part.rows)) for part in report.parts if part.name in {"card", "postings"}] == [("card", 1), ("postings", 2)]
    assert "31.12.2031" in next(part.until for part in report.parts if part.name == "postings")
    plan = crm.privacy.plan(kind="customer", id=party.id)
    assert (plan.kept_until, plan.n_kept) == (date(2031, 12, 31), 2)
    done = crm.privacy.erase(kind="customer", id=party.id, reason="Ba om det")
    assert done.kept_until == date(2031, 12, 31)
    traces = ("Solveig Tangenmyr", "solveig@tangenmyr.example")
    assert {where.partition(".")[0] for where in said(database, traces)} == {"posting", "erasure", "audit"}
    with database.reading() as connection:
        a = tables.audit
        told = connection.execute(select(a.c.entity).where(cast(a.c.after, String).icontains("Tangenmyr"))).scalars().all()
    assert set(told) <= BOOKS
    assert crm.customers.by_number(number=party.number).name != "Tangenmyr"
    export_saft(crm, tmp_path / "saft.xml", date(2026, 1, 1), date(2026, 12, 31), company_number="923609016", contact="Kari Nordmann", phone="22334455")
    assert "Solveig Tangenmyr" in (tmp_path / "saft.xml").read_text(encoding="utf-8")
    assert run_nightly(database, utc_now().replace(year=2031))["books"] == 0
    assert run_nightly(database, utc_now().replace(year=2032))["books"] == 1
    assert crm.privacy.kept_names() == {}
    assert {where.partition(".")[0] for where in said(database, traces)} <= {"audit"}


def test_a_company_is_not_a_person(login: Login) -> None:
    crm = login("kari")
    party = crm.customers.create(name="Nordlys Bygg AS")
    with pytest.raises(InvalidInput, match="person"):
        crm.privacy.erase(kind="customer", id=party.id, reason="Ba om det")


def test_only_administrators_erase_and_they_say_why(login: Login) -> None:
    person = login("kari").contacts.create(last_name="Åpen")
    with pytest.raises(Forbidden):
        login("ola").privacy.erase(kind="contact", id=person.id, reason="Ba om det")
    with pytest.raises(InvalidInput) as caught:
        login("kari").privacy.erase(kind="contact", id=person.id, reason="  ")
    assert caught.value.field == "reason"


@settings(max_examples=3, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    first=st.sampled_from(["Solveig", "Åse-Marie", "Bjørn", "D'Arcy"]), last=st.sampled_from(["Tangenmyr", "Øyehaug Ås", 'O"Brien', "van der Berg"]),
    mobile=st.integers(41000000, 41999999).map(str),
)  # fmt: skip
def test_no_string_of_an_erased_person_is_left(login: Login, database: Database, first: str, last: str, mobile: str) -> None:
    crm = login("kari")
    email = f"person{mobile}@hjemme{mobile}.example"
    person = known_well(crm, first, last, email, mobile)
    crm.privacy.erase(kind="contact", id=person.id, reason="Ba om det")
    escaped = last.replace('"', '\\"')
    assert said(database, (f"{first} {last}", f"{first} {escaped}", f"{last}, {first}", email, mobile), frozenset(BOOKS)) == set()


@pytest.mark.parametrize(
    ("string", "text", "is_found"),
    [
        ("+4741234567", "ring 412 34 567!", True), ("+4741234567", "+47 41 23 45 67", True), ("+4741234567", "004741234567", True),
        ("+4741234567", "KID 0041234567890", False), ("Ola Nordmann", "med OLA  NORDMANN.", True), ("Ola Nordmann", "Ola Nordmanns vei", False),
        ("Ola Nordmann", r'{"text": "med\nOla Nordmann"}', True), ("ola@x.no", "til ola@x.no.", True), ("ola@x.no", "paola@x.no", False),
    ],
)  # fmt: skip
def test_what_the_pattern_finds(string: str, text: str, is_found: bool) -> None:
    assert bool(re.search(pattern_of([string]), text, re.IGNORECASE)) is is_found


def test_consents_are_a_log(login: Login) -> None:
    crm = login("kari")
    person = crm.contacts.create(last_name="Åpen")
    crm.privacy.note_consent(kind="contact", id=person.id, purpose="Nyhetsbrev", is_given=True, how="Skjema", text_version="v2", said_on=date(2026, 1, 2))
    crm.privacy.note_consent(kind="contact", id=person.id, purpose="Nyhetsbrev", is_given=False, how="E-post")
    assert [(c.is_given, c.how, c.who) for c in crm.privacy.consents(kind="contact", id=person.id)] == [(False, "E-post", "Kari Nordmann"), (True, "Skjema", "Kari Nordmann")]
    for wrong in ({"purpose": ""}, {"how": " "}, {"said_on": date(2999, 1, 1)}):
        with pytest.raises(InvalidInput) as caught:
            crm.privacy.note_consent(**({"kind": "contact", "id": person.id, "purpose": "x", "is_given": True, "how": "y"} | wrong))
        assert caught.value.field in wrong


def test_rules_are_dry_until_switched_on(login: Login, database: Database) -> None:
    crm = login("kari")
    old = crm.contacts.create(first_name="Per", last_name="Spelmann")
    crm.notes.create(text="Gammelt", contact_id=old.id)
    late = utc_now() + timedelta(days=2000)
    assert {rule.n_due for rule in crm.privacy.rules()} == {0}
    assert run_nightly(database, late) == {"books": 0}
    crm.privacy.set_rule(kind=RetentionKind.CONTACT, months=12, is_on=True)
    crm.privacy.set_rule(kind=RetentionKind.NOTE, months=12, is_on=True)
    assert run_nightly(database, utc_now() + timedelta(days=300)) == {"contact": 0, "note": 0, "books": 0}
    assert run_nightly(database, late) == {"contact": 1, "note": 1, "books": 0}
    assert crm.contacts.get(id=old.id).last_name.startswith("Slettet person")
    assert check(database) == []
    with pytest.raises(InvalidInput):
        crm.privacy.set_rule(kind=RetentionKind.CONTACT, months=0, is_on=True)


def test_a_person_at_a_busy_company_is_not_due(login: Login, database: Database) -> None:
    crm = login("kari")
    company = crm.customers.create(name="Nordlys Bygg AS")
    crm.contacts.create(last_name="Åpen", roles=(ContactRole(id=new_id(), customer_id=company.id),))
    crm.privacy.set_rule(kind=RetentionKind.CONTACT, months=1, is_on=False)
    assert crm.privacy.due(kind=RetentionKind.CONTACT) == []


def test_books_are_kept_five_years_after_the_year() -> None:
    assert kept_until(date(2026, 1, 1)) == kept_until(date(2026, 12, 31)) == date(2031, 12, 31)
