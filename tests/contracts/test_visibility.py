"""What is visible to its owner only reaches nobody else: every read, every error, every answer is tried as a colleague.

The administrator kari keeps a customer and a contact whose every text carries a canary. Ola, a seller, Ingrid, an
accountant, and Per, an administrator too, then ask everything there is. A new action without a recipe fails here.
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec
import pytest

from crm_lab.connection import Connection, Local
from crm_lab.domain.access import Role
from crm_lab.domain.addresses import Address, AddressKind
from crm_lab.domain.calls import CallReport, Direction
from crm_lab.domain.contacts import ContactRole
from crm_lab.domain.customers import Customer
from crm_lab.domain.ids import new_id
from crm_lab.domain.invoicing import InvoicingSettings
from crm_lab.domain.orders import OrderLine
from crm_lab.domain.past import PastList
from crm_lab.domain.payments import Payment
from crm_lab.domain.privacy import RetentionKind
from crm_lab.domain.saft import SaftHeader, SaftParty, SaftPiece
from crm_lab.domain.tasks import TaskKind, TaskView
from crm_lab.domain.terms import Terms
from crm_lab.domain.values import Money
from crm_lab.errors import CrmError, NotFound
from crm_lab.exchange.mime import read_mail
from crm_lab.i18n import OSLO
from crm_lab.services.actions import Action
from crm_lab.services.catalogue import SERVICES
from crm_lab.services.company import create_company
from crm_lab.services.sql.views import VIEWS
from crm_lab.settings import utc_now
from crm_lab.store import tables
from crm_lab.store.engine import Database
from crm_lab.store.records import Work

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crm_lab.domain.contacts import Contact
    from crm_lab.domain.messages import Message

CANARY = "kanarifugl"
NUMBER, ACCOUNT, PHONE, MOBILE, WORK_PHONE = "923609016", "86011117947", "+4722334455", "+4741234567", "+4798765432"
SECRETS = (CANARY, NUMBER, ACCOUNT, PHONE, MOBILE, WORK_PHONE)
PASSWORD = "hemmelig-nok"
COLLEAGUES = {"ola": (Role.SELLER,), "ingrid": (Role.ACCOUNTANT,), "per": (Role.SELLER, Role.ACCOUNTANT, Role.ADMIN)}
VOUCHER = "90017"
LEDGER = ("open_items", "closed_items", "all_items", "balances", "ageing", "matches")
NOT_ABOUT_PARTIES = {"notebooks.list", "notebooks.content", "calls.can_dial", "calls.dial", "calendar.feeds", "calendar_accounts.list", "calendar_accounts.try_out", "calendar_accounts.conflicts", "categories.list", "company.backup", "company.check", "company.facts", "company.terms", "employees.list", "sessions.who", "sessions.tokens", "sessions.mine", "sessions.everybodys", "second_factors.state", "places.find", "pipelines.list", "pipelines.choices", "pipelines.frame", "saft.origin", "sign_on.facts", "sign_on.start", "sql.tables", "documents.start", "documents.add", "documents.finish", "documents.discard", "ledger.automatic_rules", "ledger.stamp", "products.list", "products.get", "products.find", "products.price_lists", "products.prices", "products.price", "vat.codes", "invoices.settings", "letterhead.get", "invoices.may_invoice", "budgets.of", "budgets.frame", "webhooks.list", "webhooks.kinds", "documents.template", "calls.settings", "messages.rules", "mail_accounts.list", "mail_accounts.try_out", "messages.outgoing"}


@dataclass
class Company:
    """A company with secrets: kari's private party and contact, and a contact of everybody's who works at the private party."""

    people: dict[str, Connection]
    party: Customer
    person: Contact
    open_party: Customer
    open_person: Contact
    requests: tuple[UUID | None, ...]
    staged: UUID
    document: UUID
    task: UUID
    everybody: tuple[UUID, ...]
    feed: str
    note: UUID
    project: UUID
    opportunities: tuple[UUID, ...]
    order: UUID
    invoice: UUID
    reminder: UUID
    paid: UUID
    saft: UUID
    call: UUID
    hook: UUID
    message: Message


def deal(kari: Connection, party: Customer, open_party: Customer) -> UUID:
    """Postings, a link, a refused proposal and a file of payments."""
    for amount in (Decimal("123.45"), Decimal("-123.45"), Decimal("54.32")):
        kari.ledger.post(
            customer_id=party.id, kind="manual", amount=amount, posted_on=date(2026, 1, 2), due_on=date(2026, 1, 16), text=f"Til {CANARY}", voucher=VOUCHER
        )
        kari.ledger.post(customer_id=open_party.id, kind="manual", amount=amount, posted_on=date(2026, 1, 2))
    hidden = kari.ledger.open_items(customer_id=party.id)
    kari.ledger.match(posting_ids=[UUID(key) for key in hidden.posting_id[:2]])
    kari.ledger.dismiss(proposals=[[UUID(key) for key in hidden.posting_id[1:3]]])
    file = kari.payments.start(name="ocr.txt", format="ocr")
    payments = [
        Payment(
            line=n, money=Money(Decimal(5)), posted_on=date(2026, 1, n), value_on=date(2026, 1, n), text=CANARY, payer_name=f"{CANARY} AS",
            payer_account=ACCOUNT,
        )
        for n in (1, 2)
    ]  # fmt: skip
    kari.payments.stage(id=file.id, payments=payments)
    kari.payments.book(id=file.id)
    return file.id


def sell(kari: Connection, party: Customer) -> tuple[UUID, UUID, UUID]:
    """An order, invoiced, reminded of and credited."""
    kari.invoices.set_settings(settings=InvoicingSettings(organisation_number="974760673"))
    line = OrderLine(id=new_id(), text=f"Vare til {CANARY}", price=Decimal(100))
    order = kari.orders.create(customer_id=party.id, lines=(line,), buyer_reference=CANARY, note=CANARY)
    (made,) = kari.orders.invoice(order.id)
    (reminder,) = kari.reminders.make(posting_ids=[made.posting_id], on=made.due_on + timedelta(days=30))
    kari.deliveries.queue_reminders(reminder_ids=[reminder.id])
    kari.deliveries.queue_order(order_id=order.id)
    kari.orders.credit(made.id, reason=CANARY)
    kari.orders.copy(id=order.id)
    kari.deliveries.queue(invoice_ids=[made.id])
    return order.id, made.id, reminder.id


def agree(kari: Connection, person: Contact) -> None:
    """A consent, and a look in the log."""
    kari.privacy.note_consent(kind="contact", id=person.id, purpose=CANARY, is_given=True, how=CANARY)
    kari.privacy.report(kind="contact", id=person.id)


def write(kari: Connection, party: Customer, open_party: Customer) -> Message:
    """A letter with a file, on the private card and on an open one."""
    letter = read_mail(
        f"From: {CANARY} <post@{CANARY}.no>\nTo: kari@test.no\nSubject: Om {CANARY}\nMessage-ID: <1@{CANARY}>\nContent-Type: multipart/mixed; boundary=x\n\n"
        f"--x\nContent-Type: text/html\n\n<p>{CANARY}</p>\n--x\nContent-Disposition: attachment; filename={CANARY}.txt\n\n{CANARY}\n--x--\n".encode()
    )
    for whose in (party, open_party):
        kari.messages.record(messages=[letter], customer_id=whose.id)
    (message,) = kari.messages.thread(id=kari.messages.mine().threads[0].id)
    return message


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    database = Database(f"duckdb:///{tmp_path_factory.mktemp('co') / 'crm.duckdb'}")
    create_company(database, name="Test AS", username="kari", admin_name="Kari Nordmann", password=PASSWORD)
    kari = Connection(Local(database, user="kari"))
    for name, roles in COLLEAGUES.items():
        kari.employees.add(username=name, name=name.capitalize(), password=PASSWORD, roles=roles)
    hook, label = kari.webhooks.create(name="Butikk", url="https://example.com/", kinds=kari.webhooks.kinds()), kari.categories.create(name="Merke", for_contacts=True)
    address = Address(kind=AddressKind.POSTAL, name=f"{CANARY} mottak", street=f"{CANARY}veien 1", city=CANARY.upper())
    party = kari.customers.create(
        name=f"{CANARY} AS", is_supplier=True, organisation_number=NUMBER, phone=PHONE, mobile=MOBILE, email=f"post@{CANARY}.no",
        invoice_email=f"faktura@{CANARY}.no", website=f"www.{CANARY}.no", bank_account=ACCOUNT, industry=CANARY, note=CANARY,
        addresses=(address,), categories=(label.id,), terms=Terms(price_list=CANARY), owner_only=True,
    )  # fmt: skip
    made = kari.last_request
    party = kari.customers.rename(id=party.id, name=f"Nye {CANARY} AS", version=1)
    renamed = kari.last_request
    open_party = kari.customers.create(name="Åpen AS")
    at_secret = ContactRole(id=new_id(), customer_id=party.id, title=f"{CANARY} sjef", phone=WORK_PHONE, email=f"sjef@{CANARY}.no")
    at_open = ContactRole(id=new_id(), customer_id=open_party.id, title=f"{CANARY} hos åpen", phone=WORK_PHONE)
    person = kari.contacts.create(
        first_name=CANARY, last_name=CANARY, mobile=MOBILE, email=f"privat@{CANARY}.no", note=CANARY, consent_note=CANARY,
        consent_on=date(2026, 1, 1),
        roles=(at_secret, at_open), addresses=(address,), categories=(label.id,), owner_only=True,
    )  # fmt: skip
    open_person = kari.contacts.create(last_name="Åpen", roles=(at_secret,))
    kari.customers.create(name=f"Nye {CANARY} AS", owner_only=True)
    merged = kari.customers.create(name=f"Flettet {CANARY}", owner_only=True)
    kari.merges.merge(kind="customer", kept_id=party.id, merged_id=merged.id)
    with database.writing() as connection:
        said = {"id": new_id(), "version": 1, "customer_id": party.id, "field": "name", "said": {"text": f"{CANARY} AS"}, "noticed_at": utc_now(), "settled_at": None}
        Work(connection, None, utc_now()).insert(tables.register_notice, said)
    upload = kari.documents.start(name=f"{CANARY}.txt", size=len(CANARY))
    kari.documents.add(id=upload.id, at=0, part=CANARY.encode())
    kari.documents.finish(id=upload.id)
    note = kari.notes.create(text=f"{CANARY} @ola @ingrid @per", customer_id=party.id, attach=[upload])
    kari.cards.follow(customer_id=party.id)
    kari.notes.create(text=f"{CANARY} privat", contact_id=person.id)
    meeting = datetime(2026, 11, 24, 12, tzinfo=OSLO)
    members = tuple(e.id for e in kari.employees.list())
    other = kari.customers.create(name=f"Nye {CANARY} AS", owner_only=True)
    kari.merges.dismiss(kind="customer", ids=(party.id, other.id))
    task = kari.tasks.create(title=f"Ring {CANARY}", customer_id=party.id, starts_at=meeting, kind=TaskKind.MEETING, members=members, remind_at=utc_now())
    project = kari.projects.create(name=f"Prosjekt {CANARY}", text=CANARY, customer_id=party.id, contacts=(person.id,))
    kari.tasks.create(title=f"Grav {CANARY}", project_id=project.id)
    shared = kari.projects.create(name="Åpent prosjekt", customer_id=open_party.id, contacts=(person.id,))
    kari.tasks.create(title=f"{CANARY} i åpent prosjekt", project_id=shared.id, contact_id=person.id)
    opportunities = tuple(
        kari.opportunities.create(title=f"Salg {CANARY}", next_step=CANARY, customer_id=whose.id, contact_id=person.id).id for whose in (party, open_party)
    )
    kari.tasks.create(title=f"{CANARY} alene", customer_id=open_party.id, owner_only=True)
    feed = Connection(Local(database, user="ola")).calendar.open_feed()
    paid, (order, invoice, reminder) = deal(kari, party, open_party), sell(kari, party)
    agree(kari, person)
    people = {name: Connection(Local(database, user=name)) for name in ("kari", *COLLEAGUES)}
    staged = kari.imports.start(kind="customers", file_name=f"{CANARY}.csv")
    header = SaftHeader(company_number="1", company_name=CANARY, version="1.30", first_day=date(2026, 1, 1), last_day=date(2026, 1, 31))
    saft = kari.saft.start(header=header, file_name=f"{CANARY}.xml")
    kari.saft.stage(id=saft, position=0, piece=SaftPiece(parties=(SaftParty(ledger="AR", code=CANARY, fields={"name": CANARY}),)))
    kari.calls.record(reports=[CallReport(call_id=f"{CANARY}{number}", caller=number, called="101", started_at=utc_now()) for number in (PHONE, MOBILE, WORK_PHONE)], source="x")
    call = kari.calls.log(number=PHONE, direction=Direction.INCOMING, note=CANARY, customer_id=party.id).id
    yield Company(people, party, person, open_party, open_person, (made, renamed, kari.last_request), staged.id, note.documents[0].id, task.id, members, feed.token, note.id, project.id, opportunities, order, invoice, reminder, paid, saft, call, hook.id, write(kari, party, open_party))
    database.close()


def recipes(c: Company) -> dict[str, list[dict[str, Any]]]:
    """What to ask each action that may tell of a party, with all that a curious colleague might know."""
    ids = [{"id": record} for record in (c.party.id, c.person.id, c.open_party.id, c.open_person.id, new_id())]
    linked = [{key: record["id"]} for key in ("customer_id", "contact_id") for record in ids]
    return {
        "categories.usage": [{}],
        "customers.count": [{}],
        "webhooks.messages": [{"webhook_id": c.hook}],
        "customers.list": [{}],
        "customers.get": ids,
        "customers.by_number": [{"number": c.party.number}, {"number": c.party.supplier_number}, {"number": 99999}],
        "customers.terms": ids,
        "customers.effective_terms": [{"own": Terms(), "categories": c.party.categories}],
        "customers.duplicates": [
            {"name": c.party.name}, {"name": c.party.name[:-4]}, {"organisation_number": NUMBER}, {"phone": PHONE}, {"mobile": WORK_PHONE},
            {"email": c.party.email}, {"website": c.party.website}, {"bank_account": ACCOUNT}, {"name": f"{CANARY} AS"},
        ],
        "customers.export": [{}, {"ids": (c.party.id,)}],
        "contacts.export": [{}, {"ids": (c.person.id,)}],
        "search.find": [{"text": text} for text in (CANARY, CANARY[:6], NUMBER, PHONE, MOBILE, WORK_PHONE, c.party.email, str(c.party.number))],
        "search.frame": [{}, {"text": CANARY}, {"text": CANARY[:6]}, {"text": NUMBER}],
        "contacts.count": [{}],
        "contacts.list": [{}],
        "contacts.get": ids,
        "contacts.of_customer": [{"customer_id": record["id"]} for record in ids],
        "contacts.duplicates": [{"first_name": CANARY, "last_name": CANARY}, {"mobile": MOBILE}, {"work_phones": (WORK_PHONE,)}],
        "cards.customer": [{"number": c.party.number}, {"number": c.open_party.number}, {"number": 99999}],
        "cards.contact": ids,
        "cards.followed": [{}],
        "customers.named": [{"ids": [record["id"]]} for record in ids],
        "customers.suggest": [{"text": CANARY}, {"text": CANARY[:4]}, {"text": str(c.party.number)}, {"text": NUMBER}],
        **{f"merges.{name}": [record | {"kind": kind} for record in ids for kind in ("customer", "contact")] for name in ("of", "duplicates")},
        "merges.preview": [
            {"kind": kind, "kept_id": one["id"], "merged_id": other["id"]} for kind in ("customer", "contact") for one in ids for other in ids
        ],
        "merges.clues": [{"kind": kind} for kind in ("customer", "contact")],
        "merges.distinct": [{}],
        "calls.list": [{}],
        "calls.of": linked,
        "calls.get": [{"id": c.call}, {"id": new_id()}],
        "calls.ringing": [{}],
        "calls.unknown": [{}],
        "notes.of": linked,
        "notes.mentioning_me": [{}],
        "notes.search": [{"text": CANARY}, {"text": CANARY[:4].lower()}, {"text": "privat"}],
        "ledger.find": [{"text": CANARY}, {"text": VOUCHER}, {"text": VOUCHER[:4]}],
        "notes.versions": [{"id": c.note}, {"id": new_id()}],
        "tasks.list": [{"view": view} for view in TaskView],
        "tasks.count": [{}],
        "tasks.of": [*linked, {"project_id": c.project}, {"project_id": new_id()}],
        "tasks.get": [{"id": c.task}, {"id": new_id()}],
        "tasks.meetings_on": [{"day": date(2026, 11, 24)}],
        "calendar.between": [{"since": date(2026, 11, 23), "until": date(2026, 11, 30), "people": c.everybody}],
        "calendar.free": [{"since": date(2026, 11, 23), "until": date(2026, 11, 30), "people": c.everybody, "minutes": 30}],
        "calendar.reminders": [{}],
        "past.list": [{"what": what, "day": day} for what in PastList for day in (date(2026, 11, 23), date(2030, 1, 1), date(2020, 1, 1))],
        "past.since": [{}],
        "history.recent": [{}, {"mine": True}],
        "calendar.export": [{}, {"ids": (c.task,)}, {"ids": (new_id(),)}],
        "calendar.feed": [{"token": CANARY}, {"token": c.feed}],
        **{f"opportunities.{name}": [{}] for name in ("list", "frame", "sellers", "changes_frame", "learned_chances")},
        "opportunities.count": [{}],
        "dashboard.boxes": [{}],
        "figures.list": [{}],
        "figures.get": ids,
        "opportunities.board": [{}, {"period": "year"}],
        "opportunities.get": [{"id": key} for key in (*c.opportunities, new_id())],
        "opportunities.of": [{"customer_id": record["id"]} for record in ids],
        "opportunities.steps": [{"customer_id": record["id"]} for record in ids],
        "orders.list": [{}, *({"customer_id": record["id"]} for record in ids)],
        "orders.lines": [{}],
        "orders.count": [{}],
        "orders.get": [{"id": c.order}, {"id": new_id()}],
        "orders.by_number": [{"number": number} for number in (1001, 1002, 9999)],
        "orders.fresh": [{"customer_id": record["id"]} for record in ids],
        "orders.product_line": [{"customer_id": record["id"], "product_id": new_id()} for record in ids],
        "invoices.list": [{}, *({"customer_id": record["id"]} for record in ids)],
        "invoices.of_customer": [{"customer_id": record["id"]} for record in ids],
        "invoices.of_order": [{"order_id": c.order}, {"order_id": new_id()}],
        "deliveries.of_order": [{"order_id": c.order}, {"order_id": new_id()}],
        "deliveries.of_reminders": [{"reminder_ids": [c.reminder]}, {"reminder_ids": [new_id()]}],
        "deliveries.troubled": [{}],
        "reminders.of": [{"invoice_id": c.invoice}, {"invoice_id": new_id()}],
        "reminders.letter": [{"id": c.reminder}, {"id": new_id()}],
        "orders.document": [{"id": c.order}, {"id": new_id()}],
        "deliveries.of": [{"invoice_id": c.invoice}, {"invoice_id": new_id()}],
        "invoices.faults": [{"order_ids": [c.order]}, {"order_ids": [new_id()]}],
        "invoices.findings": [{"order_id": c.order}, {"order_id": new_id()}],
        **{f"invoices.{name}": [{"id": c.invoice}, {"id": new_id()}] for name in ("facts", "document")},
        "projects.list": [{}],
        "projects.search": [{"text": text} for text in (CANARY, CANARY[:4], "Prosjekt", "1001", "1002")],
        "projects.count": [{}],
        "projects.get": [{"id": c.project}, {"id": new_id()}],
        "projects.by_number": [{"number": number} for number in (1001, 1002, 1003)],
        "projects.of": linked,
        **{f"documents.{name}": [{"id": c.document}, {"id": new_id()}] for name in ("get", "read")},
        "documents.at": linked,
        "documents.folder": linked,
        "documents.find": [{}, {"text": CANARY}, {"text": CANARY[:4]}, {"customer_id": c.party.id}, {"kind": "writing"}],
        "documents.frame": [{}],
        "documents.versions": [{"id": c.document}, {"id": new_id()}],
        "documents.of": [{"note_id": c.note}, {"note_id": new_id()}],
        "messages.of": [one | {"text": text} for one in linked for text in ("", CANARY[:5])],
        "messages.mine": [{}, {"text": CANARY[:5]}],
        "messages.thread": [{"id": c.message.thread_id}, *({"id": c.message.thread_id} | one for one in linked), {"id": new_id()}],
        **{f"messages.{name}": [{"id": c.message.id}, {"id": new_id()}] for name in ("get", "page")},
        **{f"messages.{name}": [{"id": c.message.files[0].id}, {"id": new_id()}] for name in ("file", "file_facts")},
        "messages.doubts": [{}],
        "messages.list": [{}],
        "imports.list": [{}],
        "imports.preview": [{"id": c.staged}, {"id": new_id()}],
        "history.of": [record | {"entity": entity} for record in ids for entity in ("customer", "contact")],
        **{f"ledger.{name}": [{}, {"customer_id": c.party.id}, {"customer_id": c.open_party.id}, {"customer_id": new_id()}] for name in LEDGER},
        "ledger.standing": [{"customer_id": c.party.id}, {"customer_id": c.open_party.id}, {"customer_id": new_id()}],
        **{f"privacy.{name}": [record | {"kind": kind} for record in ids for kind in ("contact", "customer")] for name in ("plan", "erasure", "consents")},
        **{f"privacy.{name}": [{}] for name in ("looks", "looks_at_mine", "erasures", "kept_names", "rules")},
        "privacy.due": [{"kind": kind} for kind in RetentionKind],
        "payments.files": [{}],
        "payments.lines": [{"id": c.paid}, {"id": new_id()}],
        "payments.unplaced": [{}],
        "payments.totals": [{}],
        "payments.habits": [{}],
        "ledger.reminders": [{"on": date(2026, 6, 1)}],
        "ledger.match_details": [{"number": 1}, {"number": 99}],
        "ledger.dismissed": [{}],
        "ledger.runs": [{}],
        "sql.frame": [
            {"statement": " UNION ALL ".join(f"SELECT CAST(t AS VARCHAR) AS said FROM {name} t" for name in VIEWS)},
            {"statement": f"SELECT count(*) AS n FROM customers WHERE name LIKE '%{CANARY}%' HAVING count(*) > 0"},
        ],
        "saft.preview": [{"id": c.saft}, {"id": new_id()}],
        "register.look_up": [{"organisation_number": NUMBER}],
        "register.search": [{"text": CANARY}],
        "register.notices": [{}, {"customer_id": c.party.id}],
        "register.n_notices": [{}],
        "overview.counts": [{}],
    }  # fmt: skip


def reading_actions() -> list[str]:
    return [
        f"{service}.{name}"
        for service, cls in SERVICES.items()
        for name, method in inspect.getmembers(cls, inspect.isfunction)
        if isinstance(getattr(method, "action", None), Action) and not method.action.writes
    ]


def asked(crm: Connection, action: str, arguments: dict[str, Any]) -> Any:
    """The answer as it leaves the store, or the error."""
    service, _, name = action.partition(".")
    try:
        return crm.transport.call(service, name, arguments)
    except CrmError as error:
        return error


def text_of(answer: Any) -> str:
    """All that an answer holds, as text."""
    if hasattr(answer, "to_pylist"):
        return repr(answer.to_pylist())
    if isinstance(answer, CrmError):
        return repr(answer.to_wire())
    return repr(answer) + msgspec.json.encode(answer).decode()


def leaks(answer: Any, arguments: dict[str, Any]) -> list[str]:
    """The secrets an answer tells beyond what the question said itself."""
    said, text = repr(arguments).casefold(), text_of(answer).casefold()
    return [secret for secret in SECRETS if secret.casefold() in text and secret.casefold() not in said]


def test_every_read_has_a_recipe(company: Company) -> None:
    assert set(reading_actions()) - NOT_ABOUT_PARTIES - set(recipes(company)) == set(), "say how it is asked, or why it needs no asking"
    assert set(recipes(company)) - set(reading_actions()) == set()


@pytest.mark.parametrize("who", COLLEAGUES)
@pytest.mark.parametrize("action", reading_actions())
def test_no_read_tells_a_colleague(company: Company, who: str, action: str) -> None:
    for arguments in recipes(company).get(action, [{}]):
        answer = asked(company.people[who], action, arguments)
        text = text_of(answer).casefold()
        assert leaks(answer, arguments) == []
        if not isinstance(answer, CrmError):
            assert CANARY not in text, arguments
            assert str(company.party.id) not in text
            assert str(company.person.id) not in text


def test_the_owner_is_told(company: Company) -> None:
    """Else the test above would pass on silence."""
    silent = {"figures.list", "figures.get", "webhooks.messages", "dashboard.boxes", "privacy.plan", "privacy.erasure", "privacy.looks_at_mine", "privacy.erasures", "privacy.kept_names", "privacy.rules", "privacy.due", "calendar.feed", "calls.ringing", "calls.unknown", "overview.counts", "calendar.free", "past.since", "notes.mentioning_me", "tasks.count", "imports.list", "imports.preview", "categories.usage", "customers.count", "contacts.count", "customers.effective_terms", "register.look_up", "register.search", "register.n_notices", "ledger.ageing", "ledger.matches", "payments.files", "payments.unplaced", "payments.totals", "ledger.dismissed", "ledger.runs", "projects.count", "opportunities.count", "opportunities.sellers", "opportunities.learned_chances", "opportunities.changes_frame", "orders.count", "orders.product_line", "invoices.faults", "invoices.findings", "deliveries.troubled", "reminders.of", "ledger.standing", "merges.distinct"}
    silent |= {"messages.doubts"}
    for action, questions in recipes(company).items():
        told = "".join(text_of(asked(company.people["kari"], action, arguments)) for arguments in questions)
        assert CANARY in told or action in silent, action


@pytest.mark.parametrize("who", COLLEAGUES)
def test_what_is_counted_leaves_it_out(company: Company, who: str) -> None:
    crm = company.people[who]
    assert (crm.customers.count(), crm.contacts.count()) == (1, 1)
    assert (len(crm.customers.list()), len(crm.contacts.list())) == (1, 1)
    assert crm.categories.usage()[["n_customers", "n_contacts"]].values.tolist() == [[0, 0]]
    assert crm.contacts.get(id=company.open_person.id).roles == ()


def test_the_ledger_shows_accountants_a_number_and_others_nothing(company: Company) -> None:
    shown = {who: company.people[who].ledger.all_items() for who in ("kari", "ingrid", "ola")}
    assert len(shown["kari"]) == len(shown["ingrid"]) == 10
    assert set(shown["ola"].customer_number) == {company.open_party.number}
    private = shown["ingrid"][shown["ingrid"].customer_number == company.party.number]
    assert set(private.customer_name) == {"Privat (eies av Kari Nordmann)"}
    assert set(private.customer_id) == {str(company.party.number)}
    assert set(private.text) == {""}
    for crm in company.people.values():
        assert crm.ledger.ageing().balance_minor.tolist() == [2 * 5432 - 2 * 500]
    assert len(company.people["ola"].ledger.balances()) == 1


def writes_on(record: UUID, version: int, name: str) -> list[tuple[str, dict[str, Any]]]:
    """Every write that names one existing record."""
    key = {"id": record, "version": version}
    return [
        (f"{name}.change", key | {"note": "x"}),
        (f"{name}.rename", key | ({"name": "x"} if name == "customers" else {"first_name": "x", "last_name": "x"})),
        (f"{name}.annotate", key | {"note": "x"}),
        (f"{name}.archive", key),
        (f"{name}.restore", key),
        (f"{name}.delete", key),
    ]


@pytest.mark.parametrize("who", COLLEAGUES)
def test_a_write_on_a_hidden_record_fails_as_on_one_that_is_not_there(company: Company, who: str) -> None:
    crm = company.people[who]
    me = crm.me.id
    for name, record in (("customers", company.party), ("contacts", company.person)):
        hidden = [*writes_on(record.id, record.version, name), (f"{name}.assign", {"ids": (record.id,), "owner_id": me})]
        nobody = new_id()
        absent = [*writes_on(nobody, record.version, name), (f"{name}.assign", {"ids": (nobody,), "owner_id": me})]
        for (action, arguments), (_same, others) in zip(hidden, absent, strict=True):
            one, other = asked(crm, action, arguments), asked(crm, action, others)
            assert isinstance(one, NotFound), action
            assert one.to_wire() == other.to_wire()
    post = {"kind": "manual", "amount": "1", "posted_on": "2026-01-01"}
    if who != "ola":
        answers = [asked(crm, "ledger.post", post | {"customer_id": record}) for record in (company.party.id, new_id())]
        assert answers[0].to_wire() == answers[1].to_wire()
    role = {"last_name": "Ny", "roles": (ContactRole(id=new_id(), customer_id=company.party.id),)}
    unknown = {"last_name": "Ny", "roles": (ContactRole(id=new_id(), customer_id=new_id()),)}
    assert asked(crm, "contacts.create", role).to_wire() == asked(crm, "contacts.create", unknown).to_wire()


@pytest.mark.parametrize("who", COLLEAGUES)
def test_a_role_category_or_note_on_a_hidden_record_fails_as_on_one_that_is_not_there(company: Company, who: str) -> None:
    crm, label = company.people[who], company.party.categories[0]
    secret_role = next(role.id for role in company.person.roles)
    tries: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
        ("contacts.add_role", {"id": company.person.id, "customer_id": company.open_party.id}, {"id": new_id(), "customer_id": company.open_party.id}),
        ("contacts.add_role", {"id": company.open_person.id, "customer_id": company.party.id}, {"id": company.open_person.id, "customer_id": new_id()}),
        ("contacts.change_role", {"role_id": secret_role, "title": "x"}, {"role_id": new_id(), "title": "x"}),
        ("contacts.end_role", {"role_id": secret_role}, {"role_id": new_id()}),
        *((f"categories.{do}", {"id": label, key: hidden}, {"id": label, key: new_id()})
          for do in ("put", "take") for key, hidden in (("customer_id", company.party.id), ("contact_id", company.person.id))),
    ]  # fmt: skip
    for action, hidden, absent in tries:
        one, other = asked(crm, action, hidden), asked(crm, action, absent)
        assert isinstance(one, NotFound), action
        assert one.to_wire() == other.to_wire()


def test_every_write_on_a_record_is_tried() -> None:
    tried = {action.partition(".")[2] for action, _arguments in writes_on(new_id(), 1, "customers")} | {"assign", "create", "create_by_name"}
    roles = {"customers": set(), "contacts": {"add_role", "change_role", "end_role"}}
    for name, of_roles in roles.items():
        writes = {n for n, m in inspect.getmembers(SERVICES[name], inspect.isfunction) if getattr(m, "action", None) and m.action.writes}
        assert writes == tried | of_roles


@pytest.mark.parametrize("who", COLLEAGUES)
def test_a_double_is_refused_without_a_word_of_it(company: Company, who: str) -> None:
    crm = company.people[who]
    refused = [
        asked(crm, "customers.create", {"name": "Ny AS", "organisation_number": NUMBER}),
        asked(crm, "customers.change", {"id": company.open_party.id, "version": 1, "organisation_number": NUMBER}),
    ]
    for answer in refused:
        assert isinstance(answer, CrmError)
        assert "Kari Nordmann" in answer.message
        assert CANARY not in text_of(answer)
        assert str(company.party.number) not in text_of(answer)


@pytest.mark.parametrize("who", COLLEAGUES)
def test_requests_of_another_are_nobody_elses(company: Company, who: str) -> None:
    crm = company.people[who]
    for request in company.requests:
        assert isinstance(asked(crm, "history.undo", {"request_id": request}), NotFound)
        for action, arguments in (("customers.create", {"name": "x"}), ("customers.rename", {"id": company.party.id, "name": "x", "version": 1})):
            service, _, name = action.partition(".")
            with pytest.raises(CrmError) as caught:
                crm.transport.call(service, name, arguments, request_id=request)
            assert CANARY not in repr(caught.value.to_wire())


def test_changes_tell_only_that_something_changed(company: Company) -> None:
    assert isinstance(company.people["ola"].changes.wait(after=0, timeout=0), int)


def test_a_record_made_private_is_gone_from_its_editor(company: Company) -> None:
    """Ola changed it while he could; now neither an undo nor a repeated request shows what it is today."""
    kari, ola = company.people["kari"], company.people["ola"]
    made = kari.customers.create(name="Snart privat AS")
    request = new_id()
    ola.transport.call("customers", "rename", {"id": made.id, "name": "Olas navn", "version": 1}, request_id=request)
    kari.customers.change(id=made.id, version=2, owner_only=True, note=CANARY)
    assert isinstance(asked(ola, "history.undo", {"request_id": request}), CrmError)
    repeated = ola.transport.call("customers", "rename", {"id": made.id, "name": "Olas navn", "version": 1}, request_id=request)
    assert CANARY not in text_of(repeated)
    assert isinstance(asked(ola, "history.of", {"entity": "customer", "id": made.id}), NotFound)
    kari.customers.delete(id=made.id, version=3)


@pytest.mark.parametrize("who", COLLEAGUES)
def test_a_report_on_a_person_tells_nothing_hidden(company: Company, who: str) -> None:
    """A report is a write, for the look is logged; an administrator who gives no reason sees no more than others."""
    crm = company.people[who]
    for kind, hidden in (("contact", company.person), ("customer", company.party)):
        one, other = (asked(crm, "privacy.report", {"kind": kind, "id": key}) for key in (hidden.id, new_id()))
        assert isinstance(one, NotFound)
        assert one.to_wire() == other.to_wire()
    for kind, seen in (("contact", company.open_person), ("customer", company.open_party)):
        assert leaks(asked(crm, "privacy.report", {"kind": kind, "id": seen.id}), {}) == []
